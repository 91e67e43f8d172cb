"""Checks a stored recipe and gives its typed form; every problem is named with its place.

    {"version": 1, "geometry": "polygon",
     "renderer": {"type": "categorized", "field": "own",
       "classes": [{"value": "100", "label": {"uk": "Державна"}, "fill": "#fdd49e", "pattern": "hatch45"}],
       "other": {"label": {"uk": "Інше"}, "fill": "#d9d9d9"}},
     "stroke": {"color": "#7a5c3a", "width": {"12": 0.3, "16": 1.5}, "dash": [4, 2]}, "opacity": 0.8,
     "label": {"field": "cad_num", "size": 11, "minScale": 2500}, "scale": {"min": 0, "max": 50000}}

- `geometry`: point, line, polygon or mixed. `renderer.type`: single, categorized (each class has `value`,
  one scalar or a list; null means "not filled in"), graduated (`breaks`, and one class more than breaks; `method`
  says how they were found), rules (each class has `filter`, see `layers.styles.filters`; the first that holds draws).
- `sizeBy` (points): `{"field": "capacity", "values": [50, 500], "radii": [3, 12]}`, circles by a number.
- A class, `other`, `single` and the recipe itself may set `fill`, `pattern`, `stroke`, `radius`, `opacity`;
  what a class leaves out is the recipe's. `stroke` may be just a colour. `casing` (lines) is drawn below.
- Sizes are CSS pixels: a number, or {zoom: size} in style zoom (a 512 px tile is one zoom lower than
  the Leaflet map that shows it). `dash` counts in line widths. Scales are denominators.
- Without `stroke` lines are drawn 1 px wide, areas and points have no outline.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gis_core import limits
from gis_core.errors import HromadaError
from layers.styles.filters import FilterReader, fields_of
from layers.styles.recipe import (
    GEOMETRIES,
    MAX_REACH_PX,
    METHODS,
    PATTERNS,
    RENDERERS,
    LabelStyle,
    Recipe,
    Scalar,
    SizeBy,
    Stroke,
    StyleClass,
    Symbol,
    Zoomed,
    comparable,
    largest,
)

_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_SYMBOL_KEYS = {"fill", "pattern", "stroke", "radius", "opacity"}
_RECIPE_KEYS = _SYMBOL_KEYS | {"version", "geometry", "renderer", "label", "scale", "casing", "sizeBy"}
_RENDERER_KEYS = {
    "single": _SYMBOL_KEYS | {"type", "label"},
    "categorized": {"type", "field", "classes", "other"},
    "graduated": {"type", "field", "classes", "other", "breaks", "method"},
    "rules": {"type", "classes", "other"},
}
_LINE = Stroke("#5b6b73", 1.0)
_NO_LINE = Stroke("#5b6b73", 0.0)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a recipe; `place` reads like `renderer.classes[2].fill`."""

    place: str
    reason: str


class InvalidRecipe(HromadaError):
    code = "invalid-style"
    message = gettext_lazy("The style is wrong at “%(place)s”: %(reason)s Problems found: %(count)s.")


def read_recipe(recipe: Mapping[str, Any], *, fields: Collection[str] | None = None) -> Recipe:
    """The typed form of `recipe`. Raises InvalidRecipe with the first problem in its text, all in `problems`.

    With `fields` given, a field that is not among them is a problem too; with a mapping of their types (those of
    `layers.schema`) also one that cannot be drawn by.
    """
    reader = _Reader(fields)
    result = reader.recipe(recipe)
    if result is None or reader.problems:
        problems = [{"place": item.place, "reason": item.reason} for item in reader.problems]
        raise InvalidRecipe(**problems[0], count=len(problems), problems=problems)
    return result


def recipe_problems(recipe: Any, *, fields: Collection[str] | None = None) -> list[Problem]:
    """Everything wrong with `recipe`, in reading order; empty when it is right."""
    reader = _Reader(fields)
    reader.recipe(recipe)
    return reader.problems


def fields_needed(recipe: Mapping[str, Any] | Recipe, *, labels: bool = True) -> set[str]:
    """Keys of the fields that drawing needs, so what a tile must carry besides the id.

    With `labels` False the label's field is left out unless the colours depend on it too.
    """
    known = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    fields = {known.field} if known.field else set()
    for item in known.classes:
        fields |= fields_of(item.condition) if item.condition else set()
    if known.size:
        fields.add(known.size.field)
    if labels and known.label:
        fields.add(known.label.field)
    return fields


