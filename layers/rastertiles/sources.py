"""Open rasters of ours: a COG with its overviews, and how its coordinates come to Web Mercator. In the child alone."""

import math
import os
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from pyproj import CRS
from rasterio.io import DatasetReader

from gis_core.geo.crs import Operation, operation_between

EARTH_M = 6_378_137.0
WORLD_M = 2 * math.pi * EARTH_M
MAX_LATITUDE = 85.0511287798066
_EDGE_POINTS = 33
_MOST_OPEN = 8
"""Rasters held open at once; each has up to ten levels, and a process may open 64 files."""
COARSER = 1.3
"""An overview may be so much coarser than the picture: a third is not seen, and it spares reading four times
the pixels."""

Box = tuple[float, float, float, float]


class Level:
    """The raster at one of its sizes: `factor` of its pixels make one of the full ones, across."""

    def __init__(self, dataset: DatasetReader, full_width: int) -> None:
        self.dataset = dataset
        self.factor = full_width / dataset.width
        self.to_pixel: Affine = ~dataset.transform


class Source:
    """One raster, open. `box` is where it lies in Web Mercator metres: west, south, east, north."""

    def __init__(self, path: Path, crs_wkt: str) -> None:
        self._path = path
        self.full = rasterio.open(path, driver="GTiff")
        self.operation = _operation(crs_wkt)
        self._levels: dict[int, Level] = {0: Level(self.full, self.full.width)}
        self._factors = [1.0, *self.full.overviews(1)]
        self.box = self._box()

    def close(self) -> None:
        for level in self._levels.values():
            level.dataset.close()

    def level(self, scale: float, *, coarser: float = COARSER) -> Level:
        """The coarsest size of which no pixel is more than `coarser` times as wide as one of the picture, which
        is `scale` full pixels wide."""
        number = max((n for n, factor in enumerate(self._factors) if factor <= scale * coarser), default=0)
        if number not in self._levels:
            opened = rasterio.open(self._path, driver="GTiff", overview_level=number - 1)
            self._levels[number] = Level(opened, self.full.width)
        return self._levels[number]

    def from_mercator(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates in the raster's system; what cannot be computed becomes infinite."""
        lon = np.degrees(x / EARTH_M)
        lat = np.degrees(2 * np.arctan(np.exp(y / EARTH_M)) - math.pi / 2)
        return self.operation.from_lonlat(lon, lat)

    def _box(self) -> Box:
        """Round the outline of the whole grid, points along its edges: they are curves in another system."""
        share = np.linspace(0, 1, _EDGE_POINTS)
        zero, one = np.zeros_like(share), np.ones_like(share)
        across = np.concatenate([share, share, zero, one]) * self.full.width
        down = np.concatenate([zero, one, share, share]) * self.full.height
        t = self.full.transform
        lon, lat = self.operation.to_lonlat(t.a * across + t.b * down + t.c, t.d * across + t.e * down + t.f)
        lat = np.clip(lat, -MAX_LATITUDE, MAX_LATITUDE)
        x, y = np.radians(lon) * EARTH_M, np.log(np.tan(math.pi / 4 + np.radians(lat) / 2)) * EARTH_M
        right = np.isfinite(x) & np.isfinite(y)
        if not right.any():
            return 0.0, 0.0, 0.0, 0.0
        x, y = x[right], y[right]
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())


class NoOperation(ValueError):
    """There is no way from this coordinate system to WGS 84."""


@lru_cache(maxsize=64)
def _operation(crs_wkt: str) -> Operation:
    found = operation_between(CRS.from_wkt(crs_wkt))
    if found is None:
        raise NoOperation(crs_wkt[:80])
    return found


class OpenSources:
    """The rasters asked for last, kept open in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: OrderedDict[tuple[str, int, int], Source] = OrderedDict()

    def get(self, name: str, crs_wkt: str) -> Source:
        """Raises FileNotFoundError, rasterio.errors.RasterioIOError, NoOperation."""
        path = self._folder / name
        found = os.stat(path)
        key = name, found.st_ino, found.st_mtime_ns
        if key not in self._kept:
            self._kept[key] = Source(path, crs_wkt)
            while len(self._kept) > _MOST_OPEN:
                self._kept.popitem(last=False)[1].close()
        self._kept.move_to_end(key)
        return self._kept[key]
