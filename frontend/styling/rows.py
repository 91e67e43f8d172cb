"""A recipe as the form of the editor shows it: rows of classes with resolved colours and sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from frontend.styling.conditions import LINES, RELATIONS, Line, as_text, lines_of
from frontend.styling.sheet import SIZE_ZOOM, Json
from layers.schema import Field
from layers.styles import InvalidRecipe, read_recipe
from layers.styles.legend import class_titles, legend
from layers.styles.recipe import Recipe, Symbol, at_zoom, comparable
from layers.styles.twins import symbol_of

DASHES = ("", "4 2", "1 1.5", "6 2 1 2", "2 1")


def rows_of(recipe: Json, known: Recipe | None, fields: Mapping[str, Field], lang: str) -> list[Json]:
    """Rows of all classes but the other one; `known` is the recipe as it was read, None where it is wrong."""
    renderer = recipe["renderer"]
    classes = renderer.get("classes")
    items = classes if isinstance(classes, list) else []
    titles = class_titles(known, lang) if known else []
    breaks = renderer.get("breaks") or []
    rows = []
    for place, item in enumerate(items):
        shown = item if isinstance(item, dict) else {}
        row = {
            "name": f"c{place}", "number": place, "shown_number": place + 1, "is_first": place == 0,
            "is_last": place == len(items) - 1, "title": titles[place] if place < len(titles) else "",
            **symbol_row(shown, recipe), **_titles(shown),
        }  # fmt: skip
        if renderer.get("type") == "categorized":
            row["value"] = _value_text(shown.get("value"))
            row["value_lines"] = min(4, row["value"].count("\n") + 1)
        if renderer.get("type") == "graduated":
            limit = breaks[place] if place < len(breaks) else None
            row["to"] = f"{limit:.12g}" if isinstance(limit, int | float) else limit
        if renderer.get("type") == "rules":
            row |= _condition(shown, place)
        rows.append(row)
    return rows


def other_row(recipe: Json) -> Json:
    item = recipe["renderer"].get("other")
    shown = item if isinstance(item, dict) else {}
    return {"name": "o", "is_on": isinstance(item, dict), **symbol_row(shown, recipe), **_titles(shown)}


def symbol_row(item: Json, recipe: Json) -> Json:
    """Colours and sizes of a class with what it takes from the recipe; gray where they are wrong."""
    try:
        symbol = symbol_of(recipe, item)
    except (InvalidRecipe, TypeError, AttributeError):
        symbol = None
    if symbol is None:
        return {"fill": "#cccccc", "hollow": False, "stroke": "#888888", "pattern": "", "width": 1, "radius": 5,
                "dash": "", "dashes": dash_choices(""), "swatch": None}  # fmt: skip
    dash = " ".join(f"{part:g}" for part in symbol.stroke.dash)
    return {
        "fill": long_color(symbol.fill or "#ffffff"), "hollow": symbol.fill is None,
        "stroke": long_color(symbol.stroke.color), "pattern": symbol.pattern or "",
        "width": plain_number(at_zoom(symbol.stroke.width, SIZE_ZOOM)),
        "radius": plain_number(at_zoom(symbol.radius, SIZE_ZOOM)),
        "dash": dash, "dashes": dash_choices(dash), "swatch": _swatch(symbol, recipe),
    }  # fmt: skip


def _swatch(symbol: Symbol, recipe: Json) -> Json:
    single = {key: value for key, value in recipe.items() if key in ("version", "geometry")}
    try:
        known = read_recipe({**single, "renderer": {"type": "single"}})
    except InvalidRecipe:
        return {}
    kind = {"line": "line", "point": "circle"}.get(known.geometry, "fill")
    width = at_zoom(symbol.stroke.width, 15.0)
    return {
        "kind": kind, "fill": symbol.fill, "stroke": symbol.stroke.color if width > 0 else None, "width": width,
        "pattern": symbol.pattern, "radius": at_zoom(symbol.radius, 15.0), "dash": list(symbol.stroke.dash),
        "opacity": symbol.opacity,
    }  # fmt: skip


def legend_rows(known: Recipe, lang: str, title: str) -> list[Json]:
    rows = legend(known, lang)
    return [
        {**row, "label": row["label"] or title, "id": f"legend-{number}"} for number, row in enumerate(rows)
    ]


def _titles(item: Json) -> Json:
    label = item.get("label")
    if isinstance(label, str):
        label = {"uk": label}
    words = label if isinstance(label, dict) else {}
    return {"uk": words.get("uk", ""), "en": words.get("en", "")}


def _value_text(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return "\n".join(comparable(item) for item in values)


def _condition(item: Json, place: int) -> Json:
    found = lines_of(item.get("filter"))
    if found is None:
        return {"filter_text": as_text(item.get("filter")), "lines": [], "join": "and"}
    join, lines = found
    shown = max(1, len(lines))
    padded = [*lines, *([Line()] * (LINES - len(lines)))]
    rows = [{"name": f"c{place}-{n}", "number": n + 1, **asdict(line)} for n, line in enumerate(padded)]
    return {"join": join, "filter_text": "", "lines": rows[:shown], "more_lines": rows[shown:]}


def relations() -> list[tuple[str, str]]:
    return [(key, str(title)) for key, title in RELATIONS]


def dash_choices(now: str) -> list[tuple[str, str]]:
    titles = {"": _("solid"), "4 2": _("dashes"), "1 1.5": pgettext("line", "dots"), "6 2 1 2": _("dashes and dots"),
              "2 1": _("short dashes")}  # fmt: skip
    choices = [(key, titles[key]) for key in DASHES]
    return choices if now in DASHES else [*choices, (now, now)]


def pattern_choices() -> list[tuple[str, str]]:
    return [
        ("", _("no pattern")), ("hatch45", _("hatching /")), ("hatch135", _("hatching \\")), ("cross", _("crossed")),
        ("dots", pgettext("pattern", "dots")), ("horizontal", _("horizontal lines")), ("vertical", _("vertical lines")),
        ("grid", pgettext("pattern", "grid")),
    ]  # fmt: skip


def long_color(color: str) -> str:
    """#abc as #aabbcc: the browser's field for colours knows no other."""
    return color if len(color) == 7 else "#" + "".join(letter * 2 for letter in color[1:])


def plain_number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else round(value, 2)


def places_of(problems: Sequence[Mapping[str, str]]) -> list[Json]:
    """Problems of a recipe in the words of the form: which class, and what is wrong."""
    found = []
    for problem in problems:
        place = str(problem["place"])
        number = place.removeprefix("renderer.classes[").partition("]")[0] if "classes[" in place else ""
        where = _("Class %s") % (int(number) + 1) if number.isdigit() else place
        found.append({"where": where, "href": f"#c{number}" if number.isdigit() else "#style-form",
                      "reason": problem["reason"], "place": place})  # fmt: skip
    return found
