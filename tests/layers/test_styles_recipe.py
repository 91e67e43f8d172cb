"""Recipes are checked with the place of every problem."""

import copy
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from layers.standards import standard_layers
from layers.styles import (
    InvalidRecipe,
    default_recipe,
    fields_needed,
    fresh_recipe,
    maplibre_layers,
    read_recipe,
    recipe_problems,
)
from layers.styles.presets import PALETTE

OWNERSHIP: dict[str, Any] = {
    "version": 1,
    "geometry": "polygon",
    "renderer": {
        "type": "categorized",
        "field": "ownership",
        "classes": [
            {"value": ["100", "101"], "label": {"uk": "Державна", "en": "State"}, "fill": "#fdd49e"},
            {"value": "200", "label": {"uk": "Комунальна"}, "fill": "#a6bddb", "pattern": "hatch45"},
        ],
        "other": {"label": {"uk": "Інше", "en": "Other"}, "fill": "#d9d9d9"},
    },
    "stroke": {"color": "#7a5c3a", "width": {"12": 0.3, "16": 1.5}},
    "opacity": 0.8,
    "label": {"field": "cad_num", "size": 11, "minScale": 2500},
    "scale": {"min": 0, "max": 50000},
}


def changed(path: list[str | int], value: Any) -> dict[str, Any]:
    recipe = copy.deepcopy(OWNERSHIP)
    target: Any = recipe
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return recipe


def test_a_right_recipe_has_no_problems() -> None:
    assert recipe_problems(OWNERSHIP, fields={"ownership", "cad_num"}) == []


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (["version"], 2, "version"),
        (["geometry"], "blob", "geometry"),
        (["renderer"], None, "renderer"),
        (["renderer", "type"], "magic", "renderer.type"),
        (["renderer", "field"], "", "renderer.field"),
        (["renderer", "classes"], {}, "renderer.classes"),
        (["renderer", "classes", 1, "fill"], "red", "renderer.classes[1].fill"),
        (["renderer", "classes", 1, "fill"], "#12345", "renderer.classes[1].fill"),
        (["renderer", "classes", 1, "pattern"], "zebra", "renderer.classes[1].pattern"),
        (["renderer", "classes", 1, "value"], {"a": 1}, "renderer.classes[1].value"),
        (["renderer", "classes", 1, "value"], "101", "renderer.classes[1].value"),
        (["renderer", "classes", 0, "label", "uk"], 5, "renderer.classes[0].label.uk"),
        (["renderer", "classes", 0, "colour"], "#fff", "renderer.classes[0].colour"),
        (["renderer", "breaks"], [1], "renderer.breaks"),
        (["stroke", "width"], "wide", "stroke.width"),
        (["stroke", "width"], float("nan"), "stroke.width"),
        (["stroke", "width"], {"x": 1}, "stroke.width.x"),
        (["stroke", "width"], 40, "stroke.width"),
        (["stroke", "dash"], [1, -1], "stroke.dash[1]"),
        (["opacity"], True, "opacity"),
        (["opacity"], 1.5, "opacity"),
        (["label", "field"], None, "label.field"),
        (["label", "minScale"], 0, "label.minScale"),
        (["scale", "max"], 0, "scale.max"),
        (["scale"], {"min": 5000, "max": 1000}, "scale"),
        (["surprise"], 1, "surprise"),
    ],
)
def test_a_wrong_part_is_named_by_its_place(path: list[str | int], value: Any, place: str) -> None:
    assert place in [problem.place for problem in recipe_problems(changed(path, value))]


def test_every_problem_is_collected_not_only_the_first() -> None:
    recipe = changed(["opacity"], 7)
    recipe["renderer"]["classes"][0]["fill"] = "blue"
    recipe["label"]["size"] = 400
    places = [problem.place for problem in recipe_problems(recipe)]
    assert places == ["opacity", "renderer.classes[0].fill", "label.size"]


