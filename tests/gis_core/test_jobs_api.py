"""Who sees which job over the API, and what they may do with it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from gis_core.communities import Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.jobs.models import Job, JobState
from gis_core.journal import JournalEntry
from gis_core.people import Membership, User
from tests.conftest import make_community
from tests.gis_core import job_tasks

MakeUser = Callable[..., User]
ClientOf = Callable[[User | None], Client]


def queue_job(owner: User | None, community: Community | None, **changes: Any) -> Job:
    result = job_tasks.give_back.using(owner=owner, community=community, **changes).enqueue("done")
    return Job.objects.get(uuid=result.id)


@pytest.fixture
def owner(user_with_role: MakeUser) -> User:
    return user_with_role("editor", email="owner@example.org")


def reading(user: User, language: str) -> User:
    User.objects.filter(pk=user.pk).update(language=language)
    return user


@pytest.fixture
def a_job(owner: User, community: Community) -> Job:
    return queue_job(owner, community, subject="ділянки.zip")


def test_a_job_is_shown_with_its_state_progress_and_result(
    a_job: Job, owner: User, client_of: ClientOf
) -> None:
    waiting = client_of(reading(owner, "en")).get(f"/api/jobs/{a_job.uuid}")
    assert waiting.status_code == 200
    assert waiting["Cache-Control"] == "private, no-store"
    shown = waiting.json()
    assert shown["title"] == "Return what was given"
    assert shown["subject"] == "ділянки.zip"
    assert (shown["state"], shown["state_text"], shown["progress"]) == ("ready", "waiting", 0)
    assert (shown["community"], shown["can_cancel"], shown["can_retry"]) == ("demo", True, False)
    run_ready_jobs()
    done = client_of(owner).get(f"/api/jobs/{a_job.uuid}").json()
    assert (done["state"], done["progress"], done["result"], done["error"]) == ("done", 1, "done", None)
    assert done["can_cancel"] is False


def test_the_state_is_named_in_the_language_of_the_reader(
    a_job: Job, owner: User, client_of: ClientOf
) -> None:
    shown = client_of(reading(owner, "uk")).get(f"/api/jobs/{a_job.uuid}").json()
    assert shown["state_text"] == "очікує"


@pytest.mark.parametrize(
    ("role", "sees", "controls"),
    [("viewer", False, False), ("editor", True, False), ("reviewer", True, False), ("admin", True, True),
     (None, False, False)],
)  # fmt: skip
def test_members_who_edit_see_a_job_and_only_administrators_control_it(
    role: str | None, sees: bool, controls: bool, a_job: Job, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    client = client_of(user_with_role(role))
    assert client.get(f"/api/jobs/{a_job.uuid}").status_code == (200 if sees else 404)
    assert [item["uuid"] for item in client.get("/api/jobs").json()["jobs"]] == [str(a_job.uuid)] * sees
    answer = client.post(f"/api/jobs/{a_job.uuid}/cancel")
    assert answer.status_code == (202 if controls else 403 if sees else 404)
    a_job.refresh_from_db()
    assert (a_job.state == JobState.CANCELLED) is controls


def test_a_hidden_job_and_an_absent_one_get_the_same_answer(a_job: Job, client_of: ClientOf) -> None:
    other = make_community("other", "UA99000000000000002")
    stranger = User.objects.create_user("stranger@example.org")
    Membership.objects.create(user=stranger, community=other, role="admin")
    for client in (client_of(stranger), client_of(None)):
        hidden = client.get(f"/api/jobs/{a_job.uuid}")
        absent = client.get(f"/api/jobs/{uuid4()}")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.content == absent.content
        assert client.get("/api/jobs?community=demo").json()["jobs"] == []
        for deed in ("cancel", "retry"):
            assert client.post(f"/api/jobs/{a_job.uuid}/{deed}").status_code == 404
    a_job.refresh_from_db()
    assert a_job.state == JobState.READY


def test_a_superuser_sees_jobs_of_nobody(client_of: ClientOf, db: None) -> None:
    job = queue_job(None, None)
    root = User.objects.create_superuser("root@example.org")
    shown = client_of(root).get(f"/api/jobs/{job.uuid}").json()
    assert (shown["owner"], shown["community"]) == (None, None)


def test_the_owner_cancels_and_restarts_and_the_journal_knows(
    a_job: Job, owner: User, client_of: ClientOf, community: Community
) -> None:
    client = client_of(owner)
    cancelled = client.post(f"/api/jobs/{a_job.uuid}/cancel")
    assert cancelled.status_code == 202
    assert (cancelled.json()["state"], cancelled.json()["can_retry"]) == ("cancelled", True)
    restarted = client.post(f"/api/jobs/{a_job.uuid}/retry")
    assert restarted.status_code == 202
    assert restarted.json()["state"] == "ready"
    entries = JournalEntry.objects.filter(subject=str(a_job.uuid), actor=owner, community=community)
    assert list(entries.order_by("pk").values_list("action", flat=True)) == ["job-cancel", "job-retry"]


def test_cancelling_an_ended_job_is_a_conflict_and_says_so(
    a_job: Job, owner: User, client_of: ClientOf
) -> None:
    run_ready_jobs()
    answer = client_of(reading(owner, "en")).post(f"/api/jobs/{a_job.uuid}/cancel")
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "job-ended"
    assert answer.json()["detail"] == "The job has already ended (done), so it cannot be cancelled."


def test_restarting_a_waiting_job_is_a_conflict(a_job: Job, owner: User, client_of: ClientOf) -> None:
    answer = client_of(owner).post(f"/api/jobs/{a_job.uuid}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "job-not-ended")


def test_cancelling_without_a_csrf_token_is_refused(a_job: Job, owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(f"/api/jobs/{a_job.uuid}/cancel").status_code == 403
    a_job.refresh_from_db()
    assert a_job.state == JobState.READY


def test_the_list_goes_from_page_to_page_newest_first_and_misses_nothing(
    owner: User, community: Community, client_of: ClientOf
) -> None:
    made = [str(queue_job(owner, community).uuid) for _number in range(7)]
    client, address, seen = client_of(owner), "/api/jobs?community=demo&limit=3", list[str]()
    while address:
        page = client.get(address).json()
        assert len(page["jobs"]) <= 3
        seen += [item["uuid"] for item in page["jobs"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
        queue_job(owner, community)  # a job made meanwhile does not move the pages
    assert seen == made[::-1]


def test_the_list_costs_the_same_queries_for_one_job_and_for_twenty(
    owner: User,
    community: Community,
    user_with_role: MakeUser,
    client_of: ClientOf,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    colleague = client_of(user_with_role("reviewer"))
    for number in (1, 19):
        for _number in range(number):
            queue_job(owner, community)
        with django_assert_num_queries(4):  # session, user, jobs, the communities the user manages
            page = colleague.get("/api/jobs").json()
    assert len(page["jobs"]) == 20


def test_the_list_can_be_narrowed_to_a_state(owner: User, community: Community, client_of: ClientOf) -> None:
    queue_job(owner, community)
    run_ready_jobs()
    later = queue_job(owner, community, run_after=timezone.now() + timedelta(hours=1))
    page = client_of(owner).get("/api/jobs?state=ready").json()
    assert [item["uuid"] for item in page["jobs"]] == [str(later.uuid)]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=-1", "limit=٣", "limit=99999999999999999999", "limit=1&limit=2",
     "state=asleep", "state=", "state=%00", "after=x", "after=%00", "after=-1", "page=2"],
)  # fmt: skip
def test_a_nonsense_parameter_is_named_in_a_400(query: str, owner: User, client_of: ClientOf) -> None:
    answer = client_of(owner).get(f"/api/jobs?{query}")
    assert answer.status_code == 400
    assert answer.json()["parameter"] == query.partition("=")[0]


def test_a_limit_above_the_largest_page_gives_the_largest_page(
    owner: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_JOBS_PAGE", "2")
    for _number in range(3):
        queue_job(owner, None)
    assert len(client_of(owner).get("/api/jobs?limit=1000").json()["jobs"]) == 2


def test_a_browser_that_asks_for_html_gets_the_job_all_the_same(
    a_job: Job, owner: User, client_of: ClientOf
) -> None:
    assert client_of(owner).get(f"/api/jobs/{a_job.uuid}", HTTP_ACCEPT="text/html").status_code == 200


def test_a_community_name_with_a_nul_finds_nothing(owner: User, client_of: ClientOf) -> None:
    assert client_of(owner).get("/api/jobs?community=demo2%00").json()["jobs"] == []
