"""Who sees which layer and field, and what the public role can reach at all."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connections
from django.db.utils import Error
from psycopg2 import sql

from gis_core.errors import NotAllowed
from gis_core.people import User
from layers.access import LayerNotFound, access_layer, read_source, visible_layers
from layers.catalogue import update_layer
from layers.models import Layer, LayerGrant
from layers.queries import fetch
from tests.conftest import FIELDS, point

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
LEVELS = ["public", "registered", "staff", "restricted"]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("anonymous", ["public"]),
        (None, ["public", "registered"]),
        ("viewer", ["public", "registered", "staff"]),
        ("editor", ["public", "registered", "staff"]),
        ("admin", LEVELS),
    ],
)
def test_each_reader_sees_the_levels_of_their_role(
    make_layer: MakeLayer, user_with_role: MakeUser, role: str | None, seen: list[str]
) -> None:
    for level in LEVELS:
        make_layer(level, access_level=level)
    user = AnonymousUser() if role == "anonymous" else user_with_role(role)
    assert [layer.slug for layer in visible_layers(user)] == seen
    for level in LEVELS:
        if level in seen:
            assert access_layer(user, f"demo.{level}").slug == level
        else:
            with pytest.raises(LayerNotFound):
                access_layer(user, f"demo.{level}")


def test_a_hidden_layer_and_a_missing_one_give_the_same_refusal(make_layer: MakeLayer) -> None:
    make_layer("secret", access_level="restricted")
    told = []
    for name in ("demo.secret", "demo.nosuch"):
        with pytest.raises(LayerNotFound) as refusal:
            access_layer(AnonymousUser(), name)
        told.append(str(refusal.value).replace(name, "…"))
    assert told[0] == told[1]


def test_a_grant_opens_a_restricted_layer_to_one_person(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer("secret", access_level="restricted")
    named, other = user_with_role("viewer"), user_with_role("viewer", email="other@example.org")
    LayerGrant.objects.create(layer=layer, user=named)
    assert access_layer(named, "demo.secret") == layer
    with pytest.raises(LayerNotFound):
        access_layer(other, "demo.secret")


def test_a_layer_not_shown_is_open_to_its_members_alone(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    make_layer("draft", publish_mode="hidden")
    assert access_layer(user_with_role("viewer"), "demo.draft")
    for user in (AnonymousUser(), user_with_role(None)):
        with pytest.raises(LayerNotFound):
            access_layer(user, "demo.draft")


def test_a_reader_who_may_not_edit_is_told_so(make_layer: MakeLayer, user_with_role: MakeUser) -> None:
    make_layer()
    with pytest.raises(NotAllowed):
        access_layer(user_with_role("viewer"), "demo.parcels", "edit")


def rows(user: Any, layer: Layer) -> list[tuple[Any, ...]]:
    source = read_source(user, layer)
    statement = sql.SQL("SELECT ({})::text FROM {}").format(source.properties, source.relation)
    return fetch(source, statement)


SECRET_FIELD = {"key": "static_ip", "type": "string", "access": "staff"}


@pytest.mark.django_db(transaction=True, databases=["default", "public"])
def test_a_field_of_the_staff_is_not_in_what_others_read(
    committed: None, make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer(
        fields=[*FIELDS, SECRET_FIELD], features=[(point(), {"name": "ЦНАП", "static_ip": "198.51.100.7"})]
    )
    for user in (AnonymousUser(), user_with_role(None)):
        assert rows(user, layer) == [('{"name": "ЦНАП"}',)]
        assert read_source(user, layer).field("static_ip") is None
    ((seen,),) = rows(user_with_role("viewer"), layer)
    assert "198.51.100.7" in seen


FORBIDDEN = [
    "SELECT * FROM layers_feature",
    "SELECT * FROM features.layer_{layer}",
    "SELECT * FROM layers_layer",
    "SELECT * FROM layers_featureversion",
    "SELECT * FROM gis_core_user",
    "SELECT * FROM staging.changeset_1",
    "CREATE TABLE pub.mine (id int)",
    "CREATE TABLE public.mine (id int)",
    "CREATE SCHEMA mine",
    "INSERT INTO pub.demo_parcels (id) VALUES (1)",
    "UPDATE pub.demo_parcels SET version = 9",
    "DELETE FROM pub.demo_parcels",
    "COPY layers_feature TO STDOUT",
    "SELECT pg_read_file('/etc/passwd')",
]


@pytest.mark.django_db(transaction=True, databases=["default", "public"])
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_public_role_can_do_nothing_but_read_publications(
    committed: None, make_layer: MakeLayer, statement: str
) -> None:
    layer = make_layer(features=[(point(), {"name": "ЦНАП"})])
    with connections["public"].cursor() as cursor:
        cursor.execute("SELECT name FROM pub.demo_parcels")
        assert cursor.fetchall() == [("ЦНАП",)]
        with pytest.raises(Error):
            cursor.execute(statement.format(layer=layer.pk))


@pytest.mark.django_db(transaction=True, databases=["default", "public"])
def test_a_layer_that_is_closed_leaves_the_publications_at_once(
    committed: None, make_layer: MakeLayer
) -> None:
    layer = make_layer(features=[(point(), {"name": "ЦНАП"})])
    assert rows(AnonymousUser(), layer)
    update_layer(layer=layer, actor=None, access_level="staff")
    with pytest.raises(Error, match="does not exist"):
        rows(AnonymousUser(), layer)
