"""What the form of the style editor sends, as a recipe: laid over the one it was made from, so that what the form
does not show (stops by zoom, casings) stays."""

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from frontend.styling.conditions import LINES, Line, condition_of, number_of, typed
from layers.schema import Field
from layers.styles.presets import default_recipe
from layers.styles.recipe import RENDERERS, at_zoom

SIZE_ZOOM = 16.0
"""Sizes in the form are those of this style zoom; stops of other zooms change with them."""
MOST_ROWS = 200
_LONGEST = 200_000
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")

Json = dict[str, Any]


def base_of(post: Mapping[str, str], *, geometry_type: str, seed: str) -> Json:
    """The recipe that the form was made from, as it came back; the default one where that was lost."""
    text = post.get("draft", "")
    try:
        found = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and _is_shaped(found):
        return found
    return default_recipe(geometry_type, seed=seed)


def _is_shaped(recipe: Json) -> bool:
    """Whether the parts are of the kinds that the form works with; what they hold is checked later."""
    renderer = recipe.get("renderer")
    if not isinstance(renderer, dict) or renderer.get("type") not in RENDERERS:
        return False
    classes, breaks = renderer.get("classes", []), renderer.get("breaks", [])
    size = recipe.get("sizeBy") or {}
    lists: list[Any] = (
        [classes, breaks, size.get("values", [0, 1]), size.get("radii", [0, 1])]
        if isinstance(size, dict)
        else [0]
    )
    objects = [recipe.get(key) or {} for key in ("label", "scale")]
    return (
        all(isinstance(item, list) for item in lists)
        and all(len(item) == 2 for item in lists[2:])
        and all(isinstance(item, dict) for item in (*objects, *classes))
        and len(classes) <= MOST_ROWS
    )


def read_sheet(post: Mapping[str, str], base: Json, fields: Mapping[str, Field]) -> Json:
    """The recipe that the form asks for; it may be wrong, `layers.styling.check_style` tells.

    What a class shows is compared with `base`, so that a size that was changed for all is not set back by classes.
    """
    recipe = copy.deepcopy(base)
    _common(post, recipe)
    renderer = recipe["renderer"]
    if renderer.get("type") == "single":
        _symbol(post, "s", renderer, base)
        return recipe
    known = renderer.get("classes") if isinstance(renderer.get("classes"), list) else []
    rows = [name for name in (f"c{n}" for n in range(MOST_ROWS)) if f"{name}-from" in post]
    renderer["classes"] = [_class(post, row, known, base, fields) for row in rows]
    if renderer.get("type") == "graduated":
        _breaks(post, rows, renderer)
    renderer["other"] = _other(post, renderer.get("other"), base)
    return recipe


def wanted_renderer(post: Mapping[str, str], base: Json) -> tuple[str, str]:
    """The kind of drawing and the field that the form asks for."""
    kind = post.get("renderer", "")
    now = base["renderer"]
    return (kind if kind in RENDERERS else str(now.get("type"))), post.get(
        "field", str(now.get("field") or "")
    )


def _common(post: Mapping[str, str], recipe: Json) -> None:
    opacity = number_of(post.get("opacity", ""))
    if opacity is not None:
        recipe["opacity"] = opacity / 100
    if "width" in post:
        _width(post, "width", recipe, recipe)
    if "radius" in post and (radius := number_of(post["radius"])) is not None:
        recipe["radius"] = scaled(recipe.get("radius", 5), radius)
    if "label-field" in post:
        _label(post, recipe)
    if "scale-max" in post:
        scale = {"min": number_of(post.get("scale-min", "")) or 0, "max": number_of(post["scale-max"])}
        recipe["scale"] = {key: value for key, value in scale.items() if value}
        if not recipe["scale"]:
            del recipe["scale"]
    if "size-field" in post:
        _size(post, recipe)


def _label(post: Mapping[str, str], recipe: Json) -> None:
    if not post["label-field"]:
        recipe.pop("label", None)
        return
    label: Json = recipe.get("label") or {}
    recipe["label"] = {
        **label, "field": post["label-field"],
        "size": number_of(post.get("label-size", "")) or label.get("size", 11),
        "minScale": number_of(post.get("label-scale", "")) or label.get("minScale", 5000),
    }  # fmt: skip


def _size(post: Mapping[str, str], recipe: Json) -> None:
    if not post["size-field"]:
        recipe.pop("sizeBy", None)
        return
    numbers = [number_of(post.get(f"size-{name}", "")) for name in ("low", "high", "small", "large")]
    low, high, small, large = numbers
    recipe["sizeBy"] = {"field": post["size-field"], "values": [low, high], "radii": [small, large]}


def _class(
    post: Mapping[str, str], row: str, known: list[Any], recipe: Json, fields: Mapping[str, Field]
) -> Json:
    place = number_of(post.get(f"{row}-from", ""))
    found = known[int(place)] if place is not None and 0 <= place < len(known) else {}
    item = copy.deepcopy(found) if isinstance(found, dict) else {}
    _title(post, row, item)
    _symbol(post, row, item, recipe)
    kind = recipe["renderer"].get("type")
    if kind == "categorized":
        item["value"] = _values(
            post.get(f"{row}-value", ""), fields.get(str(recipe["renderer"].get("field")))
        )
    if kind == "rules":
        item["filter"] = _filter(post, row, fields)
    return item


