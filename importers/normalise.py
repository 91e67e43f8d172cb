"""The gate that every geometry passes before it is stored, and the repair of those that need it.

Runs in the sandbox only. In the order of cost and of danger: size, counts, finite coordinates,
transformation, bounds, kind, validity. What does not pass is left out and reported with its row; nothing is
dropped in silence.
"""

import ctypes
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyproj import Geod

from gis_core.geo.crs import Operation
from importers.detect.crs import in_ukraine
from importers.ewkb import ewkb
from importers.nearby import Area
from importers.nesting import nested_deeper
from importers.report import CHANGED, KEPT, REJECTED, REPAIRED, IssueLog

_DIMENSION = {"Point": 0, "LineString": 1, "Polygon": 2}
_KIND = {-1: "collection", 0: "Point", 1: "LineString", 2: "Polygon"}
_COLLECTION = 7
_NEVER_ON_EARTH = 1e12
_SWAP_SAMPLE = 200
_WATCHED_FROM_VERTICES = 100
_INSIST_S = 0.05
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Gate:
    """What geometries may be. `kind` Point, LineString, Polygon or None for any; what has nothing in `area` is told."""

    kind: str | None
    max_vertices: int
    max_parts: int
    max_rings: int
    repair_s: int
    area: Area | None = None
    max_depth: int = 3


