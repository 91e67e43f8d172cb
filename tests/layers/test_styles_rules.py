"""Rules and sizes: Python, SQL, the legend and (by the golden file that frontend/src/styling reads) MapLibre agree."""

import json
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from psycopg2 import sql

from layers.schema import Field, Schema
from layers.styles import InvalidRecipe, fields_needed, legend, maplibre_layers, read_recipe, recipe_problems
from layers.styles.filter_targets import sql_condition
from layers.styles.filters import Group, holds
from layers.styles.maplibre import CLASS
from layers.styles.recipe import at_zoom, comparable
from layers.tiles.overview_classes import rule_number
from tests.layers.goldens import check_golden
from tests.layers.recipes import CASES, FIELDS, OF_RULES, RULES, SIZED, op, prop
from tests.layers.test_styles_compile import GOLDEN

SCHEMA = Schema.from_json(FIELDS)
TYPES = {field.key: field.type for field in SCHEMA}
WANTED = [0, 5, 1, 1, 3, 2, 2, -1, -1, 4, 4, 5, 5]


def rule(condition: Any) -> dict[str, Any]:
    return {
        "version": 1, "geometry": "polygon",
        "renderer": {"type": "rules", "classes": [{"filter": condition, "fill": "#aa0000"}]},
    }  # fmt: skip


def condition_of(document: dict[str, Any]) -> Any:
    return read_recipe(rule(document)).classes[0].condition


def test_the_first_rule_that_holds_draws() -> None:
    recipe = read_recipe(RULES, fields=TYPES)
    drawn = [recipe.all_classes.index(recipe.class_for(item) or recipe.classes[0]) for item in OF_RULES]
    assert drawn == [number if number >= 0 else len(recipe.classes) for number in WANTED]


def in_sql(expression: sql.Composable, features: list[dict[str, Any]]) -> list[Any]:
    """The value of an expression over typed columns for each of the features, in order."""
    columns = sql.SQL(", ").join(
        sql.SQL("(p->>{})::{} AS {}").format(sql.Literal(f.key), sql.SQL(f.sql_type), sql.Identifier(f.key))
        for f in SCHEMA
    )
    query = sql.SQL(
        "SELECT {} FROM (SELECT n, {} FROM jsonb_array_elements({}::jsonb) WITH ORDINALITY AS r(p, n)) AS t"
        " ORDER BY n"
    ).format(expression, columns, sql.Literal(json.dumps(features)))
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def column(field: Field) -> sql.Composable:
    return sql.Identifier(field.key)


@pytest.mark.django_db
def test_the_database_counts_a_feature_to_the_same_rule() -> None:
    number = rule_number(read_recipe(RULES), column, {field.key: field for field in SCHEMA})
    assert in_sql(number, OF_RULES) == WANTED


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "use": st.sampled_from(["01.01", "02.05", "02.", "", "%_\\'"]) | st.none(),
        "area_ha": st.sampled_from([-1.5, 0.0, 2.0, 2.5]) | st.none(),
        "floors": st.sampled_from([0, 2, 5]) | st.none(),
        "vacant": st.booleans() | st.none(),
        "until": st.sampled_from(["2025-01-01", "2026-06-30"]) | st.none(),
    },
)
LEAVES = (
    st.builds(lambda o, v: op(o, prop("area_ha"), v), st.sampled_from(["=", "<>", "<", "<=", ">", ">="]),
              st.sampled_from([0, 2, 2.5]))
    | st.builds(lambda o, v: op(o, prop("use"), v), st.sampled_from(["=", "<>", "<", ">="]),
                st.sampled_from(["01.01", "02.", "%_\\'"]))
    | st.builds(lambda o, v: op(o, prop("until"), v), st.sampled_from(["=", "<>", "<", ">"]),
                st.just("2025-01-01"))
    | st.builds(lambda o, v: op(o, prop("vacant"), v), st.sampled_from(["=", "<>"]), st.booleans())
    | st.builds(lambda k: op("isNull", prop(k)), st.sampled_from(list(TYPES)))
    | st.just(op("like", prop("use"), "02.%"))
    | st.just(op("in", prop("floors"), [0, 5]))
    | st.just(op("in", prop("use"), ["01.01", "02."]))
    | st.just(op("between", prop("floors"), 1, 4))
)  # fmt: skip
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.builds(lambda part: op("not", part), inner)
    | st.builds(
        lambda o, parts: op(o, *parts), st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=5,
)  # fmt: skip


