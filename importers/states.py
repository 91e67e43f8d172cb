"""Where an import is. The row says which step was begun, its job and its changeset what came of it.

Nothing is written here: a worker that is killed cannot leave an import behind that says it is being worked on
for ever, because the job queue finds out, and this asks the queue.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.errors import HromadaError
from gis_core.jobs.models import UNFINISHED, Job, JobState
from importers.models import Import, ImportStatus
from layers.models import Changeset
from layers.reverts import Standing, standings_of

WORKING = frozenset({
    ImportStatus.INSPECTING, ImportStatus.PREPARING, ImportStatus.APPLYING, ImportStatus.REVERTING,
})  # fmt: skip
ENDED = frozenset({
    ImportStatus.APPLIED, ImportStatus.SUBMITTED, ImportStatus.UNCHANGED, ImportStatus.REVERTED,
})  # fmt: skip
"""Done or out of our hands: there is nothing left to decide, prepare or throw away."""


class ImportInterrupted(HromadaError):
    code = "import-interrupted"
    status = 500
    message = _("The work on this import ended and nobody knows why. Nothing was saved; start it again.")


class WrongImportStatus(HromadaError):
    code = "wrong-import-status"
    status = 409
    message = _("The import is “%(status)s”; this cannot be done with it now.")


class OwnerGone(HromadaError):
    code = "import-owner-gone"
    status = 409
    message = _("Whoever began this import has no account any more. Send the file again as a new import.")


class ChangesetRejected(HromadaError):
    code = "changeset-rejected"
    status = 409
    message = _("The reviewer refused this import: %(comment)s")


def refuse_without_owner(importing: Import) -> None:
    """An import acts with its owner's rights; without an owner those would be the server's own. Raises OwnerGone."""
    if importing.owner_id is None:
        raise OwnerGone()


@dataclass(frozen=True)
class State:
    """An import as it is: status, why it failed ({"code", "params"}), and the job that works on it or did.

    One that is applied is `undoing` where a changeset that undoes it waits for its reviewer, and one that is undone
    where one waits that brings it back.
    """

    status: ImportStatus
    problem: dict[str, Any] | None
    job: Job | None
    undoing: bool = False

    @property
    def label(self) -> str:
        waits = self.undoing and self.status == ImportStatus.APPLIED
        return str(_("applied; its undoing waits for a reviewer") if waits else self.status.label)

    @property
    def is_working(self) -> bool:
        return self.status in WORKING


def state_of(importing: Import) -> State:
    return states_of([importing])[0]


def states_of(imports: Iterable[Import]) -> list[State]:
    """For each import its state, in order; two queries, however many there are. Changesets should be selected
    before."""
    listed = list(imports)
    jobs = _jobs_of(listed)
    # Rows are read before their jobs: a job that was done in between has changed its row.
    moved = [item for item in listed if _has_moved(item, jobs)]
    for item in moved:
        item.refresh_from_db()
    if moved:
        jobs |= _jobs_of(moved)
    standings = _standings_of(listed)
    return [
        _state(item, jobs.get(item.job) if item.job else None, standings.get(item.changeset_id or 0))
        for item in listed
    ]


def _jobs_of(imports: list[Import]) -> dict[Any, Job]:
    return {job.uuid: job for job in Job.objects.filter(uuid__in=[it.job for it in imports if it.job])}


def _standings_of(imports: list[Import]) -> dict[int, Standing]:
    """What became of changesets that were handed in, or are being undone or brought back."""
    handed_in = (ImportStatus.APPLIED, ImportStatus.SUBMITTED, ImportStatus.REVERTING)
    changesets = [item.changeset_id for item in imports if item.status in handed_in and item.changeset_id]
    return standings_of(changesets) if changesets else {}


def _has_moved(importing: Import, jobs: dict[Any, Job]) -> bool:
    job = jobs.get(importing.job)
    return importing.status in WORKING and (job is None or job.state not in UNFINISHED)


def _state(importing: Import, job: Job | None, standing: Standing | None) -> State:
    status = ImportStatus(importing.status)
    if status in WORKING:
        return _of_job(status, job, standing)
    changeset = importing.changeset
    if status == ImportStatus.SUBMITTED and changeset is not None:
        return _of_review(changeset, job, standing)
    if status == ImportStatus.APPLIED and changeset is not None:
        return _of_applied(importing.problem, job, standing)
    return State(status, importing.problem, job)


def _of_job(status: ImportStatus, job: Job | None, standing: Standing | None) -> State:
    if job is not None and job.state in UNFINISHED:
        return State(status, None, job)
    before = _of_applied(None, job, standing).status if status == ImportStatus.REVERTING else None
    if job is not None and job.state == JobState.CANCELLED:
        return State(before or ImportStatus.CANCELLED, None, job)
    problem = {"code": ImportInterrupted.code, "params": {}}
    if job is not None and job.error_code:
        problem = {"code": job.error_code, "params": job.error_params}
    return State(before or ImportStatus.FAILED, problem, job)


def _of_review(changeset: Changeset, job: Job | None, standing: Standing | None) -> State:
    match changeset.status:
        case Changeset.Status.APPLIED:
            return _of_applied(None, job, standing)
        case Changeset.Status.REJECTED:
            refusal = ChangesetRejected(comment=changeset.review_comment)
            return State(ImportStatus.FAILED, {"code": refusal.code, "params": refusal.params}, job)
        case Changeset.Status.NEEDS_CHANGES:
            return State(ImportStatus.READY, None, job)
        case _:
            return State(ImportStatus.SUBMITTED, None, job)


def _of_applied(problem: dict[str, Any] | None, job: Job | None, standing: Standing | None) -> State:
    undone = standing is not None and standing.is_undone
    status = ImportStatus.REVERTED if undone else ImportStatus.APPLIED
    return State(status, problem, job, undoing=standing is not None and standing.waits)
