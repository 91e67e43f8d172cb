"""Which file formats are read, how each is recognised, and by which one driver.

A file is taken for what it says it is only if its name and its first bytes agree. Nothing here opens a file
with anything but `open`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from importers.errors import ContentMismatch, EmptyFile, FormatNotSupported, NotSpatial

_HEAD = 4096
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Format:
    """One format: how it is recognised and read.

    `driver` is GDAL's (None: read by our own code), `looks_right` judges the first bytes, `needs` and `may_have`
    are the extensions of the files that belong to it (lower case, with dot).
    """

    name: str
    title: str
    driver: str | None
    extensions: tuple[str, ...]
    looks_right: Callable[[bytes], bool]
    needs: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _json(head: bytes) -> bool:
    return _text(head).startswith((b"{", b"["))


def _json_lines(head: bytes) -> bool:
    return _text(head).startswith((b"{", b"\x1e{"))


def _xml(head: bytes) -> bool:
    return _text(head).startswith(b"<")


def _geopackage(head: bytes) -> bool:
    return head.startswith(b"SQLite format 3\x00") and head[68:72] in (b"GPKG", b"GP10", b"GP11", bytes(4))


def _tab(head: bytes) -> bool:
    return _text(head).lower().startswith(b"!table")


def _mif(head: bytes) -> bool:
    return bool(re.match(rb"version\s+\d+", _text(head), re.IGNORECASE))


def _dxf(head: bytes) -> bool:
    return bool(re.match(rb"(\s*999[^\n]*\n[^\n]*\n)*\s*0\s*\r?\n\s*SECTION", head))


def _csv(head: bytes) -> bool:
    return b"\x00" not in head and not _text(head).startswith((b"<", b"{", b"[", b"PK\x03\x04"))


def _text(head: bytes) -> bytes:
    return head.removeprefix(_BOM).lstrip()


FORMATS: tuple[Format, ...] = (
    Format(
        "shapefile", "Shapefile", "ESRI Shapefile", (".shp",), _starts(b"\x00\x00\x27\x0a"),
        needs=(".dbf", ".shx"), may_have=(".prj", ".cpg"),
    ),
    Format("geopackage", "GeoPackage", "GPKG", (".gpkg",), _geopackage),
    Format("geojson", "GeoJSON", "GeoJSON", (".geojson", ".json"), _json),
    Format(
        "geojsonseq", "GeoJSONL", "GeoJSONSeq", (".geojsonl", ".geojsons", ".ndjson", ".jsonl"), _json_lines,
    ),
    Format("flatgeobuf", "FlatGeobuf", "FlatGeobuf", (".fgb",), _starts(b"fgb\x03fgb")),
    Format("kml", "KML", "LIBKML", (".kml",), _xml),
    Format("gml", "GML", "GML", (".gml",), _xml),
    Format("gpx", "GPX", "GPX", (".gpx",), _xml),
    Format(
        "tab", "MapInfo TAB", "MapInfo File", (".tab",), _tab,
        needs=(".dat", ".map", ".id"), may_have=(".ind",),
    ),
    Format("mif", "MapInfo MIF", "MapInfo File", (".mif",), _mif, needs=(".mid",)),
    Format("dxf", "DXF", "DXF", (".dxf",), _dxf),
    Format("csv", "CSV", None, (".csv", ".tsv", ".txt"), _csv),
)  # fmt: skip
ARCHIVES = (".zip", ".kmz")
SHAPEFILE = FORMATS[0]

_BY_EXTENSION = {extension: item for item in FORMATS for extension in item.extensions}
PARTS = frozenset(part for item in FORMATS for part in (*item.needs, *item.may_have))
# In an archive beside real layers these are notes and metadata.
WEAK_EXTENSIONS = frozenset({".json", ".csv", ".tsv", ".txt"})
KNOWN_EXTENSIONS = frozenset(_BY_EXTENSION) | PARTS

_VECTOR, _TABLE, _ZIP = "Shapefile, GeoPackage, GeoJSON", "CSV", "ZIP"
# Extension: what people call it, what to ask for instead.
_NOT_READ: dict[str, tuple[str, str]] = {
    ".dwg": ("DWG (AutoCAD)", "DXF"),
    ".dgn": ("DGN (MicroStation)", "DXF"),
    ".dmf": ("DMF (Digitals)", _VECTOR),
    ".sqlite": ("SQLite", _VECTOR),
    ".db": ("SQLite", _VECTOR),
    ".mdb": ("Microsoft Access", _VECTOR),
    ".gdb": ("File Geodatabase", _VECTOR),
    ".vrt": ("GDAL VRT", _VECTOR),
    ".qgz": ("QGIS", _VECTOR),
    ".qgs": ("QGIS", _VECTOR),
    ".mxd": ("ArcGIS", _VECTOR),
    ".aprx": ("ArcGIS", _VECTOR),
    ".pdf": ("PDF", _VECTOR),
    ".xls": ("Excel", _TABLE),
    ".xlsx": ("Excel", _TABLE),
    ".ods": ("OpenDocument", _TABLE),
    ".rar": ("RAR", _ZIP),
    ".7z": ("7-Zip", _ZIP),
    ".gz": ("gzip", _ZIP),
    ".tar": ("tar", _ZIP),
}
NESTED_ARCHIVES = frozenset({".zip", ".kmz", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".tar"})


def extension_of(name: str) -> str:
    """Lower-case extension with its dot; "" where there is none."""
    return Path(name).suffix.lower()


def recognise(path: Path, name: str) -> Format:
    """The format of the file at `path` called `name` by its sender.

    Raises EmptyFile, FormatNotSupported, NotSpatial, or ContentMismatch where name and content disagree.
    """
    extension = extension_of(name)
    if extension in _NOT_READ:
        title, instead = _NOT_READ[extension]
        raise FormatNotSupported(name=name, format=title, instead=instead)
    if extension not in _BY_EXTENSION:
        raise NotSpatial(name=name)
    item = _BY_EXTENSION[extension]
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise EmptyFile(name=name)
    if not item.looks_right(head):
        raise ContentMismatch(name=name, format=item.title)
    return item
