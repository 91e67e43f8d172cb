"""Tiles with several layers of a map."""

from collections.abc import Callable
from typing import Any

import mapbox_vector_tile
import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gis_core.people import User
from layers.models import Layer
from tests.conftest import add_features, point, square
from tests.layers.tiling import tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
Z, X, Y = tile_at(30.0005, 50.0005, 14)
MAP = f"/tiles/map/demo/{Z}/{X}/{Y}.mvt"


@pytest.fixture
def full_map(make_layer: MakeLayer) -> dict[str, Layer]:
    return {
        "land": make_layer(
            "land", features=[(square(), {"name": "a"})] * 2, geometry_type="Polygon", position=2
        ),
        "dots": make_layer("dots", features=[(point(), {"name": "a"})], geometry_type="Point", position=1),
        "secret": make_layer("secret", features=[(point(), {"name": "a"})], access_level="staff", position=3),
    }


def layers_of(body: bytes) -> dict[str, int]:
    decoded = mapbox_vector_tile.decode(body)
    count = decoded.pop("hromada")["features"][0]["properties"]["features"]
    return {name: len(layer["features"]) for name, layer in decoded.items()} | {"all": count}


def test_one_tile_holds_all_layers_that_the_reader_sees(
    full_map: Any, client: Client, user_with_role: Callable[..., User], client_of: Any
) -> None:
    found = client.get(MAP)
    assert layers_of(found.content) == {"demo.dots": 1, "demo.land": 2, "all": 3}
    assert (found["Hromada-Features"], found["Cache-Control"][:6], found["Vary"]) == (
        "3",
        "public",
        "Accept-Encoding",
    )
    member = client_of(user_with_role("viewer")).get(MAP)
    assert layers_of(member.content) == {"demo.dots": 1, "demo.land": 2, "demo.secret": 1, "all": 4}
    assert member["Cache-Control"] == "private, no-cache"


def test_its_parts_are_the_bytes_of_the_layers_own_tiles(full_map: Any, client: Client) -> None:
    whole = client.get(MAP).content
    for name in ("dots", "land"):
        own = client.get(f"/tiles/demo.{name}/{Z}/{X}/{Y}.mvt").content
        assert client.get(f"{MAP}?layers={name}").content == own
        assert own[: own.rindex(b"hromada") - 6] in whole


def test_a_client_chooses_layers_and_their_order(full_map: Any, client: Client) -> None:
    assert list(layers_of(client.get(f"{MAP}?layers=land,dots").content)) == ["demo.land", "demo.dots", "all"]
    assert list(layers_of(client.get(f"{MAP}?layers=dots,dots").content)) == ["demo.dots", "all"]


def test_a_cold_tile_of_several_layers_is_made_in_one_query(full_map: Any, client: Client) -> None:
    with CaptureQueriesContext(connections["public"]) as queries:
        client.get(MAP)
    assert len(queries) == 1


def test_a_304_costs_no_rendering(full_map: Any, client: Client) -> None:
    etag = client.get(MAP)["ETag"]
    with (
        CaptureQueriesContext(connection) as catalogue,
        CaptureQueriesContext(connections["public"]) as features,
    ):
        again = client.get(f"{MAP}?layers=dots,land", headers={"if-none-match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert (len(catalogue), len(features)) == (1, 0)


def test_an_edit_in_one_layer_is_in_the_next_tile_and_leaves_the_others_kept(
    full_map: dict[str, Layer], client: Client
) -> None:
    before = client.get(MAP)
    add_features(full_map["dots"], [(point(30.0007, 50.0003), {"name": "b"})])
    with CaptureQueriesContext(connections["public"]) as queries:
        after = client.get(MAP, headers={"if-none-match": before["ETag"]})
    assert layers_of(after.content) == {"demo.dots": 2, "demo.land": 2, "all": 4}
    assert after["ETag"] != before["ETag"]
    assert len(queries) == 1
    assert "demo.land" not in queries[0]["sql"]


def test_a_hidden_layer_cannot_be_told_from_a_missing_one(full_map: Any, client: Client) -> None:
    hidden, missing = client.get(f"{MAP}?layers=dots,secret"), client.get(f"{MAP}?layers=dots,absent")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content.replace(b"secret", b"absent") == missing.content


def test_nothing_there_is_204_and_nonsense_is_named(
    full_map: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/tiles/map/demo/14/0/0.mvt").status_code == 204
    assert client.get("/tiles/map/demo/30/0/0.mvt").json()["parameter"] == "z"
    assert client.get(f"{MAP}?layers=%00").status_code == 404
    assert client.get("/tiles/map/%00/3/0/0.mvt").status_code == 404
    monkeypatch.setenv("HROMADA_MAX_MAP_LAYERS", "1")
    assert client.get(f"{MAP}?layers=dots,land").status_code == 413
