"""Reads KML with its attributes: Google Earth and ArcGIS write them as extended data or as an HTML table.

GDAL's driver makes every Cyrillic name of an attribute a row of underscores, and leaves tables as HTML; so
placemarks are read here. Coordinates are longitude, latitude in WGS 84. Format: OGC KML 2.2 (07-147r2), and
`gx:Track` of Google's extension. Links to elsewhere are not followed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import shapely

from importers.errors import Unreadable
from importers.nesting import WKB_OF_TOO_DEEP
from importers.readers import guards, held
from importers.readers.held import HeldLayer, HeldRow
from importers.sandbox.protocol import DatasetRequest

_CONTAINERS = frozenset({"Document", "Folder"})
_DEEPEST, _LONGEST_TEXT, _LONGEST_NAME, _MOST_CELLS = 4, 20_000, 100, 400
_TABLE = re.compile(r"<\s*(table|tr|td)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,2000}>")
# GDAL's own columns, and what says how to draw.
_LEFT_OUT = frozenset({
    "tessellate", "extrude", "visibility", "draworder", "icon", "altitudemode", "timestamp", "begin", "end",
    "stroke", "stroke-width", "stroke-opacity", "fill", "fill-opacity", "marker-color", "styleurl", "stylehash",
})  # fmt: skip


class _TooDeep(Exception):
    """Geometries hold each other deeper than anybody draws."""


@dataclass
class _Reading:
    """Rows by the place of their folder, and the names of the folders that are open."""

    rows: dict[tuple[str, ...], list[HeldRow]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)


def facts(dataset: DatasetRequest, *, max_fields: int, max_rows: int) -> list[HeldLayer]:
    """A layer for each folder with placemarks in it. Raises Unreadable, DoctypeRefused, OverLimit."""
    path = Path(dataset.path)
    guards.check(path, dataset.format, dataset.title, dataset.name)
    reading = _Reading()
    try:
        for event, element in ElementTree.iterparse(path, ("start", "end")):  # noqa: S314
            element.tag = element.tag.rpartition("}")[2]
            _see(event, element, reading)
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise Unreadable(name=dataset.name, format=dataset.title) from error
    names = _names(list(reading.rows), dataset.name)
    layers = [
        held.layer(dataset, name, rows, types=None, crs="EPSG:4326", max_fields=max_fields, max_rows=max_rows)
        for name, rows in zip(names, reading.rows.values(), strict=True)
    ]
    return [replace(layer, crs_is_of_the_format=True) for layer in layers]


def _names(places: list[tuple[str, ...]], whole: str) -> list[str]:
    """Names of the layers: that of the file where there is one, else of the folder; with those above if not alone."""
    if len(places) == 1:
        return [whole]
    last = [next((name for name in reversed(place) if name), whole) for place in places]
    full = [
        name if last.count(name) == 1 else "/".join(filter(None, place)) or whole
        for name, place in zip(last, places, strict=True)
    ]
    return [
        name if full.count(name) == 1 else f"{name} {full[: at + 1].count(name)}"
        for at, name in enumerate(full)
    ]


def _see(event: str, element: ElementTree.Element, reading: _Reading) -> None:
    if element.tag in _CONTAINERS:
        if event == "start":
            reading.open.append("")
        else:
            reading.open.pop()
            element.clear()
    elif event == "end" and element.tag == "name" and reading.open and not reading.open[-1]:
        reading.open[-1] = _text(element)[:_LONGEST_NAME]
    elif event == "end" and element.tag == "Placemark":
        row = HeldRow(_values(element), _geometry(element))
        reading.rows.setdefault(tuple(reading.open), []).append(row)
        element.clear()


# --- attributes ---


def _values(placemark: ElementTree.Element) -> dict[str, str]:
    values: dict[str, str] = {}
    if name := _text(placemark.find("name")):
        values["Name"] = name
    described = _text(placemark.find("description"))
    table = _table(described) if _TABLE.search(described) else {}
    if described and not table:
        values["description"] = _without_tags(described)
    for element in placemark.iterfind("ExtendedData//*"):
        if element.tag == "Data":
            _put(values, element.get("name", ""), _text(element.find("value")))
        elif element.tag == "SimpleData":
            _put(values, element.get("name", ""), _text(element))
    for key, value in table.items():
        _put(values, key, value)
    return values


def _put(values: dict[str, str], name: str, value: str) -> None:
    name = " ".join(name.split())[:_LONGEST_NAME]
    if name and value and name.lower() not in _LEFT_OUT:
        values.setdefault(name, value)


def _text(element: ElementTree.Element | None) -> str:
    return (element.text or "").strip()[:_LONGEST_TEXT] if element is not None else ""


def _without_tags(text: str) -> str:
    reader = _Cells()
    reader.feed(text)
    reader.close()
    return " ".join(" ".join(reader.all).split()) if _TAG.search(text) else text


def _table(text: str) -> dict[str, str]:
    """The rows of two cells of an HTML table: name and value. ArcGIS puts such a table into another one."""
    reader = _Cells()
    reader.feed(text)
    reader.close()
    pairs = [row for row in reader.rows if len(row) == 2 and row[0].strip()]
    return {row[0].strip(" :"): row[1].strip() for row in pairs}


class _Cells(HTMLParser):
    """The cells of the innermost tables, row by row, and all text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.all: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("table", "tr"):
            self._inside = False
            if len(self.rows) < _MOST_CELLS:
                self.rows.append([])
        elif tag in ("td", "th") and self.rows and len(self.rows[-1]) < _MOST_CELLS:
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        self.all.append(data)
        if self._inside:
            self.rows[-1][-1] += data


