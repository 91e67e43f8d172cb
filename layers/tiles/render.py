"""The one function that makes the bytes of a tile."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2 import sql

from gis_core import limits
from gis_core.api.http import GZIP_LEVEL
from layers.access import ReadSource
from layers.delivery import read_rows
from layers.tiles.address import TileAddress
from layers.tiles.mvt import tile_query
from layers.tiles.overview_tile import LAST_COARSE_ZOOM

COUNT_LAYER = "hromada"
"""The layer of a tile that tells, in property `features` of its one point, how many features are at home in it:
summed over the tiles of a zoom, all of the layer's."""

_COARSEST = 8


@dataclass(frozen=True)
class Tile:
    """A tile: its bytes, b"" where there is nothing, and how many features are at home in it."""

    body: bytes
    features: int


def render(source: ReadSource, address: TileAddress) -> Tile:
    """The tile as `source` reads it, within the limits of features and bytes: where it has more, small features
    are gathered in ever larger cells. Raises what `read_rows` raises."""
    last, coarse = _COARSEST if address.z <= LAST_COARSE_ZOOM else 0, 0
    while True:
        ((body, drawn, features),) = read_rows(source, tile_query(source, address, coarse=coarse))
        body = bytes(body)
        if coarse >= last or _is_within_limits(body, drawn):
            return _tile(body, features)
        # A step makes a quarter of the squares, or half of the lines.
        coarse += 1 if drawn <= 3 * limits.value("max_tile_features") else 2


def render_many(sources: Sequence[ReadSource], address: TileAddress) -> list[Tile]:
    """What `render` gives for each source, in one statement; all of them on one database alias."""
    if len(sources) < 2:
        return [render(source, address) for source in sources]
    statement = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, made.* FROM ({}) AS made").format(sql.Literal(place), tile_query(source, address))
        for place, source in enumerate(sources)
    )
    made = {}
    for place, body, drawn, features in read_rows(sources[0], statement):
        if _is_within_limits(bytes(body), drawn):
            made[place] = _tile(bytes(body), features)
    # The few that hold too much are gathered one by one.
    return [made.get(place) or render(source, address) for place, source in enumerate(sources)]


def merged(tiles: Sequence[Tile]) -> Tile:
    """One tile with the layers of several: a vector tile is its layers one after the other (MVT 2.1, 4.1), and
    their counts are added up in one."""
    features = sum(tile.features for tile in tiles)
    layers = b"".join(tile.body.removesuffix(_count_layer(tile.features)) for tile in tiles)
    return _tile(layers, features)


def _tile(body: bytes, features: int) -> Tile:
    return Tile(body + _count_layer(features), features) if body or features else Tile(b"", 0)


def _is_within_limits(body: bytes, drawn: int) -> bool:
    return drawn <= limits.value("max_tile_features") and not _is_too_large(body)


def _is_too_large(body: bytes) -> bool:
    most = limits.value("max_tile_kb") * 1024
    return len(body) > most and len(gzip.compress(body, compresslevel=GZIP_LEVEL)) > most


def _count_layer(features: int) -> bytes:
    """A vector tile of one layer with one point in its middle and the count (MVT 2.1, in protocol buffers)."""
    feature = _bytes(2, b"\x00\x00") + _number(3, 1) + _bytes(4, b"\x09" + _varint(4096) + _varint(4096))
    value = _number(5, features)
    layer = _number(15, 2) + _bytes(1, COUNT_LAYER.encode()) + _bytes(2, feature)
    return _bytes(3, layer + _bytes(3, b"features") + _bytes(4, value) + _number(5, 4096))


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