class _Reader:
    """Reads each part with its place and goes on after a problem, so that one pass names them all."""

    def __init__(self, fields: Collection[str] | None) -> None:
        self.fields = fields
        self.types: Mapping[str, str] = fields if isinstance(fields, Mapping) else {}
        self.problems: list[Problem] = []

    def problem(self, place: str, reason: str) -> None:
        self.problems.append(Problem(place, reason))

    def recipe(self, value: Any) -> Recipe | None:
        root = self.mapping(value, "", _RECIPE_KEYS)
        if root.get("version") != 1:
            self.problem("version", _("Version 1 was expected."))
        geometry = self.choice(root.get("geometry"), "geometry", GEOMETRIES)
        line = _LINE if geometry in ("line", "mixed") or root.get("stroke") else _NO_LINE
        base = self.symbol(root, "", Symbol(fill=None, pattern=None, stroke=line, radius=5.0, opacity=1.0))
        renderer = self.mapping(root.get("renderer"), "renderer", None)
        kind = self.choice(renderer.get("type"), "renderer.type", RENDERERS)
        if kind is None or geometry is None:
            return None
        self.unknown_keys(renderer, "renderer", _RENDERER_KEYS[kind])
        classes, breaks, other = self.renderer(renderer, kind, base)
        low, high = self.scale(root.get("scale"))
        result = Recipe(
            geometry=geometry, renderer=kind, field=renderer.get("field") if "field" in _RENDERER_KEYS[kind] else None,
            classes=classes, breaks=breaks, other=other, casing=self.casing(root.get("casing")),
            label=self.label_style(root.get("label")), min_scale=low, max_scale=high,
            size=self.size_by(root.get("sizeBy"), geometry),
        )  # fmt: skip
        self.reach(result)
        return result

    def renderer(
        self, value: dict[str, Any], kind: str, base: Symbol
    ) -> tuple[tuple[StyleClass, ...], tuple[float, ...], StyleClass | None]:
        if kind == "single":
            label = self.text(value.get("label"), "renderer.label")
            return (), (), StyleClass(label, self.symbol(value, "renderer", base))
        if kind != "rules":
            self.field(value.get("field"), "renderer.field")
        if value.get("method") is not None:
            self.choice(value["method"], "renderer.method", METHODS)
        items = self.sequence(value.get("classes"), "renderer.classes", limits.value("max_style_classes"))
        if isinstance(value.get("classes"), list) and not items:
            self.problem("renderer.classes", _("At least one class was expected."))
        extra = {"categorized": {"value"}, "rules": {"filter"}}.get(kind, set())
        classes = tuple(
            self.style_class(item, f"renderer.classes[{n}]", base, extra) for n, item in enumerate(items)
        )
        other = None
        if value.get("other") is not None:
            other = self.style_class(value["other"], "renderer.other", base, set())
        if kind == "categorized":
            self.no_value_twice(classes)
            return classes, (), other
        if kind == "rules":
            return classes, (), other
        return classes, self.breaks(value.get("breaks"), len(classes)), other

    def style_class(self, value: Any, place: str, base: Symbol, extra: set[str]) -> StyleClass:
        item = self.mapping(value, place, _SYMBOL_KEYS | {"label"} | extra)
        label, symbol = self.text(item.get("label"), f"{place}.label"), self.symbol(item, place, base)
        if "value" in extra:
            return StyleClass(label, symbol, self.values(item, place))
        if "filter" in extra:
            reader = FilterReader(self.problem, self.field, self.types)
            return StyleClass(label, symbol, condition=reader.read(item.get("filter"), f"{place}.filter"))
        return StyleClass(label, symbol)

    def values(self, item: dict[str, Any], place: str) -> tuple[Scalar, ...]:
        if "value" not in item:
            self.problem(f"{place}.value", _("The value of this class is missing."))
            return ()
        value = item["value"]
        found = value if isinstance(value, list) else [value]
        for entry in found:
            if entry is not None and not isinstance(entry, str | int | float):
                self.problem(f"{place}.value", _("Text, a number, true, false or null was expected."))
                return ()
        return tuple(found)

    def no_value_twice(self, classes: tuple[StyleClass, ...]) -> None:
        seen: dict[str, int] = {}
        for number, style_class in enumerate(classes):
            for value in style_class.values:
                first = seen.setdefault(comparable(value), number)
                if first != number:
                    reason = _("Value “%(value)s” already belongs to class %(number)d.")
                    repeated = {"value": comparable(value), "number": first}
                    self.problem(f"renderer.classes[{number}].value", reason % repeated)

    def breaks(self, value: Any, class_count: int) -> tuple[float, ...]:
        place = "renderer.breaks"
        items = self.sequence(value, place, limits.value("max_style_classes"))
        numbers = tuple(self.number(item, f"{place}[{n}]", -1e15, 1e15, 0.0) for n, item in enumerate(items))
        if any(low >= high for low, high in pairwise(numbers)):
            self.problem(place, _("Breaks must rise."))
        if class_count != len(numbers) + 1:
            reason = _("%(breaks)d breaks need %(wanted)d classes, but there are %(classes)d.")
            counts = {"breaks": len(numbers), "wanted": len(numbers) + 1, "classes": class_count}
            self.problem("renderer.classes", reason % counts)
        return numbers

    def symbol(self, item: dict[str, Any], place: str, base: Symbol) -> Symbol:
        at = f"{place}." if place else ""
        fill, pattern = base.fill, base.pattern
        if "fill" in item:
            fill = None if item["fill"] is None else self.color(item["fill"], f"{at}fill", "#888888")
        if "pattern" in item:
            named = item["pattern"] is not None
            pattern = self.choice(item["pattern"], f"{at}pattern", PATTERNS) if named else None
        radius, opacity = base.radius, base.opacity
        if "radius" in item:
            radius = self.zoomed(item["radius"], f"{at}radius", radius)
        if "opacity" in item:
            opacity = self.number(item["opacity"], f"{at}opacity", 0.0, 1.0, 1.0)
        stroke = self.stroke(item["stroke"], f"{at}stroke", base.stroke) if "stroke" in item else base.stroke
        return Symbol(fill, pattern, stroke, radius, opacity)

    def stroke(self, value: Any, place: str, base: Stroke) -> Stroke:
        if value is None:
            return Stroke(base.color, 0.0)
        if isinstance(value, str):
            return Stroke(self.color(value, place, base.color), base.width or 1.0, base.dash)
        item = self.mapping(value, place, {"color", "width", "dash"})
        color = self.color(item["color"], f"{place}.color", base.color) if "color" in item else base.color
        width = base.width or 1.0
        if "width" in item:
            width = self.zoomed(item["width"], f"{place}.width", width)
        dash = base.dash
        if "dash" in item:
            parts = self.sequence(item["dash"] or [], f"{place}.dash", 8)
            dash = tuple(
                self.number(part, f"{place}.dash[{n}]", 0.0, 100.0, 1.0) for n, part in enumerate(parts)
            )
        return Stroke(color, width, dash)

    def size_by(self, value: Any, geometry: str) -> SizeBy | None:
        if value is None:
            return None
        item = self.mapping(value, "sizeBy", {"field", "values", "radii"})
        if geometry not in ("point", "mixed"):
            self.problem("sizeBy", _("Only points are drawn larger by a number."))
        self.field(item.get("field"), "sizeBy.field")
        if self.types.get(str(item.get("field")), "number") not in ("integer", "number"):
            self.problem("sizeBy.field", _("A field with numbers was expected."))
        low, high = self.pair(item.get("values"), "sizeBy.values", 1e15)
        least, most = self.pair(item.get("radii"), "sizeBy.radii", 64)
        return SizeBy(str(item.get("field")), (low, high), (least, most))

    def pair(self, value: Any, place: str, most: float) -> tuple[float, float]:
        """Two rising numbers from 0 to `most`."""
        items = self.sequence(value, place, 2)
        numbers = [self.number(item, f"{place}[{n}]", 0, most, n) for n, item in enumerate(items)]
        if len(numbers) == 2 and numbers[0] < numbers[1]:
            return numbers[0], numbers[1]
        self.problem(place, _("Two rising numbers were expected."))
        return 0.0, 1.0

    def casing(self, value: Any) -> Stroke | None:
        return None if value is None else self.stroke(value, "casing", _LINE)

    def label_style(self, value: Any) -> LabelStyle | None:
        if value is None:
            return None
        item = self.mapping(value, "label", {"field", "size", "minScale", "color", "halo"})
        self.field(item.get("field"), "label.field")
        return LabelStyle(
            field=str(item.get("field")),
            size=self.number(item.get("size", 11), "label.size", 6, 40, 11),
            min_scale=self.number(item.get("minScale", 5000), "label.minScale", 1, 1e9, 5000),
            color=self.color(item.get("color", "#2b2b2b"), "label.color", "#2b2b2b"),
            halo=self.color(item.get("halo", "#ffffff"), "label.halo", "#ffffff"),
        )

    def scale(self, value: Any) -> tuple[float, float | None]:
        item = self.mapping({} if value is None else value, "scale", {"min", "max"})
        low = self.number(item.get("min", 0), "scale.min", 0, 1e9, 0)
        high = None if item.get("max") is None else self.number(item["max"], "scale.max", 1, 1e9, 1e9)
        if high is not None and low >= high:
            self.problem("scale", _("The smallest denominator must be below the largest."))
        return low, high

    def reach(self, recipe: Recipe) -> None:
        """Ink beyond the tile's margin would be cut at tile edges, so it is refused."""
        for style_class in recipe.all_classes:
            symbol = style_class.symbol
            radius = recipe.size.radii[1] if recipe.size else largest(symbol.radius)
            point = radius + largest(symbol.stroke.width)
            if recipe.geometry in ("point", "mixed") and point > MAX_REACH_PX:
                self.problem("radius", _("Radius and outline may have at most %d pixels.") % MAX_REACH_PX)
                return
        widths = [item.symbol.stroke.width for item in recipe.all_classes]
        if recipe.casing:
            widths.append(recipe.casing.width)
        if any(largest(width) > MAX_REACH_PX for width in widths):
            self.problem("stroke.width", _("A line may be at most %d pixels wide.") % MAX_REACH_PX)

    def mapping(self, value: Any, place: str, known: set[str] | None) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.problem(place or "style", _("An object was expected."))
            return {}
        if known is not None:
            self.unknown_keys(value, place, known)
        return dict(value)

    def unknown_keys(self, value: Mapping[str, Any], place: str, known: set[str]) -> None:
        reason = _("Unknown key. Known here: %s.") % ", ".join(sorted(known))
        for key in sorted({str(key) for key in value} - known):
            self.problem(f"{place}.{key}" if place else key, reason)

    def sequence(self, value: Any, place: str, most: int) -> list[Any]:
        if not isinstance(value, list):
            self.problem(place, _("A list was expected."))
            return []
        if len(value) > most:
            self.problem(place, _("At most %d entries are allowed.") % most)
        return value[:most]

    def choice(self, value: Any, place: str, allowed: tuple[str, ...]) -> str | None:
        if isinstance(value, str) and value in allowed:
            return value
        self.problem(place, _("One of these was expected: %s.") % ", ".join(allowed))
        return None

    def color(self, value: Any, place: str, default: str) -> str:
        if isinstance(value, str) and _COLOR.fullmatch(value):
            return value.lower()
        self.problem(place, _("A colour like #1f78b4 was expected."))
        return default

    def number(self, value: Any, place: str, low: float, high: float, default: float) -> float:
        right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if right and low <= value <= high:
            return value
        self.problem(place, _("A number from %(low)g to %(high)g was expected.") % {"low": low, "high": high})
        return default

    def zoomed(self, value: Any, place: str, default: Zoomed) -> Zoomed:
        if not isinstance(value, Mapping):
            return self.number(value, place, 0, 64, 1.0)
        stops = []
        for key, size in list(value.items())[:20]:
            if not re.fullmatch(r"\d{1,2}(\.\d{1,3})?", str(key)) or float(key) > 24:
                self.problem(f"{place}.{key}", _("A zoom from 0 to 24 was expected."))
                continue
            stops.append((float(key), self.number(size, f"{place}.{key}", 0, 64, 1.0)))
        if not stops:
            self.problem(place, _("At least one zoom was expected."))
            return default
        return tuple(sorted(dict(stops).items()))

    def text(self, value: Any, place: str) -> dict[str, str]:
        """A title: text, or text by language. Missing is allowed and empty."""
        if value is None:
            return {}
        if isinstance(value, str):
            value = {"uk": value}
        item = self.mapping(value, place, {"uk", "en"})
        for language, words in item.items():
            if not isinstance(words, str) or len(words) > 200:
                self.problem(f"{place}.{language}", _("Text of at most 200 characters was expected."))
                return {}
        return item

    def field(self, value: Any, place: str) -> None:
        if not isinstance(value, str) or not value:
            self.problem(place, _("The key of a field was expected."))
        elif self.fields is not None and value not in self.fields:
            self.problem(place, _("The layer has no field “%s”.") % value)
