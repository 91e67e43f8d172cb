"""The outline of a raster's valid pixels in lon/lat degrees, simplified to what a map of it needs."""

import numpy as np
import shapely
from rasterio.features import shapes
from rasterio.io import DatasetReader
from shapely import Polygon
from shapely.geometry import shape

from importers.rasters.georeference import Grid

_SIDE = 1024
_MOST_PARTS, _MOST_VERTICES = 100, 2_000
_SMALL = 0.0005  # of the area: smaller holes and specks are left out

Rings = list[list[list[float]]]


def footprint(stored: DatasetReader, grid: Grid) -> list[Rings]:
    """Polygons as rings of [lon, lat], closed, the outer one first; [] where no pixel is valid.

    Follows the valid pixels within 1/1024 of the raster's longer side; holes and specks below 1/2000 of its
    area are left out.
    """
    scale = max(1.0, max(grid.width, grid.height) / _SIDE)
    size = max(1, round(grid.height / scale)), max(1, round(grid.width / scale))
    valid = (stored.dataset_mask(out_shape=size) > 0).astype(np.uint8)
    found = [shape(item) for item, _ in shapes(valid, mask=valid.astype(bool), connectivity=4)]
    polygons = _tidy(found, float(size[0] * size[1]))
    across, down = grid.width / size[1], grid.height / size[0]
    placed = [_rings(polygon, grid, across, down) for polygon in polygons]
    return [rings for rings in placed if Polygon(rings[0], rings[1:]).is_valid] or _box(grid)


def _box(grid: Grid) -> list[Rings]:
    """The whole grid, where no outline could be made that is valid in degrees."""
    return [_rings(Polygon.from_bounds(0, 0, _SIDE, _SIDE), grid, grid.width / _SIDE, grid.height / _SIDE)]


def _tidy(found: list[Polygon], area: float) -> list[Polygon]:
    least = area * _SMALL
    found = sorted(found, key=lambda item: -item.area)[:_MOST_PARTS]
    kept = [item for item in found if item.area >= least] or found[:1]
    filled = [
        Polygon(item.exterior, [ring for ring in item.interiors if Polygon(ring).area >= least])
        for item in kept
    ]
    tolerance = 0.5
    while True:
        simple = [item.simplify(tolerance, preserve_topology=True) for item in filled]
        if sum(shapely.get_num_coordinates(item) for item in simple) <= _MOST_VERTICES or tolerance > _SIDE:
            return [item for item in simple if item.is_valid and not item.is_empty]
        tolerance *= 2


def _rings(polygon: Polygon, grid: Grid, across: float, down: float) -> Rings:
    # Straight lines of one system are curves in another: a point more often than every tenth of the side.
    dense = polygon.segmentize(_SIDE / 10)
    rings = []
    for ring in (dense.exterior, *dense.interiors):
        points = np.asarray(ring.coords)
        lon, lat = grid.lonlat(points[:, 0] * across, points[:, 1] * down)
        placed = np.round(np.column_stack([lon, lat]), 7)
        placed[-1] = placed[0]
        rings.append(placed.tolist())
    return rings
