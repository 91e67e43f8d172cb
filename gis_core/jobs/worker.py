"""One worker process: waits for jobs, runs one at a time, survives what happens to the database.

It holds one direct connection (never through a pooler that shares sessions: the claim is a session
lock), and a second one only while a job reports progress. Ended by SIGTERM it finishes its job or,
after the grace time or a second SIGTERM, puts it back into the queue.
"""

import logging
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections

from gis_core import limits
from gis_core.jobs import claims, upkeep
from gis_core.jobs.backend import CHANNEL
from gis_core.jobs.models import Job
from gis_core.jobs.reporter import JobReporter, SideConnection
from gis_core.jobs.runner import WorkerEnding, run_claimed

logger = logging.getLogger(__name__)

SWEEP_S = 1.0
RECONNECT_S = (0.2, 0.5, 1.0, 2.0, 5.0)
CONNECTION_AGE_S = 3600


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """`poll_s`: longest sleep without a notification; `grace_s`: how long SIGTERM lets a job run on."""

    queues: tuple[str, ...]
    poll_s: float = 1.0
    grace_s: float = 8.0


class Worker:
    """The loop of one process. `run` returns after SIGTERM."""

    def __init__(self, options: WorkerOptions) -> None:
        self._options = options
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._ending = False
        self._interruptible = False
        self._swept_at = 0.0
        self._connected_at = 0.0
        self._raw: Any = None
        self._side = SideConnection()
        self._reporter: JobReporter | None = None
        self._wake_r, self._wake_w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        self._install_signals()
        failures = 0
        while not self._ending:
            try:
                self._connect()
                failures = 0
                upkeep.run()
                self._serve()
            except (DatabaseError, InterfaceError, psycopg2.Error) as error:
                # Any of them, for a lost connection may come as any; and a missing table means that the
                # migrations have yet to run.
                logger.warning("the database is away, trying again: %s", str(error).strip())
                self._disconnect()
                self._sleep(RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])
                failures += 1
        self._disconnect()

    def _serve(self) -> None:
        """Take and run jobs until the process should end or the connection is old."""
        while not self._ending and time.monotonic() - self._connected_at < CONNECTION_AGE_S:
            if connection.connection is not self._raw:
                return  # a job's connection broke and another was opened: set that one up first
            self._sweep()
            job = claims.claim_next(queues=list(self._options.queues), worker=self._name)
            if job is None:
                self._side.close()
                self._wait(self._options.poll_s)
            else:
                self._run(job)
                self._close_strays()
        if not self._ending:
            self._disconnect()

    def _run(self, job: Job) -> None:
        started = time.monotonic()
        with JobReporter(job, self._side) as reporter:
            self._reporter = reporter
            run_claimed(job, reporter, interruptible=self._interruptions)
        claims.release(job)
        logger.info("job %s %s: %.2f s", job.uuid, job.task_path, time.monotonic() - started)

    def _sweep(self) -> None:
        if time.monotonic() - self._swept_at >= SWEEP_S:
            self._swept_at = time.monotonic()
            if found := claims.reclaim_orphans():
                logger.warning("found %s jobs whose worker had gone", found)

    # The connection

    def _connect(self) -> None:
        connection.ensure_connection()
        self._raw = connection.connection
        self._connected_at = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            if cursor.fetchone()[0] != self._raw.get_backend_pid():
                raise ImproperlyConfigured(
                    "The worker's DATABASE_URL leads to a connection pooler. Give it the database itself: "
                    "a claim is a lock of the session, and a pooler shares sessions."
                )
            # The server notices a killed worker inside a long statement instead of finishing it first.
            cursor.execute("SET client_connection_check_interval = '1s'")
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [_seconds("job_statement_s")])
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [_seconds("job_lock_wait_s")])
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute(f"LISTEN {CHANNEL}")

    def _disconnect(self) -> None:
        self._side.close()
        connections.close_all()

    def _close_strays(self) -> None:
        """Close what a job opened besides the worker's own connection, such as the read-only alias."""
        for other in connections.all(initialized_only=True):
            if other.alias != DEFAULT_DB_ALIAS:
                other.close()

    def _wait(self, seconds: float) -> None:
        """Sleep until a job is announced, a signal comes, or the time is over."""
        ready, _, _ = select.select([self._raw, self._wake_r], [], [], seconds)
        if self._raw in ready:
            self._raw.poll()
            self._raw.notifies.clear()

    def _sleep(self, seconds: float) -> None:
        if not self._ending:
            select.select([self._wake_r], [], [], seconds)

    # Signals

    def _install_signals(self) -> None:
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_term)
        signal.signal(signal.SIGALRM, self._on_alarm)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor, which sends SIGTERM

    def _on_term(self, signum: int, frame: object) -> None:
        if self._ending:
            self._interrupt()
        self._ending = True
        signal.setitimer(signal.ITIMER_REAL, max(0.01, self._options.grace_s), 1.0)

    def _on_alarm(self, signum: int, frame: object) -> None:
        self._interrupt()

    def _interrupt(self) -> None:
        if self._interruptible and self._reporter is not None:
            self._reporter.worker_ending = True
            raise WorkerEnding

    @contextmanager
    def _interruptions(self) -> Iterator[None]:
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False


def _seconds(limit: str) -> str:
    return f"{limits.value(limit)}s"
