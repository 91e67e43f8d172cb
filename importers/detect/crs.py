"""Which coordinate system a layer is in, and by which operation it comes to WGS 84 longitude and latitude.

Only what the file declares or the user says is believed; the operations themselves are `gis_core.geo.crs`.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError

from gis_core.geo.crs import UKRAINE, WGS84, Operation, operation_between
from importers.errors import CrsInexact, CrsNotKnown, CrsUnknown

Bounds = tuple[float, float, float, float]

_LONGEST_WKT = 20_000

# МСК of the regions, UCS-2000 TM and GK zones, SK-63 X, SK-42, UTM: codes by which a nameless CRS is known.
_MSK = (9821, *range(9831, 9842), *range(9851, 9866))
_TM3, _GK6, _GK6_PLAIN = tuple(range(6381, 6388)), tuple(range(5562, 5566)), tuple(range(5566, 5570))
_SK63, _SK42 = tuple(range(7825, 7832)), tuple(range(28404, 28408))
_UTM = tuple(range(32634, 32638))
_BY_PARAMETERS = (*_TM3, *_GK6, *_GK6_PLAIN, *_SK63, *_MSK, *_UTM)


@dataclass(frozen=True)
class Resolved:
    """A coordinate system we can name: EPSG code ("" where it has none), name, WKT, and how it was found.

    `how` is given (the user said it), declared (the file names it), parameters (the file gives only numbers,
    which are those of this system), or format (the format has no other).
    """

    code: str
    name: str
    wkt: str
    how: str


@dataclass(frozen=True)
class Option:
    """A CRS the user may mean, and where the middle of the data would lie in it (None: nowhere)."""

    code: str
    name: str
    lon: float | None
    lat: float | None


# --- naming ---


def given(text: str) -> Resolved:
    """The CRS a person named: "9832", "EPSG:9832". Raises CrsNotKnown."""
    match = re.fullmatch(r"\s*(?:epsg\s*:\s*)?(\d{4,6})\s*", text, re.IGNORECASE)
    if not match:
        raise CrsNotKnown(crs=text[:40])
    try:
        found = CRS.from_epsg(int(match[1]))
    except CRSError as error:
        raise CrsNotKnown(crs=text[:40]) from error
    if not (found.is_projected or found.is_geographic):
        raise CrsNotKnown(crs=text[:40])
    return _named(found, "given")


def declared(text: str | None) -> Resolved | None:
    """The CRS that a file declares by WKT (.prj too) or as AUTHORITY:CODE.

    None where it says nothing that lies on the Earth: empty, nonsense, a local or undefined system.
    """
    found = _parsed(text)
    if found is None:
        return None
    epsg = found.to_epsg()
    if epsg is not None:
        return _named(CRS.from_epsg(epsg), "declared")
    if _has_known_datum(found):
        return _named(found, "declared")
    code = _same_parameters(found)
    return _named(CRS.from_epsg(code), "parameters") if code else _named(found, "declared")


def _parsed(text: str | None) -> CRS | None:
    if not text or not text.strip() or len(text) > _LONGEST_WKT:
        return None
    text = text.strip().strip("\x00").lstrip("\ufeff")
    try:
        if match := re.fullmatch(r"(EPSG|ESRI|OGC):(\w+)", text):
            found = CRS.from_authority(match[1], match[2])
        else:
            found = CRS.from_wkt(text)
    except CRSError:
        return None
    if found.is_bound and found.source_crs is not None:
        found = found.source_crs  # a TOWGS84 of unknown origin: the datum's own operation is better
    if found.is_compound:
        found = found.sub_crs_list[0]
    return found if found.is_geographic or found.is_projected else None


def _named(found: CRS, how: str) -> Resolved:
    epsg = found.to_epsg()
    return Resolved(f"EPSG:{epsg}" if epsg else "", found.name, found.to_wkt(), how)


def _has_known_datum(found: CRS) -> bool:
    try:
        return operation_between(found) is not None
    except ProjError:
        return False


def _same_parameters(found: CRS) -> int | None:
    """EPSG code of a known system with the same projection, numbers and ellipsoid; UCS-2000 before SK-42."""
    wanted = _parameters(found)
    if wanted is None:
        return None
    return next((code for code in _BY_PARAMETERS if _parameters_of(code) == wanted), None)


@cache
def _parameters_of(code: int) -> tuple[float, ...] | None:
    return _parameters(CRS.from_epsg(code))


def _parameters(found: CRS) -> tuple[float, ...] | None:
    """Origin, central meridian, scale, false easting and northing, ellipsoid; None: not transverse Mercator."""
    operation, ellipsoid = found.coordinate_operation, found.ellipsoid
    if operation is None or ellipsoid is None or found.axis_info[0].unit_conversion_factor != 1.0:
        return None
    if operation.method_name not in ("Transverse Mercator", "Gauss_Kruger", "Gauss Kruger"):
        return None
    values = {re.sub(r"[^a-z]", "", item.name.lower()): item.value for item in operation.params}
    wanted = (
        ("latitudeofnaturalorigin", 0.0), ("longitudeofnaturalorigin", math.nan),
        ("scalefactoratnaturalorigin", 1.0), ("falseeasting", 0.0), ("falsenorthing", 0.0),
    )  # fmt: skip
    numbers = [round(float(values.get(name, default)), 6) for name, default in wanted]
    shape = (round(ellipsoid.semi_major_metre, 1), round(ellipsoid.inverse_flattening, 2))
    return None if any(math.isnan(number) for number in numbers) else (*numbers, *shape)


# --- transforming ---


def operation(
    crs: Resolved, *, layer: str, bounds: Bounds | None = None, local_srid: int | None = None
) -> Operation:
    """The operation to WGS 84. Raises CrsInexact where only one is known that ignores the datum."""
    try:
        found = operation_between(CRS.from_wkt(crs.wkt))
    except ProjError:
        found = None
    if found is None:
        raise CrsInexact(layer=layer, crs=crs.name, **_as_params(options(bounds, local_srid)))
    return found


# --- asking ---


def unknown(layer: str, bounds: Bounds | None, local_srid: int | None) -> CrsUnknown:
    """The question to ask, with its options as params."""
    return CrsUnknown(layer=layer, **_as_params(options(bounds, local_srid)))


def options(bounds: Bounds | None, local_srid: int | None = None) -> list[Option]:
    """Systems in which the data would lie in Ukraine, the community's own (`local_srid`) first.

    Without bounds, or where none fits, the usual ones all the same. Costs about 20 ms a system the first
    time.
    """
    own = (local_srid,) if local_srid else ()
    usual = (*own, WGS84, *_TM3, *_GK6, *_SK63, *_UTM, 3857)
    found = [_option(code, bounds) for code in dict.fromkeys((*usual, *(_MSK if not own else ())))]
    fitting = [option for option in found if option.lon is not None]
    return fitting or [option for option in found if option.code in {f"EPSG:{code}" for code in usual}]


def _option(code: int, bounds: Bounds | None) -> Option:
    crs = CRS.from_epsg(code)
    lon = lat = None
    if bounds is not None and all(map(math.isfinite, bounds)):
        found = _cached_operation(code)
        x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
        if found is not None and not (code == WGS84 and (abs(x) > 180 or abs(y) > 90)):
            at = found.to_lonlat(np.array([x]), np.array([y]))
            lon, lat = round(float(at[0][0]), 6), round(float(at[1][0]), 6)
            if not in_ukraine(lon, lat):
                lon = lat = None
    return Option(f"EPSG:{code}", crs.name, lon, lat)


@cache
def _cached_operation(code: int) -> Operation | None:
    return operation_between(CRS.from_epsg(code))


def in_ukraine(lon: float, lat: float) -> bool:
    """Inside Ukraine's bounding box."""
    box = UKRAINE
    return (
        box.west_lon_degree <= lon <= box.east_lon_degree
        and box.south_lat_degree <= lat <= box.north_lat_degree
    )


def _as_params(found: Sequence[Option]) -> dict[str, object]:
    choices = "; ".join(f"{option.code} ({option.name})" for option in found[:8])
    return {"options": [asdict(option) for option in found], "choices": choices}
