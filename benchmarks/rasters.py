"""Tiles out of a COG of 8192 × 8192 × 3, JPEG: against the plain window of rasterio, and against rio-tiler's reader.

The plain window is the least that can be asked: the same part of the same file with as many pixels, unplaced, from
an open dataset. Everybody begins each round with a file freshly opened, so that no block is decoded already; all
take their turn at a tile before the next. Of wall time and processor time the better ratio counts: on a busy machine
the first says little.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import Figure

SIDE = 8192
TILE_PX = 512
TILES = 12
GRIDS = {"MSK": 9832, "Web Mercator": 3857}
ZOOMS = (13, 15, 17)
PLACE = (29.24, 48.68)
_PLAIN_STYLE = {
    "kind": "rgb", "bands": [1, 2, 3], "ranges": [], "stops": [], "classes": [], "other": None, "relief": 0.0,
    "azimuth": 315.0, "altitude": 45.0, "exaggeration": 1.0,
}  # fmt: skip

Work = Callable[[int, int, int], Any]
Times = dict[str, list[tuple[float, float]]]


def measure(folder: Path, *, rounds: int) -> list[Figure]:
    figures: list[Figure] = []
    for grid, epsg in GRIDS.items():
        path = _photo(folder / f"photo-{epsg}.tif", epsg)
        for zoom in ZOOMS:
            figures += _figures(grid, zoom, _times(path, epsg, zoom, rounds=rounds))
    return figures


def _figures(grid: str, zoom: int, times: Times) -> list[Figure]:
    ours, plain = times["ours"], times["plain window"]
    with_webp, plain_webp = times["ours, WebP"], times["plain window, WebP"]
    how = f"{TILES} tiles of {TILE_PX} px, cold blocks; ours {_ms(ours)}, window {_ms(plain)}"
    name = f"raster z{zoom}, {grid}"
    return [
        Figure(f"{name}: read / plain window", _ratio(ours, plain), "ratio", None, how),
        Figure(
            f"{name}: tile / plain window, both WebP (R1)", _ratio(with_webp, plain_webp), "ratio", 1.5,
            f"ours {_ms(with_webp)}, window {_ms(plain_webp)}",
        ),
        Figure(
            f"{name}: read / rio-tiler, opened for each", _ratio(ours, times["rio-tiler"]), "ratio", 1.0,
            f"rio-tiler {_ms(times['rio-tiler'])}",
        ),
    ]  # fmt: skip


def _ms(spent: list[tuple[float, float]]) -> str:
    return f"{statistics.median(cpu for _wall, cpu in spent) * 1000:.1f} ms of CPU"


def _ratio(ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> float:
    """The lower of the medians of per-tile ratios, of wall time and of processor time."""
    return min(
        statistics.median(a[part] / max(b[part], 1e-6) for a, b in zip(ours, theirs, strict=True))
        for part in (0, 1)
    )


def _times(path: Path, epsg: int, zoom: int, *, rounds: int) -> Times:
    """(wall, processor) seconds per contender, tile by tile and round by round."""
    times: Times = {}
    for _round in range(rounds):
        with _contenders(path, epsg) as contenders:
            for x, y in _tiles(zoom):
                for name, work in contenders.items():
                    wall, cpu = time.perf_counter(), time.process_time()
                    work(zoom, x, y)
                    spent = time.perf_counter() - wall, time.process_time() - cpu
                    times.setdefault(name, []).append(spent)
    return times


@contextmanager
def _contenders(path: Path, epsg: int) -> Iterator[dict[str, Work]]:
    import rasterio
    from pyproj import CRS
    from rasterio.crs import CRS as RASTERIO_CRS
    from rasterio.warp import transform_bounds
    from rasterio.windows import from_bounds
    from rio_tiler.reader import part

    from layers.rastertiles import drawing, warping
    from layers.rastertiles.sources import Source

    wkt, mercator = CRS.from_epsg(epsg).to_wkt(), RASTERIO_CRS.from_epsg(3857)
    sources = [Source(path, wkt), Source(path, wkt)]
    windows = [rasterio.open(path), rasterio.open(path)]
    everywhere = np.ones((TILE_PX, TILE_PX), bool)

    def canvas(z: int, x: int, y: int) -> Any:
        return drawing.tile_canvas(z, x, y, TILE_PX)

    @cache
    def place(z: int, x: int, y: int) -> Any:
        there = transform_bounds(mercator, windows[0].crs, *canvas(z, x, y).box)
        return from_bounds(*there, transform=windows[0].transform)

    for z in ZOOMS:  # where to read is known beforehand
        for tile in _tiles(z):
            place(z, *tile)

    def window(dataset: Any, z: int, x: int, y: int) -> np.ndarray:
        read: np.ndarray = dataset.read(window=place(z, x, y), out_shape=(3, TILE_PX, TILE_PX))
        return read

    def rio_tiler(z: int, x: int, y: int) -> Any:
        with rasterio.open(path) as dataset:
            return part(
                dataset, canvas(z, x, y).box, TILE_PX, TILE_PX, dst_crs=mercator, reproject_method="bilinear",
                resampling_method="bilinear" if epsg == 3857 else "nearest",
            )  # fmt: skip

    try:
        yield {
            "plain window": lambda z, x, y: window(windows[0], z, x, y),
            "ours": lambda z, x, y: warping.picture(sources[0], canvas(z, x, y), (1, 2, 3)),
            "rio-tiler": rio_tiler,
            "plain window, WebP": lambda z, x, y: drawing.encode(
                window(windows[1], z, x, y), everywhere, "webp"
            ),
            "ours, WebP": lambda z, x, y: drawing.draw(sources[1], canvas(z, x, y), _PLAIN_STYLE, "webp"),
        }
    finally:
        for it in [*sources, *windows]:
            it.close()


def _tiles(zoom: int) -> list[tuple[int, int]]:
    """Up to a dozen tiles, one after the other as a map asks for them, all within the photo."""
    import math

    across = 2**zoom
    lon, lat = PLACE
    left = (lon + 180) / 360 * across
    top = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * across
    room = max(1, int(SIDE * 0.5 / (math.cos(math.radians(lat)) * 40_075_017 / across)) - 1)
    first = math.ceil(left), math.ceil(top)
    return [(first[0] + n % room, first[1] + n // room % room) for n in range(TILES)]


def _photo(path: Path, epsg: int) -> Path:
    """A made photograph: fields with seams, roads and noise, half a metre a pixel, its corner at PLACE."""
    import rasterio
    from affine import Affine
    from pyproj import Transformer
    from rasterio.shutil import copy

    random = np.random.default_rng(7)
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(*PLACE)
    pixel = 0.5 if epsg != 3857 else 0.5 / 0.66
    plain = path.with_suffix(".plain.tif")
    with rasterio.open(
        plain, "w", driver="GTiff", width=SIDE, height=SIDE, count=3, dtype="uint8", photometric="rgb", tiled=True,
        crs=rasterio.crs.CRS.from_epsg(epsg), transform=Affine(pixel, 0, x, 0, -pixel, y),
    ) as target:  # fmt: skip
        fields = random.integers(60, 190, (3, SIDE // 128, SIDE // 128), dtype=np.uint8)
        for band in range(3):
            drawn = np.kron(fields[band], np.ones((128, 128), np.uint8))
            drawn[::1024] = drawn[:, ::1024] = 230
            noise = random.integers(0, 24, drawn.shape, dtype=np.uint8)
            target.write(drawn + noise, band + 1)
    copy(plain, path, driver="COG", compress="JPEG", quality=90, blocksize=512, overview_resampling="average")
    plain.unlink()
    return path
