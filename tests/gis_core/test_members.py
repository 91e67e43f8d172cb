"""Giving access from the command line: people, roles, tokens, and what a layer is open to."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.test import Client

from gis_core.communities import Community
from gis_core.journal import JournalEntry
from gis_core.people import Membership, User
from layers.access import visible_layers
from layers.models import Layer


def run(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out, verbosity=0)
    return dict(json.loads(out.getvalue()))


def test_a_new_person_gets_a_role_and_a_password_that_opens_the_door(community: Community) -> None:
    told = run("add_member", "Planner@Example.org", "--community", "demo", "--role", "editor")
    membership = Membership.objects.get()
    assert (membership.user.email, membership.role) == ("planner@example.org", "editor")
    assert membership.user.check_password(told["password"])
    assert JournalEntry.objects.filter(action="role-set", subject="planner@example.org").exists()


def test_a_known_person_keeps_the_password_and_changes_the_role(
    community: Community, user_with_role: Callable[..., User]
) -> None:
    user = user_with_role("editor")
    assert run("add_member", user.email, "--community", "demo", "--role", "admin")["password"] == ""
    assert Membership.objects.get().role == "admin"
    run("add_member", user.email, "--community", "demo", "--role", "none")
    assert not Membership.objects.exists()


def test_a_token_signs_a_program_in_and_needs_a_person(user_with_role: Callable[..., User]) -> None:
    user = user_with_role("editor")
    token = run("create_token", user.email, "--name", "QGIS")["token"]
    assert Client().get("/api/jobs", headers={"authorization": f"Bearer {token}"}).status_code == 200
    with pytest.raises(CommandError, match=r"nobody@example\.org") as refusal:
        run("create_token", "nobody@example.org", "--name", "QGIS")
    assert refusal.value.returncode == 2


def test_a_layer_is_opened_and_closed(make_layer: Callable[..., Layer]) -> None:
    make_layer(access_level="staff")
    assert not visible_layers(AnonymousUser()).exists()
    run("set_layer", "demo.parcels", "--access", "public", "--title-en", "Parcels")
    layer = visible_layers(AnonymousUser()).get()
    assert layer.title == {"uk": "Шар parcels", "en": "Parcels"}
    run("set_layer", "demo.parcels", "--access", "restricted", "--review", "yes")
    assert not visible_layers(AnonymousUser()).exists()
    assert Layer.objects.get().review_required


def test_a_layer_that_is_not_there_is_told_by_name(community: Community) -> None:
    with pytest.raises(CommandError, match=r"demo\.nosuch"):
        run("set_layer", "demo.nosuch", "--access", "public")
