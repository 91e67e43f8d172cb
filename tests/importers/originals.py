"""What the real files hold as plain JSON says, and whether what was imported of them is the same."""

import json
import math
import re
import unicodedata
from functools import cache
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from tests.importers.data import REAL
from tests.importers.shared_data import OLD_DATUM, Predicted

_UNITS = re.compile(r"[^\d,.-]")
_YES_NO = {"так": True, "ні": False}
_DEGREES = 1e-6


@cache
def features_of(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((REAL / path).read_text(encoding="utf-8"))["features"]
    return found


def original_of(predicted: Predicted) -> list[dict[str, Any]] | None:
    """The features that the file holds as GeoJSON has them; without those that are to be rejected."""
    path = predicted.twin or predicted.path
    if not path.endswith(".geojson"):
        return None
    kept = [item for item in features_of(path) if item["geometry"].get("coordinates")]
    return kept[: predicted.imported]


def texts_of(source: dict[str, Any], predicted: Predicted) -> dict[str, Any]:
    """The original's values by the names that the columns have in this file."""
    values = source["properties"]
    if not predicted.twin:
        return dict(values)
    return {column: values[name] for name, column in predicted.columns.items()}


def same_value(stored: Any, value: Any, kind: str) -> bool:
    """Whether what is stored is what the original says; empty is nothing, and lists are JSON text."""
    if value is None or value == "":
        return stored is None
    if isinstance(value, dict | list):
        return bool(json.loads(stored) == value)
    if isinstance(value, bool):
        return stored is value
    if kind in ("integer", "number"):
        number = value if isinstance(value, int | float) else float(_UNITS.sub("", value).replace(",", "."))
        return math.isclose(stored, number, rel_tol=1e-12)
    if kind == "boolean":
        return stored is _YES_NO[value]
    text = unicodedata.normalize("NFC", str(value)).replace("\r\n", "\n").strip()
    if kind == "datetime":
        return str(stored)[:19] == text[:19]
    return bool(stored == text)


def check_place(stored: Any, original: Any, predicted: Predicted) -> None:
    """Vertex by vertex, in the order of the original; rings may run the other way, as Shapefiles want them."""
    here, there = shapely.get_coordinates(stored), shapely.get_coordinates(original)
    assert len(here) == len(there)
    if predicted.crs in OLD_DATUM:
        there = as_by_ucs_2000(there)
    ways = [there, there[::-1]] if original.geom_type == "Polygon" else [there]
    apart = min(np.abs(here - way).max() for way in ways)
    assert apart <= _DEGREES, (predicted.path, apart)


def as_by_ucs_2000(lonlat: np.ndarray) -> np.ndarray:
    """Where places lie that were brought to SK-42 or SK-63 by PROJ's first choice and come back by our way.

    The files of the old datum were made by EPSG:5044, as PROJ prefers; DOMAIN 4.2 takes their degrees for those
    of UCS-2000 (EPSG:5586) instead. The ways are 5 m east and 4 m north apart in Ladyzhyn, everywhere alike.
    """
    old = _transformed("EPSG:4326", "EPSG:4284")(*lonlat.T)
    return np.column_stack(_transformed("EPSG:5561", "EPSG:4326")(*old))


@cache
def _transformed(source: str, target: str) -> Any:
    return Transformer.from_crs(source, target, always_xy=True).transform


def outside_of_ladyzhyn(predicted: Predicted) -> tuple[int, int] | None:
    """The fewest and the most features that have nothing in the hromada and 5 km around it, in UTM zone 35: the
    program draws that line as exactly as 400 m."""
    original = original_of(predicted)
    if original is None:
        return None
    to_metres = Transformer.from_crs(4326, 32635, always_xy=True).transform
    shapes = shapely.make_valid([shapely.geometry.shape(item["geometry"]) for item in original])
    drawn = shapely.transform(shapes, to_metres, interleaved=False)
    shell = shapely.geometry.shape(features_of("ladyzhyn/boundaries.geojson")[0]["geometry"])
    away_m = shapely.distance(drawn, shapely.transform(shell, to_metres, interleaved=False))
    return int((away_m > 5_400).sum()), int((away_m > 4_600).sum())
