"""The SQL of small changesets: rows of `Change` written, checked, applied and inverted, set-based."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from gis_core.errors import HromadaError
from gis_core.geo.geojson import BadGeometry
from gis_core.people import Membership
from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType
from layers.schema import Schema

if TYPE_CHECKING:
    from layers.edits import ChangeDraft


class Counts(NamedTuple):
    created: int
    updated: int
    deleted: int


class StaleEdit(HromadaError):
    """Somebody changed the features since; `params["conflicts"]` has both versions of each."""

    code = "stale-edit"
    status = 409
    message = _(
        "%(count)s features were changed by somebody else since you began. Compare both versions and decide."
    )


class DuplicateKey(HromadaError):
    code = "duplicate-key"
    status = 409
    message = _("The layer already has another feature with key “%(key)s”.")


class OutsideYourArea(HromadaError):
    code = "outside-your-area"
    status = 403
    message = _("%(count)s of the features lie outside the area that you may edit.")


def insert_changes(changeset: Changeset, drafts: "Sequence[ChangeDraft]") -> None:
    """Store drafts as rows of `Change`; a created feature is given its id at once."""
    key_field = changeset.layer.key_field
    rows = [
        (
            changeset.pk, draft.op, draft.feature_id, draft.base_version,
            json.dumps(draft.geometry) if draft.geometry else None,
            json.dumps(draft.properties, ensure_ascii=False) if draft.op != "D" else None,
            _key(draft.properties.get(key_field)),
        )
        for draft in drafts
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO layers_change
                (changeset_id, op, feature_id, base_version, geom, properties, external_key)
            VALUES (%s, %s, coalesce(%s, nextval('layers_feature_id_seq')), %s,
                    ST_SetSRID(ST_GeomFromGeoJSON(%s), 4326), %s, %s)
            """,
            rows,
        )


def keep_hidden_fields(changeset: Changeset, seen: Schema) -> None:
    """Carry values that the author does not see over into their updates, which give properties whole."""
    hidden = hidden_keys(changeset.layer, seen)
    if not hidden:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE layers_change c
            SET properties = c.properties || (SELECT coalesce(jsonb_object_agg(key, value), '{}')
                                              FROM jsonb_each(f.properties) WHERE key = ANY(%(hidden)s)),
                external_key = CASE WHEN %(key_is_hidden)s THEN f.external_key ELSE c.external_key END
            FROM layers_feature f
            WHERE c.changeset_id = %(changeset)s AND c.op = 'U'
              AND f.layer_id = %(layer)s AND f.id = c.feature_id
            """,
            {
                "changeset": changeset.pk, "layer": changeset.layer_id, "hidden": hidden,
                "key_is_hidden": changeset.layer.key_field in hidden,
            },
        )  # fmt: skip


def hidden_keys(layer: Layer, seen: Schema) -> list[str]:
    """Keys of the layer's fields that are not in `seen`."""
    return [item.key for item in layer.schema if seen.get(item.key) is None]


def _key(value: Any) -> str | None:
    return None if value is None else str(value)


def check_geometries(changeset: Changeset) -> None:
    """Raises BadGeometry for the first drawn geometry that is invalid or not of the layer's kind."""
    kind = changeset.layer.geometry_type
    allowed = [] if kind == GeometryType.ANY else [f"ST_{kind}", f"ST_Multi{kind}"]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ST_GeometryType(geom), CASE WHEN NOT ST_IsValid(geom) THEN ST_IsValidReason(geom) END
            FROM layers_change
            WHERE changeset_id = %(changeset)s AND op <> 'D'
              AND (NOT ST_IsValid(geom)
                   OR (%(allowed)s <> '{}' AND ST_GeometryType(geom) <> ALL (%(allowed)s)))
            ORDER BY id LIMIT 1
            """,
            {"changeset": changeset.pk, "allowed": allowed},
        )
        row = cursor.fetchone()
    if row is None:
        return
    found, reason = row
    if reason:
        raise BadGeometry(
            reason=_now("it is not valid (%s); redraw the lines so that they do not cross") % reason
        )
    raise BadGeometry(
        reason=_now("the layer holds %(kind)s, this is %(found)s") % {"kind": kind, "found": found[3:]}
    )


def check_area(changeset: Changeset) -> None:
    """Raises OutsideYourArea where the author's membership is limited to an area and changes leave it,
    by where a feature is now as well as by where it is moved to."""
    membership = Membership.objects.filter(
        user=changeset.author, community_id=changeset.layer.community_id, area__isnull=False
    ).first()
    if membership is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM layers_change c
            LEFT JOIN layers_feature f ON f.id = c.feature_id AND f.layer_id = %(layer)s,
            (SELECT area FROM gis_core_membership WHERE id = %(membership)s) AS m
            WHERE c.changeset_id = %(changeset)s
              AND (NOT coalesce(ST_CoveredBy(c.geom, m.area), true)
                   OR NOT coalesce(ST_CoveredBy(f.geom, m.area), true))
            """,
            {"layer": changeset.layer_id, "membership": membership.pk, "changeset": changeset.pk},
        )
        (count,) = cursor.fetchone()
    if count or changeset.is_staged:
        raise OutsideYourArea(count=count or _now("some"))


