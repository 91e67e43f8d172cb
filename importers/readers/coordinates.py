"""Coordinates in the columns of a table: which columns hold them, and how people write them.

Numbers with a point or a comma; degrees, minutes and seconds with any sign for them; both in one cell; WKT.
Names of columns: facts of DOMAIN, "Header aliases for coordinates".
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from importers.nesting import DEEPEST, WKB_OF_TOO_DEEP

_LON = {"lon", "lng", "long", "longitude", "довгота", "дов", "долгота"}
_LAT = {"lat", "latitude", "широта", "шир"}
_X = {"x", "xcoord", "easting", "pointx", "coordx", "x_coord", "point_x", "coord_x", "коордх", "х", "схід"}
_Y = {"y", "ycoord", "northing", "pointy", "coordy", "y_coord", "point_y", "coord_y", "коордy", "у", "північ"}
_BOTH = {
    "coord", "coords", "coordinate", "coordinates", "координати", "координата", "геокоординати", "gps", "latlon",
    "latlng", "lat_lon", "lat_lng", "lonlat", "lon_lat", "location", "розташування", "point", "точка", "геолокація",
}  # fmt: skip
_WKT = {"wkt", "geom", "geometry", "the_geom", "wkt_geom", "геометрія", "shape"}
_WKT_VALUE = re.compile(
    r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*(Z|M|ZM)?\s*(\(|EMPTY)", re.IGNORECASE
)
_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"

_NORTH, _SOUTH = r"пн\w*|півн\w*|с|сев\w*|n|north", r"пд\w*|півд\w*|ю|юж\w*|s|south"
_EAST, _WEST = r"сх\w*|східн\w*|в|вост\w*|e|east", r"зх\w*|захід\w*|з|зап\w*|w|west"
_SIDE = rf"(?:(?P<{{0}}n>{_NORTH})|(?P<{{0}}s>{_SOUTH})|(?P<{{0}}e>{_EAST})|(?P<{{0}}w>{_WEST}))"
_SIDE_AFTER = _SIDE.format("b") + r"\.?\s*(?:ш\w*|д\w*|lat\w*|lon\w*)?\.?"
_MINUTE, _SECOND = "'’‘′ʹʼ`´", '"”“„″ʺ»«'
_DEGREES = re.compile(
    rf"(?:{_SIDE.format('a')}\.?\s*(?:ш\w*|д\w*)?\.?\s*)?"
    r"(?P<sign>[+-])?\s*(?P<d>\d{1,3}(?:[.,]\d+)?)\s*(?:[°º˚ᵒ*]|град\w*\.?|deg|d\b|гр\.?|\s)?\s*"
    rf"(?:(?P<m>\d{{1,2}}(?:[.,]\d+)?)\s*(?:[{_MINUTE}](?![{_MINUTE}])|хв\w*\.?|мин\w*\.?|min|m\b|\s)?\s*"
    rf"(?:(?P<s>\d{{1,2}}(?:[.,]\d+)?)\s*(?:[{_SECOND}]|[{_MINUTE}]{{2}}|сек\w*\.?|sec|с\b\.?|s\b)?)?)?\s*"
    rf"(?:{_SIDE_AFTER})?",
    re.IGNORECASE,
)
_PAIR_MARK = re.compile(r"\s*[;|/]\s*|,\s+|\s+,\s*|(?<=[^\W\d_])[\s,]+(?=[\d+-])")
_LONGEST_VALUE = 100
# Where Ukraine lies; values that fit one range only tell which of two numbers is the latitude.
_LATITUDES, _LONGITUDES = (44.0, 52.6), (22.0, 40.4)


@dataclass(frozen=True)
class Coordinates:
    """Where a table keeps its coordinates.

    `kind`: pair (columns `x` and `y`), cell (both in column `x`; `lat_first` says in which order), wkt (column
    `x`), or "" for none. `in_degrees`: longitude and latitude of WGS 84, else the file does not say.
    """

    kind: str = ""
    x: int = -1
    y: int = -1
    in_degrees: bool = False
    lat_first: bool = True

    @property
    def places(self) -> tuple[int, ...]:
        """The columns that become the geometry."""
        return tuple(place for place in (self.x, self.y) if place >= 0)


def find(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Coordinates:
    """Which columns hold coordinates, judged by their names and by the values of some first rows."""
    columns = [[row[place].strip() for row in rows if place < len(row)] for place in range(len(names))]
    plain = [_plain(name) for name in names]
    lon, lat = _named(plain, _LON), _named(plain, _LAT)
    if lon >= 0 and lat >= 0 and lon != lat:
        return Coordinates("pair", lon, lat, in_degrees=True)
    wkt = _filled_with(columns, lambda value: bool(_WKT_VALUE.match(value)))
    wkt = wkt if wkt >= 0 else next((at for at, name in enumerate(plain) if name in _WKT), -1)
    if wkt >= 0 and (not any(columns[wkt]) or any(_WKT_VALUE.match(value) for value in columns[wkt])):
        return Coordinates("wkt", wkt)
    both = _cell(plain, columns)
    if both is not None:
        return both
    x, y = _named(plain, _X), _named(plain, _Y)
    return _pair(x, y, columns) if x >= 0 and y >= 0 and x != y else Coordinates()


def _pair(x: int, y: int, columns: list[list[str]]) -> Coordinates:
    """Columns called X and Y: degrees, in either order, where all values lie in Ukraine as such."""
    pairs = [(_value(a), _value(b)) for a, b in zip(columns[x], columns[y], strict=True) if a and b]
    orders = {_lat_first(a, b) if a is not None and b is not None else None for a, b in pairs}
    if orders == {False}:
        return Coordinates("pair", x, y, in_degrees=True)
    if orders == {True}:
        return Coordinates("pair", y, x, in_degrees=True)
    return Coordinates("pair", x, y)


def _plain(name: str) -> str:
    return re.sub(r"[\s.,;:()\[\]°\-]+", " ", name.lower()).strip()


def _named(plain: list[str], known: set[str]) -> int:
    """The column with a known name; else the only one of whose words one is known (lat_center)."""
    for place, name in enumerate(plain):
        if name in known or name.replace(" ", "") in known:
            return place
    having = [at for at, name in enumerate(plain) if set(re.split(r"[\s_]+", name)) & known]
    return having[0] if len(having) == 1 else -1


def _filled_with(columns: list[list[str]], fits: Callable[[str], bool]) -> int:
    for place, values in enumerate(columns):
        filled = [value for value in values if value]
        if filled and sum(map(fits, filled)) > 0.8 * len(filled):
            return place
    return -1


def _cell(plain: list[str], columns: list[list[str]]) -> Coordinates | None:
    """A column with two coordinates in each cell: of a known name, or whose values can be nothing else."""
    named = [
        at for at, name in enumerate(plain) if set(name.split()) & _BOTH or name.replace(" ", "") in _BOTH
    ]
    for place in (*named, *(at for at in range(len(plain)) if at not in named)):
        filled = [value for value in columns[place] if value]
        pairs = [pair for pair in map(_two, filled) if pair is not None]
        if not pairs or len(pairs) <= 0.8 * len(filled):
            continue
        lat_first = [_lat_first(first, second) for first, second in pairs]
        known = [order for order in lat_first if order is not None]
        if place in named or len(known) > 0.8 * len(pairs):
            first = not known or sum(known) * 2 >= len(known)
            return Coordinates("cell", place, in_degrees=_within_degrees(pairs), lat_first=first)
    return None


def _within_degrees(pairs: list[tuple[float, float]]) -> bool:
    return all(max(abs(a), abs(b)) <= 180 and min(abs(a), abs(b)) <= 90 for a, b in pairs)


def _lat_first(first: float, second: float) -> bool | None:
    """Whether the first of two numbers is the latitude; None where both orders, or neither, lie in Ukraine."""
    ours = _in(first, _LATITUDES) and _in(second, _LONGITUDES)
    turned = _in(second, _LATITUDES) and _in(first, _LONGITUDES)
    return None if ours == turned else ours


def _in(value: float, range_: tuple[float, float]) -> bool:
    return range_[0] <= value <= range_[1]


# --- values ---


def wkb(found: Coordinates, columns: Sequence[pa.Array]) -> pa.Array:
    """The geometries as WKB: null where a coordinate is missing, `?` where WKT cannot be read."""
    if found.kind == "wkt":
        return _of_wkt(columns[found.x])
    if found.kind == "cell":
        x, y = _of_cells(columns[found.x], lat_first=found.lat_first)
    else:
        x, y = numbers(columns[found.x]), numbers(columns[found.y])
    missing = np.isnan(x) | np.isnan(y)
    made = shapely.to_wkb(shapely.points(np.where(missing, 0.0, x), np.where(missing, 0.0, y)))
    made[missing] = None
    return pa.array(made, pa.binary())


def _of_wkt(column: pa.Array) -> pa.Array:
    text = pc.replace_substring_regex(pc.utf8_trim(column, " \t\r\n\"'"), r"^\s*SRID=\d+;", "")
    deep = pc.greater(pc.count_substring(text, "collection", ignore_case=True), DEEPEST).fill_null(False)
    values = pc.if_else(pc.or_(pc.equal(text, ""), deep), None, text).to_numpy(zero_copy_only=False)
    geoms = shapely.from_wkt(values, on_invalid="ignore")
    unreadable = shapely.is_missing(geoms) & np.array([value is not None for value in values], bool)
    made = shapely.to_wkb(geoms)
    made[unreadable] = b"?"
    made[deep.to_numpy(zero_copy_only=False)] = WKB_OF_TOO_DEEP
    return pa.array(made, pa.binary())


def numbers(column: pa.Array) -> np.ndarray:
    """Numbers with a point or a comma, or degrees with minutes and seconds; NaN where there is neither."""
    text = pc.replace_substring_regex(column, r"[\s\x{a0}\x{202f}]+", " ")
    plain = pc.replace_substring(pc.replace_substring(text, " ", ""), ",", ".")
    good = pc.match_substring_regex(plain, _NUMBER).fill_null(False)
    found = pc.if_else(good, plain, None).cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    good_at = good.to_numpy(zero_copy_only=False)
    spaced = pc.match_substring(pc.utf8_trim_whitespace(text), " ").fill_null(False)
    maybe = (~good_at | spaced.to_numpy(zero_copy_only=False)) & column.is_valid().to_numpy(
        zero_copy_only=False
    )
    for place in np.flatnonzero(maybe):
        value = text[int(place)].as_py().strip()
        angle = degrees(value) if value and not _grouped(value) else None
        if angle is not None:
            found[place] = angle
    return found


def _grouped(value: str) -> bool:
    """5 539 880,30: a number whose thousands stand apart, and no degrees with minutes."""
    return bool(re.fullmatch(r"[+-]?\d{1,3}( \d{3})+([.,]\d+)?", value))


def degrees(text: str) -> float | None:
    """An angle in degrees as `49°26'12"N`, `49 26 12 пн.ш.`, `N 49° 42’ 10"` or `49,4367`; None for others."""
    if len(text) > _LONGEST_VALUE:
        return None
    match = _DEGREES.fullmatch(text.strip())
    if match is None:
        return None
    whole, minutes, seconds = (float((match[name] or "0").replace(",", ".")) for name in ("d", "m", "s"))
    if minutes >= 60 or seconds >= 60 or (whole != int(whole) and (match["m"] or match["s"])):
        return None
    negative = match["sign"] == "-" or any(match[name] for name in ("as", "aw", "bs", "bw"))
    angle = whole + minutes / 60 + seconds / 3600
    return -angle if negative else angle


def _is_north_or_south(text: str) -> bool | None:
    """Whether the angle names its side as north or south; None where it names none."""
    match = _DEGREES.fullmatch(text.strip())
    if match is None or not any(match[name] for name in ("an", "as", "ae", "aw", "bn", "bs", "be", "bw")):
        return None
    return any(match[name] for name in ("an", "as", "bn", "bs"))


def _two(text: str) -> tuple[float, float] | None:
    """The two numbers of a cell, north before east where the cell says which is which; else as written."""
    if len(text) > _LONGEST_VALUE:
        return None
    text = text.strip(" ()[]{}")
    parts = [part for part in _PAIR_MARK.split(text) if part]
    if len(parts) != 2:
        parts = text.split() if len(text.split()) == 2 else text.split(",")
    if len(parts) != 2:
        return None
    first, second = _value(parts[0]), _value(parts[1])
    if first is None or second is None:
        return None
    if _is_north_or_south(parts[0]) is False or _is_north_or_south(parts[1]) is True:
        return second, first
    return first, second


def _value(text: str) -> float | None:
    """An angle, or a plain number as projected coordinates are."""
    angle = degrees(text)
    if angle is not None:
        return angle
    plain = text.strip().replace(",", ".")
    return float(plain) if re.fullmatch(r"[+-]?\d{4,9}(\.\d{1,12})?", plain) else None


def _of_cells(column: pa.Array, *, lat_first: bool) -> tuple[np.ndarray, np.ndarray]:
    """x and y of cells with both; a cell that names its sides is read by them."""
    x, y = np.full(len(column), np.nan), np.full(len(column), np.nan)
    for place, text in enumerate(column.to_pylist()):
        pair = _two(text) if text else None
        if pair is not None:
            north_first = lat_first or _names_its_sides(text)
            x[place], y[place] = (pair[1], pair[0]) if north_first else pair
    return x, y


def _names_its_sides(text: str) -> bool:
    return bool(re.search(r"[nsew]\b|\b(пн|сх|зх|пд)", text, re.IGNORECASE))
