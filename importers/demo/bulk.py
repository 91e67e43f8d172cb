"""A layer of parcels as large as wanted, for benchmarks: `generate_parcels`, `write_parcels`.

The country is a chessboard of tiles, each with one village and its fields, laid out once and then bent,
jittered and named differently in every tile. Neighbours within a tile share their borders vertex by vertex.
Memory depends on the chunk, not on the number of parcels. All codes begin with 99 and belong to nobody.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import shapely
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from importers.demo.shapefile import NumberField, PolygonShapefile, TextField

SRID = 6384  # UCS-2000 / Ukraine TM zone 10
FIELDS = (
    TextField("CADNUM", 22),
    TextField("CATEGORY", 3),
    TextField("PURPOSE", 5),
    TextField("USE_TEXT", 80),
    TextField("OWNERSH", 3),
    NumberField("AREA_HA", 12, 4),
    TextField("LOCATION", 5),
    TextField("ADDRESS", 60),
)
FIELD_MAP = {
    "CADNUM": "cad_num", "CATEGORY": "category", "PURPOSE": "purpose_code", "USE_TEXT": "use_text",
    "OWNERSH": "ownership", "AREA_HA": "area_doc_ha", "LOCATION": "location", "ADDRESS": "address",
}  # fmt: skip
TILE_PARCELS = 1_000
TILE_M = 5_450.0  # a tile turned any way fits in
CENTRE = (300_000.0, 5_450_000.0)
CHUNK_TILES = 50
VILLAGES = (
    "Вербівка", "Кам’янка", "Тернівка", "Ґрунтівка", "Єлизаветівка", "Їжаківка", "Калинівка", "Липовець",
    "Мар’янівка", "Новосілки", "Олександрівка", "Підгір’я", "Ставище", "Сосонка", "Хутори", "Яблунівка",
)  # fmt: skip
STREETS = (
    "Садова", "Шевченка", "Лесі Українки", "Польова", "Під’їзна", "Київська", "Європейська", "Ґонти",
    "Зелена", "Миру", "Слов’янська", "Нова",
)  # fmt: skip
HOUSE = ("02.01", "200", "для будівництва та обслуговування житлового будинку", "urban")
GARDEN = ("01.03", "100", "для ведення особистого селянського господарства", "urban")
OWNERS = np.array(["100", "200", "300"], dtype=object)
SHARE = ("01.01", "100", "для ведення товарного сільськогосподарського виробництва", "rural")


@dataclass(frozen=True)
class Chunk:
    """Some parcels: exterior rings one after another, closed, clockwise, and their values by column."""

    coords: NDArray[np.float64]
    ring_ends: NDArray[np.int64]  # with a leading 0
    columns: dict[str, NDArray[np.object_] | NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.ring_ends) - 1

    @cached_property
    def polygons(self) -> NDArray[np.object_]:
        every = np.arange(len(self.ring_ends))
        kind = shapely.GeometryType.POLYGON
        return np.asarray(shapely.from_ragged_array(kind, self.coords, (self.ring_ends, every)))


def generate_parcels(count: int, *, seed: int = 1) -> Iterator[Chunk]:
    """`count` parcels around `CENTRE`, in chunks of up to 50,000; the same for the same arguments."""
    template = _Template()
    tiles = -(-count // TILE_PARCELS)
    side = int(np.ceil(np.sqrt(tiles)))
    for first in range(0, tiles, CHUNK_TILES):
        numbers = range(first, min(first + CHUNK_TILES, tiles))
        made = [template.tile(number, side, seed) for number in numbers]
        yield _chunk(template, made, min(count - first * TILE_PARCELS, len(made) * TILE_PARCELS))


def _chunk(template: _Template, tiles: list[_Tile], count: int) -> Chunk:
    """The first `count` parcels of these tiles."""
    ends = np.concatenate([[0], np.cumsum(np.tile(template.lengths, len(tiles))[:count])])
    coords = np.concatenate([tile.coords for tile in tiles])[: ends[-1]]
    kinds = (template.kinds * len(tiles))[:count]
    codes, categories, texts, locations = (
        np.array(values, dtype=object) for values in zip(*kinds, strict=True)
    )
    owners = np.concatenate([tile.owners for tile in tiles])[:count]
    columns = {
        "CADNUM": np.array([n for tile in tiles for n in tile.cad_numbers][:count], dtype=object),
        "CATEGORY": categories,
        "PURPOSE": codes,
        "USE_TEXT": texts,
        "OWNERSH": owners,
        "AREA_HA": np.round(_areas_m2(coords, ends) / 10_000, 4),
        "LOCATION": locations,
        "ADDRESS": np.array([a for tile in tiles for a in tile.addresses][:count], dtype=object),
    }
    return Chunk(coords, ends, columns)


def _areas_m2(coords: NDArray[np.float64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Area of each closed ring (shoelace, about the ring's first point, which keeps the centimetres)."""
    starts = ends[:-1]
    local = coords - np.repeat(coords[starts], np.diff(ends), axis=0)
    cross = np.append(local[:-1, 0] * local[1:, 1] - local[1:, 0] * local[:-1, 1], 0.0)
    cross[ends[1:] - 1] = 0.0  # from the end of one ring to the start of the next is no edge
    return np.abs(np.add.reduceat(cross, starts)) / 2


