"""What the buttons of the style editor do with a recipe, besides saving it."""

import copy
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from frontend.styling.sheet import Json
from layers.access import ReadSource
from layers.classifying import MOST_CLASSES, NUMBERS, Classification, classify
from layers.schema import Field
from layers.styles import InvalidRecipe
from layers.styles.classifiers import preset_named
from layers.styles.palettes import FOR_KINDS, FOR_NUMBERS, PALETTES
from layers.styles.presets import geometry_of
from layers.styles.twins import pattern_twin, told_apart

METHODS: tuple[tuple[str, Promise], ...] = (
    ("quantile", _("equal numbers of features")), ("equal", _("equal steps of the value")),
    ("jenks", _("natural breaks (Jenks)")), ("manual", _("breaks that I set")),
)  # fmt: skip
_NEW = {"fill": "#e69f00"}
_NEW_LINE = {"stroke": {"color": "#d55e00"}}
_OTHER = {"uk": "Інше або не вказано", "en": "Other or not given"}


def drawn_as(
    recipe: Json, kind: str, field: str, source: ReadSource, *, method: str, count: int, palette: str
) -> Json:
    """The recipe with classes made anew for this kind of drawing and field. Raises BadParameter."""
    made = copy.deepcopy(recipe)
    if kind == "single":
        made["renderer"] = {"type": "single"}
        return made
    if kind == "rules":
        made["renderer"] = {"type": "rules", "classes": [], "other": _other(made)}
        made["renderer"]["classes"].append(new_class(made))
        return made
    found = _classified(source, field, kind, method, count)
    classes = _of_values(found, source) if kind == "categorized" else [{} for _break in (*found.breaks, None)]
    made["renderer"] = {"type": kind, "field": field, "classes": classes, "other": _other(made)}
    if kind == "graduated":
        if made.get("geometry") in ("polygon", "mixed"):
            made["renderer"]["other"]["pattern"] = "dots"  # no value is no end of the ramp
        made["renderer"] |= {"breaks": list(found.breaks), "method": method}
    return recoloured(made, palette or (FOR_KINDS if kind == "categorized" else FOR_NUMBERS))


def _classified(source: ReadSource, field: str, kind: str, method: str, count: int) -> Classification:
    if kind == "categorized":
        return classify(source, field, "unique")
    by = method if method != "manual" else "quantile"
    return classify(source, field, by, classes=min(max(count, 2), MOST_CLASSES))


def _of_values(found: Classification, source: ReadSource) -> list[Json]:
    field = source.field(found.field)
    titles = {entry["value"]: dict(entry.get("title") or {}) for entry in (field.domain if field else ())}
    classes: list[Json] = []
    for value in found.values:
        label = {lang: words for lang, words in titles.get(value, {}).items() if lang in ("uk", "en")}
        text = value if isinstance(value, str | int | float | bool) else str(value)
        classes.append({"value": text, **({"label": label} if label else {})})
    return classes or [{"value": None}]


def _other(recipe: Json) -> Json:
    item: Json = {"label": dict(_OTHER)}
    return item | (
        {"stroke": {"color": "#8c8c8c"}} if recipe.get("geometry") == "line" else {"fill": "#e2dfd6"}
    )


def new_class(recipe: Json) -> Json:
    """A class to be filled in: in a recipe of rules with a condition that has to be chosen."""
    item: Json = copy.deepcopy(_NEW_LINE if recipe.get("geometry") == "line" else _NEW)
    kind = recipe["renderer"].get("type")
    if kind == "categorized":
        item["value"] = ""
    return item


def recoloured(recipe: Json, palette: str) -> Json:
    """The recipe with the colours of a palette, in the order of its classes."""
    classes = recipe["renderer"].get("classes") or []
    known = PALETTES.get(palette)
    if known is None:
        return recipe
    made = copy.deepcopy(recipe)
    for item, color in zip(made["renderer"].get("classes") or [], known.colours(len(classes)), strict=True):
        if recipe.get("geometry") == "line":
            stroke = item.get("stroke")
            item["stroke"] = {**(stroke if isinstance(stroke, dict) else {}), "color": color}
        else:
            item["fill"] = color
    return made


def act(recipe: Json, do: str) -> Json:
    """The recipe after a button: add, drop-N, up-N, down-N, apart, twin. Others change nothing.

    A recipe that is wrong cannot be given patterns: it stays as it is until it is right.
    """
    made = copy.deepcopy(recipe)
    classes: list[Any] = made["renderer"].get("classes") or []
    name, _dash, number = do.partition("-")
    place = int(number) if number.isdigit() and len(number) < 4 else -1
    if do == "add" and "classes" in made["renderer"]:
        classes.append(new_class(made))
        if made["renderer"].get("type") == "graduated":
            breaks = made["renderer"].get("breaks") or []
            last = breaks[-1] if breaks and isinstance(breaks[-1], int | float) else 0
            made["renderer"]["breaks"] = [*breaks, last + 1]
    elif 0 <= place < len(classes):
        _move(made["renderer"], classes, name, place)
    elif do in ("apart", "twin"):
        try:
            return told_apart(recipe) if do == "apart" else pattern_twin(recipe)
        except InvalidRecipe:
            return made
    return made


def _move(renderer: Json, classes: list[Any], name: str, place: int) -> None:
    other = place + (1 if name == "down" else -1)
    if name == "drop" and len(classes) > 1:
        del classes[place]
        if breaks := renderer.get("breaks"):
            del breaks[min(place, len(breaks) - 1)]
    elif name in ("up", "down") and 0 <= other < len(classes) and renderer.get("type") != "graduated":
        classes[place], classes[other] = classes[other], classes[place]


def with_preset(recipe: Json, wanted: str, geometry_type: str) -> Json:
    """The recipe of a preset, “key” or “key:field”; labels and scales that were set stay."""
    key, _colon, field = wanted.partition(":")
    preset = preset_named(key)
    if preset is None:
        return recipe
    geometry = geometry_of(geometry_type)
    kept: Json = {part: recipe[part] for part in ("label", "scale") if part in recipe}
    return {**kept, **preset.recipe(field, geometry)}


def fields_for(kind: str, fields: tuple[Field, ...]) -> list[Field]:
    """Fields that a layer can be drawn by in this way."""
    if kind == "graduated":
        return [item for item in fields if item.type in NUMBERS]
    return [item for item in fields if item.type != "datetime"]
