"""Signing in and out, and the language a reader is answered in."""

from collections.abc import Callable

import pytest
from django.test import Client

from gis_core.people import User
from tests.conftest import PASSWORD
from tests.frontend.html import Document

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"


def sign_in(client: Client, email: str, password: str = PASSWORD, **fields: str) -> int:
    return client.post(LOGIN, {"username": email, "password": password, **fields}).status_code


def test_a_person_signs_in_by_e_mail_whatever_its_case(
    client: Client, user_with_role: Callable[..., User]
) -> None:
    user = user_with_role("editor", email="clerk@example.org")
    assert sign_in(client, " Clerk@Example.org ") == 302
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_refusal_does_not_say_whether_the_account_exists(
    client: Client, user_with_role: Callable[..., User]
) -> None:
    user_with_role("editor", email="clerk@example.org")
    answers = []
    for email in ("clerk@example.org", "nobody@example.org"):
        response = client.post(LOGIN, {"username": email, "password": "wrong"})
        answers.append(Document(response.content.decode()).words_of("main"))
        assert response.status_code == 200
    assert answers[0] == answers[1]
    assert "Немає облікового запису з такою електронною поштою та паролем" in answers[0][0]


@pytest.mark.parametrize("target", ["https://example.com/", "//example.com/", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(
    client: Client, user_with_role: Callable[..., User], target: str
) -> None:
    user_with_role("editor", email="clerk@example.org")
    response = client.post(LOGIN, {"username": "clerk@example.org", "password": PASSWORD, "next": target})
    assert response.headers["Location"] == "/"


def test_signing_in_leads_back_to_the_page_it_was_asked_from(
    client: Client, user_with_role: Callable[..., User]
) -> None:
    user_with_role("editor", email="clerk@example.org")
    page = client.get("/demo/import/")
    assert page.headers["Location"] == "/accounts/login/?next=/demo/import/"
    answer = client.post(
        page.headers["Location"],
        {"username": "clerk@example.org", "password": PASSWORD, "next": "/demo/import/"},
    )
    assert answer.headers["Location"] == "/demo/import/"


def test_signing_out_needs_a_form_and_ends_the_session(
    client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    client = client_of(user_with_role("editor"))
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").headers["Location"] == "/"
    assert "_auth_user_id" not in client.session


def test_a_form_sent_from_elsewhere_is_refused_with_an_explanation(
    user_with_role: Callable[..., User],
) -> None:
    user_with_role("editor")
    client = Client(enforce_csrf_checks=True)
    response = client.post(LOGIN, {"username": "editor@example.org", "password": PASSWORD})
    assert response.status_code == 403
    assert "Форму не вдалося перевірити" in response.content.decode()


# --- language ---


def language(client: Client, **headers: str) -> str:
    page = Document(client.get("/accessibility/", headers=headers).content.decode())
    return page.all("html")[0].attributes["lang"]


def test_ukrainian_comes_first_whatever_the_browser_prefers(client: Client) -> None:
    assert language(client, accept_language="en-US,en;q=0.9") == "uk"


def test_the_switch_in_the_header_is_remembered_and_leads_back(client: Client) -> None:
    response = client.post("/i18n/setlang/", {"language": "en", "next": "/accessibility/"})
    assert response.headers["Location"] == "/accessibility/"
    assert language(client) == "en"
    client.post("/i18n/setlang/", {"language": "uk", "next": "/accessibility/"})
    assert language(client) == "uk"


def test_a_person_without_a_choice_is_answered_in_their_own_language(
    client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    user = user_with_role("viewer")
    user.language = "en"
    user.save()
    client = client_of(user)
    assert language(client) == "en"
    client.cookies["django_language"] = "uk"
    assert language(client) == "uk"


def test_an_unknown_language_in_the_cookie_is_ignored(client: Client) -> None:
    client.cookies["django_language"] = "xx<script>"
    assert language(client) == "uk"


def test_a_program_chooses_the_language_of_errors_by_its_header(client: Client) -> None:
    english = client.get("/api/collections/none.such", headers={"accept-language": "en"}).json()
    ukrainian = client.get("/api/collections/none.such").json()
    assert english["detail"].startswith("There is no layer")
    assert ukrainian["title"] != english["title"]
