"""The communities and the catalogue of layers: what is listed, in which order and for whom."""

from collections.abc import Callable

import pytest
from django.test import Client

from gis_core.communities import Community
from gis_core.people import User
from layers.models import Layer
from tests.conftest import make_community
from tests.frontend.pages import get, parcels

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


def test_the_only_community_is_shown_at_once(client: Client, community: Community) -> None:
    assert get(client, "/").words_of("h1") == ["Карта: Демонстраційна громада"]


def test_several_communities_are_listed_with_what_is_open_in_them(
    client: Client, community: Community, make_layer: Callable[..., Layer]
) -> None:
    make_community("other", "UA99000000000000002")
    make_layer(features=parcels(3))
    make_layer("secret", features=parcels(5, 10), access_level="staff")
    page = get(client, "/")
    assert page.words_of("h1") == ["Громади на карті"]
    assert page.words_of("li")[:2] != []
    cards = [text for text in page.words_of("li") if "громада" in text]
    assert cards == [
        "Демонстраційна громада 1 шар · 3 об'єкти",
        "Демонстраційна громада 0 шарів · 0 об'єктів",
    ]


def test_a_server_without_communities_says_what_to_do(client: Client, db: None) -> None:
    assert "manage.py create_community" in get(client, "/").words_of("code")


def test_layers_are_grouped_by_theme_and_the_base_map_comes_last(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    make_layer("streets", theme="base", position=0)
    make_layer("pipes", theme="infrastructure", position=1)
    make_layer("parcels", theme="land", position=2, features=parcels(1))
    page = get(client, "/demo/layers/")
    assert page.words_of("h3") == ["Шар parcels", "Шар pipes", "Шар streets"]
    assert page.links()["Шар parcels"] == "/demo/layers/parcels/"


def test_members_see_who_may_see_a_layer_and_others_see_no_closed_one(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    make_layer("open")
    make_layer("closed", access_level="staff")
    stranger = get(client_of(None), "/demo/layers/")
    member = get(client_of(user_with_role("viewer")), "/demo/layers/")
    assert stranger.words_of("h3") == ["Шар open"]
    assert [text.split(" Доступ:")[0] for text in member.words_of("h3")] == ["Шар open", "Шар closed"]
    assert all("Доступ:" in text for text in member.words_of("h3"))


def test_an_empty_community_invites_those_who_may_import(
    community: Community, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    assert "Імпорт файлу" not in get(client_of(None), "/demo/layers/").links()
    assert (
        get(client_of(user_with_role("editor")), "/demo/layers/").links()["Імпорт файлу"] == "/demo/import/"
    )
