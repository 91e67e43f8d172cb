"""Settings of a worker that kills itself, once, at the moment that HROMADA_TEST_KILL_AT names: a progress message,
or `finish:<task>` when all effects of the task are written and only the commit is missing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gis_core.jobs import progress
from tests.gis_core.worker_settings import *  # noqa: F403

_MOMENT = os.environ["HROMADA_TEST_KILL_AT"]
_MARK = Path(os.environ["HROMADA_TEST_KILL_MARK"])
_report, _using = progress.report, progress.using


def _die(moment: str) -> None:
    if moment == _MOMENT and not _MARK.exists():
        _MARK.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _report_or_die(fraction: float | None = None, message: str = "", **params: Any) -> None:
    _report(fraction, message, **params)
    _die(message)


@contextmanager
def _using_or_die(reporter: Any) -> Iterator[None]:
    with _using(reporter):
        yield
    _die(f"finish:{reporter._job.task_path.rpartition('.')[2]}")


progress.report, progress.using = _report_or_die, _using_or_die
