"""Who asks for a tile, through which door they see the layer, and which tile is kept for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from layers.access import (
    LayerNotFound,
    Reader,
    ReadSource,
    cleared_level,
    is_layer_name,
    kept_layer,
    source_at,
    visible_fields,
)
from layers.delivery import is_public_content
from layers.models import Layer
from layers.schema import ACCESS_LEVELS
from layers.tiles.mvt import TileAddress
from layers.tiles.prepared import Asker, Question, Row, ask

FORM = 1
"""Of the tiles' bytes: raise it when the same data shall give other bytes, and kept tiles are made anew."""

_MOST_DOORS = 10_000

_TILE = Question(
    "tile",
    """
    SELECT asked.layer, asked.stamp, asked.role, asked.granted, t.audience, t.etag, t.features, t.turn, {proof}
    FROM {asked}
    LEFT JOIN tiles.tile t ON t.layer_id = asked.layer AND t.z = $3 AND t.x = $4 AND t.y = $5""",
    parameters=5,
)


@dataclass(frozen=True)
class Door:
    """One kind of reader's way to a layer. Readers with the same `audience` get the same bytes."""

    source: ReadSource
    audience: int
    is_public: bool


@dataclass(frozen=True)
class KeptTile:
    """A tile as the cache knows it. `etag` is the hash of its bytes, "" where it holds nothing."""

    etag: str
    features: int
    turn: int = 0

    @property
    def header(self) -> str:
        """The ETag as it is sent. Weak, because one stands for the tile packed and unpacked."""
        return f'W/"{self.etag}"'


@dataclass(frozen=True)
class Asked:
    """A request that may be answered. `stamp` stands for the state of the layer that `kept` was valid in."""

    layer: Layer
    door: Door
    stamp: str
    kept: KeptTile | None


def ask_tile(request: HttpRequest, name: str, address: TileAddress) -> Asked:
    """What is asked for, and the tile if it is kept. Raises LayerNotFound, AuthenticationFailed."""
    if not is_layer_name(name):
        raise LayerNotFound(layer=name)
    community, _dot, slug = name.partition(".")
    asker, rows = ask(request, _TILE, [[community], [slug], address.z, address.x, address.y])
    if not rows:
        raise LayerNotFound(layer=name)
    return _asked(asker, rows, name)


_TILES = Question(
    "tiles",
    """
    SELECT asked.layer, asked.stamp, asked.role, asked.granted, t.audience, t.etag, t.features, t.turn,
           asked.slug, {proof}
    FROM {asked}
    LEFT JOIN tiles.tile t ON t.layer_id = asked.layer AND t.z = $3 AND t.x = $4 AND t.y = $5""",
    parameters=5,
)


def ask_tiles(
    request: HttpRequest, community: str, slugs: Sequence[str], address: TileAddress
) -> dict[str, Asked]:
    """Of the layers of a community with these short names those that may be read, with their tiles, in one
    statement. Raises AuthenticationFailed."""
    asker, rows = ask(request, _TILES, [[community], list(slugs), address.z, address.x, address.y])
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[8], []).append(row)
    return {slug: _asked(asker, mine, f"{community}.{slug}") for slug, mine in found.items()}


def _asked(asker: Asker, rows: list[Row], name: str) -> Asked:
    """From the rows of the one statement, one for each audience that the tile is kept for."""
    pk, stamp, role, granted, *_tile = rows[0]
    level = None
    if asker.user is not None:
        level = cleared_level(role, granted=granted, is_superuser=asker.is_superuser)
    door = _door(pk, stamp, level) or _new_door(pk, stamp, level, asker.reader())
    if door is None:
        raise LayerNotFound(layer=name)
    kept = next((KeptTile(*row[5:8]) for row in rows if row[4] == door.audience), None)
    return Asked(door.source.layer, door, stamp, kept)


_doors: dict[int, tuple[str, dict[str | None, Door]]] = {}


def _door(pk: int, stamp: str, level: str | None) -> Door | None:
    """The door of readers cleared for `level`, None for who is not signed in; kept while the layer is the same."""
    known = _doors.get(pk)
    return known[1].get(level) if known is not None and known[0] == stamp else None


def _new_door(pk: int, stamp: str, level: str | None, user: Reader) -> Door | None:
    """None where the layer was closed since it was asked for."""
    layer = kept_layer(pk, stamp, user)
    if layer is None:
        return None
    if len(_doors) >= _MOST_DOORS:
        _doors.clear()
    known = _doors.get(pk)
    if known is None or known[0] != stamp:
        known = _doors[pk] = (stamp, {})
    door = known[1][level] = _door_of(layer, level)
    return door


def _door_of(layer: Layer, level: str | None) -> Door:
    """Who sees no more than everyone reads what everyone reads, through the door of everyone."""
    source = source_at(layer, level)
    if is_public_content(source):
        return Door(source_at(layer, None), FORM * 8, is_public=True)
    same = next(lower for lower in ACCESS_LEVELS if visible_fields(layer, lower) == source.fields)
    return Door(source, FORM * 8 + 1 + ACCESS_LEVELS.index(same), is_public=False)
