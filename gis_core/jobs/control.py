"""What people do to jobs: cancel one, start one again."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from gis_core import journal
from gis_core.errors import Busy, NotAllowed
from gis_core.jobs.backend import wake_workers
from gis_core.jobs.errors import JobEnded, JobNotEnded
from gis_core.jobs.models import UNFINISHED, Job, JobState
from gis_core.people import Membership, User
from gis_core.roles import Action, roles_that_may


def controllable(user: User | AnonymousUser, jobs: Iterable[Job]) -> set[int]:
    """The ids of those jobs that `user` may cancel and restart: as owner, administrator or superuser."""
    if not isinstance(user, User):
        return set()
    managed = Membership.objects.filter(user=user, role__in=roles_that_may(Action.MANAGE))
    communities = set(managed.values_list("community_id", flat=True))
    return {
        job.pk
        for job in jobs
        if user.is_superuser or job.owner_id == user.pk or job.community_id in communities
    }


def cancel_job(*, job: Job, actor: User) -> Job:
    """Cancel a waiting job at once, or ask a running one to stop; returns the job as it now is.

    Once this returns, nothing the job did will be saved: the worker looks again in the transaction
    that would save it. Raises NotAllowed, JobEnded, and Busy where the job is just being saved.
    """
    _require(actor, job)
    with transaction.atomic():
        current = _locked(job)
        if current.state == JobState.READY:
            current.state = JobState.CANCELLED
            Job.objects.filter(pk=job.pk).update(state=JobState.CANCELLED, finished_at=Now())
        elif current.state != JobState.RUNNING:
            raise JobEnded(state=current.get_state_display())
        Job.objects.filter(pk=job.pk, cancel_requested_at=None).update(cancel_requested_at=Now())
        _record("job-cancel", current, actor)
    current.refresh_from_db()
    return current


def retry_job(*, job: Job, actor: User) -> Job:
    """Start a failed or cancelled job again, with the same arguments and all its attempts.

    Raises NotAllowed and JobNotEnded. What the task itself may do is checked again when it runs.
    """
    _require(actor, job)
    with transaction.atomic():
        current = _locked(job)
        if current.state in (*UNFINISHED, JobState.DONE):
            raise JobNotEnded(state=current.get_state_display())
        Job.objects.filter(pk=job.pk).update(
            state=JobState.READY, attempts=0, run_after=Now(), cancel_requested_at=None,
            progress=0, message_code="", message_params={}, worker="",
            error_code="", error_params={}, error_text="", exception_path="",
            started_at=None, finished_at=None, heartbeat_at=None,
        )  # fmt: skip
        _record("job-retry", current, actor)
        wake_workers()
    current.refresh_from_db()
    return current


def _require(actor: User, job: Job) -> None:
    if job.pk not in controllable(actor, [job]):
        raise NotAllowed()


def _locked(job: Job) -> Job:
    """The job's row, locked; waits at most three seconds for a worker that is just saving it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '3s'")
        return Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
    except OperationalError as error:
        raise Busy() from error


def _record(action: str, job: Job, actor: User) -> None:
    journal.record(
        action=action, subject=str(job.uuid), actor=actor, community=job.community, task=job.task_path
    )
