"""Tiles of a public layer or map as one file (PMTiles 3), which any PMTiles client reads by ranges.

An archive holds what everyone may read and nothing else: its tiles are read over the alias "public". Its file is
named after all that decides who may read what and how it is drawn (`made_with`), so that a layer which is closed,
or whose field is, has no archive from that commit on. The same data give the same bytes.
"""

import gzip
import hashlib
import io
import json
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection, connections
from django.utils.translation import gettext_lazy as _
from pmtiles.tile import Compression, TileType, deserialize_directory, deserialize_header, zxy_to_tileid
from pmtiles.writer import Writer

from gis_core import limits
from gis_core.communities import Community
from gis_core.errors import HromadaError
from layers.access import ReadSource, source_at
from layers.models import Layer
from layers.publications import is_published
from layers.tiles.address import TILE_PX, TileAddress, place_down, tile_place
from layers.tiles.asking import FORM
from layers.tiles.cache import REACH_PX
from layers.tiles.map_style import map_sources
from layers.tiles.mvt import is_outside, last_tile_zoom
from layers.tiles.render import merged, render_many
from layers.tiles.tilejson import WORLD, tilejson

Box = Sequence[float]
_CHUNK = 64
_GZIP_LEVEL = 6  # made once and read often
_COLUMN = 1e7  # degrees are whole numbers of this part in a header


class ArchiveNotFound(HromadaError):
    code = "archive-not-found"
    status = 404
    message = _("There is no archive of the tiles of “%(name)s”: it is not public, or was not published yet.")


