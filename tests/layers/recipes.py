"""Recipes of every kind with features for every class, for what several tests compare."""

from typing import Any

from tests.layers.test_styles_compile import FLOORS, ROADS
from tests.layers.test_styles_recipe import OWNERSHIP

FIELDS = [
    {"key": "use"}, {"key": "area_ha", "type": "number"}, {"key": "floors", "type": "integer"},
    {"key": "vacant", "type": "boolean"}, {"key": "until", "type": "date"}, {"key": "note", "type": "text"},
]  # fmt: skip


def prop(key: str) -> dict[str, str]:
    return {"property": key}


def op(name: str, *args: Any) -> dict[str, Any]:
    return {"op": name, "args": list(args)}


RULES: dict[str, Any] = {
    "version": 1, "geometry": "polygon", "stroke": {"color": "#333333", "width": 1}, "opacity": 0.8,
    "renderer": {"type": "rules", "classes": [
        {"filter": op("and", op("like", prop("use"), "02.%"), op(">=", prop("area_ha"), 2)), "fill": "#aa0000"},
        {"filter": op("or", op("in", prop("use"), ["01.01", "01.03"]), op("=", prop("vacant"), True)),
         "fill": "#00aa00", "pattern": "dots"},
        {"filter": op("not", op("between", prop("floors"), 2, 9)), "fill": "#0000aa"},
        {"filter": op("<", prop("until"), "2026-01-01"), "fill": "#aa00aa"},
        {"filter": op("isNull", prop("use")), "fill": "#777777", "label": {"uk": "Без цілі", "en": "No use"}},
        {"filter": op("not", op("or", op("=", prop("use"), "03.02"), op("like", prop("use"), "04.%"))),
         "fill": "#111111"},
    ], "other": {"fill": "#eeeeee"}},
}  # fmt: skip
SIZED: dict[str, Any] = {
    "version": 1, "geometry": "point", "renderer": {"type": "single"}, "fill": "#0072b2",
    "stroke": {"color": "#ffffff", "width": 1},
    "sizeBy": {"field": "area_ha", "values": [0, 100], "radii": [3, 12]},
}  # fmt: skip

OF_RULES: list[dict[str, Any]] = [
    {"use": use, "area_ha": area, "floors": floors, "vacant": vacant, "until": until}
    for use, area, floors, vacant, until in [
        ("02.01", 2.0, 3, None, None), ("02.01", 1.9, 3, None, None), ("01.03", 9, None, None, None),
        ("03.02", None, None, True, None), ("03.02", None, None, False, "2025-12-31"),
        ("03.02", None, 1, False, "2026-01-01"), ("03.02", None, 10, None, None), ("03.02", None, 9, None, None),
        ("04.11", 2, 2, None, None), ("", None, None, None, None), (None, None, None, None, None),
        ("05.01", None, 5, None, "2030-05-05"), ("O'Neil % \"x\" 🌾", None, 4, None, None),
    ]
]  # fmt: skip

CASES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "rules": (RULES, OF_RULES),
    "sized": (SIZED, [{"area_ha": area} for area in (None, -5, 0, 25, 100, 4000, "25")]),
    "ownership": (OWNERSHIP, [{"ownership": own} for own in ("100", "101", "200", "999", "", None, 100)]),
    "floors": (FLOORS, [{"floors": n} for n in (-3, 1.99, 2, 4, 5, 9.4, 9.5, 99, None, "7")]),
    "roads": (ROADS, [{"kind": kind} for kind in ("main", "path", "river", "", None)]),
}
