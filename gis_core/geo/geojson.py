"""The gate that GeoJSON geometry passes before any geometry library sees it (RFC 7946).

One coordinate of 1e140 ends a process that prints it with GEOS 3.11, and five million vertices
occupy the database for a minute, so both are refused here, in plain Python.
"""

import math
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core import limits
from gis_core.errors import HromadaError

# How deep the coordinates of each type are nested: a point's are numbers.
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
MAX_LATITUDE = 85.06  # where Web Mercator ends


class BadGeometry(HromadaError):
    """A geometry that cannot be stored; `params["reason"]` says why and where."""

    code = "bad-geometry"
    status = 422
    message = _("The geometry cannot be stored: %(reason)s")


def checked_geometry(document: Any) -> dict[str, Any]:
    """`document` as a plain 2D GeoJSON geometry in EPSG:4326, lon/lat.

    Returns {"type", "coordinates"} and nothing else; a third coordinate is dropped. Raises
    BadGeometry for another type, wrong nesting, a coordinate that is not finite or outside the map,
    an unclosed or short ring, and more vertices, parts or rings than `gis_core.limits` allow.
    Validity in the sense of OGC (self-intersection) is the database's to check.
    """
    kind = document.get("type") if isinstance(document, dict) else None
    if not isinstance(kind, str) or kind not in _DEPTH:
        raise BadGeometry(reason=_("its type must be one of %s") % ", ".join(_DEPTH))
    coordinates = _positions(document.get("coordinates"), _DEPTH[kind])
    _check_counts(kind, coordinates)
    return {"type": kind, "coordinates": coordinates}


def _positions(value: Any, depth: int) -> Any:
    if depth == 0:
        return _position(value)
    if not isinstance(value, list) or not value:
        raise BadGeometry(reason=_("its coordinates are empty or wrongly nested"))
    if len(value) > limits.value("max_edit_vertices"):
        raise BadGeometry(reason=_too_many())
    return [_positions(item, depth - 1) for item in value]


def _position(value: Any) -> list[float]:
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        raise BadGeometry(reason=_("a position must be [longitude, latitude]"))
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in value[:2]):
        raise BadGeometry(reason=_("a position must be two numbers"))
    if not all(-1e9 < item < 1e9 for item in value[:2]):
        raise BadGeometry(reason=_("a coordinate is not a finite number of degrees"))
    longitude, latitude = float(value[0]), float(value[1])
    if not (math.isfinite(longitude) and abs(longitude) <= 180 and abs(latitude) <= MAX_LATITUDE):
        raise BadGeometry(
            reason=_("position %(longitude)s, %(latitude)s is outside the map; is longitude first?")
            % {"longitude": longitude, "latitude": latitude}
        )
    return [longitude, latitude]


def _check_counts(kind: str, coordinates: Any) -> None:
    if sum(1 for _position in _vertices(coordinates)) > limits.value("max_edit_vertices"):
        raise BadGeometry(reason=_too_many())
    if kind.startswith("Multi") and len(coordinates) > limits.value("max_parts"):
        raise BadGeometry(reason=_("it has more parts than %s") % limits.value("max_parts"))
    lines = {"LineString": [coordinates], "MultiLineString": coordinates}.get(kind, [])
    if any(len(line) < 2 for line in lines):
        raise BadGeometry(reason=_("a line needs at least two positions"))
    for ring in _rings(kind, coordinates):
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise BadGeometry(reason=_("a ring needs four positions or more, the last equal to the first"))


def _rings(kind: str, coordinates: Any) -> Iterator[list[list[float]]]:
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(kind, [])
    for polygon in polygons:
        yield from polygon


def _vertices(coordinates: Any) -> Iterator[Any]:
    if isinstance(coordinates[0], float):
        yield coordinates
        return
    for item in coordinates:
        yield from _vertices(item)


def _too_many() -> Any:
    return _("it has more vertices than %s; import it from a file instead") % limits.value(
        "max_edit_vertices"
    )
