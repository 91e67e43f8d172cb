"""The map of differences stays small, however many vertices the features have."""

import json
from collections.abc import Callable
from math import cos, pi, sin
from typing import Any

import pytest

from layers.diff import diff_features
from layers.models import Layer
from tests.conftest import add_features
from tests.layers.test_diff import prepared, row

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
