"""The tiles that are kept: made once, served to whom they belong, forgotten with the commit that changes them."""

import gzip
import threading
import time
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gis_core.people import Membership, User, create_api_token
from layers.catalogue import update_layer
from layers.edits import ChangeDraft, apply_changeset, open_changeset, revert_changeset, submit_changeset
from layers.models import Changeset, Feature, Layer, LayerGrant
from layers.tiles import bodies, cache, prepared
from tests.conftest import FIELDS, PASSWORD, add_features, point, square
from tests.layers.tiling import contents, get_tile, ids, tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed", "_nothing_remembered"),
]

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
TILE = tile_at(30.005, 50.005, 14)
FEATURES = [(square(30 + n / 4000, 50.0, 0.0002), {"name": f"Дім № {n}"}) for n in range(60)]


@pytest.fixture
def _nothing_remembered() -> None:
    """A process that has just started: no bodies, no credentials; and tables without leftovers."""
    bodies.memory.clear()
    prepared._known._proofs.clear()
    with connection.cursor() as cursor:
        for number in range(bodies.RING):
            cursor.execute(f"TRUNCATE tiles.body_{number}")
        cursor.execute("UPDATE tiles.turn SET number = 0")


@pytest.fixture
def anonymous() -> Client:
    return Client()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses of the tiles that were made, in order."""
    addresses: list[Any] = []
    make = cache.make

    def counting(asked: Any, address: Any) -> Any:
        addresses.append(address)
        return make(asked, address)

    monkeypatch.setattr(cache, "make", counting)
    return addresses


def kept() -> list[tuple[Any, ...]]:
    """(z, x, y) of all tiles that are kept."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT z, x, y FROM tiles.tile ORDER BY 1, 2, 3")
        return list(cursor.fetchall())


def edit(layer: Layer, *drafts: ChangeDraft) -> Changeset:
    changeset = open_changeset(layer=layer, author=None, changes=drafts)
    return apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)


# ---- found


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


# ---- to whom it belongs


def test_readers_who_see_other_fields_get_other_tiles_and_those_who_see_the_same_share_one(
    make_layer: MakeLayer, anonymous: Client, user_with_role: MakeUser, client_of: Any, made: list[Any]
) -> None:
    classes = [{"value": "приватний", "fill": "#ff0000"}]
    style = {
        "version": 1, "geometry": "polygon",
        "renderer": {"type": "categorized", "field": "owner", "classes": classes},
    }  # fmt: skip
    layer = make_layer(
        fields=[*FIELDS, {"key": "owner", "access": "staff"}], style=style, geometry_type="Polygon",
        features=[(square(size=0.01), {"owner": "приватний"})],
    )  # fmt: skip
    people = {role: client_of(user_with_role(role)) for role in ("viewer", "editor", "admin", None)}
    for _time in range(2):
        for role, client in people.items():
            (feature,) = contents(get_tile(client, layer, TILE))
            assert ("owner" in feature["properties"]) == (role is not None)
        (feature,) = contents(get_tile(anonymous, layer, TILE))
        assert "owner" not in feature["properties"]
    assert len(made) == 2


def test_a_tile_of_a_closed_layer_is_kept_and_shown_to_nobody_else(
    make_layer: MakeLayer, anonymous: Client, user_with_role: MakeUser, client_of: Any
) -> None:
    layer = make_layer(features=FEATURES, access_level="staff")
    member, stranger = client_of(user_with_role("viewer")), client_of(user_with_role(None))
    etag = get_tile(member, layer, TILE)["ETag"]
    assert kept()
    for client in (anonymous, stranger):
        for headers in ({}, {"if_none_match": etag}, {"if_none_match": "*"}):
            assert get_tile(client, layer, TILE, **headers).status_code == 404
    assert get_tile(member, layer, TILE, if_none_match=etag).status_code == 304


def test_the_public_role_cannot_reach_the_kept_tiles(db: None) -> None:
    for table in ("tile", "body_0", "change", "turn"):
        with pytest.raises(Exception, match="permission denied"), connections["public"].cursor() as cursor:
            cursor.execute(f"SELECT * FROM tiles.{table}")


def _leave_community(user: User, layer: Layer) -> None:
    Membership.objects.filter(user=user).delete()


def _be_closed_out(user: User, layer: Layer) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def _take_new_password(user: User, layer: Layer) -> None:
    user.set_password(PASSWORD + "!")
    user.save()


def _close_layer(user: User, layer: Layer) -> None:
    update_layer(layer=layer, actor=None, access_level="restricted")


@pytest.mark.parametrize("happening", [_leave_community, _be_closed_out, _take_new_password, _close_layer])
def test_who_may_not_see_a_layer_any_more_gets_no_kept_tile_of_it(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: Any, happening: Callable[[User, Layer], None]
) -> None:
    layer = make_layer(features=FEATURES, access_level="staff")
    user = user_with_role("viewer")
    client = client_of(user)
    for _time in range(3):
        assert get_tile(client, layer, TILE).status_code == 200
    happening(user, layer)
    assert get_tile(client, layer, TILE).status_code == 404
    assert get_tile(client, layer, TILE).status_code == 404


def test_a_session_that_is_over_is_nobodys_even_where_it_was_just_known(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: Any
) -> None:
    layer = make_layer(features=FEATURES, access_level="registered")
    client = client_of(user_with_role(None))
    cookies = client.cookies.copy()
    for _time in range(2):
        assert get_tile(client, layer, TILE).status_code == 200
    client.logout()
    client.cookies = cookies
    assert get_tile(client, layer, TILE).status_code == 404


def test_a_token_that_has_expired_is_refused_even_where_it_was_just_known(
    make_layer: MakeLayer, user_with_role: MakeUser, anonymous: Client
) -> None:
    layer = make_layer(features=FEATURES, access_level="staff")
    user = user_with_role("viewer")
    headers = {"authorization": f"Bearer {create_api_token(user=user, name='QGIS')}"}
    for _time in range(2):
        assert get_tile(anonymous, layer, TILE, **headers).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gis_core_apitoken SET expires_at = now() - interval '1 second'")
    assert get_tile(anonymous, layer, TILE, **headers).status_code == 401


def test_a_known_reader_costs_one_statement_too(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: Any, anonymous: Client
) -> None:
    layer = make_layer(features=FEATURES, access_level="restricted").full_name
    admin = user_with_role("admin")
    headers = {"authorization": f"Bearer {create_api_token(user=admin, name='QGIS')}"}
    for client, given in ((client_of(admin), {}), (anonymous, headers)):
        for _time in range(2):
            get_tile(client, layer, TILE, **given)
        with CaptureQueriesContext(connection) as asked:
            assert get_tile(client, layer, TILE, **given).status_code == 200
        assert len(asked) == 1, [query["sql"] for query in asked]


def test_a_grant_counts_from_the_next_request_on(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: Any
) -> None:
    layer = make_layer(features=FEATURES, access_level="restricted")
    user = user_with_role("viewer")
    client = client_of(user)
    assert get_tile(client, layer, TILE).status_code == 404
    grant = LayerGrant.objects.create(layer=layer, user=user)
    for _time in range(2):
        assert get_tile(client, layer, TILE).status_code == 200
    grant.delete()
    assert get_tile(client, layer, TILE).status_code == 404


# ---- forgotten


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


# ---- many at once


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


# ---- room


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
