"""SLD, breaks, contrast, colour vision, twins and presets of styles."""

import itertools
import random
from typing import Any
from xml.etree.ElementTree import fromstring, tostring

import pytest

from layers.styles import legend, read_recipe
from layers.styles.classifiers import classifiers, preset_named, presets_for
from layers.styles.classify import MOST_POINTS, breaks_of
from layers.styles.palettes import PALETTES
from layers.styles.sld import sld
from layers.styles.twins import pattern_twin, told_apart
from layers.styles.vision import alike_classes, contrast, distance, faint_classes
from tests.layers.goldens import check_golden
from tests.layers.recipes import CASES, RULES
from tests.layers.test_styles_compile import GOLDEN, ROADS

NAMES = {
    "sld": "http://www.opengis.net/sld", "se": "http://www.opengis.net/se", "ogc": "http://www.opengis.net/ogc",
}  # fmt: skip


def parsed(document: str) -> Any:
    return fromstring(document)  # noqa: S314 -- our own


@pytest.mark.parametrize("name", CASES)
def test_the_sld_is_as_blessed(name: str) -> None:
    check_golden(GOLDEN / f"{name}.sld", sld(CASES[name][0], f"demo.{name}", title="Шар <1>"))


@pytest.mark.parametrize("name", CASES)
def test_the_sld_has_a_rule_for_each_row_of_the_legend(name: str) -> None:
    root = parsed(sld(CASES[name][0], "demo.x", title="Шар"))
    rules = root.findall(".//se:FeatureTypeStyle", NAMES)[0].findall("se:Rule", NAMES)
    titles = [rule.findtext("se:Description/se:Title", namespaces=NAMES) for rule in rules]
    rows = legend(CASES[name][0])[: len(rules)]
    assert titles == [row["label"] or "Шар" for row in rows]


def test_a_rule_of_the_sld_leaves_out_what_rules_before_it_draw() -> None:
    root = parsed(sld(RULES, "demo.x"))
    second = root.findall(".//se:Rule", NAMES)[1].find("ogc:Filter/ogc:And", NAMES)
    assert second is not None
    assert [part.tag.split("}")[1] for part in second] == ["Or", "Not"]
    assert second.find("ogc:Not/ogc:And/ogc:PropertyIsLike", NAMES) is not None


def test_hostile_titles_and_values_leave_the_sld_well_formed() -> None:
    recipe = {
        "version": 1, "geometry": "point", "fill": "#abc",
        "renderer": {"type": "categorized", "field": "x", "classes": [
            {"value": "</ogc:Literal>\x00\x0b\ud800🌾", "label": {"uk": "<b>&\x01"}},
        ]},
    }  # fmt: skip
    root = parsed(sld(recipe, "demo.x", title="\x02]]>"))
    literal = root.findtext(".//ogc:Literal", namespaces=NAMES)
    assert literal is not None
    assert literal.startswith("</ogc:Literal>")
    assert "#aabbcc" in tostring(root, encoding="unicode")


def test_natural_breaks_are_the_best_of_all_partitions() -> None:
    chance = random.Random(4)
    for _round in range(30):
        values = sorted(chance.sample(range(1000), 9))
        found = breaks_of(values, "jenks", 3)
        parts = [values[i:j] for i, j in itertools.pairwise([0, *_places(values, found), 9])]
        assert _deviation(parts) == pytest.approx(_least(values))


def _places(values: list[int], breaks: list[float]) -> list[int]:
    return [sum(value < limit for value in values) for limit in breaks]


def _deviation(parts: list[list[int]]) -> float:
    return sum(sum((value - sum(part) / len(part)) ** 2 for value in part) for part in parts)


def _least(values: list[int]) -> float:
    cuts = itertools.combinations(range(1, len(values)), 2)
    return min(_deviation([values[:a], values[a:b], values[b:]]) for a, b in cuts)


def test_quantiles_hold_as_many_values_each_and_equal_intervals_are_as_wide() -> None:
    values = [float(value) ** 2 for value in range(1000)]
    found = [0, *_places(values, breaks_of(values, "quantile", 4)), 1000]
    assert [high - low for low, high in itertools.pairwise(found)] == pytest.approx([250] * 4, abs=3)
    assert breaks_of([0, 3, 50, 100], "equal", 4) == [25, 50, 75]