@dataclass
class Normaliser:
    """Takes batches of WKB to EWKB in EPSG:4326 and keeps the account of what happened."""

    operation: Operation
    gate: Gate
    issues: IssueLog
    repaired: int = 0
    outside: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    swapped: bool | None = None
    extent: list[float] | None = None

    def batch(self, wkb: pa.Array, rows: np.ndarray) -> tuple[pa.Array, np.ndarray]:
        """EWKB (lon/lat, 2D, valid) of the rows that pass, and their positions in the batch."""
        work = _Batch(rows, self.issues)
        self._parse(work, wkb)
        self._count(work)
        self._transform(work)
        self._fit_kind(work)
        self._repair(work)
        self._place(work)
        self.kinds.update(_kind_names(work.geoms))
        return ewkb(work.geoms), work.places

    # --- size, counts ---

    def _parse(self, work: "_Batch", wkb: pa.Array) -> None:
        gate = self.gate
        lengths = pc.binary_length(wkb).fill_null(0).to_numpy(zero_copy_only=False)
        work.places = np.arange(len(wkb))
        work.geoms = np.empty(len(wkb), object)
        work.reject(lengths == 0, "geometry-missing")
        longest = 40 * gate.max_vertices + 16 * gate.max_rings
        large = lengths[work.places] > longest
        for place in work.places[large]:
            about = int(lengths[place]) // 16
            self.issues.add(
                work.row(place), "too-many-vertices", REJECTED, found=about, allowed=gate.max_vertices
            )
        work.keep(~large)
        deep = nested_deeper(wkb.take(pa.array(work.places)))
        work.reject(deep, "nested-too-deep", allowed=gate.max_depth)
        values = wkb.take(pa.array(work.places)).to_numpy(zero_copy_only=False)
        work.geoms, curved = _read(values)
        work.reject(curved, "geometry-curved")
        self._close_rings(work, values[~curved])
        work.reject(shapely.is_missing(work.geoms), "geometry-unreadable")
        work.reject(shapely.is_empty(work.geoms), "geometry-missing")
        if shapely.has_z(work.geoms).any() or shapely.has_m(work.geoms).any():
            self.issues.add_once("dimensions-dropped", CHANGED)
            work.geoms = shapely.force_2d(work.geoms)

    def _close_rings(self, work: "_Batch", values: np.ndarray) -> None:
        """GML and hand-made GeoJSON leave rings open; GEOS closes them when asked to."""
        broken = np.flatnonzero(shapely.is_missing(work.geoms))
        if len(broken):
            work.geoms[broken] = shapely.from_wkb(values[broken], on_invalid="fix")

    def _count(self, work: "_Batch") -> None:
        gate = self.gate
        vertices = shapely.get_num_coordinates(work.geoms)
        work.reject_above(vertices, gate.max_vertices, "too-many-vertices")
        work.reject_above(shapely.get_num_geometries(work.geoms), gate.max_parts, "too-many-parts")
        vertices = shapely.get_num_coordinates(work.geoms)
        if (vertices > 4 * gate.max_rings).any():
            work.reject_above(
                np.array([_rings(geom) for geom in work.geoms]), gate.max_rings, "too-many-rings"
            )
        collections = shapely.get_type_id(work.geoms) == _COLLECTION
        if collections.any():
            depths = np.array([_depth(geom) for geom in work.geoms])
            work.reject(depths < 0, "geometry-curved")
            work.reject(depths[depths >= 0] > gate.max_depth, "nested-too-deep", allowed=gate.max_depth)

    # --- coordinates ---

    def _transform(self, work: "_Batch") -> None:
        xy, owner = shapely.get_coordinates(work.geoms, return_index=True)
        wild = ~(np.abs(xy) < _NEVER_ON_EARTH).all(axis=1)
        if wild.any():
            work.reject(_marked(owner[wild], len(work.geoms)), "coordinates-not-finite")
            xy, owner = shapely.get_coordinates(work.geoms, return_index=True)
        if not len(xy):
            return
        if self.swapped is None:
            self.swapped = _stands_swapped(self.operation, xy)
            if self.swapped:
                self.issues.add_once("axes-swapped", CHANGED)
        x, y = (xy[:, 1], xy[:, 0]) if self.swapped else (xy[:, 0], xy[:, 1])
        lon, lat = self.operation.to_lonlat(x, y)
        off = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
        if self.swapped or self.operation.transformer is not None:
            lonlat = np.column_stack((np.where(off, 0.0, lon), np.where(off, 0.0, lat)))
            work.geoms = shapely.set_coordinates(work.geoms.copy(), lonlat)
        if off.any():
            self._reject_off_the_earth(work, xy, owner, off)

    def _reject_off_the_earth(
        self, work: "_Batch", xy: np.ndarray, owner: np.ndarray, off: np.ndarray
    ) -> None:
        owners, first = np.unique(owner[off], return_index=True)
        for geometry, (x, y) in zip(owners, xy[off][first], strict=True):
            row = work.row(work.places[geometry])
            self.issues.add(
                row, "coordinates-out-of-range", REJECTED, x=round(float(x), 3), y=round(float(y), 3)
            )
        work.keep(~_marked(owners, len(work.geoms)))

    # --- kind ---

    def _fit_kind(self, work: "_Batch") -> None:
        if self.gate.kind is None:
            return
        expected = _DIMENSION[self.gate.kind]
        collections = np.flatnonzero(shapely.get_type_id(work.geoms) == _COLLECTION)
        for place in collections:
            reduced = _of_dimension(work.geoms[place], expected)
            if not reduced.is_empty:
                work.geoms[place] = reduced
                row = work.row(work.places[place])
                self.issues.add(row, "geometry-reduced", CHANGED, expected=self.gate.kind)
        dimensions = shapely.get_dimensions(work.geoms)
        dimensions[shapely.get_type_id(work.geoms) == _COLLECTION] = -1
        for place in np.flatnonzero(dimensions != expected):
            row, found = work.row(work.places[place]), _KIND[int(dimensions[place])]
            self.issues.add(row, "geometry-type", REJECTED, found=found, expected=self.gate.kind)
        work.keep(dimensions == expected)

    # --- validity ---

    def _repair(self, work: "_Batch") -> None:
        invalid = np.flatnonzero(~shapely.is_valid(work.geoms))
        gone = []
        for place in invalid:
            mended = self._mend(work.geoms[place], work.row(work.places[place]))
            if mended is None:
                gone.append(place)
            else:
                work.geoms[place] = mended
                self.repaired += 1
        if gone:
            work.keep(~_marked(np.array(gone), len(work.geoms)))

    def _mend(self, geom: shapely.Geometry, row: int) -> shapely.Geometry | None:
        reason, lon, lat = _reason(geom)
        vertices = shapely.get_num_coordinates(geom)
        try:
            with _at_most(self.gate.repair_s if vertices >= _WATCHED_FROM_VERTICES else None):
                mended = shapely.make_valid(geom, method="structure", keep_collapsed=False)
        except shapely.GEOSException:
            self.issues.add(row, "repair-too-long", REJECTED, vertices=int(vertices))
            return None
        mended = _of_dimension(mended, shapely.get_dimensions(geom))
        if mended.is_empty or not mended.is_valid:
            self.issues.add(row, "geometry-collapsed", REJECTED, reason=reason)
            return None
        self.issues.add(
            row, "geometry-invalid", REPAIRED, reason=reason, lon=lon, lat=lat,
            area_before_m2=_area_m2(geom), area_after_m2=_area_m2(mended),
        )  # fmt: skip
        return mended

    # --- place ---

    def _place(self, work: "_Batch") -> None:
        if not len(work.geoms):
            return
        boxes = shapely.bounds(work.geoms)
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        if self.extent is None:
            self.extent = [*low, *high]
        else:
            self.extent = [*np.minimum(self.extent[:2], low), *np.maximum(self.extent[2:], high)]
        middle_lon, middle_lat = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        self.issues.locate(work.rows[work.places], middle_lon, middle_lat)
        west, south, east, north = (22.0, 44.2, 40.3, 52.4)
        turned = (middle_lon > south) & (middle_lon < north) & (middle_lat > west) & (middle_lat < east)
        self.issues.add_rows(work.rows[work.places[turned]], "axes-look-swapped", KEPT)
        if self.gate.area is not None:
            away = self.gate.area.misses(work.geoms, np.column_stack((middle_lon, middle_lat)))
            self.outside += int(away.sum())
            self.issues.add_rows(work.rows[work.places[away]], "outside-area", KEPT)


