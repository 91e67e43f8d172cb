"""Tiles over HTTP: validators, caching rules, compression, refusals."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_core.people import User, create_api_token
from layers.models import Layer
from tests.conftest import FIELDS, square
from tests.layers.tiling import get_tile, ids, tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
TILE = tile_at(30.005, 50.005, 14)
PUBLIC, PRIVATE = "public, max-age=0, must-revalidate", "private, no-cache"
FEATURES = [(square(30 + n / 2000, 50.0, 0.0004), {"name": f"Дім № {n}"}) for n in range(20)]


@pytest.fixture
def anonymous() -> Client:
    return Client()


def test_a_client_that_has_the_tile_gets_304_without_a_body(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    first = get_tile(anonymous, layer, TILE)
    etag = first["ETag"]
    assert etag.startswith('W/"')
    for given_tag in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = get_tile(anonymous, layer, TILE, if_none_match=given_tag)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert get_tile(anonymous, layer, TILE, if_none_match='"other"').status_code == 200


def test_a_304_is_the_same_on_a_server_that_has_not_made_the_tile_before(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=FEATURES)
    etag = get_tile(anonymous, layer, TILE)["ETag"]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tiles.tile")
    assert get_tile(anonymous, layer, TILE, if_none_match=etag).status_code == 304


def test_a_304_costs_one_look_at_the_catalogue_and_no_rendering(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=FEATURES)
    etag = get_tile(anonymous, layer, TILE)["ETag"]
    with (
        CaptureQueriesContext(connection) as catalogue,
        CaptureQueriesContext(connections["public"]) as features,
    ):
        get_tile(anonymous, layer, TILE, if_none_match=etag)
    assert (len(catalogue), len(features)) == (1, 0)


def test_an_anonymous_tile_is_made_over_the_public_alias_in_one_query(
    make_layer: MakeLayer, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layers.tiles.bodies.make_room", lambda: None)  # looks now and then
    layer = make_layer(features=FEATURES).full_name
    get_tile(anonymous, layer, tile_at(30.005, 50.005, 13))  # the catalogue's row is kept from here on
    with (
        CaptureQueriesContext(connection) as catalogue,
        CaptureQueriesContext(connections["public"]) as features,
    ):
        assert get_tile(anonymous, layer, TILE).status_code == 200
    # Asked for, claimed, kept, let go.
    assert (len(catalogue), len(features)) == (4, 1)
    assert '"pub"."demo_parcels"' in features[0]["sql"]


def test_a_tile_is_packed_once_for_those_who_take_gzip(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    plain = get_tile(anonymous, layer, TILE)
    packed = get_tile(anonymous, layer, TILE, accept_encoding="gzip;q=0.5")
    refused = get_tile(anonymous, layer, TILE, accept_encoding="gzip;q=0")
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in refused.headers
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content)
    assert packed["ETag"] == plain["ETag"]
    assert plain["Vary"] == packed["Vary"] == "Accept-Encoding"


def test_a_public_tile_may_be_kept_by_everyone_and_varies_by_nothing_but_its_encoding(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    response = get_tile(anonymous, make_layer(features=FEATURES), TILE, accept_language="en")
    assert response["Cache-Control"] == PUBLIC
    assert response["Content-Type"] == "application/vnd.mapbox-vector-tile"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert not response.cookies


def test_a_tile_that_is_not_public_is_asked_for_each_time_and_shared_with_nobody(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: Any
) -> None:
    admin = client_of(user_with_role("admin"))
    for level in ("registered", "staff", "restricted"):
        layer = make_layer(level, features=FEATURES, access_level=level)
        response = get_tile(admin, layer, TILE)
        assert (response.status_code, response["Cache-Control"]) == (200, PRIVATE)


def test_a_public_layer_gives_members_a_private_tile_only_where_they_see_more(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: Any, anonymous: Client
) -> None:
    member = client_of(user_with_role("viewer"))
    plain = make_layer("plain", features=FEATURES)
    more = make_layer("more", fields=[*FIELDS, {"key": "owner", "access": "staff"}], features=FEATURES)
    assert get_tile(member, plain, TILE)["Cache-Control"] == PUBLIC
    assert get_tile(member, plain, TILE).content == get_tile(anonymous, plain, TILE).content
    assert get_tile(member, more, TILE)["Cache-Control"] == PRIVATE


def test_a_program_reads_a_closed_tile_with_its_token(
    make_layer: MakeLayer, user_with_role: MakeUser, anonymous: Client
) -> None:
    layer = make_layer(features=FEATURES, access_level="staff")
    token = create_api_token(user=user_with_role("viewer"), name="QGIS")
    assert ids(get_tile(anonymous, layer, TILE, authorization=f"Bearer {token}"))
    wrong = get_tile(anonymous, layer, TILE, authorization="Bearer hgis_wrong")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "unauthenticated")
    assert wrong["WWW-Authenticate"] == "Bearer"


WRONG = [
    ("x/0/0.mvt", "z"),
    ("-1/0/0.mvt", "z"),
    ("25/0/0.mvt", "z"),
    ("1e1/0/0.mvt", "z"),
    ("٣/0/0.mvt", "z"),
    ("%00/0/0.mvt", "z"),
    ("3/8/0.mvt", "x"),
    ("3/NaN/0.mvt", "x"),
    ("3/0/8.mvt", "y"),
    ("3/0/0.5.mvt", "y"),
    ("3/0/99999999999999999999999999.mvt", "y"),
]


def test_a_nonsense_tile_number_is_named(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    for address, parameter in WRONG:
        for name in (layer.full_name, "demo.absent"):
            response = anonymous.get(f"/tiles/{name}/{address}", headers={"accept-language": "en"})
            problem = response.json()
            answer = (response.status_code, problem["code"], problem["parameter"])
            assert answer == (400, "bad-parameter", parameter), address
            assert response["Content-Type"] == "application/problem+json"
            assert f"“{parameter}”" in problem["detail"]


NONSENSE = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=12),
    st.sampled_from(["", "..", "%00", "%ff", "'"]),
)


@given(z=NONSENSE, x=NONSENSE, y=NONSENSE, name=st.one_of(st.just("demo.parcels"), NONSENSE))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_address_of_a_tile_makes_the_server_fail(
    community: Any, anonymous: Client, z: str, x: str, y: str, name: str
) -> None:
    for path in (f"/tiles/{name}/{z}/{x}/{y}.mvt", f"/tiles/{name}.json"):
        assert anonymous.get(path).status_code < 500, path


def test_a_tile_can_only_be_read(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    for method in (anonymous.post, anonymous.put, anonymous.delete, anonymous.patch):
        response = method(f"/tiles/{layer.full_name}/14/0/0.mvt")
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_a_head_request_has_the_headers_without_the_body(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    path = f"/tiles/{layer.full_name}/{TILE[0]}/{TILE[1]}/{TILE[2]}.mvt"
    got, head = anonymous.get(path), anonymous.head(path)
    assert head.content == b""
    assert (head["ETag"], head["Content-Length"]) == (got["ETag"], str(len(got.content)))


def test_a_layer_closed_between_catalogue_and_tile_is_a_missing_one(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=FEATURES)
    with connection.cursor() as cursor:
        cursor.execute('DROP VIEW pub."demo_parcels"')
    response = get_tile(anonymous, layer, TILE)
    assert (response.status_code, response.json()["code"]) == (404, "layer-not-found")


def test_the_tilejson_says_where_the_tiles_are_and_which_fields_they_carry(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(
        features=FEATURES, key_field="cad_num", min_zoom=11, attribution="© Громада", geometry_type="Polygon",
        fields=[*FIELDS, {"key": "owner", "access": "staff"}],
        style={
            "version": 1, "geometry": "polygon", "label": {"field": "name"},
            "renderer": {"type": "graduated", "field": "area_ha", "breaks": [1], "classes": [{}, {}]},
        },
    )  # fmt: skip
    response = anonymous.get("/tiles/demo.parcels.json", headers={"accept-language": "en"})
    document = response.json()
    assert response["Content-Type"] == "application/json"
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"] == ["http://testserver/tiles/demo.parcels/{z}/{x}/{y}.mvt"]
    assert (document["minzoom"], document["maxzoom"]) == (11, 16)
    assert document["bounds"] == layer.extent
    assert document["attribution"] == "© Громада"
    assert document["name"] == "Layer parcels"
    fields = {"cad_num": "String", "name": "String", "area_ha": "Number"}
    described = {
        "id": "demo.parcels",
        "description": "Layer parcels",
        "minzoom": 11,
        "maxzoom": 16,
        "fields": fields,
    }
    assert document["vector_layers"] == [described]
    again = anonymous.get(
        "/tiles/demo.parcels.json", headers={"accept-language": "en", "if-none-match": response["ETag"]}
    )
    assert again.status_code == 304


def test_the_tilejson_is_in_the_readers_language(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=FEATURES)
    response = anonymous.get("/tiles/demo.parcels.json", headers={"accept-language": "uk"})
    assert response.json()["name"] == "Шар parcels"
    assert "Accept-Language" in response["Vary"]


def test_an_address_under_tiles_that_does_not_exist_is_a_problem_too(
    anonymous: Client, community: Any
) -> None:
    for address in ("/tiles/", "/tiles/demo.parcels/1/2.mvt", "/tiles/demo.parcels/1/2/3.png"):
        response = anonymous.get(address)
        assert (response.status_code, response.json()["code"]) == (404, "not-found")
