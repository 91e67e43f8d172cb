"""What crosses between us and the process that opens a raster: a request in, an account out, all plain JSON.

As in `importers.sandbox.protocol`, an answer is trusted no further than the types and bounds checked here.
"""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from importers.sandbox.protocol import BadAnswer, CrsInfo, crs_from_json

_MOST_BANDS, _MOST_POINTS, _MOST_BINS, _LONGEST_TEXT = 64, 20_000, 256, 200
MAX_LATITUDE = 85.06

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RasterRequest:
    """What the child is to do with the one file at `path`; `limits` are the limits in force.

    `nodata` "" leaves it to the file, else a number or "nan". `world` and `prj` are the text of its parts.
    """

    name: str
    driver: str
    path: str
    read: str
    out: str
    cpu_s: int
    parent: int
    limits: dict[str, int]
    crs: str = ""
    local_srid: int | None = None
    nodata: str = ""
    world: str = ""
    prj: str = ""
    area: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Band:
    """One band: `dtype` of numpy, `color` as GDAL interprets it (gray, red, palette, ...), text of the file."""

    index: int
    dtype: str
    color: str
    description: str = ""
    unit: str = ""


@dataclass(frozen=True)
class BandStatistics:
    """Of valid pixels alone: `count`, min, max, mean and std are exact; `percentiles` {"2": …} and `histogram`
    ({min, max, counts} of equal bins) come from `sampled` of them, evenly spread. None: no valid pixel."""

    count: int
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    sampled: int
    percentiles: dict[str, float]
    histogram: dict[str, Any] | None


@dataclass(frozen=True)
class ConvertedRaster:
    """The account of a raster that was made into a COG in its own coordinate system, north up.

    `transform` is (a, b, c, d, e, f) of x = a·col + b·row + c, y = d·col + e·row + f; `resolution_m` the longer
    side of a pixel at the middle; `footprint` polygons of rings in lon/lat degrees round the valid pixels.
    `notes` tell what was done or is doubtful, as {"code", "params"} of `importers.rasters.notes`.
    """

    width: int
    height: int
    bands: tuple[Band, ...]
    crs: CrsInfo
    operation: str
    accuracy_m: float
    transform: tuple[float, float, float, float, float, float]
    resolution_m: float
    nodata: float | None
    compression: str
    lossy: bool
    footprint: tuple[tuple[Ring, ...], ...]
    statistics: tuple[BandStatistics, ...]
    notes: tuple[dict[str, Any], ...] = field(default=())


def raster_from_json(found: Any) -> ConvertedRaster:
    """Raises BadAnswer."""
    try:
        crs = crs_from_json(found["crs"])
        bands = tuple(_band(item) for item in _listed(found["bands"], _MOST_BANDS))
        statistics = tuple(_statistics(item) for item in _listed(found["statistics"], _MOST_BANDS))
        if crs is None or len(crs.wkt) > 20_000 or not bands or len(bands) != len(statistics):
            raise BadAnswer("no raster: its parts do not fit")
        a, b, c, d, e, f = map(_finite, found["transform"])
        return ConvertedRaster(
            width=_size(found["width"]), height=_size(found["height"]), bands=bands, crs=crs,
            operation=str(found["operation"])[:_LONGEST_TEXT], accuracy_m=_finite(found["accuracy_m"]),
            transform=(a, b, c, d, e, f), resolution_m=_finite(found["resolution_m"]),
            nodata=None if found["nodata"] is None else float(found["nodata"]),
            compression=str(found["compression"])[:10], lossy=bool(found["lossy"]),
            footprint=_footprint(found["footprint"]), statistics=statistics,
            notes=tuple(_note(item) for item in _listed(found["notes"], _MOST_BANDS)),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"no raster: {error}") from error


def _size(found: Any) -> int:
    size = int(found)
    if not 0 < size < 2**31:
        raise BadAnswer("no size")
    return size


def _finite(found: Any) -> float:
    number = float(found)
    if not math.isfinite(number):
        raise BadAnswer("no finite number")
    return number


def _listed(found: Any, most: int) -> list[Any]:
    if not isinstance(found, list) or len(found) > most:
        raise BadAnswer("no list, or a very long one")
    return found


def _band(found: Any) -> Band:
    texts = {name: str(found[name])[:_LONGEST_TEXT] for name in ("dtype", "color", "description", "unit")}
    return Band(index=int(found["index"]), **texts)


def _statistics(found: Any) -> BandStatistics:
    histogram = found["histogram"]
    if histogram is not None:
        counts = [int(count) for count in _listed(histogram["counts"], _MOST_BINS)]
        histogram = {"min": _finite(histogram["min"]), "max": _finite(histogram["max"]), "counts": counts}
    return BandStatistics(
        count=int(found["count"]), sampled=int(found["sampled"]), histogram=histogram,
        **{name: None if found[name] is None else _finite(found[name]) for name in ("min", "max", "mean", "std")},
        percentiles={str(int(key)): _finite(value) for key, value in found["percentiles"].items()},
    )  # fmt: skip


def _note(found: Any) -> dict[str, Any]:
    params = {str(key): item for key, item in found["params"].items() if isinstance(item, str | int | float)}
    return {"code": str(found["code"])[:40], "params": params}


def _footprint(found: Any) -> tuple[tuple[Ring, ...], ...]:
    points = 0
    polygons = []
    for polygon in _listed(found, 1000):
        rings = []
        for ring in _listed(polygon, 1000):
            points += len(_listed(ring, _MOST_POINTS))
            if points > _MOST_POINTS:
                raise BadAnswer("a footprint with too many points")
            rings.append(tuple(_point(item) for item in ring))
            if len(ring) < 4 or rings[-1][0] != rings[-1][-1]:
                raise BadAnswer("a ring that is not closed")
        polygons.append(tuple(rings))
    return tuple(polygons)


def _point(found: Any) -> tuple[float, float]:
    lon, lat = map(_finite, found)
    if not (-180 <= lon <= 180 and -MAX_LATITUDE <= lat <= MAX_LATITUDE):
        raise BadAnswer("a point that is not on the map")
    return lon, lat
