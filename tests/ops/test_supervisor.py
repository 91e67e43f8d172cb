"""Programs that run as one: what dies comes back, what stops leaves nothing behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import processes
from supervisor import MARK, end_orphans

from .conftest import SCRIPTS, clean_environment

SLEEPER = "import time, os; print('pid', os.getpid()); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
WITH_CHILD = (
    "import subprocess, sys; "
    f"subprocess.Popen([sys.executable, '-uc', {SLEEPER!r}], start_new_session=True); " + SLEEPER
)
DRIVER = """
import os, sys
sys.path.insert(0, {scripts!r})
from supervisor import Service, Supervisor, end_orphans
mark = {mark!r}
print("orphans", len(end_orphans(mark)), flush=True)
services = [Service(name, [sys.executable, "-c", code]) for name, code in {programs!r}.items()]
Supervisor(services, mark=mark, environment=dict(os.environ), grace_s=1).run()
print("stopped", flush=True)
"""


class Running:
    """A supervisor in a process of its own, its output in a file."""

    def __init__(self, output: Path, mark: str, programs: dict[str, str]) -> None:
        self.output = output
        code = DRIVER.format(scripts=str(SCRIPTS), mark=mark, programs=programs)
        with output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code], stdout=file, stderr=file, env=clean_environment()
            )

    def lines(self) -> list[str]:
        return self.output.read_text().splitlines()

    def wait_for(self, text: str, times: int = 1) -> None:
        def seen() -> bool:
            return sum(text in line for line in self.lines()) >= times

        assert processes.wait_until(seen, timeout_s=20), self.output.read_text()

    def pids(self, name: str) -> list[int]:
        return [
            int(line.rpartition(" ")[2])
            for line in self.lines()
            if line.startswith(f"{name} ") and "| pid" in line
        ]

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(web=code, worker=code)`: a supervisor over two Python programs; nothing outlives the test."""
    mark = str(tmp_path)
    made: list[Running] = []

    def run(**programs: str) -> Running:
        made.append(Running(tmp_path / f"output-{len(made)}", mark, programs))
        return made[-1]

    yield run
    for running in made:
        with contextlib.suppress(ProcessLookupError):
            running.process.kill()
        running.process.wait()
    end_orphans(mark)


def alive(pid: int) -> bool:
    return processes.start_time(pid) is not None


def test_a_killed_program_is_started_again_and_the_other_one_is_left_alone(start: Start) -> None:
    running = start(web=SLEEPER, worker=SLEEPER)
    running.wait_for("| pid", times=2)
    web, worker = running.pids("web"), running.pids("worker")
    os.kill(worker[0], signal.SIGKILL)
    running.wait_for("worker | pid", times=2)
    assert "worker has ended (signal 9); it is started again in 1 s" in running.lines()
    assert running.pids("web") == web
    assert alive(web[0])
    assert alive(running.pids("worker")[1])


def test_a_program_that_keeps_failing_is_tried_again_ever_more_slowly(start: Start) -> None:
    running = start(web=SLEEPER, worker="raise SystemExit('no database')")
    running.wait_for("worker | no database", times=3)
    assert "worker has ended (code 1); it is started again in 1 s" in running.lines()
    assert "worker has ended (code 1); it is started again in 2 s" in running.lines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_every_program_and_leaves_with_zero(start: Start, number: int) -> None:
    running = start(web=SLEEPER, worker=SLEEPER)
    running.wait_for("| pid", times=2)
    pids = running.pids("web") + running.pids("worker")
    assert running.stop(number) == 0
    assert running.lines()[-1] == "stopped"
    assert not any(alive(pid) for pid in pids)


def test_a_program_that_does_not_listen_is_made_to_end(start: Start) -> None:
    running = start(web=DEAF, worker=SLEEPER)
    running.wait_for("| pid", times=2)
    pid = running.pids("web")[0]
    assert running.stop() == 0
    assert not alive(pid)


def test_what_a_program_started_in_a_session_of_its_own_ends_with_it(start: Start) -> None:
    running = start(worker=WITH_CHILD)
    running.wait_for("| pid", times=2)
    pids = running.pids("worker")
    assert len(pids) == 2
    assert running.stop() == 0
    assert not any(alive(pid) for pid in pids)


def test_orphans_of_a_killed_supervisor_are_ended_at_the_next_start_and_nothing_else_is(
    start: Start, tmp_path: Path
) -> None:
    stranger = subprocess.Popen(
        [sys.executable, "-c", SLEEPER], env=clean_environment(**{MARK: f"{tmp_path}-of-another-checkout"}),
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        first = start(web=SLEEPER, worker=DEAF)
        first.wait_for("| pid", times=2)
        pids = first.pids("web") + first.pids("worker")
        first.stop(signal.SIGKILL)
        assert all(alive(pid) for pid in pids)
        second = start(web=SLEEPER)
        second.wait_for("orphans 2")
        assert not any(alive(pid) for pid in pids)
        assert alive(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_a_terminal_that_is_gone_does_not_keep_the_programs_from_ending(tmp_path: Path, start: Start) -> None:
    code = DRIVER.format(scripts=str(SCRIPTS), mark=str(tmp_path), programs={"web": SLEEPER})
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=clean_environment(),
    )  # fmt: skip
    assert process.stdout is not None
    line = next(line for line in process.stdout if "| pid" in line)
    process.stdout.close()
    time.sleep(0.1)
    process.send_signal(signal.SIGHUP)
    process.wait(20)
    assert not alive(int(line.rpartition(" ")[2]))
