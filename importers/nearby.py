"""Which geometries lie in the area where a community's data should be, at little cost for very many of them."""

import numpy as np
import shapely

_CELLS = 64


class Area:
    """The surroundings of a community, and of each cell of a grid over them whether it lies wholly inside."""

    def __init__(self, polygon: shapely.Geometry) -> None:
        self._polygon = polygon
        shapely.prepare(polygon)
        west, south, east, north = polygon.bounds
        self._corner = np.array([west, south])
        self._cell = np.array([east - west, north - south]) / _CELLS
        x, y = (
            start + size * np.arange(_CELLS + 1)
            for start, size in zip((west, south), self._cell, strict=True)
        )
        left, low = np.meshgrid(x[:-1], y[:-1], indexing="ij")
        right, high = np.meshgrid(x[1:], y[1:], indexing="ij")
        self._whole = shapely.contains_properly(polygon, shapely.box(left, low, right, high))

    @classmethod
    def from_hex(cls, wkb: str) -> "Area | None":
        """The area of hex WKB (EPSG:4326); None for "" and for one without extent."""
        polygon = shapely.from_wkb(wkb) if wkb else None
        return cls(polygon) if polygon is not None and polygon.area > 0 else None

    def misses(self, geoms: np.ndarray, middles: np.ndarray) -> np.ndarray:
        """Which geometries have nothing in the area. `middles` are those of their boxes, n × 2: one whose middle
        lies well inside is taken for one that does."""
        place = np.floor((middles - self._corner) / self._cell)
        within = ((place >= 0) & (place < _CELLS)).all(axis=1)
        column, row = np.where(within[:, None], place, 0).astype(np.intp).T
        away = ~(within & self._whole[column, row])
        away[away] = ~shapely.intersects(self._polygon, geoms[away])
        return away
