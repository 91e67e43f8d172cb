"""Rows of a layer on their way into a file: read by a server-side cursor, transformed in blocks."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import shapely
from django.db import connections
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError

from gis_core.errors import BadParameter
from gis_core.geo.crs import Operation, operation_between
from layers.access import ReadSource
from layers.exports.export import WGS84

BLOCK = 2_000
"""Rows in memory at a time: 2,000 parcels are about 3 MB, more is hardly faster."""


def count_by_type(source: ReadSource) -> dict[str, int]:
    """How many features there are of each geometry type: {"Polygon": 12, "MultiPolygon": 1}."""
    statement = sql.SQL("SELECT substr(ST_GeometryType(geom), 4), count(*) FROM {} GROUP BY 1").format(
        source.relation
    )
    with connections[source.alias].cursor() as cursor:
        cursor.execute(statement)
        return dict(cursor.fetchall())


def blocks(
    source: ReadSource, columns: Sequence[sql.Composable], *, where: sql.Composable | None = None
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of `columns` (SQL over the source's relation) in order of feature id, BLOCK at a time."""
    statement = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY id").format(
        sql.SQL(", ").join(columns), source.relation, where or sql.SQL("true")
    )
    with connections[source.alias].chunked_cursor() as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(BLOCK):
            yield rows


def visible_columns(source: ReadSource) -> list[sql.Composable]:
    """The typed values of the fields that the reader sees, in the schema's order."""
    return [source.column(item.key) for item in source.fields]


def crs_of(code: int) -> CRS:
    """Raises BadParameter for a code that is no system on the Earth's surface."""
    try:
        found = CRS.from_epsg(code)
    except CRSError as error:
        raise BadParameter(parameter="crs", reason=_("there is no EPSG:%s.") % code) from error
    if not (found.is_projected or found.is_geographic) or _operation(code) is None:
        reason = _("EPSG:%s cannot be computed exactly from longitude and latitude.") % code
        raise BadParameter(parameter="crs", reason=reason)
    return found


@cache
def _operation(code: int) -> Operation | None:
    try:
        return operation_between(CRS.from_epsg(code))
    except ProjError:
        return None


def transformation(code: int) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    """A function from WKB in 4326 to WKB in EPSG:`code`, for a block of geometries. Raises BadParameter."""
    if code == WGS84:
        return lambda wkbs: wkbs
    crs_of(code)
    operation = _operation(code)
    assert operation is not None  # noqa: S101 - crs_of has refused it

    def change(coordinates: np.ndarray) -> np.ndarray:
        return np.column_stack(operation.from_lonlat(coordinates[:, 0], coordinates[:, 1]))

    def transformed(wkbs: Sequence[bytes]) -> Sequence[bytes]:
        geometries = shapely.transform(shapely.from_wkb(wkbs), change)
        return list(shapely.to_wkb(geometries))

    return transformed
