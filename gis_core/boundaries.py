"""Polygons of the register's units: joined by code, whole or by the beginning that other registers use.

OCHA's COD-AB names a hromada by the first 9 characters of its KATOTTG code (UA, 2 digits of oblast, 2 of
raion, 3 of hromada); the first 14 are unique in the register as a whole code is.
"""

from dataclasses import dataclass
from typing import IO, Any

from django.db import connection, transaction

from gis_core import journal

_STRUCTURE = 14
"""Characters of a code that tell the place; the five after them only make it unique."""


@dataclass(frozen=True)
class BoundaryLoad:
    """What a join did, in units: `matched` = created + updated + unchanged boundaries.

    `unmatched` are codes that no unit has, `without_code` rows that have none; `merged` units had
    several rows, which became one boundary. `communities` got their boundary by it.
    """

    matched: int
    created: int
    updated: int
    unchanged: int
    merged: int
    without_code: int
    unmatched: list[str]
    communities: int


def load_boundaries(*, rows: IO[bytes], prefix_match: bool) -> BoundaryLoad:
    """Give units the polygons in `rows`, in one transaction.

    `rows` is PostgreSQL's binary COPY with the columns geom (EWKB, valid areas in 4326), properties (a
    JSON object with the unit's `code`) and a text that is not used. With `prefix_match` a code may be the
    beginning of a unit's (4, 6, 9, 12 or 14 characters: oblast to city district). A boundary that is the
    same already is left alone, and so is one that a community has drawn for itself.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FILE)
        cursor.cursor.copy_expert("COPY polygon_file FROM STDIN (FORMAT binary)", rows)
        cursor.execute(_BY_PREFIX if prefix_match else _BY_CODE, {"structure": _STRUCTURE})
        unmatched = _codes(cursor, _UNMATCHED)
        (without_code, merged) = _row(cursor, _COUNTS)
        cursor.execute(_BOUNDARIES)
        matched = int(cursor.rowcount)
        (created,) = _row(cursor, _NEW)
        cursor.execute(_UPDATE)
        changed = int(cursor.rowcount)
        cursor.execute(_COMMUNITIES)
        communities = int(cursor.rowcount)
        cursor.execute("DROP TABLE polygon_file, polygon_match, polygon_boundary")
        journal.record(
            action="boundaries-loaded", subject="katottg", actor=None, community=None,
            matched=matched, changed=changed, communities=communities,
        )  # fmt: skip
    return BoundaryLoad(
        matched=matched, created=created, updated=changed - created, unchanged=matched - changed,
        merged=merged, without_code=without_code, unmatched=unmatched, communities=communities,
    )  # fmt: skip


def _codes(cursor: Any, statement: str) -> list[str]:
    cursor.execute(statement)
    return [code for (code,) in cursor.fetchall()]


def _row(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchone()


_FILE = """
    CREATE TEMP TABLE polygon_file (geom geometry(Geometry, 4326), properties jsonb, unused text)
    ON COMMIT DROP
"""
_BY_CODE = """
    CREATE TEMP TABLE polygon_match ON COMMIT DROP AS
    SELECT f.code, f.geom, u.katottg
    FROM (SELECT btrim(properties ->> 'code') AS code, geom FROM polygon_file) AS f
    LEFT JOIN gis_core_adminunit u ON u.katottg = f.code
"""
# The unit must be of the level that the length tells: UA3200000 is no hromada, though Kyiv oblast begins so.
_BY_PREFIX = """
    CREATE TEMP TABLE polygon_match ON COMMIT DROP AS
    SELECT f.code, f.geom, u.katottg
    FROM (SELECT btrim(properties ->> 'code') AS code, geom FROM polygon_file) AS f
    LEFT JOIN gis_core_adminunit u
        ON left(u.katottg, %(structure)s) = left(rpad(f.code, %(structure)s, '0'), %(structure)s)
       AND CASE length(f.code)
           WHEN 4 THEN u.category IN ('O', 'K') WHEN 6 THEN u.category = 'P'
           WHEN 9 THEN u.category IN ('H', 'K')
           WHEN 12 THEN u.category IN ('M', 'X', 'C') WHEN 14 THEN true ELSE u.katottg = f.code END
"""
_UNMATCHED = """
    SELECT DISTINCT code FROM polygon_match WHERE katottg IS NULL AND coalesce(code, '') <> '' ORDER BY code
"""
_COUNTS = """
    SELECT count(*) FILTER (WHERE coalesce(code, '') = ''),
           (SELECT count(*) FROM (SELECT FROM polygon_match WHERE katottg IS NOT NULL
                                  GROUP BY katottg HAVING count(*) > 1) AS several)
    FROM polygon_match
"""
_BOUNDARIES = """
    CREATE TEMP TABLE polygon_boundary ON COMMIT DROP AS
    SELECT katottg, ST_Multi(CASE count(*) WHEN 1 THEN (array_agg(geom))[1]
                             ELSE ST_UnaryUnion(ST_Collect(geom)) END) AS geom
    FROM polygon_match WHERE katottg IS NOT NULL GROUP BY katottg
"""
_NEW = """
    SELECT count(*) FROM polygon_boundary b JOIN gis_core_adminunit u USING (katottg) WHERE u.geom IS NULL
"""
_UPDATE = """
    UPDATE gis_core_adminunit u SET geom = b.geom FROM polygon_boundary b
    WHERE u.katottg = b.katottg AND (u.geom IS NULL OR NOT u.geom = b.geom)
"""
_COMMUNITIES = """
    UPDATE gis_core_community c SET boundary = u.geom FROM gis_core_adminunit u
    WHERE c.admin_unit_id = u.katottg AND c.boundary IS NULL AND u.geom IS NOT NULL
"""
