"""Kept tiles are forgotten with the commit that changes them, and no others are."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from layers.catalogue import update_layer
from layers.edits import ChangeDraft, revert_changeset
from layers.models import Feature, Layer
from layers.tiles import cache
from tests.conftest import FIELDS, add_features, point, square
from tests.layers.tile_cache.keeping import FEATURES, TILE, MakeLayer, edit, kept
from tests.layers.tiling import get_tile, ids, tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed", "_nothing_remembered"),
]


def test_an_edit_forgets_the_tiles_of_the_old_and_the_new_place_and_no_others(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    here, there, elsewhere = (30.05, 50.05), (30.15, 50.05), (30.25, 50.15)
    layer = make_layer(features=[(point(*here), {}), (point(*elsewhere), {})], geometry_type="Point")
    wanted = {place: [tile_at(*place, z) for z in (12, 14, 16)] for place in (here, there, elsewhere)}
    for tiles in wanted.values():
        for tile in tiles:
            get_tile(anonymous, layer, tile)
    assert len(kept()) == 9
    moved = Feature.objects.get(geom__contained=Feature.objects.earliest("pk").geom.buffer(0.01))
    edit(layer, ChangeDraft("U", moved.pk, 1, point(*there), {}))
    assert kept() == sorted(wanted[elsewhere])
    assert [len(ids(get_tile(anonymous, layer, tile))) for tile in wanted[here]] == [0, 0, 0]
    assert [len(ids(get_tile(anonymous, layer, tile))) for tile in wanted[there]] == [1, 1, 1]


def test_neighbouring_tiles_that_show_a_features_symbol_are_forgotten_with_it(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    z, x, y = TILE
    edge = x / 2**z * 360 - 180
    pixel = 360 / 2**z / 512
    layer = make_layer(features=[(point(30.0, 50.0), {}), (point(30.1, 50.1), {})], geometry_type="Point")
    tiles = [(z, x + dx, y) for dx in (-2, -1, 0)]
    for tile in tiles:
        get_tile(anonymous, layer, tile)
    (new,) = add_features(layer, [(point(edge + 3 * pixel, 50.005), {})])
    shown = [new in ids(get_tile(anonymous, layer, tile)) for tile in tiles]
    assert shown == [False, True, True]


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "style": {
                "version": 1,
                "geometry": "polygon",
                "renderer": {"type": "single"},
                "label": {"field": "name"},
            }
        },
        {"fields": [*FIELDS, {"key": "more"}]},
        {"access_level": "registered"},
        {"min_zoom": 3},
    ],
)
def test_what_else_decides_a_layers_tiles_forgets_them_all(
    make_layer: MakeLayer, anonymous: Client, attributes: dict[str, Any]
) -> None:
    layer, other = make_layer(features=FEATURES), make_layer("other", features=FEATURES)
    for known in (layer, other):
        get_tile(anonymous, known, TILE)
    update_layer(layer=layer, actor=None, **attributes)
    assert kept() == [TILE]
    update_layer(layer=other, actor=None, position=7)
    assert kept() == [TILE]


def test_gathered_rows_that_are_made_anew_forget_the_tiles_made_of_the_old_ones(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=FEATURES)
    get_tile(anonymous, layer, TILE)
    Layer.objects.filter(pk=layer.pk).update(overview_made_with="another")
    assert kept() == []


def test_a_large_changeset_forgets_the_whole_layer(
    make_layer: MakeLayer, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer(features=[*FEATURES, (square(30.2, 50.2), {})])
    tiles = [TILE, tile_at(30.2005, 50.2005, 14)]
    for tile in tiles:
        get_tile(anonymous, layer, tile)
    monkeypatch.setattr(cache, "MOST_TOUCHED", 1)
    add_features(layer, [(square(30.1, 50.1), {})])
    assert kept() == sorted(tiles)
    add_features(layer, [(square(30.1, 50.1), {}), (square(30.11, 50.1), {})])
    assert kept() == []


def test_a_new_extent_that_moves_the_labels_zoom_forgets_the_whole_layer(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=FEATURES)
    get_tile(anonymous, layer, TILE)
    add_features(layer, [(square(30.0, 50.02), {})])
    get_tile(anonymous, layer, tile_at(30.0, 45.0, 14))
    add_features(layer, [(square(30.0, 45.0), {})])
    assert kept() == []


def test_a_transaction_that_is_rolled_back_forgets_nothing(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    first = get_tile(anonymous, layer, TILE)
    with pytest.raises(RuntimeError), transaction.atomic():
        add_features(layer, [(square(30.005, 50.005), {})])
        raise RuntimeError
    assert kept() == [TILE]
    assert get_tile(anonymous, layer, TILE).content == first.content


def test_undoing_an_edit_gives_the_bytes_from_before_it(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    first = get_tile(anonymous, layer, TILE)
    changeset = edit(layer, ChangeDraft("C", geometry=square(30.005, 50.005), properties={}))
    assert get_tile(anonymous, layer, TILE)["ETag"] != first["ETag"]
    revert_changeset(changeset=changeset, actor=None)
    again = get_tile(anonymous, layer, TILE, if_none_match=first["ETag"])
    assert again.status_code == 304


def test_a_tile_whose_making_began_before_a_commit_is_not_kept_after_it(
    make_layer: MakeLayer, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer(features=FEATURES)
    make = cache.make

    def slow(asked: Any, address: Any) -> Any:
        monkeypatch.setattr(cache, "make", make)
        tile = make(asked, address)
        add_features(layer, [(square(30.006, 50.006), {})])
        return tile

    monkeypatch.setattr(cache, "make", slow)
    late = get_tile(anonymous, layer, TILE)
    assert kept() == []
    assert len(ids(get_tile(anonymous, layer, TILE))) == len(ids(late)) + 1


def test_a_tile_that_is_being_kept_while_an_edit_commits_does_not_survive_it(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    """The edit has deleted what it saw and waits to commit; the tile was made before, and comes to be kept."""
    layer = make_layer(features=FEATURES)
    deleted, kept_it = threading.Event(), threading.Event()

    def editor() -> None:
        try:
            with transaction.atomic():
                add_features(layer, [(square(30.006, 50.006), {})])
                deleted.set()
                kept_it.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=editor)
    thread.start()
    assert deleted.wait(10)
    before = get_tile(anonymous, layer, TILE)
    kept_it.set()
    thread.join()
    assert len(ids(get_tile(anonymous, layer, TILE))) == len(ids(before)) + 1
