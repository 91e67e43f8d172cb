"""Unpacking a zip by our own rules: every entry is judged before the first byte is written.

No entry chooses where it is written: files get names made here, and the entry's own name is only text.
"""

import stat
import struct
import unicodedata
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gis_core import limits
from importers.detect.verdict import file_name
from importers.errors import (
    ArchiveDamaged,
    ArchiveEmpty,
    ArchiveEncrypted,
    ArchiveLink,
    ArchiveMethod,
    ArchiveNested,
    ArchiveOverlap,
    ArchivePath,
    OverLimit,
)
from importers.readers.formats import KNOWN_EXTENSIONS, NESTED_ARCHIVES, extension_of, refuse_by_name
from importers.readers.geodatabase import is_geodatabase_file

_ENCRYPTED, _UTF8_NAME = 0x1, 0x800
_LOCAL_HEADER = 30
_LARGEST_DIRECTORY = 4 * 1024 * 1024
# Blank columns of a small table compress a thousandfold; only what is also large is a bomb.
_RATIO_MATTERS_FROM = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_NAME_LENGTH = 200


@dataclass(frozen=True)
class Member:
    """One unpacked file: its name as the sender sees it (with folders), and where it lies now."""

    name: str
    path: Path

    @property
    def extension(self) -> str:
        return extension_of(self.name)

    @property
    def stem(self) -> str:
        """Folder and name without extension, for finding the parts that belong together."""
        return str(PurePosixPath(self.name).with_suffix("")).casefold()


def unpack(
    archive: Path, name: str, *, into: Path, wanted: Collection[str] = KNOWN_EXTENSIONS
) -> list[Member]:
    """Write the readable files of the zip `archive` into the folder `into`, under names of our own.

    `name` is what its sender calls it. Files whose extension is not `wanted` are left packed. Raises an
    ArchiveProblem or OverLimit before anything is written; the caller removes `into` when reading fails
    half-way.
    """
    try:
        _refuse_a_long_list(archive, name)
        with zipfile.ZipFile(archive) as zipped, archive.open("rb") as raw:
            entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
            names = [_decoded(entry) for entry in entries]
            _judge(name, raw, entries, names)
            taken = [pair for pair in zip(entries, names, strict=True) if _is_wanted(pair[1], wanted)]
            if not taken:
                for entry_name in names:
                    refuse_by_name(entry_name.rpartition("/")[2])
                raise ArchiveEmpty(name=name)
            return [
                Member(entry_name, _write(zipped, entry, into / f"{number:04d}"))
                for number, (entry, entry_name) in enumerate(taken)
            ]
    except (zipfile.BadZipFile, EOFError, struct.error, ValueError, NotImplementedError) as error:
        raise ArchiveDamaged(name=name) from error
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise ArchiveDamaged(name=name) from error


def names_in(archive: Path, name: str) -> list[str]:
    """The names of the files in a zip, nothing of which is unpacked. Raises an ArchiveProblem or OverLimit."""
    try:
        _refuse_a_long_list(archive, name)
        with zipfile.ZipFile(archive) as zipped:
            return [_decoded(entry) for entry in zipped.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, EOFError, struct.error, ValueError, NotImplementedError) as error:
        raise ArchiveDamaged(name=name) from error


def judge_container(path: Path, name: str) -> None:
    """Hold a file that is a zip inside (XLSX, ODS) to the rules of archives. Raises as `unpack` does."""
    try:
        _refuse_a_long_list(path, name)
        with zipfile.ZipFile(path) as zipped, path.open("rb") as raw:
            entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
            _judge(name, raw, entries, [_decoded(entry) for entry in entries])
    except (zipfile.BadZipFile, EOFError, struct.error, ValueError, NotImplementedError) as error:
        raise ArchiveDamaged(name=name) from error


def _refuse_a_long_list(archive: Path, name: str) -> None:
    """Listing two hundred thousand entries costs a second and 120 MB: look at the list's size first."""
    with archive.open("rb") as file:
        # The same search that ZipFile makes, so that both see the same list.
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if not end:
        raise ArchiveDamaged(name=name)
    size, allowed = end[zipfile._ECD_SIZE], _most_entries()  # type: ignore[attr-defined]
    found = end[zipfile._ECD_ENTRIES_TOTAL]  # type: ignore[attr-defined]
    if size > _LARGEST_DIRECTORY or found > allowed:
        raise OverLimit(name=name, limit="max_archive_entries", found=found, allowed=allowed)