def test_the_error_says_where_and_why_in_both_languages() -> None:
    with pytest.raises(InvalidRecipe) as caught:
        read_recipe(changed(["renderer", "classes", 1, "fill"], "red"))
    assert caught.value.params["problems"][0]["place"] == "renderer.classes[1].fill"
    with override("en"):
        assert "“renderer.classes[1].fill”" in str(caught.value)
    with override("uk"):
        assert "Стиль помилковий" in str(caught.value)


def test_a_field_that_the_layer_does_not_have_is_a_problem() -> None:
    problems = recipe_problems(OWNERSHIP, fields={"cad_num"})
    assert [problem.place for problem in problems] == ["renderer.field"]
    assert "ownership" in problems[0].reason


def test_breaks_must_rise_and_match_the_number_of_classes() -> None:
    recipe = {
        "version": 1,
        "geometry": "polygon",
        "renderer": {"type": "graduated", "field": "n", "breaks": [5, 2], "classes": [{"fill": "#ffffff"}]},
    }
    assert [problem.place for problem in recipe_problems(recipe)] == ["renderer.breaks", "renderer.classes"]


def test_ink_that_would_be_cut_at_the_edge_of_a_tile_is_refused() -> None:
    recipe = default_recipe("Point") | {"radius": 14, "stroke": {"color": "#ffffff", "width": 4}}
    assert [problem.place for problem in recipe_problems(recipe)] == ["radius"]


def test_fields_needed_are_those_of_colours_and_labels() -> None:
    assert fields_needed(OWNERSHIP) == {"ownership", "cad_num"}
    assert fields_needed(OWNERSHIP, labels=False) == {"ownership"}
    assert fields_needed(default_recipe("Polygon")) == set()


@pytest.mark.parametrize("geometry", ["Point", "LineString", "Polygon", "Geometry", "MultiPolygon"])
@pytest.mark.parametrize("seed", ["demo.parcels", "demo.streets", ""])
def test_the_default_recipe_of_every_geometry_type_is_right_and_drawn(geometry: str, seed: str) -> None:
    recipe = default_recipe(geometry, seed=seed)
    assert recipe_problems(recipe) == []
    assert maplibre_layers(recipe, "demo.layer")
    assert recipe == default_recipe(geometry, seed=seed)


def test_outlines_of_the_default_palette_stand_out_from_white() -> None:
    def luminance(color: str) -> float:
        parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for _fill, outline in PALETTE:
        assert 1.05 / (luminance(outline) + 0.05) >= 4.5, outline


@pytest.mark.parametrize("slug", standard_layers())
def test_the_style_of_every_standard_layer_is_right_and_rests_on_its_own_fields(slug: str) -> None:
    definition = standard_layers()[slug]
    fields = {field["key"] for field in definition["schema"]}
    assert recipe_problems(definition["style"], fields=fields) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(sorted(OWNERSHIP)), JSON)
def test_no_json_at_all_breaks_the_check(key: str, value: Any) -> None:
    recipe_problems(value)
    recipe = OWNERSHIP | {key: value}
    if not recipe_problems(recipe):
        maplibre_layers(recipe, "demo.layer")


@given(JSON, JSON)
def test_no_json_in_a_class_breaks_the_check(value: Any, fill: Any) -> None:
    renderer = OWNERSHIP["renderer"] | {"classes": [{"value": value, "fill": fill}, value]}
    recipe_problems(OWNERSHIP | {"renderer": renderer})


def test_new_layers_get_colours_that_are_not_used_yet() -> None:
    recipes: list[dict[str, Any]] = []
    for _ in PALETTE:
        recipes.append(fresh_recipe("Polygon", beside=recipes))
    assert len({recipe["fill"] for recipe in recipes}) == len(PALETTE)
    assert fresh_recipe("Polygon", beside=recipes) == recipes[0], "then from the beginning"
    assert fresh_recipe("Point", beside=recipes[:1])["fill"] == PALETTE[1][1]
