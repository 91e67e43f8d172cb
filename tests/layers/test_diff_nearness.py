"""Geometries that differ by numeric noise alone are no differences of an import; all others are."""

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from shapely import affinity

from layers.models import Feature, Layer
from tests.layers.diffing import carry_out, numbers, prepared, row, told
from tests.layers.loading import load, whole

MakeLayer = Callable[..., Layer]
Shape = shapely.Geometry

CM = 0.01 / 111_320
YARD = shapely.Polygon(
    [(30.123456789012345, 50.1), (30.1241987654321, 50.1000123456789), (30.12419, 50.10055), (30.1239, 50.1002),
     (30.12345, 50.1006)],
    [[(30.12361, 50.10011), (30.12371, 50.10011), (30.12366, 50.10017)],
     [(30.1240, 50.10015), (30.12405, 50.10015), (30.12405, 50.1002), (30.1240, 50.1002)]],
)  # fmt: skip
BLOCK = shapely.box(30.1, 50.1, 30.101, 50.101)
"""Its corners come in pairs of one longitude: noise decides which lies in the west."""
TWO = shapely.MultiPolygon([YARD, BLOCK])
STREET = shapely.LineString([(30.1, 50.1), (30.2, 50.15), (30.1, 50.2)])


def turned(shape: Shape, begin: int, *, reverse: bool = False) -> Shape:
    """The polygon with its outer ring begun at another vertex, or run the other way."""
    ring = list(shape.exterior.coords)[:-1]
    ring = ring[begin:] + ring[:begin]
    return shapely.Polygon(ring[::-1] if reverse else ring, shape.interiors[::-1])


def shaken(shape: Shape, by: float) -> Shape:
    """Every vertex moved by at most so many degrees, each another way."""
    return shapely.transform(shape, lambda xy: xy + by * 0.7 * np.sin(xy.sum(axis=1) * 1e8 + [[0], [1]]).T)


SAME = {
    "rounded": (YARD, shapely.set_precision(YARD, 1e-7, mode="pointwise")),
    "shaken by less than a centimetre": (YARD, shaken(YARD, 0.9 * CM)),
    "begun elsewhere": (YARD, turned(YARD, 3)),
    "the other way round": (YARD, turned(YARD, 0, reverse=True)),
    "all of it": (YARD, shapely.MultiPolygon([shaken(turned(YARD, 2, reverse=True), 0.9 * CM)])),
    "a rectangle, begun elsewhere and shaken": (BLOCK, shaken(turned(BLOCK, 2), 0.9 * CM)),
    "parts in another order": (TWO, shapely.MultiPolygon([shaken(BLOCK, 0.9 * CM), turned(YARD, 1)])),
    "a line shaken": (STREET, shaken(STREET, 0.9 * CM)),
    "a point shaken": (shapely.Point(30.1, 50.1), shapely.Point(30.1 + 0.9 * CM, 50.1)),
    "one of many points": (shapely.Point(30.1, 50.1), shapely.MultiPoint([(30.1, 50.1)])),
}
OTHER = {
    "a corner moved by two centimetres": (BLOCK, shapely.box(30.1, 50.1, 30.101, 50.101 + 2 * CM)),
    "moved within its box": (YARD, shapely.Polygon([
        *YARD.exterior.coords[:3], (30.1239, 50.1002 + 2 * CM), YARD.exterior.coords[4]], YARD.interiors)),
    "the same corners in another order": (
        shapely.Polygon([(30, 50), (30.004, 50), (30.002, 50.001), (30.004, 50.004), (30, 50.004)]),
        shapely.Polygon([(30, 50), (30.004, 50), (30.004, 50.004), (30.002, 50.001), (30, 50.004)]),
    ),
    "a hole as a part": (
        shapely.Polygon(BLOCK.exterior, [shapely.box(30.1002, 50.1002, 30.1004, 50.1004).exterior]),
        shapely.MultiPolygon([BLOCK, affinity.translate(shapely.box(30.1002, 50.1002, 30.1004, 50.1004), 0.01)]),
    ),
    "a line the other way": (STREET, STREET.reverse()),
    "a point moved by two centimetres": (shapely.Point(30.1, 50.1), shapely.Point(30.1, 50.1 + 2 * CM)),
    "a ring as a line": (BLOCK, shapely.LineString(BLOCK.exterior.coords)),
}  # fmt: skip


