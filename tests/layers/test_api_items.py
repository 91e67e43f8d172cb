"""Features over the API: pages, boxes, filters, single features."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_core.api.params import encode_cursor
from gis_core.people import User
from layers.api.params import ITEMS as ITEMS_PARAMETERS
from layers.models import Feature, Layer
from tests.conftest import FIELDS, point, square

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
ITEMS = "/api/collections/demo.parcels/items"
TYPED = [
    *FIELDS,
    {"key": "floors", "type": "integer"},
    {"key": "vacant", "type": "boolean"},
    {"key": "built", "type": "date"},
    {"key": "seen", "type": "datetime"},
]


@pytest.fixture
def anonymous() -> Client:
    return Client(headers={"accept-language": "en"})


def items(client: Client, query: str = "", **headers: str) -> dict[str, Any]:
    response = client.get(f"{ITEMS}{query}", headers=headers or None)
    assert response.status_code == 200, response.content
    return json.loads(response.content)  # type: ignore[no-any-return]


def names(client: Client, query: str = "") -> list[str]:
    return [feature["properties"].get("name", "") for feature in items(client, query)["features"]]


def link(document: dict[str, Any], rel: str) -> str | None:
    return next((item["href"] for item in document["links"] if item["rel"] == rel), None)


def many(count: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(point(30 + n / 1000, 50 + n / 1000), {"name": f"Об'єкт № {n}"}) for n in range(count)]


def test_pages_follow_each_other_until_every_feature_came_once(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    make_layer(features=many(25), geometry_type="Point")
    seen: list[int] = []
    counts = []
    address: str | None = f"{ITEMS}?limit=10"
    while address:
        document = json.loads(anonymous.get(address.removeprefix("http://testserver")).content)
        counts.append(document["numberReturned"])
        seen += [feature["id"] for feature in document["features"]]
        address = link(document, "next")
    assert counts == [10, 10, 5]
    assert seen == list(Feature.objects.order_by("pk").values_list("pk", flat=True))


def test_the_last_page_has_no_next_even_when_it_is_full(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=many(10), geometry_type="Point")
    assert link(items(anonymous, "?limit=10"), "next") is None


def test_the_next_link_keeps_the_filters(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=many(9), geometry_type="Point")
    address = link(items(anonymous, "?limit=2&bbox=29.9995,49.9995,30.0045,50.0045"), "next")
    assert address is not None
    assert names(anonymous, "?" + address.partition("?")[2]) == ["Об'єкт № 2", "Об'єкт № 3"]


def test_a_page_is_a_geojson_feature_collection_with_ukrainian_text(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    make_layer(features=[(square(), {"name": "Кам'янець-Подільський, вул. Ґонти", "area_ha": 0.25})])
    response = anonymous.get(ITEMS)
    assert response["Content-Type"] == "application/geo+json"
    assert "Ґонти".encode() in response.content
    document = json.loads(response.content)
    (feature,) = document["features"]
    assert document["type"] == "FeatureCollection"
    assert document["numberReturned"] == 1
    assert document["timeStamp"].endswith("Z")
    assert link(document, "self") == f"http://testserver{ITEMS}"
    assert link(document, "collection") == "http://testserver/api/collections/demo.parcels"
    assert feature["geometry"] == square()
    assert feature["properties"] == {"name": "Кам'янець-Подільський, вул. Ґонти", "area_ha": 0.25}
    assert feature["version"] == 1


def test_an_empty_layer_is_an_empty_collection(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer()
    document = items(anonymous)
    assert (document["features"], document["numberReturned"]) == ([], 0)


BOXES = [
    ("29.9,49.9,30.1,50.1", ["A"]),
    ("29.9,49.9,0,30.1,50.1,100", ["A"]),
    ("30.0005,50.0005,30.0005,50.0005", ["A"]),
    ("-180,-90,180,90", ["A", "B", "slanted"]),
    ("10,10,11,11", []),
    ("170,-80,-170,80", ["B"]),
    ("29,86,31,90", []),
    ("35.6,40.2,36.0,40.4", []),
]


def test_a_box_finds_the_features_that_meet_it(
    make_layer: MakeLayer, anonymous: Client, subtests: pytest.Subtests
) -> None:
    slanted = {"type": "LineString", "coordinates": [[35, 40], [36, 41]]}  # its own box meets the last one
    make_layer(
        features=[
            (square(30, 50), {"name": "A"}),
            (square(179.5, 10), {"name": "B"}),
            (slanted, {"name": "slanted"}),
        ]
    )
    for box, found in BOXES:
        with subtests.test(box):
            assert names(anonymous, f"?bbox={box}") == found


FILTERS = [
    ("?name=А", ["А"]),
    ("?name=немає", []),
    ("?floors=3", ["А", "Б"]),
    ("?floors=-9223372036854775807", []),
    ("?area_ha=0.5", ["Б"]),
    ("?vacant=true", ["Б"]),
    ("?built=1986-04-26", ["А"]),
    ("?seen=2026-01-02T03:04:05Z", ["А"]),
    ("?floors=3&vacant=false", ["А"]),
    ("?cad_num=0510600000:01:001:0002", ["Б"]),
    ("?name=%27%20OR%201=1%20--", []),
    ("?name=%25", []),
]


def test_fields_filter_by_equality(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: Any, subtests: pytest.Subtests
) -> None:
    first = {
        "name": "А",
        "floors": 3,
        "vacant": False,
        "built": "1986-04-26",
        "seen": "2026-01-02T03:04:05+00:00",
    }
    second = {"name": "Б", "floors": 3, "vacant": True, "area_ha": 0.5, "cad_num": "0510600000:01:001:0002"}
    make_layer(features=[(point(), first), (point(31), second)], fields=TYPED, key_field="cad_num")
    for reader in (None, user_with_role("viewer")):
        client = client_of(reader)
        for query, found in FILTERS:
            with subtests.test(f"{reader} {query}"):
                assert names(client, query) == found


WRONG = [
    ("?bbox=a,b,c,d", "bbox"),
    ("?bbox=1,2,3", "bbox"),
    ("?bbox=1,2,3,4,5", "bbox"),
    ("?bbox=nan,0,1,1", "bbox"),
    ("?bbox=0,0,inf,1", "bbox"),
    ("?bbox=0,0,1e999,1", "bbox"),
    ("?bbox=0,5,1,1", "bbox"),
    ("?bbox=0,0,181,1", "bbox"),
    ("?bbox=0,0,1,91", "bbox"),
    ("?bbox=", "bbox"),
    ("?limit=0", "limit"),
    ("?limit=-1", "limit"),
    ("?limit=ten", "limit"),
    ("?limit=1.5", "limit"),
    ("?limit=٣", "limit"),
    ("?after=", "after"),
    ("?after=abc", "after"),
    ("?after=MTph", "after"),
    ("?after=%00", "after"),
    ("?crs=EPSG:6384", "crs"),
    ("?bbox-crs=http://example.org/", "bbox-crs"),
    ("?datetime=yesterday", "datetime"),
    ("?coordinates=some", "coordinates"),
    ("?surprise=1", "surprise"),
    ("?%00=1", "\x00"),
    ("?limit=1&limit=2", "limit"),
    ("?floors=3.5", "floors"),
    ("?floors=99999999999999999999", "floors"),
    ("?area_ha=much", "area_ha"),
    ("?area_ha=nan", "area_ha"),
    ("?vacant=maybe", "vacant"),
    ("?built=2026-02-30", "built"),
    ("?seen=2026-13-01T00:00:00Z", "seen"),
    ("?name=a%00b", "name"),
]


def test_a_wrong_parameter_is_a_400_that_names_it(
    make_layer: MakeLayer, anonymous: Client, subtests: pytest.Subtests
) -> None:
    make_layer(features=many(1), fields=TYPED)
    for query, parameter in WRONG:
        with subtests.test(query):
            response = anonymous.get(f"{ITEMS}{query}")
            problem = response.json()
            answer = (response.status_code, problem["code"], problem["parameter"])
            assert answer == (400, "bad-parameter", parameter)
            assert response["Content-Type"] == "application/problem+json"
            assert problem["detail"].startswith(f"Parameter “{parameter}” is wrong: ")


def test_a_problem_is_told_in_the_language_asked_for(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer()
    response = anonymous.get(f"{ITEMS}?limit=0", headers={"accept-language": "uk"})
    assert "очікувалося ціле число від 1" in response.json()["detail"]
    assert response["Content-Language"] == "uk"


def test_a_limit_above_the_largest_page_is_the_largest_page(
    make_layer: MakeLayer, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_layer(features=many(5), geometry_type="Point")
    monkeypatch.setenv("HROMADA_MAX_PAGE", "3")
    assert items(anonymous, "?limit=100000")["numberReturned"] == 3
    assert items(anonymous)["numberReturned"] == 3


def test_a_hidden_field_is_refused_exactly_like_one_that_does_not_exist(
    make_layer: MakeLayer, anonymous: Client, user_with_role: MakeUser, client_of: Any
) -> None:
    fields = [*FIELDS, {"key": "owner", "access": "staff"}]
    make_layer(features=[(point(), {"owner": "7", "name": "Дім"})], fields=fields)
    hidden, invented = anonymous.get(f"{ITEMS}?owner=7"), anonymous.get(f"{ITEMS}?ownex=7")
    assert hidden.status_code == invented.status_code == 400
    assert hidden.content == invented.content.replace(b"ownex", b"owner")
    assert items(client_of(user_with_role("viewer")), "?owner=7")["features"][0]["properties"]["owner"] == "7"
    assert items(anonymous)["features"][0]["properties"] == {"name": "Дім"}
    item = items(anonymous)["features"][0]["id"]
    assert anonymous.get(f"{ITEMS}/{item}").json()["properties"] == {"name": "Дім"}


def test_coordinates_are_short_unless_asked_for_in_full(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=[(point(30.123456789012, 50.98765432109876), {})])
    (feature,) = items(anonymous)["features"]
    item = f"{ITEMS}/{feature['id']}"
    short, full = [30.1234568, 50.9876543], [30.123456789012, 50.98765432109876]
    assert feature["geometry"]["coordinates"] == short
    assert anonymous.get(item).json()["geometry"]["coordinates"] == short
    assert items(anonymous, "?coordinates=full")["features"][0]["geometry"]["coordinates"] == full
    assert anonymous.get(f"{item}?coordinates=full").json()["geometry"]["coordinates"] == full


GEOMETRIES = [
    point(),
    {"type": "MultiPoint", "coordinates": [[30, 50], [31, 51]]},
    {"type": "LineString", "coordinates": [[30, 50], [31, 51.5]]},
    {"type": "MultiLineString", "coordinates": [[[30, 50], [31, 51]], [[32, 50], [33, 51]]]},
    square(),
    {"type": "MultiPolygon", "coordinates": [square()["coordinates"], square(31)["coordinates"]]},
]


def test_one_feature_is_the_same_as_in_a_page(
    make_layer: MakeLayer, anonymous: Client, subtests: pytest.Subtests
) -> None:
    make_layer(features=[(geometry, {"name": "Ї", "area_ha": 1.5}) for geometry in GEOMETRIES])
    for listed in items(anonymous)["features"]:
        with subtests.test(listed["geometry"]["type"]):
            response = anonymous.get(f"{ITEMS}/{listed['id']}")
            single = response.json()
            links = single.pop("links")
            assert single == listed
            assert response["Content-Type"] == "application/geo+json"
            assert [item["rel"] for item in links] == ["self", "collection"]
            assert response["ETag"] == f'"{listed["id"]}-1"'


def test_a_client_that_has_the_feature_or_page_gets_304(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=many(3))
    item = f"{ITEMS}/{items(anonymous)['features'][0]['id']}"
    for address in (ITEMS, f"{ITEMS}?limit=2", item):
        etag = anonymous.get(address)["ETag"]
        again = anonymous.get(address, headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert anonymous.get(address, headers={"if-none-match": '"other"'}).status_code == 200


def test_a_missing_feature_is_404(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=many(1))
    make_layer("other", features=many(1))
    elsewhere = Feature.objects.get(layer__slug="other").pk
    for identity in (elsewhere, 999_999_999, 2**63 - 1):
        response = anonymous.get(f"{ITEMS}/{identity}")
        assert (response.status_code, response.json()["code"]) == (404, "feature-not-found")


def test_a_feature_id_that_is_no_id_is_named(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=many(1))
    for identity in ("0", "-1", "one", "1e3", "99999999999999999999", "%00", "1.5"):
        response = anonymous.get(f"{ITEMS}/{identity}")
        assert (response.status_code, response.json()["parameter"]) == (400, "id"), identity


def test_features_at_the_ends_of_the_map_come_out(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=[(point(180, 85.06), {}), (point(-180, -85.06), {}), (square(179.6, -85.06), {})])
    assert items(anonymous)["numberReturned"] == 3
    assert items(anonymous, "?bbox=179.5,-90,-179.5,90")["numberReturned"] == 3


def test_a_page_costs_one_look_at_the_catalogue_and_one_query(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    make_layer(features=many(60), geometry_type="Point")
    items(anonymous)  # the catalogue's row is kept from here on
    with (
        CaptureQueriesContext(connection) as catalogue,
        CaptureQueriesContext(connections["public"]) as features,
    ):
        items(anonymous, "?limit=50&bbox=29,49,32,52")
    assert (len(catalogue), len(features)) == (1, 1)


@given(
    query=st.dictionaries(
        st.sampled_from([*ITEMS_PARAMETERS, "name", "area_ha", "floors", "unknown"]),
        st.one_of(
            st.text(max_size=20), st.integers().map(str), st.floats().map(str),
            st.lists(st.floats(), min_size=3, max_size=7).map(lambda numbers: ",".join(map(str, numbers))),
            st.integers(0, 2**70).map(encode_cursor),
        ),
        max_size=3,
    )
)  # fmt: skip
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_makes_the_server_fail(
    community: Any, make_layer: MakeLayer, anonymous: Client, query: dict[str, str]
) -> None:
    if not Layer.objects.exists():
        make_layer(features=many(3), fields=TYPED)
    for path in (ITEMS, f"{ITEMS}/1", "/api/collections", "/api/collections/demo.parcels"):
        assert anonymous.get(path, query).status_code < 500, (path, query)


NAMES = st.one_of(
    st.just("demo.parcels"), st.text(max_size=30), st.sampled_from(["%00", "demo.", ".", "a.b%27--"])
)
IDENTITIES = st.one_of(
    st.integers().map(str), st.text(max_size=12), st.sampled_from(["%00", "1.0", "²", "None"])
)


@given(name=NAMES, identity=IDENTITIES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_address_of_the_api_makes_the_server_fail(
    community: Any, anonymous: Client, name: str, identity: str
) -> None:
    collection = f"/api/collections/{name}"
    for path in (collection, f"{collection}/items", f"{collection}/items/{identity}"):
        for address in (path, f"{path}/history", f"/api/changesets/{identity}"):
            assert anonymous.get(address).status_code < 500, address


def test_a_query_that_takes_too_long_is_answered_with_busy(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=many(500), geometry_type="Point")
    try:
        with connections["public"].cursor() as cursor:
            cursor.execute("SET statement_timeout = 1")
        response = anonymous.get(f"{ITEMS}?limit=1000&coordinates=full")
    finally:
        connections["public"].close()
    assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert response["Retry-After"] == "5"
