"""Runs queued jobs in this process: for tests, and for commands that finish what they queue."""

import os
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg2.extensions import TRANSACTION_STATUS_ACTIVE

from gis_core.jobs import claims, progress
from gis_core.jobs.models import Job
from gis_core.jobs.plain import plain_json
from gis_core.jobs.runner import run_claimed


class _InTransaction(progress.Silent):
    """Writes progress over the job's own connection, where a test's open transaction sees it."""

    cancel_seen = False
    worker_ending = False

    def __init__(self, job: Job) -> None:
        self._row = Job.objects.filter(pk=job.pk)

    def report(self, fraction: float | None, code: str, params: dict[str, Any]) -> None:
        if connection.connection.info.transaction_status == TRANSACTION_STATUS_ACTIVE:
            return  # the task is in the middle of a COPY, and this is its connection
        said = {"message_code": code, "message_params": plain_json(params)} if code else {}
        shown = {} if fraction is None else {"progress": min(1.0, max(0.0, fraction))}
        if said or shown:
            self._row.update(**said, **shown)


def run_ready_jobs(*, queues: list[str] | None = None) -> list[Job]:
    """Run every job that is due (of all queues, if None) one after another; returns them as they ended.

    A job put back for a later attempt is run once and returned in state "ready".
    """
    names = queues or list(settings.TASKS["default"]["QUEUES"])
    ended = []
    while (job := claims.claim_next(queues=names, worker=f"inline:{os.getpid()}")) is not None:
        try:
            run_claimed(job, _InTransaction(job))
        finally:
            claims.release(job)
        job.refresh_from_db()
        ended.append(job)
    return ended
