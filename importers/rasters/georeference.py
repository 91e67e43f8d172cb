"""Where a raster lies: its transform, its coordinate system, and whether both make sense on the Earth.

Only what the file, its parts or a person say is believed. Runs in the process that opens the file.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from affine import Affine
from pyproj import Geod
from rasterio.io import DatasetReader
from rasterio.transform import from_gcps

from gis_core.geo.crs import Operation
from importers.detect import crs as crs_detect
from importers.detect.crs import Resolved
from importers.detect.crs_candidates import Surroundings
from importers.detect.crs_verdict import judge
from importers.errors import CrsUnknown
from importers.rasters.errors import (
    BadGeoreference,
    BadWorldFile,
    ControlPointsDisagree,
    NotGeoreferenced,
    OffTheMap,
    RpcOnly,
)
from importers.rasters.formats import FORMATS
from importers.rasters.protocol import MAX_LATITUDE, RasterRequest

_SMALLEST_M, _LARGEST_M = 0.001, 100_000.0
_WORST_FIT_PX = 10.0
_STRAIGHT = 1e-6  # of a pixel per pixel: less than one pixel over a million
_EDGE_POINTS = 17
_GRID = 14  # each way: as many points as are taken of a layer's vertices

Note = dict[str, Any]


@dataclass(frozen=True)
class Grid:
    """A north-up grid of pixels in a CRS, and how pixels of the source map to coordinates (`own`)."""

    width: int
    height: int
    transform: Affine
    own: Affine
    crs: Resolved
    operation: Operation
    resolution_m: float
    notes: tuple[Note, ...]

    @property
    def is_own(self) -> bool:
        """Whether pixels are those of the source, unmoved."""
        return self.transform.almost_equals(self.own, precision=abs(self.own.a) * _STRAIGHT)

    def lonlat(self, columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Degrees of pixel corners of this grid."""
        t = self.transform
        return self.operation.to_lonlat(t.a * columns + t.c, t.e * rows + t.f)


def locate(source: DatasetReader, request: RasterRequest) -> Grid:
    """The grid to bring the raster to. Raises NotGeoreferenced and the like, CrsUnknown, OffTheMap."""
    notes: list[Note] = []
    own, declared = _transform(source, request, notes)
    _sensible(own, request.name)
    transform, width, height = _straight(own, source.width, source.height, notes)
    left, top = transform.c, transform.f
    bounds = (left, top + height * transform.e, left + width * transform.a, top)
    crs = _crs(source, request, declared, bounds, notes)
    operation = crs_detect.operation(crs, layer=request.name, bounds=bounds, local_srid=request.local_srid)
    if operation.accuracy_m >= 3:
        notes.append(note("accuracy", metres=round(operation.accuracy_m, 1)))
    grid = Grid(width, height, transform, own, crs, operation, 0.0, ())
    resolution = _resolution_m(grid, request.name)
    return Grid(width, height, transform, own, crs, operation, resolution, tuple(notes))


def note(code: str, **params: Any) -> Note:
    return {"code": code, "params": params}


# --- the transform ---


def _transform(source: DatasetReader, request: RasterRequest, notes: list[Note]) -> tuple[Affine, Any]:
    """Pixel to coordinates, and the CRS that the file declares for it."""
    if source.transform != Affine.identity():
        return source.transform, source.crs
    if request.world:
        notes.append(note("world-file-used"))
        return _of_world_file(request), source.crs
    points, crs = source.gcps
    if points:
        return _of_points(points, request.name, notes), crs or source.crs
    if source.rpcs is not None:
        raise RpcOnly(name=request.name)
    parts = next(item.world for item in FORMATS if item.driver == request.driver)
    raise NotGeoreferenced(name=request.name, parts=", ".join(parts))


def _of_world_file(request: RasterRequest) -> Affine:
    """Six lines a, d, b, e, c, f, where c and f are the middle of the first pixel (Esri's world file)."""
    try:
        a, d, b, e, c, f = (float(line.replace(",", ".")) for line in request.world.split())
    except ValueError as error:
        raise BadWorldFile(name=request.name) from error
    if not all(map(math.isfinite, (a, b, c, d, e, f))) or a * e - b * d == 0:
        raise BadWorldFile(name=request.name)
    return Affine(a, b, c - (a + b) / 2, d, e, f - (d + e) / 2)


