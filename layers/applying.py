"""Making changes true: three set-based statements over a relation of wanted changes, whoever keeps it.

Small changesets keep them as rows of `Change` (layers.changes), imports as staged rows and their diff
(layers.diff), the undoing of an import as a list of past states (layers.reverts).
"""

from typing import Any, NamedTuple

from django.db import IntegrityError, connection
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from gis_core.errors import HromadaError
from layers.models import Changeset, Layer


class Counts(NamedTuple):
    created: int
    updated: int
    deleted: int


class NothingToChange(HromadaError):
    code = "nothing-to-change"
    status = 422
    message = _("The changeset holds no changes.")


class DuplicateKey(HromadaError):
    code = "duplicate-key"
    status = 409
    message = _("The layer already has another feature with key “%(key)s”.")


def apply_wanted(
    layer: Layer, changeset: Changeset, wanted: sql.Composable, *, keys_move: bool = True
) -> Counts:
    """Carry out `wanted` in a locked layer: a relation with op (C, U, D), feature_id, base_version, geom,
    properties and external_key, a feature at most once.

    `keys_move` False promises that no feature takes the key of another. Raises DuplicateKey.
    """
    ensure_partition(layer)
    parts = {
        "wanted": wanted,
        "layer": sql.Literal(layer.pk),
        "changeset": sql.Literal(changeset.pk),
        "revision": sql.Literal(layer.revision + 1),
    }
    with connection.cursor() as cursor:

        def run(statement: str) -> int:
            cursor.execute(sql.SQL(statement).format(**parts))
            return int(cursor.rowcount)

        try:
            deleted = run(_DELETE)
            moved = run(_TAKE_OUT) if keys_move else 0
            updated = run(_UPDATE)
            if moved:
                run(_PUT_BACK)
            return Counts(created=run(_INSERT), updated=updated + moved, deleted=deleted)
        except IntegrityError as error:
            raise duplicate_key(error) from error


_DELETE = """
    DELETE FROM layers_feature f USING {wanted} c
    WHERE f.layer_id = {layer} AND c.op = 'D' AND f.id = c.feature_id
"""
# The index of keys is asked row by row, and two features that swap theirs would fail. So those that are given
# a new key are taken out and put back with the next version: the same trace as of an update.
_TAKE_OUT = """
    DELETE FROM layers_feature f USING {wanted} c
    WHERE f.layer_id = {layer} AND c.op = 'U' AND f.id = c.feature_id
      AND c.external_key IS NOT NULL AND c.external_key IS DISTINCT FROM f.external_key
"""
_UPDATE = """
    UPDATE layers_feature f
    SET geom = c.geom, properties = c.properties, external_key = c.external_key, version = f.version + 1,
        revision = {revision}, changeset_id = {changeset}, updated_at = now()
    FROM {wanted} c
    WHERE f.layer_id = {layer} AND c.op = 'U' AND f.id = c.feature_id
"""
# A feature that a revert brings back goes on counting where it ended: base_version is its last version.
_INSERT_CHANGES = """
    INSERT INTO layers_feature (id, layer_id, geom, properties, external_key, version, revision, changeset_id)
    SELECT c.feature_id, {layer}, c.geom, c.properties, c.external_key, coalesce(c.base_version, 0) + 1,
           {revision}, {changeset}
    FROM {wanted} c
"""
_PUT_BACK = (
    _INSERT_CHANGES
    + """
    WHERE c.op = 'U' AND NOT EXISTS (
        SELECT FROM layers_feature f WHERE f.layer_id = {layer} AND f.id = c.feature_id)
"""
)
_INSERT = _INSERT_CHANGES + " WHERE c.op = 'C'"


def duplicate_key(error: IntegrityError) -> Exception:
    """The named failure behind a broken unique index of keys, else the error itself."""
    key = repeated_key(error)
    return error if key is None else DuplicateKey(key=key)


def repeated_key(error: IntegrityError) -> str | None:
    """The value that broke a unique index; None where something else was broken."""
    cause: Any = error.__cause__
    if getattr(cause, "diag", None) is None or getattr(cause, "pgcode", "") != "23505":
        return None
    return str((cause.diag.message_detail or "").partition(")=(")[2].partition(")")[0])


def ensure_partition(layer: Layer) -> None:
    """Give the layer its partition where it has none yet; a layer gets it with its first feature."""
    with connection.cursor() as cursor:
        if not has_partition(layer):
            name = f"empty_{layer.pk}"
            cursor.execute("CALL features_create_staging(%s, %s, 0, 0)", [name, layer.pk])
            cursor.execute("CALL features_attach(%s, %s)", [name, layer.pk])


def has_partition(layer: Layer) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"features.layer_{layer.pk}"])
        (found,) = cursor.fetchone()
    return bool(found)


def has_features(layer: Layer) -> bool:
    """Whether the layer holds a feature now, as the table tells and not the catalogue's count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM layers_feature WHERE layer_id = %s)", [layer.pk])
        (found,) = cursor.fetchone()
    return bool(found)


def extent_after(layer: Layer, changeset: Changeset) -> list[float] | None:
    """`extent_of`, cheaper where `layer.extent` is that before the changeset: it grows by what was written, and
    only where something that was taken away or changed lay on its edge the whole layer is read again."""
    if layer.extent is None:
        return extent_of(layer)
    west, south, east, north = layer.extent
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM layers_featureversion
                           WHERE ended_by_id = %(changeset)s AND NOT (
                               ST_XMin(geom) > %(west)s AND ST_YMin(geom) > %(south)s
                               AND ST_XMax(geom) < %(east)s AND ST_YMax(geom) < %(north)s)),
                   least(%(west)s, ST_XMin(box)), least(%(south)s, ST_YMin(box)),
                   greatest(%(east)s, ST_XMax(box)), greatest(%(north)s, ST_YMax(box))
            FROM (SELECT ST_Extent(geom) AS box FROM layers_feature
                  WHERE layer_id = %(layer)s AND changeset_id = %(changeset)s) AS written
            """,
            {
                "layer": layer.pk, "changeset": changeset.pk,
                "west": west, "south": south, "east": east, "north": north,
            },
        )  # fmt: skip
        on_edge, *extent = cursor.fetchone()
    return extent_of(layer) if on_edge else extent


def extent_of(layer: Layer) -> list[float] | None:
    """The layer's [west, south, east, north] in degrees, exactly; None where it has no features."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
            FROM (SELECT ST_Extent(geom) AS box FROM layers_feature WHERE layer_id = %s) AS whole
            """,
            [layer.pk],
        )
        row = cursor.fetchone()
    return None if row[0] is None else list(row)
