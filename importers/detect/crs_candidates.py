"""The coordinate systems that data of a Ukrainian community may be in, tried on sample vertices.

Each candidate is a system with X and Y as they stand or exchanged; its score is the share of the vertices
that then lie where the community is. Candidates that put every vertex within a metre of each other are one
`Reading`: УСК-2000 and СК-42 zones, МСК and TM zones of one central meridian.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import shapely
from pyproj import CRS, Transformer

from gis_core.geo import zones
from gis_core.geo.crs import UKRAINE, Operation, operation_between

Transformation = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
DEGREES, MERCATOR = "EPSG:4326", "EPSG:3857"
# What stands first among equals: what the file says, the region's own system, then by how usual they are.
_RANKS = {
    "declared": 0, "local": 1, "degrees": 2, "tm": 3, "gk6": 4, "sk63": 5, "msk": 6, "utm": 7, "mercator": 8,
    "sk63-cpt": 9, "gk6-plain": 10, "gk3": 11,
}  # fmt: skip
_PULKOVO_LATER, _SWAPPED_LATER = 0.5, 20
_ONE_M, _DEGREE_M = 1.0, 111_320.0
_BUFFER_M = 4_700.0  # of the 5 km by which the area is wider than the community
_WORTH_COMPARING = 0.05


@dataclass(frozen=True)
class Candidate:
    """A system by its code ("" for a declared one without), X and Y exchanged or not, and where it puts the
    vertices: `lonlat` in degrees of WGS 84, infinite where nowhere."""

    code: str
    kind: str
    swapped: bool
    lonlat: np.ndarray
    rank: float
    score: float
    inside: float
    in_ukraine: float


@dataclass
class Reading:
    """Candidates that agree within a metre, the first of them speaking for all."""

    candidates: list[Candidate] = field(default_factory=list)

    @property
    def first(self) -> Candidate:
        return self.candidates[0]

    @property
    def is_declared(self) -> bool:
        """What the file says, X and Y as they stand."""
        return any(item.kind == "declared" and not item.swapped for item in self.candidates)

    @property
    def is_declared_turned(self) -> bool:
        """What the file says, with X and Y exchanged."""
        return any(item.kind == "declared" and item.swapped for item in self.candidates)


@dataclass(frozen=True)
class Surroundings:
    """Where data should lie: the community with 5 km around it, and about the community itself.

    Without a community, Ukraine's bounds, and `known` is False.
    """

    area: shapely.Geometry
    inner: shapely.Geometry | None
    known: bool

    @classmethod
    def of(cls, wkb_hex: str) -> "Surroundings":
        """Of a polygon in EPSG:4326 as WKB in hex; "" or nonsense: of Ukraine."""
        area = shapely.from_wkb(wkb_hex, on_invalid="ignore") if wkb_hex else None
        if area is None or area.is_empty or not area.is_valid:
            box = UKRAINE
            bounds = (box.west_lon_degree, box.south_lat_degree, box.east_lon_degree, box.north_lat_degree)
            return cls(shapely.box(*bounds), None, known=False)
        shapely.prepare(area)
        inner = _shrunk(area)
        if inner is not None:
            shapely.prepare(inner)
        return cls(area, inner, known=True)


def _shrunk(area: shapely.Geometry) -> shapely.Geometry | None:
    """About the community itself, of the community with 5 km around it."""
    flat = np.array([np.cos(np.radians(area.centroid.y)), 1.0])
    stretched = shapely.transform(area, lambda xy: xy * flat)
    shrunk = shapely.transform(shapely.buffer(stretched, -_BUFFER_M / _DEGREE_M), lambda xy: xy / flat)
    return None if shrunk.is_empty else shrunk


# --- trying ---


def tried(
    xy: np.ndarray,
    surroundings: Surroundings,
    *,
    declared: tuple[str, Operation] | None = None,
    local_srid: int | None = None,
    only_declared: bool = False,
    swapped: bool | None = None,
) -> list[Reading]:
    """Every reading of the vertices (n × 2) that puts any of them into Ukraine, and the declared one; the
    best first. `swapped` keeps only candidates with X and Y that way. About 60 ms for 200 vertices.
    """
    found = []
    ways = (False, True) if swapped is None else (swapped,)
    for code, kind, transform in _systems(declared, local_srid, only_declared):
        for turned in ways:
            x, y = (xy[:, 1], xy[:, 0]) if turned else (xy[:, 0], xy[:, 1])
            lon, lat = transform(x.copy(), y.copy())
            item = _placed(code, kind, turned, np.column_stack((lon, lat)), surroundings)
            if item.in_ukraine > 0 or kind == "declared":
                found.append(item)
    found.sort(key=lambda item: item.rank)
    readings = _gathered(found)
    readings.sort(key=lambda reading: (-round(reading.first.score, 2), reading.first.rank))
    return readings


def _systems(
    declared: tuple[str, Operation] | None, local_srid: int | None, only_declared: bool
) -> Iterator[tuple[str, str, Transformation]]:
    if declared is not None:
        yield declared[0], "declared", declared[1].to_lonlat
    if only_declared:
        return
    local = f"EPSG:{local_srid}" if local_srid else ""
    for zone in zones.ZONES:
        if zone.code == local:
            yield zone.code, "local", zones.to_lonlat(zone).transform
        elif zone.kind != "msk":
            yield zone.code, zone.kind, zones.to_lonlat(zone).transform
    yield DEGREES, "degrees", lambda x, y: (x, y)
    yield MERCATOR, "mercator", _mercator().transform


@cache
def _mercator() -> Transformer:
    return Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=webmerc +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )


def _placed(code: str, kind: str, swapped: bool, lonlat: np.ndarray, surroundings: Surroundings) -> Candidate:
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    finite = np.isfinite(lonlat).all(axis=1)
    box = UKRAINE
    in_ukraine = finite & (lon >= box.west_lon_degree) & (lon <= box.east_lon_degree)
    in_ukraine &= (lat >= box.south_lat_degree) & (lat <= box.north_lat_degree)
    score = inside = 0.0
    if in_ukraine.any():
        x, y = np.where(finite, lon, 999.0), np.where(finite, lat, 999.0)
        score = float(shapely.contains_xy(surroundings.area, x, y).mean())
        inside = score
        if surroundings.inner is not None and score > _WORTH_COMPARING:
            inside = float(shapely.contains_xy(surroundings.inner, x, y).mean())
    return Candidate(
        code, kind, swapped, lonlat, _rank(code, kind, swapped), score, inside, float(in_ukraine.mean())
    )


def _rank(code: str, kind: str, swapped: bool) -> float:
    zone = zones.BY_CODE.get(code)
    later = _PULKOVO_LATER if zone is not None and zone.datum == zones.PULKOVO and kind == "gk6" else 0.0
    return _RANKS[kind] + later + (_SWAPPED_LATER if swapped else 0)


def _gathered(candidates: Iterable[Candidate]) -> list[Reading]:
    readings: list[Reading] = []
    for item in candidates:
        same = next((other for other in readings if _agree(item, other.first)), None)
        if same is None:
            readings.append(Reading([item]))
        else:
            same.candidates.append(item)
    return readings


def _agree(a: Candidate, b: Candidate) -> bool:
    return abs(a.score - b.score) < 0.02 and apart_m(a, b) <= _ONE_M


def apart_m(a: Candidate, b: Candidate) -> float:
    """How far apart two candidates put the vertices: the median, in metres (on a sphere, within 1 %)."""
    good = np.isfinite(a.lonlat).all(axis=1) & np.isfinite(b.lonlat).all(axis=1)
    if not good.any():
        return np.inf
    delta = (a.lonlat - b.lonlat)[good] * _DEGREE_M
    delta[:, 0] *= np.cos(np.radians(a.lonlat[good, 1]))
    return float(np.median(np.hypot(delta[:, 0], delta[:, 1])))


# --- naming ---


@cache
def crs_by_code(code: str) -> CRS:
    """The system of a candidate that is not a declared one."""
    zone = zones.BY_CODE.get(code)
    return zones.crs_of(zone) if zone is not None else CRS.from_epsg(int(code.removeprefix("EPSG:")))


@cache
def operation_by_code(code: str) -> Operation | None:
    """The exact operation of such a system; about 20 ms the first time."""
    return operation_between(crs_by_code(code))
