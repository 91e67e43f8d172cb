"""The SQL of vector tiles: one builder for every layer and every reader.

A tile is selected with the same margin that it is clipped with, so that a line drawn over a tile's edge is
whole in both tiles; it carries the feature id and only the fields that drawing needs; and it is ordered,
so that the same data give the same bytes.
"""

import math
from dataclasses import dataclass

from psycopg2 import sql

from gis_core import limits
from layers.access import ReadSource
from layers.models import Layer
from layers.models.catalogue import GeometryType
from layers.styles import fields_needed, label_zoom
from layers.styles.of_layer import latitude_of, recipe_of
from layers.styles.recipe import MAX_REACH_PX, Recipe

EXTENT = 4096
TILE_PX = 512
EDITING_ZOOM = 16
"""From this tile zoom on nothing is simplified: simplifying opens shared borders by up to its tolerance.
Tiles of this zoom are also the last ones made; the browser magnifies them (1 unit is 10 cm here)."""

MAX_ZOOM = 24
KEY_ZOOM = 15
"""Tiles carry the key (a cadastral number) from here on where no label says otherwise."""

_WORLD_M = 2 * math.pi * 6_378_137
_UNITS_PER_PX = EXTENT // TILE_PX


@dataclass(frozen=True)
class TileAddress:
    """One tile of the XYZ scheme in Web Mercator, y counted from the north."""

    z: int
    x: int
    y: int

    def bounds(self, *, margin_px: float = 0.0) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, grown by `margin_px` pixels of 512 on each side."""
        margin = margin_px / TILE_PX
        across = 2**self.z
        west, east = ((self.x + side) / across * 360 - 180 for side in (-margin, 1 + margin))
        north, south = (_latitude((self.y + side) / across) for side in (-margin, 1 + margin))
        return west, south, east, north


def _latitude(share: float) -> float:
    """Degrees north of the point at `share` of the way from the map's top (0) to its bottom (1)."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * share))))


def last_tile_zoom(layer: Layer) -> int:
    """The highest zoom that tiles are made for; beyond it the browser magnifies them."""
    return min(layer.max_zoom, EDITING_ZOOM)


def margin_px(layer: Layer) -> float:
    """How far beyond its edge a tile reaches: as far as a symbol may be drawn from its geometry.

    Half the widest line for lines and areas, the largest circle for points (layers.styles refuses more).
    """
    wide = layer.geometry_type in (GeometryType.POINT, GeometryType.ANY)
    return MAX_REACH_PX if wide else MAX_REACH_PX / 2


def is_outside(layer: Layer, tile: TileAddress) -> bool:
    """Whether the tile is sure to be empty, by the layer's zooms and extent alone."""
    if not layer.extent or not layer.min_zoom <= tile.z <= layer.max_zoom:
        return True
    west, south, east, north = tile.bounds(margin_px=margin_px(layer))
    return (
        layer.extent[0] > east or layer.extent[2] < west or layer.extent[1] > north or layer.extent[3] < south
    )


def tile_fields(source: ReadSource, zoom: int | None = None, *, recipe: Recipe | None = None) -> list[str]:
    """Keys of the fields that a tile of this zoom carries (None: a tile of any zoom), in the schema's order.

    Those that the style colours by; from the label's zoom on also the label and the layer's key. Fields
    that the reader may not see are left out.
    """
    layer = source.layer
    known = recipe or recipe_of(layer)
    labels = zoom is None or _has_labels(known, layer, zoom)
    wanted = fields_needed(known, labels=labels)
    if labels and layer.key_field:
        wanted.add(layer.key_field)
    return [item.key for item in source.fields if item.key in wanted]


def _has_labels(recipe: Recipe, layer: Layer, zoom: int) -> bool:
    """Whether labels are drawn from tiles of this zoom, which are shown until the next zoom begins."""
    begins = label_zoom(recipe, latitude=latitude_of(layer))
    if zoom >= last_tile_zoom(layer):
        return True
    if begins is None:
        return zoom >= KEY_ZOOM
    return zoom + 1 > begins - 0.25  # a map may count the scale at another latitude of the country


def tile_query(source: ReadSource, tile: TileAddress) -> sql.Composed:
    """One row: the tile's bytes (empty where there is nothing) and how many features were read for it.

    At most `max_tile_features` features, those with the lowest ids.
    """
    layer = source.layer
    buffer = int(margin_px(layer) * _UNITS_PER_PX)
    columns = [sql.SQL("id"), sql.SQL("{} AS geom").format(_geometry(layer, tile, buffer))]
    columns += [
        sql.SQL("{} AS {}").format(source.column(key), sql.Identifier(key))
        for key in tile_fields(source, tile.z)
    ]
    return sql.SQL(
        "SELECT ST_AsMVT(tile, {name}, {extent}, 'geom', 'id'), count(*) FROM ("
        "SELECT {columns} FROM {relation} WHERE geom_3857 && {wide} ORDER BY id LIMIT {limit}) AS tile"
    ).format(
        name=sql.Literal(layer.full_name),
        extent=sql.Literal(EXTENT),
        columns=sql.SQL(", ").join(columns),
        relation=source.relation,
        wide=_envelope(tile, buffer),
        limit=sql.Literal(limits.value("max_tile_features")),
    )


def _geometry(layer: Layer, tile: TileAddress, buffer: int) -> sql.Composable:
    shape: sql.Composable = sql.SQL("geom_3857")
    if tile.z < last_tile_zoom(layer) and layer.geometry_type != GeometryType.POINT:
        half_pixel_m = _WORLD_M / 2**tile.z / TILE_PX / 2
        shape = sql.SQL("ST_Simplify(geom_3857, {}, true)").format(sql.Literal(half_pixel_m))
    return sql.SQL("ST_AsMVTGeom({}, {}, {}, {}, true)").format(
        shape, _envelope(tile, 0), sql.Literal(EXTENT), sql.Literal(buffer)
    )


def _envelope(tile: TileAddress, buffer: int) -> sql.Composable:
    """The tile's square in Web Mercator, grown by `buffer` tile units on each side."""
    return sql.SQL("ST_TileEnvelope({}, {}, {}, margin => {})").format(
        *map(sql.Literal, (tile.z, tile.x, tile.y)), sql.Literal(buffer / EXTENT)
    )
