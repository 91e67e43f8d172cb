"""Many who ask at once, and the room that kept tiles take."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client

from layers.tiles import bodies, cache
from tests.conftest import square
from tests.layers.tile_cache.keeping import FEATURES, TILE, MakeLayer, kept
from tests.layers.tiling import get_tile, ids, tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed", "_nothing_remembered"),
]


def _at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    """What `count` threads get, each with connections of its own."""
    answers: list[Any] = []
    ready = threading.Barrier(count)

    def run() -> None:
        try:
            ready.wait()
            answers.append(work())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_cold_tile_is_made_once_however_many_ask(
    make_layer: MakeLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer(features=FEATURES)
    made, make = [], cache.make

    def slow(asked: Any, address: Any) -> Any:
        made.append(address)
        time.sleep(0.3)
        return make(asked, address)

    monkeypatch.setattr(cache, "make", slow)
    answers = _at_once(8, lambda: get_tile(Client(), layer.full_name, TILE))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.content for answer in answers}) == 1
    assert len(made) == 1


def test_who_waits_too_long_for_a_tile_is_told_to_come_again(
    make_layer: MakeLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer(features=FEATURES)
    make = cache.make
    monkeypatch.setenv("HROMADA_TILE_WAIT_MS", "50")
    monkeypatch.setattr(cache, "make", lambda *given: time.sleep(0.6) or make(*given))
    answers = _at_once(3, lambda: get_tile(Client(), layer.full_name, TILE))
    assert sorted(answer.status_code for answer in answers) == [200, 503, 503]
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert (busy["Retry-After"], busy.json()["code"], busy["Cache-Control"]) == ("5", "busy", "no-store")


def test_a_tile_that_takes_too_long_is_a_busy_answer_and_the_next_who_asks_may_try(
    make_layer: MakeLayer, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer(features=FEATURES)
    make = cache.make

    def endless(*given: Any) -> Any:
        with connections["public"].cursor() as cursor:
            cursor.execute("SET statement_timeout = 50")
            try:
                cursor.execute("SELECT pg_sleep(5)")
            finally:
                cursor.execute("SET statement_timeout = '5s'")

    monkeypatch.setattr(cache, "make", endless)
    answer = get_tile(anonymous, layer, TILE)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)
    monkeypatch.setattr(cache, "make", make)
    assert get_tile(anonymous, layer, TILE).status_code == 200


def test_a_tile_that_cannot_be_kept_is_served_all_the_same(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tiles.body_0 ADD CONSTRAINT full_disk CHECK (false) NOT VALID")
    try:
        assert ids(get_tile(anonymous, layer, TILE))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tiles.body_0 DROP CONSTRAINT full_disk")


def test_a_connection_that_died_is_made_anew(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    get_tile(anonymous, layer, TILE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()

    def kill() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])

    _at_once(1, kill)
    assert get_tile(anonymous, layer, TILE).status_code == 200


def test_the_disk_that_tiles_take_is_bounded(
    make_layer: MakeLayer, anonymous: Client, monkeypatch: pytest.MonkeyPatch, made: list[Any]
) -> None:
    monkeypatch.setenv("HROMADA_TILE_CACHE_MB", "1")  # 128 kB for each of the eight
    monkeypatch.setattr(bodies, "_LOOK_EVERY", 1)
    texts = [
        (square(30 + n / 500, 50, 0.001), {"name": "".join(chr(1072 + n * k % 32) for k in range(2000))})
        for n in range(60)
    ]
    style = {"version": 1, "geometry": "polygon", "renderer": {"type": "single"}, "label": {"field": "name"}}
    layer = make_layer(features=texts, geometry_type="Polygon", style=style)
    tiles = sorted({tile_at(30 + n / 1000, 50.0005, 16) for n in range(120)})
    for tile in tiles * 3:
        get_tile(anonymous, layer, tile)
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM tiles.turn")
        (turn,) = cursor.fetchone()
        cursor.execute(
            "SELECT sum(pg_total_relation_size(('tiles.body_' || n)::regclass)) FROM generate_series(0, 7) n"
        )
        (size,) = cursor.fetchone()
    assert turn > 0
    assert size < 3 * 2**20
    assert get_tile(anonymous, layer, tiles[0]).status_code in (200, 204)


def test_upkeep_lets_go_of_rows_whose_bytes_are_gone(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=FEATURES)
    get_tile(anonymous, layer, TILE)
    cache.tidy()
    assert kept() == [TILE]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tiles.turn SET number = %s", [bodies.RING])
    cache.tidy()
    assert kept() == []


def test_a_turn_is_not_waited_for(make_layer: MakeLayer) -> None:
    held, done = threading.Event(), threading.Event()

    def reader() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM tiles.body_1")
                held.set()
                done.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=reader)
    thread.start()
    assert held.wait(10)
    with pytest.raises(OperationalError, match="lock timeout"), connection.cursor() as cursor:
        cursor.execute("SELECT tiles.turn_over(0)")
    done.set()
    thread.join()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tiles.turn_over(0)")
        cursor.execute("SELECT tiles.turn_over(0)")  # somebody else has turned it already
        cursor.execute("SELECT number FROM tiles.turn")
        assert cursor.fetchone() == (1,)
