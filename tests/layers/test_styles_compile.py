"""What is compiled from a recipe: MapLibre layers and the legend say the same thing."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override

from layers.styles import default_recipe, label_zoom, legend, maplibre_layers, read_recipe, scale_to_zoom
from tests.layers.expressions import evaluate
from tests.layers.goldens import check_golden
from tests.layers.test_styles_recipe import OWNERSHIP

GOLDEN = Path(__file__).parents[1] / "golden" / "styles"
ROADS: dict[str, Any] = {
    "version": 1,
    "geometry": "line",
    "renderer": {
        "type": "categorized",
        "field": "kind",
        "classes": [
            {
                "value": "main",
                "label": "Головна",
                "stroke": {"color": "#e8a33d", "width": {"10": 1, "16": 8}},
            },
            {"value": "path", "label": "Стежка", "stroke": {"color": "#8a6d3b", "width": 1, "dash": [3, 2]}},
            {"value": [None, ""], "label": {"uk": "Невідомо"}, "stroke": "#999999"},
        ],
    },
    "casing": {"color": "#777777", "width": 1},
    "label": {"field": "name", "size": 12, "minScale": 5000},
}
FLOORS: dict[str, Any] = {
    "version": 1,
    "geometry": "point",
    "renderer": {
        "type": "graduated",
        "field": "floors",
        "breaks": [2, 5, 9.5],
        "classes": [
            {"fill": "#fee5d9", "radius": 3},
            {"fill": "#fcae91", "radius": 4},
            {"fill": "#fb6a4a", "radius": 5},
            {"fill": "#cb181d", "radius": {"12": 4, "16": 8}, "label": {"uk": "Висотки", "en": "Tall"}},
        ],
        "other": {"fill": "#cccccc", "radius": 2, "label": {"uk": "Невідомо", "en": "Unknown"}},
    },
    "stroke": {"color": "#ffffff", "width": 1},
}
YES_NO: dict[str, Any] = {
    "version": 1,
    "geometry": "mixed",
    "renderer": {
        "type": "categorized", "field": "works",
        "classes": [{"value": True, "fill": "#00aa00"}, {"value": False, "fill": "#aa0000"}],
    },
    "radius": 4, "stroke": "#333333",
}  # fmt: skip
RECIPES = {"ownership": OWNERSHIP, "roads": ROADS, "floors": FLOORS, "yes_no": YES_NO}


def layer(recipe: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in maplibre_layers(recipe, "demo.x") if item["id"] == f"demo.x/{name}")


@pytest.mark.parametrize("name", RECIPES)
def test_compiled_layers_and_legend_are_as_blessed(name: str) -> None:
    recipe = RECIPES[name]
    compiled = {"layers": maplibre_layers(recipe, f"demo.{name}"), "legend": legend(recipe, "uk")}
    check_golden(GOLDEN / f"{name}.json", json.dumps(compiled, ensure_ascii=False, indent=1) + "\n")


@pytest.mark.parametrize("value", ["100", "101", "200", "999", "", None, 100])
def test_an_area_has_the_colour_of_its_legend_row(value: Any) -> None:
    row = legend(OWNERSHIP)[{"100": 0, "101": 0, "200": 1, 100: 0}.get(value, 2)]
    fill = layer(OWNERSHIP, "fill")
    pattern = layer(OWNERSHIP, "pattern")
    assert evaluate(fill["paint"]["fill-color"], {"ownership": value}) == row["fill"]
    assert bool(evaluate(pattern["filter"], {"ownership": value})) is (row["pattern"] is not None)
    if row["pattern"]:
        assert evaluate(pattern["paint"]["fill-pattern"], {"ownership": value}) == row["pattern"]


@pytest.mark.parametrize(
    ("value", "row"),
    [(-3, 0), (1.99, 0), (2, 1), (4, 1), (5, 2), (9.4, 2), (9.5, 3), (99, 3), (None, 4), ("7", 4)],
)
def test_a_graduated_value_has_the_colour_and_size_of_its_legend_row(value: Any, row: int) -> None:
    paint = layer(FLOORS, "circle")["paint"]
    entry = legend(FLOORS)[row]
    assert evaluate(paint["circle-color"], {"floors": value}) == entry["fill"]
    assert evaluate(paint["circle-radius"], {"floors": value}, zoom=15) == pytest.approx(entry["radius"])
    drawn = read_recipe(FLOORS).class_of(value)
    assert drawn is not None
    assert drawn.symbol.fill == entry["fill"]


@pytest.mark.parametrize(("value", "fill"), [(True, "#00aa00"), (False, "#aa0000")])
def test_yes_and_no_are_different_classes(value: bool, fill: str) -> None:
    assert evaluate(layer(YES_NO, "fill")["paint"]["fill-color"], {"works": value}) == fill


def test_what_no_class_covers_is_not_drawn_when_there_is_no_other() -> None:
    for name in ("casing", "line"):
        kept = layer(ROADS, name)["filter"]
        assert evaluate(kept, {"kind": "main"}) is True
        assert evaluate(kept, {"kind": "river"}) is False


def test_a_missing_value_has_its_own_class_when_the_recipe_names_null() -> None:
    assert evaluate(layer(ROADS, "line")["paint"]["line-color"], {}) == "#999999"


def test_each_dash_gets_its_own_line_layer_that_draws_only_its_classes() -> None:
    solid, dashed = layer(ROADS, "line"), layer(ROADS, "line-2")
    assert "line-dasharray" not in solid["paint"]
    assert dashed["paint"]["line-dasharray"] == [3, 2]
    assert [evaluate(item["filter"], {"kind": "path"}) for item in (solid, dashed)] == [False, True]
    assert [evaluate(item["filter"], {"kind": "main"}) for item in (solid, dashed)] == [True, False]


@pytest.mark.parametrize(("zoom", "width"), [(5, 1), (10, 1), (13, 4.5), (16, 8), (20, 8)])
def test_a_width_grows_between_its_zoom_stops_and_the_casing_with_it(zoom: float, width: float) -> None:
    main = {"kind": "main"}
    assert evaluate(layer(ROADS, "line")["paint"]["line-width"], main, zoom) == pytest.approx(width)
    assert evaluate(layer(ROADS, "casing")["paint"]["line-width"], main, zoom) == pytest.approx(width + 2)


def test_a_mixed_layer_draws_each_kind_of_geometry_by_its_own_layer() -> None:
    for name, shown in (("fill", "Polygon"), ("line", "LineString"), ("circle", "MultiPoint")):
        kept = layer(YES_NO, name)["filter"]
        kinds = ("Polygon", "LineString", "MultiPoint")
        drawn = {kind for kind in kinds if evaluate(kept, {"works": True}, geometry=kind)}
        assert drawn == ({"Polygon", "LineString"} if name == "line" else {shown})


def test_only_layer_types_that_the_browser_draws_come_out() -> None:
    kinds = ("Point", "LineString", "Polygon", "Geometry")
    recipes = [*RECIPES.values(), *(default_recipe(kind) for kind in kinds)]
    types = {item["type"] for recipe in recipes for item in maplibre_layers(recipe, "demo.x")}
    assert types <= {"fill", "line", "circle", "symbol"}


def test_a_scale_becomes_the_zoom_of_a_512_pixel_tile_at_its_latitude() -> None:
    # 1:500 million is the whole equator on one 512 px tile of 0.28 mm pixels, less a tenth.
    assert scale_to_zoom(40_075_016.6855785 / (512 * 0.00028), latitude=0) == 0.0
    assert scale_to_zoom(2500, latitude=49) == pytest.approx(16.16, abs=0.01)
    assert scale_to_zoom(2500, latitude=0) - scale_to_zoom(2500, latitude=60) == pytest.approx(1, abs=0.01)
    assert scale_to_zoom(1e15) == 0.0
    assert scale_to_zoom(1e-9) == 24.0


def test_scale_limits_become_zoom_limits_and_labels_begin_later() -> None:
    fill, label = layer(OWNERSHIP, "fill"), layer(OWNERSHIP, "label")
    assert fill["minzoom"] == scale_to_zoom(50000)
    assert "maxzoom" not in fill
    assert label["minzoom"] == label_zoom(OWNERSHIP) == scale_to_zoom(2500)
    assert label["layout"]["text-field"] == ["to-string", ["get", "cad_num"]]


def test_legend_titles_follow_the_language_and_fall_back_to_ukrainian() -> None:
    assert [row["label"] for row in legend(OWNERSHIP, "en")] == ["State", "Комунальна", "Other"]
    assert [row["label"] for row in legend(OWNERSHIP, "uk")] == ["Державна", "Комунальна", "Інше"]


def test_graduated_classes_without_titles_are_named_by_their_ranges() -> None:
    english, ukrainian = ([row["label"] for row in legend(FLOORS, language)] for language in ("en", "uk"))
    assert english == ["under 2", "2 – 5", "5 – 9.5", "Tall", "Unknown"]
    assert ukrainian == ["менше 2", "2 – 5", "5 – 9,5", "Висотки", "Невідомо"]


def test_the_legend_language_does_not_depend_on_the_reader_of_the_page() -> None:
    with override("en"):
        assert legend(FLOORS, "uk")[0]["label"] == "менше 2"


def test_gathered_areas_have_their_class_colour_and_no_outline() -> None:
    gathered, parcel = {"ownership": "200", "_n": 3}, {"ownership": "200"}
    row = legend(OWNERSHIP)[1]
    assert evaluate(layer(OWNERSHIP, "fill")["paint"]["fill-color"], gathered) == row["fill"]
    outlines = [item for item in maplibre_layers(OWNERSHIP, "demo.x") if item["type"] == "line"]
    drawn = [evaluate(item.get("filter", True), parcel) for item in outlines]
    assert any(drawn)
    assert not any(evaluate(item.get("filter", True), gathered) for item in outlines)


def test_gathered_areas_without_a_fill_show_the_colour_of_their_outline() -> None:
    recipe = {"version": 1, "geometry": "polygon", "renderer": {"type": "single"}, "stroke": "#123456"}
    gathered = layer(recipe, "gathered")
    assert gathered["paint"]["fill-color"] == "#123456"
    assert [evaluate(gathered["filter"], values) for values in ({"_n": 2}, {})] == [True, False]


def test_a_circle_for_many_points_grows_with_their_number_and_says_it() -> None:
    cluster, count, single = layer(FLOORS, "cluster"), layer(FLOORS, "count"), layer(FLOORS, "circle")
    crowd = {"floors": 3, "_n": 7}
    assert [evaluate(item["filter"], crowd) for item in (cluster, count, single)] == [True, True, False]
    assert [evaluate(item["filter"], {"floors": 3}) for item in (cluster, count, single)] == [
        False,
        False,
        True,
    ]
    assert evaluate(cluster["paint"]["circle-color"], crowd) == legend(FLOORS)[1]["fill"]
    assert cluster["paint"]["circle-radius"] == [
        "interpolate",
        ["linear"],
        ["number", ["get", "_n"], 1],
        2,
        8,
        10,
        9.5,
        100,
        12,
        1000,
        15,
    ]
    assert evaluate(count["layout"]["text-field"], crowd) == "7"
    assert evaluate(count["paint"]["text-color"], {"floors": 12}) == "#ffffff"
    assert evaluate(count["paint"]["text-color"], {"floors": 1}) == "#000000"