def apply_changes(layer: Layer, changeset: Changeset, seen: Schema) -> Counts:
    """Carry out the changes of a locked layer; a conflict shows the fields in `seen` alone. Raises
    StaleEdit, DuplicateKey."""
    refuse_stale(layer, changeset, seen)
    ensure_partition(layer)
    values = {"layer": layer.pk, "changeset": changeset.pk, "revision": layer.revision + 1}
    try:
        with connection.cursor() as cursor:
            return Counts(
                deleted=_run(cursor, _DELETE, values),
                updated=_run(cursor, _UPDATE, values),
                created=_run(cursor, _INSERT, values),
            )
    except IntegrityError as error:
        raise duplicate_key(error) from error


def duplicate_key(error: IntegrityError) -> Exception:
    """The named failure behind a broken unique index of keys, else the error itself."""
    diagnostics = getattr(error.__cause__, "diag", None)
    if diagnostics is None or getattr(error.__cause__, "pgcode", "") != "23505":
        return error
    return DuplicateKey(key=(diagnostics.message_detail or "").partition(")=(")[2].partition(")")[0])


def _run(cursor: Any, statement: str, values: dict[str, int]) -> int:
    cursor.execute(statement, values)
    return int(cursor.rowcount)


_DELETE = """
    DELETE FROM layers_feature f USING layers_change c
    WHERE f.layer_id = %(layer)s AND c.changeset_id = %(changeset)s AND c.op = 'D' AND f.id = c.feature_id
"""
_UPDATE = """
    UPDATE layers_feature f
    SET geom = c.geom, properties = c.properties, external_key = c.external_key, version = f.version + 1,
        revision = %(revision)s, changeset_id = %(changeset)s, updated_at = now()
    FROM layers_change c
    WHERE f.layer_id = %(layer)s AND c.changeset_id = %(changeset)s AND c.op = 'U' AND f.id = c.feature_id
"""
# A feature that a revert brings back goes on counting where it ended: base_version is its last version.
_INSERT = """
    INSERT INTO layers_feature (id, layer_id, geom, properties, external_key, version, revision, changeset_id)
    SELECT c.feature_id, %(layer)s, c.geom, c.properties, c.external_key, coalesce(c.base_version, 0) + 1,
           %(revision)s, %(changeset)s
    FROM layers_change c
    WHERE c.changeset_id = %(changeset)s AND c.op = 'C'
"""


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


def refuse_stale(layer: Layer, changeset: Changeset, seen: Schema) -> None:
    """Raises StaleEdit with both versions of every feature that changed since its base version."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT jsonb_build_object(
                'id', c.feature_id, 'base_version', c.base_version,
                'yours', CASE WHEN c.op = 'U' THEN jsonb_build_object(
                    'geometry', ST_AsGeoJSON(c.geom, 15)::jsonb,
                    'properties', c.properties - %(hidden)s::text[]) END,
                'theirs', CASE WHEN f.id IS NOT NULL THEN jsonb_build_object(
                    'version', f.version, 'geometry', ST_AsGeoJSON(f.geom, 15)::jsonb,
                    'properties', f.properties - %(hidden)s::text[], 'updated_at', f.updated_at) END)
            FROM layers_change c LEFT JOIN layers_feature f ON f.id = c.feature_id AND f.layer_id = %(layer)s
            WHERE c.changeset_id = %(changeset)s AND c.op IN ('U', 'D')
              AND f.version IS DISTINCT FROM c.base_version
            ORDER BY c.feature_id
            """,
            {"layer": layer.pk, "changeset": changeset.pk, "hidden": hidden_keys(layer, seen)},
        )
        conflicts = [json.loads(row) for (row,) in cursor.fetchall()]
    if conflicts:
        raise StaleEdit(count=len(conflicts), conflicts=conflicts)


def draft_inverse(changeset: Changeset, inverse: Changeset) -> None:
    """Fill `inverse` with what undoes `changeset`, read from the history. Raises StaleEdit where a
    feature of it was changed later."""
    values = {"layer": changeset.layer_id, "changeset": changeset.pk, "inverse": inverse.pk}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED_SINCE, values)
        since = [identity for (identity,) in cursor.fetchall()]
        if since:
            raise StaleEdit(count=len(since), conflicts=[{"id": identity} for identity in since])
        cursor.execute(_INVERSE, values)


# What the changeset made is past already, or what it deleted is there again.
_CHANGED_SINCE = """
    SELECT feature_id FROM layers_featureversion WHERE layer_id = %(layer)s AND changeset_id = %(changeset)s
    UNION
    SELECT v.feature_id FROM layers_featureversion v
    JOIN layers_feature f ON f.id = v.feature_id AND f.layer_id = %(layer)s
    WHERE v.layer_id = %(layer)s AND v.ended_by_id = %(changeset)s AND f.changeset_id <> %(changeset)s
    ORDER BY 1
"""
_INVERSE = """
    INSERT INTO layers_change (changeset_id, op, feature_id, base_version, geom, properties, external_key)
    SELECT %(inverse)s,
           CASE WHEN v.id IS NULL THEN 'D' WHEN f.id IS NULL THEN 'C' ELSE 'U' END,
           coalesce(f.id, v.feature_id), coalesce(f.version, v.version), v.geom, v.properties, v.external_key
    FROM (SELECT * FROM layers_featureversion
          WHERE layer_id = %(layer)s AND ended_by_id = %(changeset)s) AS v
    FULL JOIN (SELECT * FROM layers_feature
               WHERE layer_id = %(layer)s AND changeset_id = %(changeset)s) AS f ON f.id = v.feature_id
"""


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
