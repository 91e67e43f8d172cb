"""A recipe as MapLibre style layers: what the browser's renderer, QGIS and MapLibre draw from.

Only background, fill, line, circle and symbol (text) layers come out. A pattern is a second fill layer
above the first, with the pattern's name in `fill-pattern` and its ink in `fill-color`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from layers.styles.filter_targets import maplibre_condition
from layers.styles.reading import read_recipe
from layers.styles.recipe import LabelStyle, Recipe, Stroke, StyleClass, Symbol, Zoomed, at_zoom, comparable

Expression = Any
CLASS = "_class"
"""The property by which what a tile gathered tells its class where a recipe draws by rules: the number of the rule,
from 0, or -1 for the others. No field's key can be this."""
TRANSPARENT = "rgba(0,0,0,0)"
COUNT = "_n"
"""The property of what stands for several features in a tile of a low zoom: how many. A key of no field."""

MIDDLE_LATITUDE = 49.0
"""Scales become zooms at this latitude unless the community's is given; over Ukraine at most 0.2 zoom off."""

_EQUATOR_M = 40_075_016.685_578_5
_TILE_PX = 512
_PIXEL_M = 0.000_28  # the "standardised rendering pixel" of OGC
_MAX_ZOOM = 24.0
_GATHERED = ["has", COUNT]
_NUMBER = ["number", ["get", COUNT], 1]  # a size is asked of features too that are not drawn by the layer
_CLUSTER_RADII = (2, 8, 10, 9.5, 100, 12, 1_000, 15)
"""Pairs of a number of points and the radius of the circle that stands for them."""
_MANY = 10_000
_KINDS = {
    "polygon": ["Polygon", "MultiPolygon"],
    "line": ["LineString", "MultiLineString", "Polygon", "MultiPolygon"],
    "point": ["Point", "MultiPoint"],
}


def scale_to_zoom(denominator: float, *, latitude: float = MIDDLE_LATITUDE) -> float:
    """The style zoom (512 px tiles) at which a map has the scale 1:denominator at `latitude`, 0 to 24."""
    ground_m = _EQUATOR_M * math.cos(math.radians(latitude))
    zoom = math.log2(ground_m / (_TILE_PX * _PIXEL_M * denominator))
    return round(min(max(zoom, 0.0), _MAX_ZOOM), 2)


def label_zoom(recipe: Mapping[str, Any] | Recipe, *, latitude: float = MIDDLE_LATITUDE) -> float | None:
    """The style zoom from which labels are drawn; None when the recipe has no label."""
    known = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    return scale_to_zoom(known.label.min_scale, latitude=latitude) if known.label else None


def maplibre_layers(
    recipe: Mapping[str, Any] | Recipe,
    source_layer: str,
    *,
    source: str | None = None,
    latitude: float = MIDDLE_LATITUDE,
) -> list[dict[str, Any]]:
    """Style layers for `source_layer`, lowest first; `source` is named like the source layer unless given.

    Raises InvalidRecipe. Features that no class covers are left out by a filter when there is no `other`.
    """
    known = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    return _Compiler(known, source_layer, source or source_layer, latitude).layers()


