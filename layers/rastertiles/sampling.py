"""Values of a raster at places: one point, or a line in even steps. In the child alone."""

import math
from typing import Any

import numpy as np
from pyproj import Geod
from rasterio.windows import Window

from layers.rastertiles.sources import Level, Source

_EARTH = Geod(ellps="WGS84")
_APART = 4.0
"""Where samples lie so many pixels apart, a coarser size of the raster would do: a block is read once for many."""


def at_point(source: Source, lon: float, lat: float) -> list[float | None]:
    """The values of all bands in the pixel at a place; None for one that has none there."""
    level = source.level(0)
    found = _values(source, level, np.array([lon]), np.array([lat]), tuple(level.dataset.indexes))
    return [_plain(value) for value in found[:, 0]]


def along(source: Source, line: list[list[float]], band: int, samples: int) -> dict[str, Any]:
    """Even steps along a line of lon/lat points: `lon`, `lat`, `distance_m` (geodesic, from the beginning),
    `values` (None where there is none) and `step_m`. As many as `samples`, at least two; never more than
    two a pixel."""
    lon, lat, distance_m = _steps(np.array(line, float), samples, _pixel_m(source, line[0]))
    step_m = float(distance_m[-1] / max(1, len(distance_m) - 1))
    level = source.level(step_m / _pixel_m(source, line[0]) / _APART)
    found = _values(source, level, lon, lat, (band,))[0]
    return {
        "lon": lon.round(7).tolist(), "lat": lat.round(7).tolist(), "distance_m": distance_m.round(2).tolist(),
        "values": [_plain(value) for value in found], "step_m": round(step_m, 3),
        "pixel_m": round(_pixel_m(source, line[0]) * level.factor, 3),
    }  # fmt: skip


def _steps(line: np.ndarray, samples: int, pixel_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths = np.atleast_1d(_EARTH.line_lengths(line[:, 0], line[:, 1]))
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    most = max(2, min(samples, math.ceil(2 * ends[-1] / pixel_m) + 1))
    wanted = np.linspace(0, ends[-1], most)
    # Within one leg degrees are taken as even: a leg of 100 km bends off its great circle by a few metres.
    part = np.clip(np.searchsorted(ends, wanted, side="right") - 1, 0, len(lengths) - 1)
    share = (wanted - ends[part]) / np.where(lengths[part] > 0, lengths[part], 1)
    places = line[part] + (line[part + 1] - line[part]) * share[:, None]
    return places[:, 0], places[:, 1], wanted


def _pixel_m(source: Source, place: list[float]) -> float:
    """Side of a full pixel on the ground, metres, by the width of the grid; never nothing."""
    west, south, east, north = source.box
    middle = (south + north) / 2
    width_m = (east - west) / math.cosh(middle / 6_378_137)
    return max(width_m / source.full.width, 1e-3)


def _values(
    source: Source, level: Level, lon: np.ndarray, lat: np.ndarray, bands: tuple[int, ...]
) -> np.ndarray:
    """(bands, places), NaN for nothing. Each block of the raster that is touched is read once."""
    out = np.full((len(bands), len(lon)), np.nan)
    x, y = source.operation.from_lonlat(lon, lat)
    way = level.to_pixel
    with np.errstate(invalid="ignore"):
        column, row = np.floor(way.a * x + way.b * y + way.c), np.floor(way.d * x + way.e * y + way.f)
        inside = (column >= 0) & (column < level.dataset.width) & (row >= 0) & (row < level.dataset.height)
    places = np.flatnonzero(inside)
    height, width = level.dataset.block_shapes[0]
    blocks: dict[tuple[int, int], list[int]] = {}
    for place in places:
        blocks.setdefault((int(row[place]) // height, int(column[place]) // width), []).append(int(place))
    for of_block in blocks.values():
        rows, columns = row[of_block].astype(int), column[of_block].astype(int)
        left, top = int(columns.min()), int(rows.min())
        window = Window(left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)
        read = level.dataset.read(list(bands), window=window, masked=True).astype(float).filled(np.nan)
        out[:, of_block] = read[:, rows - top, columns - left]
    return out


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
