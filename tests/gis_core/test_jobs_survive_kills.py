"""The queue keeps its promise, every effect exactly once, whatever happens to its workers."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from gis_core.jobs.models import UNFINISHED, Job, JobState
from tests.gis_core import job_tasks
from tests.gis_core.flaky_server import flaky_server
from tests.gis_core.job_workers import Workers, effects, effects_table, wait_for_state, wait_until, workers

JOBS = 300
KILLS = 50
TIME_S = 120


@pytest.fixture(autouse=True)
def _effects(transactional_db: None) -> Iterator[None]:
    with effects_table():
        yield


def job_of(result: object) -> Job:
    return Job.objects.get(uuid=result.id)  # type: ignore[attr-defined]


def kill_at_random(running: Workers, *, seed: int) -> int:
    """kill -9 fifty workers, now and then one together with its supervisor and siblings; how many it was.

    As jobs get done the kills keep step, so that the last comes well before the last job on any machine.
    """
    dice = random.Random(seed)
    kills, end = 0, time.monotonic() + TIME_S
    while kills < KILLS and time.monotonic() < end:
        time.sleep(dice.uniform(0.01, 0.2))
        if Job.objects.filter(state=JobState.DONE).count() < kills * JOBS * 0.8 / KILLS:
            continue
        if dice.random() < 0.1:
            victim = dice.choice(running.supervisors)
            kills += len(running.slots(victim))
            running.kill_all_of(victim)
            running.start(concurrency=3)
        elif slots := running.slots():
            kills += 1
            os.kill(dice.choice(slots), signal.SIGKILL)
    return kills


def test_three_hundred_jobs_take_effect_exactly_once_while_fifty_workers_are_killed() -> None:
    for number in range(JOBS):
        job_tasks.write.enqueue(number, 0.12)
    with workers() as running:
        running.start(concurrency=3)
        running.start(concurrency=3)
        wait_until(lambda: len(running.slots()) == 6)
        kills = kill_at_random(running, seed=int(os.environ.get("HROMADA_KILL_SEED", "1")))
        wait_until(lambda: not Job.objects.filter(state__in=UNFINISHED).exists(), timeout_s=60)
    assert kills >= KILLS
    assert Job.objects.filter(attempts__gt=1).count() >= 10, "the kills must have hit jobs"
    assert Job.objects.filter(state=JobState.DONE).count() == JOBS
    assert effects() == list(range(JOBS))


def test_a_job_killed_inside_a_long_statement_is_done_once_by_the_next_worker(tmp_path: Path) -> None:
    """The killed worker's session would go on for 30 s, holding its locks, did the server not look."""
    job = job_of(job_tasks.long_statement_once.enqueue(7, str(tmp_path / "begun")))
    with workers() as running:
        running.start()
        wait_until((tmp_path / "begun").exists)
        time.sleep(0.3)
        os.kill(running.slots()[0], signal.SIGKILL)
        job = wait_for_state(job, JobState.DONE, timeout_s=15)
    assert job.attempts == 2
    assert effects() == [7]


def test_a_job_that_kills_its_worker_three_times_fails_and_says_so() -> None:
    poison = job_of(job_tasks.kill_own_worker.enqueue(1))
    with workers() as running:
        running.start()
        poison = wait_for_state(poison, JobState.FAILED)
        after = wait_for_state(job_of(job_tasks.write.enqueue(2)), JobState.DONE)
    assert poison.attempts == 3
    assert poison.error_code == "job-killed"
    assert "3" in poison.error_text
    assert after.state == JobState.DONE
    assert effects() == [2]


def test_a_worker_whose_connection_is_cut_while_idle_takes_the_next_job() -> None:
    with workers() as running:
        running.start()
        wait_for_state(job_of(job_tasks.write.enqueue(1)), JobState.DONE)
        slot = running.slots()
        cut_connections_of_workers()
        wait_for_state(job_of(job_tasks.write.enqueue(2)), JobState.DONE)
        assert running.slots() == slot
    assert effects() == [1, 2]


