"""Looking at what an import would change, and accepting it in part (`layers.diff`), as a reader may see it."""

from collections.abc import Sequence

from django.db import ProgrammingError, transaction

from gis_core.people import User
from importers.access import may_steer
from importers.models import Import, ImportStatus
from importers.states import WrongImportStatus, state_of
from layers import diff
from layers.access import editable_schema
from layers.diff import DiffCounts, DiffRow, NoDiff
from layers.models import Changeset, Layer
from layers.queries import Box
from layers.schema import Field, Schema

_COUNTED = (ImportStatus.READY, ImportStatus.SUBMITTED)
_OPEN = (Changeset.Status.DRAFT, Changeset.Status.SUBMITTED, Changeset.Status.NEEDS_CHANGES)


def counts(importing: Import) -> dict[str, int] | None:
    """added, changed, removed, unchanged, invalid (rows left out) and accepted; None before it was prepared.

    They are counted while somebody may still look at them, and are those of the preparation while the changeset
    is being applied, which holds the differences to itself, and afterwards.
    """
    summary = importing.summary
    if summary is None:
        return None
    found = {name: summary.get(name, 0) for name in ("added", "changed", "removed", "unchanged")}
    accepted = sum(found.values()) - found["unchanged"]
    if now := _counted(importing):
        found = {name: getattr(now, name) for name in found}
        accepted = now.accepted
    elif done := applied(importing):
        accepted -= done["refused"]
    return {**found, "invalid": summary["rejected"], "accepted": accepted}


def applied(importing: Import) -> dict[str, int] | None:
    """What came of an import: features added, changed and removed, and how many differences were refused; None
    before it is applied, or where it changed nothing. The same after it was undone."""
    summary, changeset = importing.summary, importing.changeset
    if summary is None or changeset is None or changeset.status != Changeset.Status.APPLIED:
        return None
    done = {
        "added": changeset.created_count, "changed": changeset.updated_count, "removed": changeset.deleted_count,
    }  # fmt: skip
    found = sum(summary.get(name, 0) for name in done)
    return {**done, "refused": max(0, found - sum(done.values()))}


def _counted(importing: Import) -> DiffCounts | None:
    """The differences as they are now; None where they are not to be looked at, or are gone since."""
    changeset = importing.changeset
    if changeset is None or changeset.status not in _OPEN or importing.status not in _COUNTED:
        return None
    try:
        with transaction.atomic():
            return diff.diff_counts(changeset)
    except (ProgrammingError, NoDiff):
        return None


def rows(importing: Import, user: User, *, kind: str | None, limit: int, after: int) -> Sequence[DiffRow]:
    """Differences in the fields that the user sees, by id; none once they are applied."""
    changeset = importing.changeset
    if changeset is None or changeset.status not in _OPEN:
        return []
    fields = shown_fields(importing, user)
    return diff.diff_rows(changeset, kind=kind, limit=limit, after=after, fields=fields)


def features(importing: Import, *, kinds: Sequence[str], bbox: Box | None, limit: int) -> str:
    """GeoJSON text of what differs; an empty collection once it is applied."""
    changeset = importing.changeset
    if changeset is None or changeset.status not in _OPEN:
        return '{"type":"FeatureCollection","truncated":false,"features":[]}'
    return diff.diff_features(changeset, kinds=kinds, bbox=bbox, limit=limit)


def accept(importing: Import, *, kind: str | None, ids: Sequence[int] | None, accepted: bool) -> int:
    """Accept or refuse differences of an import that is ready; how many it concerned. Raises
    WrongImportStatus."""
    with transaction.atomic():
        importing = Import.objects.select_for_update(of=("self",)).get(pk=importing.pk)
        state = state_of(importing)
        if state.status != ImportStatus.READY or importing.changeset is None:
            raise WrongImportStatus(status=ImportStatus(state.status).label)
        return diff.accept(importing.changeset, kind=kind, ids=ids, accepted=accepted)


def sees_all(importing: Import, user: User) -> bool:
    """Whether no column of the file is closed to the user: its owner knows it anyway, and others see what no field
    of the target layer hides from them. Who will see a layer that is yet to come is not settled: until then its
    file is shown to those who may steer the import."""
    if importing.owner_id == user.pk:
        return True
    layer = importing.changeset.layer if importing.changeset else _target(importing)
    if layer is None or layer.is_draft:
        return may_steer(user, importing)
    return len(editable_schema(user, layer).fields) == len(layer.schema.fields)


def _target(importing: Import) -> Layer | None:
    """The layer that an import was to go into whose changeset is gone or never came."""
    slug = importing.choices.get("layer", "")
    return Layer.objects.filter(community=importing.community, slug=slug, is_draft=False).first()


def shown_fields(importing: Import, user: User) -> tuple[Field, ...]:
    """What the user sees of the layer, and fields that it is about to gain, for members as they will be; none
    before it was prepared."""
    changeset = importing.changeset
    if changeset is None:
        return ()
    seen = editable_schema(user, changeset.layer).fields
    new = Schema.from_json((importing.summary or {}).get("new_fields", [])).fields
    return (*seen, *new)
