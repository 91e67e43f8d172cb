"""The whole program under its supervisor: it answers, ends cleanly, and comes back after any kill."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import processes
from supervisor import MARK

from .conftest import ROOT, SCRIPTS, Checkout

STARTS_WITHIN_S = 120


class Program:
    """`make run` without its set-up and without the demo, in a var/ directory of its own."""

    def __init__(self, checkout: Checkout, output: Path) -> None:
        self.checkout = checkout
        self.output = output
        environment = checkout.environment | {"DEMO": "no", "PORT": "18800", "WEB_WORKERS": "1"}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        environment.pop("SECRET_KEY", None)
        with output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, SCRIPTS / "run.py"], cwd=ROOT, env=environment, stdout=file, stderr=file
            )

    def wait_until_it_answers(self) -> int:
        """The port it says it answers on."""
        processes.wait_until(self._has_spoken, timeout_s=STARTS_WITHIN_S, pause_s=0.2)
        found = re.search(r"^Hromada GIS: http://localhost:(\d+)/$", self.output.read_text(), re.MULTILINE)
        assert found, self.output.read_text()
        return int(found[1])

    def _has_spoken(self) -> bool:
        return self.process.poll() is not None or "Hromada GIS: http" in self.output.read_text()

    def all_pids(self) -> list[int]:
        started = processes.marked_with(MARK, str(self.checkout.var.resolve()))
        return [self.process.pid, *started, *processes.working_in(self.checkout.var / "pg")]

    def worker(self) -> int | None:
        for pid in processes.marked_with(MARK, str(self.checkout.var.resolve())):
            with contextlib.suppress(OSError):
                if b"run_worker" in Path(f"/proc/{pid}/cmdline").read_bytes() and os.getpgid(pid) == pid:
                    return pid
        return None


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    return connection.getresponse().status


@pytest.fixture
def start(checkout: Checkout, tmp_path: Path) -> Iterator[Callable[[], Program]]:
    made: list[Program] = []

    def run() -> Program:
        made.append(Program(checkout, tmp_path / f"output-{len(made)}"))
        return made[-1]

    yield run
    for program in made:
        if program.process.poll() is None:
            program.process.send_signal(signal.SIGTERM)
            program.process.wait(60)


def test_killed_workers_and_a_killed_everything_come_back_and_ctrl_c_ends_it_cleanly(
    start: Callable[[], Program], checkout: Checkout
) -> None:
    first = start()
    port = first.wait_until_it_answers()
    assert status_of(port, "/api/limits") == 200
    checkout.sql("CREATE TABLE kept AS SELECT 1 AS value", "run")
    killed = first.worker()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert processes.wait_until(lambda: first.worker() not in (None, killed), timeout_s=20)
    assert "worker has ended (signal 9); it is started again in 1 s" in first.output.read_text()
    for pid in first.all_pids():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    first.process.wait(10)

    second = start()
    assert status_of(second.wait_until_it_answers(), "/api/limits") == 200
    assert checkout.sql("SELECT value FROM kept", "run") == "1"
    everything = second.all_pids()
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(60) == 0
    assert second.output.read_text().rstrip().endswith("Stopped.")
    assert not [pid for pid in everything[1:] if processes.start_time(pid) is not None]
    assert checkout.cluster("status", profile="run").returncode == 3


def test_what_a_killed_supervisor_left_is_ended_by_the_next_start_and_make_stop_ends_that(
    start: Callable[[], Program], checkout: Checkout
) -> None:
    first = start()
    port = first.wait_until_it_answers()
    first.process.kill()
    first.process.wait(10)
    left = processes.marked_with(MARK, str(checkout.var.resolve()))
    assert left

    second = start()
    assert second.wait_until_it_answers() == port
    assert not [pid for pid in left if processes.start_time(pid) is not None]
    stopped = subprocess.run(
        [sys.executable, SCRIPTS / "run.py", "--stop"], env=checkout.environment, timeout=60, check=False
    )
    assert stopped.returncode == 0
    assert second.process.wait(10) == 0
    assert checkout.cluster("status", profile="run").returncode == 3
