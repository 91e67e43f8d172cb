"""The undoing of large changesets, which waits as a list of past states and copies nothing until applied."""

from collections.abc import Callable
from typing import Any

import pytest

from gis_core.people import Membership, User
from layers import reverts
from layers.catalogue import update_layer
from layers.changes import OutsideYourArea, StaleEdit
from layers.edits import (
    ChangeDraft,
    RevertWaits,
    apply_changeset,
    open_changeset,
    revert_changeset,
    review_changeset,
    submit_changeset,
)
from layers.models import Changeset, Feature, FeatureVersion, Layer
from tests.conftest import add_features, point, square
from tests.layers.loading import counts, load, staging_tables, whole

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
BEFORE = [(30.0 + n, {"name": name, "area_ha": n / 4}, name) for n, name in enumerate("АБВГ")]
AFTER = [(35.0, {"name": "А"}, "А"), (31.0, {"name": "Б", "area_ha": 9}, "Б"), (33.0, {"name": "Ґ"}, "Ґ")]


@pytest.fixture(autouse=True, params=[1000, 0], ids=["as changes", "as a list"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which an undoing waits lead to the same."""
    monkeypatch.setattr(reverts, "LARGE", request.param)


@pytest.fixture
def replaced(make_layer: MakeLayer) -> Changeset:
    """An applied import that moved one feature, changed one, removed two and added one."""
    layer = make_layer(key_field="name")
    load(layer, "append", BEFORE)
    return load(layer, "replace", AFTER)


def change(layer: Layer, *drafts: ChangeDraft) -> Changeset:
    changeset = submit_changeset(
        changeset=open_changeset(layer=layer, author=None, changes=drafts), actor=None
    )
    return apply_changeset(changeset=changeset, actor=None)


def test_a_reverted_import_leaves_every_feature_id_and_attribute_as_they_were(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="name")
    load(layer, "append", BEFORE)
    before = whole(layer)
    undone = revert_changeset(changeset=load(layer, "replace", AFTER), actor=None)
    assert whole(layer) == before
    assert counts(undone) == (2, 2, 1)
    assert sorted(Feature.objects.values_list("external_key", "version")) == [
        ("А", 3), ("Б", 3), ("В", 2), ("Г", 2),
    ]  # fmt: skip
    layer.refresh_from_db()
    assert (layer.revision, layer.feature_count, layer.extent) == (3, 4, [30, 50, 33, 50])
    assert staging_tables() == 0


def test_the_revert_of_a_revert_brings_the_import_back(replaced: Changeset) -> None:
    after = whole(replaced.layer)
    undone = revert_changeset(changeset=replaced, actor=None)
    revert_changeset(changeset=undone, actor=None)
    assert whole(replaced.layer) == after


def test_the_first_import_can_be_reverted_and_made_again(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="name")
    revert_changeset(changeset=load(layer, "append", BEFORE), actor=None)
    layer.refresh_from_db()
    assert (layer.feature_count, layer.extent, whole(layer)) == (0, None, [])
    again = load(layer, "append", BEFORE)
    assert (counts(again), layer.feature_count, layer.revision) == ((4, 0, 0), 4, 3)
    assert FeatureVersion.objects.count() == 4


def test_an_import_is_not_undone_over_a_later_edit(replaced: Changeset) -> None:
    feature = Feature.objects.get(external_key="Б")
    change(replaced.layer, ChangeDraft("U", feature.pk, 2, point(31), {"name": "Б"}))
    before = whole(replaced.layer)
    with pytest.raises(StaleEdit) as refusal:
        revert_changeset(changeset=replaced, actor=None)
    assert refusal.value.params["conflicts"] == [{"id": feature.pk}]
    assert (whole(replaced.layer), staging_tables()) == (before, 0)


def test_an_import_is_undone_after_later_ones_that_were_undone_themselves(replaced: Changeset) -> None:
    layer, imported = replaced.layer, whole(replaced.layer)
    later = load(layer, "replace", [(36.0, {"name": "Б"}, "Б"), (37.0, {"name": "Є"}, "Є")])
    with pytest.raises(StaleEdit):
        revert_changeset(changeset=replaced, actor=None)
    revert_changeset(changeset=later, actor=None)
    assert whole(layer) == imported
    undone = revert_changeset(changeset=replaced, actor=None)
    assert (counts(undone), [key for *_rest, key in whole(layer)]) == ((2, 2, 1), ["А", "Б", "В", "Г"])
    revert_changeset(changeset=undone, actor=None)
    assert whole(layer) == imported


def test_an_undoing_waits_for_review_and_heeds_what_happens_meanwhile(
    replaced: Changeset, user_with_role: MakeUser
) -> None:
    layer, after = replaced.layer, whole(replaced.layer)
    update_layer(layer=layer, actor=None, review_required=True)
    waiting = revert_changeset(changeset=replaced, actor=None)
    assert (waiting.status, whole(layer)) == ("submitted", after)
    reviewer = user_with_role("reviewer")
    approved = review_changeset(changeset=waiting, actor=reviewer, verdict="approved")
    update_layer(layer=layer, actor=None, review_required=False)
    feature = Feature.objects.get(external_key="Б")
    change(layer, ChangeDraft("U", feature.pk, 2, point(31), {"name": "Б"}))
    with pytest.raises(StaleEdit):
        apply_changeset(changeset=approved, actor=None)
    assert whole(layer) != after
    assert Changeset.objects.get(pk=approved.pk).status == "submitted"


def test_a_rejected_undoing_leaves_nothing_behind(replaced: Changeset, user_with_role: MakeUser) -> None:
    update_layer(layer=replaced.layer, actor=None, review_required=True)
    waiting = revert_changeset(changeset=replaced, actor=None)
    review_changeset(changeset=waiting, actor=user_with_role("reviewer"), verdict="rejected")
    assert staging_tables() == 0


def test_no_second_undoing_waits_beside_the_first(replaced: Changeset, user_with_role: MakeUser) -> None:
    update_layer(layer=replaced.layer, actor=None, review_required=True)
    waiting = revert_changeset(changeset=replaced, actor=None)
    with pytest.raises(RevertWaits, match=f"{waiting.pk} чекає на рецензента"):
        revert_changeset(changeset=replaced, actor=None)
    review_changeset(changeset=waiting, actor=user_with_role("reviewer"), verdict="rejected")
    assert revert_changeset(changeset=replaced, actor=None).status == Changeset.Status.SUBMITTED


def test_an_approved_undoing_is_applied(replaced: Changeset, user_with_role: MakeUser) -> None:
    update_layer(layer=replaced.layer, actor=None, review_required=True)
    waiting = revert_changeset(changeset=replaced, actor=None)
    approved = review_changeset(changeset=waiting, actor=user_with_role("reviewer"), verdict="approved")
    apply_changeset(changeset=approved, actor=None)
    assert [key for *_rest, key in whole(replaced.layer)] == ["А", "Б", "В", "Г"]


def swapped(layer: Layer) -> tuple[list[tuple[Any, ...]], Changeset]:
    """The layer before, and the changeset that made two of its features swap their keys."""
    one, two = add_features(layer, [(square(30), {"cad_num": "k1"}), (square(31), {"cad_num": "k2"})])
    before = whole(layer)
    return before, change(
        layer,
        ChangeDraft("U", one, 1, square(30), {"cad_num": "k2"}),
        ChangeDraft("U", two, 1, square(31), {"cad_num": "k1"}),
    )


def test_two_features_may_swap_their_keys_in_one_changeset(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    before, applied = swapped(layer)
    assert [(row[0], row[3]) for row in whole(layer)] == [(before[0][0], "k2"), (before[1][0], "k1")]
    assert counts(applied) == (0, 2, 0)
    assert set(Feature.objects.values_list("version", "changeset")) == {(2, applied.pk)}
    past = FeatureVersion.objects.order_by("feature_id").values_list("version", "external_key")
    assert list(past) == [(1, "k1"), (1, "k2")]


def test_swapped_keys_are_swapped_back_by_the_revert(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    before, applied = swapped(layer)
    revert_changeset(changeset=applied, actor=None)
    assert whole(layer) == before


def test_a_key_can_be_handed_on_to_a_feature_without_one(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    one, two = add_features(layer, [(square(30), {"cad_num": "k1"}), (square(31), {})])
    change(
        layer,
        ChangeDraft("U", two, 1, square(31), {"cad_num": "k1"}),
        ChangeDraft("U", one, 1, square(30), {}),
    )
    assert [(row[0], row[3]) for row in whole(layer)] == [(one, None), (two, "k1")]


def test_an_editor_limited_to_an_area_cannot_undo_an_import_that_leaves_it(
    replaced: Changeset, user_with_role: MakeUser
) -> None:
    editor = user_with_role("editor")
    area = "SRID=4326;MULTIPOLYGON(((30.9 49.9,31.1 49.9,31.1 50.1,30.9 50.1,30.9 49.9)))"
    Membership.objects.filter(user=editor).update(area=area)
    with pytest.raises(OutsideYourArea):
        revert_changeset(changeset=replaced, actor=editor)