class _Batch:
    """Geometries that are still in the running, and where each stood in the batch."""

    def __init__(self, rows: np.ndarray, issues: IssueLog) -> None:
        self.rows, self.issues = rows, issues
        self.places: np.ndarray = np.empty(0, np.int64)
        self.geoms: np.ndarray = np.empty(0, object)

    def row(self, place: int) -> int:
        return int(self.rows[place])

    def keep(self, good: np.ndarray) -> None:
        if not good.all():
            self.places, self.geoms = self.places[good], self.geoms[good]

    def reject(self, bad: np.ndarray, rule: str, **params: Any) -> None:
        if bad.any():
            self.issues.add_rows(self.rows[self.places[bad]], rule, REJECTED, **params)
            self.keep(~bad)

    def reject_above(self, counts: np.ndarray, most: int, rule: str) -> None:
        bad = counts > most
        for place in np.flatnonzero(bad):
            row = self.row(self.places[place])
            self.issues.add(row, rule, REJECTED, found=int(counts[place]), allowed=most)
        self.keep(~bad)


def _marked(places: np.ndarray, length: int) -> np.ndarray:
    mask = np.zeros(length, bool)
    mask[places] = True
    return mask


def _stands_swapped(operation: Operation, xy: np.ndarray) -> bool:
    """X and Y exchanged: as they stand nothing lies in Ukraine, exchanged nearly everything does."""
    sample = xy[:: max(1, len(xy) // _SWAP_SAMPLE)][:_SWAP_SAMPLE]
    as_is = _share_in_ukraine(*operation.to_lonlat(sample[:, 0].copy(), sample[:, 1].copy()))
    turned = _share_in_ukraine(*operation.to_lonlat(sample[:, 1].copy(), sample[:, 0].copy()))
    return as_is < 0.1 and turned > 0.9


def _share_in_ukraine(lon: np.ndarray, lat: np.ndarray) -> float:
    return sum(in_ukraine(*pair) for pair in zip(lon, lat, strict=True)) / max(len(lon), 1)


def _read(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Geometries of WKB, None where it is broken, and which of them have arcs (also None)."""
    curved = np.zeros(len(values), bool)
    with np.errstate(invalid="ignore"):  # NaN coordinates are met later
        try:
            return shapely.from_wkb(values, on_invalid="ignore"), curved
        except NotImplementedError:
            geoms = np.empty(len(values), object)
    for place, value in enumerate(values):
        try:
            geoms[place] = shapely.from_wkb(value, on_invalid="ignore")
        except NotImplementedError:
            curved[place] = True
    return geoms, curved


def _rings(geom: shapely.Geometry) -> int:
    parts = shapely.get_parts(geom)
    return int((shapely.get_num_interior_rings(parts) + 1).sum())


def _depth(geom: shapely.Geometry) -> int:
    """How deep collections are nested in each other: 0 for anything simple or multi, -1 where one holds arcs."""
    depth, level = 0, [geom]
    try:
        while level := [
            part for item in level if item.geom_type == "GeometryCollection" for part in item.geoms
        ]:
            depth += 1
    except NotImplementedError:
        return -1
    return depth


def _of_dimension(geom: shapely.Geometry, dimension: int) -> shapely.Geometry:
    """The parts of a geometry that have the dimension, as one geometry (empty where there is none)."""
    parts = [geom]
    while any(part.geom_type.startswith(("Multi", "GeometryC")) for part in parts):
        parts = [inner for part in parts for inner in (part.geoms if hasattr(part, "geoms") else [part])]
    kept = [part for part in parts if not part.is_empty and shapely.get_dimensions(part) == dimension]
    if not kept:
        return shapely.GeometryCollection()
    if len(kept) == 1:
        return kept[0]
    gather = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}[dimension]
    return gather(kept)


def _kind_names(geoms: np.ndarray) -> dict[str, int]:
    ids, counts = np.unique(shapely.get_type_id(geoms), return_counts=True)
    return {shapely.GeometryType(int(kind)).name: int(count) for kind, count in zip(ids, counts, strict=True)}


def _reason(geom: shapely.Geometry) -> tuple[str, float | None, float | None]:
    """Why a geometry is invalid, in the words of GEOS, and where."""
    text = shapely.is_valid_reason(geom)
    match = re.fullmatch(r"(.*?)\s*\[(\S+) (\S+)\]", text)
    if not match:
        return text[:80], None, None
    return match[1], round(float(match[2]), 6), round(float(match[3]), 6)


def _area_m2(geom: shapely.Geometry) -> float:
    """Geodesic area on WGS 84; of a crossing ring the sum with signs, as it was drawn."""
    return round(abs(_GEOD.geometry_area_perimeter(geom)[0]), 1)


# --- stopping GEOS ---


def _load_interrupt() -> tuple[Any, Any] | None:
    """GEOS's own stop switch, in the copy of the library that shapely loaded; None where it is not found."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    found = {line.split(maxsplit=5)[-1] for line in lines if "libgeos_c" in line}
    for path in sorted(
        found, key=lambda path: "shapely" not in path
    ):  # the database layer has one of its own
        library = ctypes.CDLL(path)
        return library.GEOS_interruptRequest, library.GEOS_interruptCancel
    return None


_INTERRUPT = _load_interrupt()  # at import: afterwards the sandbox keeps /proc shut


@contextmanager
def _at_most(seconds: int | None) -> Iterator[None]:
    """Stop the GEOS call inside after so many seconds: it raises GEOSException."""
    if seconds is None or _INTERRUPT is None:
        yield
        return
    request, cancel = _INTERRUPT
    done = threading.Event()

    def insist() -> None:
        # Again and again: GEOS may take a stop for the failure of one algorithm and begin with the next.
        wait = float(seconds)
        while not done.wait(wait):
            request()
            wait = _INSIST_S

    watch = threading.Thread(target=insist)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()
        cancel()
