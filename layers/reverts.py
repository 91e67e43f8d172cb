"""The undoing of a changeset, read from the history: past states, by number, that become present again.

A small one is written down as rows of `Change`, to be looked at like any other; that of an import is a
list of a few numbers a feature in schema `staging`, and no geometry is copied until it is applied.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from psycopg2 import sql

from layers import staging
from layers.applying import Counts, apply_wanted
from layers.changes import StaleEdit
from layers.models import Changeset, Layer

LARGE = 1000  # features; what concerns more of them is kept as a list
_SHOWN = 1000  # conflicts that a refusal names


def draft_inverse(changeset: Changeset, inverse: Changeset) -> None:
    """Fill `inverse` with what undoes `changeset`. Raises StaleEdit where a feature of it was changed later."""
    layer = sql.Literal(changeset.layer_id)
    _refuse(sql.SQL(_CHANGED_SINCE).format(layer=layer, changeset=sql.Literal(changeset.pk)))
    past = sql.SQL(_PAST).format(layer=layer, changeset=sql.Literal(changeset.pk))
    touched = changeset.created_count + changeset.updated_count + changeset.deleted_count
    statement = _AS_CHANGES if touched <= LARGE else _AS_LIST
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(
            sql.SQL(statement).format(
                past=past, inverse=sql.Literal(inverse.pk), table=staging.inverse_table(inverse)
            )
        )
        if statement is _AS_LIST:
            cursor.execute(sql.SQL("ANALYZE {}").format(staging.inverse_table(inverse)))


def is_listed(inverse: Changeset) -> bool:
    """Whether this changeset undoes another and waits as a list, not as rows of `Change`."""
    return inverse.reverts_id is not None and staging.has_table(staging.inverse_name(inverse))


def apply_inverse(layer: Layer, inverse: Changeset) -> Counts:
    """Carry out a listed inverse in a locked layer. Raises StaleEdit, DuplicateKey."""
    table = staging.inverse_table(inverse)
    if layer.revision != inverse.base_revision:
        _refuse(sql.SQL(_MOVED_ON).format(table=table, layer=sql.Literal(layer.pk)))
    counts = apply_wanted(layer, inverse, sql.SQL(_WANTED).format(table=table))
    staging.drop_staging(inverse)
    return counts


@dataclass(frozen=True)
class Standing:
    """What became of an applied changeset: `last` is the latest of those that undo it, undo that and so on, or the
    changeset itself; it `is_undone` where they are odd in number. `waits`: another is waiting for its reviewer."""

    last: int
    is_undone: bool
    waits: bool


def standings_of(changesets: Iterable[int]) -> dict[int, Standing]:
    """By the id of each changeset; one query, however many there are."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, {"changesets": list(changesets)})
        return {root: Standing(last, depth % 2 == 1, waits) for root, last, depth, waits in cursor.fetchall()}


def leaves_nothing(layer: Layer, inverse: Changeset) -> bool:
    """Whether this undoing leaves the layer, which an import made, as it was before it: nothing that was done to its
    features stands, and nobody is about to change them."""
    if inverse.source != Changeset.Source.REVERT or layer.feature_count:
        return False
    # Who is opening a changeset holds the layer's row by a reference: then it is skipped here.
    mine = Layer.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=layer.pk)
    if not list(mine.values_list("pk", flat=True)):
        return False
    waiting = layer.changesets.exclude(status__in=(Changeset.Status.APPLIED, Changeset.Status.REJECTED))
    done = layer.changesets.filter(status=Changeset.Status.APPLIED).exclude(source=Changeset.Source.REVERT)
    made = dict(done.values_list("pk", "makes_layer"))
    if waiting.exists() or not any(made.values()):
        return False
    return all(standing.is_undone for standing in standings_of(made).values())


def _refuse(conflicts: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(conflicts)
        features = [identity for (identity,) in cursor.fetchall()]
    if features:
        raise StaleEdit(count=len(features), conflicts=[{"id": identity} for identity in features[:_SHOWN]])


# What the changeset made has become something else since, or what it deleted is there again. A later change that
# was undone itself left everything as it was, and is none.
_CHANGED_SINCE = """
    SELECT v.feature_id FROM layers_featureversion v
    LEFT JOIN layers_feature f ON f.id = v.feature_id AND f.layer_id = {layer}
        AND f.properties = v.properties AND f.external_key IS NOT DISTINCT FROM v.external_key
        AND ST_AsBinary(f.geom) = ST_AsBinary(v.geom)
    WHERE v.layer_id = {layer} AND v.changeset_id = {changeset} AND f.id IS NULL
    UNION
    SELECT v.feature_id FROM layers_featureversion v
    JOIN layers_feature f ON f.id = v.feature_id AND f.layer_id = {layer}
    WHERE v.layer_id = {layer} AND v.ended_by_id = {changeset} AND f.changeset_id <> {changeset}
      AND NOT EXISTS (SELECT FROM layers_featureversion made WHERE made.layer_id = {layer}
                      AND made.changeset_id = {changeset} AND made.feature_id = v.feature_id)
    ORDER BY 1
"""
_PAST = """
    SELECT CASE WHEN v.id IS NULL THEN 'D' WHEN f.id IS NULL THEN 'C' ELSE 'U' END AS op,
           coalesce(f.id, v.feature_id) AS feature_id, coalesce(f.version, v.version) AS base_version,
           v.id AS version_id
    FROM (SELECT id, feature_id, version FROM layers_featureversion
          WHERE layer_id = {layer} AND ended_by_id = {changeset}) AS v
    FULL JOIN (SELECT id, version FROM layers_feature
               WHERE layer_id = {layer} AND (changeset_id = {changeset} OR id IN (
                   SELECT feature_id FROM layers_featureversion
                   WHERE layer_id = {layer} AND changeset_id = {changeset}))) AS f
    ON f.id = v.feature_id
"""
_STANDINGS = """
    WITH RECURSIVE chain AS (
        SELECT root, root AS last, 0 AS depth FROM unnest(%(changesets)s::bigint[]) AS root
        UNION ALL
        SELECT chain.root, inverse.id, chain.depth + 1 FROM chain
        JOIN layers_changeset inverse ON inverse.reverts_id = chain.last AND inverse.status = 'applied')
    SELECT DISTINCT ON (root) root, last, depth,
           EXISTS (SELECT FROM layers_changeset w WHERE w.reverts_id = chain.last AND w.status = 'submitted')
    FROM chain ORDER BY root, depth DESC
"""
_AS_CHANGES = """
    INSERT INTO layers_change (changeset_id, op, feature_id, base_version, geom, properties, external_key)
    SELECT {inverse}, p.op, p.feature_id, p.base_version, v.geom, v.properties, v.external_key
    FROM ({past}) AS p LEFT JOIN layers_featureversion v ON v.id = p.version_id
"""
_AS_LIST = "CREATE TABLE {table} AS {past}"
_WANTED = """
    (SELECT p.op, p.feature_id, p.base_version, v.geom, v.properties, v.external_key
     FROM {table} p LEFT JOIN layers_featureversion v ON v.id = p.version_id)
"""
_MOVED_ON = """
    SELECT p.feature_id FROM {table} p
    LEFT JOIN layers_feature f ON f.id = p.feature_id AND f.layer_id = {layer}
    WHERE f.version IS DISTINCT FROM CASE WHEN p.op <> 'C' THEN p.base_version END
    ORDER BY 1
"""
