"""A tile is made once and found from then on."""

import gzip
from typing import Any

import brotli
import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from layers.tiles import bodies
from tests.conftest import add_features, square
from tests.layers.tile_cache.keeping import FEATURES, TILE, MakeLayer, kept
from tests.layers.tiling import get_tile, tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed", "_nothing_remembered"),
]


def test_a_tile_is_made_once_and_asked_for_in_one_statement_from_then_on(
    make_layer: MakeLayer, anonymous: Client, made: list[Any]
) -> None:
    layer = make_layer(features=FEATURES).full_name
    first = get_tile(anonymous, layer, TILE)
    with CaptureQueriesContext(connection) as asked, CaptureQueriesContext(connections["public"]) as features:
        again = get_tile(anonymous, layer, TILE)
    assert len(made) == 1
    assert (len(asked), len(features)) == (1, 0)
    assert again.content == first.content
    assert dict(again.headers) == dict(first.headers)


def test_another_process_finds_the_tile_and_its_bytes(
    make_layer: MakeLayer, anonymous: Client, made: list[Any]
) -> None:
    layer = make_layer(features=FEATURES)
    first = get_tile(anonymous, layer, TILE, accept_encoding="gzip")
    bodies.memory.clear()
    again = get_tile(anonymous, layer, TILE, accept_encoding="gzip")
    assert (len(made), again.content) == (1, first.content)


def test_an_empty_tile_is_an_answer_that_is_kept_too(
    make_layer: MakeLayer, anonymous: Client, made: list[Any]
) -> None:
    layer = make_layer(features=[(square(30.0, 50.0), {}), (square(30.5, 50.5), {})])
    between = tile_at(30.25, 50.25, 14)
    for _time in range(2):
        response = get_tile(anonymous, layer, between)
        assert (response.status_code, response.content) == (204, b"")
    assert len(made) == 1
    add_features(layer, [(square(30.25, 50.25), {})])
    assert get_tile(anonymous, layer, between).status_code == 200


def test_a_tile_that_nobody_can_have_features_in_is_not_kept(
    make_layer: MakeLayer, anonymous: Client, made: list[Any]
) -> None:
    layer = make_layer(features=FEATURES)
    assert get_tile(anonymous, layer, tile_at(20.0, 40.0, 14)).status_code == 204
    assert (made, kept()) == ([], [])


def test_the_same_tile_comes_as_brotli_gzip_or_plain_and_is_packed_once_for_each(
    make_layer: MakeLayer, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer(features=FEATURES)
    browser = "gzip, deflate, br, zstd"
    first = get_tile(anonymous, layer, TILE, accept_encoding=browser)
    assert first["Content-Encoding"] == "gzip"
    second = get_tile(anonymous, layer, TILE, accept_encoding=browser)
    assert second["Content-Encoding"] == "br"
    assert brotli.decompress(second.content) == gzip.decompress(first.content)
    plain = get_tile(anonymous, layer, TILE)
    assert plain.content == brotli.decompress(second.content)
    assert "Content-Encoding" not in plain.headers
    assert len({response["ETag"] for response in (first, second, plain)}) == 1
    bodies.memory.clear()
    monkeypatch.setattr(bodies.brotli, "compress", None)  # it would be called again otherwise
    monkeypatch.setattr(bodies.gzip, "compress", None)
    assert get_tile(anonymous, layer, TILE, accept_encoding=browser).content == second.content
    assert get_tile(anonymous, layer, TILE, accept_encoding="gzip").content == first.content


def test_a_304_and_a_head_come_from_the_kept_tile_without_its_bytes(
    make_layer: MakeLayer, anonymous: Client, made: list[Any]
) -> None:
    layer = make_layer(features=FEATURES)
    first = get_tile(anonymous, layer, TILE)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tiles.body_0")
    bodies.memory.clear()
    again = get_tile(anonymous, layer, TILE, if_none_match=first["ETag"])
    assert (again.status_code, len(made)) == (304, 1)
    assert again["Vary"] == first["Vary"] == "Accept-Encoding"
    head = anonymous.head(f"/tiles/{layer.full_name}/{TILE[0]}/{TILE[1]}/{TILE[2]}.mvt")
    assert (head.content, head["ETag"]) == (b"", first["ETag"])


def test_bytes_that_are_gone_are_made_again(
    make_layer: MakeLayer, anonymous: Client, made: list[Any]
) -> None:
    layer = make_layer(features=FEATURES)
    first = get_tile(anonymous, layer, TILE)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tiles.body_0")
    for expected in (2, 2):
        bodies.memory.clear()
        assert get_tile(anonymous, layer, TILE).content == first.content
        assert len(made) == expected
