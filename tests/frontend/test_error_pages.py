"""Failures as pages: in the reader's language, with a way on, and as problems for programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from gis_core.communities import Community
from gis_core.people import User
from tests.frontend.html import Document

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("lang", ["uk", "en"])
def test_an_address_that_does_not_exist_is_explained_in_both_languages(client: Client, lang: str) -> None:
    client.cookies["django_language"] = lang
    response = client.get("/Such-A-Page/?x=1")
    page = Document(response.content.decode())
    assert response.status_code == 404
    assert page.words_of("h1") == ["Такої сторінки немає" if lang == "uk" else "There is no such page"]
    assert page.all("html")[0].attributes["lang"] == lang
    assert "/" in page.links().values()
    assert response["Cache-Control"] == "no-store"


def test_a_program_gets_a_problem_instead_of_a_page(client: Client) -> None:
    response = client.get("/api/no-such-thing")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not-found"


def test_a_member_without_the_right_is_told_so(
    client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    response = client_of(user_with_role("viewer")).get("/demo/import/")
    page = Document(response.content.decode())
    assert response.status_code == 403
    assert page.words_of("h1") == ["Це вам недоступно"]


def test_only_who_is_not_signed_in_is_offered_to_sign_in(
    client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    viewer, stranger = client_of(user_with_role("viewer")), client_of(None)
    for address, status in (("/demo/import/", 403), ("/demo/imports/no-such-import/", 404), ("/none/", 404)):
        refused = viewer.get(address)
        assert refused.status_code == status
        assert "Увійти" not in Document(refused.content.decode()).links()
    missing = Document(stranger.get("/none/").content.decode())
    assert missing.links()["Увійти"] == "/accounts/login/?next=/none/"


def test_a_stranger_who_is_signed_in_is_no_member(
    client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    client = client_of(user_with_role(None))
    for address in ("/demo/import/", "/demo/jobs/"):
        assert client.get(address).status_code == 403


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Client]:
    """A client for whom every map page fails with the given exception."""

    def make(error: Exception) -> Client:
        def fail(*args: Any) -> None:
            raise error

        monkeypatch.setattr("frontend.views.maps.map_config", fail)
        return Client(raise_request_exception=False)

    return make


@pytest.mark.parametrize(
    ("lang", "title"), [("uk", "Щось зламалося з нашого боку"), ("en", "Something broke on our side")]
)
def test_a_fault_is_told_without_its_cause(
    community: Community, broken: Callable[[Exception], Client], lang: str, title: str
) -> None:
    client = broken(ValueError("secret detail"))
    client.cookies["django_language"] = lang
    response = client.get("/demo/")
    assert response.status_code == 500
    assert Document(response.content.decode()).words_of("h1") == [title]
    assert "secret detail" not in response.content.decode()


def test_the_page_of_a_fault_needs_no_database(
    community: Community, broken: Callable[[Exception], Client], django_assert_num_queries: Any
) -> None:
    client = broken(OperationalError("the server closed the connection"))
    with django_assert_num_queries(1):  # the community, before the failure
        assert client.get("/demo/").status_code == 500


@pytest.mark.parametrize("code", ["57014", "55P03"])
def test_a_database_that_ended_a_long_query_or_wait_is_busy_not_broken(
    community: Community, broken: Callable[[Exception], Client], code: str
) -> None:
    class Cancelled(Exception):
        pgcode = code

    error = OperationalError("canceling statement due to statement or lock timeout")
    error.__cause__ = Cancelled()
    response = broken(error).get("/demo/")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "Сервер" in Document(response.content.decode()).words_of("h1")[0]


def test_robots_are_kept_from_tables_without_end(client: Client) -> None:
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert "Disallow: /*?*after=" in response.content.decode()


@pytest.mark.parametrize("address", ["/demo/", "/demo/layers/", "/accessibility/", "/robots.txt", "/"])
def test_reading_pages_refuse_to_be_written_to(client: Client, community: Community, address: str) -> None:
    assert client.post(address).status_code == 405
