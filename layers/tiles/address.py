"""Tiles of the XYZ scheme in Web Mercator: where they lie, in degrees and in SQL."""

import math
from dataclasses import dataclass

from psycopg2 import sql

EXTENT = 4096
TILE_PX = 512
UNITS_PER_PX = EXTENT // TILE_PX
WORLD_M = 2 * math.pi * 6_378_137
MAX_ZOOM = 24


@dataclass(frozen=True)
class TileAddress:
    """One tile of the XYZ scheme in Web Mercator, y counted from the north."""

    z: int
    x: int
    y: int

    @property
    def px_m(self) -> float:
        """Side of a pixel (512 to a tile) in metres of Web Mercator."""
        return WORLD_M / 2**self.z / TILE_PX

    @property
    def units_a_m(self) -> float:
        """Tile units to a metre of Web Mercator."""
        return EXTENT * 2**self.z / WORLD_M

    def bounds(self, *, margin_px: float = 0.0) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, grown by `margin_px` pixels of 512 on each side."""
        margin = margin_px / TILE_PX
        across = 2**self.z
        west, east = ((self.x + side) / across * 360 - 180 for side in (-margin, 1 + margin))
        north, south = (_latitude((self.y + side) / across) for side in (-margin, 1 + margin))
        return west, south, east, north

    def envelope(self, *, buffer: int = 0) -> sql.Composable:
        """SQL of the tile's square in Web Mercator, grown by `buffer` tile units on each side."""
        return sql.SQL("ST_TileEnvelope({}, {}, {}, margin => {})").format(
            *map(sql.Literal, (self.z, self.x, self.y)), sql.Literal(buffer / EXTENT)
        )


def _latitude(share: float) -> float:
    """Degrees north of the point at `share` of the way from the map's top (0) to its bottom (1)."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * share))))


def tile_place(share: float, zoom: int, reach: float = 0.0) -> int:
    """Row or column of the tile at this share of the map's side (0 to 1), `reach` tiles further."""
    return min(max(math.floor(share * 2**zoom + reach), 0), 2**zoom - 1)


def place_down(latitude: float) -> float:
    """The share of the map's side between its upper edge and this latitude in degrees."""
    return (1 - math.asinh(math.tan(math.radians(min(max(latitude, -85.06), 85.06)))) / math.pi) / 2
