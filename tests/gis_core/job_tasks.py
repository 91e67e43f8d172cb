"""Tasks for the tests of the queue. Their effect is a row of `test_job_effects`."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from django.db import OperationalError, connection, connections, transaction
from django.utils.translation import gettext_lazy as _

from gis_core.errors import BadParameter
from gis_core.jobs import messages, progress
from gis_core.jobs.tasks import task

COUNTED = messages.define("test-counted", _("Rows written: %(rows)s"))


def write_effect(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO test_job_effects (n) VALUES (%s)", [number])


@task(title="Write a row", max_attempts=30)
def write(number: int, seconds: float = 0.0) -> dict[str, int]:
    """Writes, then dawdles: a kill falls between the effect and its commit."""
    write_effect(number)
    time.sleep(seconds)
    return {"number": number}


@task(title="Write a row, then wait for a file")
def write_and_wait(number: int, wait_for: str) -> None:
    write_effect(number)
    for step in range(600):
        progress.report(min(0.9, step / 100), COUNTED, rows=step)
        progress.check_cancelled()
        if Path(wait_for).exists():
            return
        time.sleep(0.05)


@task(title="Deaf to everything")
def sleep_deaf(number: int, seconds: float) -> None:
    write_effect(number)
    time.sleep(seconds)


@task(title="Long statement at the first attempt")
def long_statement_once(number: int, marker: str) -> None:
    write_effect(number)
    if not Path(marker).exists():
        Path(marker).touch()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")


@task(title="Killer of its worker")
def kill_own_worker(number: int) -> None:
    write_effect(number)
    os.kill(os.getpid(), signal.SIGKILL)


@task(title="Run a child process")
def run_child(pid_file: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as child, progress.child_process(child):
        Path(pid_file).write_text(str(child.pid))
        if child.wait() != 0:
            raise RuntimeError("the child was killed")


class _Slow:
    """A file of rows without end, read slowly."""

    def read(self, size: int = -1) -> str:
        time.sleep(0.05)
        progress.check_cancelled()
        return "1\n"


@task(title="Copy rows without end")
def copy_slowly() -> None:
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY test_job_effects (n) FROM STDIN", _Slow())


@task(title="Fail in a known way")
def fail_known() -> None:
    write_effect(1)
    raise BadParameter(parameter="crs", reason="EPSG:1")


@task(title="Fail in an unknown way")
def fail_unknown() -> None:
    write_effect(1)
    raise ValueError("secret path /etc/hosts")


@task(title="Fail in a way that passes")
def fail_passing() -> None:
    write_effect(1)
    raise OperationalError("deadlock detected")


@task(title="Return what was given")
def give_back(value: Any) -> Any:
    return value


@task(title="Return what JSON does not know")
def return_no_json() -> Any:
    write_effect(1)
    return object()


@task(title="Open the read-only alias")
def read_public() -> None:
    with connections["public"].cursor() as cursor:
        cursor.execute("SELECT 1")


@task(title="Report after the transaction")
def with_commit_hook(path: str) -> None:
    transaction.on_commit(lambda: Path(path).write_text("committed"))
