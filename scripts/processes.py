"""Finding and ending our own processes on Linux, sure of the identity: a number alone may be reused."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on (man 5 proc, field 3), whatever the name contains."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def start_time(pid: int) -> int | None:
    """Clock ticks after boot at which the process began; None when there is none, or only a zombie."""
    try:
        fields = _stat(pid)
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def all_pids() -> Iterator[int]:
    for entry in os.listdir(PROC):
        if entry.isdigit():
            yield int(entry)


def working_in(directory: Path) -> list[int]:
    """Processes whose working directory is this one: all of PostgreSQL's work in their data directory."""
    found = []
    for pid in all_pids():
        with contextlib.suppress(OSError):
            if os.path.samefile(PROC / str(pid) / "cwd", directory) and start_time(pid) is not None:
                found.append(pid)
    return found


def marked_with(name: str, value: str) -> list[int]:
    """Processes started with this variable in their environment, children of children included."""
    wanted = f"{name}={value}".encode()
    found = []
    for pid in all_pids():
        with contextlib.suppress(OSError):
            variables = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
            if wanted in variables and start_time(pid) is not None:
                found.append(pid)
    return found


def wait_until(condition: Callable[[], bool], *, timeout_s: float, pause_s: float = 0.05) -> bool:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause_s)
    return True


def end_all(pids: Iterable[int], *, grace_s: float) -> None:
    """Asks the processes to end, and after the grace time makes them; returns when they are gone."""
    alive = {pid: start_time(pid) for pid in pids}

    def remaining() -> list[int]:
        return [pid for pid, started in alive.items() if started is not None and start_time(pid) == started]

    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
        for pid in remaining():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if wait_until(lambda: not remaining(), timeout_s=patience_s):
            return
