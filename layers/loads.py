"""The SQL of loads: the staged rows of an import become features, set-based, in one transaction."""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from gis_core.errors import HromadaError
from layers import staging
from layers.changes import Counts, duplicate_key, ensure_partition, has_partition
from layers.models import Changeset, Layer

Mode = Changeset.StagingMode


class LayerMovedOn(HromadaError):
    code = "layer-moved-on"
    status = 409
    message = _("The layer was changed while the import was being prepared. Start the import again.")


class KeysNeeded(HromadaError):
    code = "keys-needed"
    status = 422
    message = _(
        "%(count)s rows have no value of the key field, so it is not known which features they update. "
        "Fill them in, or import by adding or replacing."
    )


class RepeatedKeys(HromadaError):
    code = "repeated-keys"
    status = 422
    message = _(
        "The key must be unique, but several rows have the same: %(keys)s. Correct the file and try again."
    )


def apply_staged(layer: Layer, changeset: Changeset) -> Counts:
    """Make the staged rows of a locked layer true by the changeset's mode.

    The first load of a layer becomes its partition as it stands, without copying a row. Raises
    RepeatedKeys, KeysNeeded, LayerMovedOn, DuplicateKey.
    """
    keys = staging.repeated_keys(changeset)
    if keys:
        raise RepeatedKeys(keys=", ".join(keys))
    unmoved = layer.revision == changeset.base_revision
    if unmoved and not has_partition(layer):
        return _attach(layer, changeset)
    if not unmoved and changeset.staging_mode != Mode.APPEND:
        raise LayerMovedOn()
    if changeset.staging_mode == Mode.UPDATE and (count := staging.rows_without_key(changeset)):
        raise KeysNeeded(count=count)
    ensure_partition(layer)
    try:
        counts = _merge(layer, changeset)
    except IntegrityError as error:
        raise duplicate_key(error) from error
    staging.drop_staging(changeset)
    return counts


def _attach(layer: Layer, changeset: Changeset) -> Counts:
    with connection.cursor() as cursor:
        # Building the indexes is most of the work here, and it wants memory.
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(staging.staging_table(changeset)))
        (created,) = cursor.fetchone()
        cursor.execute("CALL features_attach(%s, %s)", [staging.staging_name(changeset), layer.pk])
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier("features", f"layer_{layer.pk}")))
    return Counts(created=created, updated=0, deleted=0)


def _merge(layer: Layer, changeset: Changeset) -> Counts:
    """Rows that are the same as their feature leave no trace; the rest is deleted, updated, inserted."""
    parts = {
        "staged": staging.staging_table(changeset),
        "layer": sql.Literal(layer.pk),
        "changeset": sql.Literal(changeset.pk),
        "revision": sql.Literal(layer.revision + 1),
    }
    with connection.cursor() as cursor:

        def run(statement: str) -> int:
            cursor.execute(sql.SQL(statement).format(**parts))
            return int(cursor.rowcount)

        return _MERGES[Mode(changeset.staging_mode)](run)


def _append(run: Callable[[str], int]) -> Counts:
    return Counts(created=run(_INSERT_ALL), updated=0, deleted=0)


def _update(run: Callable[[str], int]) -> Counts:
    return Counts(updated=run(_UPDATE_CHANGED), created=run(_INSERT_NEW), deleted=0)


def _replace(run: Callable[[str], int]) -> Counts:
    deleted = run(_DELETE_MISSING)
    return Counts(updated=run(_UPDATE_CHANGED), created=run(_INSERT_NEW), deleted=deleted)


_MERGES: dict[Any, Callable[[Callable[[str], int]], Counts]] = {
    Mode.APPEND: _append, Mode.UPDATE: _update, Mode.REPLACE: _replace,
}  # fmt: skip

_INSERT_ALL = """
    INSERT INTO layers_feature (id, layer_id, geom, properties, external_key, revision, changeset_id)
    SELECT id, {layer}, geom, properties, external_key, {revision}, {changeset} FROM {staged}
"""
_INSERT_NEW = (
    _INSERT_ALL
    + """ AS s
    WHERE s.external_key IS NULL OR NOT EXISTS (
        SELECT FROM layers_feature f WHERE f.layer_id = {layer} AND f.external_key = s.external_key)
"""
)
# Geometry's = compares every vertex exactly and in order (PostGIS 2.4 and newer).
_UPDATE_CHANGED = """
    UPDATE layers_feature f
    SET geom = s.geom, properties = s.properties, version = f.version + 1,
        revision = {revision}, changeset_id = {changeset}, updated_at = now()
    FROM {staged} s
    WHERE f.layer_id = {layer} AND f.external_key = s.external_key
      AND (f.properties <> s.properties OR NOT f.geom = s.geom)
"""
_DELETE_MISSING = """
    DELETE FROM layers_feature f
    WHERE f.layer_id = {layer}
      AND (f.external_key IS NULL OR NOT EXISTS (
          SELECT FROM {staged} s WHERE s.external_key = f.external_key))
"""
