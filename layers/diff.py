"""What an import would change, before it does: rows of the file against features of the layer.

The diff is a bare table beside the staged rows that holds only what differs: a row's id (the staged row's,
or the feature's where it is removed; both are of one sequence), what is done, to which feature in which
version (an added one has the id of its row), and whether it is accepted. A layer without features has
none: there every row is added.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from gis_core import limits
from gis_core.errors import HromadaError
from layers import access, diff_table, matching, staging
from layers.applying import DuplicateKey, has_features
from layers.changes import hidden_keys
from layers.matching import Matching
from layers.models import Change, Changeset, Layer
from layers.queries import Box
from layers.schema import Field

Mode = Changeset.StagingMode
KINDS = {"added": Change.Op.CREATE, "changed": Change.Op.UPDATE, "removed": Change.Op.DELETE}
_KIND_OF = {str(op): kind for kind, op in KINDS.items()}
_SHOWN = 20
_PIXELS = 2000  # width of a map on a large screen


class RepeatedKeys(HromadaError):
    code = "repeated-keys"
    status = 422
    message = _(
        "The key must be unique, but several rows have the same: %(keys)s. Correct the file and try again."
    )


class KeysTaken(DuplicateKey):
    """Rows that are to be added, though other features have their keys."""

    message = _(
        "%(count)s rows have keys that other features of the layer have: %(keys)s. Import by updating, or "
        "leave these rows out."
    )


class NoDiff(HromadaError):
    code = "no-diff"
    status = 409
    message = _(
        "Changeset %(changeset)s has no differences to look at: it is still being prepared, or it was decided upon."
    )


class ContentIsFixed(HromadaError):
    code = "content-is-fixed"
    status = 409
    message = _("Changeset %(changeset)s was handed in; what it changes is fixed.")


@dataclass(frozen=True)
class DiffCounts:
    """Numbers of features; `accepted` of those that differ are to be applied."""

    added: int
    changed: int
    removed: int
    unchanged: int
    accepted: int


@dataclass(frozen=True)
class DiffRow:
    """One difference. `before` and `after` are the visible properties (None: no such state), `changed` the
    visible keys whose values differ, `key` the external key if its field is visible."""

    id: int
    kind: str
    accepted: bool
    feature_id: int | None
    key: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    changed: tuple[str, ...]
    geometry_changed: bool


def compute_diff(changeset: Changeset) -> DiffCounts:
    """Compare the staged rows with the layer as it is now. Can be asked again at any time before the changeset
    is applied; what was refused stays refused, a verdict of a reviewer does not stay.

    Costs one reading of both sides. Raises RepeatedKeys, KeysTaken (append), ContentIsFixed.
    """
    with transaction.atomic():
        # A row of its own would be locked by whoever applies; so is this one.
        status = Changeset.objects.select_for_update(of=("self",)).values_list("status", flat=True)
        if status.get(pk=changeset.pk) in (Changeset.Status.APPLIED, Changeset.Status.REJECTED):
            raise ContentIsFixed(changeset=changeset.pk)
        layer = Layer.objects.get(pk=changeset.layer_id)
        again = _set_refusals_aside(changeset)
        changeset.staged_count = _prepare_rows(changeset, layer)
        if has_features(layer):
            _compare(changeset, layer)
        changeset.base_revision, changeset.reviewer, changeset.reviewed_at = layer.revision, None, None
        changeset.save(update_fields=["staged_count", "base_revision", "reviewer", "reviewed_at"])
        if again:
            _refuse_again(changeset)
    return diff_counts(changeset)


def _set_refusals_aside(changeset: Changeset) -> bool:
    """Drop an earlier diff, keeping what was refused; whether anything was."""
    if not staging.has_table(staging.diff_name(changeset)):
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE diff_refused ON COMMIT DROP AS SELECT id FROM {} WHERE NOT accepted"
            ).format(staging.diff_table(changeset))
        )
        refused = int(cursor.rowcount)
        cursor.execute(sql.SQL("DROP TABLE {}").format(staging.diff_table(changeset)))
        if not refused:
            cursor.execute("DROP TABLE diff_refused")
    return refused > 0


def _refuse_again(changeset: Changeset) -> None:
    if not staging.has_table(staging.diff_name(changeset)):
        _write_down(changeset)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("UPDATE {} d SET accepted = false FROM diff_refused r WHERE r.id = d.id").format(
                staging.diff_table(changeset)
            )
        )
        cursor.execute("DROP TABLE diff_refused")


def _prepare_rows(changeset: Changeset, layer: Layer) -> int:
    """Number of staged rows, now with an index by id. Raises RepeatedKeys."""
    table = staging.staging_table(changeset)
    with connection.cursor() as cursor:
        if changeset.staged_count is None:
            cursor.execute("SET LOCAL maintenance_work_mem = '128MB'")
            cursor.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (id, layer_id)").format(table))
        if layer.key_field:
            keys = staging.repeated_keys(changeset, limit=_SHOWN)
            if keys:
                raise RepeatedKeys(keys=", ".join(keys))
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(table))
        return int(cursor.fetchone()[0])


def _compare(changeset: Changeset, layer: Layer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {} (id, external_key)").format(staging.staging_table(changeset)))
    adding = changeset.staging_mode == Mode.APPEND
    passes = [matching.KEY] if layer.key_field else []
    passes += [matching.EXACT, matching.NEAR]
    passes += [] if adding else [matching.PLACE, matching.ATTRIBUTES]
    passes = Matching(
        changeset,
        layer,
        ignored=kept_keys(changeset, layer),
        keeps_keys=changeset.staging_mode != Mode.REPLACE,
    ).run(passes)
    if adding and layer.key_field:
        _refuse_taken_keys()
    diff_table.create(changeset)
    # What is there stays as it is: a feature that lacks the row's key is not given it.
    parts = [] if adding else [sql.SQL(_PAIRS).format(sql.Identifier(name)) for name in passes]
    parts.append(sql.SQL(_ADDED).format(matching.open_rows(passes[-1])))
    if changeset.staging_mode == Mode.REPLACE:
        parts.append(sql.SQL(_REMOVED).format(matching.open_features(passes[-1])))
    diff_table.fill(changeset, sql.SQL(" UNION ALL ").join(parts))
    matching.forget(passes)


_PAIRS = """
    SELECT staged, 'U', feature, version, NOT same_attributes, NOT same_place FROM {}
    WHERE staged IS NOT NULL AND feature IS NOT NULL
