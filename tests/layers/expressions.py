"""A small MapLibre expression evaluator: enough to ask a compiled style what a feature looks like."""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

Properties = Mapping[str, Any]


def evaluate(expression: Any, properties: Properties, zoom: float = 15.0, geometry: str = "Polygon") -> Any:
    """The value of `expression` for a feature, by the MapLibre style specification."""
    if not isinstance(expression, list):
        return expression
    name, *args = expression

    def value(item: Any) -> Any:
        return evaluate(item, properties, zoom, geometry)

    simple = {
        "literal": lambda: args[0],
        "get": lambda: properties.get(args[0]),
        "zoom": lambda: zoom,
        "geometry-type": lambda: geometry,
        "to-string": lambda: _to_string(value(args[0])),
        "number": lambda: value(args[0]),
        "typeof": lambda: _typeof(value(args[0])),
        "==": lambda: value(args[0]) == value(args[1]),
        "in": lambda: value(args[0]) in value(args[1]),
        "has": lambda: args[0] in properties,
        "!": lambda: not value(args[0]),
        ">=": lambda: value(args[0]) >= value(args[1]),
        "all": lambda: all(value(item) for item in args),
        "case": lambda: value(args[1]) if value(args[0]) else value(args[2]),
        "step": lambda: value(_step(args, value)),
        "match": lambda: value(_match(args, value(args[0]))),
        "interpolate": lambda: _interpolate(args[2:], value),
    }
    return simple[name]()


def _match(args: list[Any], wanted: Any) -> Any:
    for labels, output in zip(args[1:-1:2], args[2:-1:2], strict=True):
        if wanted in (labels if isinstance(labels, list) else [labels]):
            return output
    return args[-1]


def _step(args: list[Any], value: Any) -> Any:
    limits = args[2::2]
    return args[1::2][bisect_right(limits, value(args[0]))]


def _interpolate(stops: list[Any], value: Any) -> float:
    zoom = value(["zoom"])
    pairs = list(zip(stops[0::2], stops[1::2], strict=True))
    if zoom <= pairs[0][0]:
        return value(pairs[0][1])
    for (low, low_size), (high, high_size) in pairwise(pairs):
        if zoom <= high:
            share = (zoom - low) / (high - low)
            return value(low_size) + (value(high_size) - value(low_size)) * share
    return value(pairs[-1][1])


def _to_string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _typeof(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"
