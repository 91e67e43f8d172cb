"""The differences of an import without keys: by geometry and by attributes."""

from collections.abc import Callable

import pytest

from layers.models import Feature, Layer
from tests.layers.diffing import carry_out, numbers, prepared, row, told
from tests.layers.loading import load

MakeLayer = Callable[..., Layer]


def test_without_keys_a_row_is_the_feature_in_its_place_else_the_one_with_its_attributes(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer()
    load(layer, "append", [row(30, name="Школа"), row(31, name="Садок"), row(32, name="Аптека"), row(33)])
    ids = {found.properties.get("name"): found.pk for found in Feature.objects.all()}
    rows = [row(30, name="Ліцей"), row(35, name="Садок"), row(32, name="Аптека"), row(36, name="Музей")]
    changeset = prepared(layer, "replace", rows)
    assert told(changeset) == [
        ("removed", {}, None, (), False),
        ("changed", {"name": "Школа"}, {"name": "Ліцей"}, ("name",), False),
        ("changed", {"name": "Садок"}, {"name": "Садок"}, (), True),
        ("added", None, {"name": "Музей"}, (), False),
    ]
    assert numbers(changeset) == (1, 2, 1, 1)
    carry_out(changeset)
    after = {found.properties["name"]: found.pk for found in Feature.objects.all()}
    assert (after["Ліцей"], after["Садок"], after["Аптека"]) == (ids["Школа"], ids["Садок"], ids["Аптека"])


def test_equal_rows_meet_equal_features_one_by_one(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [row(30, name="Дерево")] * 3)
    assert numbers(prepared(layer, "replace", [row(30, name="Дерево")] * 2)) == (0, 0, 1, 2)
    assert numbers(prepared(layer, "append", [row(30, name="Дерево")] * 5)) == (2, 0, 0, 3)


@pytest.mark.parametrize("twice", ["rows", "features"])
def test_what_is_not_unique_in_its_place_is_not_guessed(make_layer: MakeLayer, twice: str) -> None:
    layer = make_layer()
    one, two = [row(30, name="А")], [row(30, name="Б"), row(30, name="В")]
    load(layer, "append", two if twice == "features" else one)
    changeset = prepared(layer, "replace", one if twice == "features" else two)
    assert numbers(changeset) == ((1, 0, 2, 0) if twice == "features" else (2, 0, 1, 0))


def test_features_without_attributes_are_not_taken_for_one_another(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [row(30)])
    assert numbers(prepared(layer, "replace", [row(31)])) == (1, 0, 1, 0)


def test_a_number_written_another_way_is_the_same_number(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [row(30, area_ha=2)])
    assert numbers(prepared(layer, "replace", [row(30, area_ha=2.0)])) == (0, 0, 0, 1)