def _most_entries() -> int:
    """A geodatabase is one thing of very many files: they are counted apart from all others."""
    return limits.value("max_archive_entries") + limits.value("max_geodatabase_files")


def _judge(name: str, raw: BinaryIO, entries: list[zipfile.ZipInfo], names: list[str]) -> None:
    allowed = limits.value("max_archive_entries")
    others = sum(not is_geodatabase_file(entry_name) for entry_name in names)
    if others > allowed:
        raise OverLimit(name=name, limit="max_archive_entries", found=others, allowed=allowed)
    seen: set[str] = set()
    for entry, entry_name in zip(entries, names, strict=True):
        _judge_entry(name, entry, entry_name)
        if entry_name.casefold() in seen:
            raise ArchiveOverlap(name=name, entry=_shown(entry_name))
        seen.add(entry_name.casefold())
    _judge_places(name, raw, entries)
    _judge_sizes(name, entries)


def _judge_entry(name: str, entry: zipfile.ZipInfo, entry_name: str) -> None:
    shown = _shown(entry_name)
    parts = entry_name.split("/")
    if ".." in parts or entry_name.startswith("/") or ":" in parts[0] or "\x00" in entry.orig_filename:
        raise ArchivePath(name=name, entry=shown)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise ArchiveLink(name=name, entry=shown)
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveEncrypted(name=name)
    if not _is_litter(entry_name) and extension_of(entry_name) in NESTED_ARCHIVES:
        raise ArchiveNested(name=name, entry=shown)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveMethod(name=name, entry=shown)


def _judge_sizes(name: str, entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    allowed = limits.value("max_unpacked_mb")
    if unpacked > allowed * 1024 * 1024:
        raise OverLimit(
            name=name, limit="max_unpacked_mb", found=f"{unpacked // 1048576} MB", allowed=f"{allowed} MB"
        )
    ratio = limits.value("max_archive_ratio")
    if unpacked > _RATIO_MATTERS_FROM and unpacked > ratio * max(packed, 1):
        raise OverLimit(
            name=name,
            limit="max_archive_ratio",
            found=f"{unpacked // max(packed, 1)} : 1",
            allowed=f"{ratio} : 1",
        )


def _judge_places(name: str, raw: BinaryIO, entries: list[zipfile.ZipInfo]) -> None:
    """No two entries may share bytes: that is how a small zip declares a huge content."""
    end = 0
    for entry in sorted(entries, key=lambda item: item.header_offset):
        if entry.header_offset < end:
            raise ArchiveOverlap(name=name, entry=_shown(_decoded(entry)))
        raw.seek(entry.header_offset)
        header = raw.read(_LOCAL_HEADER)
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        end = entry.header_offset + _LOCAL_HEADER + name_length + extra_length + entry.compress_size


def _write(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, stem: Path) -> Path:
    """Unpack one entry; never more bytes than it declares (their sum was judged)."""
    path = stem.with_suffix(extension_of(_decoded(entry)))
    with zipped.open(entry) as packed, path.open("xb") as file:
        for chunk in _chunks(packed):
            file.write(chunk)
    return path


def _chunks(file: object) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):  # type: ignore[attr-defined]
        yield chunk


def _is_wanted(entry_name: str, wanted: Collection[str]) -> bool:
    known = extension_of(entry_name) in wanted or is_geodatabase_file(entry_name)
    return known and not _is_litter(entry_name)


def _is_litter(entry_name: str) -> bool:
    """What macOS packs beside the files."""
    parts = entry_name.split("/")
    return "__MACOSX" in parts or parts[-1].startswith("._")


def _decoded(entry: zipfile.ZipInfo) -> str:
    """The entry's name: UTF-8 where it says so, else what its bytes look like.

    Windows packs Ukrainian names as CP866, some programs as CP1251, and neither says so.
    """
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8_NAME and not name.isascii():
        name = file_name(name.encode("cp437"))
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def _shown(entry_name: str) -> str:
    """An entry's name that is safe to print."""
    return "".join(letter if letter.isprintable() else "�" for letter in entry_name)[:_NAME_LENGTH]