def _title(post: Mapping[str, str], row: str, item: Json) -> None:
    label = {lang: " ".join(post.get(f"{row}-{lang}", "").split()) for lang in ("uk", "en")}
    item["label"] = {lang: words for lang, words in label.items() if words}
    if not item["label"]:
        del item["label"]


def _values(text: str, field: Field | None) -> Any:
    """One value a line; an empty text is “not filled in”."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    values = [typed(field, line) for line in lines]
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _filter(post: Mapping[str, str], row: str, fields: Mapping[str, Field]) -> Any:
    if f"{row}-filter" in post:
        try:
            return json.loads(post[f"{row}-filter"])
        except (ValueError, RecursionError):
            return post[f"{row}-filter"][:500]
    lines = [
        Line(*(post.get(f"{row}-{n}-{part}", "") for part in ("field", "relation", "value")))
        for n in range(LINES)
    ]
    return condition_of(post.get(f"{row}-join", "and"), lines, fields)


def _symbol(post: Mapping[str, str], row: str, item: Json, recipe: Json) -> None:
    if f"{row}-fill" in post:
        item["fill"] = None if f"{row}-hollow" in post else _color(post[f"{row}-fill"])
    if f"{row}-pattern" in post:
        item["pattern"] = post[f"{row}-pattern"] or None
    if f"{row}-stroke" in post:
        _stroke_part(item, recipe, "color", _color(post[f"{row}-stroke"]))
    if f"{row}-width" in post:
        _width(post, f"{row}-width", item, recipe)
    if f"{row}-dash" in post:
        parts = [number_of(part) for part in post[f"{row}-dash"].split()]
        _stroke_part(item, recipe, "dash", [part for part in parts if part is not None])
    if f"{row}-radius" in post and (radius := number_of(post[f"{row}-radius"])) is not None:
        now = item.get("radius", recipe.get("radius", 5))
        if (size := scaled(now, radius)) != now:
            item["radius"] = size


def _width(post: Mapping[str, str], name: str, item: Json, recipe: Json) -> None:
    width = number_of(post[name])
    if width is not None:
        now = stroke_of(item, recipe).get("width", 1)
        _stroke_part(item, recipe, "width", scaled(now, width))


def stroke_of(item: Json, recipe: Json) -> Json:
    """The outline of a class with what it takes from the recipe, as an object."""
    own, base = (_as_object(part.get("stroke", {})) for part in (item, recipe))
    return {"width": 1 if "stroke" in recipe else 0, **base, **own}


def _as_object(stroke: Any) -> Json:
    if isinstance(stroke, str):
        return {"color": stroke}
    return {"width": 0} if stroke is None else dict(stroke) if isinstance(stroke, Mapping) else {}


def _stroke_part(item: Json, recipe: Json, key: str, value: Any) -> None:
    """Sets one part of a class's outline, unless it is what it has already."""
    now = stroke_of(item, recipe)
    if now.get(key, [] if key == "dash" else None) != value:
        own = _as_object(item.get("stroke", {})) if "stroke" in item else {}
        item["stroke"] = {**own, key: value}


def scaled(size: Any, wanted: float) -> Any:
    """A size that is `wanted` at SIZE_ZOOM; stops by zoom keep their proportions, and all stays what is so already."""
    if not isinstance(size, Mapping):
        return size if isinstance(size, int | float) and abs(size - wanted) < 0.005 else wanted
    try:
        stops = tuple(sorted((float(zoom), float(px)) for zoom, px in size.items()))
        now = at_zoom(stops, SIZE_ZOOM)
    except (ValueError, TypeError, IndexError):
        return wanted
    if abs(now - wanted) < 0.005:
        return dict(size)
    if now <= 0:
        return wanted
    return {f"{zoom:g}": round(px * wanted / now, 3) for zoom, px in stops}


def _color(text: str) -> str:
    return text.lower() if _COLOR.fullmatch(text) else text[:20]


def _breaks(post: Mapping[str, str], rows: list[str], renderer: Json) -> None:
    before = renderer.get("breaks")
    breaks = [number_of(post.get(f"{row}-to", "")) for row in rows[:-1]]
    renderer["breaks"] = [limit if limit is not None else "" for limit in breaks]
    if renderer["breaks"] != before:
        renderer["method"] = "manual"


def _other(post: Mapping[str, str], now: Any, recipe: Json) -> Json | None:
    if "o-on" not in post:
        return None
    item = copy.deepcopy(now) if isinstance(now, dict) else {"fill": "#e2dfd6"}
    if recipe.get("geometry") == "line" and not isinstance(now, dict):
        item = {"stroke": "#8c8c8c"}
    if "o-fill" in post or "o-stroke" in post:
        _title(post, "o", item)
        _symbol(post, "o", item, recipe)
    return item
