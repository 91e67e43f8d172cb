"""Geometries that differ by less than anyone could have measured count as one place.

A file that was rounded to seven decimals or taken through another coordinate system has other last digits; other
programs begin a ring elsewhere, turn it round, or call a single part a collection of one. None of that is a
change. Two geometries are one place where they have the same vertices in the same order, pair by pair no further
apart than `limits.diff_tolerance_mm`, once rings, parts and holes are put into one order. Lines keep their
direction, which may mean something.

Vertices are sorted and compared, which is linear; nothing is laid over anything (RELIABILITY: G2).
"""

from django.db import connection
from psycopg2 import sql

from gis_core import limits

# Of latitude; of longitude it is less, so is what the tolerance spans on the ground.
_METRES_IN_A_DEGREE = 111_320
_CELL = 10  # tolerances: wide enough that hardly a corner lies on an edge, narrow enough to hold few
_LEAST = 1e-9  # degrees: cells have a width where nothing is tolerated as well
_CROWD = 20  # places of one shape in a cell beyond which none is guessed


def take_near_for_same(pairs: str, *, staged: sql.Composable, layer: int) -> None:
    """In a table of pairs that differ (layers.matching), rows that lie as their features do have their place; a
    pair that then does not differ goes."""
    _run(_PAIRS, pairs, staged, layer)
    _run("DELETE FROM {pairs} WHERE same_place AND same_attributes", pairs, staged, layer)


def give_places(pairs: str, *, staged: sql.Composable, layer: int) -> int:
    """In a table of rows and features that met nothing, give rows the place of the feature that they lie like,
    first of one with the same attributes; the number of such rows."""
    same = _run(_PLACES, pairs, staged, layer, attributes="attributes")
    return same + _run(_PLACES, pairs, staged, layer, attributes="0")


def _run(statement: str, pairs: str, staged: sql.Composable, layer: int, attributes: str = "") -> int:
    tolerance = limits.value("diff_tolerance_mm") / 1000 / _METRES_IN_A_DEGREE
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(statement).format(
                pairs=sql.Identifier(pairs),
                staged=staged,
                layer=sql.Literal(layer),
                attributes=sql.SQL(attributes),
                tolerance=sql.Literal(tolerance),
                cell=sql.Literal(_CELL * max(tolerance, _LEAST)),
                crowd=sql.Literal(_CROWD),
                near=_near(tolerance),
            )
        )
        return int(cursor.rowcount)


def _near(tolerance: float) -> sql.Composable:
    """Whether the geometries of `s` and `f` are one place; what is cheap to ask decides first."""
    row, feature = (sql.SQL(_ORDERED).format(geom=sql.SQL(side)) for side in ("s.geom", "f.geom"))
    return sql.SQL(_NEAR).format(row=row, feature=feature, tolerance=sql.Literal(tolerance))


# Normal form begins a ring at its westernmost vertex. A rectangle has two of those, and noise would choose between
# them; turned by a radian hardly any shape has.
_ORDERED = """
    CASE WHEN GeometryType({geom}) ~ 'POLYGON|POINT' THEN ST_Normalize(ST_Rotate(ST_Multi({geom}), 1))
         ELSE ST_Multi({geom}) END
"""
_NEAR = """
    (ST_NPoints(s.geom) = ST_NPoints(f.geom)
     AND abs(ST_XMin(s.geom) - ST_XMin(f.geom)) <= {tolerance}
     AND abs(ST_YMin(s.geom) - ST_YMin(f.geom)) <= {tolerance}
     AND abs(ST_XMax(s.geom) - ST_XMax(f.geom)) <= {tolerance}
     AND abs(ST_YMax(s.geom) - ST_YMax(f.geom)) <= {tolerance}
     AND NOT EXISTS (
         SELECT FROM ROWS FROM (ST_DumpPoints({row}), ST_DumpPoints({feature})) AS both_of (path, geom, f_path, f_geom)
         WHERE (path = f_path AND ST_DWithin(geom, f_geom, {tolerance})) IS NOT TRUE))
"""
_PAIRS = """
    UPDATE {pairs} p SET same_place = true, staged_place = p.feature_place
    FROM {staged} s, layers_feature f
    WHERE NOT p.same_place AND s.id = p.staged AND f.id = p.feature AND f.layer_id = {layer} AND {near}
"""
# Those in question meet by the cell in which their lower left corners lie; a feature whose corner lies near an edge
# is in the neighbouring cell as well.
_PLACES = """
    UPDATE {pairs} p SET staged_place = found.place
    FROM (
        SELECT DISTINCT ON (s.id) s.id, f.place
        FROM (
            SELECT p.staged AS id, p.staged_key AS key, {attributes} AS attributes, s.geom,
                   ST_NPoints(s.geom) AS points, floor(ST_XMin(s.geom) / {cell})::bigint AS x,
                   floor(ST_YMin(s.geom) / {cell})::bigint AS y
            FROM (SELECT staged, staged_key, staged_place, staged_attributes AS attributes FROM {pairs}
                  WHERE feature IS NULL) AS p
            JOIN {staged} s ON s.id = p.staged
            WHERE NOT EXISTS (SELECT FROM {pairs} o WHERE o.staged IS NULL AND o.feature_place = p.staged_place)
        ) AS s
        JOIN (
            SELECT *, count(*) OVER (PARTITION BY x, y, points, attributes) AS crowd
            FROM (
                SELECT DISTINCT ON (x, y, points, attributes, p.place)
                       x, y, points, attributes, p.place, p.id, p.key, p.geom
                FROM (SELECT p.feature AS id, p.feature_key AS key, p.feature_place AS place,
                             {attributes} AS attributes, f.geom, ST_NPoints(f.geom) AS points
                      FROM (SELECT feature, feature_key, feature_place, feature_attributes AS attributes FROM {pairs}
                            WHERE staged IS NULL) AS p
                      JOIN layers_feature f ON f.id = p.feature AND f.layer_id = {layer}) AS p,
                     generate_series(floor((ST_XMin(p.geom) - {tolerance}) / {cell})::bigint,
                                     floor((ST_XMin(p.geom) + {tolerance}) / {cell})::bigint) AS x,
                     generate_series(floor((ST_YMin(p.geom) - {tolerance}) / {cell})::bigint,
                                     floor((ST_YMin(p.geom) + {tolerance}) / {cell})::bigint) AS y
                ORDER BY x, y, points, attributes, p.place, p.id
            ) AS one_of_a_place
        ) AS f USING (x, y, points, attributes)
        WHERE f.crowd <= {crowd} AND (s.key IS NULL OR f.key IS NULL) AND {near}
        ORDER BY s.id, f.id
    ) AS found
    WHERE p.staged = found.id AND p.feature IS NULL
"""
