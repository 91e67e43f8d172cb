"""The backend of Django Tasks that keeps jobs in PostgreSQL. Settings:

TASKS = {"default": {"BACKEND": "gis_core.jobs.backend.PostgresBackend", "QUEUES": ["default", "imports"]}}
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core import checks
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.module_loading import import_string
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.signals import task_enqueued

from gis_core import limits
from gis_core.jobs.plain import plain_json, plain_text
from gis_core.jobs.tasks import JobTask

if TYPE_CHECKING:  # a task may be made before the models are loaded
    from gis_core.jobs.models import Job

CHANNEL = "hromada_jobs"

STATUS = {
    "ready": TaskResultStatus.READY,
    "running": TaskResultStatus.RUNNING,
    "done": TaskResultStatus.SUCCESSFUL,
    "failed": TaskResultStatus.FAILED,
    "cancelled": TaskResultStatus.FAILED,
}


class PostgresBackend(BaseTaskBackend):
    """Queues a task as a row of Job, in the caller's transaction: a rollback takes the job with it."""

    task_class = JobTask
    supports_defer = True
    supports_get_result = True
    supports_priority = True

    def enqueue(self, task: Task[..., Any], args: Any, kwargs: Any) -> TaskResult[Any]:
        self.validate_task(task)
        with transaction.atomic():
            job = _create(task, plain_json(args), plain_json(kwargs))
            wake_workers()
        result = task_result(job, task)
        task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult[Any]:
        from gis_core.jobs.models import Job

        try:
            job = Job.objects.get(uuid=result_id)
        except (Job.DoesNotExist, ValidationError) as error:
            raise TaskResultDoesNotExist(result_id) from error
        return task_result(job, task_named(job.task_path))

    def check(self, **kwargs: Any) -> Iterable[checks.CheckMessage]:
        if connection.vendor != "postgresql":
            yield checks.Error("The job queue needs PostgreSQL.", id="gis_core.E001")


def _create(task: Task[..., Any], args: list[Any], kwargs: dict[str, Any]) -> "Job":
    from gis_core.jobs.models import Job

    later = {"run_after": task.run_after} if task.run_after else {}
    return Job.objects.create(
        task_path=task.module_path,
        arguments={"args": args, "kwargs": kwargs},
        subject=plain_text(getattr(task, "subject", ""))[:200],
        queue=task.queue_name,
        priority=task.priority,
        max_attempts=getattr(task, "max_attempts", 0) or limits.value("job_max_attempts"),
        owner_id=getattr(task, "owner_id", None),
        community_id=getattr(task, "community_id", None),
        **later,
    )


def wake_workers() -> None:
    """Tell idle workers that there may be a job, when the current transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def task_named(path: str) -> JobTask[..., Any]:
    """The task whose function has this dotted path. Raises ImportError where there is none."""
    found = import_string(path)
    if not isinstance(found, JobTask):
        raise ImportError(f"{path} is not a task")
    return found


def task_result(job: "Job", task: Task[..., Any]) -> TaskResult[Any]:
    """The job as Django Tasks shows it; a cancelled job counts as failed there."""
    result: TaskResult[Any] = TaskResult(
        task=task,
        id=str(job.uuid),
        status=STATUS[job.state],
        enqueued_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        last_attempted_at=job.started_at,
        args=job.arguments["args"],
        kwargs=job.arguments["kwargs"],
        backend="default",
        errors=[TaskError(exception_class_path=job.exception_path, traceback="")]
        if job.exception_path
        else [],
        worker_ids=[job.worker] * job.attempts,
    )
    object.__setattr__(result, "_return_value", job.result)
    return result