@dataclass(frozen=True)
class Subject:
    """What an archive is of: `key` is its place among the files, `name` what people call it."""

    key: str
    name: str
    sources: tuple[ReadSource, ...]

    @property
    def made_with(self) -> str:
        """Changes with everything but the features that decides what is in the tiles."""
        decisive = [FORM, [
            [it.layer.full_name, it.layer.style, it.layer.fields, it.layer.key_field, it.layer.geometry_type,
             it.layer.access_level, it.layer.publish_mode, it.layer.min_zoom, it.layer.max_zoom]
            for it in self.sources
        ]]  # fmt: skip
        text = json.dumps(decisive, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    @property
    def revisions(self) -> dict[str, int]:
        return {str(it.layer.pk): it.layer.revision for it in self.sources}

    @property
    def bounds(self) -> Box:
        boxes = [it.layer.extent for it in self.sources if it.layer.extent] or [WORLD]
        sides = zip(*boxes, strict=True)
        return [choose(side) for choose, side in zip((min, min, max, max), sides, strict=True)]


def subject_of_layer(layer: Layer) -> Subject:
    """Raises ArchiveNotFound for a layer that is not public."""
    if not is_published(layer):
        raise ArchiveNotFound(name=layer.full_name)
    return Subject(f"layer-{layer.pk}", layer.full_name, (source_at(layer, None),))


def subject_of_map(community: Community) -> Subject:
    """Raises ArchiveNotFound for a community without public layers."""
    sources = tuple(map_sources(AnonymousUser(), community))
    if not sources:
        raise ArchiveNotFound(name=community.slug)
    return Subject(f"map-{community.pk}", community.slug, sources)


# ---- the files


def directory() -> Path:
    return Path(settings.MEDIA_ROOT) / "archives"


def find(subject: Subject) -> Path:
    """The newest archive that still holds no more than everyone may read. Raises ArchiveNotFound."""
    found = sorted(directory().glob(f"{subject.key}.{subject.made_with}.*.pmtiles"), key=os.path.getmtime)
    if not found:
        raise ArchiveNotFound(name=subject.name)
    return found[-1]


def etag(path: Path) -> str:
    """Of the content, strong, with its quotes."""
    return f'"{path.name.split(".")[2]}"'


def publish(subject: Subject, *, whole: bool = False) -> Path:
    """Make the archive, or bring it to the present: tiles that no changeset touched since are taken from the one
    that is there. Its readers see the old one or the new one. `whole` makes all tiles anew."""
    directory().mkdir(parents=True, exist_ok=True)
    before = None if whole else _opened(subject)
    touched = _touched(subject, before.metadata["revisions"]) if before else None
    with tempfile.NamedTemporaryFile(dir=directory(), suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            _write(file, subject, before if touched is not None else None, touched or [])
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
            path = directory() / f"{subject.key}.{subject.made_with}.{digest}.pmtiles"
            part.chmod(0o644)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    os.utime(path)
    for other in directory().glob(f"{subject.key}.*.pmtiles"):
        if other != path:
            other.unlink(missing_ok=True)
    return path


def is_behind(subject: Subject) -> bool:
    """Whether what is public has changed since the archive was made."""
    made = _opened(subject)
    return made is None or made.metadata["revisions"] != subject.revisions


def withdraw(key: str) -> None:
    """Delete the archives of a subject."""
    for path in directory().glob(f"{key}.*.pmtiles"):
        path.unlink(missing_ok=True)


def _opened(subject: Subject) -> "Archive | None":
    try:
        return Archive(find(subject))
    except ArchiveNotFound:
        return None


def _touched(subject: Subject, revisions: dict[str, int]) -> list[Box] | None:
    """Where something changed since these revisions; None where that is not known any more."""
    boxes: list[Box] = []
    for source in subject.sources:
        layer = source.layer
        since = revisions.get(str(layer.pk), -1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT boxes FROM tiles.change WHERE layer_id = %s AND revision > %s AND revision <= %s",
                [layer.pk, since, layer.revision],
            )
            told = [row[0] for row in cursor.fetchall()]
        if len(told) != layer.revision - since or None in told:
            return None
        boxes += chain.from_iterable(told)
    return boxes


# ---- reading


class Archive:
    """An archive that is there: its metadata, and its packed tiles by their number."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.header = deserialize_header(self._read(0, 127))
        packed = self._read(self.header["metadata_offset"], self.header["metadata_length"])
        self.metadata: dict[str, Any] = json.loads(gzip.decompress(packed))
        self._places: dict[int, tuple[int, int]] = {}
        self._learn(self.header["root_offset"], self.header["root_length"])

    def _learn(self, offset: int, length: int) -> None:
        for entry in deserialize_directory(self._read(offset, length)):
            if entry.run_length == 0:
                self._learn(self.header["leaf_directory_offset"] + entry.offset, entry.length)
            for place in range(entry.run_length):
                self._places[entry.tile_id + place] = (entry.offset, entry.length)

    def _read(self, offset: int, length: int) -> bytes:
        return self._map[offset : offset + length]

    def get(self, tile: TileAddress) -> bytes:
        """The packed tile; b"" where there is none."""
        place = self._places.get(zxy_to_tileid(tile.z, tile.x, tile.y))
        return self._read(self.header["tile_data_offset"] + place[0], place[1]) if place else b""


def extract(archive: Archive, box: Box) -> bytes:
    """The part of an archive whose tiles meet a box (west, south, east, north), as an archive."""
    file = io.BytesIO()
    writer = Writer(file)
    for zoom in range(archive.header["min_zoom"], archive.header["max_zoom"] + 1):
        for tile in _in_order(_tiles_in(box, zoom)):
            if body := archive.get(tile):
                writer.write_tile(zxy_to_tileid(tile.z, tile.x, tile.y), body)
    if not writer.tile_entries:
        raise ArchiveNotFound(name=archive.metadata["name"])
    writer.finalize(_header(box), archive.metadata)
    return file.getvalue()


def extract_size(archive: Archive, box: Box) -> int:
    """How many tiles `extract` would look at."""
    zooms = range(archive.header["min_zoom"], archive.header["max_zoom"] + 1)
    return sum(len(rows) * len(columns) for columns, rows in (_ranges(box, zoom) for zoom in zooms))


# ---- writing


def _write(file: Any, subject: Subject, before: Archive | None, touched: Sequence[Box]) -> None:
    writer = Writer(file)
    for zoom, made in _levels(subject, before, touched):
        for tile, body in made:
            writer.write_tile(zxy_to_tileid(zoom, tile.x, tile.y), body)
    if not writer.tile_entries:
        raise ArchiveNotFound(name=subject.name)
    writer.finalize(_header(subject.bounds), _metadata(subject))


def _levels(
    subject: Subject, before: Archive | None, touched: Sequence[Box]
) -> Iterator[tuple[int, list[tuple[TileAddress, bytes]]]]:
    """The tiles of each zoom that hold something, in the order of the file. What a tile holds is in the tile
    above it or, gathered into a cell, in one beside that: elsewhere nothing is looked for."""
    begins = [(first_zoom(it.layer), it.layer) for it in subject.sources if it.layer.extent]
    if not begins:
        return
    last = max(last_tile_zoom(it.layer) for it in subject.sources)
    room = limits.value("max_archive_tiles")
    filled: list[TileAddress] = []
    for zoom in range(min(zoom for zoom, _layer in begins), last + 1):
        below = {near for tile in filled for near in _beneath(tile)}
        for first, layer in begins:
            if zoom == first:
                below.update(_tiles_in(layer.extent or WORLD, zoom, reach_px=REACH_PX))
        wanted = _in_order(
            tile for tile in below if not all(is_outside(it.layer, tile) for it in subject.sources)
        )
        room -= len(wanted)
        if room < 0:
            break  # clients magnify the tiles of the zoom before
        made = list(_made(subject, wanted, before, touched))
        filled = [tile for tile, _body in made]
        yield zoom, made


def _made(
    subject: Subject, wanted: Sequence[TileAddress], before: Archive | None, touched: Sequence[Box]
) -> Iterator[tuple[TileAddress, bytes]]:
    """The tiles that hold something, packed, in the order in which they are wanted."""
    bodies: dict[TileAddress, bytes] = {}
    missing = list(wanted)
    if before is not None and wanted:
        moved = {tile for box in touched for tile in _tiles_in(box, wanted[0].z, reach_px=REACH_PX)}
        missing = [tile for tile in wanted if tile in moved]
        bodies = {tile: before.get(tile) for tile in wanted if tile not in moved}
    chunks = [missing[at : at + _CHUNK] for at in range(0, len(missing), _CHUNK)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for chunk, made in zip(chunks, pool.map(lambda it: _render(subject, it), chunks), strict=True):
            bodies |= dict(zip(chunk, made, strict=True))
    return ((tile, bodies[tile]) for tile in wanted if bodies[tile])


def _render(subject: Subject, tiles: Iterable[TileAddress]) -> list[bytes]:
    """In a thread with connections of its own: the work is PostgreSQL's."""
    try:
        return [_body(subject, tile) for tile in tiles]
    finally:
        connections.close_all()


def _body(subject: Subject, tile: TileAddress) -> bytes:
    sources = [it for it in subject.sources if not is_outside(it.layer, tile)]
    body = merged(render_many(sources, tile)).body
    return gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0) if body else b""


def _metadata(subject: Subject) -> dict[str, Any]:
    """Metadata of PMTiles 3 (5.4), with the revisions that the tiles show at least. No time: it would make two
    archives of the same data differ."""
    documents = [tilejson(source, "") for source in subject.sources]
    return {
        "name": subject.name,
        "attribution": "; ".join(dict.fromkeys(it["attribution"] for it in documents if it["attribution"])),
        "type": "overlay",
        "vector_layers": [layer for it in documents for layer in it["vector_layers"]],
        "revisions": subject.revisions,
    }


def _header(box: Box) -> dict[str, Any]:
    west, south, east, north = (round(side * _COLUMN) for side in box)
    return {
        "tile_type": TileType.MVT, "tile_compression": Compression.GZIP,
        "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north,
        "center_zoom": 11, "center_lon_e7": (west + east) // 2, "center_lat_e7": (south + north) // 2,
    }  # fmt: skip


# ---- which tiles


def first_zoom(layer: Layer) -> int:
    return min(layer.min_zoom, last_tile_zoom(layer))


def _beneath(tile: TileAddress) -> list[TileAddress]:
    """The four tiles that a tile becomes at the next zoom, and those around them."""
    last = 2 ** (tile.z + 1) - 1
    columns, rows = (
        [it for it in range(2 * at - 1, 2 * at + 3) if 0 <= it <= last] for at in (tile.x, tile.y)
    )
    return [TileAddress(tile.z + 1, x, y) for x in columns for y in rows]


def _in_order(tiles: Iterable[TileAddress]) -> list[TileAddress]:
    return sorted(tiles, key=lambda tile: zxy_to_tileid(tile.z, tile.x, tile.y))


def _tiles_in(box: Box, zoom: int, *, reach_px: float = 0) -> Iterator[TileAddress]:
    columns, rows = _ranges(box, zoom, reach_px=reach_px)
    return (TileAddress(zoom, x, y) for x in columns for y in rows)


def _ranges(box: Box, zoom: int, *, reach_px: float = 0) -> tuple[range, range]:
    """Columns and rows of the tiles that meet a box in degrees, grown by pixels of this zoom."""
    reach = reach_px / TILE_PX
    west, south, east, north = box
    columns = range(
        tile_place((west + 180) / 360, zoom, -reach), tile_place((east + 180) / 360, zoom, reach) + 1
    )
    rows = range(tile_place(place_down(north), zoom, -reach), tile_place(place_down(south), zoom, reach) + 1)
    return columns, rows
