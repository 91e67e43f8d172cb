"""The pages over HTTP: what a reader finds on them, and what stays hidden."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pyproj import Geod

from frontend.map_config import bounds
from gis_core.communities import Community
from gis_core.people import User
from layers.models import Layer
from tests.conftest import FIELDS, add_features, make_community, point, square
from tests.frontend.html import Document

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

SECRET = {"key": "owner", "title": {"uk": "Власник", "en": "Owner"}, "access": "staff"}


def parcels(count: int, start: int = 1) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (square(30 + number / 100), {"cad_num": f"{number:04}", "name": f"Ділянка {number}", "area_ha": 0.25})
        for number in range(start, start + count)
    ]


def get(client: Client, address: str, *, status: int = 200) -> Document:
    response = client.get(address)
    assert response.status_code == status, (address, response.content.decode()[:500])
    return Document(response.content.decode())


def queries(client: Client, address: str) -> int:
    """Queries on both aliases that one GET costs."""
    with (
        CaptureQueriesContext(connections["default"]) as own,
        CaptureQueriesContext(connections["public"]) as pub,
    ):
        get(client, address)
    sent = [item["sql"] for item in [*own.captured_queries, *pub.captured_queries]]
    return len(
        [text for text in sent if text not in ("BEGIN", "COMMIT") and not text.startswith("SET LOCAL")]
    )


# --- the frame ---


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


# --- home ---


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


# --- map ---


def config_of(client: Client, address: str = "/demo/") -> dict[str, Any]:
    page = get(client, address)
    (script,) = [tag for tag in page.all("script") if tag.attributes.get("id") == "map-config"]
    return dict(json.loads(script.words))


def test_the_map_gets_the_layers_with_their_styles_and_addresses(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    make_layer(features=parcels(2), geometry_type="Polygon", theme="land", key_field="cad_num")
    config = config_of(client)
    (layer,) = config["layers"]
    assert config["community"] == {"slug": "demo", "title": "Демонстраційна громада"}
    assert config["editorAvailable"] is False
    assert layer["tiles"] == "/tiles/demo.parcels/{z}/{x}/{y}.mvt"
    assert layer["version"] == 1
    assert layer["labelField"] == "cad_num"
    assert layer["pageUrl"] == "/demo/layers/parcels/{id}/"
    assert {item["source-layer"] for item in layer["style"]} == {"demo.parcels"}
    assert [item["key"] for item in layer["fields"]] == ["cad_num", "name", "area_ha"]
    west, south, east, north = config["bounds"]
    assert west < 30.01 < east
    assert south < 50.0005 < north


def test_only_editors_are_offered_the_editor(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    make_layer()
    for role, allowed in (("viewer", False), ("editor", True), (None, False)):
        config = config_of(client_of(user_with_role(role)))
        assert config["editorAvailable"] is allowed
        assert [layer["canEdit"] for layer in config["layers"]] == [allowed]


def test_a_style_resting_on_a_hidden_field_is_not_given_to_those_who_may_not_see_it(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    style = {
        "version": 1,
        "geometry": "polygon",
        "fill": "#eeeeee",
        "renderer": {
            "type": "categorized",
            "field": "owner",
            "classes": [{"value": "Шевченко", "label": {"uk": "Шевченко"}, "fill": "#ff0000"}],
        },
    }
    make_layer(fields=[*FIELDS, SECRET], style=style, geometry_type="Polygon")
    assert "Шевченко" not in json.dumps(config_of(client_of(None)), ensure_ascii=False)
    assert "Шевченко" not in client_of(None).get("/demo/layers/").content.decode()
    assert "Шевченко" in json.dumps(config_of(client_of(user_with_role("viewer"))), ensure_ascii=False)


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


# --- catalogue ---


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


# --- one layer ---


def test_a_layer_is_described_with_its_fields_licence_and_addresses_for_programs(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    domain = [{"value": "100", "title": {"uk": "Приватна", "en": "Private"}}]
    fields = [*FIELDS, {"key": "own", "title": {"uk": "Власність"}, "domain": domain, "required": False}]
    make_layer(fields=fields, features=parcels(2), attribution="Відділ землі", licence="ODbL-1.0")
    page = get(client, "/demo/layers/parcels/")
    text = " ".join(page.words_of("main"))
    assert "Усього 2 об'єкти" in text
    assert "Відділ землі" in text
    assert page.links()["ODbL 1.0"].startswith("https://opendatacommons.org/")
    assert page.links()["Об'єкти у форматі GeoJSON"] == "/api/collections/demo.parcels/items"
    assert page.links()["Векторні тайли (TileJSON)"] == "/tiles/demo.parcels.json"
    assert "1 дозволене значення" in text
    assert "Приватна (100)" in text


def test_the_table_is_walked_to_its_end_without_losing_or_repeating_a_row(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    make_layer(features=parcels(70), key_field="cad_num")
    for start in ("/demo/layers/parcels/", "/demo/layers/parcels/?sort=key"):
        seen: list[str] = []
        address = start
        while address:
            page = get(client, address)
            seen += _row_names(page)
            address = page.links().get("Наступна сторінка", "")
        assert seen == [f"{number:04}" for number in range(1, 71)], start


def test_sorted_by_key_the_rows_without_one_come_last(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    layer = make_layer(key_field="cad_num")
    add_features(layer, [(point(30, 50), {"name": f"без номера {n}"}) for n in range(40)])
    add_features(layer, [(point(30, 50), {"cad_num": "Б"}), (point(30, 50), {"cad_num": "А"})])
    names: list[str] = []
    address = "/demo/layers/parcels/?sort=key"
    while address:
        page = get(client, address)
        names += _row_names(page)
        address = page.links().get("Наступна сторінка", "")
    assert names[:2] == ["А", "Б"]
    assert len(names) == 42
    assert all(name.startswith("№ ") for name in names[2:])


def _row_names(page: Document) -> list[str]:
    """What the links to single features are called, in the order of the table."""
    return [
        " ".join(tag.words.split())
        for tag in page.all("a")
        if re.fullmatch(r"/\w+/layers/\w+/\d+/", tag.attributes.get("href", ""))
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [("0007", ["0007"]), ("ДІЛЯНКА 12", ["0012"]), ("%", []), ("_", []), ("немає", []), ("'; DROP", [])],
)
def test_search_finds_part_of_a_key_or_a_text_whatever_the_case(
    client: Client, make_layer: Callable[..., Layer], query: str, found: list[str]
) -> None:
    make_layer(features=parcels(15), key_field="cad_num")
    response = client.get("/demo/layers/parcels/", {"q": query})
    assert _row_names(Document(response.content.decode())) == found


def test_a_whole_cadastral_number_finds_its_parcel_alone(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    numbers = ["0510600000:01:001:0001", "0510600000:01:001:00012"]
    make_layer(features=[(square(), {"cad_num": number}) for number in numbers], key_field="cad_num")
    assert _row_names(get(client, f"/demo/layers/parcels/?q={numbers[0]}")) == numbers[:1]
    assert _row_names(get(client, "/demo/layers/parcels/?q=01:001:0001")) == numbers


def test_a_closed_key_is_not_found_by_its_value(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    fields = [*FIELDS, {"key": "tax_no", "access": "staff"}]
    make_layer(
        fields=fields, features=[(square(), {"name": "x", "tax_no": "1234567890"})], key_field="tax_no"
    )
    for user, found in ((None, []), (user_with_role(None), []), (user_with_role("viewer"), ["1234567890"])):
        assert _row_names(get(client_of(user), "/demo/layers/parcels/?q=1234567890")) == found


def test_search_finds_a_listed_value_by_its_title(client: Client, make_layer: Callable[..., Layer]) -> None:
    domain = [{"value": "100", "title": {"uk": "Приватна"}}, {"value": "200", "title": {"uk": "Державна"}}]
    fields = [*FIELDS, {"key": "own", "title": {"uk": "Власність"}, "domain": domain}]
    features = [(square(), {"cad_num": "1", "own": "100"}), (square(31), {"cad_num": "2", "own": "200"})]
    make_layer(fields=fields, features=features, key_field="cad_num")
    assert _row_names(get(client, "/demo/layers/parcels/?q=держ")) == ["2"]


def test_a_hidden_field_is_neither_shown_nor_searched(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    features = [(square(), {"cad_num": "1", "owner": "Петренко"})]
    layer = make_layer(fields=[*FIELDS, SECRET], features=features, key_field="cad_num")
    feature = layer.features.get()
    addresses = ["/demo/layers/parcels/", f"/demo/layers/parcels/{feature.pk}/"]
    for user, seen in ((None, False), (user_with_role(None), False), (user_with_role("viewer"), True)):
        client = client_of(user)
        for address in addresses:
            text = " ".join(get(client, address).words_of("main"))
            assert ("Петренко" in text) is seen
            assert ("Власник" in text) is seen
        found = _row_names(get(client, "/demo/layers/parcels/?q=петренко"))
        assert found == (["1"] if seen else [])


def test_the_absent_and_the_hidden_cannot_be_told_apart(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    closed = make_layer("closed", features=parcels(1), access_level="staff")
    hidden = make_layer("masked", features=parcels(1, 5), publish_mode="hidden")
    shown = make_layer("shown", features=parcels(1, 9))
    feature = closed.features.get()
    other = hidden.features.get()

    def answer(address: str, name: str) -> tuple[int, str, list[str]]:
        response = client.get(address)
        body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
        return response.status_code, body.replace(name, "…"), sorted(response.headers)

    absent = answer("/demo/layers/absent/", "absent")
    assert absent[0] == 404
    assert answer("/demo/layers/closed/", "closed") == absent
    assert answer("/demo/layers/masked/", "masked") == absent
    assert client.get(f"/demo/layers/closed/{feature.pk}/").status_code == 404
    assert client.get(f"/demo/layers/shown/{feature.pk}/").status_code == 404, "a feature of another layer"
    assert client.get(f"/demo/layers/shown/{other.pk}/").status_code == 404
    assert client.get(f"/demo/layers/shown/{shown.features.get().pk}/").status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("after=abc", "after"),
        ("after=-1", "after"),
        ("after=9999999999999999999", "after"),
        ("sort=name", "sort"),
        ("q=" + "x" * 101, "q"),
        ("q=a%00b", "q"),
        ("after=1&after_key=" + "x" * 501, "after_key"),
    ],
)
def test_a_nonsense_parameter_is_400_and_named(
    client: Client, make_layer: Callable[..., Layer], query: str, parameter: str
) -> None:
    make_layer(features=parcels(1), key_field="cad_num")
    page = get(client, f"/demo/layers/parcels/?{query}", status=400)
    assert parameter in " ".join(page.words_of("main"))


# --- one feature ---


def test_a_feature_tells_its_size_on_the_ellipsoid_and_its_place(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    layer = make_layer(features=[(square(30, 50, 0.01), {"name": "Квартал"})], geometry_type="Polygon")
    feature = layer.features.get()
    page = get(client, f"/demo/layers/parcels/{feature.pk}/")
    text = " ".join(page.words_of("main"))
    corners = [(30, 50), (30.01, 50), (30.01, 50.01), (30, 50.01)]
    area_m2, _ = Geod(ellps="WGS84").polygon_area_perimeter(*zip(*corners, strict=True))
    assert f"Площа{area_m2 / 10_000:.4f} га".replace(".", ",") in text
    assert "50.005000, 30.005000" in text
    assert (
        page.links()["Показати на карті"] == f"/demo/#map=15/50.005000/30.005000&f=demo.parcels/{feature.pk}"
    )
    assert page.all("path")[-1].attributes["d"].startswith("M ")


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (point(), "Координати (широта, довгота)50.000000, 30.000000"),
        ({"type": "LineString", "coordinates": [[30, 50], [30, 50.01]]}, "Довжина1,112 км"),
    ],
)
def test_a_point_has_no_size_and_a_line_has_a_length(
    client: Client, make_layer: Callable[..., Layer], geometry: dict[str, Any], words: str
) -> None:
    feature = make_layer(features=[(geometry, {"name": "x"})]).features.get()
    text = " ".join(get(client, f"/demo/layers/parcels/{feature.pk}/").words_of("main"))
    assert words in text
    assert "Площа" not in text


def test_a_feature_in_a_layer_hidden_at_first_is_linked_with_its_layer_switched_on(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    make_layer("streets", theme="base")
    feature = make_layer("zones", theme="planning", features=[(square(), {"name": "Ж-1"})]).features.get()
    link = get(client, f"/demo/layers/zones/{feature.pk}/").links()["Показати на карті"]
    assert "&l=demo.zones,demo.streets&" in link


def test_the_history_is_for_members_alone(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    feature = make_layer(features=parcels(1)).features.get()
    address = f"/demo/layers/parcels/{feature.pk}/"
    for user, seen in ((None, False), (user_with_role(None), False), (user_with_role("viewer"), True)):
        assert ("Історія" in get(client_of(user), address).words_of("h2")) is seen


# --- cost ---


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
        "anonymous /demo/": 2,
        "anonymous /demo/layers/": 3,  # layers and rasters
        "anonymous /demo/layers/first/": 2,
        "editor /?all=1": 4,
        "editor /demo/": 7,
        "editor /demo/layers/": 8,
        "editor /demo/layers/first/": 8,
    }


def test_a_layer_of_the_whole_country_or_in_a_wrong_place_does_not_move_the_map(
    community: Community, make_layer: Callable[..., Layer]
) -> None:
    town = make_layer("town", features=[(square(29.24, 48.68), {})])
    sea = make_layer("sea", features=[(square(-33.0, 29.0), {})])
    country = make_layer("country", features=[(square(23.0, 47.0, 9.0), {})])
    opened = bounds(community, [town, sea, country])
    assert opened == pytest.approx([29.24, 48.68, 29.241, 48.681], abs=0.001)
