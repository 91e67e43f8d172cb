"""Reading features: the few queries that everything else asks, over the reader's own source."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connections
from psycopg2 import sql

from layers.access import Reader, ReadSource, read_source
from layers.models import Layer

Box = tuple[float, float, float, float]


def in_bbox(box: Box) -> sql.Composable:
    """SQL condition: the feature's box meets `box` (west, south, east, north in degrees).

    Asked of geom_3857, which has the index: a box in degrees is a box in Web Mercator as well.
    """
    clipped = [max(-180.0, box[0]), max(-85.06, box[1]), min(180.0, box[2]), min(85.06, box[3])]
    return sql.SQL("geom_3857 && ST_Transform(ST_MakeEnvelope({}, 4326), 3857)").format(
        sql.SQL(", ").join(map(sql.Literal, clipped))
    )


def fetch(source: ReadSource, statement: sql.Composable) -> list[tuple[Any, ...]]:
    """All rows of a statement, over the alias of the source."""
    with connections[source.alias].cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def feature_history(user: Reader, layer: Layer, feature_id: int) -> list[dict[str, Any]]:
    """All states of a feature, newest first; [] where there never was one.

    Each: version, revision, ended_revision (None: present), changeset, comment, at, properties,
    geometry (GeoJSON). Only for signed-in members: the past may hold what was closed since.
    """
    source = read_source(user, layer)
    statement = sql.SQL(
        """
        WITH states AS (
            SELECT version, revision, NULL::bigint AS ended_revision,
                   changeset_id, NULL::bigint AS ended_by_id, updated_at, properties, geom
            FROM layers_feature WHERE layer_id = {layer} AND id = {feature}
            UNION ALL
            SELECT version, lower(revisions), upper(revisions), changeset_id, ended_by_id,
                   updated_at, properties, geom
            FROM layers_featureversion WHERE layer_id = {layer} AND feature_id = {feature}
        )
        SELECT jsonb_build_object(
            'version', s.version, 'revision', s.revision, 'ended_revision', s.ended_revision,
            'changeset', s.changeset_id, 'ended_by', s.ended_by_id, 'comment', c.comment, 'source', c.source,
            'author', coalesce(nullif(u.name, ''), u.email), 'at', c.applied_at,
            'properties', {properties}, 'geometry', ST_AsGeoJSON(s.geom, 9)::jsonb)
        FROM states s
        JOIN layers_changeset c ON c.id = s.changeset_id
        LEFT JOIN gis_core_user u ON u.id = c.author_id
        ORDER BY s.revision DESC
        """
    ).format(layer=sql.Literal(layer.pk), feature=sql.Literal(feature_id), properties=source.properties)
    with connections["default"].cursor() as cursor:
        cursor.execute(statement)
        return [json.loads(row) for (row,) in cursor.fetchall()]


def measure(source: ReadSource, feature_id: int) -> dict[str, float]:
    """Geodesic {"area_m2", "length_m"} of a feature on WGS84 (PostGIS geography); {} where it is absent."""
    rows = fetch(
        source,
        sql.SQL(
            "SELECT ST_Area(geom::geography), ST_Length(geom::geography), ST_Dimension(geom)"
            " FROM {} WHERE id = {}"
        ).format(source.relation, sql.Literal(feature_id)),
    )
    if not rows:
        return {}
    area_m2, length_m, dimension = rows[0]
    return {"area_m2": area_m2} if dimension == 2 else {"length_m": length_m} if dimension == 1 else {}


def existing_keys(layer: Layer, keys: Sequence[str]) -> set[str]:
    """Which of `keys` features of the layer have now."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT external_key FROM layers_feature WHERE layer_id = %s AND external_key = ANY(%s)",
            [layer.pk, list(keys)],
        )
        return {key for (key,) in cursor.fetchall()}
