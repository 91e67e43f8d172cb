"""A recipe as the rows of a legend."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from layers.styles.filters import in_words
from layers.styles.reading import read_recipe
from layers.styles.recipe import Recipe, Stroke, StyleClass, Symbol, at_zoom, comparable

LEGEND_ZOOM = 15.0
"""Sizes in the legend are those of the map at this style zoom."""

_KIND = {"polygon": "fill", "mixed": "fill", "line": "line", "point": "circle"}


@dataclass(frozen=True)
class LegendEntry:
    """One row: `kind` is fill, line or circle; sizes in CSS pixels; no label: the layer's title."""

    label: str
    kind: str
    fill: str | None
    stroke: str | None
    width: float
    pattern: str | None
    radius: float
    dash: list[float]
    opacity: float


def legend(recipe: Mapping[str, Any] | Recipe, lang: str = "uk") -> list[dict[str, Any]]:
    """The rows of the legend in drawing order, titles in `lang`, else in Ukrainian. Raises InvalidRecipe."""
    known = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    titles = class_titles(known, lang)
    rows = [_entry(known, item, title) for item, title in zip(known.all_classes, titles, strict=True)]
    with override(lang):
        rows += _sizes(known)
    return [asdict(row) for row in rows]


def class_titles(recipe: Recipe, lang: str = "uk") -> list[str]:
    """The titles of all classes in `lang`, else in Ukrainian; one of `single` without a title has none."""
    with override(lang):
        titles = [_title(item, lang) or _range(recipe, number) for number, item in enumerate(recipe.classes)]
        if recipe.other is not None:
            spare = "" if recipe.renderer == "single" else _("Other")
            titles.append(_title(recipe.other, lang) or spare)
    return titles


def _title(item: StyleClass, lang: str) -> str:
    """The class's own title, else its values; empty when it has neither."""
    words = item.label.get(lang) or item.label.get("uk") or item.label.get("en")
    if not words and item.condition is not None:
        return in_words(item.condition)
    return words or ", ".join(comparable(value) or _("not filled in") for value in item.values)


def _sizes(recipe: Recipe) -> list[LegendEntry]:
    """Rows for circles that grow with a number: the smallest, a middle and the largest, without a colour."""
    size = recipe.size
    if size is None:
        return []
    plain = Symbol(None, None, Stroke("#5b6b73", 1.5), 0.0, 1.0)
    circle = replace(_entry(recipe, StyleClass({}, plain), ""), kind="circle")
    middle = float(f"{(size.values[0] + size.values[1]) / 2:.2g}")
    marks = [("≤ ", size.values[0]), ("", middle), ("≥ ", size.values[1])]
    return [
        replace(circle, label=f"{sign}{_number(at)}", radius=round(size.radius(at), 2)) for sign, at in marks
    ]


def _range(recipe: Recipe, number: int) -> str:
    """Words for one class of a graduated recipe: “under 5”, “5 – 9”, “9 and more”."""
    if not recipe.breaks:
        return ""
    if number == 0:
        return _("under %s") % _number(recipe.breaks[0])
    if number == len(recipe.breaks):
        return _("%s and more") % _number(recipe.breaks[-1])
    return f"{_number(recipe.breaks[number - 1])} – {_number(recipe.breaks[number])}"


def _number(value: float) -> str:
    """As the language writes it: 12 345,5 in Ukrainian."""
    return number_format(Decimal(f"{value:.12g}"), use_l10n=True, force_grouping=True)


def _entry(recipe: Recipe, item: StyleClass, label: str) -> LegendEntry:
    symbol = item.symbol
    width = round(at_zoom(symbol.stroke.width, LEGEND_ZOOM), 2)
    kind = _KIND[recipe.geometry]
    return LegendEntry(
        label=label,
        kind=kind,
        fill=None if kind == "line" else symbol.fill,
        stroke=symbol.stroke.color if width > 0 else None,
        width=width,
        pattern=symbol.pattern if kind == "fill" else None,
        radius=round(at_zoom(symbol.radius, LEGEND_ZOOM), 2) if kind == "circle" else 0.0,
        dash=list(symbol.stroke.dash),
        opacity=symbol.opacity,
    )
