"""The page of a changeset: what it did, by whom, and the way back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from gis_core.people import User
from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Feature, Layer, LayerGrant
from tests.conftest import FIELDS, square
from tests.frontend.html import Document

pytestmark = pytest.mark.django_db

PARCEL: dict[str, Any] = {"cad_num": "1", "name": "Стара назва", "area_ha": 0.5}
SECRET = {"key": "owner", "title": {"uk": "Власник"}, "access": "restricted"}


@pytest.fixture
def layer(make_layer: Callable[..., Layer]) -> Layer:
    return make_layer(
        fields=[*FIELDS, SECRET], features=[(square(), {**PARCEL, "owner": "до"})], key_field="cad_num"
    )


@pytest.fixture
def renamed(layer: Layer, user_with_role: Callable[..., User]) -> Changeset:
    """The only parcel renamed, moved, and its owner changed, by an editor."""
    feature = layer.features.get()
    author = user_with_role("editor", email="author@example.org")
    LayerGrant.objects.create(layer=layer, user=author)  # who sees the restricted field may change it
    draft = ChangeDraft(
        "U", feature_id=feature.pk, base_version=1, geometry=square(30.5),
        properties={**PARCEL, "name": "Нова назва", "owner": "після"},
    )  # fmt: skip
    return change(layer, author, draft, comment="Перейменовано за рішенням")


def change(layer: Layer, author: User | None, *drafts: ChangeDraft, comment: str = "") -> Changeset:
    changeset = open_changeset(layer=layer, author=author, comment=comment, changes=drafts)
    submit_changeset(changeset=changeset, actor=author)
    return apply_changeset(changeset=changeset, actor=author)


def address(changeset: Changeset) -> str:
    return f"/demo/changesets/{changeset.pk}/"


def test_it_tells_who_changed_what_and_why(
    renamed: Changeset, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    response = client_of(user_with_role("viewer")).get(address(renamed))
    page = Document(response.content.decode())
    text = " ".join(page.words_of("main"))
    assert "Перейменовано за рішенням" in text
    assert "author@example.org" in text
    assert page.words_of("del") == ["Стара назва"]
    assert page.words_of("ins") == ["Нова назва"]
    assert "Геометрія: змінено" in text


def test_a_field_closed_to_the_reader_is_not_among_the_differences(
    renamed: Changeset, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    for role, seen in (("editor", False), ("admin", True)):
        text = client_of(user_with_role(role)).get(address(renamed)).content.decode()
        assert ("після" in text) is seen
        assert ("Власник" in text) is seen


def test_only_members_see_it_and_nobody_learns_whether_it_exists(
    renamed: Changeset, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    stranger = client_of(user_with_role(None))
    there, absent = stranger.get(address(renamed)), stranger.get("/demo/changesets/999999/")
    assert there.status_code == absent.status_code == 404
    assert client_of(None).get(address(renamed)).headers["Location"].startswith("/accounts/login/?next=")
    assert client_of(user_with_role("viewer")).get(address(renamed)).status_code == 200


def test_a_restricted_layers_changeset_is_hidden_from_other_members(
    renamed: Changeset, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    Layer.objects.update(access_level="restricted")
    assert client_of(user_with_role("reviewer")).get(address(renamed)).status_code == 404
    assert client_of(user_with_role("admin")).get(address(renamed)).status_code == 200


def test_an_editor_undoes_it_and_the_feature_is_as_before(
    renamed: Changeset, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    client = client_of(user_with_role("editor"))
    response = client.post(f"{address(renamed)}revert/", {"comment": "Помилка в рішенні"}, follow=True)
    page = Document(response.content.decode())
    inverse = Changeset.objects.get(reverts=renamed)
    assert response.redirect_chain == [(address(inverse), 302)]
    assert f"Набір змін {renamed.pk} скасовано." in page.words_of("li")
    assert Feature.objects.get().properties["name"] == "Стара назва"
    assert inverse.comment == "Помилка в рішенні"
    again = Document(client.get(address(renamed)).content.decode())
    assert "Скасувати зміни" not in again.words_of("button")


def test_undoing_needs_a_reason(
    renamed: Changeset, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    response = client_of(user_with_role("editor")).post(f"{address(renamed)}revert/", {"comment": " "})
    page = Document(response.content.decode())
    (reason,) = [tag for tag in page.all("input") if tag.attributes.get("name") == "comment"]
    assert reason.attributes["aria-invalid"] == "true"
    assert "id_comment_error" in reason.attributes["aria-describedby"]
    assert not Changeset.objects.filter(reverts=renamed).exists()


def test_what_was_changed_since_is_not_undone_and_the_page_says_so(
    layer: Layer, renamed: Changeset, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    layer.refresh_from_db()
    feature = layer.features.get()
    later = ChangeDraft("U", feature.pk, 2, square(30.7), {**PARCEL, "name": "Ще новіша"})
    change(layer, None, later)
    response = client_of(user_with_role("editor")).post(f"{address(renamed)}revert/", {"comment": "Ні"})
    assert response.status_code == 409
    assert "Набір змін не скасовано" in Document(response.content.decode()).words_of("h2")
    assert layer.features.get().properties["name"] == "Ще новіша"


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), (None, 404)])
def test_whoever_may_not_edit_can_not_undo(
    renamed: Changeset,
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
    role: str,
    status: int,
) -> None:
    client = client_of(user_with_role(role))
    assert client.post(f"{address(renamed)}revert/", {"comment": "x"}).status_code == status
    assert not Changeset.objects.filter(reverts=renamed).exists()
    if role:
        page = Document(client.get(address(renamed)).content.decode())
        assert "Скасувати зміни" not in page.words_of("button")


def test_many_changes_are_paged_at_a_steady_cost(
    layer: Layer,
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
    django_assert_num_queries: Any,
) -> None:
    drafts = [
        ChangeDraft("C", geometry=square(31 + n / 100), properties={"cad_num": f"n{n}"}) for n in range(130)
    ]
    changeset = change(layer, None, *drafts)
    client = client_of(user_with_role("viewer"))
    client.get("/demo/")
    with django_assert_num_queries(13):
        first = Document(client.get(address(changeset)).content.decode())
    assert len(first.all("tr")) == 101
    second = Document(client.get(first.links()["Наступна сторінка"]).content.decode())
    assert len(second.all("tr")) == 31
