"""The standard layers: complete in both languages, sound schemas, styles that can be drawn and told apart."""

from collections.abc import Iterator
from typing import Any

import pytest

from importers.demo.tables import Table
from layers.models.catalogue import AccessLevel, GeometryType, Theme
from layers.schema import Schema
from layers.standards import FOLDER, standard_attributes, standard_layers
from layers.styles import read_recipe, recipe_problems
from layers.styles.recipe import Recipe, StyleClass

PAPER = "#f6f5f1"
SLUGS = sorted(path.stem for path in FOLDER.glob("*.json"))
NEVER_PUBLIC = ("water_network", "power_lines", "fibre_routes", "fibre_nodes")


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def titles_in(document: Any) -> Iterator[dict[str, str]]:
    """Every title, description and label, wherever it stands."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in ("title", "description", "label") and isinstance(value, dict) and "field" not in value:
                yield value
            else:
                yield from titles_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from titles_in(value)


def ink(recipe: Recipe, style_class: StyleClass) -> list[str]:
    """The colours that make the class visible."""
    symbol = style_class.symbol
    found = [symbol.stroke.color] if symbol.stroke.width != 0 else []
    return [*found, symbol.fill] if recipe.geometry == "point" and symbol.fill else found


@pytest.mark.parametrize("slug", SLUGS)
def test_a_standard_layer_is_complete_and_its_parts_agree(slug: str) -> None:
    layer = standard_layers()[slug]
    schema = Schema.from_json(layer["schema"])
    keys = {item.key for item in schema}

    assert slug == layer["slug"]
    assert recipe_problems(layer["style"], fields=keys) == []
    assert layer["key_field"] in keys | {""}
    assert layer["geometry_type"] in GeometryType.values
    assert layer["theme"] in Theme.values
    assert layer["base"] == (layer["theme"] == Theme.BASE)
    assert layer["access_level"] in AccessLevel.values
    assert 0 <= layer["min_zoom"] < layer["max_zoom"] <= 22
    assert standard_attributes(slug)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_title_is_given_in_both_languages_with_the_right_apostrophe(slug: str) -> None:
    found = list(titles_in(standard_layers()[slug]))

    assert found
    assert [t for t in found if set(t) != {"uk", "en"} or not all(t.values())] == []
    assert [t for t in found if "'" in t["uk"]] == []


@pytest.mark.parametrize("slug", SLUGS)
def test_values_of_a_domain_are_there_once(slug: str) -> None:
    for item in standard_layers()[slug]["schema"]:
        values = [entry["value"] for entry in item.get("domain", ())]
        assert len(set(values)) == len(values), item["key"]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_feature_of_the_demo_is_drawn_by_a_class_of_its_own(
    slug: str, tables: dict[str, Table]
) -> None:
    recipe = read_recipe(standard_layers()[slug]["style"])
    if recipe.field is None:
        return
    values = {getattr(v, "item", lambda v=v: v)() for v in tables[slug].column(recipe.field)}

    assert [v for v in values if recipe.class_of(v) in (None, recipe.other)] == []


@pytest.mark.parametrize("slug", [s for s in SLUGS if not standard_layers()[s]["base"]])
def test_symbols_and_outlines_stand_out_from_the_paper_three_to_one(slug: str) -> None:
    recipe = read_recipe(standard_layers()[slug]["style"])
    for style_class in recipe.all_classes:
        colours = ink(recipe, style_class)
        assert max(contrast(colour, PAPER) for colour in colours) >= 3.0, style_class.label


@pytest.mark.parametrize("slug", SLUGS)
def test_labels_can_be_read_on_their_halo(slug: str) -> None:
    label = read_recipe(standard_layers()[slug]["style"]).label
    if label:
        assert contrast(label.color, label.halo) >= 4.5


def test_networks_that_war_makes_a_target_are_never_public_by_default() -> None:
    levels = {slug: standard_layers()[slug]["access_level"] for slug in NEVER_PUBLIC}

    assert levels == dict.fromkeys(NEVER_PUBLIC, "staff")


def test_parcels_have_no_field_for_a_person() -> None:
    text = str(standard_layers()["parcels"]["schema"]).lower()

    assert [word for word in ("owner_name", "tax", "passport", "піб", "прізвище") if word in text] == []