"""
_ADDED = "SELECT id, 'C', id, NULL, true, true FROM ({}) AS added"
_REMOVED = "SELECT id, 'D', id, version, true, true FROM ({}) AS removed"


def _refuse_taken_keys() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT staged_key, count(*) OVER () FROM {} WHERE staged IS NOT NULL AND feature IS NOT NULL"
                " ORDER BY staged_key LIMIT {}"
            ).format(sql.Identifier(matching.KEY), sql.Literal(_SHOWN))
        )
        taken = cursor.fetchall()
    if taken:
        raise KeysTaken(count=taken[0][1], keys=", ".join(key for key, _count in taken))


def kept_keys(changeset: Changeset, layer: Layer) -> list[str]:
    """Keys whose values an update leaves as they are: the file knows nothing of them, or its author does not
    see them."""
    seen = access.editable_schema(changeset.author, layer)
    return sorted({*changeset.kept_fields, *hidden_keys(layer, seen)})


def diff_counts(changeset: Changeset) -> DiffCounts:
    """How many features differ, of each kind. Raises NoDiff."""
    listed = differences(changeset)
    if not staging.has_table(staging.diff_name(changeset)):  # a million rows need no counting again
        rows = changeset.staged_count or 0
        return DiffCounts(added=rows, changed=0, removed=0, unchanged=0, accepted=rows)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT op, count(*), count(*) FILTER (WHERE accepted) FROM {} AS d GROUP BY op").format(
                listed
            )
        )
        found = {op: (total, accepted) for op, total, accepted in cursor.fetchall()}
    total = {kind: found.get(str(op), (0, 0))[0] for kind, op in KINDS.items()}
    unchanged = (changeset.staged_count or 0) - total["added"] - total["changed"]
    accepted = sum(accepted for _total, accepted in found.values())
    return DiffCounts(**total, unchanged=unchanged, accepted=accepted)


def differences(changeset: Changeset, *, box: sql.Composable | None = None) -> sql.Composable:
    """The diff as a relation; where the layer had no features, every staged row is added, and with a `box` only
    those that meet it are read. Raises NoDiff."""
    if changeset.staged_count is None or not staging.has_table(staging.staging_name(changeset)):
        raise NoDiff(changeset=changeset.pk)
    if staging.has_table(staging.diff_name(changeset)):
        return staging.diff_table(changeset)
    return sql.SQL(
        "(SELECT id, 'C' AS op, id AS feature_id, NULL::integer AS base_version,"
        " true AS attributes_changed, true AS geometry_changed, true AS accepted FROM {} WHERE {})"
    ).format(
        staging.staging_table(changeset),
        sql.SQL("true") if box is None else sql.SQL("geom && {}").format(box),
    )


def accept(
    changeset: Changeset, *, kind: str | None = None, ids: Iterable[int] | None = None, accepted: bool
) -> int:
    """Accept differences or refuse them: those of a kind, those with these ids, or all. What is refused
    changes nothing when the changeset is applied. The number of rows concerned. Raises NoDiff, and ContentIsFixed
    once the changeset was handed in: a reviewer decides about what they see."""
    conditions = [sql.SQL("true")]
    if kind is not None:
        conditions.append(sql.SQL("op = {}").format(sql.Literal(str(KINDS[kind]))))
    if ids is not None:
        conditions.append(sql.SQL("id = ANY({}::bigint[])").format(sql.Literal(list(ids))))
    with transaction.atomic():
        _refuse_fixed(changeset)
        differences(changeset)
        if not staging.has_table(staging.diff_name(changeset)):
            if accepted:
                return 0
            if ids is None:  # written down as refused at once
                if kind not in (None, "added"):
                    return 0
                return _write_down(changeset, accepted=False)
            _write_down(changeset)
        return diff_table.decide(changeset, sql.SQL(" AND ").join(conditions), accepted=accepted)


def _refuse_fixed(changeset: Changeset) -> None:
    """Hold an open changeset against whoever hands it in, until the end of the transaction."""
    status = Changeset.objects.select_for_update(of=("self",)).values_list("status", flat=True)
    if status.get(pk=changeset.pk) not in (Changeset.Status.DRAFT, Changeset.Status.NEEDS_CHANGES):
        raise ContentIsFixed(changeset=changeset.pk)


def _write_down(changeset: Changeset, *, accepted: bool = True) -> int:
    """Give a layer's first load its table of differences, so that rows of it can be refused; their number."""
    diff_table.create(changeset, accepted=accepted)
    rows = sql.SQL("SELECT id FROM {}").format(staging.staging_table(changeset))
    diff_table.fill(changeset, sql.SQL(_ADDED).format(rows))
    return changeset.staged_count or 0


