"""A layer that others change between the look at an import's differences and their application."""

from collections.abc import Callable

import pytest

from gis_core.people import User
from layers.diff import ContentIsFixed, accept, compute_diff, diff_counts
from layers.edits import apply_changeset, revert_changeset, review_changeset, submit_changeset
from layers.loads import LayerMovedOn
from layers.models import Layer
from tests.conftest import add_features, point
from tests.layers.test_diff import carry_out, numbers, prepared, row
from tests.layers.test_loads import counts, load, whole

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
