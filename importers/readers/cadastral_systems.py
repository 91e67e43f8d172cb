"""Coordinate systems as the cadastre's own files name them, as text that `detect.crs.declared` takes.

A file names the system but seldom its zone: that is the first digit of the eastings, in millions.
"""

import re

from gis_core.geo import zones
from gis_core.geo.msk import MSK_BY_OBLAST

_LATIN = str.maketrans("ХСРТКМхсртк", "XCPTKMXCPTK")  # areas of СК-63 are often typed in Cyrillic
_SK42_CM_FIRST, _SK42_CM_MERIDIAN = 2582, 21  # EPSG: Pulkovo 1942 / 3-degree Gauss-Kruger CM 21E


def sk63(area: str, easting: float | None) -> str | None:
    """СК-63 of the area X, C, P or T (either alphabet); None where it cannot be told."""
    letter, zone = area.strip().upper().translate(_LATIN)[:1], _millions(easting)
    if letter == "X":
        return f"EPSG:{7824 + zone}" if 1 <= zone <= 7 else None
    found = zones.BY_CODE.get(f"SK63:{letter}{zone}")
    return zones.crs_of(found).to_wkt() if found else None


def sk42(easting: float | None) -> str | None:
    """СК-42 in zones of six degrees."""
    zone = _millions(easting)
    return f"EPSG:{28400 + zone}" if 4 <= zone <= 7 else None


def sk42_3(meridian: str, easting: float | None) -> str | None:
    """СК-42 in zones of three degrees, by the axis meridian in degrees."""
    match = re.search(r"\d{2}", meridian)
    degrees, zone = int(match[0]) if match else 0, _millions(easting)
    if degrees % 3 or not 21 <= degrees <= 39:
        return None
    number = (degrees - _SK42_CM_MERIDIAN) // 3
    return f"EPSG:{2523 + number}" if zone == degrees // 3 else f"EPSG:{_SK42_CM_FIRST + number}"


def ucs2000(easting: float | None) -> str | None:
    """УСК-2000 in zones of six degrees; None in the zones of three, which are not told apart by numbers."""
    zone = _millions(easting)
    return f"EPSG:{5558 + zone}" if 4 <= zone <= 7 else None


def local(text: str) -> str | None:
    """МСК of an oblast by a name such as «МСК-05»; None for the system of a town."""
    plain = text.upper().translate(_LATIN)
    match = re.search(r"(?:MCK|MSK|LCS|UCS-?2000/LCS)\D{0,3}(\d{2})", plain) or re.fullmatch(
        r"\s*(\d{2})\s*", plain
    )
    code = MSK_BY_OBLAST.get(match[1]) if match else None
    return f"EPSG:{code}" if code else None


def _millions(easting: float | None) -> int:
    return int(easting // 1_000_000) if easting is not None and 0 < easting < 100_000_000 else 0
