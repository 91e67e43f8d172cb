"""A recipe as the rows of a legend."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from layers.styles.reading import read_recipe
from layers.styles.recipe import Recipe, StyleClass, at_zoom, comparable

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
    with override(lang):
        rows = [
            _entry(known, item, _title(item, lang) or _range(known, number))
            for number, item in enumerate(known.classes)
        ]
        if known.other is not None:
            spare = "" if known.renderer == "single" else _("Other")
            rows.append(_entry(known, known.other, _title(known.other, lang) or spare))
    return [asdict(row) for row in rows]


def _title(item: StyleClass, lang: str) -> str:
    """The class's own title, else its values; empty when it has neither."""
    words = item.label.get(lang) or item.label.get("uk") or item.label.get("en")
    return words or ", ".join(comparable(value) or _("not filled in") for value in item.values)


def _range(recipe: Recipe, number: int) -> str:
    """Words for one class of a graduated recipe: “under 5”, “5 – 9”, “9 and more”."""
    if not recipe.breaks:
        return ""
    if number == 0:
        return _("under %g") % recipe.breaks[0]
    if number == len(recipe.breaks):
        return _("%g and more") % recipe.breaks[-1]
    return f"{recipe.breaks[number - 1]:g} – {recipe.breaks[number]:g}"


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
