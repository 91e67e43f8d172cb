"""File Geodatabases whose tables lie, are cut, or are something else. Made by GDAL, then damaged."""

import struct
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.importers.corpus.base import READ, Hostile, Make, a_zip, zip_of
from tests.importers.files import points

_CATALOGUE = "a00000001.gdbtable"
Tables = dict[str, bytearray]


@cache
def _sound() -> dict[str, bytes]:
    """The files of a geodatabase with one layer of three points."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.gdb"
        points().to_file(path, driver="OpenFileGDB", layer="places", engine="pyogrio")
        return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def geodatabase_zip(path: Path, tables: dict[str, bytes] | None = None) -> Path:
    return zip_of(path, {f"plan.gdb/{name}": content for name, content in (tables or _sound()).items()})


def _last(suffix: str) -> str:
    """The table of the layer itself: the last that is longer than its header."""
    return max(name for name in _sound() if name.endswith(suffix))


def _damaged(change: Callable[[Tables], object]) -> Make:
    def make(folder: Path, secret: Path) -> Path:
        tables = {name: bytearray(content) for name, content in _sound().items()}
        change(tables)
        return geodatabase_zip(
            folder / "plan.zip", {name: bytes(content) for name, content in tables.items()}
        )

    return make


def _set(suffix: str, place: int, value: int) -> Make:
    def change(tables: Tables) -> None:
        tables[_last(suffix)][place : place + 4] = struct.pack("<I", value & 0xFFFFFFFF)

    return _damaged(change)


def _cut(name: str, share: float) -> Make:
    def change(tables: Tables) -> None:
        del tables[name][int(len(tables[name]) * share) :]

    return _damaged(change)


def _noise(tables: Tables) -> None:
    """Everything behind the header of each table is noise."""
    for name, content in tables.items():
        if name.endswith(".gdbtable"):
            content[200:] = b"\xfe" * len(content[200:])


def _link(folder: Path, secret: Path) -> Path:
    path = geodatabase_zip(folder / "plan.zip")
    entry = zipfile.ZipInfo("plan.gdb/a0000000a.gdbtable")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, str(secret))
    return path


GEODATABASES: tuple[Hostile, ...] = (
    Hostile("geodatabase that promises 2 G rows", _set(".gdbtable", 4, 2**31 - 1), "over-limit"),
    Hostile("geodatabase that promises -1 rows", _set(".gdbtable", 4, -1), "empty-layer"),
    Hostile("geodatabase with a row of 4 GB", _set(".gdbtable", 8, 2**32 - 1), READ),
    Hostile("geodatabase whose fields lie beyond its end", _set(".gdbtable", 32, 2**31 - 1), "truncated-file"),
    Hostile("geodatabase whose index promises 4 G blocks", _set(".gdbtablx", 4, 2**32 - 1), "truncated-file"),
    Hostile("geodatabase whose catalogue is cut", _cut(_CATALOGUE, 0.5), "unreadable-file"),
    Hostile("geodatabase with a layer cut off", _damaged(lambda tables: tables[_last(".gdbtable")].__delitem__(
        slice(-40, None)
    )), "counts-disagree"),
    Hostile("geodatabase with an index cut off", _damaged(lambda tables: tables[_last(".gdbtablx")].__delitem__(
        slice(20, None)
    )), "truncated-file"),
    Hostile("geodatabase without its catalogue", _damaged(lambda tables: tables.pop(_CATALOGUE)), "missing-part"),
    Hostile("geodatabase without an index", _damaged(lambda tables: tables.pop(_last(".gdbtablx"))), "missing-part"),
    Hostile("geodatabase of noise behind its headers", _damaged(_noise), "unreadable-file"),
    Hostile("geodatabase that is text", a_zip({f"plan.gdb/{_CATALOGUE}": b"hello" * 100}), "content-mismatch"),
    Hostile("geodatabase of empty files", a_zip({
        "plan.gdb/a00000001.gdbtable": b"", "plan.gdb/a00000001.gdbtablx": b""}),
            "empty-file"),
    Hostile("geodatabase with a link", _link, "archive-link"),
    Hostile("geodatabase with 5,000 tables", a_zip({
        f"plan.gdb/a{number:08x}.gdbtable": b"\x03\x00\x00\x00" for number in range(1, 5_001)
    }), "missing-part"),
)  # fmt: skip