def test_a_job_whose_connection_is_cut_is_done_once_by_the_same_worker(tmp_path: Path) -> None:
    job = job_of(job_tasks.write_and_wait.enqueue(1, str(tmp_path / "go")))
    with workers() as running:
        running.start()
        wait_for_state(job, JobState.RUNNING)
        slot = running.slots()
        cut_connections_of_workers()
        (tmp_path / "go").touch()
        job = wait_for_state(job, JobState.DONE)
        assert running.slots() == slot
    assert job.attempts == 2
    assert effects() == [1]


def test_workers_outlive_a_server_that_comes_and_goes_and_every_effect_is_still_once() -> None:
    for number in range(120):
        job_tasks.write.enqueue(number, 0.05)
    with flaky_server() as server, workers() as running:
        running.start(concurrency=3, host=server.host)
        wait_until(lambda: Job.objects.filter(state=JobState.DONE).exists())
        slots = running.slots()
        for _number in range(5):
            time.sleep(0.4)
            server.outage(0.5)
        wait_until(lambda: not Job.objects.filter(state__in=UNFINISHED).exists(), timeout_s=60)
        assert running.slots() == slots, "no worker had to be started anew"
    assert effects() == list(range(120))
    assert Job.objects.filter(attempts__gt=1).exists(), "the outages must have hit jobs"


def cut_connections_of_workers() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def test_a_worker_told_to_end_finishes_the_job_it_runs(tmp_path: Path) -> None:
    job = job_of(job_tasks.write_and_wait.enqueue(1, str(tmp_path / "go")))
    waiting = job_of(job_tasks.write.enqueue(2))
    with workers() as running:
        supervisor = running.start()
        wait_for_state(job, JobState.RUNNING)
        supervisor.terminate()
        time.sleep(0.5)
        (tmp_path / "go").touch()
        assert supervisor.wait(timeout=10) == 0
    job.refresh_from_db()
    waiting.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 1)
    assert (waiting.state, waiting.attempts) == (JobState.READY, 0)
    assert effects() == [1]


def test_a_job_that_outlasts_the_grace_time_goes_back_unharmed_and_uncounted() -> None:
    job = job_of(job_tasks.sleep_deaf.enqueue(1, 60))
    with workers() as running:
        supervisor = running.start(grace_s=0.5)
        wait_for_state(job, JobState.RUNNING)
        started = time.monotonic()
        supervisor.terminate()
        assert supervisor.wait(timeout=10) == 0
        assert time.monotonic() - started < 3
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.READY, 0)
    assert effects() == []


def test_a_second_request_to_end_does_not_wait_for_the_grace_time() -> None:
    job = job_of(job_tasks.sleep_deaf.enqueue(1, 60))
    with workers() as running:
        supervisor = running.start(grace_s=30)
        wait_for_state(job, JobState.RUNNING)
        supervisor.terminate()
        time.sleep(0.5)
        supervisor.terminate()
        assert supervisor.wait(timeout=5) == 0
    job.refresh_from_db()
    assert job.state == JobState.READY


def test_workers_end_when_their_supervisor_is_killed() -> None:
    with workers() as running:
        supervisor = running.start(concurrency=2)
        wait_for_state(job_of(job_tasks.write.enqueue(1)), JobState.DONE)
        slots = running.slots()
        supervisor.kill()
        supervisor.wait()
        wait_until(lambda: not any(alive(pid) for pid in slots))
    assert len(slots) == 2


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_four_workers_never_run_one_job_twice() -> None:
    for number in range(200):
        job_tasks.write.enqueue(number)
    with workers() as running:
        running.start(concurrency=2)
        running.start(concurrency=2)
        wait_until(lambda: not Job.objects.filter(state__in=UNFINISHED).exists())
    assert effects() == list(range(200))
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}
    assert len(set(Job.objects.values_list("worker", flat=True))) > 1, (
        "more than one worker must have taken part"
    )