def write_parcels(count: int, path: Path, *, srid: int = SRID, seed: int = 1, change_every: int = 0) -> None:
    """The parcels as a zipped shapefile in cp1251 with short field names, as a cadastre office would send.

    The coordinates are the same in every zone; `srid` only says which one the .prj names. With `change_every`
    100 one parcel in a hundred has changed since: its address, and of every second of them the border.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        with PolygonShapefile(Path(scratch) / "dilianky.shp", FIELDS, srid) as shapefile:
            for chunk in generate_parcels(count, seed=seed):
                if change_every:
                    _change(chunk, change_every)
                shapefile.append(chunk.coords, chunk.ring_ends, chunk.columns)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for part in sorted(Path(scratch).iterdir()):
                archive.write(part, part.name)


def _change(chunk: Chunk, every: int) -> None:
    for place in range(0, len(chunk), every):
        chunk.columns["ADDRESS"][place] = "адресу змінено"
        if place % (2 * every) == 0:
            chunk.coords[chunk.ring_ends[place] : chunk.ring_ends[place + 1]] += 0.25


@dataclass(frozen=True)
class _Tile:
    coords: NDArray[np.float64]
    cad_numbers: list[str]
    addresses: list[str]
    owners: NDArray[np.object_]


@dataclass
class _Grid:
    """Vertices of a tile and the rings that run over them, as indices."""

    places: list[tuple[float, float]] = field(default_factory=list)
    known: dict[tuple[float, float], int] = field(default_factory=dict)
    rings: list[list[int]] = field(default_factory=list)

    def vertex(self, x: float, y: float) -> int:
        key = (round(x, 3), round(y, 3))
        if key not in self.known:
            self.known[key] = len(self.places)
            self.places.append(key)
        return self.known[key]

    def plot(self, x0: float, x1: float, y0: float, y1: float, along: int, across: int) -> None:
        """A rectangle with `along` vertices within each upright side and `across` within the others."""
        ys, xs = np.linspace(y0, y1, along + 2), np.linspace(x0, x1, across + 2)
        walk = [(x0, y) for y in ys] + [(x, y1) for x in xs[1:-1]]
        walk += [(x1, y) for y in ys[::-1]] + [(x, y0) for x in xs[-2:0:-1]]
        ring = [self.vertex(float(x), float(y)) for x, y in walk]
        self.rings.append([*ring, ring[0]])


def _is_taken(row: int, column: int) -> bool:
    """Cells of the tile without fields: the village in the middle, woods in the corners."""
    return (1 <= row <= 3 and 2 <= column <= 3) or (row in (0, 4) and column in (0, 5))


class _Template:
    """The tile that all tiles are bent from: 600 house plots and gardens in the middle, 400 shares around."""

    def __init__(self) -> None:
        grid = _Grid()
        self.kinds: list[tuple[str, str, str, str]] = []
        self.cad_tails: list[str] = []
        self.address_tails: list[str] = []
        self._village(grid)
        self._fields(grid)
        self.places = np.asarray(grid.places)
        self.index = np.concatenate(grid.rings)
        self.lengths = np.array([len(ring) for ring in grid.rings])

    def _village(self, grid: _Grid) -> None:
        """Ten blocks of two rows; 15 house plots and 15 gardens behind them in each row."""
        for block in range(10):
            x, y = -640.0 + 660.0 * (block % 2), -850.0 + 345.0 * (block // 2)
            for row in (0, 1):
                for lot in range(15):
                    x0, x1 = x + lot * 42.0, x + (lot + 1) * 42.0
                    front, middle, back = (0.0, 66.0, 166.0) if row == 0 else (332.0, 266.0, 166.0)
                    self._plot(grid, HOUSE, block, row * 15 + lot, (x0, x1, y + front, y + middle), (4, 1))
                    self._plot(grid, GARDEN, block, row * 15 + lot, (x0, x1, y + middle, y + back), (4, 1))

    def _fields(self, grid: _Grid) -> None:
        """Twenty massifs of twenty strips around the village."""
        places = [(row, column) for row, column in np.ndindex(5, 6) if not _is_taken(row, column)]
        for number, (row, column) in enumerate(places, start=10):
            x, y = -2_160.0 + 720.0 * column, -1_550.0 + 620.0 * row
            for strip in range(20):
                edges = (x + strip * 35.5, x + (strip + 1) * 35.5, y, y + 608.0)
                self._plot(grid, SHARE, number, strip, edges, (3, 1))

    def _plot(
        self, grid: _Grid, kind: tuple[str, str, str, str], quarter: int, number: int,
        edges: tuple[float, float, float, float], between: tuple[int, int],
    ) -> None:  # fmt: skip
        x0, x1, y0, y1 = edges
        grid.plot(x0, x1, min(y0, y1), max(y0, y1), *between)
        self.kinds.append(kind)
        zone, offset = ("02", 0) if kind is SHARE else ("01", 500 * (kind is GARDEN))
        self.cad_tails.append(f":{zone}:{quarter + 1:03d}:{number + 1 + offset:04d}")
        street = STREETS[quarter % len(STREETS)]
        self.address_tails.append("" if kind is SHARE else f", вул. {street}, {number + 1}")

    def tile(self, number: int, side: int, seed: int) -> _Tile:
        """The tile bent, turned, put in its place on the board and named."""
        rng = Generator(PCG64([seed, number]))
        turn = rng.uniform(0, 2 * np.pi)
        places = self.places + rng.uniform(-1.1, 1.1, self.places.shape)
        wave_m, phase = rng.uniform(280, 460, 2), rng.uniform(0, 2 * np.pi, 2)
        places = places + rng.uniform(14, 34, 2) * np.sin(places[:, ::-1] / wave_m + phase)
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        corner = (np.array([number % side, number // side]) - (side - 1) / 2) * TILE_M
        placed = np.round(places @ spin.T + corner + CENTRE, 2)
        code, name = f"99{number + 1:06d}00", f"с. {VILLAGES[number % len(VILLAGES)]}"
        return _Tile(
            placed[self.index],
            [code + tail for tail in self.cad_tails],
            [name + tail for tail in self.address_tails],
            OWNERS[np.searchsorted([0.86, 0.97], rng.random(TILE_PARCELS))],
        )
