"""The differences of an import as a map, which stays small however many vertices there are, and in pages."""

import json
from collections.abc import Callable
from math import cos, pi, sin
from typing import Any

import pytest

from layers.diff import accept, diff_features, diff_rows
from layers.models import Layer
from tests.conftest import add_features
from tests.layers.diffing import prepared, row, seen

MakeLayer = Callable[..., Layer]


def ring(longitude: float, vertices: int = 1000) -> dict[str, Any]:
    """A circle of 0.1 degrees."""
    angles = [2 * pi * number / (vertices - 1) for number in range(vertices - 1)]
    points = [[longitude + 0.1 * cos(angle), 50 + 0.1 * sin(angle)] for angle in angles]
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


def vertices_of(text: str) -> list[int]:
    return [len(found["geometry"]["coordinates"][0]) for found in json.loads(text)["features"]]


def test_lines_are_drawn_as_closely_as_the_frame_shows_them(make_layer: MakeLayer) -> None:
    layer = make_layer()
    add_features(layer, [(ring(30), {})])
    changeset = prepared(layer, "replace", [row(60)])
    wide, near = (-180.0, -90.0, 180.0, 90.0), (30.0, 49.9, 30.1, 50.1)
    (coarse,) = vertices_of(diff_features(changeset, kinds=["removed"], bbox=wide, limit=9))
    (fine,) = vertices_of(diff_features(changeset, kinds=["removed"], bbox=near, limit=9))
    (exact,) = vertices_of(diff_features(changeset, kinds=["removed"], limit=9))
    assert 4 <= coarse < 10 < 40 < fine < exact == 1000


def test_a_map_with_too_many_vertices_is_cut_after_whole_features_and_says_so(
    make_layer: MakeLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer()
    add_features(layer, [(ring(30), {}), (ring(31), {}), (ring(32), {})])
    changeset = prepared(layer, "replace", [row(60)])
    text = diff_features(changeset, kinds=["removed"], limit=9)
    assert (vertices_of(text), json.loads(text)["truncated"]) == ([1000] * 3, False)
    monkeypatch.setenv("HROMADA_MAX_DIFF_VERTICES", "1500")
    text = diff_features(changeset, kinds=["removed"], limit=9)
    assert (vertices_of(text), json.loads(text)["truncated"]) == ([1000] * 2, True)


def sides(text: str) -> list[tuple[str, str, list[float]]]:
    return [
        (found["properties"]["kind"], found["properties"]["side"], found["geometry"]["coordinates"])
        for found in json.loads(text)["features"]
    ]


def test_the_map_shows_what_was_and_what_will_be(parcels: Layer) -> None:
    rows = [row(35, "k1", name="Ділянка 1", area_ha=1), row(31, "k2", name="Інша"), row(36, "k4")]
    changeset = prepared(parcels, "replace", rows)
    text = diff_features(changeset, limit=10)
    assert sides(text) == [
        ("removed", "before", [32, 50]), ("changed", "before", [30, 50]), ("changed", "after", [35, 50]),
        ("changed", "after", [31, 50]), ("added", "after", [36, 50]),
    ]  # fmt: skip
    assert json.loads(text)["truncated"] is False
    assert sides(diff_features(changeset, kinds=["added"], limit=10)) == [("added", "after", [36, 50])]
    assert {
        kind for kind, _side, _at in sides(diff_features(changeset, bbox=(29.5, 49, 30.5, 51), limit=10))
    } == {"changed"}
    assert json.loads(diff_features(changeset, limit=2))["truncated"] is True


def test_the_map_of_a_first_load_shows_the_rows_in_its_frame(make_layer: MakeLayer) -> None:
    changeset = prepared(make_layer(), "append", [row(30), row(31), row(32)])
    for refused in (False, True):
        text = diff_features(changeset, bbox=(30.5, 49, 31.5, 51), limit=10)
        assert sides(text) == [("added", "after", [31, 50])]
        assert json.loads(text)["features"][0]["properties"]["accepted"] is not refused
        accept(changeset, kind="added", accepted=False)


def test_the_map_of_nothing_is_an_empty_collection(parcels: Layer) -> None:
    changeset = prepared(parcels, "update", [row(30, "k1", name="Ділянка 1", area_ha=1)])
    assert sides(diff_features(changeset, limit=10)) == []


def test_pages_of_differences_hold_each_once_and_in_order(parcels: Layer) -> None:
    changeset = prepared(parcels, "replace", [row(40 + n, f"n{n}") for n in range(7)])
    everything, page = [found.id for found in seen(changeset)], []
    while part := diff_rows(changeset, limit=3, after=page[-1] if page else 0, fields=()):
        page += [found.id for found in part]
    assert (len(page), page) == (10, everything)
    assert [found.kind for found in diff_rows(changeset, kind="removed", limit=9, fields=())] == [
        "removed"
    ] * 3
