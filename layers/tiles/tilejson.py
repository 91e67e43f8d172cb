"""TileJSON 3.0.0: what a map client has to know before it asks for the first tile."""

from typing import Any

from layers.access import ReadSource
from layers.tiles.mvt import last_tile_zoom, tile_fields

_TYPES = {"integer": "Number", "number": "Number", "boolean": "Boolean"}
WORLD = [-180.0, -85.0511, 180.0, 85.0511]


def tilejson(source: ReadSource, base_url: str) -> dict[str, Any]:
    """The document for one reader; `base_url` is this server's address, without a slash at its end.

    `bounds` is the layer's extent in degrees, the world where the layer is empty. `vector_layers` names the
    fields that tiles carry, not all that the layer has.
    """
    layer = source.layer
    bounds = layer.extent or WORLD
    zooms = {"minzoom": min(layer.min_zoom, last_tile_zoom(layer)), "maxzoom": last_tile_zoom(layer)}
    fields = {
        key: _TYPES.get(item.type, "String") for key in tile_fields(source) if (item := source.field(key))
    }
    return {
        "tilejson": "3.0.0",
        "name": layer.local_title,
        "description": layer.local_description,
        "version": f"1.0.{layer.revision}",
        "scheme": "xyz",
        "tiles": [f"{base_url}/tiles/{layer.full_name}/{{z}}/{{x}}/{{y}}.mvt"],
        "bounds": bounds,
        "center": [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, zooms["minzoom"]],
        "attribution": layer.attribution,
        **zooms,
        "vector_layers": [
            {"id": layer.full_name, "description": layer.local_title, **zooms, "fields": fields},
        ],
    }
