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

from gis_core.geo import zones
from gis_core.geo.crs import UKRAINE, WGS84, Operation, operation_between
from gis_core.geo.zones import Zone
from importers.errors import CrsInexact, CrsNotKnown, CrsUnknown

Bounds = tuple[float, float, float, float]

_LONGEST_WKT = 20_000
# EPSG:4326; urn:ogc:def:crs:EPSG::4326, urn:ogc:def:crs:OGC:1.3:CRS84; http://www.opengis.net/def/crs/EPSG/0/4326
_AUTHORITY_CODE = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|https?://www\.opengis\.net/def/crs/)?(EPSG|ESRI|OGC)(?::[\d.]*:|/[\d.]+/|:)(\w{1,12})"
)

# МСК of the regions, UCS-2000 TM and GK zones, SK-63 X, UTM: what is offered where nothing can be measured.
_MSK = (9821, *range(9831, 9842), *range(9851, 9866))
_TM3, _GK6 = tuple(range(6381, 6388)), tuple(range(5562, 5566))
_SK63 = tuple(range(7825, 7832))
_UTM = tuple(range(32634, 32638))


@dataclass(frozen=True)
class Resolved:
    """A coordinate system we can name: EPSG code ("" where it has none), name, WKT, and how it was found.

    `how` is given (the user said it), declared (the file names it), parameters (the file gives only numbers,
    which are those of this system), detected (where the data then lie speaks for it), or format (the format
    has no other).
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
    """The CRS a person named: "9832", "EPSG:9832", "SK63:C5" (also in Cyrillic). Raises CrsNotKnown."""
    zone = _sk63_zone(text)
    if zone is not None:
        found = zones.crs_of(zone)
        return Resolved(zone.code, found.name, found.to_wkt(), "given")
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


def _sk63_zone(text: str) -> Zone | None:
    """СК-63 by its area and zone: the letters of the area are alike in both alphabets."""
    plain = text.translate(str.maketrans("СКРТХскртх", "CKPTXckptx")).upper()
    match = re.fullmatch(r"\s*[SC]K\s*-?\s*63\s*[:\s-]\s*([CPTX])\s*-?(\d)\s*", plain)
    if not match:
        return None
    if match[1] == "X":
        return zones.BY_CODE.get(f"EPSG:{7824 + int(match[2])}") if "1" <= match[2] <= "7" else None
    return zones.BY_CODE.get(f"SK63:{match[1]}{match[2]}")


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
    zone = _same_numbers(found)
    if zone is None:
        return None if _says_nothing(found) else _named(found, "declared")
    known = zones.crs_of(zone)
    return Resolved(zone.code, known.name, known.to_wkt(), "parameters")


def _parsed(text: str | None) -> CRS | None:
    if not text or not text.strip() or len(text) > _LONGEST_WKT:
        return None
    text = text.strip().strip("\x00").lstrip("\ufeff")
    try:
        if match := _AUTHORITY_CODE.fullmatch(text):
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


def _says_nothing(found: CRS) -> bool:
    """Degrees of no datum: what GeoPackage and GDAL call an undefined geographic system."""
    return found.is_geographic and "undefined" in found.name.lower()


def _same_numbers(found: CRS) -> Zone | None:
    """The known zone with the same projection, numbers and ellipsoid; УСК-2000 before СК-42."""
    numbers = _parameters(found)
    return zones.same_numbers(numbers[:5], (numbers[5], numbers[6])) if numbers is not None else None


def _parameters(found: CRS) -> tuple[float, ...] | None:
    """Origin, central meridian, scale, false easting and northing, semi-major axis, inverse flattening.

    None where it is no transverse Mercator in metres.
    """
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
    found = exact_operation(crs)
    if found is None:
        raise CrsInexact(layer=layer, crs=crs.name, **_as_params(options(bounds, local_srid)))
    return found


def exact_operation(crs: Resolved) -> Operation | None:
    """The operation to WGS 84; None where only one is known that ignores the datum."""
    try:
        return operation_between(CRS.from_wkt(crs.wkt))
    except ProjError:
        return None


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