@pytest.mark.parametrize("method", ["quantile", "equal", "jenks"])
@pytest.mark.parametrize(
    "values",
    [[], [5], [5, 5, 5], [1, 2], [float("nan"), float("inf"), 1, 2, 3], [1e-9, 2e-9, 5e-9], [1e15, 2e15, 1],
     [random.Random(n).lognormvariate(0, 3) for n in range(5 * MOST_POINTS)], [0.1] * 500 + [7]],
)  # fmt: skip
def test_breaks_always_rise_and_lie_within_the_values(method: str, values: list[float]) -> None:
    found = breaks_of(values, method, 5)
    assert len(found) <= 4
    assert all(low < high for low, high in itertools.pairwise(found))
    finite = [value for value in values if value == value and abs(value) != float("inf")]
    assert all(min(finite) < limit <= max(finite) for limit in found)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#fff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_red_and_green_are_far_apart_for_some_and_near_for_others() -> None:
    red, green = "#c85a3c", "#8c8c28"
    assert distance(red, green) > 40
    assert distance(red, green, "deutan") < 20
    assert distance("#000000", "#ffffff", "tritan") == pytest.approx(100, abs=1)


def areas(*fills: str, **more: Any) -> dict[str, Any]:
    classes = [{"value": str(number), "fill": fill} for number, fill in enumerate(fills)]
    renderer = {"type": "categorized", "field": "x", "classes": classes}
    return {"version": 1, "geometry": "polygon", "renderer": renderer, **more}


def test_a_pale_area_without_an_outline_is_found_and_one_with_an_outline_is_not() -> None:
    pale = areas("#f3efe0", "#123b4f")
    assert [item.place for item in faint_classes(read_recipe(pale))] == [0]
    assert faint_classes(read_recipe(pale | {"stroke": "#333333"})) == []
    assert [item.place for item in faint_classes(read_recipe(areas("#123b4f", opacity=0.1)))] == [0]


def test_colours_that_some_take_for_one_are_found_and_a_pattern_settles_it() -> None:
    recipe = areas("#a3c644", "#e0b040", "#0052a5", stroke="#333333")
    [pair] = alike_classes(read_recipe(recipe))
    assert (pair.first, pair.second, pair.vision) == (0, 1, "protan")
    twin = told_apart(recipe)
    assert alike_classes(read_recipe(twin)) == []
    assert [item.get("pattern") for item in twin["renderer"]["classes"]] == [None, "hatch45", None]
    assert "pattern" not in recipe["renderer"]["classes"][1]


@pytest.mark.parametrize("geometry", ["polygon", "line", "point"])
def test_the_twin_tells_classes_of_one_colour_apart(geometry: str) -> None:
    same: dict[str, Any] = {"stroke": "#335577"} if geometry == "line" else {"fill": "#335577"}
    classes = [{"value": str(number), **same} for number in range(5)]
    renderer = {"type": "categorized", "field": "x", "classes": classes}
    twin = pattern_twin({"version": 1, "geometry": geometry, "renderer": renderer, "radius": 4})
    assert alike_classes(read_recipe(twin)) == []


def test_every_classifier_can_be_read_by_everyone() -> None:
    for preset in classifiers().values():
        recipe = read_recipe(preset.recipe(preset.fields[0], "polygon"), fields=preset.fields[:1])
        assert faint_classes(recipe) == [], preset.key
        assert alike_classes(recipe) == [], preset.key


@pytest.mark.parametrize(
    ("preset", "value", "label"),
    [
        ("purpose", "02.01", "02 Житлова забудова"), ("purpose", "15.01", "15 Оборона"),
        ("purpose", "2.1", "Інше або не вказано"), ("reserve", "01.17", "Землі запасу"),
        ("zones", "20503.0", "205 Комунальна інфраструктура"),
        ("category", "700", "700 лісогосподарського призначення"),
        ("restrictions", "06.01.1", "06 Інші обмеження, лінії забудови"), ("ownership", None, "Інше або не вказано"),
    ],
)  # fmt: skip
def test_a_code_has_the_class_of_its_classifier(preset: str, value: Any, label: str) -> None:
    found = preset_named(preset)
    assert found is not None
    recipe = read_recipe(found.recipe("code", "polygon"))
    drawn = recipe.class_for({"code": value})
    assert drawn is not None
    assert drawn.label["uk"] == label


def test_presets_are_offered_for_layers_that_have_their_fields() -> None:
    offered = [
        (preset.key, field)
        for preset, field in presets_for("polygon", ["cad_num", "purpose_code", "ownership"])
    ]
    assert ("purpose", "purpose_code") in offered
    assert ("standard-parcels", "") in offered
    assert all(key not in ("zones", "standard-roads") for key, _field in offered)
    assert presets_for("line", ["purpose_code"]) == []


def test_a_palette_gives_as_many_colours_as_are_wanted() -> None:
    for palette in PALETTES.values():
        for count in (1, 2, 7, 12):
            assert len(palette.colours(count)) == count
    assert PALETTES["wheat"].colours(4) == list(PALETTES["wheat"].stops)


def test_a_road_with_a_casing_stands_out_by_it() -> None:
    pale = {**ROADS, "renderer": {"type": "single", "stroke": {"color": "#fff4d0", "width": 3}}}
    assert faint_classes(read_recipe(pale)) == []
    assert len(faint_classes(read_recipe({**pale, "casing": None}))) == 1