@pytest.mark.django_db
@given(document=CONDITIONS, features=st.lists(VALUES, min_size=1, max_size=6))
def test_any_condition_holds_in_the_database_as_it_does_here(document: Any, features: list[Any]) -> None:
    condition = read_recipe(rule(document), fields=TYPES).classes[0].condition
    assert condition is not None
    expression = sql_condition(condition, column, {field.key: field for field in SCHEMA})
    found = in_sql(sql.SQL("coalesce({}, FALSE)").format(expression), features)
    assert found == [holds(condition, item) for item in features]


def test_not_of_a_comparison_with_a_missing_value_does_not_hold_as_in_sql() -> None:
    for document in (op("=", prop("use"), "a"), op("in", prop("use"), ["a"]), op("like", prop("use"), "a%")):
        negated = condition_of(op("not", document))
        assert [holds(negated, {"use": value}) for value in ("a", "b", "", None)] == [
            False,
            True,
            False,
            False,
        ]


def test_not_turns_and_into_or() -> None:
    inner = op("and", op("=", prop("use"), "a"), op("<", prop("area_ha"), 2))
    condition = condition_of(op("not", inner))
    assert isinstance(condition, Group)
    assert condition.any_of
    assert holds(condition, {"use": "a", "area_ha": 2})


def test_tiles_carry_all_fields_that_rules_and_sizes_ask_for() -> None:
    assert fields_needed(RULES) == {"use", "area_ha", "floors", "vacant", "until"}
    assert fields_needed(SIZED) == {"area_ha"}


def test_a_rule_without_a_title_is_told_in_words() -> None:
    labels = [row["label"] for row in legend(RULES)]
    assert labels[0] == "use починається з 02. та area_ha ≥ 2"
    assert labels[2] == "floors < 2 або floors > 9"
    assert labels[4] == "Без цілі"


def test_the_legend_shows_what_the_sizes_of_circles_mean() -> None:
    rows = legend(SIZED)[1:]
    assert [(row["label"], row["radius"], row["kind"]) for row in rows] == [
        ("≤ 0", 3.0, "circle"), ("50", 9.36, "circle"), ("≥ 100", 12.0, "circle"),
    ]  # fmt: skip


