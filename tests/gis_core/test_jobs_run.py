"""What a job does while it runs and how it ends, seen from outside."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone, translation
from django_tasks import default_task_backend
from django_tasks.base import TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist

from gis_core.communities import Community
from gis_core.jobs import claims, progress
from gis_core.jobs.control import cancel_job, retry_job
from gis_core.jobs.errors import JobEnded, JobNotEnded
from gis_core.jobs.inline import run_ready_jobs
from gis_core.jobs.models import Job, JobState
from gis_core.jobs.queries import job_view
from gis_core.jobs.reporter import JobReporter, SideConnection
from gis_core.jobs.runner import run_claimed
from gis_core.people import User
from tests.gis_core import job_tasks
from tests.gis_core.job_workers import effects, effects_table, wait_for_state, wait_until, workers


@pytest.fixture
def _effects(db: None) -> Iterator[None]:
    with effects_table():
        yield


@pytest.fixture
def _committed_effects(transactional_db: None) -> Iterator[None]:
    with effects_table():
        yield


@pytest.fixture
def actor(db: None) -> User:
    return User.objects.create_superuser("root@example.org")


def job_of(result: Any) -> Job:
    return Job.objects.get(uuid=result.id)


# The interface of Django Tasks


@pytest.mark.usefixtures("_effects")
def test_an_enqueued_task_waits_runs_and_gives_back_its_result() -> None:
    result = job_tasks.write.enqueue(5)
    assert result.status == TaskResultStatus.READY
    assert effects() == []
    run_ready_jobs()
    result.refresh()
    assert result.status == TaskResultStatus.SUCCESSFUL
    assert result.return_value == {"number": 5}
    assert result.attempts == 1
    assert effects() == [5]


@pytest.mark.django_db
def test_the_result_of_an_unknown_job_does_not_exist() -> None:
    for name in ("00000000-0000-0000-0000-000000000000", "no uuid"):
        with pytest.raises(TaskResultDoesNotExist):
            default_task_backend.get_result(name)


@pytest.mark.django_db
def test_a_job_enqueued_in_a_transaction_that_rolls_back_never_was() -> None:
    with transaction.atomic():
        job_tasks.write.enqueue(1)
        transaction.set_rollback(True)
    assert not Job.objects.exists()


@pytest.mark.usefixtures("_effects")
def test_jobs_run_by_priority_then_age_and_not_before_their_time() -> None:
    job_tasks.write.enqueue(1)
    job_tasks.write.enqueue(2)
    job_tasks.write.using(priority=10).enqueue(3)
    job_tasks.write.using(run_after=timezone.now() + timedelta(hours=1)).enqueue(4)
    assert [job.result["number"] for job in run_ready_jobs()] == [3, 1, 2]


@pytest.mark.usefixtures("_effects")
def test_a_worker_takes_only_jobs_of_its_queues() -> None:
    job_tasks.write.using(queue_name="imports").enqueue(1)
    assert run_ready_jobs(queues=["default"]) == []
    assert len(run_ready_jobs(queues=["imports"])) == 1


def test_a_job_knows_its_owner_community_and_subject(community: Community) -> None:
    owner = User.objects.create_user("petro@example.org")
    job = job_of(
        job_tasks.write.using(owner=owner, community=community, subject="ділянки\x00.zip").enqueue(1)
    )
    assert (job.owner, job.community, job.subject) == (owner, community, "ділянки.zip")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"назва": "Кам'янець"}, {"назва": "Кам'янець"}),
        ("a\x00b", "ab"),
        ("\ud800", "?"),
        ([1.5, float("nan"), float("inf")], [1.5, None, None]),
        ((1, 2), [1, 2]),
        (None, None),
    ],
)
def test_arguments_and_results_that_jsonb_refuses_are_made_storable(given: Any, stored: Any) -> None:
    job_tasks.give_back.enqueue(given)
    (job,) = run_ready_jobs()
    assert job.state == JobState.DONE
    assert job.result == stored


@pytest.mark.django_db
def test_arguments_that_are_not_json_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="object is not JSON"):
        job_tasks.give_back.enqueue(object())
    assert not Job.objects.exists()


# Failure


@pytest.mark.usefixtures("_effects")
def test_a_known_failure_is_not_tried_again_and_reads_in_both_languages(actor: User) -> None:
    job_tasks.fail_known.enqueue()
    (job,) = run_ready_jobs()
    assert (job.state, job.attempts, job.error_code) == (JobState.FAILED, 1, "bad-parameter")
    assert job.error_params == {"parameter": "crs", "reason": "EPSG:1"}
    assert effects() == []
    with translation.override("en"):
        english = job_view(job, actor).error
    with translation.override("uk"):
        ukrainian = job_view(job, actor).error
    assert english is not None
    assert english.text == "Parameter “crs” is wrong: EPSG:1"
    assert ukrainian is not None
    assert "EPSG:1" in ukrainian.text


@pytest.mark.usefixtures("_effects")
def test_a_crash_leaves_no_effect_and_shows_the_job_number_but_no_inner_text() -> None:
    job_tasks.fail_unknown.enqueue()
    (job,) = run_ready_jobs()
    assert (job.state, job.attempts, job.error_code) == (JobState.FAILED, 1, "job-crashed")
    assert str(job.uuid) in job.error_text
    assert "/etc" not in str(Job.objects.filter(pk=job.pk).values().get())
    assert effects() == []


@pytest.mark.usefixtures("_effects")
def test_a_result_that_is_not_json_fails_the_job_and_undoes_its_effect() -> None:
    job_tasks.return_no_json.enqueue()
    (job,) = run_ready_jobs()
    assert (job.state, job.error_code) == (JobState.FAILED, "job-crashed")
    assert effects() == []


@pytest.mark.usefixtures("_effects")
def test_a_failure_that_may_pass_is_tried_three_times_with_growing_pauses() -> None:
    job_tasks.fail_passing.enqueue()
    pauses = []
    for _attempt in range(2):
        (job,) = run_ready_jobs()
        assert job.state == JobState.READY
        pauses.append(round((job.run_after - timezone.now()).total_seconds()))
        assert run_ready_jobs() == [], "not before its time"
        Job.objects.update(run_after=timezone.now() - timedelta(seconds=1))
    (job,) = run_ready_jobs()
    assert pauses == [2, 10]
    assert (job.state, job.attempts, job.error_code) == (JobState.FAILED, 3, "job-gave-up")
    assert effects() == []


@pytest.mark.django_db
def test_a_task_that_no_longer_exists_fails_its_job_with_a_sentence() -> None:
    job_tasks.give_back.enqueue(1)
    Job.objects.update(task_path="importers.tasks.long_gone")
    (job,) = run_ready_jobs()
    assert (job.state, job.error_code) == (JobState.FAILED, "task-unknown")
    assert "importers.tasks.long_gone" in job.error_text


@pytest.mark.django_db
def test_a_function_that_is_no_task_is_never_run() -> None:
    job_tasks.give_back.enqueue(1)
    Job.objects.update(task_path="os.getcwd")
    (job,) = run_ready_jobs()
    assert job.error_code == "task-unknown"


# Progress


@pytest.mark.usefixtures("_committed_effects")
def test_progress_shows_while_the_job_runs_and_its_effect_does_not(tmp_path: Path, actor: User) -> None:
    job = job_of(job_tasks.write_and_wait.enqueue(1, str(tmp_path / "go")))
    with workers() as running:
        running.start()
        wait_until(lambda: Job.objects.filter(pk=job.pk, progress__gt=0.05).exists())
        job.refresh_from_db()
        assert job.state == JobState.RUNNING
        assert effects() == [], "the effect waits for the commit"
        with translation.override("en"):
            message = job_view(job, actor).message
        assert message is not None
        assert message.text == f"Rows written: {job.message_params['rows']}"
        (tmp_path / "go").touch()
        job = wait_for_state(job, JobState.DONE)
    assert job.progress == 1
    assert effects() == [1]


@pytest.mark.usefixtures("_committed_effects")
def test_a_long_job_shows_a_heartbeat(tmp_path: Path) -> None:
    job = job_of(job_tasks.sleep_deaf.enqueue(1, 7))
    with workers() as running:
        running.start()
        begun = wait_for_state(job, JobState.RUNNING).heartbeat_at
        assert begun is not None
        job = wait_for_state(job, JobState.DONE)
    assert job.heartbeat_at is not None
    assert job.heartbeat_at > begun


def test_progress_outside_a_job_goes_nowhere_or_to_an_observer() -> None:
    progress.report(0.5, job_tasks.COUNTED, rows=1)
    progress.check_cancelled()
    seen: list[tuple[float | None, str]] = []
    with translation.override("en"), progress.observed(lambda part, text: seen.append((part, text))):
        progress.report(0.5, job_tasks.COUNTED, rows=7)
    assert seen == [(0.5, "Rows written: 7")]


@pytest.mark.usefixtures("_committed_effects")
def test_a_job_that_says_nothing_opens_no_second_connection() -> None:
    job = job_of(job_tasks.sleep_deaf.enqueue(1, 0.6))
    with workers() as running:
        running.start()
        wait_for_state(job, JobState.RUNNING)
        assert sessions_of_others() == 1


@pytest.mark.usefixtures("_committed_effects")
def test_what_a_job_opened_is_closed_after_it(tmp_path: Path) -> None:
    with workers() as running:
        running.start()
        wait_for_state(job_of(job_tasks.read_public.enqueue()), JobState.DONE)
        talkative = job_of(job_tasks.write_and_wait.enqueue(1, str(tmp_path / "go")))
        wait_until(lambda: Job.objects.filter(pk=talkative.pk, progress__gt=0).exists())
        assert sessions_of_others() == 2
        (tmp_path / "go").touch()
        wait_for_state(talkative, JobState.DONE)
        wait_until(lambda: sessions_of_others() == 1)


def sessions_of_others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


# Cancelling


@pytest.mark.usefixtures("_effects")
def test_a_job_cancelled_before_its_start_never_runs(actor: User) -> None:
    job = cancel_job(job=job_of(job_tasks.write.enqueue(1)), actor=actor)
    assert job.state == JobState.CANCELLED
    assert run_ready_jobs() == []
    assert effects() == []


@pytest.mark.usefixtures("_committed_effects")
def test_a_running_job_stops_when_it_is_cancelled_and_leaves_nothing(tmp_path: Path, actor: User) -> None:
    job = job_of(job_tasks.write_and_wait.enqueue(1, str(tmp_path / "never")))
    with workers() as running:
        running.start()
        wait_for_state(job, JobState.RUNNING)
        assert cancel_job(job=job, actor=actor).state == JobState.RUNNING
        job = wait_for_state(job, JobState.CANCELLED, timeout_s=5)
        wait_for_state(job_of(job_tasks.write.enqueue(2)), JobState.DONE)
    assert job.finished_at is not None
    assert effects() == [2]


@pytest.mark.usefixtures("_committed_effects")
def test_cancelling_kills_the_child_process_of_the_job(tmp_path: Path, actor: User) -> None:
    pid_file = tmp_path / "pid"
    job = job_of(job_tasks.run_child.enqueue(str(pid_file)))
    with workers() as running:
        running.start()
        wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")
        cancel_job(job=job, actor=actor)
        wait_for_state(job, JobState.CANCELLED, timeout_s=5)
    assert not Path(f"/proc/{pid_file.read_text()}").exists()


@pytest.mark.usefixtures("_committed_effects")
def test_ending_the_worker_kills_the_child_process_of_the_job(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    job = job_of(job_tasks.run_child.enqueue(str(pid_file)))
    with workers() as running:
        supervisor = running.start(grace_s=0.2)
        wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")
        supervisor.terminate()
        assert supervisor.wait(timeout=5) == 0
    job.refresh_from_db()
    assert job.state == JobState.READY
    assert not Path(f"/proc/{pid_file.read_text()}").exists()


@pytest.mark.usefixtures("_committed_effects")
def test_a_job_inside_copy_can_be_cancelled_and_given_back(actor: User) -> None:
    """psycopg2 turns whatever is raised while COPY reads into an error of its own."""
    job = job_of(job_tasks.copy_slowly.enqueue())
    with workers() as running:
        supervisor = running.start(grace_s=0.3)
        wait_for_state(job, JobState.RUNNING)
        cancel_job(job=job, actor=actor)
        wait_for_state(job, JobState.CANCELLED, timeout_s=5)
        retry_job(job=job, actor=actor)
        wait_for_state(job, JobState.RUNNING)
        supervisor.terminate()
        assert supervisor.wait(timeout=5) == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.READY, 0)
    assert effects() == []


@pytest.mark.usefixtures("_committed_effects")
def test_a_cancel_that_comes_as_the_work_ends_still_saves_nothing(actor: User) -> None:
    """The job never asks; the flag is seen in the transaction that would have saved it."""
    job = job_of(job_tasks.write.enqueue(1))
    claimed = claims.claim_next(queues=["default"], worker="test")
    assert claimed is not None
    cancel_job(job=job, actor=actor)
    with JobReporter(claimed, SideConnection()) as reporter:
        run_claimed(claimed, reporter)
    claims.release(claimed)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert effects() == []


@pytest.mark.usefixtures("_effects")
def test_an_ended_job_cannot_be_cancelled(actor: User) -> None:
    job_tasks.write.enqueue(1)
    (job,) = run_ready_jobs()
    with pytest.raises(JobEnded):
        cancel_job(job=job, actor=actor)


# Starting again


@pytest.mark.usefixtures("_effects")
def test_a_failed_job_can_be_started_again_from_the_beginning(actor: User) -> None:
    job_tasks.fail_unknown.enqueue()
    (job,) = run_ready_jobs()
    job = retry_job(job=job, actor=actor)
    assert (job.state, job.attempts, job.error_code, job.progress) == (JobState.READY, 0, "", 0)
    (again,) = run_ready_jobs()
    assert again.attempts == 1


@pytest.mark.usefixtures("_effects")
def test_a_cancelled_job_started_again_is_not_cancelled_again(actor: User) -> None:
    job = cancel_job(job=job_of(job_tasks.write.enqueue(1)), actor=actor)
    retry_job(job=job, actor=actor)
    (again,) = run_ready_jobs()
    assert again.state == JobState.DONE
    assert effects() == [1]


@pytest.mark.usefixtures("_effects")
def test_a_job_that_is_done_or_waiting_cannot_be_started_again(actor: User) -> None:
    job = job_of(job_tasks.write.enqueue(1))
    with pytest.raises(JobNotEnded):
        retry_job(job=job, actor=actor)
    run_ready_jobs()
    with pytest.raises(JobNotEnded):
        retry_job(job=job, actor=actor)
    assert effects() == [1]


# Claims


@pytest.mark.usefixtures("_committed_effects")
def test_a_job_taken_over_by_another_worker_cannot_be_saved_by_the_first() -> None:
    """The first worker is cut off, another begins the job, and then the first comes to its end."""
    job = job_of(job_tasks.write.enqueue(1))
    claimed = claims.claim_next(queues=["default"], worker="first")
    assert claimed is not None
    Job.objects.filter(pk=job.pk).update(attempts=2, worker="second")
    with JobReporter(claimed, SideConnection()) as reporter:
        run_claimed(claimed, reporter)
    claims.release(claimed)
    job.refresh_from_db()
    assert (job.state, job.worker) == (JobState.RUNNING, "second")
    assert effects() == []


@pytest.mark.usefixtures("_committed_effects")
def test_a_job_whose_worker_lives_is_not_taken_for_an_orphan(tmp_path: Path) -> None:
    job = job_of(job_tasks.write_and_wait.enqueue(1, str(tmp_path / "go")))
    with workers() as running:
        running.start()
        wait_for_state(job, JobState.RUNNING)
        assert claims.reclaim_orphans() == 0
        time.sleep(0.1)
        job.refresh_from_db()
        assert job.state == JobState.RUNNING


@pytest.mark.usefixtures("_committed_effects")
def test_hooks_on_commit_run_after_the_job_is_saved(tmp_path: Path) -> None:
    job_tasks.with_commit_hook.enqueue(str(tmp_path / "note"))
    run_ready_jobs()
    assert (tmp_path / "note").read_text() == "committed"


# The command


def test_an_unknown_queue_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(CommandError, match=r"imprts.*: default, imports") as refused:
        call_command("run_worker", queues="imports,imprts")
    assert refused.value.returncode == 2


@pytest.mark.usefixtures("_committed_effects")
def test_an_idle_worker_is_woken_at_once_by_a_new_job() -> None:
    with workers() as running:
        running.start(poll_s=30)
        wait_for_state(job_of(job_tasks.write.enqueue(1)), JobState.DONE)
        started = time.monotonic()
        wait_for_state(job_of(job_tasks.write.enqueue(2)), JobState.DONE)
        assert time.monotonic() - started < 2
    assert os.getpid() not in running.slots()
