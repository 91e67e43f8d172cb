"""The jobs of imports: the steps of `importers.pipeline`, one after the other as far as the import may go."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from gis_core.errors import HromadaError
from gis_core.jobs.tasks import task
from gis_core.people import User
from importers import pipeline
from importers.choices import APPLY, INSPECT, Choices
from importers.confirming import unconfirmed
from importers.errors import NothingLeft
from importers.folders import work_folder
from importers.models import Import, ImportStatus
from importers.questions import ASKED, stored
from importers.states import refuse_without_owner
from layers.edits import revert_changeset
from layers.models import Changeset
from layers.reverts import standings_of

_LONGEST_COMMENT = 500


@task(title=_("Looking at a file"), queue_name="imports")
def inspect_import(import_id: int, turn: int) -> dict[str, Any]:
    """Find out what the uploads hold; ask, or go on where the import may."""

    def work(importing: Import) -> None:
        pipeline.inspect(importing)
        pipeline.plan_of(importing, importing.owner)
        go_on(importing)

    return _run(import_id, turn, ImportStatus.INSPECTING, work)


@task(title=_("Preparing an import"), queue_name="imports")
def prepare_import(import_id: int, turn: int) -> dict[str, Any]:
    """Stage the rows and find what differs; ask where something is missing."""

    def work(importing: Import) -> None:
        with work_folder() as folder:
            try:
                with transaction.atomic():  # a question or a refusal takes back the half that was done
                    pipeline.prepare(importing, work=Path(folder))
            except NothingLeft as refusal:
                pipeline.keep_refusal(importing, refusal, work=Path(folder))
        go_on(importing)

    return _run(import_id, turn, ImportStatus.PREPARING, work)


@task(title=_("Comparing an import with its layer again"), queue_name="imports")
def compare_import(import_id: int, turn: int) -> dict[str, Any]:
    """Find out how the staged rows differ from a layer that has moved on; somebody looks at that, whatever the
    import was told before."""
    return _run(import_id, turn, ImportStatus.PREPARING, pipeline.compare_again)


@task(title=_("Applying an import"), queue_name="imports")
def apply_import(import_id: int, turn: int, actor_id: int | None = None) -> dict[str, Any]:
    """Make the accepted differences true, in the transaction of the job."""
    actor = None if actor_id is None else User.objects.get(pk=actor_id)
    return _run(
        import_id, turn, ImportStatus.APPLYING, lambda importing: pipeline.apply(importing, actor=actor)
    )


@task(title=_("Undoing an import"), queue_name="imports")
def revert_import(import_id: int, turn: int, actor_id: int | None = None) -> dict[str, Any]:
    """Undo an applied import by a changeset of its own, or bring one back by undoing what undid it last."""
    actor = None if actor_id is None else User.objects.get(pk=actor_id)

    def work(importing: Import) -> None:
        assert importing.changeset is not None  # noqa: S101 -- it was applied
        standing = standings_of([importing.changeset.pk])[importing.changeset.pk]
        last = Changeset.objects.get(pk=standing.last)
        revert_changeset(changeset=last, actor=actor, comment=importing.title[:_LONGEST_COMMENT])
        Import.objects.filter(pk=importing.pk).update(status=ImportStatus.APPLIED)

    return _run(import_id, turn, ImportStatus.REVERTING, work)


@task(title=_("Clearing a cancelled import"), queue_name="imports")
def clear_import(import_id: int, turn: int) -> dict[str, Any]:
    """Take back what a step left that was cancelled while it ran."""
    importing = Import.objects.select_for_update().filter(pk=import_id, turn=turn).first()
    if importing is not None:
        pipeline.drop_prepared(importing)
        Import.objects.filter(pk=import_id).update(status=ImportStatus.CANCELLED)
    return {}


def enqueue(importing: Import, status: str, actor: User | None, *, staged: bool = False) -> None:
    """Give the import its next job, which makes every earlier one void; in the caller's transaction. With
    `staged`, preparing goes by the rows that are staged already."""
    steps: dict[str, tuple[Any, tuple[Any, ...]]] = {
        ImportStatus.INSPECTING: (inspect_import, ()),
        ImportStatus.PREPARING: (compare_import if staged else prepare_import, ()),
        ImportStatus.APPLYING: (apply_import, (actor.pk if actor else None,)),
        ImportStatus.REVERTING: (revert_import, (actor.pk if actor else None,)),
    }
    job_task, arguments = steps[status]
    if status != ImportStatus.REVERTING:
        refuse_without_owner(importing)
    Import.objects.filter(pk=importing.pk).update(turn=F("turn") + 1)
    importing.refresh_from_db(fields=["turn"])
    queued = job_task.using(
        owner=actor or importing.owner, community=importing.community, subject=importing.title
    ).enqueue(importing.pk, importing.turn, *arguments)
    importing.status, importing.job = ImportStatus(status), UUID(queued.id)
    importing.question = importing.problem = None
    importing.save(update_fields=["status", "job", "question", "problem", "updated_at"])


def go_on(importing: Import) -> None:
    """Enqueue the step that is due, where the import was told to go that far by itself."""
    until = Choices.from_json(importing.choices).until
    if importing.status == ImportStatus.WAITING and until != INSPECT:
        enqueue(importing, ImportStatus.PREPARING, importing.owner)
    elif importing.status == ImportStatus.READY and until == APPLY and unconfirmed(importing) is None:
        enqueue(importing, ImportStatus.APPLYING, importing.owner)


def _run(import_id: int, turn: int, status: str, work: Callable[[Import], None]) -> dict[str, Any]:
    """Do the step, unless a later one has taken its place; a question is an answer, not a failure."""
    importing = (
        Import.objects.select_related("community", "owner", "changeset__layer__community")
        .filter(pk=import_id, turn=turn, status=status)
        .first()
    )
    if importing is None:
        return {}
    if status != ImportStatus.REVERTING:
        refuse_without_owner(importing)
    try:
        work(importing)
    except HromadaError as error:
        if error.code not in ASKED:
            raise
        question = stored(error)
        Import.objects.filter(pk=import_id).update(question=question, status=ImportStatus.WAITING)
        return {"import": str(importing.uuid), "status": ImportStatus.WAITING, "question": error.code}
    return {"import": str(importing.uuid), "status": importing.status}
