"""Geometry for tables that hold only codes: joined set-based to staged rows before they are compared.

    allow_rows_without_geometry(changeset); load(..., geometry_type="Table"); result = join_geometry(changeset, ...)

KATOTTG and KOATUU find the boundary of an administrative unit, a cadastral number the parcel of a layer of
the community. A row that finds nothing leaves the staging table and is told by its number and code.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from django.db import connection, transaction
from psycopg2 import sql

from gis_core.people import User
from importers.codes import CODES
from importers.fields import field_key
from importers.place_columns import CAD_NUM, KATOTTG, KINDS, KOATUU
from importers.report import KEPT, REJECTED, RowIssue
from importers.rows import RowNumbers
from importers.synonyms import SYNONYMS
from layers import staging
from layers.access import editable_schema
from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType

MISSING, NOT_FOUND, NO_GEOMETRY = "code-missing", "code-not-found", "code-no-geometry"
AMBIGUOUS = "code-ambiguous"
OUTSIDE = "outside-area"
_CHUNK = 10_000


@dataclass(frozen=True)
class JoinResult:
    """Rows that got a geometry, of which kind (Geometry: of several), and rows that did not. `outside` counts
    those of the joined that have nothing in the area; `extent` is w, s, e, n in degrees of all of them, None of
    none. `issue_counts` has all that there is to tell, by rule."""

    joined: int
    missing: int
    geometry_type: str = ""
    outside: int = 0
    extent: tuple[float, float, float, float] | None = None
    issue_counts: dict[str, int] = field(default_factory=dict)


def parcels_layer(layers: Iterable[Layer], *, reader: User | None) -> tuple[Layer, str] | None:
    """The one of the community's `layers` that holds areas with cadastral numbers, with the key of that field; of
    several the one whose field has the plainest name.

    Only fields that `reader` sees: a join would tell which numbers a field closed to them holds. None is the
    server's own command line.
    """
    names = (CAD_NUM, *(field_key(name) for name in SYNONYMS[CAD_NUM]))
    found = [
        (layer, name)
        for layer in layers
        if layer.geometry_type in (GeometryType.POLYGON, GeometryType.ANY)
        for name in names
        if layer.schema.get(name) is not None and editable_schema(reader, layer).get(name) is not None
    ]
    return min(found, key=lambda item: names.index(item[1]), default=None)


def allow_rows_without_geometry(changeset: Changeset) -> None:
    """Let the staging table take rows that have no geometry yet; `join_geometry` forbids them again."""
    _run("ALTER TABLE {staged} ALTER geom DROP NOT NULL", changeset)


def join_geometry(
    changeset: Changeset, *, kind: str, code_key: str, source_layer: Layer | None = None,
    source_key: str = CAD_NUM, as_points: bool | None = None, numbers: RowNumbers | None = None,
    name_key: str = "", area: str = "", tell: Callable[[Iterator[RowIssue]], object] | None = None,
) -> JoinResult:  # fmt: skip
    """Give each staged row the geometry that the code in its property `code_key` names; take others out.

    `kind` is one of KINDS; a cadastral number needs `source_layer` with the property `source_key` ("" for its
    external key). `as_points` puts a point inside instead of the whole boundary; None does so where several
    rows share a code, as schools of a town do. Rows that have a geometry keep it. `numbers` tells which row
    of the source each staged row was; without it none was left out before. Rows without a place are told with what
    their property `name_key` says. What has nothing in `area` (hex WKB, 4326) is told. One transaction.
    """
    if kind not in KINDS or (kind == CAD_NUM) != (source_layer is not None):
        raise ValueError(f"cannot join {kind!r} with layer {source_layer!r}")
    with transaction.atomic():
        _gather_codes(changeset, kind, code_key)
        _find_shapes(changeset, kind, source_layer, source_key)
        if as_points is None:
            as_points = kind != CAD_NUM and _codes_are_shared()
        joined = _give_shapes(changeset, code_key, as_points=as_points)
        _judge(changeset, code_key, name_key, area)
        _tell_ambiguous(changeset, code_key, name_key)
        counts = _issue_counts()
        if tell is not None and counts:
            with closing(_issues(code_key, numbers)) as issues:
                tell(issues)
        missing = _run("DELETE FROM {staged} WHERE geom IS NULL", changeset)
        _run("ALTER TABLE {staged} ALTER geom SET NOT NULL", changeset)
        _run("DROP TABLE join_codes, join_issues", changeset)
        kind_found, extent = _kind_of(changeset), _extent_of(changeset)
    return JoinResult(joined, missing, kind_found, counts.get(OUTSIDE, 0), extent, counts)


def _gather_codes(changeset: Changeset, kind: str, code_key: str) -> None:
    """Each code as it is written in the rows, in the one form that the registers have, and how many rows."""
    written = sql.SQL(
        "SELECT properties->>{key}, count(*) FROM {staged} "
        "WHERE geom IS NULL AND properties->>{key} IS NOT NULL GROUP BY 1"
    ).format(key=sql.Literal(code_key), staged=staging.staging_table(changeset))
    with connection.cursor() as cursor, connection.chunked_cursor() as found:
        cursor.execute(
            "CREATE TEMP TABLE join_codes (written text, code text, rows bigint, known boolean, geom geometry, "
            "ambiguous boolean NOT NULL DEFAULT false) "
            "ON COMMIT DROP"
        )
        found.execute(written)
        while chunk := found.fetchmany(_CHUNK):
            texts, rows = zip(*chunk, strict=True)
            cursor.execute(
                "INSERT INTO join_codes (written, code, rows, known) SELECT written, code, rows, false "
                "FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS n (written, code, rows)",
                [list(texts), [CODES[kind].normalised(text) for text in texts], list(rows)],
            )
        cursor.execute("ANALYZE join_codes")


def _find_shapes(changeset: Changeset, kind: str, source: Layer | None, source_key: str) -> None:
    """The geometry of each code; `known` where the register has the code at all, `ambiguous` where it has it several
    times with nothing to choose by: then the eldest counts."""
    if kind == KATOTTG:
        found = sql.SQL("SELECT katottg AS code, geom, 0 AS rank, katottg AS tie FROM gis_core_adminunit")
    elif kind == KOATUU:  # one code may stand for a settlement and its council: the smallest with a boundary
        found = sql.SQL(
            "SELECT code, geom, -level AS rank, katottg AS tie FROM gis_core_adminunit, unnest(koatuu) AS code "
            "WHERE koatuu && ARRAY(SELECT code::varchar FROM join_codes WHERE code IS NOT NULL)"
        )
    else:
        assert source is not None  # noqa: S101 - checked by the caller; for the type checker
        code = (
            sql.SQL("properties->>{}").format(sql.Literal(source_key))
            if source_key
            else sql.SQL("external_key")
        )
        found = sql.SQL(
            "SELECT {code} AS code, geom, 0 AS rank, id AS tie FROM layers_feature WHERE layer_id = {layer} "
            "AND {code} IN (SELECT code FROM join_codes)"
        ).format(code=code, layer=sql.Literal(source.pk))
    _run(
        "UPDATE join_codes j SET known = true, geom = f.geom, ambiguous = f.ambiguous FROM (SELECT DISTINCT ON (code) "
        "code, geom, count(geom) OVER (PARTITION BY code, rank) > 1 AS ambiguous FROM ({found}) AS all_found "
        "ORDER BY code, geom IS NULL, rank, tie) AS f WHERE f.code = j.code",
        changeset, found=found,
    )  # fmt: skip


def _codes_are_shared() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM join_codes WHERE geom IS NOT NULL GROUP BY code HAVING sum(rows) > 1)"
        )
        (shared,) = cursor.fetchone()
    return bool(shared)


def _give_shapes(changeset: Changeset, code_key: str, *, as_points: bool) -> int:
    if as_points:
        _run("UPDATE join_codes SET geom = ST_PointOnSurface(geom) WHERE geom IS NOT NULL", changeset)
    return _run(
        "UPDATE {staged} s SET geom = j.geom FROM join_codes j WHERE s.geom IS NULL AND j.geom IS NOT NULL "
        "AND s.properties->>{key} = j.written",
        changeset, key=sql.Literal(code_key),
    )  # fmt: skip


def _kind_of(changeset: Changeset) -> str:
    """Point, LineString or Polygon where all staged geometries are of that kind, else Geometry."""
    statement = sql.SQL("SELECT DISTINCT ST_Dimension(geom) FROM {} LIMIT 2").format(
        staging.staging_table(changeset)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        dimensions = [dimension for (dimension,) in cursor.fetchall()]
    return ("Point", "LineString", "Polygon")[dimensions[0]] if len(dimensions) == 1 else "Geometry"


def _extent_of(changeset: Changeset) -> tuple[float, float, float, float] | None:
    statement = sql.SQL(
        "SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) "
        "FROM (SELECT ST_Extent(geom) AS box FROM {}) AS whole"
    ).format(staging.staging_table(changeset))
    with connection.cursor() as cursor:
        cursor.execute(statement)
        west, south, east, north = cursor.fetchone()
    return None if west is None else (west, south, east, north)


def _judge(changeset: Changeset, code_key: str, name_key: str, area: str) -> None:
    """Why rows are still without geometry, and which have nothing in `area`. Rows were staged in the order of the file,
    so their rank counts them."""
    away = sql.SQL("false")
    if area:
        away = sql.SQL("NOT ST_Intersects(s.geom, ST_GeomFromWKB(decode({}, 'hex'), 4326))").format(
            sql.Literal(area)
        )
    _run(
        "CREATE TEMP TABLE join_issues ON COMMIT DROP AS SELECT s.row, CASE WHEN s.geom IS NOT NULL THEN {outside} "
        "WHEN s.written IS NULL THEN {missing} WHEN j.known THEN {no_geometry} ELSE {not_found} END AS rule, "
        "left(s.written, 100) AS written, round((ST_XMin(s.geom) + ST_XMax(s.geom))::numeric / 2, 6)::float AS lon, "
        "round((ST_YMin(s.geom) + ST_YMax(s.geom))::numeric / 2, 6)::float AS lat, left(s.named, 100) AS named "
        "FROM (SELECT row_number() OVER (ORDER BY id) AS row, geom, properties->>{key} AS written, "
        "properties->>{name} AS named FROM {staged}) "
        "AS s LEFT JOIN join_codes j ON j.written = s.written WHERE s.geom IS NULL OR {away}",
        changeset, key=sql.Literal(code_key), name=sql.Literal(name_key), away=away, outside=sql.Literal(OUTSIDE),
        missing=sql.Literal(MISSING), no_geometry=sql.Literal(NO_GEOMETRY), not_found=sql.Literal(NOT_FOUND),
    )  # fmt: skip


def _tell_ambiguous(changeset: Changeset, code_key: str, name_key: str) -> None:
    _run(
        "INSERT INTO join_issues (row, rule, written, named) "
        "SELECT s.row, {ambiguous}, left(s.written, 100), left(s.named, 100) "
        "FROM (SELECT row_number() OVER (ORDER BY id) AS row, properties->>{key} AS written, "
        "properties->>{name} AS named FROM {staged}) AS s "
        "JOIN join_codes j ON j.written = s.written AND j.ambiguous",
        changeset, key=sql.Literal(code_key), name=sql.Literal(name_key), ambiguous=sql.Literal(AMBIGUOUS),
    )  # fmt: skip


def _issue_counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rule, count(*) FROM join_issues GROUP BY rule ORDER BY rule")
        return dict(cursor.fetchall())


def _issues(code_key: str, numbers: RowNumbers | None) -> Generator[RowIssue, None, None]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT row, rule, written, lon, lat, named FROM join_issues ORDER BY lon IS NOT NULL, row"
        )
        while chunk := cursor.fetchmany(_CHUNK):
            for place, rule, written, lon, lat, named in chunk:
                row = numbers[place] if numbers else place
                if rule == OUTSIDE:
                    yield RowIssue(row, rule, KEPT, point=(lon, lat))
                else:
                    done = KEPT if rule == AMBIGUOUS else REJECTED
                    params = {"named": named} if named else {}
                    yield RowIssue(row, rule, done, code_key, written or "", params)


def _run(statement: str, changeset: Changeset, **parts: sql.Composable) -> int:
    """Run a statement about the staging table; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(staged=staging.staging_table(changeset), **parts))
        return int(cursor.rowcount)
