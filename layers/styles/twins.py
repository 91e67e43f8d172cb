"""The twin of a recipe that needs no colour: areas get patterns, lines dashes, points rings and sizes."""

import copy
from collections.abc import Mapping
from typing import Any

from layers.styles.reading import read_recipe
from layers.styles.recipe import Recipe, Symbol, at_zoom
from layers.styles.vision import alike_classes, taken_for_one

_PATTERNS: tuple[str | None, ...] = (
    None,
    "hatch45",
    "dots",
    "cross",
    "horizontal",
    "hatch135",
    "grid",
    "vertical",
)
_DASHES: tuple[list[float], ...] = ([], [4, 2], [1, 1.5], [6, 2, 1, 2], [2, 1])
_RADII = (1.0, 0.65, 1.35)
_INK = "#3a3a3a"
_SIZE_ZOOM = 15.0


def needs_twin(recipe: Recipe) -> bool:
    """Whether colour alone tells some of its classes apart, and not for everyone."""
    return bool(alike_classes(recipe))


def pattern_twin(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe with a mark besides colour for each class, so that those beside each other in the legend differ;
    marks that tell it apart from all others stay. Raises InvalidRecipe."""
    known = read_recipe(recipe)
    twin: dict[str, Any] = copy.deepcopy(dict(recipe))
    for place, item in enumerate(_items(twin)):
        _mark(item, place, known, place)
    return twin


def told_apart(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe with patterns (dashes, rings) for those classes alone that colour does not tell from one before
    them. Where there are more such classes than marks, some stay alike. Raises InvalidRecipe."""
    known = read_recipe(recipe)
    twin: dict[str, Any] = copy.deepcopy(dict(recipe))
    before: list[Symbol] = []
    for place, item in enumerate(_items(twin)):
        plain = copy.deepcopy(item)
        for mark in (None, *range(len(_PATTERNS))):
            item.clear()
            item.update(copy.deepcopy(plain))
            if mark is not None:
                _mark(item, mark, known, place)
            symbol = symbol_of(twin, item)
            if all(taken_for_one(known, symbol, other) is None for other in before):
                break
        before.append(symbol)
    return twin


def symbol_of(recipe: Mapping[str, Any], item: Mapping[str, Any]) -> Symbol:
    """How a class in JSON is drawn."""
    own = {key: item[key] for key in ("fill", "pattern", "stroke", "radius", "opacity") if key in item}
    base = {key: value for key, value in recipe.items() if key not in ("label", "sizeBy", "scale")}
    return read_recipe({**base, "renderer": {"type": "single", **own}}).all_classes[0].symbol


def _items(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Classes and `other` of a recipe in JSON, as `Recipe.all_classes` has them."""
    renderer = recipe["renderer"]
    items = list(renderer.get("classes") or [])
    if renderer.get("other") is not None and items:
        items.append(renderer["other"])
    return items


def _mark(item: dict[str, Any], mark: int, recipe: Recipe, place: int) -> None:
    """Gives class `place` the mark with this number; they begin again when there are no more."""
    symbol = recipe.all_classes[place].symbol
    if recipe.geometry == "line":
        item["stroke"] = _stroke(item, symbol.stroke.color) | {"dash": _DASHES[mark % len(_DASHES)]}
    elif recipe.geometry == "point":
        ring, size = mark % 2 == 1, _RADII[mark // 2 % len(_RADII)]
        if ring:
            item |= {"fill": "#ffffff", "stroke": {"color": symbol.fill or symbol.stroke.color, "width": 2}}
        item["radius"] = round(at_zoom(symbol.radius, _SIZE_ZOOM) * size, 1)
    else:
        item["pattern"] = _PATTERNS[mark % len(_PATTERNS)]
        if item["pattern"] and symbol.stroke.width == 0:
            item["stroke"] = {"color": _INK, "width": 0.6}


def _stroke(item: Mapping[str, Any], color: str) -> dict[str, Any]:
    stroke = item.get("stroke")
    if isinstance(stroke, Mapping):
        return dict(stroke)
    return {"color": stroke if isinstance(stroke, str) else color}
