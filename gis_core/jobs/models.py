"""One row for each job: what to do, for whom, how far it is, how it ended."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community


class JobState(models.TextChoices):
    READY = "ready", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


UNFINISHED = (JobState.READY, JobState.RUNNING)


class Job(models.Model):
    """A job of the queue. Its states are changed only by `claims` (workers) and `control` (people).

    `attempts` counts the starts and is the fencing token of the running one: a worker that lost its
    claim cannot write any more, because the number has moved on. `heartbeat_at` is for display; who
    holds a job is decided by an advisory lock on (`claims.LOCK_CLASS`, id).
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    task_path = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict, help_text='{"args": [], "kwargs": {}}')
    subject = models.CharField(max_length=200, blank=True)
    queue = models.CharField(max_length=40)
    priority = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.READY)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField()
    run_after = models.DateTimeField(db_default=Now())
    progress = models.FloatField(default=0)
    message_code = models.CharField(max_length=60, blank=True)
    message_params = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)
    error_text = models.TextField(blank=True)
    exception_path = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="jobs")
    community = models.ForeignKey(Community, models.CASCADE, null=True, related_name="jobs")
    cancel_requested_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                "state", models.F("priority").desc(), "id",
                condition=models.Q(state__in=["ready", "running"]), name="job_unfinished",
            ),
            models.Index(fields=["community", "-id"], name="job_by_community"),
            models.Index(fields=["owner", "-id"], name="job_by_owner"),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=models.Q(progress__gte=0, progress__lte=1), name="job_progress_is_a_fraction"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_path} {self.uuid} ({self.state})"
