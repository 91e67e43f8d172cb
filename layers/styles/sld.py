"""A recipe as SLD 1.1 (OGC 05-078r4) with symbology encoding 1.1 (OGC 05-077r4): for GeoServer, QGIS and others.

Sizes are those of the map at `LEGEND_ZOOM`, in pixels: SLD has no sizes by zoom. A pattern is a second symbolizer with
a hatch of the outline's colour (names of `shape://`, as GeoServer knows them).
"""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from layers.styles.filter_targets import (
    OGC,
    ogc_all,
    ogc_any,
    ogc_compare,
    ogc_condition,
    ogc_missing,
    ogc_not,
    ogc_property,
)
from layers.styles.legend import LEGEND_ZOOM, class_titles
from layers.styles.reading import read_recipe
from layers.styles.recipe import LabelStyle, Recipe, SizeBy, StyleClass, Symbol, at_zoom, comparable

SLD = "http://www.opengis.net/sld"
SE = "http://www.opengis.net/se"
XLINK = "http://www.w3.org/1999/xlink"

_MARKS = {
    "hatch45": ["shape://slash"], "hatch135": ["shape://backslash"], "cross": ["shape://times"],
    "dots": ["shape://dot"], "horizontal": ["shape://horline"], "vertical": ["shape://vertline"],
    "grid": ["shape://plus"],
}  # fmt: skip
_PATTERN_PX = 8
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
for _prefix, _address in (("sld", SLD), ("se", SE), ("ogc", OGC), ("xlink", XLINK)):
    ElementTree.register_namespace(_prefix, _address)


def sld(recipe: Mapping[str, Any] | Recipe, name: str, *, title: str = "", lang: str = "uk") -> str:
    """The document for a layer `name`, titles in `lang`. Raises InvalidRecipe."""
    known = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    root = ElementTree.Element(_sld("StyledLayerDescriptor"), {"version": "1.1.0"})
    layer = _child(root, _sld("NamedLayer"))
    _child(layer, _se("Name"), name)
    style = _child(layer, _sld("UserStyle"))
    _child(style, _se("Name"), name)
    described = _child(style, _se("Description"))
    _child(described, _se("Title"), title or name)
    drawn = _child(style, _se("FeatureTypeStyle"))
    for number, (item, heading) in enumerate(zip(known.all_classes, class_titles(known, lang), strict=True)):
        drawn.append(_rule(known, number, item, heading or title or name))
    if known.label:
        drawn = _child(style, _se("FeatureTypeStyle"))
        drawn.append(_label_rule(known, known.label))
    ElementTree.indent(root)
    written = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", ElementTree.tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


def _rule(recipe: Recipe, number: int, item: StyleClass, heading: str) -> ElementTree.Element:
    rule = ElementTree.Element(_se("Rule"))
    _child(rule, _se("Name"), f"class-{number}")
    described = _child(rule, _se("Description"))
    _child(described, _se("Title"), heading)
    if item is recipe.other:
        if recipe.classes:
            _child(rule, _se("ElseFilter"))
    else:
        _child(rule, f"{{{OGC}}}Filter").append(_condition(recipe, number))
    _scales(rule, recipe, recipe.max_scale)
    rule.extend(_symbolizers(recipe, item.symbol))
    return rule


def _scales(rule: ElementTree.Element, recipe: Recipe, most: float | None) -> None:
    if recipe.min_scale > 0:
        _child(rule, _se("MinScaleDenominator"), f"{recipe.min_scale:g}")
    if most is not None:
        _child(rule, _se("MaxScaleDenominator"), f"{most:g}")


def _condition(recipe: Recipe, number: int) -> ElementTree.Element:
    """What features class `number` draws. All rules of SLD whose filter holds draw, so a rule of a recipe, of which
    only the first that holds draws, leaves out what those before it hold."""
    item = recipe.classes[number]
    if recipe.renderer == "rules" and item.condition is not None:
        before = [ogc_condition(rule.condition) for rule in recipe.classes[:number] if rule.condition]
        own = ogc_condition(item.condition)
        return ogc_all([own, ogc_not(ogc_any(before))]) if before else own
    field = recipe.field or ""
    if recipe.renderer == "graduated":
        return _within(field, recipe.breaks, number)
    texts = dict.fromkeys(comparable(value) for value in item.values)
    return ogc_any([ogc_compare(field, "=", text) if text else ogc_missing(field) for text in texts])


def _within(field: str, breaks: tuple[float, ...], number: int) -> ElementTree.Element:
    parts = []
    if number > 0:
        parts.append(ogc_compare(field, ">=", f"{breaks[number - 1]:.15g}"))
    if number < len(breaks):
        parts.append(ogc_compare(field, "<", f"{breaks[number]:.15g}"))
    return ogc_all(parts) if parts else ogc_not(ogc_missing(field))


def _symbolizers(recipe: Recipe, symbol: Symbol) -> list[ElementTree.Element]:
    kind = recipe.geometry
    found: list[ElementTree.Element] = []
    if kind in ("polygon", "mixed"):
        found += _areas(symbol)
    if kind in ("line", "mixed"):
        if recipe.casing:
            width = at_zoom(symbol.stroke.width, LEGEND_ZOOM) + 2 * at_zoom(recipe.casing.width, LEGEND_ZOOM)
            found.append(_line(recipe.casing.color, width, (), 1.0))
        width = at_zoom(symbol.stroke.width, LEGEND_ZOOM)
        if width > 0:
            found.append(_line(symbol.stroke.color, width, symbol.stroke.dash, symbol.opacity))
    if kind in ("point", "mixed"):
        found.append(_point(symbol, recipe.size))
    return found


