"""The pages of background jobs: what is told of them, to whom, and the buttons."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from gis_core.communities import Community
from gis_core.jobs.models import Job
from gis_core.people import Membership, User
from importers.tasks import prepare_import
from tests.conftest import make_community
from tests.frontend.html import Document

pytestmark = pytest.mark.django_db

RESULT: dict[str, Any] = {
    "layer": "demo.parcels",
    "changeset": 1,
    "read": 10,
    "imported": 8,
    "repaired": 1,
    "rejected": 2,
    "issues": 3,
    "crs": "EPSG:9832",
    "crs_name": "UCS-2000 / LCS-05 Vinnytsia",
    "accuracy_m": 1.0,
    "encoding": "cp1251",
    "status": "applied",
    "first_issues": [
        {"row": 7, "rule": "geometry-missing", "done": "rejected", "field": "", "value": "", "params": {}},
        {
            "row": 9,
            "rule": "value-not-a-number",
            "done": "nulled",
            "field": "area",
            "value": "<b>x</b>",
            "params": {},
        },
    ],
}


@pytest.fixture
def make_job(community: Community) -> Callable[..., Job]:
    def make(owner: User | None, **values: Any) -> Job:
        kept = {
            "task_path": prepare_import.module_path,
            "queue": "imports",
            "max_attempts": 3,
            "subject": "parcels.zip",
            "community": community,
            "owner": owner,
            "created_at": timezone.now(),
        }
        return Job.objects.create(**{**kept, **values})

    return make


def words(client: Client, job: Job, lang: str = "uk") -> str:
    client.cookies["django_language"] = lang
    response = client.get(f"/demo/jobs/{job.uuid}/")
    assert response.status_code == 200
    return " ".join(Document(response.content.decode()).words_of("main"))


def test_a_finished_import_is_summed_up_with_what_was_noticed(
    make_job: Callable[..., Job], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    editor = user_with_role("editor")
    client = client_of(editor)
    told = words(client, make_job(editor, state="done", result=RESULT))
    assert "Прочитано рядків10 Пройшли перевірку8 Виправлено1 Відхилено2" in told
    assert "МСК-05, Вінницька область (EPSG:9832), ±1 м" in told
    assert "Кирилиця Windows (cp1251)" in told
    assert "<b>x</b>" in told, "quoted as text"
    assert "Ще 1 зауваження" in told
    english = words(client, make_job(editor, state="done", result=RESULT), "en")
    assert "MSK-05, Vinnytsia oblast" in english
    assert "The row has no geometry" in english


def test_an_import_of_a_system_without_a_name_of_ours_keeps_the_registers(
    make_job: Callable[..., Job], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    editor = user_with_role("editor")
    result = {**RESULT, "crs": "EPSG:2180", "crs_name": "ETRF2000-PL / CS92"}
    assert "ETRF2000-PL / CS92 (EPSG:2180)" in words(
        client_of(editor), make_job(editor, state="done", result=result)
    )


@pytest.mark.parametrize("result", [None, {}, [], "text", {"layer": 1}, {"counts": {}}])
def test_a_result_of_another_kind_is_no_fault(
    make_job: Callable[..., Job],
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
    result: Any,
) -> None:
    editor = user_with_role("editor")
    assert "виконано" in words(client_of(editor), make_job(editor, state="done", result=result))


def test_a_failure_is_told_in_the_readers_language_and_may_be_started_again(
    make_job: Callable[..., Job], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    editor = user_with_role("editor")
    client = client_of(editor)
    job = make_job(editor, state="failed", error_code="empty-file", error_params={"name": "a.zip"})
    assert "“a.zip” is empty (0 bytes)" in words(client, job, "en")
    client.cookies["django_language"] = "uk"
    response = client.post(f"/demo/jobs/{job.uuid}/retry/", follow=True)
    assert "Завдання запущено знову." in response.content.decode()
    job.refresh_from_db()
    assert job.state == "ready"


def test_a_waiting_job_is_cancelled_by_its_button_and_only_once(
    make_job: Callable[..., Job], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    editor = user_with_role("editor")
    client = client_of(editor)
    job = make_job(editor, state="ready")
    assert "Зупинити завдання" in words(client, job)
    assert client.get(f"/demo/jobs/{job.uuid}/cancel/").status_code == 405
    client.post(f"/demo/jobs/{job.uuid}/cancel/")
    job.refresh_from_db()
    assert job.state == "cancelled"
    again = client.post(f"/demo/jobs/{job.uuid}/cancel/", follow=True)
    assert again.status_code == 200, "what ended in the meantime is told, not failed"


def test_a_colleague_sees_a_job_but_its_buttons_are_the_owners_and_the_administrators(
    make_job: Callable[..., Job], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    job = make_job(user_with_role("editor"), state="ready")
    colleague = client_of(user_with_role("editor", email="other@example.org"))
    assert "Зупинити завдання" not in words(colleague, job)
    assert colleague.post(f"/demo/jobs/{job.uuid}/cancel/").status_code == 403
    assert "Зупинити завдання" in words(client_of(user_with_role("admin")), job)


def test_a_job_of_another_community_or_person_is_as_absent(
    make_job: Callable[..., Job], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    other = make_community("other", "UA99000000000000002")
    elsewhere = make_job(None, community=other)
    both = user_with_role("editor", email="both@example.org")
    Membership.objects.create(user=both, community=other, role="editor")
    assert client_of(both).get(f"/other/jobs/{elsewhere.uuid}/").status_code == 200
    assert client_of(both).get(f"/demo/jobs/{elsewhere.uuid}/").status_code == 404
    client = client_of(user_with_role("editor"))
    for uuid in (elsewhere.uuid, uuid4()):
        assert client.get(f"/demo/jobs/{uuid}/").status_code == 404
        assert client.get(f"/other/jobs/{uuid}/").status_code == 404
        assert client.post(f"/demo/jobs/{uuid}/cancel/").status_code == 404
    mine = make_job(None)
    assert client_of(user_with_role(None)).get(f"/demo/jobs/{mine.uuid}/").status_code == 404
    assert client_of(None).get(f"/demo/jobs/{mine.uuid}/").status_code == 302


def test_the_list_is_paged_and_costs_the_same_for_one_and_for_many(
    make_job: Callable[..., Job],
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
    django_assert_num_queries: Any,
) -> None:
    editor = user_with_role("editor")
    client = client_of(editor)
    make_job(editor)
    with django_assert_num_queries(6):
        client.get("/demo/jobs/")
    for number in range(40):
        make_job(editor if number % 2 else None, state="done", subject=f"file{number}.zip")
    with django_assert_num_queries(6):
        first = Document(client.get("/demo/jobs/").content.decode())
    assert len(first.all("tr")) == 31
    second = Document(client.get(first.links()["Наступна сторінка"]).content.decode())
    assert len(second.all("tr")) == 12


# --- questions ---