# --- geometries ---


def _geometry(placemark: ElementTree.Element) -> shapely.Geometry | None:
    for element in placemark:
        if element.tag in _SHAPES:
            try:
                return _shape(element, 0)
            except _TooDeep:
                return shapely.from_wkb(WKB_OF_TOO_DEEP)
    return None


def _shape(element: ElementTree.Element, depth: int) -> shapely.Geometry | None:
    """The geometry of an element; None for one that cannot be drawn."""
    try:
        return _SHAPES[element.tag](element, depth)
    except (ValueError, shapely.errors.GEOSException):
        return None


def _positions(element: ElementTree.Element | None) -> list[tuple[float, float]]:
    """Longitude and latitude of a `coordinates` element; heights are left out. Raises ValueError."""
    if element is None or not element.text:
        raise ValueError("no coordinates")
    # Spaces round commas, which some programs write; a pattern for them would take hours on a megabyte of spaces.
    text = " ".join(element.text.split()).replace(" ,", ",").replace(", ", ",")
    found = []
    for position in text.split():
        longitude, latitude, *_ = position.split(",")
        found.append((float(longitude), float(latitude)))
    return found


def _point(element: ElementTree.Element, depth: int) -> shapely.Geometry:
    return shapely.Point(_positions(element.find("coordinates"))[0])


def _line(element: ElementTree.Element, depth: int) -> shapely.Geometry:
    return shapely.LineString(_positions(element.find("coordinates")))


def _polygon(element: ElementTree.Element, depth: int) -> shapely.Geometry:
    shell = _positions(element.find("outerBoundaryIs/LinearRing/coordinates"))
    holes = [_positions(ring) for ring in element.iterfind("innerBoundaryIs/LinearRing/coordinates")]
    return shapely.Polygon(shell, holes)


def _track(element: ElementTree.Element, depth: int) -> shapely.Geometry:
    places = [_text(item).split() for item in element.iterfind("coord")]
    return shapely.LineString([(float(place[0]), float(place[1])) for place in places if len(place) > 1])


def _multi(element: ElementTree.Element, depth: int) -> shapely.Geometry:
    if depth >= _DEEPEST:
        raise _TooDeep
    parts = [part for part in _parts(element, depth + 1) if part is not None]
    kinds = {part.geom_type for part in parts}
    if len(kinds) == 1 and (kind := kinds.pop()) in _MULTI:
        return _MULTI[kind](parts)
    return shapely.GeometryCollection(parts)


def _parts(element: ElementTree.Element, depth: int) -> Iterator[shapely.Geometry | None]:
    for child in element:
        if child.tag in _SHAPES:
            yield _shape(child, depth)


_MULTI = {
    "Point": shapely.MultiPoint, "LineString": shapely.MultiLineString, "Polygon": shapely.MultiPolygon,
}  # fmt: skip
_SHAPES = {
    "Point": _point, "LineString": _line, "LinearRing": _line, "Polygon": _polygon, "MultiGeometry": _multi,
    "Track": _track, "MultiTrack": _multi,
}  # fmt: skip
