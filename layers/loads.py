"""The SQL of loads: the staged rows of an import become features, set-based, in one transaction."""

from django.db import IntegrityError, connection
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from gis_core.errors import HromadaError
from layers import staging
from layers.applying import (
    Counts,
    NothingToChange,
    apply_wanted,
    duplicate_key,
    has_features,
    has_partition,
    repeated_key,
)
from layers.diff import RepeatedKeys, compute_diff, differences, wanted_changes
from layers.models import Changeset, Layer

Mode = Changeset.StagingMode


class LayerMovedOn(HromadaError):
    code = "layer-moved-on"
    status = 409
    message = _(
        "The layer was changed after its differences from the file were found. Find them again, look at "
        "them and apply them then."
    )


def apply_staged(layer: Layer, changeset: Changeset) -> Counts:
    """Make the accepted differences true in a locked layer; where nobody asked for a diff, it is made here.

    The first load of a layer becomes its partition as it stands, without copying a row. Raises
    LayerMovedOn, NothingToChange, RepeatedKeys, DuplicateKey.
    """
    moved = layer.revision != changeset.base_revision
    listed = staging.has_table(staging.diff_name(changeset))
    if listed and moved:
        _refuse_moved(layer, changeset)
    elif not has_features(layer):
        return _fill(layer, changeset)
    if not listed:
        # A diff that was looked at has no list where the layer was empty: every row is added.
        if moved and (changeset.staging_mode != Mode.APPEND or changeset.staged_count is not None):
            raise LayerMovedOn()
        compute_diff(changeset)
    if not _any(sql.SQL("SELECT FROM {} AS d WHERE accepted").format(differences(changeset))):
        raise NothingToChange()
    # Rows and features that have keys meet by them alone, so no feature takes another's.
    counts = apply_wanted(layer, changeset, wanted_changes(changeset), keys_move=False)
    staging.drop_staging(changeset)
    return counts


def _refuse_moved(layer: Layer, changeset: Changeset) -> None:
    """A replaced layer must be as it was when the file was compared with it; otherwise the features that are
    changed must be, and keys that rows bring must be free."""
    conflicts = sql.SQL(_CONFLICTS).format(
        differences=staging.diff_table(changeset),
        wanted=wanted_changes(changeset),
        layer=sql.Literal(layer.pk),
    )
    if changeset.staging_mode == Mode.REPLACE or _any(conflicts):
        raise LayerMovedOn()


_CONFLICTS = """
    SELECT FROM {differences} AS d LEFT JOIN layers_feature f ON f.id = d.feature_id AND f.layer_id = {layer}
    WHERE d.accepted AND d.op <> 'C' AND f.version IS DISTINCT FROM d.base_version
    UNION ALL
    SELECT FROM {wanted} AS w JOIN layers_feature f ON f.layer_id = {layer} AND f.external_key = w.external_key
    WHERE w.op <> 'D' AND f.id <> w.feature_id
"""


def _any(rows: sql.Composable) -> bool:
    """Whether a SELECT finds a row."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT EXISTS ({})").format(rows))
        (found,) = cursor.fetchone()
    return bool(found)


def _fill(layer: Layer, changeset: Changeset) -> Counts:
    """Put the staged rows into a layer without features."""
    table = staging.staging_table(changeset)
    if staging.has_table(staging.diff_name(changeset)):
        refused = "DELETE FROM {} s USING {} d WHERE d.id = s.id AND NOT d.accepted"
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(refused).format(table, staging.diff_table(changeset)))
    if not _any(sql.SQL("SELECT FROM {}").format(table)):
        raise NothingToChange()
    try:
        if not has_partition(layer):
            return _attach(layer, changeset)
        return _insert(layer, changeset)
    except IntegrityError as error:
        key = repeated_key(error)
        raise duplicate_key(error) if key is None else RepeatedKeys(keys=key) from error


def _attach(layer: Layer, changeset: Changeset) -> Counts:
    with connection.cursor() as cursor:
        # Building the indexes is most of the work here, and it wants memory.
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(staging.staging_table(changeset)))
        (created,) = cursor.fetchone()
        cursor.execute("CALL features_attach(%s, %s)", [staging.staging_name(changeset), layer.pk])
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier("features", f"layer_{layer.pk}")))
    staging.drop_staging(changeset)  # what was refused
    return Counts(created=created, updated=0, deleted=0)


def _insert(layer: Layer, changeset: Changeset) -> Counts:
    """For a layer whose features are all gone: its partition stands, and with it their history."""
    wanted = sql.SQL(
        "(SELECT 'C' AS op, id AS feature_id, NULL::integer AS base_version, geom, properties, external_key"
        " FROM {})"
    ).format(staging.staging_table(changeset))
    counts = apply_wanted(layer, changeset, wanted, keys_move=False)
    staging.drop_staging(changeset)
    return counts
