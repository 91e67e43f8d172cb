"""Looks into a file in the sandbox before GDAL sees it: what would run, include or declare is refused."""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from xml.parsers import expat

from importers.errors import (
    ContentMismatch,
    DoctypeRefused,
    NotGeoJson,
    Unreadable,
    UnsafeDatabase,
)
from importers.readers import dxf

_PROLOG_PIECE, _LONGEST_PROLOG = 65_536, 1024 * 1024
_ROOTS = {
    "kml": {"kml"}, "gpx": {"gpx"}, "gml": {"featurecollection"}, "cadastre": {"ukrainiancadastralexchangefile"},
}  # fmt: skip

# Triggers that the GeoPackage standard and its R-tree and feature count extensions make themselves.
_OWN_TRIGGER = re.compile(r"(gpkg_|rtree_|(trigger_\w+?_)?feature_count_)", re.IGNORECASE)
_RTREE = re.compile(r"create virtual table (\"[^\"]+\"|'[^']+'|\w+) using rtree ?\([^()]*\)")
_HARMLESS = ("create table", "create index", "create unique index")
_COMMENT = re.compile(r"/\*.*?(\*/|$)|--[^\n]*", re.DOTALL)
_STEPS_BEFORE_STOP = 5_000_000
_DXF_TAIL, _XML_TAIL = 256, 4_096
_PIECE, _LONGEST_TYPE = 1024 * 1024, 64
_GEOJSON_TYPE = re.compile(
    rb'"type"\s*:\s*"(Feature|FeatureCollection|(Multi)?(Point|LineString|Polygon)|GeometryCollection)"'
)
# Expat raises the other two for encodings that it cannot read or that there are not.
_NO_XML = (expat.ExpatError, ValueError, LookupError)


class _Seen(Exception):
    """The root element: everything that may precede it has been seen."""


def check(path: Path, format_name: str, title: str, name: str) -> None:
    """Look into the file as its format demands. Raises an ImportProblem."""
    guard = _GUARDS.get(format_name)
    if guard is not None:
        guard(path, format_name, title, name)


def _check_xml(path: Path, format_name: str, title: str, name: str) -> None:
    """No document type, and the root element of the format. Reads no further than that element."""
    parser = expat.ParserCreate(namespace_separator=" ")
    root = ""

    def doctype(*_: object) -> None:
        raise DoctypeRefused(name=name)

    def start(tag: str, _attributes: object) -> None:
        nonlocal root
        root = tag.rpartition(" ")[2]
        local = root.lower()
        if local not in _ROOTS[format_name] and not (format_name == "gml" and "gml" in tag.lower()):
            raise ContentMismatch(name=name, format=title)
        raise _Seen

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    parser.StartElementHandler = start
    try:
        with path.open("rb") as file:
            for _ in range(_LONGEST_PROLOG // _PROLOG_PIECE):
                piece = file.read(_PROLOG_PIECE)
                parser.Parse(piece, not piece)
                if not piece:
                    break
    except _Seen:
        if format_name == "gml":
            _check_end(path, root, title, name)
        return
    except _NO_XML as error:
        raise Unreadable(name=name, format=title) from error
    raise Unreadable(name=name, format=title)


def _check_end(path: Path, root: str, title: str, name: str) -> None:
    """The end of the root element: GDAL takes a cut GML for a small one. Raises Unreadable."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _XML_TAIL))
        tail = file.read().replace(b"\x00", b"")  # of UTF-16
    ends = re.search(rb"</([\w.-]+:)?" + re.escape(root.encode()) + rb"\s*>", tail)
    if ends is None and not tail.rstrip().endswith(b"/>"):
        raise Unreadable(name=name, format=title)


def refuse_doctype(head: bytes, name: str, title: str) -> None:
    """Raises DoctypeRefused where XML begins with a document type, Unreadable where `head` has no root element."""
    parser = expat.ParserCreate()

    def doctype(*_: object) -> None:
        raise DoctypeRefused(name=name)

    def start(*_: object) -> None:
        raise _Seen

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    parser.StartElementHandler = start
    try:
        parser.Parse(head, False)
    except _Seen:
        return
    except _NO_XML as error:
        raise Unreadable(name=name, format=title) from error
    raise Unreadable(name=name, format=title)


def _check_database(path: Path, format_name: str, title: str, name: str) -> None:
    """Only tables, indexes, R-trees and the standard's own triggers; nothing is run to find that out."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            database.set_authorizer(_may_read_only_the_list)
            database.set_progress_handler(_stop_after(_STEPS_BEFORE_STOP), 1_000)
            found = database.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise Unreadable(name=name, format=title) from error
    active = [f"{kind} {item}" for kind, item, sql in found if _runs(kind, item, sql, format_name)]
    if active:
        raise UnsafeDatabase(name=name, objects=", ".join(active[:5])[:200])
    tables = {str(item).lower() for kind, item, _ in found if kind == "table"}
    if format_name == "geopackage" and "gpkg_contents" not in tables:
        raise ContentMismatch(name=name, format=title)


def _may_read_only_the_list(action: int, first: str | None, *_: object) -> int:
    allowed = action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION) or (
        action == sqlite3.SQLITE_READ and first == "sqlite_master"
    )
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _stop_after(steps: int) -> Callable[[], int]:
    left = [steps // 1_000]

    def tick() -> int:
        left[0] -= 1
        return int(left[0] < 0)

    return tick


def _runs(kind: str, item: str, sql: str, format_name: str) -> bool:
    """Whether an object of the database does something when the file is read.

    Judged by its SQL: `kind` is only a text that the file's maker chose.
    """
    words = " ".join(_COMMENT.sub(" ", sql[:2_000]).lower().split())
    if kind == "trigger" or words.startswith("create trigger"):
        own = format_name == "geopackage" and _OWN_TRIGGER.match(item)
        return not (own and words.startswith("create trigger"))
    if words.startswith("create virtual table"):
        return not _RTREE.fullmatch(words)
    return kind == "view" or (bool(words) and not words.startswith(_HARMLESS))


def _check_dxf(path: Path, format_name: str, title: str, name: str) -> None:
    """The mark at the end (GDAL takes a cut drawing for a small one), and what its blocks come to."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(-min(file.tell(), _DXF_TAIL), os.SEEK_END)
        if b"EOF" not in file.read():
            raise Unreadable(name=name, format=title)
    dxf.check(path, name, title)


def _check_geojson(path: Path, format_name: str, title: str, name: str) -> None:
    """Some object must say that it is GeoJSON; answers of other services are JSON as well."""
    before = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            if _GEOJSON_TYPE.search(before + piece):
                return
            before = piece[-_LONGEST_TYPE:]
    raise NotGeoJson(name=name)


_GUARDS: dict[str, Callable[[Path, str, str, str], None]] = {
    "geopackage": _check_database,
    "sqlite": _check_database,
    "geojson": _check_geojson,
    "kml": _check_xml,
    "gpx": _check_xml,
    "gml": _check_xml,
    "cadastre": _check_xml,
    "dxf": _check_dxf,
}
