"""Parameters of addresses: parsed here, and whatever is wrong is a 400 that names the parameter."""

import base64
import binascii
import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from gis_core import limits
from gis_core.errors import BadParameter

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
DEFAULT_PAGE = 100
BIGINT_MAX = 2**63 - 1
MAX_LATITUDE = 85.06  # where Web Mercator, and with it every stored feature, ends

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_INSTANT = r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?"
_DATETIME = re.compile(rf"{_INSTANT}|({_INSTANT}|\.\.|)/({_INSTANT}|\.\.|)", re.ASCII)


@dataclass(frozen=True)
class BBox:
    """A box in degrees, longitude first. `west` > `east` means that it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """As boxes that cross nothing, cut to the latitudes of the map: none, one or two."""
        south, north = max(self.south, -MAX_LATITUDE), min(self.north, MAX_LATITUDE)
        if south > north:
            return []
        if self.west > self.east:
            return [(self.west, south, 180.0, north), (-180.0, south, self.east, north)]
        return [(self.west, south, self.east, north)]


def check_names(query: QueryDict, known: Collection[str]) -> None:
    """Raises BadParameter for a parameter that is not known here, or is given twice."""
    for name in query:
        if name not in known:
            reason = _("it is not known here. Known: %s.") % ", ".join(sorted(known))
            raise BadParameter(parameter=name[:100], reason=reason)
        if len(query.getlist(name)) > 1:
            raise BadParameter(parameter=name, reason=_("it is given more than once."))


def bbox(text: str, *, parameter: str = "bbox") -> BBox:
    """“west,south,east,north” in degrees, or with heights as six numbers (the heights are ignored)."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise BadParameter(
            parameter=parameter, reason=_("four numbers west,south,east,north (or six) were expected.")
        )
    numbers = [float(part) for part in parts]
    west, south, east, north = numbers if len(parts) == 4 else numbers[:2] + numbers[3:5]
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        reason = _("longitude must be within ±180 and latitude within ±90, longitude first.")
        raise BadParameter(parameter=parameter, reason=reason)
    if south > north:
        raise BadParameter(parameter=parameter, reason=_("south must not be above north."))
    return BBox(west, south, east, north)


def limit(text: str | None, *, parameter: str = "limit") -> int:
    """How many things to answer with; above the largest page it is the largest page, as OGC API asks."""
    most = limits.value("max_page")
    if text is None:
        return min(DEFAULT_PAGE, most)
    return min(integer(text, parameter=parameter, low=1), most)


def integer(text: str, *, parameter: str, low: int = 0, high: int = BIGINT_MAX) -> int:
    """A whole number in ASCII digits from `low` to `high`."""
    value = int(text) if _INTEGER.fullmatch(text) else None
    if value is None or not low <= value <= high:
        if high == BIGINT_MAX:
            raise BadParameter(parameter=parameter, reason=_("a whole number from %s was expected.") % low)
        reason = _("a whole number from %(low)s to %(high)s was expected.") % {"low": low, "high": high}
        raise BadParameter(parameter=parameter, reason=reason)
    return value


def number(text: str, *, parameter: str) -> float:
    """A finite number with a decimal point."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise BadParameter(parameter=parameter, reason=_("a number was expected."))
    return value


def crs(text: str, *, parameter: str = "crs") -> str:
    """The only coordinate system answered in so far: CRS84, longitude first."""
    if text not in (CRS84, CRS84.replace("http:", "https:")):
        raise BadParameter(parameter=parameter, reason=_("only %s is supported.") % CRS84)
    return CRS84


def interval(text: str, *, parameter: str = "datetime") -> str:
    """An RFC 3339 instant or interval, as it was given. Only its form is checked."""
    if not _DATETIME.fullmatch(text) or text in ("/", "../..", "../", "/.."):
        raise BadParameter(parameter=parameter, reason=_("an RFC 3339 date or interval was expected."))
    return text


def choice(text: str, allowed: Collection[str], *, parameter: str) -> str:
    """One of `allowed`."""
    if text not in allowed:
        reason = _("one of these was expected: %s.") % ", ".join(sorted(allowed))
        raise BadParameter(parameter=parameter, reason=reason)
    return text


def encode_cursor(last_id: int) -> str:
    """Where a page ended, as text that clients only hand back."""
    return base64.urlsafe_b64encode(f"1:{last_id}".encode()).decode().rstrip("=")


def decode_cursor(text: str | None, *, parameter: str = "after") -> int:
    """The id after which a page begins; 0 for the first page."""
    if text is None:
        return 0
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
        version, _colon, last_id = plain.partition(":")
        if version == "1" and len(text) <= 40:
            return integer(last_id, parameter=parameter)
    except (binascii.Error, ValueError, BadParameter):
        pass
    raise BadParameter(parameter=parameter, reason=_("take it from the link “next”; it cannot be made up."))
