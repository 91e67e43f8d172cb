"""The differences of an import whose rows and features have keys."""

from collections.abc import Callable

import pytest

from layers.diff import DiffCounts, KeysTaken, RepeatedKeys, diff_counts
from layers.models import Layer
from tests.layers.diffing import carry_out, numbers, prepared, row, seen, told
from tests.layers.loading import counts, load, whole

MakeLayer = Callable[..., Layer]


def test_each_difference_by_key_is_told_attribute_by_attribute(parcels: Layer) -> None:
    rows = [row(30, "k1", name="Інша", area_ha=1), row(35, "k2", name="Ділянка 2", area_ha=2), row(36, "k4")]
    changeset = prepared(parcels, "replace", rows)
    assert told(changeset) == [
        ("removed", {"cad_num": "k3", "name": "Ділянка 3", "area_ha": 3}, None, (), False),
        ("changed", {"cad_num": "k1", "name": "Ділянка 1", "area_ha": 1},
         {"cad_num": "k1", "name": "Інша", "area_ha": 1}, ("name",), False),
        ("changed", {"cad_num": "k2", "name": "Ділянка 2", "area_ha": 2},
         {"cad_num": "k2", "name": "Ділянка 2", "area_ha": 2}, (), True),
        ("added", None, {"cad_num": "k4"}, (), False),
    ]  # fmt: skip
    assert [found.key for found in seen(changeset)] == ["k3", "k1", "k2", "k4"]
    assert diff_counts(changeset) == DiffCounts(added=1, changed=2, removed=1, unchanged=0, accepted=4)


def test_updating_removes_nothing_and_leaves_the_rest_alone(parcels: Layer) -> None:
    changeset = prepared(parcels, "update", [row(30, "k1", name="Інша"), row(36, "k4")])
    assert numbers(changeset) == (1, 1, 0, 0)
    assert counts(carry_out(changeset)) == (1, 1, 0)


def test_the_same_place_with_another_key_is_another_feature(parcels: Layer) -> None:
    changeset = prepared(parcels, "replace", [row(29.0 + n, f"n{n}", name=f"Ділянка {n}") for n in (1, 2, 3)])
    assert numbers(changeset) == (3, 0, 3, 0)


def test_a_feature_without_a_key_is_given_that_of_the_row_that_lies_there(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(30, None, name="Без номера")])
    (before,) = whole(layer)
    carry_out(prepared(layer, "update", [row(30, "k1", name="Без номера")]))
    (after,) = whole(layer)
    assert (after[0], after[3]) == (before[0], "k1")


def test_a_row_without_a_key_comes_before_one_with_a_new_key_where_both_could_be_the_feature(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(30, None, name="А")])
    changeset = prepared(layer, "replace", [row(30, "k1", name="А"), row(30, None, name="А")])
    assert [(found.kind, found.key) for found in seen(changeset)] == [("added", "k1")]


def test_replacing_by_a_row_without_a_key_takes_the_key_away(parcels: Layer) -> None:
    carry_out(prepared(parcels, "replace", [row(30, None, name="Ділянка 1", area_ha=1)]))
    ((_id, _geometry, properties, key),) = whole(parcels)
    assert (properties, key) == ({"name": "Ділянка 1", "area_ha": 1}, None)


def test_adding_leaves_out_what_is_there_and_refuses_another_feature_with_a_key_that_is_taken(
    parcels: Layer,
) -> None:
    same = row(30, "k1", name="Ділянка 1", area_ha=1)
    assert numbers(prepared(parcels, "append", [same, row(36, "k4")])) == (1, 0, 0, 1)
    with pytest.raises(KeysTaken, match="k2"):
        prepared(parcels, "append", [same, row(36, "k2")])


def test_adding_leaves_a_feature_without_a_key_as_it_is(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(30, name="Без номера")])
    before = whole(layer)
    changeset = prepared(layer, "append", [row(30, "k1", name="Без номера"), row(31, "k2")])
    assert numbers(changeset) == (1, 0, 0, 1)
    assert counts(carry_out(changeset)) == (1, 0, 0)
    assert whole(layer)[0] == before[0]


def test_rows_that_share_a_key_have_no_diff(parcels: Layer) -> None:
    with pytest.raises(RepeatedKeys, match="k7"):
        prepared(parcels, "update", [row(30, "k7"), row(31, "k7")])
