"""Finding File Geodatabases among the files of an archive: a folder of tables, which belongs together.

The folder is `name.gdb` somewhere inside the zip, or the zip itself (`name.gdb.zip`) holds the tables. Names
of the tables are checked against the only form they can have, so they may stay; all others are left behind.
"""

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gis_core import limits
from importers.errors import MissingPart, OverLimit, Truncated, Unreadable
from importers.readers.formats import CATALOGUE, GEODATABASE_FILE

_TABLE_HEADER, _INDEX_HEADER = 40, 16
_TITLE = "File Geodatabase"


@dataclass(frozen=True)
class TableFile:
    """One file of a geodatabase: its plain lower-case name, and where it lies now."""

    name: str
    path: Path


@dataclass(frozen=True)
class Geodatabase:
    """A geodatabase by its name for people, with the files that are read."""

    name: str
    files: tuple[TableFile, ...]


def is_geodatabase_file(name: str) -> bool:
    """Whether an entry called `name` (with folders) is a file of a geodatabase that is read."""
    return bool(GEODATABASE_FILE.fullmatch(PurePosixPath(name).name))


def find(files: Iterable[tuple[str, Path]], archive: str) -> list[Geodatabase]:
    """The geodatabases among `files` (name with folders, place), in order of their names.

    Raises MissingPart where one has no catalogue, OverLimit where one has too many files.
    """
    folders: dict[str, dict[str, Path]] = {}
    for name, path in files:
        if is_geodatabase_file(name):
            pure = PurePosixPath(name)
            folders.setdefault(str(pure.parent), {})[pure.name.lower()] = path
    return [_geodatabase(folder, tables, archive) for folder, tables in sorted(folders.items())]


def _geodatabase(folder: str, tables: dict[str, Path], archive: str) -> Geodatabase:
    named = PurePosixPath(folder).name if folder != "." else archive
    name = named.removesuffix(".zip").removesuffix(".gdb") or named
    if CATALOGUE not in tables:
        raise MissingPart(name=name, format=_TITLE, part=CATALOGUE, parts=f"{name}.gdb/*")
    allowed = limits.value("max_geodatabase_files")
    if len(tables) > allowed:
        raise OverLimit(name=name, limit="max_geodatabase_files", found=len(tables), allowed=allowed)
    return Geodatabase(name, tuple(TableFile(file, path) for file, path in sorted(tables.items())))


def is_geodatabase_folder(folder: Path) -> bool:
    """Whether a folder on disk is a geodatabase by its name."""
    return folder.suffix.lower() == ".gdb" and folder.is_dir()


def files_below(folder: Path) -> list[tuple[str, Path]]:
    """The files of an unpacked geodatabase that are read; links are not followed."""
    with os.scandir(folder) as entries:
        return [
            (f"{folder.name}/{entry.name}", Path(entry.path))
            for entry in entries
            if entry.is_file(follow_symlinks=False) and is_geodatabase_file(entry.name)
        ]


def check(folder: Path, name: str) -> None:
    """Compare what the headers of the tables promise with what is there, before GDAL allocates for it.

    Raises Truncated, Unreadable, or OverLimit. Format: the reverse-engineered specification of
    https://github.com/rouault/dump_gdbtable/wiki/FGDB-Spec.
    """
    most = limits.value("max_import_features")
    for table in sorted(folder.glob("*.gdbtable")):
        index = table.with_suffix(".gdbtablx")
        if not index.exists():
            raise MissingPart(name=name, format=_TITLE, part=index.name, parts=f"{name}.gdb/*")
        rows, length = _header(table, name)
        if rows > most:
            raise OverLimit(name=name, limit="max_import_features", found=rows, allowed=most)
        if table.stat().st_size < length:
            raise Truncated(name=f"{name}.gdb/{table.name}", expected=length, found=table.stat().st_size)
        _check_index(index, name)


def _header(table: Path, name: str) -> tuple[int, int]:
    """Rows that the table claims, and where its field descriptions begin."""
    with table.open("rb") as file:
        head = file.read(_TABLE_HEADER)
    if len(head) < _TABLE_HEADER or head[0] not in (3, 4):
        raise Unreadable(name=name, format=_TITLE)
    rows = struct.unpack_from("<i", head, 4)[0] if head[0] == 3 else struct.unpack_from("<q", head, 16)[0]
    return rows, struct.unpack_from("<Q", head, 32)[0]


def _check_index(index: Path, name: str) -> None:
    """Blocks of 1,024 offsets each, of 4 to 6 bytes, must be there."""
    with index.open("rb") as file:
        head = file.read(_INDEX_HEADER)
    if len(head) < _INDEX_HEADER:
        raise Truncated(name=f"{name}.gdb/{index.name}", expected=_INDEX_HEADER, found=len(head))
    _, blocks, _, width = struct.unpack("<IIII", head)
    expected = _INDEX_HEADER + blocks * 1024 * width
    if width not in (4, 5, 6) or index.stat().st_size < expected:
        raise Truncated(name=f"{name}.gdb/{index.name}", expected=expected, found=index.stat().st_size)
