"""Real worker processes on the test's database, and what the tests ask of them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from gis_core.jobs.models import Job

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0


class Workers:
    """Supervisors started by one test; each is a session of its own, so that all of it can be killed."""

    def __init__(self) -> None:
        self.supervisors: list[subprocess.Popen[bytes]] = []

    def start(
        self, *, concurrency: int = 1, grace_s: float = 8.0, poll_s: float = 0.2, host: str = "",
        settings: str = "tests.gis_core.worker_settings", **variables: str,
    ) -> subprocess.Popen[bytes]:  # fmt: skip
        """Start a supervisor with its workers; `host` leads to the database by another way, `variables` are
        of the environment."""
        command = [sys.executable, "manage.py", "run_worker", f"--concurrency={concurrency}"]
        command += [f"--grace={grace_s}", f"--poll={poll_s}", "--nice=0"]
        environment = {
            **os.environ,
            **variables,
            "DJANGO_SETTINGS_MODULE": settings,
            "HROMADA_TEST_DB_IN_USE": connection.settings_dict["NAME"],
            "HROMADA_TEST_DB_HOST": host,
        }
        started = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        self.supervisors.append(started)
        wait_until(lambda: self.slots(started) != [] or started.poll() is not None)
        assert started.poll() is None, "the worker did not start"
        return started

    def slots(self, *supervisors: subprocess.Popen[bytes]) -> list[int]:
        """Process ids of the workers that run jobs, of these supervisors or of all."""
        found: list[int] = []
        for supervisor in supervisors or self.supervisors:
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text()
                found += [int(pid) for pid in children.split()]
        return found

    def kill_all_of(self, supervisor: subprocess.Popen[bytes]) -> None:
        """kill -9 the supervisor and its workers at one blow."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
        self.supervisors.remove(supervisor)


@contextmanager
def workers() -> Iterator[Workers]:
    """Workers for one test; all are gone when the block ends."""
    running = Workers()
    try:
        yield running
    finally:
        for supervisor in list(running.supervisors):
            running.kill_all_of(supervisor)
        wait_until(lambda: _other_sessions() == 0)


def _other_sessions() -> int:
    """How many other sessions use the test's database (a killed worker's lives on for a moment)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def effects_table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS test_job_effects")
        cursor.execute("CREATE TABLE test_job_effects (id bigserial PRIMARY KEY, n int NOT NULL)")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS test_job_effects")


def effects() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM test_job_effects ORDER BY n")
        return [row[0] for row in cursor.fetchall()]


def wait_until(condition: Callable[[], bool], *, timeout_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def wait_for_state(job: Job, *states: str, timeout_s: float = PATIENCE_S) -> Job:
    """The job once it is in one of the states."""
    end = time.monotonic() + timeout_s
    while True:
        job.refresh_from_db()
        if job.state in states:
            return job
        assert time.monotonic() < end, f"the job stayed {job.state} (attempt {job.attempts})"
        time.sleep(0.02)
