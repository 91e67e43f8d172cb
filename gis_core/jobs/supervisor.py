"""Keeps a number of worker processes alive: starts each anew when it dies, ends all on SIGTERM.

A process for each slot, because what can end a worker (a crash in a C library, the kernel's
memory killer, a person) should end one job's attempt and nothing else.
"""

import ctypes
import logging
import os
import signal
import time
from dataclasses import dataclass

from django.db import connections

from gis_core.jobs.worker import Worker, WorkerOptions

logger = logging.getLogger(__name__)

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
PR_SET_PDEATHSIG = 1
LAST_PATIENCE_S = 5.0  # beyond the workers' own grace time, before SIGKILL
RESTART_S = 1.0


@dataclass
class _Slot:
    pid: int = 0
    start_at: float = 0.0


class Supervisor:
    """Runs `concurrency` workers until SIGTERM or SIGINT; a second signal hurries them."""

    def __init__(self, options: WorkerOptions, *, concurrency: int, nice: int = 0) -> None:
        self._options = options
        self._nice = nice
        self._slots = [_Slot() for _ in range(concurrency)]
        self._kill_at: float | None = None

    def run(self) -> None:
        connections.close_all()  # a connection shared by two processes would serve neither
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        while self._kill_at is None or any(slot.pid for slot in self._slots):
            self._start_missing()
            received = signal.sigtimedwait(SIGNALS, 0.5)
            if received is not None and received.si_signo != signal.SIGCHLD:
                self._end()
            self._reap()
            if self._kill_at is not None and time.monotonic() > self._kill_at:
                self._signal_all(signal.SIGKILL)

    def _start_missing(self) -> None:
        for slot in self._slots:
            if not slot.pid and self._kill_at is None and time.monotonic() >= slot.start_at:
                slot.pid = self._fork()
                slot.start_at = time.monotonic() + RESTART_S

    def _fork(self) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            _end_with_parent(parent)
            os.nice(self._nice)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            Worker(self._options).run()
            code = 0
        except BaseException:
            logger.exception("a worker process ended by a fault")
        finally:
            logging.shutdown()
            os._exit(code)

    def _reap(self) -> None:
        for slot in self._slots:
            if slot.pid:
                pid, status = os.waitpid(slot.pid, os.WNOHANG)
                if pid:
                    slot.pid = 0
                    if self._kill_at is None:
                        logger.warning("worker %s ended (status %s); starting another", pid, status)

    def _end(self) -> None:
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._options.grace_s + LAST_PATIENCE_S
        self._signal_all(signal.SIGTERM)

    def _signal_all(self, number: signal.Signals) -> None:
        for slot in self._slots:
            if slot.pid:
                os.kill(slot.pid, number)


def _end_with_parent(parent: int) -> None:
    """Have the kernel send this process SIGTERM when the supervisor dies, however it dies."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