def _areas(symbol: Symbol) -> list[ElementTree.Element]:
    area = ElementTree.Element(_se("PolygonSymbolizer"))
    if symbol.fill:
        _fill(area, symbol.fill, symbol.opacity)
    found = [area]
    if symbol.pattern:
        hatched = ElementTree.Element(_se("PolygonSymbolizer"))
        graphic = _child(_child(_child(hatched, _se("Fill")), _se("GraphicFill")), _se("Graphic"))
        for mark_name in _MARKS[symbol.pattern]:
            mark = _child(graphic, _se("Mark"))
            _child(mark, _se("WellKnownName"), mark_name)
            _stroke(mark, symbol.stroke.color, 1.0, ())
        _child(graphic, _se("Size"), str(_PATTERN_PX))
        found.append(hatched)
    width = at_zoom(symbol.stroke.width, LEGEND_ZOOM)
    if width > 0:
        _stroke(found[-1], symbol.stroke.color, width, symbol.stroke.dash)
    return found


def _line(color: str, width: float, dash: tuple[float, ...], opacity: float) -> ElementTree.Element:
    line = ElementTree.Element(_se("LineSymbolizer"))
    _stroke(line, color, width, dash, opacity)
    return line


def _point(symbol: Symbol, size: SizeBy | None) -> ElementTree.Element:
    point = ElementTree.Element(_se("PointSymbolizer"))
    graphic = _child(point, _se("Graphic"))
    mark = _child(graphic, _se("Mark"))
    _child(mark, _se("WellKnownName"), "circle")
    if symbol.fill:
        _fill(mark, symbol.fill, symbol.opacity)
    width = at_zoom(symbol.stroke.width, LEGEND_ZOOM)
    if width > 0:
        _stroke(mark, symbol.stroke.color, width, ())
    diameter = _child(graphic, _se("Size"))
    if size is None:
        diameter.text = f"{2 * at_zoom(symbol.radius, LEGEND_ZOOM):g}"
    else:
        diameter.append(_growing(size))
    return point


def _growing(size: SizeBy) -> ElementTree.Element:
    """Linear between five values of which the sizes are right: SLD knows no square root."""
    made = ElementTree.Element(
        _se("Interpolate"), {"fallbackValue": f"{2 * size.radii[0]:g}", "mode": "linear"}
    )
    _child(made, _se("LookupValue")).append(ogc_property(size.field))
    low, high = size.values
    for step in range(5):
        value = low + (high - low) * (step / 4) ** 2
        point = _child(made, _se("InterpolationPoint"))
        _child(point, _se("Data"), f"{value:g}")
        _child(point, _se("Value"), f"{2 * size.radius(value):.4g}")
    return made


def _label_rule(recipe: Recipe, label: LabelStyle) -> ElementTree.Element:
    rule = ElementTree.Element(_se("Rule"))
    _child(rule, _se("Name"), "label")
    most = label.min_scale if recipe.max_scale is None else min(label.min_scale, recipe.max_scale)
    _scales(rule, recipe, most)
    text = _child(rule, _se("TextSymbolizer"))
    _child(text, _se("Label")).append(ogc_property(label.field))
    font = _child(text, _se("Font"))
    _parameter(font, "font-family", "Noto Sans")
    _parameter(font, "font-size", f"{label.size:g}")
    if recipe.geometry == "line":
        _child(_child(text, _se("LabelPlacement")), _se("LinePlacement"))
    halo = _child(text, _se("Halo"))
    _child(halo, _se("Radius"), "1.2")
    _fill(halo, label.halo, 1.0)
    _fill(text, label.color, 1.0)
    return rule


def _fill(parent: ElementTree.Element, color: str, opacity: float) -> None:
    fill = _child(parent, _se("Fill"))
    _parameter(fill, "fill", _six(color))
    if opacity < 1:
        _parameter(fill, "fill-opacity", f"{opacity:g}")


def _stroke(
    parent: ElementTree.Element, color: str, width: float, dash: tuple[float, ...], opacity: float = 1.0
) -> None:
    stroke = _child(parent, _se("Stroke"))
    _parameter(stroke, "stroke", _six(color))
    _parameter(stroke, "stroke-width", f"{width:.3g}")
    if opacity < 1:
        _parameter(stroke, "stroke-opacity", f"{opacity:g}")
    if dash:
        _parameter(stroke, "stroke-dasharray", " ".join(f"{part * width:.3g}" for part in dash))


def _six(color: str) -> str:
    """#abc as #aabbcc, which is all that SLD knows."""
    return color if len(color) == 7 else "#" + "".join(letter * 2 for letter in color[1:])


def _parameter(parent: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(parent, _se("SvgParameter"), {"name": name}).text = value


def _child(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = text
    return child


def _sld(name: str) -> str:
    return f"{{{SLD}}}{name}"


def _se(name: str) -> str:
    return f"{{{SE}}}{name}"
