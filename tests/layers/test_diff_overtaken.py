"""A layer that others change between the look at an import's differences and their application."""

from collections.abc import Callable
from typing import Any

import pytest

from gis_core.people import User
from layers.diff import ContentIsFixed, NoDiff, accept, compute_diff, diff_counts
from layers.edits import (
    ChangeDraft,
    apply_changeset,
    discard_changeset,
    open_changeset,
    revert_changeset,
    review_changeset,
    submit_changeset,
)
from layers.loads import LayerMovedOn
from layers.models import Feature, Layer
from tests.conftest import add_features, point
from tests.layers.diffing import carry_out, numbers, prepared, row, seen
from tests.layers.loading import counts, load, staging_tables, whole

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]


def test_rows_that_were_unchanged_are_not_added_to_a_layer_that_was_emptied_since(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer(key_field="cad_num")
    first = load(layer, "append", [row(30, "k1"), row(31, "k2")])
    changeset = prepared(layer, "update", [row(30, "k1"), row(31, "k2"), row(32, "k3")])
    assert numbers(changeset) == (1, 0, 0, 2)
    revert_changeset(changeset=first, actor=None)
    assert counts(carry_out(changeset)) == (1, 0, 0)
    assert [key for _id, _geometry, _properties, key in whole(layer)] == ["k3"]


@pytest.mark.parametrize("review_required", [False, True])
def test_a_first_load_is_not_put_into_a_layer_that_was_filled_after_the_look_at_it(
    make_layer: MakeLayer, user_with_role: MakeUser, review_required: bool
) -> None:
    layer = make_layer()
    changeset = prepared(layer, "append", [row(30, name="А"), row(31, name="Б")])
    add_features(layer, [(point(30), {"name": "А"})])
    Layer.objects.update(review_required=review_required)
    changeset = submit_changeset(changeset=changeset, actor=None)
    review_changeset(changeset=changeset, actor=user_with_role("reviewer"), verdict="approved")
    with pytest.raises(LayerMovedOn):
        apply_changeset(changeset=changeset, actor=None)
    changeset.refresh_from_db()
    assert changeset.reviewer is not None
    compute_diff(changeset)
    assert numbers(changeset) == (1, 0, 0, 1)


def test_a_key_that_an_update_would_give_and_that_was_taken_since_stops_the_import(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(30, name="Без номера")])
    changeset = prepared(layer, "update", [row(30, "k1", name="Без номера")])
    assert numbers(changeset) == (0, 1, 0, 0)
    add_features(layer, [(point(33), {"cad_num": "k1"})])
    with pytest.raises(LayerMovedOn):
        carry_out(changeset)


def test_what_was_handed_in_can_neither_be_accepted_nor_refused_until_it_comes_back(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer, reviewer = make_layer(review_required=True), user_with_role("reviewer")
    changeset = prepared(layer, "append", [row(30), row(31)])
    accept(changeset, accepted=False)
    changeset = submit_changeset(changeset=changeset, actor=None)
    with pytest.raises(ContentIsFixed):
        accept(changeset, accepted=True)
    review_changeset(changeset=changeset, actor=reviewer, verdict="approved")
    with pytest.raises(ContentIsFixed):
        accept(changeset, accepted=True)
    assert diff_counts(changeset).accepted == 0
    review_changeset(changeset=changeset, actor=reviewer, verdict="needs_changes")
    assert accept(changeset, accepted=True) == 2


def edit(layer: Layer, feature_id: int, **properties: Any) -> None:
    version = Feature.objects.get(pk=feature_id).version
    draft = ChangeDraft("U", feature_id, version, point(30), properties)
    carry_out(open_changeset(layer=layer, author=None, changes=[draft]))


def test_a_feature_changed_since_the_diff_stops_the_import_until_it_is_looked_at_again(
    parcels: Layer,
) -> None:
    changeset = prepared(parcels, "update", [row(30, "k1", name="З файлу")])
    edit(parcels, seen(changeset)[0].feature_id or 0, cad_num="k1", name="Виправлено")
    submitted = submit_changeset(changeset=changeset, actor=None)
    with pytest.raises(LayerMovedOn):
        apply_changeset(changeset=submitted, actor=None)
    compute_diff(submitted)
    assert seen(submitted)[0].before == {"cad_num": "k1", "name": "Виправлено"}
    assert counts(apply_changeset(changeset=submitted, actor=None)) == (0, 1, 0)


def test_an_update_goes_on_where_only_other_features_were_changed_and_a_replacement_does_not(
    parcels: Layer,
) -> None:
    updating = prepared(parcels, "update", [row(30, "k1", name="З файлу")])
    same = [row(29.0 + n, f"k{n}", name=f"Ділянка {n}", area_ha=n) for n in (2, 3)]
    replacing = prepared(parcels, "replace", [row(30, "k1", name="З файлу"), *same])
    assert numbers(replacing) == (0, 1, 0, 2)
    edit(parcels, Feature.objects.get(external_key="k3").pk, cad_num="k3", name="Виправлено")
    with pytest.raises(LayerMovedOn):
        carry_out(replacing)
    assert counts(carry_out(updating)) == (0, 1, 0)


def test_a_key_that_was_taken_since_the_diff_stops_the_import(parcels: Layer) -> None:
    changeset = prepared(parcels, "update", [row(36, "k4")])
    add_features(parcels, [(point(33), {"cad_num": "k4"})])
    with pytest.raises(LayerMovedOn):
        carry_out(changeset)


def test_a_reviewer_who_approved_one_diff_is_asked_again_about_another(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer(review_required=True)
    changeset = submit_changeset(changeset=prepared(layer, "append", [row(30)]), actor=None)
    changeset = review_changeset(changeset=changeset, actor=user_with_role("reviewer"), verdict="approved")
    compute_diff(changeset)
    changeset.refresh_from_db()
    assert changeset.reviewer is None


def test_there_is_no_diff_before_it_is_computed_nor_after_the_changeset_was_applied(parcels: Layer) -> None:
    draft = open_changeset(layer=parcels, author=None, source="import", staging_mode="update")
    for ask in (diff_counts, seen):
        with pytest.raises(NoDiff):
            ask(draft)
    applied = carry_out(prepared(parcels, "update", [row(36, "k4")]))
    with pytest.raises(ContentIsFixed):
        compute_diff(applied)
    with pytest.raises(NoDiff):
        seen(applied)


@pytest.mark.parametrize("end", ["applied", "rejected", "discarded"])
def test_nothing_stays_in_the_staging_area(parcels: Layer, user_with_role: MakeUser, end: str) -> None:
    changeset = prepared(parcels, "update", [row(36, "k4")])
    assert staging_tables() == 2
    if end == "applied":
        carry_out(changeset)
    elif end == "discarded":
        discard_changeset(changeset=changeset, actor=None)
    else:
        changeset = submit_changeset(changeset=changeset, actor=None)
        review_changeset(changeset=changeset, actor=user_with_role("reviewer"), verdict="rejected")
    assert staging_tables() == 0
