"""Progress of a running job, seen before its transaction commits.

The job's own connection is inside the transaction of its effects, and nothing written there shows
until the end. So progress, heartbeat and the question "was I cancelled?" go over a second
connection in autocommit. It opens when first needed, which for a short job is never, and its
failures never fail the job.
"""

import contextlib
import logging
import threading
import time
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.extras import Json

from gis_core.jobs.models import Job
from gis_core.jobs.plain import plain_json
from gis_core.jobs.progress import Cancelled, Killable

logger = logging.getLogger(__name__)

WATCH_S = 1.0
HEARTBEAT_S = 5.0
WRITE_S = 0.25

BEAT = (
    """UPDATE gis_core_job SET heartbeat_at = now() WHERE id = %s AND state = 'running' AND attempts = %s"""
)
ASKED = """SELECT cancel_requested_at IS NOT NULL FROM gis_core_job WHERE id = %s AND attempts = %s"""
SAY = """UPDATE gis_core_job SET progress = coalesce(%s, progress), heartbeat_at = now(),
    message_code = coalesce(%s, message_code), message_params = coalesce(%s, message_params)
    WHERE id = %s AND state = 'running' AND attempts = %s"""


class SideConnection:
    """A second connection to the database of "default", shared by the job and its watcher thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrapper: BaseDatabaseWrapper | None = None

    def execute(self, sql: str, params: list[Any]) -> list[Any]:
        """Rows of the statement ([] for none). A failure is logged and answers []."""
        with self._lock:
            try:
                with self._open().cursor() as cursor:
                    cursor.execute(sql, params)
                    return cursor.fetchall() if cursor.description else []
            except (DatabaseError, InterfaceError) as error:
                logger.warning("progress was not written: %s", error)
                self._close()
                return []

    def close(self) -> None:
        with self._lock:
            self._close()

    def _open(self) -> BaseDatabaseWrapper:
        if self._wrapper is None:
            self._wrapper = connections.create_connection(DEFAULT_DB_ALIAS)
            self._wrapper.inc_thread_sharing()
            with self._wrapper.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'; SET statement_timeout = '5s'")
        return self._wrapper

    def _close(self) -> None:
        wrapper, self._wrapper = self._wrapper, None
        if wrapper is not None:
            with contextlib.suppress(DatabaseError, InterfaceError):
                wrapper.close()


class JobReporter:
    """The reporter of one running job; `with` it runs the thread that watches for a cancel."""

    def __init__(self, job: Job, side: SideConnection) -> None:
        self._job = job
        self._side = side
        self.worker_ending = False
        self._cancelled = threading.Event()
        self._over = threading.Event()
        self._children: list[Killable] = []
        self._written_at = 0.0
        self._said = ""
        self._unsaid: list[Any] | None = None
        self._thread = threading.Thread(target=self._watch, name=f"job-{job.pk}", daemon=True)

    def __enter__(self) -> "JobReporter":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def cancel_seen(self) -> bool:
        return self._cancelled.is_set()

    def report(self, fraction: float | None, code: str, params: dict[str, Any]) -> None:
        shown = None if fraction is None else min(1.0, max(0.0, float(fraction)))
        self._unsaid = [shown, code or None, Json(plain_json(params)) if code else None]
        if time.monotonic() - self._written_at >= WRITE_S or code not in ("", self._said):
            self._said = code or self._said
            self._say()

    def _say(self) -> None:
        unsaid, self._unsaid = self._unsaid, None
        if unsaid is not None:
            self._written_at = time.monotonic()
            self._side.execute(SAY, [*unsaid, self._job.pk, self._job.attempts])

    def check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled

    def child_started(self, child: Killable) -> None:
        self._children.append(child)
        if self._cancelled.is_set():
            self.kill_children()

    def child_ended(self, child: Killable) -> None:
        with contextlib.suppress(ValueError):
            self._children.remove(child)

    def kill_children(self) -> None:
        for child in list(self._children):
            with contextlib.suppress(OSError):
                child.kill()

    def _watch(self) -> None:
        beaten_at = time.monotonic()
        while not self._over.wait(WATCH_S):
            rows = self._side.execute(ASKED, [self._job.pk, self._job.attempts])
            if rows and rows[0][0]:
                self._cancelled.set()
                self.kill_children()
            self._say()  # what came too soon after the last writing
            if time.monotonic() - beaten_at >= HEARTBEAT_S:
                beaten_at = time.monotonic()
                self._side.execute(BEAT, [self._job.pk, self._job.attempts])
