"""The only way in: whatever changes a feature is a changeset, and these five functions move it.

    open_changeset -> submit_changeset -> review_changeset -> apply_changeset -> revert_changeset

A changeset is drafted with its changes (or its staged rows), submitted once they fit the layer,
reviewed where the layer demands it, applied in one transaction, and reverted by another changeset.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gis_core import journal, limits
from gis_core.api.params import choice
from gis_core.errors import HromadaError, NotAllowed
from gis_core.geo.geojson import checked_geometry
from gis_core.people import User
from gis_core.roles import Action
from layers import access, staging
from layers.applying import Counts, NothingToChange, extent_after
from layers.catalogue import discard_draft, publish_draft, update_layer, withdraw_layer
from layers.changes import (
    apply_changes,
    check_area,
    check_geometries,
    insert_changes,
    keep_hidden_fields,
)
from layers.loads import LayerMovedOn, apply_staged
from layers.models import Change, Changeset, Layer
from layers.reverts import apply_inverse, draft_inverse, is_listed, leaves_nothing
from layers.schema import Schema
from layers.tiles import upkeep

APPROVED = "approved"
VERDICTS = (APPROVED, Changeset.Status.NEEDS_CHANGES.value, Changeset.Status.REJECTED.value)


class WrongStatus(HromadaError):
    code = "wrong-status"
    status = 409
    message = _(
        "Changeset %(changeset)s is “%(status)s”; this can be done only with one that is “%(needed)s”."
    )


class ReviewNeeded(HromadaError):
    code = "review-needed"
    status = 409
    message = _("Changes to this layer are applied after review by somebody other than their author.")


class TooManyChanges(HromadaError):
    code = "too-many-changes"
    status = 413
    message = _(
        "A changeset may have at most %(limit)s changes; this one has %(count)s. Import a file instead."
    )


class RepeatedFeature(HromadaError):
    code = "repeated-feature"
    status = 422
    message = _(
        "The changeset changes the same feature more than once: %(features)s. Send one change for each feature."
    )


class AlreadyReverted(HromadaError):
    code = "already-reverted"
    status = 409
    message = _("Changeset %(changeset)s has been reverted already, by changeset %(by)s.")


class RevertWaits(HromadaError):
    code = "revert-waits"
    status = 409
    message = _(
        "Changeset %(changeset)s is being reverted already: changeset %(by)s waits for a reviewer. Wait for "
        "their decision."
    )


@dataclass(frozen=True)
class ChangeDraft:
    """One wanted change. `geometry` is a GeoJSON geometry in 4326; updates give geometry and
    properties whole. `feature_id` and `base_version` belong to updates and deletes."""

    op: str
    feature_id: int | None = None
    base_version: int | None = None
    geometry: Mapping[str, Any] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


def open_changeset(
    *,
    layer: Layer,
    author: User | None,
    comment: str = "",
    source: str = Changeset.Source.EDIT,
    changes: Iterable[ChangeDraft] = (),
    staging_mode: str = "",
) -> Changeset:
    """A draft with its changes, or, given a `staging_mode`, with an empty staging table.

    `author` None is the server's own command line. Raises NotAllowed, BadProperties, BadGeometry,
    TooManyChanges.
    """
    access.require(author, layer, Action.EDIT)
    seen = access.editable_schema(author, layer)
    drafts = [_checked(seen, draft) for draft in changes]
    if len(drafts) > limits.value("max_changes"):
        raise TooManyChanges(count=len(drafts), limit=limits.value("max_changes"))
    _refuse_repeated(drafts)
    with transaction.atomic():
        current = Layer.objects.get(pk=layer.pk)
        changeset = Changeset.objects.create(
            layer=layer, author=author, comment=comment, source=source, staging_mode=staging_mode,
            base_revision=current.revision, review_required=current.review_required,
        )  # fmt: skip
        if staging_mode:
            staging.create_staging(changeset)
        insert_changes(changeset, drafts)
        keep_hidden_fields(changeset, seen)
    return changeset


def send_changes(
    *, layer: Layer, author: User, comment: str, source: str, changes: Iterable[ChangeDraft]
) -> Changeset:
    """Open, submit and, unless the layer demands review, apply a changeset: all of it or nothing.

    Raises what the three functions raise; then no changeset is left behind.
    """
    with transaction.atomic():
        changeset = open_changeset(
            layer=layer, author=author, comment=comment, source=source, changes=changes
        )
        changeset = submit_changeset(changeset=changeset, actor=author)
        if changeset.review_required:
            return changeset
        return apply_changeset(changeset=changeset, actor=author)


def _refuse_repeated(drafts: Sequence[ChangeDraft]) -> None:
    counted = Counter(draft.feature_id for draft in drafts if draft.feature_id is not None)
    repeated = [str(feature) for feature, count in counted.items() if count > 1]
    if repeated:
        raise RepeatedFeature(features=", ".join(repeated[:20]))


def _checked(schema: Schema, draft: ChangeDraft) -> ChangeDraft:
    if draft.op == Change.Op.DELETE:
        return ChangeDraft(draft.op, draft.feature_id, draft.base_version)
    properties = schema.check(draft.properties)
    return ChangeDraft(
        draft.op, draft.feature_id, draft.base_version, checked_geometry(draft.geometry), properties
    )


def submit_changeset(*, changeset: Changeset, actor: User | None) -> Changeset:
    """Hand a draft in: from here on its content is fixed. Raises WrongStatus, NotAllowed, BadGeometry,
    NothingToChange, OutsideYourArea."""
    with transaction.atomic():
        changeset = _locked(changeset, Changeset.Status.DRAFT, Changeset.Status.NEEDS_CHANGES)
        access.require(actor, changeset.layer, Action.EDIT)
        if actor is not None and changeset.author_id != actor.pk:
            raise NotAllowed()
        if not changeset.is_staged and not is_listed(changeset):
            if not changeset.changes.exists():
                raise NothingToChange()
            check_geometries(changeset)
        check_area(changeset)
        changeset.status = Changeset.Status.SUBMITTED
        changeset.submitted_at = timezone.now()
        changeset.reviewer = changeset.reviewed_at = None  # an earlier verdict was about another content
        changeset.save(update_fields=["status", "submitted_at", "reviewer", "reviewed_at"])
    return changeset


def review_changeset(*, changeset: Changeset, actor: User, verdict: str, comment: str = "") -> Changeset:
    """Approve (`verdict` "approved"), send back ("needs_changes") or refuse ("rejected").

    An approved changeset stays submitted, with its reviewer, until it is applied. Raises NotAllowed
    without the right or where the author reviews their own work, WrongStatus, BadParameter.
    """
    choice(verdict, VERDICTS, parameter="verdict")
    with transaction.atomic():
        changeset = _locked(changeset, Changeset.Status.SUBMITTED)
        access.require(actor, changeset.layer, Action.REVIEW)
        if changeset.review_required and changeset.author_id == actor.pk:
            raise NotAllowed()
        if verdict != APPROVED:
            changeset.status = Changeset.Status(verdict)
        if changeset.status == Changeset.Status.REJECTED:
            staging.drop_staging(changeset)
        changeset.reviewer, changeset.review_comment = actor, comment
        changeset.reviewed_at = timezone.now()
        changeset.save(update_fields=["status", "reviewer", "review_comment", "reviewed_at"])
        _record(changeset, f"changeset-{verdict.replace('_', '-')}", actor)
    return changeset


def apply_changeset(*, changeset: Changeset, actor: User | None) -> Changeset:
    """Make a submitted changeset true, in one transaction: features, history, revision, journal.

    Waits for other changesets of the layer. Raises StaleEdit where a feature was changed since the base
    version, LayerMovedOn where an import's layer was changed since its diff, NothingToChange, DuplicateKey,
    RepeatedKeys, ReviewNeeded, WrongStatus, NotAllowed; then nothing has changed.
    """
    with transaction.atomic():
        layer = _locked_layer(changeset)
        changeset = _locked(changeset, Changeset.Status.SUBMITTED)
        changeset.layer = layer
        access.require(actor, layer, Action.EDIT)
        needs_review = changeset.review_required or layer.review_required
        if needs_review and changeset.reviewer_id in (None, changeset.author_id):
            raise ReviewNeeded()
        layer = _with_new_fields(layer, changeset)
        with _writing(changeset):
            counts = _carry_out(layer, changeset, actor)
        changeset.makes_layer = layer.is_draft and not layer.is_withdrawn
        _finish(layer, changeset, counts)
        if layer.is_draft:
            publish_draft(layer=layer, actor=actor)
        elif leaves_nothing(layer, changeset):
            withdraw_layer(layer=layer, actor=actor)
        _record(changeset, "changeset-applied", actor)
    return changeset


def _with_new_fields(layer: Layer, changeset: Changeset) -> Layer:
    """The locked layer with the fields that the changeset brings. Raises LayerMovedOn where one of them was
    added since with another type, NotAllowed."""
    known = {item.key: item.type for item in layer.schema}
    if any(known.get(item.key, item.type) != item.type for item in Schema.from_json(changeset.new_fields)):
        raise LayerMovedOn()
    new = [item for item in changeset.new_fields if item["key"] not in known]
    if new:
        layer = update_layer(layer=layer, actor=changeset.author, fields=[*layer.fields, *new])
        changeset.layer = layer
    return layer


def _carry_out(layer: Layer, changeset: Changeset, actor: User | None) -> Counts:
    if changeset.is_staged:
        return apply_staged(layer, changeset)
    if is_listed(changeset):
        return apply_inverse(layer, changeset)
    return apply_changes(layer, changeset, access.editable_schema(actor, layer))


def revert_changeset(*, changeset: Changeset, actor: User | None, comment: str = "") -> Changeset:
    """Undo an applied changeset by a new one: every feature, id and attribute as before it.

    The new changeset is applied at once, or left submitted where the layer demands review. A layer that an import
    made is withdrawn once nothing that was done to its features stands; undoing the undoing brings it back. Raises
    StaleEdit with the features changed since, AlreadyReverted, RevertWaits, WrongStatus, NotAllowed.
    """
    with transaction.atomic():
        layer = _locked_layer(changeset)
        changeset = _locked(changeset, Changeset.Status.APPLIED)
        access.require(actor, layer, Action.EDIT)
        _refuse_reverted(changeset)
        inverse = open_changeset(layer=layer, author=actor, comment=comment, source=Changeset.Source.REVERT)
        inverse.reverts = changeset
        inverse.save(update_fields=["reverts"])
        draft_inverse(changeset, inverse)
        inverse = submit_changeset(changeset=inverse, actor=actor)
        if inverse.review_required:
            return inverse
        return apply_changeset(changeset=inverse, actor=actor)


def _refuse_reverted(changeset: Changeset) -> None:
    """Raises AlreadyReverted, and RevertWaits where another undoing waits for its reviewer."""
    refusals = {Changeset.Status.APPLIED: AlreadyReverted, Changeset.Status.SUBMITTED: RevertWaits}
    for status, refusal in refusals.items():
        inverse = changeset.reverted_by_set.filter(status=status).first()
        if inverse is not None:
            raise refusal(changeset=changeset.pk, by=inverse.pk)


def discard_changeset(*, changeset: Changeset, actor: User | None) -> None:
    """Throw a draft away, with its changes and staged rows, and with the draft layer that waited for it; then
    also one that was rejected. Raises WrongStatus, NotAllowed."""
    with transaction.atomic():
        layer = changeset.layer
        if layer.is_draft:
            layer = _locked_layer(changeset)
        allowed = [Changeset.Status.DRAFT, Changeset.Status.NEEDS_CHANGES]
        if layer.is_draft:
            allowed.append(Changeset.Status.REJECTED)
        changeset = _locked(changeset, *allowed)
        access.require(actor, layer, Action.EDIT)
        staging.drop_staging(changeset)
        changeset.delete()
        if layer.is_draft and not layer.changesets.exists():
            discard_draft(layer=layer, actor=actor)


def _locked_layer(changeset: Changeset) -> Layer:
    """The layer, held against other changesets of it. Its own row alone: with the community's a long import
    would hold up every layer of the community. Not against references, which a new draft makes."""
    rows = Layer.objects.select_for_update(of=("self",), no_key=True).select_related("community")
    return rows.get(pk=changeset.layer_id)


def _locked(changeset: Changeset, *allowed: Changeset.Status) -> Changeset:
    found = (
        Changeset.objects.select_for_update(of=("self",))
        .select_related("layer__community")
        .get(pk=changeset.pk)
    )
    if found.status not in allowed:
        needed = ", ".join(str(status.label) for status in allowed)
        raise WrongStatus(changeset=found.pk, status=found.get_status_display(), needed=needed)
    return found


@contextmanager
def _writing(changeset: Changeset) -> Iterator[None]:
    """Opens the features for one changeset: the triggers refuse every write outside of this."""
    statement = "SELECT set_config('hromada.changeset', %s, true)"
    with connection.cursor() as cursor:
        cursor.execute(statement, [str(changeset.pk)])
        yield
        cursor.execute(statement, [""])  # after an error the rollback does it


def _finish(layer: Layer, changeset: Changeset, counts: Counts) -> None:
    """Write down that the changeset is applied: its own row and the layer's state."""
    changeset.status = Changeset.Status.APPLIED
    changeset.revision = layer.revision + 1
    changeset.applied_at = timezone.now()
    changeset.created_count, changeset.updated_count, changeset.deleted_count = counts
    changeset.save()
    layer.revision += 1
    layer.feature_count += counts.created - counts.deleted
    layer.extent = extent_after(layer, changeset)
    layer.save(update_fields=["revision", "feature_count", "extent", "updated_at"])
    upkeep.after_apply(layer, changeset)


def _record(changeset: Changeset, action: str, actor: User | None) -> None:
    layer = changeset.layer
    journal.record(
        action=action, subject=layer.full_name, actor=actor, community=layer.community,
        changeset=changeset.pk, revision=changeset.revision, created=changeset.created_count,
        updated=changeset.updated_count, deleted=changeset.deleted_count,
    )  # fmt: skip
