"""The look of a layer that nobody has styled yet."""

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

PALETTE: tuple[tuple[str, str], ...] = (
    ("#8fb8c9", "#2f6f88"),  # water blue
    ("#b9cf8f", "#5d7d2a"),  # meadow
    ("#f0c987", "#96690f"),  # wheat
    ("#d9a8b4", "#95485e"),  # mallow
    ("#b3acd6", "#5c4f9e"),  # lilac
    ("#8fcbb6", "#22705a"),  # mint
    ("#e6b08f", "#a0522d"),  # brick
    ("#a9b7c4", "#4d6275"),  # slate
)
"""(fill, outline) pairs; every outline has a contrast of 4.5:1 or more to white, so it reads on any base."""

_GEOMETRY = {"Point": "point", "LineString": "line", "Polygon": "polygon"}


def default_recipe(geometry_type: str, *, seed: str = "") -> dict[str, Any]:
    """A recipe for a layer of this geometry type; the same `seed` (the layer's name), the same colour."""
    return _recipe(geometry_type, PALETTE[zlib.crc32(seed.encode()) % len(PALETTE)])


def fresh_recipe(geometry_type: str, *, beside: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A recipe in the colour of the palette that the recipes `beside` it use least, the first among equals."""
    written = [json.dumps(recipe) for recipe in beside]
    used = [sum(fill in text or outline in text for text in written) for fill, outline in PALETTE]
    return _recipe(geometry_type, PALETTE[used.index(min(used))])


def geometry_of(geometry_type: str) -> str:
    """The `geometry` of a recipe for layers of this type: point, line, polygon or mixed."""
    return _GEOMETRY.get(geometry_type.removeprefix("Multi"), "mixed")


def _recipe(geometry_type: str, colours: tuple[str, str]) -> dict[str, Any]:
    geometry = geometry_of(geometry_type)
    fill, outline = colours
    stroke: dict[str, Any] = {"color": outline, "width": {"11": 0.4, "16": 1.4}}
    recipe: dict[str, Any] = {"version": 1, "geometry": geometry, "renderer": {"type": "single"}}
    if geometry == "line":
        stroke["width"] = {"10": 0.8, "16": 3}
    else:
        recipe["fill"] = fill
    recipe["stroke"] = stroke
    if geometry in ("point", "mixed"):
        recipe["fill"] = outline if geometry == "point" else fill
        recipe["stroke"] = {"color": "#ffffff", "width": 1.2} if geometry == "point" else stroke
        recipe["radius"] = {"11": 2.5, "16": 6}
    if geometry in ("polygon", "mixed"):
        recipe["opacity"] = 0.7
    return recipe
