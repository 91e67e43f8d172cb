"""How a worker takes a job and lets it go: every change of a job's state that a worker makes.

A claim is a session advisory lock on the worker's own connection, so that it ends with the connection
however the worker ends. The lock is taken before the row says "running" and let go after it says
something else: a running job whose lock is free has lost its worker. `attempts` fences: what a worker
writes counts only while the number is the one it was given (see docs/decisions/0002-job-queue.md).
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import translation

from gis_core.errors import HromadaError
from gis_core.jobs.backend import wake_workers
from gis_core.jobs.errors import JobKilled
from gis_core.jobs.models import Job, JobState
from gis_core.jobs.plain import plain_json, plain_text
from gis_core.jobs.progress import Cancelled

LOCK_CLASS = 0x4A4F4253  # "JOBS": the first key of the two-key advisory locks, the second is the job's id


class ClaimLost(Exception):
    """Another worker has the job, or it is gone; what this worker did must not be committed."""


def claim_next(*, queues: list[str], worker: str) -> Job | None:
    """Take the next job that is due, or None. The caller holds its lock until `release`."""
    passed_over: list[int] = []
    while True:
        with transaction.atomic():
            due = Job.objects.filter(state=JobState.READY, run_after__lte=Now(), queue__in=queues)
            job = (
                due.exclude(pk__in=passed_over)
                .select_for_update(skip_locked=True)
                .order_by(F("priority").desc(), "pk")
                .first()
            )
            if job is None:
                return None
            if _try_lock(job.pk):
                _begin(job, worker)
                return job
        # The connection of an earlier attempt is still on its way out; the job stays ready.
        passed_over.append(job.pk)


def _begin(job: Job, worker: str) -> None:
    job.attempts += 1
    job.state = JobState.RUNNING
    job.worker = worker[:100]
    Job.objects.filter(pk=job.pk).update(
        state=job.state, attempts=job.attempts, worker=job.worker, started_at=Now(), heartbeat_at=Now(),
        progress=0, message_code="", message_params={}, error_code="", error_params={}, error_text="",
        exception_path="",
    )  # fmt: skip


def finish(job: Job, result: Any) -> None:
    """Say "done" in the transaction of the job's own effects, so that both stand or fall.

    Raises ClaimLost, or Cancelled where somebody asked to cancel before this moment: either way the
    caller's transaction must roll back.
    """
    mine = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts)
    asked = list(mine.select_for_update().values_list("cancel_requested_at", flat=True))
    if not asked:
        raise ClaimLost(job.uuid)
    if asked[0] is not None:
        raise Cancelled
    mine.update(state=JobState.DONE, result=plain_json(result), progress=1, finished_at=Now())


def fail(job: Job, error: HromadaError, *, exception_path: str = "") -> None:
    _end(job, JobState.FAILED, exception_path=exception_path, **_stored(error))


def mark_cancelled(job: Job) -> None:
    _end(job, JobState.CANCELLED)


def retry_later(job: Job, *, delay_s: float) -> None:
    """Put the job back for another attempt after a failure that may pass."""
    _settle(job, state=JobState.READY, run_after=Now() + timedelta(seconds=delay_s), worker="")


def give_back(job: Job) -> None:
    """Put the job back as if this attempt had not been: the worker is ending, the job is not to blame."""
    with transaction.atomic():
        _settle(job, state=JobState.READY, run_after=Now(), worker="", attempts=F("attempts") - 1)
        wake_workers()


def release(job: Job) -> None:
    """Let the lock go. Harmless where the connection, and the lock with it, is already gone."""
    _unlock(job.pk)


def reclaim_orphans() -> int:
    """Find running jobs whose worker is gone and requeue them, or end them after the last attempt.

    Call it only while holding no claim: to its own session a lock looks free. Returns how many it found.
    """
    found = 0
    for pk in list(Job.objects.filter(state=JobState.RUNNING).values_list("pk", flat=True)):
        if not _try_lock(pk):
            continue  # alive, or its connection is still on its way out: the next round sees
        try:
            found += _reclaim(pk)
        finally:
            _unlock(pk)
    return found


def _reclaim(pk: int) -> int:
    with transaction.atomic():
        orphans = Job.objects.filter(pk=pk, state=JobState.RUNNING)
        job = orphans.select_for_update(skip_locked=True).first()
        if job is None:
            return 0
        if job.cancel_requested_at is not None:
            mark_cancelled(job)
        elif job.attempts >= job.max_attempts:
            fail(job, JobKilled(attempts=job.attempts))
        else:
            retry_later(job, delay_s=backoff_s(job.attempts - 1))
        return 1


def backoff_s(failures: int) -> float:
    """Seconds to wait after so many failures: 0, 2, 10, 50, … at most 5 minutes."""
    return 0 if failures <= 0 else min(300, 2 * 5 ** (failures - 1))


def _end(job: Job, state: str, **values: Any) -> None:
    _settle(job, state=state, finished_at=Now(), **values)


def _settle(job: Job, **values: Any) -> None:
    """Write to the job if it is still this attempt's; a lost claim writes nothing, which is right."""
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts).update(**values)


def _stored(error: HromadaError) -> dict[str, Any]:
    with translation.override(settings.LANGUAGE_CODE):
        text = plain_text(str(error))
    try:
        params = plain_json(error.params)
    except TypeError:
        params = {key: plain_text(str(item)) for key, item in error.params.items()}
    return {"error_code": error.code, "error_params": params, "error_text": text}


def _try_lock(pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, _lock_key(pk)])
        return bool(cursor.fetchone()[0])


def _unlock(pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, _lock_key(pk)])


def _lock_key(pk: int) -> int:
    """The id as a four-byte key. After 2³¹ jobs a key repeats: two jobs then only wait for each other."""
    return pk & 0x7FFFFFFF
