"""What holds for every page over HTTP: its language, its policy, its frame, foreign words and its cost."""

from collections.abc import Callable

import pytest
from django.test import Client

from gis_core.people import User
from layers.models import Layer
from tests.conftest import add_features, square
from tests.frontend.html import Document
from tests.frontend.pages import get, parcels, queries

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


@pytest.fixture
def addresses(make_layer: Callable[..., Layer]) -> list[str]:
    layer = make_layer(features=parcels(2), key_field="cad_num")
    feature = layer.features.first()
    assert feature is not None
    return [
        "/",
        "/?all=1",
        "/demo/",
        "/demo/layers/",
        "/demo/layers/parcels/",
        "/accessibility/",
        f"/demo/layers/parcels/{feature.pk}/",
        "/accounts/login/",
        "/demo/layers/nothing/",
    ]


@pytest.mark.parametrize("lang", ["uk", "en"])
def test_every_page_names_its_language_and_speaks_it(client: Client, addresses: list[str], lang: str) -> None:
    client.cookies["django_language"] = lang
    for address in addresses:
        response = client.get(address)
        page = Document(response.content.decode())
        assert page.all("html")[0].attributes["lang"] == lang
        assert response["Content-Language"] == lang
        assert ("Доступність" in page.links()) is (lang == "uk"), address
        assert ("Accessibility" in page.links()) is (lang == "en"), address


def test_no_page_carries_a_script_or_style_of_its_own(client: Client, addresses: list[str]) -> None:
    for address in addresses:
        response = client.get(address)
        page = Document(response.content.decode())
        policy = response["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy
        assert not [
            tag
            for tag in page.all("script")
            if "src" not in tag.attributes and tag.attributes.get("type") != "application/json"
        ]
        assert not page.all("style")
        for tag in page.tags:
            assert "style" not in tag.attributes, (address, tag)
            assert not [name for name in tag.attributes if name.startswith("on")], (address, tag)


def test_every_page_can_be_skipped_into_and_has_one_heading(client: Client, addresses: list[str]) -> None:
    for address in addresses:
        page = Document(client.get(address).content.decode())
        assert page.all("a")[0].attributes["href"] == "#main"
        assert len(page.all("h1")) == 1
        assert [tag.attributes["id"] for tag in page.all("main")] == ["main"]


def test_a_hostile_title_stays_text_on_every_page(client: Client, make_layer: Callable[..., Layer]) -> None:
    hostile = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    layer = make_layer(features=[(square(), {"name": hostile})], attribution=hostile)
    layer.title = {"uk": hostile}
    layer.save(update_fields=["title"])
    feature = layer.features.get()
    for address in (
        "/demo/",
        "/demo/layers/",
        "/demo/layers/parcels/",
        f"/demo/layers/parcels/{feature.pk}/",
    ):
        page = get(client, address)
        assert not [tag for tag in page.all("img") if tag.attributes.get("src") == "x"], address
        assert "alert(1)" not in [tag.words for tag in page.all("script")]


def test_lists_cost_the_same_queries_for_few_and_for_many(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    editor = user_with_role("editor")
    make_layer("first", features=parcels(1), key_field="cad_num")

    def cost() -> dict[str, int]:
        people = {"anonymous": client_of(None), "editor": client_of(editor)}
        pages = ["/?all=1", "/demo/", "/demo/layers/", "/demo/layers/first/"]
        return {f"{who} {page}": queries(client, page) for who, client in people.items() for page in pages}

    cost()  # opens the connections, which asks queries of its own
    few = cost()
    add_features(Layer.objects.get(slug="first"), parcels(29, 2))
    for number in range(8):
        make_layer(f"more{number}", features=parcels(1), access_level="staff" if number % 2 else "public")
    cost()  # the first look at a changed layer reads its row anew
    assert cost() == few
    assert few == {
        "anonymous /?all=1": 2,
        "anonymous /demo/": 3,  # layers and rasters
        "anonymous /demo/layers/": 3,  # layers and rasters
        "anonymous /demo/layers/first/": 2,
        "editor /?all=1": 4,
        "editor /demo/": 8,
        "editor /demo/layers/": 8,
        "editor /demo/layers/first/": 8,
    }
