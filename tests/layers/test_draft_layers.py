"""Draft layers: they wait for the first import of them, and nobody sees them until it is applied."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from gis_core.journal import JournalEntry
from gis_core.people import User
from layers.access import LayerNotFound, access_layer, visible_layers
from layers.catalogue import LayerBeingPrepared, create_layer
from layers.edits import discard_changeset, open_changeset, review_changeset
from layers.models import Layer
from tests.layers.loading import load, stage, staging_tables
from tests.layers.test_loads import A, B

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]


def published() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT viewname FROM pg_views WHERE schemaname = 'pub' ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


def test_nobody_sees_a_draft_layer_before_its_first_load_is_applied(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer, admin = make_layer(is_draft=True), user_with_role("admin")
    staged = stage(layer, "append", [A])
    for reader in (AnonymousUser(), admin, User.objects.create_superuser("root@example.org", "x" * 20)):
        assert not visible_layers(reader).exists()
        with pytest.raises(LayerNotFound):
            access_layer(reader, layer.full_name)
    assert published() == []
    recorded = list(JournalEntry.objects.values_list("action", flat=True))
    assert recorded == ["layer-drafted"]
    assert staged.layer.is_draft


def test_applying_the_first_load_publishes_the_layer(make_layer: MakeLayer) -> None:
    layer = make_layer(is_draft=True)
    load(layer, "append", [A, B])
    assert not layer.is_draft
    name = layer.published_name
    assert published() == [name, f"{name}.heavy", f"{name}.overview"]
    assert access_layer(AnonymousUser(), layer.full_name).feature_count == 2
    actions = set(JournalEntry.objects.values_list("action", flat=True))
    assert actions == {"layer-drafted", "layer-created", "changeset-applied"}


def test_a_layer_closed_to_the_public_is_not_published_by_its_first_load(make_layer: MakeLayer) -> None:
    load(make_layer(is_draft=True, access_level="staff"), "append", [A])
    assert published() == []


def test_discarding_the_first_load_takes_the_draft_layer_with_it(make_layer: MakeLayer) -> None:
    layer = make_layer(is_draft=True)
    draft = open_changeset(layer=layer, author=None, source="import", staging_mode="append")
    discard_changeset(changeset=draft, actor=None)
    assert not Layer.objects.exists()
    assert staging_tables() == 0
    assert JournalEntry.objects.filter(action="layer-discarded", subject=layer.full_name).exists()
    make_layer(layer.slug)


def test_discarding_one_of_two_loads_leaves_the_draft_layer_to_the_other(make_layer: MakeLayer) -> None:
    layer = make_layer(is_draft=True)
    one, _other = (
        open_changeset(layer=layer, author=None, source="import", staging_mode="append") for _ in range(2)
    )
    discard_changeset(changeset=one, actor=None)
    assert Layer.objects.get().is_draft


def test_a_rejected_first_load_can_be_discarded_with_its_draft_layer(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    staged = stage(make_layer(is_draft=True, review_required=True), "append", [A])
    rejected = review_changeset(changeset=staged, actor=user_with_role("reviewer"), verdict="rejected")
    discard_changeset(changeset=rejected, actor=None)
    assert not Layer.objects.exists()


def test_discarding_a_load_into_an_open_layer_leaves_the_layer(make_layer: MakeLayer) -> None:
    layer = make_layer()
    draft = open_changeset(layer=layer, author=None, source="import", staging_mode="append")
    discard_changeset(changeset=draft, actor=None)
    assert Layer.objects.get() == layer


def test_the_short_name_of_a_draft_layer_is_taken_and_the_refusal_says_by_what(make_layer: MakeLayer) -> None:
    layer = make_layer(is_draft=True)
    with pytest.raises(LayerBeingPrepared, match=layer.slug):
        create_layer(community=layer.community, slug=layer.slug, actor=None, title={"uk": "Ще один"})
