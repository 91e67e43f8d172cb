"""TileJSON 3.0.0 of a raster."""

from typing import Any

from layers.models import Raster
from layers.models.catalogue import localised
from layers.rastertiles.tiles import drawing_version, first_zoom, last_zoom
from layers.styles.raster_reading import style_of_raster


def tile_path(raster: Raster, form: str = "webp") -> str:
    """The address of its tiles with {z}, {x}, {y}; another one as soon as they would look otherwise."""
    version = drawing_version(raster, style_of_raster(raster))
    return f"/tiles/raster/{raster.full_name}/{{z}}/{{x}}/{{y}}.{form}?v={version}"


def tilejson(raster: Raster, base_url: str) -> dict[str, Any]:
    """The document; `base_url` is this server's address, without a slash at its end. Tiles are of 256 pixels."""
    west, south, east, north = raster.footprint.extent
    first, last = first_zoom(raster), last_zoom(raster)
    return {
        "tilejson": "3.0.0",
        "name": raster.local_title,
        "description": localised(raster.description),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [base_url + tile_path(raster)],
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, max(first, last - 4)],
        "minzoom": first,
        "maxzoom": last,
        "attribution": raster.attribution,
        "vector_layers": [],
    }
