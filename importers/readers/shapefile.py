"""The fixed-size headers of a Shapefile, read and compared before any library walks through the records.

Formats: ESRI Shapefile Technical Description (1998), dBASE level 5 header.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from importers.errors import CountsDisagree, Truncated, Unreadable

_SHP_HEADER, _RECORD_HEADER, _SHX_RECORD = 100, 8, 8
_DBF_HEADER, _DBF_FIELD, _DBF_END = 32, 32, 0x0D


@dataclass(frozen=True)
class DbfHeader:
    """`fields` are (raw name, type letter, width) in order; offsets and lengths are in bytes."""

    records: int
    header_length: int
    record_length: int
    language: int
    fields: tuple[tuple[bytes, str, int], ...]


def check_parts(shp: Path, name: str) -> bool:
    """Compare what the headers of .shp, .shx and .dbf promise with what is there.

    A missing or broken .shx is rebuilt beside the .shp: True then. Raises Truncated or CountsDisagree.
    """
    _check_length(shp, name)
    shx = shp.with_suffix(".shx")
    rebuilt = not _index_is_whole(shx)
    if rebuilt:
        rebuild_index(shp, name)
    header = read_dbf_header(shp.with_suffix(".dbf"), name)
    shapes = (shx.stat().st_size - _SHP_HEADER) // _SHX_RECORD
    if shapes != header.records:
        raise CountsDisagree(name=name, expected=header.records, found=shapes)
    return rebuilt


def _check_length(shp: Path, name: str) -> None:
    size = shp.stat().st_size
    with shp.open("rb") as file:
        head = file.read(_SHP_HEADER)
    promised = 2 * int.from_bytes(head[24:28], "big") if len(head) == _SHP_HEADER else _SHP_HEADER
    if size < max(promised, _SHP_HEADER):
        raise Truncated(name=f"{name}.shp", expected=max(promised, _SHP_HEADER), found=size)


def _index_is_whole(shx: Path) -> bool:
    if not shx.exists():
        return False
    size = shx.stat().st_size
    with shx.open("rb") as file:
        head = file.read(_SHP_HEADER)
    return len(head) == _SHP_HEADER and 2 * int.from_bytes(head[24:28], "big") == size


def rebuild_index(shp: Path, name: str) -> None:
    """Write the .shx of a .shp by walking through its record headers."""
    with shp.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        entries = bytearray()
        place, end = _SHP_HEADER, len(data)
        while place + _RECORD_HEADER <= end:
            words = struct.unpack_from(">i", data, place + 4)[0]
            if words < 2 or place + _RECORD_HEADER + 2 * words > end:
                raise Truncated(
                    name=f"{name}.shp", expected=place + _RECORD_HEADER + 2 * max(words, 2), found=end
                )
            entries += struct.pack(">ii", place // 2, words)
            place += _RECORD_HEADER + 2 * words
        head = bytearray(data[:_SHP_HEADER])
    head[24:28] = struct.pack(">i", (_SHP_HEADER + len(entries)) // 2)
    shx = shp.with_suffix(".shx")
    shx.unlink(missing_ok=True)  # it may be a link to the sender's own file
    shx.write_bytes(bytes(head) + bytes(entries))


def read_dbf_header(dbf: Path, name: str) -> DbfHeader:
    """Header of a .dbf. Raises Unreadable, or Truncated where fewer records follow than it promises."""
    size = dbf.stat().st_size
    with dbf.open("rb") as file:
        head = file.read(_DBF_HEADER)
        if len(head) < _DBF_HEADER:
            raise Truncated(name=f"{name}.dbf", expected=_DBF_HEADER, found=size)
        records, header_length, record_length = struct.unpack_from("<IHH", head, 4)
        if header_length < _DBF_HEADER or (records and not record_length):
            raise Unreadable(name=f"{name}.dbf", format="DBF")
        fields = _dbf_fields(file.read(header_length - _DBF_HEADER))
    expected = header_length + records * record_length
    if size < expected:
        raise Truncated(name=f"{name}.dbf", expected=expected, found=size)
    return DbfHeader(records, header_length, record_length, head[29], fields)


def _dbf_fields(block: bytes) -> tuple[tuple[bytes, str, int], ...]:
    fields = []
    for place in range(0, len(block) - _DBF_FIELD + 1, _DBF_FIELD):
        if block[place] == _DBF_END:
            break
        entry = block[place : place + _DBF_FIELD]
        fields.append((entry[:11].split(b"\x00")[0], chr(entry[11]), entry[16]))
    return tuple(fields)
