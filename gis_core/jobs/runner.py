"""Runs one claimed job: its effects and its "done" in one transaction, or neither."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg2
from django.db import OperationalError, connection, transaction
from django.db.utils import InterfaceError
from django_tasks.base import TaskContext
from django_tasks.utils import get_module_path

from gis_core import sqlstates
from gis_core.errors import DatabaseFull, HromadaError
from gis_core.jobs import claims, progress
from gis_core.jobs.backend import task_named, task_result
from gis_core.jobs.errors import JobCrashed, JobGaveUp, TaskUnknown
from gis_core.jobs.models import Job

logger = logging.getLogger(__name__)

# Raw errors too: cursor.copy_expert and the like are not wrapped by Django.
MAY_PASS = (OperationalError, InterfaceError, psycopg2.OperationalError, psycopg2.InterfaceError)


class WorkerEnding(BaseException):
    """The worker was asked to end while a job runs; the job goes back to the queue."""


class RunningReporter(progress.Reporter, Protocol):
    """A reporter that also knows why the task was stopped: what the task raises then may be something
    else, such as the death of its child, or psycopg2's QueryCanceled for anything raised inside COPY."""

    @property
    def cancel_seen(self) -> bool: ...

    @property
    def worker_ending(self) -> bool: ...


@contextmanager
def _uninterrupted() -> Iterator[None]:
    yield


def run_claimed(job: Job, reporter: RunningReporter, *, interruptible: Any = _uninterrupted) -> None:
    """Run a job this process has claimed, and settle it whatever happens. Raises a database
    error only where the database is gone: the job is then found as an orphan later.

    `interruptible()` surrounds the task's own code, where a WorkerEnding may be raised.
    """
    try:
        with transaction.atomic():
            with progress.using(reporter), interruptible():
                result = _call(job)
            claims.finish(job, result)
    except progress.Cancelled:
        _settle(claims.mark_cancelled, job)
    except WorkerEnding:
        _settle(claims.give_back, job)
    except claims.ClaimLost:
        logger.warning("job %s is no longer this worker's; its work was rolled back", job.uuid)
    except Exception as error:
        if reporter.cancel_seen:
            _settle(claims.mark_cancelled, job)
        elif reporter.worker_ending:
            _settle(claims.give_back, job)
        else:
            _after_failure(job, error)


def _call(job: Job) -> Any:
    try:
        task = task_named(job.task_path)
    except ImportError as error:
        raise TaskUnknown(task=job.task_path) from error
    args, kwargs = job.arguments["args"], job.arguments["kwargs"]
    if task.takes_context:
        return task.call(TaskContext(task_result=task_result(job, task)), *args, **kwargs)
    return task.call(*args, **kwargs)


def _after_failure(job: Job, error: Exception) -> None:
    path = get_module_path(type(error))[:200]
    failure = sqlstates.named(error)
    if isinstance(failure, DatabaseFull):  # not tried again: that would take the room which others still have
        logger.error("job %s: the database has no room left: %s", job.uuid, error)
        error = failure
    if isinstance(error, HromadaError):
        logger.info("job %s failed: %s", job.uuid, error.code)
        _settle(claims.fail, job, error, exception_path=path)
    elif not _may_pass(error):
        logger.error("job %s crashed", job.uuid, exc_info=error)
        _settle(claims.fail, job, JobCrashed(job=str(job.uuid)), exception_path=path)
    elif job.attempts >= job.max_attempts:
        logger.error("job %s gave up after %s attempts", job.uuid, job.attempts, exc_info=error)
        _settle(claims.fail, job, JobGaveUp(attempts=job.attempts), exception_path=path)
    else:
        logger.warning("job %s, attempt %s: %s", job.uuid, job.attempts, error)
        _settle(claims.retry_later, job, delay_s=claims.backoff_s(job.attempts))


def _may_pass(error: Exception) -> bool:
    """Whether trying again can help: the connection broke, a deadlock, a lock or a statement timed out."""
    return isinstance(error, MAY_PASS) or _connection_lost()


def _connection_lost() -> bool:
    """Known by the connection, not the error: psycopg2 reports a loss even as a plain DatabaseError."""
    return connection.connection is None or connection.connection.closed != 0


def _settle(change: Any, job: Job, *args: Any, **kwargs: Any) -> None:
    """Write the job's end, over a new connection if the old one broke: the attempt number fences it."""
    if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
        connection.close()
    change(job, *args, **kwargs)
