"""Reading jobs: which ones a person may see, and what is shown of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from gis_core.jobs.backend import task_named
from gis_core.jobs.control import controllable
from gis_core.jobs.errors import JobNotFound
from gis_core.jobs.messages import error_sentence, sentence
from gis_core.jobs.models import UNFINISHED, Job, JobState
from gis_core.people import Membership, User
from gis_core.roles import Action, roles_that_may

Reader = User | AnonymousUser


def visible_jobs(user: Reader) -> QuerySet[Job]:
    """The jobs `user` may see, with owner and community: their own, and their communities' if they edit."""
    jobs = Job.objects.select_related("owner", "community")
    if not isinstance(user, User):
        return jobs.none()
    if user.is_superuser:
        return jobs
    edited = Membership.objects.filter(user=user, role__in=roles_that_may(Action.EDIT)).values("community")
    return jobs.filter(Q(owner=user) | Q(community__in=edited))


def visible_job(user: Reader, uuid: Any) -> Job:
    """One job. Raises JobNotFound for one that is absent and for one that is hidden alike."""
    try:
        job = visible_jobs(user).filter(uuid=uuid).first()
    except ValidationError:
        job = None
    if job is None:
        raise JobNotFound()
    return job


@dataclass(frozen=True)
class Sentence:
    """A message or error: its code and parameters for programs, its text in the reader's language."""

    code: str
    params: dict[str, Any]
    text: str


@dataclass(frozen=True)
class JobView:
    """What is shown of a job, on the page and in the API. `progress` is 0 to 1."""

    uuid: str
    title: str
    subject: str
    state: str
    state_text: str
    progress: float
    message: Sentence | None
    result: Any
    error: Sentence | None
    attempts: int
    max_attempts: int
    cancel_requested: bool
    can_cancel: bool
    can_retry: bool
    community: str | None
    owner: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None


def job_view(job: Job, user: Reader) -> JobView:
    """A visible job as `user` sees it, texts in the active language."""
    return job_views([job], user)[0]


def job_views(jobs: Sequence[Job], user: Reader) -> list[JobView]:
    """Several of them for one more query."""
    mine = controllable(user, jobs)
    return [_view(job, job.pk in mine) for job in jobs]


def _view(job: Job, control: bool) -> JobView:
    return JobView(
        uuid=str(job.uuid),
        title=_title(job.task_path),
        subject=job.subject,
        state=job.state,
        state_text=job.get_state_display(),
        progress=job.progress,
        message=_message(job),
        result=job.result,
        error=_error(job),
        attempts=job.attempts,
        max_attempts=job.max_attempts,
        cancel_requested=job.cancel_requested_at is not None,
        can_cancel=control and job.state in UNFINISHED and job.cancel_requested_at is None,
        can_retry=control and job.state in (JobState.FAILED, JobState.CANCELLED),
        community=job.community.slug if job.community else None,
        owner=str(job.owner) if job.owner else None,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        heartbeat_at=job.heartbeat_at,
    )


def _title(path: str) -> str:
    try:
        return str(task_named(path).title) or path
    except ImportError:
        return path


def _message(job: Job) -> Sentence | None:
    if not job.message_code:
        return None
    return Sentence(job.message_code, job.message_params, sentence(job.message_code, job.message_params))


def _error(job: Job) -> Sentence | None:
    if not job.error_code:
        return None
    text = error_sentence(job.error_code, job.error_params, job.error_text)
    return Sentence(job.error_code, job.error_params, text)
