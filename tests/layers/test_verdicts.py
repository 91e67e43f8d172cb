"""Reviewers over HTTP: what they approve is applied, what they do not is not, and nobody approves their own."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from layers.edits import review_changeset, submit_changeset
from layers.models import Changeset, Feature, Layer
from tests.conftest import add_features, make_community, point
from tests.layers.diffing import prepared, row
from tests.layers.loading import load
from tests.layers.test_api_edits import send

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
ClientOf = Callable[[User | None], Client]


def judge(client: Client, changeset: int, verdict: str, **body: Any) -> Any:
    address = f"/api/changesets/{changeset}/review"
    return client.post(address, {"verdict": verdict, **body}, content_type="application/json")


@pytest.fixture
def reviewed(make_layer: MakeLayer) -> Layer:
    """A layer whose changes are reviewed, with one feature."""
    layer = make_layer()
    add_features(layer, [(point(30), {"name": "А"})])
    Layer.objects.update(review_required=True)
    layer.refresh_from_db()
    return layer


def drawn(client: Client, name: str = "Б") -> int:
    """The number of a changeset that waits for a reviewer."""
    answer = send(client, {"op": "C", "geometry": point(31), "properties": {"name": name}})
    assert (answer.status_code, answer.json()["status"]) == (202, "submitted")
    return int(answer.json()["id"])


def names() -> list[str]:
    return [str(found.properties["name"]) for found in Feature.objects.order_by("pk")]


def test_what_a_reviewer_approves_is_applied_with_their_name_and_words(
    reviewed: Layer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    waiting = drawn(client_of(user_with_role("editor")))
    answer = judge(client_of(user_with_role("reviewer")), waiting, "approved", comment="Так")
    told = answer.json()
    assert (answer.status_code, told["status"], told["revision"]) == (200, "applied", 2)
    assert (told["reviewer"], told["review_comment"]) == ("reviewer@example.org", "Так")
    assert names() == ["А", "Б"]


@pytest.mark.parametrize("verdict", ["rejected", "needs_changes"])
def test_what_a_reviewer_does_not_approve_changes_nothing_and_says_why(
    reviewed: Layer, user_with_role: MakeUser, client_of: ClientOf, verdict: str
) -> None:
    author = client_of(user_with_role("editor"))
    waiting = drawn(author)
    answer = judge(client_of(user_with_role("reviewer")), waiting, verdict, comment="Не тут")
    assert (answer.status_code, answer.json()["status"]) == (200, verdict)
    assert author.get(f"/api/changesets/{waiting}").json()["review_comment"] == "Не тут"
    assert names() == ["А"]


def test_nobody_approves_their_own_changes_nor_without_the_role_nor_from_outside(
    reviewed: Layer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    author = client_of(user_with_role("reviewer"))
    waiting = drawn(author)
    assert judge(author, waiting, "approved").json()["code"] == "not-allowed"
    assert judge(client_of(user_with_role("editor")), waiting, "approved").json()["code"] == "not-allowed"
    assert judge(client_of(user_with_role("viewer")), waiting, "approved").status_code == 404
    assert judge(client_of(user_with_role(None)), waiting, "approved").status_code == 404
    assert judge(client_of(None), waiting, "approved").status_code == 404
    assert (Changeset.objects.get(pk=waiting).reviewer, names()) == (None, ["А"])


def test_a_reviewer_of_another_community_finds_nothing_to_approve(
    reviewed: Layer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    waiting = drawn(client_of(user_with_role("editor")))
    neighbour = user_with_role(None, email="neighbour@example.org")
    neighbour.memberships.create(community=make_community("other", "UA99000000000000002"), role="admin")
    assert judge(client_of(neighbour), waiting, "approved").status_code == 404


def test_a_verdict_is_one_of_three_and_about_what_waits_for_one(
    reviewed: Layer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    reviewer = client_of(user_with_role("reviewer"))
    waiting = drawn(client_of(user_with_role("editor")))
    assert judge(reviewer, waiting, "perhaps").status_code == 400
    judge(reviewer, waiting, "approved")
    assert judge(reviewer, waiting, "rejected").json()["code"] == "wrong-status"
    assert names() == ["А", "Б"]


def test_no_verdict_stands_where_what_was_approved_cannot_be_applied(
    reviewed: Layer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    author = client_of(user_with_role("editor"))
    feature = Feature.objects.get()
    change = {
        "op": "U",
        "id": feature.pk,
        "base_version": 1,
        "geometry": point(30),
        "properties": {"name": "Ґ"},
    }
    first, second = (send(author, change).json()["id"] for _ in range(2))
    reviewer = client_of(user_with_role("reviewer"))
    assert judge(reviewer, first, "approved").status_code == 200
    assert judge(reviewer, second, "approved").json()["code"] == "stale-edit"
    assert Changeset.objects.get(pk=second).reviewer is None


def imported(layer: Layer, author: User) -> int:
    changeset = prepared(layer, "append", [row(31, name="Б"), row(32, name="В")], author=author)
    return submit_changeset(changeset=changeset, actor=author).pk


def test_an_approved_import_is_applied_by_a_job_once(
    reviewed: Layer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    waiting = imported(reviewed, user_with_role("editor"))
    reviewer = client_of(user_with_role("reviewer"))
    for _ in range(2):
        answer = judge(reviewer, waiting, "approved")
        assert (answer.status_code, answer.json()["status"]) == (202, "submitted")
    assert names() == ["А"]
    run_ready_jobs()
    assert names() == ["А", "Б", "В"]
    applied = Changeset.objects.get(pk=waiting)
    assert (applied.status, applied.reviewer and applied.reviewer.email) == (
        "applied",
        "reviewer@example.org",
    )


def test_an_approval_that_is_taken_back_before_its_job_runs_applies_nothing(
    reviewed: Layer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    waiting = imported(reviewed, user_with_role("editor"))
    judge(client_of(user_with_role("reviewer")), waiting, "approved")
    other = user_with_role("admin")
    review_changeset(changeset=Changeset.objects.get(pk=waiting), actor=other, verdict="needs_changes")
    run_ready_jobs()
    assert (Changeset.objects.get(pk=waiting).status, names()) == ("needs_changes", ["А"])


def test_an_approved_undoing_of_an_import_is_applied(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layers.reverts.LARGE", 0)
    layer = make_layer()
    load(layer, "append", [row(30, name="А")])
    added = load(layer, "append", [row(31, name="Б")])
    Layer.objects.update(review_required=True)
    author = client_of(user_with_role("editor"))
    undoing = author.post(f"/api/changesets/{added.pk}/revert", {}, "application/json").json()
    assert (undoing["status"], names()) == ("submitted", ["А", "Б"])
    assert judge(client_of(user_with_role("reviewer")), undoing["id"], "approved").status_code == 202
    run_ready_jobs()
    assert names() == ["А"]
