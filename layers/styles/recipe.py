"""The typed form of a recipe: what a layer looks like, before any target format."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from layers.styles.filters import Filter, holds

Scalar = str | int | float | bool | None
Stops = tuple[tuple[float, float], ...]
Zoomed = float | Stops
"""A size in CSS pixels: one number, or (zoom, size) stops in rising order, linear between them."""

GEOMETRIES = ("point", "line", "polygon", "mixed")
RENDERERS = ("single", "categorized", "graduated", "rules")
METHODS = ("quantile", "equal", "jenks", "manual")
"""How the breaks of a graduated recipe were found; drawing does not ask."""
PATTERNS = ("hatch45", "hatch135", "cross", "dots", "horizontal", "vertical", "grid")
MAX_REACH_PX = 16.0
"""How far ink may reach from its geometry: tiles carry at most this margin (layers.tiles.mvt)."""


@dataclass(frozen=True)
class Stroke:
    """A line, or the outline of an area or a circle. Width 0 draws nothing."""

    color: str
    width: Zoomed
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Symbol:
    """How one class is drawn. `fill` None leaves the inside empty; `pattern` is drawn over the fill."""

    fill: str | None
    pattern: str | None
    stroke: Stroke
    radius: Zoomed
    opacity: float


@dataclass(frozen=True)
class StyleClass:
    """One row of the legend: `values` (categorized) or `condition` (rules), and how they look."""

    label: Mapping[str, str]
    symbol: Symbol
    values: tuple[Scalar, ...] = ()
    condition: Filter | None = None


@dataclass(frozen=True)
class SizeBy:
    """Radius of circles by a number: the area of a circle grows with the value. `radii` are CSS pixels at the two
    `values`; below and above them, and without a number, the radius stays at the ends (the smaller one)."""

    field: str
    values: tuple[float, float]
    radii: tuple[float, float]

    def radius(self, value: Scalar) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.radii[0]
        low, high = (math.sqrt(limit) for limit in self.values)
        share = min(max((math.sqrt(max(value, 0)) - low) / (high - low), 0.0), 1.0)
        return self.radii[0] + (self.radii[1] - self.radii[0]) * share


@dataclass(frozen=True)
class LabelStyle:
    """Text beside or on a feature; `min_scale` is the denominator from which it appears (2500: 1:2500)."""

    field: str
    size: float
    min_scale: float
    color: str
    halo: str


@dataclass(frozen=True)
class Recipe:
    """A checked recipe. `other` draws what no class covers; None leaves it undrawn.

    `single` has no classes and only `other`. `graduated` has one class more than `breaks`; class n
    holds breaks[n-1] <= value < breaks[n]. Of `rules` the first whose condition holds draws. `size` makes circles
    larger by a number. Scales are denominators: drawn from 1:max to 1:min.
    """

    geometry: str
    renderer: str
    field: str | None
    classes: tuple[StyleClass, ...]
    breaks: tuple[float, ...]
    other: StyleClass | None
    casing: Stroke | None
    label: LabelStyle | None
    min_scale: float
    max_scale: float | None
    size: SizeBy | None = None

    @property
    def all_classes(self) -> tuple[StyleClass, ...]:
        return self.classes if self.other is None else (*self.classes, self.other)

    def class_for(self, properties: Mapping[str, Scalar]) -> StyleClass | None:
        """The class that draws a feature with these values; None when it is not drawn."""
        if self.renderer != "rules":
            return self.class_of(properties.get(self.field or ""))
        for rule in self.classes:
            if rule.condition is not None and holds(rule.condition, properties):
                return rule
        return self.other

    def symbol_for(self, properties: Mapping[str, Scalar]) -> Symbol | None:
        """How a feature with these values is drawn; None when it is not."""
        found = self.class_for(properties)
        if found is None or self.size is None:
            return found.symbol if found else None
        return replace(found.symbol, radius=self.size.radius(properties.get(self.size.field)))

    def class_of(self, value: Scalar) -> StyleClass | None:
        """The class that draws a feature whose style field has this value; None when it is not drawn.

        Rules ask for more than one field (`class_for`); here they get a feature without values.
        """
        if self.renderer == "rules":
            return self.class_for({})
        if self.renderer == "graduated":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return self.other
            return self.classes[bisect_right(self.breaks, value)]
        wanted = comparable(value)
        for style_class in self.classes:
            if wanted in {comparable(item) for item in style_class.values}:
                return style_class
        return self.other


def comparable(value: Scalar) -> str:
    """A class value as the text it is compared by; a missing value and empty text are the same class.

    Tiles carry 5 and 5.0 alike and leave nulls out, and MapLibre's `to-string` writes them so.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def at_zoom(size: Zoomed, zoom: float) -> float:
    """The size in pixels at `zoom`, as MapLibre interpolates it: linear, constant outside the stops."""
    if isinstance(size, int | float):
        return float(size)
    if zoom <= size[0][0]:
        return size[0][1]
    for (low, low_size), (high, high_size) in pairwise(size):
        if zoom <= high:
            return low_size + (high_size - low_size) * (zoom - low) / (high - low)
    return size[-1][1]


def largest(size: Zoomed) -> float:
    """The largest size in pixels over all zooms."""
    return float(size) if isinstance(size, int | float) else max(value for _, value in size)
