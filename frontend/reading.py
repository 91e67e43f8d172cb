"""Queries of the pages: a table's page, one feature with its measures, what a changeset did.

All of them read through `layers.access.read_source`, so a page shows what its reader may see and no more.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from psycopg2 import sql

from gis_core.people import Membership
from gis_core.roles import Action, Role, roles_that_may
from layers.access import Reader, ReadSource
from layers.models import Changeset, Layer, LayerGrant
from layers.models.catalogue import AccessLevel
from layers.schema import Field

TIMEOUT_MS = 5_000


@dataclass(frozen=True)
class Row:
    """One feature in a table."""

    id: int
    external_key: str | None
    properties: dict[str, Any]


@dataclass(frozen=True)
class Cursor:
    """The last row of the page before; `key` is None when ordered by id, or past the rows with a key."""

    id: int
    key: str | None = None


@dataclass(frozen=True)
class FeatureFacts:
    """One feature with what PostGIS measures of it: geodesic on WGS84, metres and square metres."""

    id: int
    version: int
    revision: int
    updated_at: datetime
    external_key: str | None
    properties: dict[str, Any]
    geometry_type: str
    dimension: int
    area_m2: float
    length_m: float
    longitude: float
    latitude: float
    box: tuple[float, float, float, float]
    svg_path: str
    svg_size_m: tuple[float, float]


@contextmanager
def bounded(alias: str) -> Iterator[Any]:
    """A cursor whose statements the database ends after TIMEOUT_MS; the page then says that it is busy."""
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = %s", [TIMEOUT_MS])
        yield cursor


def with_key(source: ReadSource, key: str) -> list[Row]:
    """The feature with exactly this key, by its index; [] where there is none or keys are closed to the reader."""
    if source.field(source.layer.key_field) is None:
        return []
    statement = sql.SQL("SELECT id, external_key, {} FROM {} WHERE external_key = {}").format(
        source.properties, source.relation, sql.Literal(key)
    )
    with bounded(source.alias) as cursor:
        cursor.execute(statement)
        return [Row(pk, found, json.loads(shown)) for pk, found, shown in cursor.fetchall()]


def table_page(source: ReadSource, *, size: int, after: Cursor | None, by_key: bool, query: str) -> list[Row]:
    """At most `size` features after the cursor, ordered by id, or by key with the keyless at the end.

    `query` keeps features whose key or one of whose visible texts holds it, whatever the case; for a field
    with a list of values, those whose title holds it.
    A search through a large layer that takes too long is ended by the database.
    """
    conditions = [sql.SQL("true"), *_after(after, by_key), *_matching(source, query)]
    statement = sql.SQL("SELECT id, external_key, {} FROM {} WHERE {} ORDER BY {} LIMIT {}").format(
        source.properties,
        source.relation,
        sql.SQL(" AND ").join(conditions),
        sql.SQL("external_key, id" if by_key else "id"),
        sql.Literal(size),
    )
    with bounded(source.alias) as cursor:
        cursor.execute(statement)
        return [Row(pk, key, json.loads(shown)) for pk, key, shown in cursor.fetchall()]


def _after(after: Cursor | None, by_key: bool) -> list[sql.Composable]:
    if after is None:
        return []
    if not by_key:
        return [sql.SQL("id > {}").format(sql.Literal(after.id))]
    if after.key is None:  # NULLs sort last: only they are left
        return [sql.SQL("external_key IS NULL AND id > {}").format(sql.Literal(after.id))]
    return [
        sql.SQL(
            "(external_key > {key} OR (external_key = {key} AND id > {id}) OR external_key IS NULL)"
        ).format(key=sql.Literal(after.key), id=sql.Literal(after.id))
    ]


def _matching(source: ReadSource, query: str) -> list[sql.Composable]:
    if not query:
        return []
    wanted = sql.Literal(f"%{_escaped(query)}%")
    key_field = source.field(source.layer.key_field)
    texts = [item.key for item in source.fields if item.type in ("string", "text")]
    if key_field and key_field.key not in texts:
        texts.append(key_field.key)
    tests = [sql.SQL("{}::text ILIKE {}").format(source.column(key), wanted) for key in texts]
    for item in source.fields:
        if values := _titled(item, query):
            tests.append(sql.SQL("{}::text = ANY({})").format(source.column(item.key), sql.Literal(values)))
    return [sql.SQL("({})").format(sql.SQL(" OR ").join(tests))] if tests else [sql.SQL("false")]


def _titled(field: Field, query: str) -> list[str]:
    """The values of the field's domain with the query in their title."""
    wanted = query.casefold()
    return [
        str(entry["value"])
        for entry in field.domain
        if any(wanted in title.casefold() for title in (entry.get("title") or {}).values())
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# Drawn from its own corner in metres, so that a path stays short; simplified to a third of a pixel of
# a picture 300 px wide. Web Mercator keeps shapes, which is all a thumbnail wants.
_FACTS = sql.SQL(
    """
    WITH one AS (
        SELECT *, ST_Envelope(geom_3857) AS frame,
               greatest(ST_XMax(geom_3857) - ST_XMin(geom_3857),
                        ST_YMax(geom_3857) - ST_YMin(geom_3857)) AS reach
        FROM {relation} WHERE id = {feature}
    )
    SELECT id, version, revision, updated_at, external_key, {properties} AS properties,
           GeometryType(geom) AS geometry_type, ST_Dimension(geom) AS dimension,
           CASE WHEN ST_Dimension(geom) = 2 THEN ST_Area(geom::geography) ELSE 0 END AS area_m2,
           CASE ST_Dimension(geom) WHEN 2 THEN ST_Perimeter(geom::geography)
                                   WHEN 1 THEN ST_Length(geom::geography) ELSE 0 END AS length_m,
           ST_X(ST_Centroid(geom)) AS longitude, ST_Y(ST_Centroid(geom)) AS latitude,
           ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)] AS box,
           CASE WHEN ST_Dimension(geom) > 0 THEN ST_AsSVG(ST_Translate(
               ST_Simplify(geom_3857, reach / 1000, true), -ST_XMin(frame), -ST_YMax(frame)
           ), 0, 2) ELSE '' END AS svg_path,
           ARRAY[ST_XMax(frame) - ST_XMin(frame), ST_YMax(frame) - ST_YMin(frame)] AS svg_size_m
    FROM one
    """
)


def feature_facts(source: ReadSource, feature_id: int) -> FeatureFacts | None:
    """The feature, or None where the reader's source has none with this id."""
    statement = _FACTS.format(
        relation=source.relation, feature=sql.Literal(feature_id), properties=source.properties
    )
    with bounded(source.alias) as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        names = [column.name for column in cursor.description]
    if row is None:
        return None
    found = dict(zip(names, row, strict=True))
    return FeatureFacts(**{**found, "properties": json.loads(found["properties"])})


@dataclass(frozen=True)
class ChangeRow:
    """One feature's change as a table shows it; `before` is None for a created, `after` for a deleted one."""

    op: str
    feature_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    moved: bool
    exists: bool


def changes_of(changeset: Changeset, source: ReadSource, *, size: int, after: int) -> list[ChangeRow]:
    """At most `size` changes with a feature id above `after`, with the visible properties of both states.

    Imports keep no rows of `Change`; for them the answer is empty.
    """
    statement = sql.SQL(
        """
        SELECT c.op, c.feature_id, v.shown, c.shown,
               c.op = 'U' AND v.geom IS NOT NULL AND NOT ST_OrderingEquals(c.geom, v.geom),
               EXISTS (SELECT FROM layers_feature f WHERE f.layer_id = {layer} AND f.id = c.feature_id)
        FROM (SELECT op, feature_id, geom, {properties} AS shown FROM layers_change
              WHERE changeset_id = {changeset} AND feature_id > {after}) AS c
        LEFT JOIN (SELECT feature_id, geom, {properties} AS shown FROM layers_featureversion
                   WHERE layer_id = {layer} AND ended_by_id = {changeset}) AS v USING (feature_id)
        ORDER BY c.feature_id LIMIT {size}
        """
    ).format(
        layer=sql.Literal(changeset.layer_id),
        changeset=sql.Literal(changeset.pk),
        properties=source.properties,
        after=sql.Literal(after),
        size=sql.Literal(size),
    )
    with bounded("default") as cursor:
        cursor.execute(statement)
        return [
            ChangeRow(op, pk, _read(before), _read(after), moved, exists)
            for op, pk, before, after, moved, exists in cursor.fetchall()
        ]


def _read(properties: str | None) -> dict[str, Any] | None:
    return None if properties is None else json.loads(properties)


def clearances(user: Reader, layers: Iterable[Layer]) -> dict[int, str]:
    """`layers.access.clearance` of many layers at once, by layer id, in two queries at most."""
    listed = list(layers)
    if not user.is_authenticated:
        return {layer.pk: AccessLevel.PUBLIC for layer in listed}
    if user.is_superuser:
        return {layer.pk: AccessLevel.RESTRICTED for layer in listed}
    roles = dict(Membership.objects.filter(user=user).values_list("community_id", "role"))
    granted = set(LayerGrant.objects.filter(user=user).values_list("layer_id", flat=True))

    def level(layer: Layer) -> str:
        role = roles.get(layer.community_id)
        if role == Role.ADMIN or layer.pk in granted:
            return AccessLevel.RESTRICTED
        return AccessLevel.STAFF if role else AccessLevel.REGISTERED

    return {layer.pk: level(layer) for layer in listed}


def may_edit_in(role: str) -> bool:
    """Whether a role of this name edits layers; "" is no role."""
    return role in roles_that_may(Action.EDIT)