def test_what_maplibre_shall_draw_is_written_down_for_its_own_evaluator() -> None:
    """frontend/src/styling/compiled.test.ts evaluates these layers with MapLibre's code and compares."""
    cases = [
        {"name": name, "layers": maplibre_layers(recipe, f"demo.{name}"), "geometry": recipe["geometry"],
         "features": [{"properties": item, **expected(recipe, item)} for item in features]}
        for name, (recipe, features) in CASES.items()
    ]  # fmt: skip
    check_golden(GOLDEN / "evaluated.json", json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


def expected(recipe: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """How Python draws a feature, after a look at its row of the legend."""
    known = read_recipe(recipe)
    drawn, symbol = known.class_for(item), known.symbol_for(item)
    if drawn is None or symbol is None:
        return {"drawn": False}
    number = known.all_classes.index(drawn)
    row = legend(recipe)[number]
    line = recipe["geometry"] == "line"
    assert (row["fill"], row["pattern"]) == (None if line else symbol.fill, symbol.pattern)
    return {
        "drawn": True, "number": number if drawn is not known.other else -1, "fill": row["fill"],
        "stroke": row["stroke"], "pattern": row["pattern"], "radius": round(at_zoom(symbol.radius, 15), 3),
    }  # fmt: skip


def test_what_a_tile_gathered_is_drawn_by_the_number_of_its_rule() -> None:
    fill = next(item for item in maplibre_layers(RULES, "demo.x") if item["id"] == "demo.x/fill")
    color = fill["paint"]["fill-color"]
    assert color[:2] == ["case", ["has", CLASS]]
    assert color[2][:4] == ["match", ["get", CLASS], 0, "#aa0000"]
    assert color[2][-1] == color[-1] == "#eeeeee"


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        (None, ""),
        ({"op": "s_intersects", "args": [1]}, ".op"),
        ({"op": "=", "args": [{"property": "use"}, "a"], "sql": "1"}, ".sql"),
        (op("and", op("=", prop("use"), "a"), op("matches", prop("use"), "b")), ".args[1].op"),
        (op("=", "use", "a"), ".args[0]"),
        (op("=", prop("nothing"), "a"), ".args[0].property"),
        (op("=", prop("use"), prop("note")), ".args[1]"),
        (op("=", prop("use"), None), ".args[1]"),
        (op("=", prop("use"), ""), ".args[1]"),
        (op("=", prop("use"), float("nan")), ".args[1]"),
        (op("=", prop("area_ha"), "2"), ".args[1]"),
        (op("<", prop("use"), 2), ".args[1]"),
        (op("<", prop("vacant"), True), ".op"),
        (op("like", prop("use"), "%02"), ".args[1]"),
        (op("like", prop("use"), "0_2%"), ".args[1]"),
        (op("in", prop("use"), []), ".args[1]"),
        (op("in", prop("use"), ["a", ["b"]]), ".args[1][1]"),
        (op("between", prop("floors"), 1), ".args"),
        (op("not", op("isNull", prop("use")), op("isNull", prop("use"))), ".args"),
        ({"op": ["="], "args": []}, ".op"),
    ],
)
def test_a_condition_that_is_not_known_is_refused_with_its_place(condition: Any, place: str) -> None:
    problems = recipe_problems(rule(condition), fields=TYPES)
    assert [item.place for item in problems] == [f"renderer.classes[0].filter{place}"]


def test_conditions_that_hold_each_other_too_deep_are_refused() -> None:
    deep: Any = op("isNull", prop("use"))
    for _level in range(2000):
        deep = op("not", deep)
    with pytest.raises(InvalidRecipe):
        read_recipe(rule(deep))


def test_a_field_of_time_is_only_asked_whether_it_has_a_value() -> None:
    wrong = recipe_problems(rule(op("<", prop("at"), "2026-01-01")), fields={"at": "datetime"})
    assert [item.place for item in wrong] == ["renderer.classes[0].filter.args[1]"]
    assert recipe_problems(rule(op("isNull", prop("at"))), fields={"at": "datetime"}) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"geometry": "line"}, "sizeBy"),
        ({"sizeBy": {"field": "use", "values": [0, 1], "radii": [1, 2]}}, "sizeBy.field"),
        ({"sizeBy": {"field": "area_ha", "values": [5, 5], "radii": [1, 2]}}, "sizeBy.values"),
        ({"sizeBy": {"field": "area_ha", "values": [0, 5], "radii": [1]}}, "sizeBy.radii"),
        ({"sizeBy": {"field": "area_ha", "values": [0, 5], "radii": [1, 40]}}, "radius"),
        ({"sizeBy": {"field": "area_ha", "values": [0, 5], "radii": [1, 4], "scale": 2}}, "sizeBy.scale"),
        ({"sizeBy": [1]}, "sizeBy"),
    ],
)
def test_a_wrong_size_by_number_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    assert place in [item.place for item in recipe_problems(SIZED | change, fields=TYPES)]


def test_comparable_texts_of_class_values_are_those_of_maplibre() -> None:
    assert [comparable(value) for value in (5, 5.0, True, None, 1.5)] == ["5", "5", "true", "", "1.5"]