def diff_rows(
    changeset: Changeset, *, kind: str | None = None, limit: int, after: int = 0, fields: Iterable[Field]
) -> list[DiffRow]:
    """At most `limit` differences with an id above `after`, by id, in the reader's `fields` alone
    (`access.editable_schema` of the reader). Raises NoDiff."""
    layer = changeset.layer
    shown = [item.key for item in fields]
    statement = sql.SQL(_ROWS).format(
        **_sources(changeset),
        **_content(changeset),
        only=sql.SQL("d.op = {}").format(sql.Literal(str(KINDS[kind]))) if kind else sql.SQL("true"),
        after=sql.Literal(after),
        limit=sql.Literal(limit),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [_row(found, shown, layer.key_field) for found in cursor.fetchall()]


_ROWS = """
    SELECT d.id, d.op, d.accepted, d.feature_id, CASE WHEN d.op = 'U' THEN d.geometry_changed ELSE false END,
           CASE WHEN d.op <> 'D' THEN {external_key} ELSE f.external_key END, f.properties,
           CASE WHEN d.op <> 'D' THEN {properties} END
    FROM (SELECT * FROM {differences} AS d WHERE d.id > {after} AND {only} ORDER BY d.id LIMIT {limit}) AS d
    LEFT JOIN {staged} s ON s.id = d.id
    LEFT JOIN layers_feature f ON f.layer_id = {layer} AND f.id = d.feature_id
    ORDER BY d.id
"""


def _row(found: tuple[Any, ...], shown: Sequence[str], key_field: str) -> DiffRow:
    identity, op, accepted, feature_id, geometry_changed, key, *states = found
    before, after = (_visible(state, shown) for state in states)
    changed: tuple[str, ...] = ()
    if before is not None and after is not None:
        changed = tuple(item for item in shown if before.get(item) != after.get(item))
    return DiffRow(
        id=identity, kind=_KIND_OF[op], accepted=accepted,
        feature_id=None if op == Change.Op.CREATE else feature_id,
        key=key if key_field in shown else None, before=before, after=after, changed=changed,
        geometry_changed=geometry_changed,
    )  # fmt: skip


def _visible(state: str | None, shown: Sequence[str]) -> dict[str, Any] | None:
    if state is None:
        return None
    properties = json.loads(state)
    return {key: properties[key] for key in shown if key in properties}


def diff_features(
    changeset: Changeset, *, kinds: Sequence[str] = tuple(KINDS), bbox: Box | None = None, limit: int
) -> str:
    """GeoJSON text: geometries before and after of at most `limit` differences, by id; in 4326, seven decimals.

    A feature's properties are `kind`, `side` (before | after), `accepted` and `feature_id`; no attributes.
    One that keeps its place is there once, as after. With a `bbox` lines are drawn as a picture of it that is
    2,000 pixels wide needs them. `truncated` tells that there are more, by number or by vertices. Raises NoDiff.
    """
    inside, box, drawn = sql.SQL("true"), None, sql.SQL("geom")
    if bbox is not None:
        box = sql.SQL("ST_MakeEnvelope({}, 4326)").format(sql.SQL(", ").join(map(sql.Literal, bbox)))
        inside = sql.SQL("(s.geom && {box} OR f.geom && {box})").format(box=box)
        # Not the one that preserves topology: seconds for a feature of very many vertices.
        pixel = sql.Literal((bbox[2] - bbox[0]) / _PIXELS)
        drawn = sql.SQL("ST_Simplify(geom, {}, true)").format(pixel)
    statement = sql.SQL(_FEATURES).format(
        **{**_sources(changeset), "differences": differences(changeset, box=box)},
        ops=sql.Literal([str(KINDS[kind]) for kind in kinds]),
        kind_of=sql.Literal(json.dumps(_KIND_OF)),
        inside=inside,
        limit=sql.Literal(limit),
        more=sql.Literal(limit + 1),
        drawn=drawn,
        most=sql.Literal(limits.value("max_diff_vertices")),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return str(cursor.fetchone()[0])


_FEATURES = """
    WITH picked AS (
        SELECT d.id, d.op, d.accepted, d.feature_id, s.geom AS after,
               CASE WHEN d.geometry_changed THEN f.geom END AS before
        FROM {differences} AS d
        LEFT JOIN {staged} s ON s.id = d.id
        LEFT JOIN layers_feature f ON f.layer_id = {layer} AND f.id = d.feature_id
        WHERE d.op = ANY ({ops}) AND {inside} ORDER BY d.id LIMIT {more}
    ), sides AS (
        SELECT id, op, accepted, feature_id, side, {drawn} AS geom
        FROM (SELECT * FROM picked ORDER BY id LIMIT {limit}) AS shown,
             LATERAL (VALUES ('after', after), ('before', before)) AS both_sides (side, geom)
        WHERE geom IS NOT NULL
    ), counted AS (
        SELECT *, sum(ST_NPoints(geom)) OVER (ORDER BY id, side DESC) - ST_NPoints(geom) AS before_it FROM sides
    )
    SELECT json_build_object('type', 'FeatureCollection',
        'truncated', (SELECT count(*) > {limit} FROM picked) OR (SELECT max(before_it) >= {most} FROM counted) IS TRUE,
        'features', coalesce(json_agg(json_build_object(
            'type', 'Feature', 'id', id, 'geometry', ST_AsGeoJSON(geom, 7)::json,
            'properties', json_build_object(
                'kind', {kind_of}::jsonb ->> op::text, 'side', side, 'accepted', accepted,
                'feature_id', CASE WHEN op <> 'C' THEN feature_id END))
            ORDER BY id, side DESC), '[]'::json))::text
    FROM counted WHERE before_it < {most}
"""


def wanted_changes(changeset: Changeset) -> sql.Composable:
    """The accepted differences as the relation that `layers.applying` carries out: a feature that did not move
    keeps its geometry to the last digit. Raises NoDiff."""
    return sql.SQL(_WANTED).format(**_sources(changeset), **_content(changeset))


_WANTED = """
    (SELECT d.op, d.feature_id, d.base_version,
            CASE WHEN d.op = 'U' AND NOT d.geometry_changed THEN f.geom ELSE s.geom END AS geom,
            {properties} AS properties, {external_key} AS external_key
     FROM {differences} AS d
     LEFT JOIN {staged} s ON s.id = d.id
     LEFT JOIN layers_feature f ON f.layer_id = {layer} AND d.op = 'U' AND f.id = d.feature_id
     WHERE d.accepted)
"""


def _sources(changeset: Changeset) -> dict[str, sql.Composable]:
    return {
        "differences": differences(changeset),
        "staged": staging.staging_table(changeset),
        "layer": sql.Literal(changeset.layer_id),
    }


def _keeps_keys(changeset: Changeset) -> bool:
    """Whether a row without a key leaves the key of the feature that it updates: an empty cell is no new name.
    Where the file replaces the content, the layer becomes what the file says."""
    return changeset.staging_mode != Mode.REPLACE and bool(changeset.layer.key_field)


def _content(changeset: Changeset) -> dict[str, sql.Composable]:
    """SQL of the properties and the key that a difference leads to, of the staged row `s` and the feature `f`."""
    layer = changeset.layer
    kept = kept_keys(changeset, layer)
    if not kept and not _keeps_keys(changeset):
        return {"properties": sql.SQL("s.properties"), "external_key": sql.SQL("s.external_key")}
    properties, keeps_key = _merged(layer, kept), sql.Literal(layer.key_field in kept)
    if _keeps_keys(changeset):
        keeps_key = sql.SQL("s.external_key IS NULL")
        properties = sql.SQL("CASE WHEN s.external_key IS NULL THEN {} ELSE {} END").format(
            _merged(layer, [*kept, layer.key_field]), properties
        )
    whole = "CASE WHEN d.op = 'U' THEN {} ELSE s.properties END"
    key = "CASE WHEN d.op = 'U' AND {} THEN f.external_key ELSE s.external_key END"
    return {"properties": sql.SQL(whole).format(properties), "external_key": sql.SQL(key).format(keeps_key)}


def _merged(layer: Layer, kept: Sequence[str]) -> sql.Composable:
    """The row's properties with the feature's values of `kept`."""
    others = [item.key for item in layer.schema if item.key not in kept]
    return sql.SQL("(s.properties - {}::text[]) || (f.properties - {}::text[])").format(
        sql.Literal(list(kept)), sql.Literal(others)
    )
