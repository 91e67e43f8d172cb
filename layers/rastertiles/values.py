"""Values out of rasters, as the web asks for them: at a point, and along a line."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from layers.models import Raster
from layers.rasters import RasterNotFound
from layers.rastertiles.reader import RasterGone, reader

Place = tuple[float, float]


def at_point(raster: Raster, lon: float, lat: float) -> list[float | None]:
    """The values of all bands in the pixel at a place; None where there is none. Raises RasterNotFound, Busy."""
    return list(_asked(raster, {"do": "point", "at": [lon, lat]})["values"])


def profile(raster: Raster, line: Sequence[Place], *, band: int, samples: int) -> dict[str, Any]:
    """Values of a band in even steps along a line of lon/lat, as `sampling.along`, and what they come to:
    `length_m`, `min`, `max`, `ascent`, `descent` (None where no step has a value). Raises RasterNotFound, Busy."""
    line = [[lon, lat] for lon, lat in line]  # type: ignore[misc]
    found = _asked(raster, {"do": "profile", "line": line, "band": band, "samples": samples})
    del found["bytes"]
    return {**found, "length_m": found["distance_m"][-1], **_summary(found["values"])}


def _summary(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    if not known:
        return dict.fromkeys(("min", "max", "ascent", "descent"))
    # Over a gap nothing is known of the way between: only neighbours count.
    steps = [b - a for a, b in pairwise(values) if a is not None and b is not None]
    return {
        "min": min(known), "max": max(known), "ascent": sum(step for step in steps if step > 0),
        "descent": -sum(step for step in steps if step < 0),
    }  # fmt: skip


def _asked(raster: Raster, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return reader().ask({**request, "file": raster.path.name, "crs": raster.crs_wkt})[0]
    except RasterGone as error:
        raise RasterNotFound(raster=raster.full_name) from error
