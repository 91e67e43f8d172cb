"""The demo community: an invented small town and its villages, generated, never drawn from real data.

`write_demo(folder)` gives zipped shapefiles as communities send them; the demo is loaded by importing these
like any others. Heavy libraries are imported only when something is generated.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from importers.demo import place

if TYPE_CHECKING:
    from importers.demo.writer import DemoFile

KATOTTG = place.HROMADA.katottg
NAME_UK = place.HROMADA.name_uk
NAME_EN = place.HROMADA.name_en
LOCAL_SRID = place.SRID
UNITS = (place.HROMADA, *(plan.unit for plan in place.SETTLEMENTS))

KEPT_PERSONAL = {"TELEFON": "Invented numbers of institutions"}
"""Columns that look personal and are kept, and why."""

__all__ = [
    "KATOTTG",
    "KEPT_PERSONAL",
    "LOCAL_SRID",
    "NAME_EN",
    "NAME_UK",
    "UNITS",
    "boundary_wkt",
    "write_demo",
]


def boundary_wkt() -> str:
    """The hromada's boundary as a MultiPolygon in EPSG:4326, longitude first."""
    import numpy as np
    import shapely
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(place.SRID, 4326, always_xy=True)
    ring = np.asarray(place.BOUNDARY, dtype=float) + place.ORIGIN
    degrees = np.column_stack(to_degrees.transform(ring[:, 0], ring[:, 1]))
    return str(shapely.MultiPolygon([shapely.Polygon(degrees)]).wkt)


def write_demo(outdir: Path) -> list[DemoFile]:
    """Writes one zip for each layer and `manifest.json` into `outdir`; about ten seconds of one core."""
    from importers.demo import writer

    return writer.write_demo(outdir)
