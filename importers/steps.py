"""How people and programs move an import: every page, address and command calls these.

    start_import -> decide (as often as needed) -> prepare -> apply -> revert -> redo
    cancel, retry, discard

Each changes the row in one short transaction and leaves the work to a job (`importers.tasks`). What is wrong
with a decision is refused here, before anything is read; what is missing is asked (`Import.question`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext_lazy as _

from gis_core import journal
from gis_core.communities import Community
from gis_core.errors import HromadaError, NotAllowed, NotFound
from gis_core.jobs.control import cancel_job
from gis_core.jobs.errors import JobEnded
from gis_core.jobs.models import JobState
from gis_core.people import User
from importers import pipeline, tasks
from importers.access import may_steer
from importers.choices import BadChoice, Choices
from importers.earlier import with_target
from importers.fields import field_key
from importers.models import Import, ImportStatus, Upload
from importers.plan import chosen_layer, target_layer
from importers.questions import MISSING, stored
from importers.states import ENDED, State, WrongImportStatus, refuse_without_owner, state_of
from importers.uploads import discard_upload
from layers.catalogue import LayerBeingPrepared, may_create_layers, refuse_name_of_raster
from layers.loads import LayerMovedOn
from layers.models import Layer, Raster

_INSPECTED_WITH = frozenset({"encoding"})
"""Choices that change what is found in a file: with another encoding its columns have other names."""
_PLACED_WITH = frozenset({"crs", "swap_xy", "source_layer", "place_column"})
"""Choices by which the data come to lie where they do."""
_WITHOUT_EFFECT = frozenset({"until", "accept_outside"})


class ImportBusy(HromadaError):
    code = "import-busy"
    status = 409
    message = _("The import is being worked on (%(status)s). Wait until that is done, or cancel it.")


class UploadNotComplete(HromadaError):
    code = "upload-not-complete"
    status = 409
    message = _("“%(name)s” has not arrived in full. Send the rest and try again.")


class UploadGone(HromadaError):
    code = "upload-gone"
    status = 410
    message = _("The file of this import is no longer kept. Send it again as a new import.")


class QuestionOpen(HromadaError):
    """Params: `question` {code, params}."""

    code = "question-open"
    status = 409
    message = _("Something must be decided before this import can go on.")


def start_import(
    *, community: Community, owner: User, uploads: Sequence[Upload], choices: Mapping[str, Any] | Choices
) -> Import:
    """Begin an import of the uploads (the parts of one file, or one archive) and queue its inspection.

    Raises NotAllowed, NotFound (somebody else's upload), UploadNotComplete, BadChoice.
    """
    if not may_create_layers(owner, community):
        raise NotAllowed()
    wanted = choices if isinstance(choices, Choices) else Choices.from_json(choices)
    _refuse_uploads(uploads, community, owner)
    with transaction.atomic():
        importing = Import.objects.create(
            community=community, owner=owner, name=_name_of(uploads), choices=wanted.to_json()
        )
        importing.uploads.set(uploads)
        _refuse_slug(importing, wanted, owner)
        tasks.enqueue(importing, ImportStatus.INSPECTING, owner)
        _record("import-started", importing, owner)
    return importing


def decide(*, importing: Import, actor: User, choices: Mapping[str, Any]) -> Import:
    """Change decisions; the import goes back to the step that they touch, and on where it may by itself.

    `choices` holds those that change. Raises BadChoice and whatever else is wrong with one; ImportBusy,
    WrongImportStatus.
    """
    with transaction.atomic():
        importing, state = _locked(importing, actor)
        _refuse_status(state, but=ENDED)
        before = Choices.from_json(importing.choices)
        wanted = before.with_changes(choices)
        if "accept_outside" not in choices and _lies_otherwise(wanted, before):
            wanted = replace(wanted, accept_outside=False)
        changed = wanted.changed(before) - _WITHOUT_EFFECT
        importing.choices = wanted.to_json()
        importing.save(update_fields=["choices", "updated_at"])
        if state.status == ImportStatus.READY and not changed:
            tasks.go_on(importing)
            return importing
        _refuse_slug(importing, wanted, actor)
        if importing.inspection is None or changed & _INSPECTED_WITH:
            pipeline.drop_prepared(importing)
            tasks.enqueue(importing, ImportStatus.INSPECTING, actor)
            return importing
        pipeline.drop_prepared(importing)
        importing.question, importing.problem = _question(importing), None
        importing.status = ImportStatus.WAITING
        importing.save(update_fields=["question", "problem", "status", "updated_at"])
        if importing.question is None:
            tasks.go_on(importing)
    return importing


def split(*, importing: Import, actor: User, layers: Sequence[str]) -> list[Import]:
    """Import several layers of the file: this import takes the first, each other gets one of its own, with the
    same uploads and what was found in them. Raises LayerNotInFile, BadChoice (none named), ImportBusy,
    WrongImportStatus.

    Each goes into the layer that took it before, else into a new one named after its own, where no other name was
    chosen.
    """
    with transaction.atomic():
        importing, state = _locked(importing, actor)
        _refuse_status(state, but=ENDED)
        inspection = pipeline.inspection_of(importing)
        if inspection is None:
            raise WrongImportStatus(status=ImportStatus(state.status).label)
        names = list(dict.fromkeys(layers))
        if not names:
            raise BadChoice(choice="source_layers", reason=_("at least one layer must be named."))
        slugs: list[str] = []
        for name in names:
            source = chosen_layer(inspection, name)
            chosen = Choices.from_json(importing.choices)
            if slugs:  # what was decided so far is about one layer
                chosen = replace(chosen, layer="", title={})
            known = with_target(chosen, importing, inspection, source).layer
            slugs.append(known or free_slug(importing.community, name, besides=slugs))
        siblings = [
            _sibling(importing, name, slug, actor) for name, slug in zip(names[1:], slugs[1:], strict=True)
        ]
        wanted = {"source_layer": names[0], "layer": slugs[0]}
        first = decide(importing=importing, actor=actor, choices=wanted)
        return [first, *(decide(importing=sibling, actor=actor, choices={}) for sibling in siblings)]


def _sibling(importing: Import, source_layer: str, slug: str, actor: User) -> Import:
    wanted = {
        **importing.choices, "source_layer": source_layer, "layer": slug, "title": {},
        "mapping": [], "keep_personal": {}, "key_field": "", "place_column": "", "mode": "",
        "accept_outside": False,
    }  # fmt: skip
    made = Import.objects.create(
        community=importing.community, owner=importing.owner, name=importing.name,
        inspection=importing.inspection, content=importing.content, status=ImportStatus.WAITING,
        choices=Choices.from_json(wanted).to_json(),
    )  # fmt: skip
    made.uploads.set(importing.uploads.all())
    _record("import-started", made, actor)
    return made


def free_slug(community: Community, name: str, *, besides: Sequence[str] = ()) -> str:
    """A short name for a new layer, made of `name`, that no layer and no raster of the community has and that is
    not among `besides`."""
    taken = set(besides)
    for named in (Layer.objects.named(), Raster.objects.all()):
        taken.update(named.filter(community=community).values_list("slug", flat=True))
    return field_key(field_key(name)[:36].rstrip("_"), taken)


def prepare(*, importing: Import, actor: User) -> Import:
    """Queue the preparation; what was prepared before is dropped. Raises QuestionOpen, ImportBusy,
    WrongImportStatus, UploadGone."""
    with transaction.atomic():
        importing, state = _locked(importing, actor)
        _refuse_status(state, but=ENDED)
        _prepare(importing, actor)
    return importing


def apply(*, importing: Import, actor: User) -> Import:
    """Queue the application of the accepted differences. Raises ImportBusy, WrongImportStatus."""
    with transaction.atomic():
        importing, state = _locked(importing, actor)
        _refuse_status(state, only={ImportStatus.READY})
        tasks.enqueue(importing, ImportStatus.APPLYING, actor)
    return importing


def cancel(*, importing: Import, actor: User) -> Import:
    """Stop whatever is being done and take back what is staged; nothing of the import is saved after this.

    Raises WrongImportStatus for one that has ended, Busy where it is just being saved, ImportBusy where somebody
    has just begun another step.
    """
    importing, state = _loaded(importing, actor)
    _refuse_status(state, but=ENDED | {ImportStatus.CANCELLED}, busy=False)
    if state.status == ImportStatus.REVERTING:
        raise WrongImportStatus(status=ImportStatus(state.status).label)
    running = False
    if state.is_working and state.job is not None:
        try:
            # Before the row is locked: a worker locks its job last.
            running = cancel_job(job=state.job, actor=actor).state == JobState.RUNNING
        except JobEnded:
            return cancel(importing=importing, actor=actor) if _moved(importing, state) else importing
    with transaction.atomic():
        if running:
            clear = tasks.clear_import.using(
                owner=actor, community=importing.community, subject=importing.title
            )
            clear.enqueue(importing.pk, importing.turn)
        else:
            importing, state = _locked(importing, actor)
            _refuse_status(state, but=ENDED)  # a step may have been taken since it was looked at
            pipeline.drop_prepared(importing)
            importing.status, importing.question = ImportStatus.CANCELLED, None
            importing.save(update_fields=["status", "question", "updated_at"])
        _record("import-cancelled", importing, actor)
    return importing


def retry(*, importing: Import, actor: User) -> Import:
    """Do the step again that failed or was cancelled. Raises ImportBusy, WrongImportStatus, UploadGone."""
    with transaction.atomic():
        importing, state = _locked(importing, actor)
        _refuse_status(state, only={ImportStatus.FAILED, ImportStatus.CANCELLED})
        if importing.inspection is None or importing.status == ImportStatus.INSPECTING:
            _refuse_gone(importing)
            tasks.enqueue(importing, ImportStatus.INSPECTING, actor)
        elif _is_staged(importing):
            # What is staged needs no other reading: it is applied, or compared with the layer as it is now.
            moved = (state.problem or {}).get("code") == LayerMovedOn.code
            step = ImportStatus.PREPARING if moved else ImportStatus.APPLYING
            tasks.enqueue(importing, step, actor, staged=True)
        elif question := _question(importing):
            _refuse_gone(importing)
            importing.question, importing.problem, importing.status = question, None, ImportStatus.WAITING
            importing.save(update_fields=["question", "problem", "status", "updated_at"])
        else:
            _prepare(importing, actor)
    return importing


def discard(*, importing: Import, actor: User | None) -> None:
    """Throw an import away that changed nothing: its row, findings, staged rows and files.

    Raises ImportBusy (cancel it first), and WrongImportStatus for one whose changeset stands.
    """
    with transaction.atomic():
        importing, state = _locked(importing, actor)
        _refuse_status(state, but={ImportStatus.APPLIED, ImportStatus.SUBMITTED, ImportStatus.REVERTED})
        pipeline.drop_prepared(importing)
        uploads = list(importing.uploads.all())
        _record("import-discarded", importing, actor)
        importing.delete()
        for upload in uploads:
            if not upload.imports.exists():
                discard_upload(upload)


def revert(*, importing: Import, actor: User) -> Import:
    """Queue the undoing of an applied import. Raises ImportBusy, WrongImportStatus, NotAllowed."""
    with transaction.atomic():
        importing, state = _locked(importing, actor)
        _refuse_status(state, only={ImportStatus.APPLIED})
        if state.undoing:
            raise WrongImportStatus(status=state.label)
        tasks.enqueue(importing, ImportStatus.REVERTING, actor)
    return importing


def redo(*, importing: Import, actor: User) -> Import:
    """Queue the undoing of what undid an import: its features come back with their ids, and so does the layer that
    it had made. Raises ImportBusy, WrongImportStatus, NotAllowed."""
    with transaction.atomic():
        importing, state = _locked(importing, actor)
        _refuse_status(state, only={ImportStatus.REVERTED})
        if state.undoing:
            raise WrongImportStatus(status=state.label)
        tasks.enqueue(importing, ImportStatus.REVERTING, actor)
    return importing


# --- what the steps have in common ---


def _loaded(importing: Import, actor: User | None) -> tuple[Import, State]:
    found = Import.objects.select_related("community", "owner", "changeset__layer__community")
    current = found.get(pk=importing.pk)
    if not may_steer(actor, current):
        raise NotAllowed()
    return current, state_of(current)


def _locked(importing: Import, actor: User | None) -> tuple[Import, State]:
    """The import as it is now, held against everybody else; a job that saves it holds it too."""
    try:
        Import.objects.select_for_update(nowait=True).get(pk=importing.pk)
    except OperationalError as error:
        raise ImportBusy(status=ImportStatus(importing.status).label) from error
    return _loaded(importing, actor)


def _refuse_status(
    state: State, *, only: Any = frozenset(), but: Any = frozenset(), busy: bool = True
) -> None:
    label = ImportStatus(state.status).label
    if busy and state.is_working:
        raise ImportBusy(status=label)
    if (only and state.status not in only) or state.status in but:
        raise WrongImportStatus(status=label)


def _question(importing: Import) -> dict[str, Any] | None:
    """What is missing in the decisions; raises what is wrong in them."""
    refuse_without_owner(importing)
    try:
        pipeline.plan_of(importing, importing.owner)
    except HromadaError as error:
        if error.code not in MISSING:
            raise
        return stored(error)
    return None


def _lies_otherwise(wanted: Choices, before: Choices) -> bool:
    """Whether the data lie elsewhere by the new choices, or go elsewhere: what was confirmed of the place is void."""
    return bool(wanted.changed(before) & _PLACED_WITH) or wanted.layer != before.layer != ""


def _prepare(importing: Import, actor: User) -> None:
    if importing.inspection is None:
        raise WrongImportStatus(status=ImportStatus(importing.status).label)
    if question := _question(importing):
        raise QuestionOpen(question=question)
    _refuse_gone(importing)
    pipeline.drop_prepared(importing)
    tasks.enqueue(importing, ImportStatus.PREPARING, actor)


def _is_staged(importing: Import) -> bool:
    return importing.status == ImportStatus.APPLYING and importing.changeset is not None


def _moved(importing: Import, state: State) -> bool:
    """Whether the import is elsewhere than it was when `state` was asked."""
    importing.refresh_from_db()
    return state_of(importing).status != state.status


def _refuse_slug(importing: Import, choices: Choices, actor: User) -> None:
    """A name that another import holds for a new layer; raises NotAllowed for a layer closed to the actor."""
    if not choices.layer:
        return
    layer = target_layer(importing.community, actor, choices.layer)
    drafts = Layer.objects.filter(
        community=importing.community, slug=choices.layer, is_draft=True, revision=0
    )
    if layer is None and drafts.exclude(changesets__import_of=importing).exists():
        raise LayerBeingPrepared(community=importing.community.slug, slug=choices.layer)
    if layer is None:
        refuse_name_of_raster(importing.community, choices.layer)


def _refuse_uploads(uploads: Sequence[Upload], community: Community, owner: User) -> None:
    if not uploads:
        raise NotFound()
    for upload in uploads:
        if upload.community_id != community.pk or upload.owner_id != owner.pk:
            raise NotFound()
        if not upload.is_complete:
            raise UploadNotComplete(name=upload.name)


def _refuse_gone(importing: Import) -> None:
    uploads = list(importing.uploads.all())
    if not uploads or not all(upload.path.exists() for upload in uploads):
        raise UploadGone()


def _name_of(uploads: Sequence[Upload]) -> str:
    """The file's name; of several parts the one that carries geometry, by which people know them."""
    names = [upload.name for upload in uploads]
    return next((name for name in names if name.lower().endswith((".shp", ".tab", ".mif"))), names[0])


def _record(action: str, importing: Import, actor: User | None) -> None:
    journal.record(
        action=action, subject=str(importing.uuid), actor=actor, community=importing.community,
        name=importing.title,
    )  # fmt: skip
