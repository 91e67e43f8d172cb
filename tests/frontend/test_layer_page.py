"""The page of a layer: its description, its table and the search in it."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from gis_core.people import User
from layers.models import Layer
from tests.conftest import FIELDS, add_features, point, square
from tests.frontend.html import Document
from tests.frontend.pages import SECRET, get, parcels, row_names

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


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
            seen += row_names(page)
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
        names += row_names(page)
        address = page.links().get("Наступна сторінка", "")
    assert names[:2] == ["А", "Б"]
    assert len(names) == 42
    assert all(name.startswith("№ ") for name in names[2:])


@pytest.mark.parametrize(
    ("query", "found"),
    [("0007", ["0007"]), ("ДІЛЯНКА 12", ["0012"]), ("%", []), ("_", []), ("немає", []), ("'; DROP", [])],
)
def test_search_finds_part_of_a_key_or_a_text_whatever_the_case(
    client: Client, make_layer: Callable[..., Layer], query: str, found: list[str]
) -> None:
    make_layer(features=parcels(15), key_field="cad_num")
    response = client.get("/demo/layers/parcels/", {"q": query})
    assert row_names(Document(response.content.decode())) == found


def test_a_whole_cadastral_number_finds_its_parcel_alone(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    numbers = ["0510600000:01:001:0001", "0510600000:01:001:00012"]
    make_layer(features=[(square(), {"cad_num": number}) for number in numbers], key_field="cad_num")
    assert row_names(get(client, f"/demo/layers/parcels/?q={numbers[0]}")) == numbers[:1]
    assert row_names(get(client, "/demo/layers/parcels/?q=01:001:0001")) == numbers


def test_a_closed_key_is_not_found_by_its_value(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    fields = [*FIELDS, {"key": "tax_no", "access": "staff"}]
    make_layer(
        fields=fields, features=[(square(), {"name": "x", "tax_no": "1234567890"})], key_field="tax_no"
    )
    for user, found in ((None, []), (user_with_role(None), []), (user_with_role("viewer"), ["1234567890"])):
        assert row_names(get(client_of(user), "/demo/layers/parcels/?q=1234567890")) == found


def test_search_finds_a_listed_value_by_its_title(client: Client, make_layer: Callable[..., Layer]) -> None:
    domain = [{"value": "100", "title": {"uk": "Приватна"}}, {"value": "200", "title": {"uk": "Державна"}}]
    fields = [*FIELDS, {"key": "own", "title": {"uk": "Власність"}, "domain": domain}]
    features = [(square(), {"cad_num": "1", "own": "100"}), (square(31), {"cad_num": "2", "own": "200"})]
    make_layer(fields=fields, features=features, key_field="cad_num")
    assert row_names(get(client, "/demo/layers/parcels/?q=держ")) == ["2"]


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
        found = row_names(get(client, "/demo/layers/parcels/?q=петренко"))
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
