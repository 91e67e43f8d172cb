"""Kept tiles are served to whom they belong, and to nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gis_core.people import Membership, User, create_api_token
from layers.catalogue import update_layer
from layers.models import Layer, LayerGrant
from tests.conftest import FIELDS, PASSWORD, square
from tests.layers.tile_cache.keeping import FEATURES, TILE, MakeLayer, MakeUser, kept
from tests.layers.tiling import contents, get_tile

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed", "_nothing_remembered"),
]


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