@pytest.mark.parametrize("keyed", [True, False], ids=["by key", "by place"])
@pytest.mark.parametrize(("before", "after"), SAME.values(), ids=SAME.keys())
def test_what_is_the_same_but_for_noise_is_unchanged_and_stays(
    make_layer: MakeLayer, keyed: bool, before: Shape, after: Shape
) -> None:
    layer = make_layer(key_field="cad_num" if keyed else "")
    key = "k1" if keyed else None
    load(layer, "append", [row(before.wkt, key, name="А"), row(40, name="Б")])
    stored = whole(layer)
    assert before.wkb != after.wkb
    for mode in ("append", "replace"):
        assert numbers(prepared(layer, mode, [row(after.wkt, key, name="А"), row(40, name="Б")])) == (
            0,
            0,
            0,
            2,
        )
    renamed = prepared(layer, "replace", [row(after.wkt, key, name="Інша"), row(40, name="Б")])
    assert [(kind, changed, moved) for kind, _was, _is, changed, moved in told(renamed)] == [
        ("changed", ("name",), False)
    ]
    carry_out(renamed)
    assert [found[:2] for found in whole(layer)] == [found[:2] for found in stored]


@pytest.mark.parametrize("keyed", [True, False], ids=["by key", "by place"])
@pytest.mark.parametrize(("before", "after"), OTHER.values(), ids=OTHER.keys())
def test_whatever_else_differs_is_a_change(
    make_layer: MakeLayer, keyed: bool, before: Shape, after: Shape
) -> None:
    layer = make_layer(key_field="cad_num" if keyed else "")
    key = "k1" if keyed else None
    load(layer, "append", [row(before.wkt, key, name="А")])
    changeset = prepared(layer, "replace", [row(after.wkt, key, name="А")])
    assert [(kind, moved) for kind, _was, _is, _changed, moved in told(changeset)] == [("changed", True)]
    carry_out(changeset)
    assert shapely.from_wkb(whole(layer)[0][1]).equals_exact(after, 0)


def test_of_two_features_in_one_centimetre_each_row_meets_the_one_with_its_attributes(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer()
    load(layer, "append", [row(30.1, name="А"), row(30.1 + CM / 4, name="Б")])
    changeset = prepared(layer, "replace", [row(30.1 + CM / 3, name="Б"), row(30.1 + CM / 5, name="А")])
    assert numbers(changeset) == (0, 0, 0, 2)


def test_equal_rows_meet_features_that_are_equal_but_for_noise_one_by_one(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [row(30.1, name="Дерево")] * 3)
    assert numbers(prepared(layer, "replace", [row(30.1 + CM / 3, name="Дерево")] * 2)) == (0, 0, 1, 2)


def test_a_place_that_is_crowded_is_not_guessed(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [row(30.1 + number * CM / 99, name="Дерево") for number in range(30)])
    changeset = prepared(layer, "replace", [row(30.1 + CM / 7.7, name="Дерево")])
    assert numbers(changeset) == (1, 0, 30, 0)


def test_rows_with_keys_are_not_taken_for_features_with_others_however_near(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(30.1, "k1")])
    assert numbers(prepared(layer, "replace", [row(30.1 + CM / 3, "k2")])) == (1, 0, 1, 0)


def test_the_tolerance_is_a_limit_of_the_server(
    make_layer: MakeLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer()
    load(layer, "append", [row(30.1, name="А")])
    moved = [row(30.1 + 3 * CM, name="А")]
    assert numbers(prepared(layer, "replace", moved)) == (0, 1, 0, 0)
    monkeypatch.setenv("HROMADA_DIFF_TOLERANCE_MM", "50")
    assert numbers(prepared(layer, "replace", moved)) == (0, 0, 0, 1)
    monkeypatch.setenv("HROMADA_DIFF_TOLERANCE_MM", "0")
    assert numbers(prepared(layer, "replace", [row(30.1, name="А")])) == (0, 0, 0, 1)
    assert Feature.objects.count() == 1
