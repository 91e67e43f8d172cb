"""Which file formats are read, how each is recognised, and by which one driver.

A file is taken for what it says it is only if its name and its first bytes agree. Nothing here opens a file
with anything but `open`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from importers.errors import ContentMismatch, EmptyFile, FormatNotSupported, NotSpatial, NotThisXml

_HEAD = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
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


def _sqlite(head: bytes) -> bool:
    return head.startswith(b"SQLite format 3\x00")


def _tab(head: bytes) -> bool:
    return _text(head).lower().startswith(b"!table")


def _mif(head: bytes) -> bool:
    return bool(re.match(rb"version\s+\d+", _text(head), re.IGNORECASE))


def _dxf(head: bytes) -> bool:
    return bool(re.match(rb"(\s*999[^\n]*\n[^\n]*\n)*\s*0\s*\r?\n\s*SECTION", head))


def _csv(head: bytes) -> bool:
    if head.startswith(UTF_16):  # what Excel calls Unicode text
        return True
    return b"\x00" not in head and not _text(head).startswith((b"<", b"{", b"[", b"PK\x03\x04"))


def _in4(head: bytes) -> bool:
    return b"\x00" not in head and bool(re.search(rb"(?m)^\s*(BR|BL|SR|#)", _text(head)))


def _geodatabase(head: bytes) -> bool:
    """First bytes of its catalogue, a00000001.gdbtable: the version of the table format."""
    return head[:4] in (b"\x03\x00\x00\x00", b"\x04\x00\x00\x00")


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
    Format("kml", "KML", None, (".kml",), _xml),
    Format("gml", "GML", "GML", (".gml",), _xml),
    Format("gpx", "GPX", "GPX", (".gpx",), _xml),
    Format(
        "tab", "MapInfo TAB", "MapInfo File", (".tab",), _tab,
        needs=(".dat", ".map", ".id"), may_have=(".ind",),
    ),
    Format("mif", "MapInfo MIF", "MapInfo File", (".mif",), _mif, needs=(".mid",)),
    Format("dxf", "DXF", "DXF", (".dxf",), _dxf),
    Format("csv", "CSV", None, (".csv", ".tsv", ".txt"), _csv),
    Format("geodatabase", "File Geodatabase", "OpenFileGDB", (".gdb",), _geodatabase),
    Format("sqlite", "SQLite", "SQLite", (".sqlite", ".sqlite3", ".db"), _sqlite),
    Format("xlsx", "Excel", None, (".xlsx", ".xlsm"), _starts(b"PK\x03\x04", _OLE)),  # OLE: has a password
    Format("xls", "Excel 97-2003", None, (".xls",), _starts(_OLE)),
    Format("ods", "OpenDocument", None, (".ods",), _starts(b"PK\x03\x04")),
    Format("cadastre", "UkrainianCadastralExchangeFile (XML)", None, (".xml",), _xml),
    Format("in4", "in4", None, (".in4",), _in4),
)  # fmt: skip
ARCHIVES = (".zip", ".kmz")
SHAPEFILE = FORMATS[0]
BY_NAME = {item.name: item for item in FORMATS}
# A File Geodatabase is a folder; these are the names its files have, and none of them needs another.
GEODATABASE_FILE = re.compile(r"a[0-9a-f]{8}\.(gdbtable|gdbtablx|gdbindexes|freelist|spx|atx)", re.IGNORECASE)
CATALOGUE = "a00000001.gdbtable"

_BY_EXTENSION = {extension: item for item in FORMATS for extension in item.extensions}
PARTS = frozenset(part for item in FORMATS for part in (*item.needs, *item.may_have))
# In an archive beside real layers these are notes and metadata.
WEAK_EXTENSIONS = frozenset({".json", ".csv", ".tsv", ".txt", ".xml", ".xlsx", ".xlsm", ".xls", ".ods"})
KNOWN_EXTENSIONS = frozenset(_BY_EXTENSION) | PARTS

_VECTOR, _TABLE, _ZIP, _LAND = (
    "Shapefile, GeoPackage, GeoJSON", "XLSX, CSV", "ZIP", "Shapefile, XML, in4",
)  # fmt: skip
# Extension: what people call it, what to ask for instead.
NOT_READ: dict[str, tuple[str, str]] = {
    ".dwg": ("DWG (AutoCAD)", "DXF, Shapefile"),
    ".dwt": ("DWG (AutoCAD)", "DXF, Shapefile"),
    ".dgn": ("DGN (MicroStation)", "DXF, Shapefile"),
    ".dmf": ("DMF (Digitals)", _LAND),
    ".mdb": ("Microsoft Access", "File Geodatabase (.gdb), " + _VECTOR),
    ".accdb": ("Microsoft Access", "File Geodatabase (.gdb), " + _VECTOR),
    ".e00": ("ArcInfo E00", _VECTOR),
    ".lpk": ("ArcGIS", _VECTOR),
    ".mpk": ("ArcGIS", _VECTOR),
    ".mxd": ("ArcGIS", _VECTOR),
    ".aprx": ("ArcGIS", _VECTOR),
    ".lyr": ("ArcGIS", _VECTOR),
    ".lyrx": ("ArcGIS", _VECTOR),
    ".vrt": ("GDAL VRT", _VECTOR),
    ".qgz": ("QGIS", _VECTOR),
    ".qgs": ("QGIS", _VECTOR),
    ".qlr": ("QGIS", _VECTOR),
    ".wor": ("MapInfo Workspace", "MapInfo TAB, MIF"),
    ".cdr": ("CorelDRAW", "DXF"),
    ".pdf": ("PDF", _VECTOR),
    ".doc": ("Microsoft Word", _TABLE),
    ".docx": ("Microsoft Word", _TABLE),
    ".xlsb": ("Excel (XLSB)", _TABLE),
    ".numbers": ("Numbers", _TABLE),
    ".rar": ("RAR", _ZIP),
    ".7z": ("7-Zip", _ZIP),
    ".gz": ("gzip", _ZIP),
    ".tgz": ("tar", _ZIP),
    ".bz2": ("bzip2", _ZIP),
    ".xz": ("xz", _ZIP),
    ".tar": ("tar", _ZIP),
}
NESTED_ARCHIVES = frozenset({".zip", ".kmz", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".tar"})


def extension_of(name: str) -> str:
    """Lower-case extension with its dot; "" where there is none."""
    return Path(name).suffix.lower()


def recognise(path: Path, name: str) -> Format:
    """The format of the file (a File Geodatabase: folder) at `path` called `name` by its sender.

    Raises EmptyFile, FormatNotSupported, NotSpatial, or ContentMismatch where name and content disagree.
    """
    extension = extension_of(name)
    refuse_by_name(name)
    if extension not in _BY_EXTENSION:
        raise NotSpatial(name=name)
    item = _BY_EXTENSION[extension]
    with (path / CATALOGUE if path.is_dir() else path).open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise EmptyFile(name=name)
    if not item.looks_right(head):
        raise ContentMismatch(name=name, format=item.title)
    return _of_xml(head, name) if extension == ".xml" else item


def refuse_by_name(name: str) -> None:
    """Raises FormatNotSupported for a file that people send and we cannot read."""
    if found := NOT_READ.get(extension_of(name)):
        raise FormatNotSupported(name=name, format=found[0], instead=found[1])


def _of_xml(head: bytes, name: str) -> Format:
    """The format of a file called only .xml, by its root element."""
    root = re.search(rb"<(?:\w+:)?([A-Za-z]\w*)", head.replace(b"\x00", b""))
    word = root[1].lower() if root else b""
    for beginning, kind in ((b"ukrainiancadastral", "cadastre"), (b"kml", "kml"), (b"gpx", "gpx")):
        if word.startswith(beginning):
            return BY_NAME[kind]
    if word == b"featurecollection":
        return BY_NAME["gml"]
    raise NotThisXml(name=name)
