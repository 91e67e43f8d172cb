"""Runs a few long-lived programs as one: restarts what dies, prefixes what they print, ends them together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import processes
from console import pick

MARK = "HROMADA_SUPERVISED"  # in the environment of everything we start: how orphans are known
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 30.0
SETTLED_AFTER_S = 60.0  # a program that lived this long may be restarted at once again
_WRITING = threading.Lock()


@dataclass(frozen=True)
class Service:
    name: str
    command: Sequence[str]


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    delay_s: float = FIRST_DELAY_S
    reader: threading.Thread | None = field(default=None, repr=False)


def write_line(line: str) -> None:
    """One whole line, whoever else is writing; a terminal that has gone away must not stop the stopping."""
    with _WRITING, contextlib.suppress(OSError, ValueError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def end_orphans(mark: str) -> list[int]:
    """Ends what an earlier supervisor with this mark started and, killed itself, could not end."""
    orphans = [pid for pid in processes.marked_with(MARK, mark) if pid != os.getpid()]
    processes.end_all(orphans, grace_s=5)
    return orphans


class Supervisor:
    """`run()` returns after SIGINT, SIGTERM or SIGHUP, when everything it started has ended."""

    def __init__(
        self, services: Sequence[Service], *, mark: str, environment: dict[str, str], grace_s: float = 20
    ) -> None:
        self.mark = mark
        self.grace_s = grace_s  # until those who do not end when asked are made to
        self.environment = environment | {MARK: mark, "PYTHONUNBUFFERED": "1"}
        self.stopping = threading.Event()
        self._children = [_Child(service) for service in services]
        self._width = max(len(service.name) for service in services)

    def run(self, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Keeps the services running; `meanwhile` runs once beside them, in a thread of its own."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        threading.Thread(target=meanwhile, daemon=True).start()
        try:
            while not self.stopping.is_set():
                for child in self._children:
                    self._look_after(child)
                self.stopping.wait(0.2)
        finally:
            self._stop_all()

    def _on_signal(self, number: int, frame: object) -> None:
        if self.stopping.is_set():  # asked twice: no more patience
            for child in self._children:
                self._signal(child, signal.SIGKILL)
        self.stopping.set()

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        if now - child.started_at > SETTLED_AFTER_S:
            child.delay_s = FIRST_DELAY_S
        child.process, child.start_at = None, now + child.delay_s
        how = pick(f"signal {-code}", f"сигнал {-code}") if code < 0 else pick(f"code {code}", f"код {code}")
        name, delay = child.service.name, f"{child.delay_s:.0f}"
        write_line(
            pick(
                f"{name} has ended ({how}); it is started again in {delay} s",
                f"{name} завершився ({how}); запускаємо знову за {delay} с",
            )
        )
        child.delay_s = min(child.delay_s * 2, LONGEST_DELAY_S)

    def _start(self, child: _Child) -> None:
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(
            child.service.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        child.reader = threading.Thread(target=self._copy_output, args=(child.service.name, child.process))
        child.reader.daemon = True
        child.reader.start()

    def _copy_output(self, name: str, process: subprocess.Popen[str]) -> None:
        if process.stdout is not None:
            for line in process.stdout:
                write_line(f"{name:<{self._width}} | {line.rstrip()}")

    @staticmethod
    def _signal(child: _Child, number: int) -> None:
        if child.process is not None and child.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, number)

    def _stop_all(self) -> None:
        for child in self._children:
            self._signal(child, signal.SIGTERM)
        end = time.monotonic() + self.grace_s
        for child in self._children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._signal(child, signal.SIGKILL)
                child.process.wait()
        end_orphans(self.mark)  # what they in turn started and left behind
        for child in self._children:
            if child.reader is not None:
                child.reader.join(timeout=1)
