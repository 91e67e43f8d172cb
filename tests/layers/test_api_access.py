"""Who reads what over HTTP: every way out, every level, every kind of reader; hidden looks like missing."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from gis_core.people import Membership, User
from layers.access import access_layer
from layers.catalogue import update_layer
from layers.models import Feature, Layer, LayerGrant
from tests.conftest import FIELDS, make_community, square
from tests.layers.tiling import tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
LEVELS = ("public", "registered", "staff", "restricted")
SEEN = {
    "anonymous": {"public"},
    "stranger": {"public", "registered"},
    "member elsewhere": {"public", "registered"},
    "viewer": {"public", "registered", "staff"},
    "editor": {"public", "registered", "staff"},
    "granted": {"public", "registered", "staff", "restricted"},
    "admin": {"public", "registered", "staff", "restricted"},
}
TILE = "{}/{}/{}".format(*tile_at(30.0005, 50.0005, 14))
WAYS_OUT = {
    "tile": f"/tiles/{{name}}/{TILE}.mvt",
    "tilejson": "/tiles/{name}.json",
    "collection": "/api/collections/{name}",
    "items": "/api/collections/{name}/items",
    "items in a box": "/api/collections/{name}/items?bbox=29,49,31,51&name=x",
    "item": "/api/collections/{name}/items/{feature}",
}


@pytest.fixture
def readers(user_with_role: MakeUser, make_layer: MakeLayer) -> dict[str, Client]:
    """A client of every kind of reader; layers demo.public … demo.restricted with one feature each exist."""
    for level in LEVELS:
        make_layer(level, access_level=level, features=[(square(), {"name": f"таємниця-{level}"})])
    users: dict[str, User | None] = {name: user_with_role(name) for name in ("viewer", "editor", "admin")}
    users |= {"anonymous": None, "stranger": user_with_role(None)}
    users["granted"] = user_with_role("viewer", email="granted@example.org")
    LayerGrant.objects.create(layer=Layer.objects.get(slug="restricted"), user=users["granted"])
    users["member elsewhere"] = user_with_role(None, email="elsewhere@example.org")
    other = make_community("other", "UA99000000000000002")
    Membership.objects.create(user=users["member elsewhere"], community=other, role="admin")
    clients = {}
    for name, user in users.items():
        clients[name] = Client()
        if user is not None:
            clients[name].force_login(user)
    return clients


def address(way: str, layer: str, feature: int = 1) -> str:
    return WAYS_OUT[way].format(name=f"demo.{layer}", feature=feature)


def test_every_way_out_answers_every_reader_by_the_layers_level(
    readers: dict[str, Client], subtests: pytest.Subtests
) -> None:
    assert set(readers) == set(SEEN)
    for level in LEVELS:
        feature = Feature.objects.get(layer__slug=level).pk
        for reader, client in readers.items():
            for way in WAYS_OUT:
                with subtests.test(f"{reader} asks for the {way} of a {level} layer"):
                    status = client.get(address(way, level, feature)).status_code
                    assert status == (200 if level in SEEN[reader] else 404)


def test_the_list_of_layers_names_what_the_reader_may_read_and_is_kept_by_nobody(
    readers: dict[str, Client],
) -> None:
    for reader, client in readers.items():
        response = client.get("/api/collections")
        names = {item["id"] for item in response.json()["collections"]}
        assert names == {f"demo.{level}" for level in SEEN[reader]}, reader
        assert response["Cache-Control"] == "private, no-store"


def answer(response: HttpResponse) -> tuple[int, dict[str, str], bytes]:
    return response.status_code, dict(response.headers), response.content


def test_a_hidden_layer_and_a_missing_one_give_byte_equal_answers(
    readers: dict[str, Client], subtests: pytest.Subtests
) -> None:
    """Asked before and after the layer is gone, so that the address is the same too."""
    before: dict[tuple[str, str, str], tuple[int, dict[str, str], bytes]] = {}
    for level in LEVELS:
        feature = Feature.objects.get(layer__slug=level).pk
        for reader, client in readers.items():
            if level not in SEEN[reader]:
                for way in WAYS_OUT:
                    before[reader, level, way] = answer(client.get(address(way, level, feature)))
    assert len(before) == 9 * len(WAYS_OUT)
    features = {level: Feature.objects.get(layer__slug=level).pk for level in LEVELS}
    for layer in Layer.objects.all():
        layer.slug = f"gone_{layer.slug}"
        layer.save()
    for (reader, level, way), told in before.items():
        with subtests.test(f"{reader} asks for the {way} of a {level} layer"):
            assert answer(readers[reader].get(address(way, level, features[level]))) == told


def test_a_restricted_layers_words_reach_nobody_who_may_not_read_them(readers: dict[str, Client]) -> None:
    for reader, client in readers.items():
        for level in LEVELS:
            feature = Feature.objects.get(layer__slug=level).pk
            told = b"".join(client.get(address(way, level, feature)).content for way in WAYS_OUT)
            assert (f"таємниця-{level}".encode() in told) is (level in SEEN[reader]), (reader, level)


def test_closing_a_layer_closes_every_way_out_at_the_next_request(readers: dict[str, Client]) -> None:
    layer = Layer.objects.get(slug="public")
    feature = Feature.objects.get(layer=layer).pk
    addresses = [address(way, "public", feature) for way in WAYS_OUT]
    tags = [readers["anonymous"].get(item).headers.get("ETag", "") for item in addresses]
    update_layer(layer=layer, actor=None, access_level="restricted")
    for item, tag in zip(addresses, tags, strict=True):
        for reader in ("anonymous", "viewer"):
            assert readers[reader].get(item, headers={"if-none-match": tag or "*"}).status_code == 404


def test_a_role_taken_away_takes_effect_at_the_next_request(readers: dict[str, Client]) -> None:
    item = address("tile", "staff")
    assert readers["viewer"].get(item).status_code == 200
    Membership.objects.filter(user__email="viewer@example.org").delete()
    assert readers["viewer"].get(item).status_code == 404


def test_a_layer_that_is_not_shown_is_open_to_its_members_alone(
    readers: dict[str, Client], make_layer: MakeLayer
) -> None:
    make_layer("draft", publish_mode="hidden", features=[(square(), {})])
    feature = Feature.objects.get(layer__slug="draft").pk
    for way in WAYS_OUT:
        statuses = {
            reader: client.get(address(way, "draft", feature)).status_code
            for reader, client in readers.items()
        }
        members = {"viewer", "editor", "granted", "admin"}
        assert statuses == {reader: 200 if reader in members else 404 for reader in readers}, way


def test_a_field_above_the_readers_level_is_in_no_way_out(
    readers: dict[str, Client], make_layer: MakeLayer
) -> None:
    fields = [{"key": level, "access": level} for level in LEVELS]
    values = {level: f"таємниця-{level}" for level in LEVELS}
    for level in LEVELS:
        style = {
            "version": 1, "geometry": "polygon", "label": {"field": level, "minScale": 1e8},
            "renderer": {"type": "single", "fill": "#aabbcc"},
        }  # fmt: skip
        make_layer(f"by_{level}", fields=fields, style=style, features=[(square(), values)])
    for reader, client in readers.items():
        told = b""
        for level in LEVELS:
            feature = Feature.objects.get(layer__slug=f"by_{level}").pk
            ways = (way for way in WAYS_OUT if way != "items in a box")
            told += b"".join(client.get(address(way, f"by_{level}", feature)).content for way in ways)
        seen = SEEN[reader] - ({"restricted"} if reader == "granted" else set())  # granted another layer
        for level in LEVELS:
            assert (values[level].encode() in told) is (level in seen), (reader, level)
            assert (f'"{level}"'.encode() in told) is (level in seen), (reader, level)


def test_hidden_values_do_not_change_what_an_anonymous_reader_gets(make_layer: MakeLayer) -> None:
    """Non-interference: two states that differ in a closed field alone give the same bytes and headers."""
    fields = [*FIELDS, {"key": "owner", "access": "staff"}]
    anonymous, answers = Client(), []
    layer = make_layer("parcels", fields=fields, features=[(square(), {"name": "Дім", "owner": "перший"})])
    feature = Feature.objects.get(layer=layer)
    for owner in ("перший", "другий"):
        with connection.cursor() as cursor:
            table = f"features.layer_{layer.pk}"
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"UPDATE {table} SET properties = properties || jsonb_build_object('owner', %s)", [owner]
            )
        answers.append([
            answer(anonymous.get(address(way, "parcels", feature.pk))) for way in ("tile", "tilejson", "item")
        ])  # fmt: skip
    assert answers[0] == answers[1]


def test_a_change_of_the_catalogue_by_any_means_is_seen_at_the_next_request(
    make_layer: MakeLayer, client: Client
) -> None:
    """The catalogue's row is kept between requests; whoever changes it, a kept one must not be used."""
    layer = make_layer(features=[(square(), {})])
    path = "/api/collections/demo.parcels"
    assert client.get(path).json()["title"] == "Шар parcels"
    Layer.objects.filter(pk=layer.pk).update(title={"uk": "Ділянки"})
    assert client.get(path).json()["title"] == "Ділянки"
    Layer.objects.filter(pk=layer.pk).update(access_level="staff")
    assert client.get(path).status_code == 404
    Layer.objects.filter(pk=layer.pk).update(access_level="public")
    assert client.get(path).status_code == 200


def test_no_request_changes_the_layer_that_another_gets(make_layer: MakeLayer) -> None:
    make_layer()
    first = access_layer(AnonymousUser(), "demo.parcels")
    first.slug = "other"
    assert access_layer(AnonymousUser(), "demo.parcels").slug == "parcels"
