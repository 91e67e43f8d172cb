"""The classes of a layer's style as SQL, and the value that stands for a class in a tile.

Gathered rows are summed by class, and drawn by the same compiled style as features: they carry the style's
field with a value of their class. A reader who does not see the field gets rows where all features are of
the class that features without a value have, so nothing of it shows through; readers who see the same of
the style's fields share their rows, which are one *variant*.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from layers.access import ReadSource, visible_fields
from layers.models import Layer
from layers.schema import ACCESS_LEVELS, Field
from layers.styles.filter_targets import sql_condition
from layers.styles.of_layer import recipe_of
from layers.styles.reading import fields_needed
from layers.styles.recipe import Recipe, Scalar, comparable

OTHER = -1
"""The class of what no class of the recipe covers."""

_FORM = 2
"""Goes up when rows are made in another way, so that those made before are made anew."""

_MOST_KEPT = 1_000
_made_with: dict[tuple[str, str, str], str] = {}

Column = Callable[[Field], sql.Composable]


@dataclass(frozen=True)
class Classes:
    """The classes of a recipe for readers who see `field` (None: who do not see the style's field); where it draws
    by rules, for those who see `rule_fields`, which are all that the rules ask for, or none."""

    recipe: Recipe
    field: Field | None
    rule_fields: tuple[Field, ...] = ()

    @property
    def hidden(self) -> tuple[int, ...]:
        """Numbers of classes that the map does not draw."""
        return () if self.recipe.other is not None else (OTHER,)

    def number(self, column: Column) -> sql.Composable:
        """SQL of the class of a feature; `column` gives the typed value of a field."""
        if self.recipe.renderer == "rules":
            return rule_number(self.recipe, column, {item.key: item for item in self.rule_fields})
        if self.field is None:
            return sql.Literal(_class_number(self.recipe, None))
        value = column(self.field)
        if self.recipe.renderer == "graduated":
            return _graded(self.field, value, self.recipe.breaks)
        cases = [
            sql.SQL("WHEN {} THEN {}").format(condition, sql.Literal(number))
            for number, item in enumerate(self.recipe.classes)
            if (condition := _is_one_of(self.field, value, item.values)) is not None
        ]
        if not cases:
            return sql.Literal(OTHER)
        return sql.SQL("CASE {} ELSE {} END").format(sql.SQL(" ").join(cases), sql.Literal(OTHER))

    def value_of(self, number: sql.Composable) -> sql.Composable:
        """SQL of the value that stands for a class, in the field's type; NULL where no value is needed."""
        if self.field is None:
            return sql.SQL("NULL")
        cases = [
            sql.SQL("WHEN {} THEN {}").format(sql.Literal(item), sql.Literal(value))
            for item in (*range(len(self.recipe.classes)), OTHER)
            if (value := self.example(item)) is not None
        ]
        kind = sql.SQL(self.field.sql_type)
        if not cases:
            return sql.SQL("NULL::{}").format(kind)
        return sql.SQL("(CASE {} {} END)::{}").format(number, sql.SQL(" ").join(cases), kind)

    def example(self, number: int) -> Any:
        """A value of this class; None for an absent one, and where no feature can be of the class."""
        if self.field is None or self.recipe.field is None:
            return None
        if self.recipe.renderer == "graduated":
            return _example_of_range(self.field, self.recipe.breaks, number)
        if number != OTHER:
            typed = (_typed(self.field, comparable(item)) for item in self.recipe.classes[number].values)
            return next((value for value in typed if value is not None and _fits(self.field, value)), None)
        return _example_of_others(self.field, self.recipe)


def variants(layer: Layer) -> list[Classes]:
    """What the layer's gathered rows are made for, in the order of their numbers: first for everyone."""
    recipe = recipe_of(layer)
    found: list[Classes] = []
    for level in ACCESS_LEVELS:
        classes = _classes(recipe, visible_fields(layer, level))
        if classes not in found:
            found.append(classes)
    return found


def variant_of(source: ReadSource) -> tuple[int, Classes]:
    """The number of the variant that this reader gets, and its classes."""
    every = variants(source.layer)
    mine = _classes(recipe_of(source.layer), source.fields)
    return every.index(mine), mine


def made_with(layer: Layer) -> str:
    """All that gathered rows depend on besides the features, as a short text to compare. Kept, because every tile
    of a low zoom asks."""
    asked = (json.dumps(layer.style), json.dumps(layer.fields), layer.geometry_type)
    if asked not in _made_with:
        if len(_made_with) >= _MOST_KEPT:
            _made_with.clear()
        _made_with[asked] = _made_with_now(layer)
    return _made_with[asked]


def _made_with_now(layer: Layer) -> str:
    parts = [str(_FORM)]
    for classes in variants(layer):
        number = classes.number(lambda field: sql.Identifier(field.key))
        parts.append(f"{classes.field and (classes.field.key, classes.field.type)} {number!r}")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def _classes(recipe: Recipe, visible: Sequence[Field]) -> Classes:
    if recipe.renderer == "rules":
        wanted = fields_needed(recipe, labels=False)
        seen = tuple(item for item in visible if item.key in wanted)
        return Classes(recipe, None, seen if len(seen) == len(wanted) else ())
    return Classes(recipe, next((item for item in visible if item.key == recipe.field), None))


def rule_number(recipe: Recipe, column: Column, fields: Mapping[str, Field]) -> sql.Composable:
    """SQL of the number of the first rule that holds; a field that is not in `fields` has no values."""
    cases = [
        sql.SQL("WHEN {} THEN {}").format(sql_condition(item.condition, column, fields), sql.Literal(number))
        for number, item in enumerate(recipe.classes)
        if item.condition is not None
    ]
    return sql.SQL("CASE {} ELSE {} END").format(sql.SQL(" ").join(cases), sql.Literal(OTHER))


def _class_number(recipe: Recipe, value: Scalar) -> int:
    found = recipe.class_of(value)
    return next((number for number, item in enumerate(recipe.classes) if item is found), OTHER)


def _graded(field: Field, value: sql.Composable, breaks: Sequence[float]) -> sql.Composable:
    if field.type not in ("integer", "number"):
        return sql.Literal(OTHER)
    limits = sql.SQL("ARRAY[{}]::double precision[]").format(sql.SQL(", ").join(map(sql.Literal, breaks)))
    return sql.SQL("coalesce(width_bucket({}::double precision, {}), {})").format(
        value, limits, sql.Literal(OTHER)
    )


def _is_one_of(field: Field, value: sql.Composable, wanted: Sequence[Scalar]) -> sql.Composable | None:
    """SQL condition that the value is one of `wanted` as the map compares it; None where it cannot be."""
    texts = [comparable(item) for item in wanted]
    known = [item for item in (_typed(field, text) for text in texts) if item is not None]
    parts = []
    if known:
        compared = value if field.type in ("integer", "number", "boolean") else _text(value)
        parts.append(sql.SQL("{} IN ({})").format(compared, sql.SQL(", ").join(map(sql.Literal, known))))
    if "" in texts:
        parts.append(sql.SQL("coalesce({}, '') = ''").format(_text(value)))
    return sql.SQL("({})").format(sql.SQL(" OR ").join(parts)) if parts else None


def _text(value: sql.Composable) -> sql.Composable:
    return sql.SQL("{}::text").format(value)


def _typed(field: Field, text: str) -> Any:
    """A class value as the field's type has it; None for an empty one and one that it cannot have."""
    if not text:
        return None
    if field.type == "boolean":
        return {"true": True, "false": False}.get(text)
    if field.type not in ("integer", "number"):
        return text
    try:
        number = int(text) if field.type == "integer" else float(text)
    except ValueError:
        return None
    return number if comparable(number) == text and abs(number) < 2**63 else None


def _fits(field: Field, value: Any) -> bool:
    return field.type not in ("date", "datetime") or not Field(field.key, type=field.type).issues_with(value)


def _example_of_range(field: Field, breaks: Sequence[float], number: int) -> float | int | None:
    if number == OTHER or field.type not in ("integer", "number") or not breaks:
        return None if number == OTHER or breaks else 0
    if number == 0:
        return int(breaks[0] // 1) - 1 if field.type == "integer" else breaks[0] - abs(breaks[0]) - 1
    low = breaks[number - 1]
    return int(-(-low // 1)) if field.type == "integer" else low


def _example_of_others(field: Field, recipe: Recipe) -> Any:
    taken = {comparable(value) for item in recipe.classes for value in item.values}
    if "" not in taken:
        return None
    if field.type in ("integer", "number"):
        numbers = [number for text in taken if isinstance(number := _typed(field, text), int | float)]
        return max([0, *numbers]) + 1
    if field.type == "boolean":
        return next((value for text, value in (("true", True), ("false", False)) if text not in taken), None)
    if field.type in ("string", "text"):
        text = "…"
        while text in taken:
            text += "…"
        return text
    return None
