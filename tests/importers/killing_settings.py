"""Settings of a worker that kills itself once at each of the moments that HROMADA_TEST_KILL_AT lists:

`<message>` when that progress is told, `<message>+<n>` at the n-th thing that happens in the job after that (a
process started, further progress, a statement to the database), `finish:<task>` when all effects of the task are
written and only the commit is missing. Each leaves a file of its name in the folder HROMADA_TEST_KILL_MARKS.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db.backends.signals import connection_created

from gis_core.jobs import progress
from tests.gis_core.worker_settings import *  # noqa: F403

_MARKS = Path(os.environ["HROMADA_TEST_KILL_MARKS"])
_MOMENTS = os.environ["HROMADA_TEST_KILL_AT"].split(",")
_report, _using, _child_process = progress.report, progress.using, progress.child_process
_since: dict[str, int] = {}
"""The messages of the running job, and how much happened since the first time of each."""


def _die(moment: str) -> None:
    if moment in _MOMENTS and not (_MARKS / moment).exists():
        (_MARKS / moment).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _something_happens() -> None:
    for message in _since:
        _since[message] += 1
        _die(f"{message}+{_since[message]}")


def _report_or_die(fraction: float | None = None, message: str = "", **params: Any) -> None:
    _report(fraction, message, **params)
    _something_happens()
    if message not in _since:
        _since[message] = 0
        _die(message)


@contextmanager
def _child_process_or_die(child: Any) -> Iterator[None]:
    with _child_process(child):
        _something_happens()
        yield


@contextmanager
def _using_or_die(reporter: Any) -> Iterator[None]:
    with _using(reporter):
        yield
    _die(f"finish:{reporter._job.task_path.rpartition('.')[2]}")
    _since.clear()


def _statement_or_die(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if context["connection"].in_atomic_block:  # that of the job; progress goes another way
        _something_happens()
    return execute(sql, params, many, context)


def _listen_to(connection: Any, **_: Any) -> None:
    connection.execute_wrappers.append(_statement_or_die)


progress.report, progress.using, progress.child_process = _report_or_die, _using_or_die, _child_process_or_die
connection_created.connect(_listen_to, weak=False)
