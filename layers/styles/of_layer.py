"""The style of a layer of the catalogue: its own recipe, or the default one where it has none."""

import json
from functools import lru_cache
from typing import Any

from layers.models import Layer
from layers.styles.maplibre import MIDDLE_LATITUDE, maplibre_layers
from layers.styles.presets import default_recipe
from layers.styles.reading import InvalidRecipe, read_recipe
from layers.styles.recipe import Recipe


def recipe_of(layer: Layer) -> Recipe:
    """The recipe a layer is drawn by. One that no longer fits (a renamed field) gives way to the default,
    so that a wrong style hides a colour, never a layer."""
    if layer.style:
        own = _read(json.dumps(layer.style), tuple((item.key, item.type) for item in layer.schema))
        if own is not None:
            return own
    return read_recipe(default_recipe(layer.geometry_type, seed=layer.full_name))


@lru_cache(maxsize=1024)
def _read(style: str, fields: tuple[tuple[str, str], ...]) -> Recipe | None:
    """The recipe in `style`, None for a wrong one. Kept, because every tile asks."""
    try:
        return read_recipe(json.loads(style), fields=dict(fields))
    except InvalidRecipe:
        return None


def latitude_of(layer: Layer) -> float:
    """The latitude at which the layer's scales become zooms: its middle, else that of Ukraine."""
    if not layer.extent:
        return MIDDLE_LATITUDE
    return round((layer.extent[1] + layer.extent[3]) / 2, 1)


def style_of(layer: Layer) -> list[dict[str, Any]]:
    """MapLibre style layers of a layer; source and source layer are its full name."""
    return maplibre_layers(recipe_of(layer), layer.full_name, latitude=latitude_of(layer))
