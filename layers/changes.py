"""The SQL of small changesets: rows of `Change` written, checked and applied, set-based."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from gis_core.errors import HromadaError
from gis_core.geo.geojson import BadGeometry
from gis_core.people import Membership
from layers import staging
from layers.applying import Counts, apply_wanted
from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType
from layers.schema import Schema

if TYPE_CHECKING:
    from layers.edits import ChangeDraft


class StaleEdit(HromadaError):
    """Somebody changed the features since; `params["conflicts"]` has both versions of each."""

    code = "stale-edit"
    status = 409
    message = _(
        "%(count)s features were changed by somebody else since you began. Compare both versions and decide."
    )


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
    if count or changeset.is_staged or staging.has_table(staging.inverse_name(changeset)):
        raise OutsideYourArea(count=count or _now("some"))


def apply_changes(layer: Layer, changeset: Changeset, seen: Schema) -> Counts:
    """Carry out the changes of a locked layer; a conflict shows the fields in `seen` alone. Raises
    StaleEdit, DuplicateKey."""
    refuse_stale(layer, changeset, seen)
    wanted = sql.SQL("(SELECT * FROM layers_change WHERE changeset_id = {})")
    return apply_wanted(layer, changeset, wanted.format(sql.Literal(changeset.pk)))


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