class _Compiler:
    def __init__(self, recipe: Recipe, source_layer: str, source: str, latitude: float) -> None:
        self.recipe = recipe
        self.source_layer = source_layer
        self.source = source
        self.latitude = latitude

    def layers(self) -> list[dict[str, Any]]:
        geometry = self.recipe.geometry
        result: list[dict[str, Any]] = []
        if geometry in ("polygon", "mixed"):
            result += self.areas()
        if geometry != "point":
            result += self.lines()
        if geometry in ("point", "mixed"):
            result += [self.circles(), self.clusters()]
        if self.recipe.label:
            result.append(self.labels(self.recipe.label))
        if geometry in ("point", "mixed"):
            result.append(self.counts())
        return result

    def areas(self) -> list[dict[str, Any]]:
        drawn = [item.symbol for item in self.recipe.all_classes]
        result = []
        if any(symbol.fill for symbol in drawn):
            paint = {
                "fill-color": self.pick(lambda symbol: symbol.fill or TRANSPARENT),
                "fill-opacity": self.pick(lambda symbol: symbol.opacity),
            }
            result.append(self.layer("fill", "fill", "polygon", paint))
        if not all(symbol.fill for symbol in drawn):
            # Gathered areas have no outline, so those without a fill show the ink of theirs.
            paint = {"fill-color": self.pick(lambda symbol: symbol.stroke.color), "fill-opacity": 0.5}
            result.append(
                self.layer(
                    "gathered", "fill", "polygon", paint, only=lambda symbol: not symbol.fill, gathered=True
                )
            )
        if any(symbol.pattern for symbol in drawn):
            paint = {
                "fill-pattern": self.pick(lambda symbol: symbol.pattern or ""),
                "fill-color": self.pick(lambda symbol: symbol.stroke.color),
            }
            result.append(
                self.layer("pattern", "fill", "polygon", paint, only=lambda symbol: bool(symbol.pattern))
            )
        return result

    def lines(self) -> list[dict[str, Any]]:
        result = []
        rounded = {"line-cap": "round", "line-join": "round"}
        kind = "polygon" if self.recipe.geometry == "polygon" else "line"
        outlines = None if self.recipe.geometry == "line" else False
        if self.recipe.casing and kind == "line":
            paint = {
                "line-color": self.recipe.casing.color,
                "line-width": self.size(lambda symbol: symbol.stroke.width, plus=self.recipe.casing),
            }
            result.append(self.layer("casing", "line", kind, paint, layout=rounded))
        faded = self.recipe.geometry == "line"
        for number, (dash, mine) in enumerate(self.by_dash()):
            paint = {
                "line-color": self.pick(lambda symbol: symbol.stroke.color),
                "line-width": self.size(lambda symbol: symbol.stroke.width),
            }
            if faded:
                paint["line-opacity"] = self.pick(lambda symbol: symbol.opacity)
            if dash:
                paint["line-dasharray"] = list(dash)
            layout = {"line-cap": "butt" if dash else "round", "line-join": "round"}
            name = "line" if number == 0 else f"line-{number + 1}"
            result.append(self.layer(name, "line", kind, paint, layout=layout, only=mine, gathered=outlines))
        return result

    def by_dash(self) -> list[tuple[tuple[float, ...], Callable[[Symbol], bool]]]:
        """Dashes cannot depend on a feature's value in MapLibre: one line layer for each dash in use."""
        strokes = [item.symbol.stroke for item in self.recipe.all_classes if item.symbol.stroke.width != 0]
        dashes = list(dict.fromkeys(stroke.dash for stroke in strokes))

        def has(dash: tuple[float, ...]) -> Callable[[Symbol], bool]:
            return lambda symbol: symbol.stroke.dash == dash and symbol.stroke.width != 0

        return [(dash, has(dash)) for dash in dashes]

    def circles(self) -> dict[str, Any]:
        paint = {
            "circle-color": self.pick(lambda symbol: symbol.fill or TRANSPARENT),
            "circle-radius": self.radius(),
            "circle-stroke-color": self.pick(lambda symbol: symbol.stroke.color),
            "circle-stroke-width": self.size(lambda symbol: symbol.stroke.width),
            "circle-opacity": self.pick(lambda symbol: symbol.opacity),
        }
        return self.layer("circle", "circle", "point", paint, gathered=False)

    def clusters(self) -> dict[str, Any]:
        """Points that lie too near to each other for this zoom: the more of them, the larger."""
        paint = {
            "circle-color": self.pick(lambda symbol: symbol.fill or symbol.stroke.color),
            "circle-radius": ["interpolate", ["linear"], _NUMBER, *_CLUSTER_RADII],
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": 1,
        }
        return self.layer("cluster", "circle", "point", paint, gathered=True)

    def counts(self) -> dict[str, Any]:
        number = _NUMBER
        thousands = ["concat", ["to-string", ["round", ["/", number, 1000]]], "k"]
        layout = {
            "text-field": ["case", [">=", number, _MANY], thousands, ["to-string", number]],
            "text-size": 11,
            "symbol-sort-key": 1,  # after the names of places
        }
        paint = {"text-color": self.pick(lambda symbol: _ink_on(symbol.fill or symbol.stroke.color))}
        return self.layer("count", "symbol", "point", paint, layout=layout, gathered=True)

    def radius(self) -> Expression:
        """Radius of circles: by a number where the recipe says so, else by class and zoom."""
        size = self.recipe.size
        if size is None:
            return self.size(lambda symbol: symbol.radius)
        value = ["get", size.field]
        root = ["sqrt", ["max", 0, ["number", value]]]
        stops = [
            part
            for at, px in zip(size.values, size.radii, strict=True)
            for part in (round(math.sqrt(at), 6), px)
        ]
        grown = ["interpolate", ["linear"], root, *stops]
        return ["case", ["==", ["typeof", value], "number"], grown, size.radii[0]]

    def labels(self, label: LabelStyle) -> dict[str, Any]:
        layout: dict[str, Any] = {"text-field": ["to-string", ["get", label.field]], "text-size": label.size}
        if self.recipe.geometry == "line":
            layout["symbol-placement"] = "line"
        elif self.recipe.geometry == "point":
            layout |= {"text-anchor": "top", "text-offset": [0, 0.8]}
        paint = {"text-color": label.color, "text-halo-color": label.halo, "text-halo-width": 1.2}
        layer = self.layer("label", "symbol", None, paint, layout=layout)
        layer["minzoom"] = max(
            layer.get("minzoom", 0.0), scale_to_zoom(label.min_scale, latitude=self.latitude)
        )
        return layer

    def layer(
        self,
        name: str,
        kind: str,
        geometry: str | None,
        paint: dict[str, Any],
        *,
        layout: dict[str, Any] | None = None,
        only: Callable[[Symbol], bool] | None = None,
        gathered: bool | None = None,
    ) -> dict[str, Any]:
        """`gathered`: whether it draws what stands for several features, or only features; None: both."""
        result: dict[str, Any] = {
            "id": f"{self.source_layer}/{name}",
            "type": kind,
            "source": self.source,
            "source-layer": self.source_layer,
        }
        if self.recipe.max_scale is not None:
            result["minzoom"] = scale_to_zoom(self.recipe.max_scale, latitude=self.latitude)
        if self.recipe.min_scale > 0:
            result["maxzoom"] = scale_to_zoom(self.recipe.min_scale, latitude=self.latitude)
        condition = self.condition(geometry, only, gathered)
        if condition is not None:
            result["filter"] = condition
        if layout:
            result["layout"] = layout
        result["paint"] = paint
        return result

    def condition(
        self, geometry: str | None, only: Callable[[Symbol], bool] | None, gathered: bool | None
    ) -> Expression | None:
        parts: list[Expression] = []
        if self.recipe.geometry == "mixed" and geometry is not None:
            parts.append(["in", ["geometry-type"], ["literal", _KINDS[geometry]]])
        if gathered is not None:
            parts.append(self.gathered(geometry) if gathered else ["!", self.gathered(geometry)])
        wanted = self.by_class(lambda item: item is not None and (only is None or only(item.symbol)))
        if wanted is not True:
            parts.append(wanted)
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else ["all", *parts]

    def gathered(self, geometry: str | None) -> Expression:
        """Whether it stands for several features; of lines beside areas, only the areas are asked."""
        if self.recipe.geometry == "mixed" and geometry == "line":
            return ["all", _GATHERED, ["in", ["geometry-type"], ["literal", _KINDS["polygon"]]]]
        return _GATHERED

    def pick(self, value: Callable[[Symbol], Any]) -> Expression:
        """An expression that gives each feature the value of its class."""
        spare = self.recipe.other or self.recipe.all_classes[0]
        return self.by_class(lambda item: value((item or spare).symbol))

    def by_class(self, value: Callable[[StyleClass | None], Any]) -> Expression:
        otherwise = value(self.recipe.other)
        values = [value(item) for item in self.recipe.classes]
        if all(item == otherwise and type(item) is type(otherwise) for item in values):
            return otherwise
        if self.recipe.renderer == "rules":
            return self.by_rule(values, otherwise)
        field = ["get", self.recipe.field]
        if self.recipe.renderer == "graduated":
            steps: list[Any] = ["step", ["number", field], values[0]]
            for limit, item in zip(self.recipe.breaks, values[1:], strict=True):
                steps += [limit, item]
            graded = values[0] if len(values) == 1 else steps
            return ["case", ["==", ["typeof", field], "number"], graded, otherwise]
        match: list[Any] = ["match", ["to-string", field]]
        for style_class, item in zip(self.recipe.classes, values, strict=True):
            if item != otherwise or type(item) is not type(otherwise):
                match += [list(dict.fromkeys(comparable(entry) for entry in style_class.values)), item]
        return [*match, otherwise]

    def by_rule(self, values: list[Any], otherwise: Any) -> Expression:
        """The value of the first rule that holds; what a tile gathered says itself which one that is."""
        numbers: list[Any] = ["match", ["get", CLASS]]
        cases: list[Any] = ["case"]
        for number, (rule, value) in enumerate(zip(self.recipe.classes, values, strict=True)):
            numbers += [number, value]
            if rule.condition is not None:
                cases += [maplibre_condition(rule.condition), value]
        return ["case", ["has", CLASS], [*numbers, otherwise], *cases[1:], otherwise]

    def size(self, size: Callable[[Symbol], Zoomed], *, plus: Stroke | None = None) -> Expression:
        """A size by zoom and class. MapLibre wants zoom outermost, so each stop holds its own choice.

        `plus` widens it by that stroke on both sides (the casing of a road).
        """

        def total(symbol: Symbol, zoom: float) -> float:
            extra = 2 * at_zoom(plus.width, zoom) if plus else 0.0
            return round(at_zoom(size(symbol), zoom) + extra, 3)

        sizes = [size(item.symbol) for item in self.recipe.all_classes] + ([plus.width] if plus else [])
        zooms = sorted({zoom for item in sizes if isinstance(item, tuple) for zoom, _ in item})
        if len(zooms) < 2:
            zoom = zooms[0] if zooms else 0.0
            return self.pick(lambda symbol: total(symbol, zoom))
        stops: list[Any] = ["interpolate", ["linear"], ["zoom"]]
        for zoom in zooms:
            stops += [zoom, self.pick(lambda symbol, zoom=zoom: total(symbol, zoom))]  # type: ignore[misc]
        return stops


def _ink_on(color: str) -> str:
    """Black or white, whichever reads better on `color` (relative luminance of WCAG 2.1)."""
    digits = color.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"
