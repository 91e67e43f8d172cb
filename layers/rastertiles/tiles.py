"""Raster tiles as the web asks for them: what there is to draw, by which style, and under which tag."""

import hashlib
import json
import math
from dataclasses import dataclass

from layers.models import Raster
from layers.rasters import RasterNotFound
from layers.rastertiles.reader import RasterGone, reader
from layers.styles.raster_reading import style_of_raster
from layers.styles.raster_recipe import RasterStyle
from layers.tiles.address import MAX_ZOOM, TileAddress

FORMATS = {"webp": "image/webp", "png": "image/png"}
SIZE_PX = 256
DRAWING = 1
"""Goes up whenever the same raster and style would give other bytes than before."""

_EQUATOR_M = 2 * math.pi * 6_378_137


@dataclass(frozen=True)
class RasterTile:
    """One tile of one raster: `scale` 2 has twice the pixels a side."""

    raster: Raster
    style: RasterStyle
    address: TileAddress
    scale: int
    form: str

    @property
    def key(self) -> str:
        """The hash of all that decides the bytes: they are the same wherever and whenever it is drawn."""
        address = self.address.z, self.address.x, self.address.y
        return hashlib.blake2b(
            f"{drawing_version(self.raster, self.style)} {address} {self.scale} {self.form}".encode(),
            digest_size=12,
        ).hexdigest()


def raster_tile(raster: Raster, address: TileAddress, *, scale: int = 1, form: str = "webp") -> RasterTile:
    return RasterTile(raster, style_of_raster(raster), address, scale, form)


def drawing_version(raster: Raster, style: RasterStyle) -> str:
    """Changes with the file, its style, and how we draw; with nothing else."""
    decisive = [DRAWING, raster.sha256, raster.crs_wkt, style.drawing()]
    return hashlib.blake2b(json.dumps(decisive, sort_keys=True).encode(), digest_size=8).hexdigest()


def is_outside(tile: RasterTile) -> bool:
    """Whether the tile is sure to be empty: it lies off the raster's outline, or all of it is a few pixels."""
    west, south, east, north = tile.address.bounds(margin_px=2)
    box = tile.raster.footprint.extent
    return bool(box[0] > east or box[2] < west or box[1] > north or box[3] < south)


def draw(tile: RasterTile) -> bytes:
    """The tile's bytes, drawn now; b"" where nothing is to be seen. Raises RasterNotFound, Busy."""
    raster = tile.raster
    request = {
        "do": "tile", "file": raster.path.name, "crs": raster.crs_wkt, "style": tile.style.drawing(),
        "tile": [tile.address.z, tile.address.x, tile.address.y], "size": SIZE_PX * tile.scale, "form": tile.form,
    }  # fmt: skip
    try:
        return reader().ask(request)[1]
    except RasterGone as error:
        raise RasterNotFound(raster=raster.full_name) from error


def last_zoom(raster: Raster) -> int:
    """The zoom at which a pixel of a tile is no larger than one of the raster; beyond it tiles are magnified."""
    _west, south, _east, north = raster.footprint.extent
    ground_m = _EQUATOR_M * math.cos(math.radians((south + north) / 2)) / SIZE_PX
    zoom = math.ceil(math.log2(max(ground_m / max(raster.resolution_m, 0.001), 1)))
    return min(zoom, MAX_ZOOM - 2)


def first_zoom(raster: Raster) -> int:
    """The zoom at which the raster is a few pixels wide; before it there is nothing to see."""
    west, south, east, north = raster.footprint.extent
    share = max((east - west) / 360, (north - south) / 180, 1e-6)
    return max(0, min(last_zoom(raster), math.floor(math.log2(4 / (share * SIZE_PX)))))