def _of_points(points: list[Any], name: str, notes: list[Note]) -> Affine:
    """The affine transform that fits the control points best. Raises ControlPointsDisagree."""
    if len(points) < 3:
        raise NotGeoreferenced(name=name, parts=".tfw")
    fitted = from_gcps(points)
    if not all(map(math.isfinite, fitted[:6])) or fitted.determinant == 0:
        raise ControlPointsDisagree(name=name, error="?")
    misses = [math.dist(fitted * (point.col, point.row), (point.x, point.y)) for point in points]
    error = math.sqrt(sum(miss * miss for miss in misses) / len(misses))
    pixel = math.sqrt(abs(fitted.determinant))
    if error > _WORST_FIT_PX * pixel:
        raise ControlPointsDisagree(name=name, error=round(error / pixel, 1))
    notes.append(note("control-points-fitted", count=len(points), error_m=round(error, 2)))
    return fitted


def _sensible(own: Affine, name: str) -> None:
    if not all(map(math.isfinite, own[:6])) or own.determinant == 0:
        raise BadGeoreference(name=name, pixel="0")
    across, down = math.hypot(own.a, own.d), math.hypot(own.b, own.e)
    if max(across, down) > 1000 * min(across, down):
        raise BadGeoreference(name=name, pixel=f"{across:g} × {down:g}")


def _straight(own: Affine, width: int, height: int, notes: list[Note]) -> tuple[Affine, int, int]:
    """The north-up grid that covers the raster with pixels of its own size."""
    turned = max(abs(own.b) / math.hypot(own.b, own.e), abs(own.d) / math.hypot(own.a, own.d)) > _STRAIGHT
    if not turned and own.a > 0 and own.e < 0:
        return Affine(own.a, 0, own.c, 0, own.e, own.f), width, height
    corners = [own * corner for corner in ((0, 0), (width, 0), (width, height), (0, height))]
    across, down = math.hypot(own.a, own.d), math.hypot(own.b, own.e)
    west, north = min(x for x, _ in corners), max(y for _, y in corners)
    east, south = max(x for x, _ in corners), min(y for _, y in corners)
    if turned:
        notes.append(note("straightened", degrees=round(abs(math.degrees(math.atan2(own.d, own.a))), 2)))
    else:
        notes.append(note("flipped"))
    size = math.ceil((east - west) / across - 1e-6), math.ceil((north - south) / down - 1e-6)
    return Affine(across, 0, west, 0, -down, north), *size


# --- the coordinate system ---


def _crs(
    source: DatasetReader, request: RasterRequest, declared: Any, bounds: tuple[float, ...], notes: list[Note]
) -> Resolved:
    if request.crs:
        return crs_detect.given(request.crs)
    found = crs_detect.declared(declared.to_wkt()) if declared else None
    if found is None and request.prj:
        found = crs_detect.declared(request.prj)
        if found is not None:
            notes.append(note("prj-used"))
    return found or _judged(request, bounds, notes)


def _judged(request: RasterRequest, bounds: tuple[float, ...], notes: list[Note]) -> Resolved:
    """The system in which the raster would lie in the community, if that is only one. Raises CrsUnknown."""
    west, south, east, north = bounds
    x, y = np.meshgrid(np.linspace(west, east, _GRID), np.linspace(south, north, _GRID))
    verdict = judge(
        np.column_stack([x.ravel(), y.ravel()]), declared=None, surroundings=Surroundings.of(request.area),
        local_srid=request.local_srid, swapped=False,
    )  # fmt: skip
    if verdict.crs is not None:
        notes.append(note("crs-found", crs=verdict.crs.name, percent=round(100 * (verdict.score or 0))))
        return verdict.crs
    if not verdict.options:
        raise crs_detect.unknown(request.name, (west, south, east, north), request.local_srid)
    options = [asdict(item) for item in verdict.options]
    choices = "; ".join(f"{item['code']} ({item['name']})" for item in options[:8])
    raise CrsUnknown(layer=request.name, options=options, choices=choices)


def _resolution_m(grid: Grid, name: str) -> float:
    """The longer side of the middle pixel in metres. Raises OffTheMap, BadGeoreference."""
    along = np.linspace(0, 1, _EDGE_POINTS)
    columns = np.concatenate([along, along, 0 * along, 0 * along + 1]) * grid.width
    rows = np.concatenate([0 * along, 0 * along + 1, along, along]) * grid.height
    lon, lat = grid.lonlat(columns, rows)
    inside = np.isfinite(lon) & np.isfinite(lat) & (abs(lon) <= 180.001) & (abs(lat) <= MAX_LATITUDE)
    if not inside.all():
        raise OffTheMap(name=name, crs=grid.crs.name)
    at = np.array([grid.width / 2, grid.width / 2 + 1, grid.width / 2])
    lon, lat = grid.lonlat(at, np.array([grid.height / 2, grid.height / 2, grid.height / 2 + 1]))
    _, _, sides = Geod(ellps="WGS84").inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])
    resolution = float(max(sides))
    if not _SMALLEST_M <= resolution <= _LARGEST_M:
        raise BadGeoreference(name=name, pixel=f"{resolution:.4g} m")
    return resolution
