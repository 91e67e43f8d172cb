"""Loads: staged rows of an import become features in one changeset, by three modes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from layers import staging
from layers.applying import NothingToChange
from layers.diff import RepeatedKeys
from layers.edits import apply_changeset, discard_changeset, open_changeset, revert_changeset
from layers.loads import LayerMovedOn
from layers.models import Feature, Layer
from tests.conftest import add_features, point
from tests.layers.loading import binary_copy, counts, load, stage, staging_tables, whole

MakeLayer = Callable[..., Layer]


def names(layer: Layer) -> dict[str, Any]:
    rows = Feature.objects.filter(layer=layer).values_list("external_key", "properties", "version")
    return {key: (properties.get("name"), version) for key, properties, version in rows}


A, B, C = ((30.0 + n, {"name": name}, name) for n, name in enumerate("АБВ"))


def test_the_first_load_becomes_the_partition_and_keeps_history_from_then_on(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="name")
    loaded = load(layer, "append", [A, B])
    assert counts(loaded) == (2, 0, 0)
    assert (layer.revision, layer.feature_count, layer.extent) == (1, 2, [30.0, 50.0, 31.0, 50.0])
    second = load(layer, "update", [(30.0, {"name": "А", "area_ha": 1.5}, "А")])
    assert counts(second) == (0, 1, 0)
    revert_changeset(changeset=second, actor=None)
    assert names(layer) == {"А": ("А", 3), "Б": ("Б", 1)}
    assert staging_tables() == 0


def test_the_attached_partition_refuses_writes_outside_a_changeset(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [A])
    with pytest.raises(Exception, match="only through a changeset"), transaction.atomic():
        Feature.objects.filter(layer=layer).delete()


@pytest.mark.parametrize("key_field", ["name", ""])
@pytest.mark.parametrize("mode", ["append", "update", "replace"])
def test_loading_the_same_rows_again_changes_nothing_and_says_so(
    make_layer: MakeLayer, mode: str, key_field: str
) -> None:
    layer = make_layer(key_field=key_field)
    rows = [A, B] if key_field else [(30.0, {"name": "А"}, None)] * 2 + [(31.0, {"name": "Б"}, None)]
    load(layer, "append", rows)
    before = whole(layer)
    with pytest.raises(NothingToChange):
        load(layer, mode, rows)
    assert whole(layer) == before


def test_replacing_updates_by_key_adds_and_removes(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="name")
    load(layer, "append", [A, B])
    before = dict(Feature.objects.filter(layer=layer).values_list("external_key", "id"))
    moved = (35.0, {"name": "Б"}, "Б")
    replaced = load(layer, "replace", [moved, C])
    assert counts(replaced) == (1, 1, 1)
    assert names(layer) == {"Б": ("Б", 2), "В": ("В", 1)}
    assert Feature.objects.get(layer=layer, external_key="Б").pk == before["Б"]


def test_a_reverted_load_leaves_the_layer_as_it_was(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="name")
    load(layer, "append", [A, B])
    before = list(Feature.objects.filter(layer=layer).order_by("id").values_list("id", "geom", "properties"))
    replaced = load(layer, "replace", [(35.0, {"name": "Б"}, "Б"), C])
    revert_changeset(changeset=replaced, actor=None)
    after = list(Feature.objects.filter(layer=layer).order_by("id").values_list("id", "geom", "properties"))
    assert after == before


def test_the_first_load_can_be_reverted_to_an_empty_layer(make_layer: MakeLayer) -> None:
    layer = make_layer()
    first = load(layer, "append", [A, B, C])
    revert_changeset(changeset=first, actor=None)
    layer.refresh_from_db()
    assert (layer.feature_count, layer.extent) == (0, None)


@pytest.mark.parametrize("mode", ["append", "update", "replace"])
def test_rows_that_share_a_key_are_refused_and_named(make_layer: MakeLayer, mode: str) -> None:
    layer = make_layer(key_field="name")
    with pytest.raises(RepeatedKeys, match="А"):
        load(layer, mode, [A, A])
    assert not Feature.objects.exists()


def test_a_row_without_a_key_updates_what_lies_there_and_leaves_its_key(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="name")
    load(layer, "append", [A, B])
    assert counts(load(layer, "update", [(30.0, {"area_ha": 2}, None), (34.0, {"area_ha": 3}, None)])) == (
        1,
        1,
        0,
    )
    assert [(row[2], row[3]) for row in whole(layer)] == [
        ({"name": "А", "area_ha": 2}, "А"), ({"name": "Б"}, "Б"), ({"area_ha": 3}, None),
    ]  # fmt: skip


def test_a_load_prepared_on_an_older_state_is_refused_unless_it_only_adds(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="name")
    load(layer, "append", [A])
    replacing, adding = stage(layer, "replace", [B]), stage(layer, "append", [C])
    add_features(layer, [(point(33), {"name": "Ґ"})])
    with pytest.raises(LayerMovedOn):
        apply_changeset(changeset=replacing, actor=None)
    assert counts(apply_changeset(changeset=adding, actor=None)) == (1, 0, 0)


def test_rows_prepared_for_an_empty_layer_go_in_after_somebody_drew_the_first_feature(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer(key_field="name")
    staged = stage(layer, "append", [A])
    add_features(layer, [(point(33), {"name": "Ґ"})])
    apply_changeset(changeset=staged, actor=None)
    layer.refresh_from_db()
    assert (layer.revision, layer.feature_count) == (2, 2)


def test_a_discarded_import_leaves_nothing_behind(make_layer: MakeLayer) -> None:
    draft = open_changeset(layer=make_layer(), author=None, source="import", staging_mode="append")
    assert staging_tables() == 1
    discard_changeset(changeset=draft, actor=None)
    assert staging_tables() == 0


def test_a_row_outside_the_map_cannot_be_staged(make_layer: MakeLayer) -> None:
    draft = open_changeset(layer=make_layer(), author=None, source="import", staging_mode="append")
    with pytest.raises(IntegrityError, match="feature_inside_the_map"), transaction.atomic():
        staging.copy_binary(draft, binary_copy([(200.0, {}, None)]))
