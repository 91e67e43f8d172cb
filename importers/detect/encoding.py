"""How the letters of a file are encoded: what it declares, the values that tell, and decoding in bulk.

Which encoding it is, `verdict.judge` decides; a person is asked where it cannot.

Code pages: dBASE language driver ids as in the dBASE and ArcGIS documentation. Id 0x57 ("ANSI") names no code
page and is written by programs that do not know better, so it declares nothing.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importers.detect.mixed import PREFIX, is_utf8
from importers.detect.verdict import CANDIDATES, Candidate, Declaration, Verdict, judge
from importers.errors import EncodingNotKnown, EncodingUnknown
from importers.personal import without_persons
from importers.readers.shapefile import DbfHeader

__all__ = ["CANDIDATES", "Candidate", "Declaration", "Verdict", "is_utf8", "judge"]

_LANGUAGE_DRIVERS = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x26: "cp866", 0x65: "cp866", 0x64: "cp852",
    0x96: "mac-cyrillic", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253", 0xCC: "cp1257",
}  # fmt: skip
_TEXT_FIELDS = frozenset("CM")
_BYTES_AT_ONCE = 16 * 1024 * 1024
_ENOUGH_VALUES = 2_000
_ENOUGH_OF_DECLARED, _BYTES_OF_DECLARED = 300, 1024 * 1024
_PLACES_OF_DECLARED = 6
_LONGEST_CPG = 64
_REPLACEMENT = "\ufffd".encode()


def codec_of(name: str) -> str:
    """Python codec for an encoding as people, .cpg files and ArcGIS write it. Raises EncodingNotKnown."""
    plain = re.sub(r"[\s_]+", "-", name.strip().lower()).removeprefix("ansi-").removeprefix("oem-")
    if match := re.fullmatch(r"(?:8859|iso-?8859|iso8859)-?(\d{1,2})", plain):
        plain = f"iso8859-{match[1]}"
    elif plain.isdigit():
        plain = {"65001": "utf-8", "20866": "koi8-r", "21866": "koi8-u", "10007": "mac-cyrillic"}.get(
            plain, f"cp{plain}"
        )
    try:
        found = codecs.lookup(plain)
        bytes(range(256)).decode(found.name, "replace")  # “punycode” reads letters of ASCII only
    except (LookupError, ValueError, TypeError) as error:
        raise EncodingNotKnown(encoding=name[:40], choices=", ".join(CANDIDATES)) from error
    return "utf-8" if found.name == "utf-8-sig" else found.name


def declared(cpg: Path, header: DbfHeader) -> Declaration | None:
    """The .cpg file's encoding, else that of the DBF's language byte; None where neither says one."""
    if cpg.exists():
        with cpg.open("rb") as file:
            text = file.read(_LONGEST_CPG).decode("ascii", "ignore").strip("\x00 \r\n\t\ufeff")
        try:
            return Declaration("cpg", codec_of(text))
        except EncodingNotKnown:
            pass
    codec = _LANGUAGE_DRIVERS.get(header.language)
    return Declaration("ldid", codec) if codec else None


def foreign_values(dbf: Path, header: DbfHeader) -> list[bytes]:
    """Up to 2,000 different text values (and field names) with a byte beyond ASCII; empty: there is none.

    Reads until it has them, at worst the whole file.
    """
    found = _foreign_names(header)
    for records in records_of(dbf, header):
        _collect(records, header, found)
        if len(found) >= _ENOUGH_VALUES:
            break
    return list(found)


def some_foreign_values(dbf: Path, header: DbfHeader) -> list[bytes]:
    """Values beyond ASCII from six places of the file, at most 6 MB of it: enough to check a declaration."""
    found = _foreign_names(header)
    rows = max(1, _BYTES_OF_DECLARED // max(header.record_length, 1))
    starts = np.linspace(0, max(header.records - rows, 0), _PLACES_OF_DECLARED).astype(int)
    with dbf.open("rb") as file:
        for start in dict.fromkeys(map(int, starts)):
            file.seek(header.header_length + start * header.record_length)
            count = min(rows, header.records - start)
            block = np.frombuffer(file.read(count * header.record_length), np.uint8)
            before = len(found)
            _collect(block.reshape(count, header.record_length), header, found, most=_ENOUGH_OF_DECLARED)
            if len(found) == before and header.records <= rows:
                break
    return list(found)


def _foreign_names(header: DbfHeader) -> dict[bytes, None]:
    return dict.fromkeys(name for name, _, _ in header.fields if not name.isascii())


def _collect(
    records: np.ndarray, header: DbfHeader, found: dict[bytes, None], *, most: int = _ENOUGH_VALUES
) -> None:
    """Add the values of text fields that are not ASCII, spread over the records."""
    for column in _text_columns(records, header):
        rows = np.nonzero((column >= 0x80).any(axis=1))[0]
        for row in rows[:: max(1, len(rows) // most)][:most]:
            found[column[row].tobytes().strip(b" \x00")] = None


def records_of(dbf: Path, header: DbfHeader) -> Iterator[np.ndarray]:
    """The records of a DBF as tables of bytes, 16 MB at a time."""
    at_once = max(1, _BYTES_AT_ONCE // max(header.record_length, 1))
    with dbf.open("rb") as file:
        file.seek(header.header_length)
        for start in range(0, header.records, at_once):
            rows = min(at_once, header.records - start)
            block = np.frombuffer(file.read(rows * header.record_length), np.uint8)
            yield block.reshape(rows, header.record_length)


def _text_columns(records: np.ndarray, header: DbfHeader) -> Iterator[np.ndarray]:
    place = 1
    for _, kind, width in header.fields:
        if kind in _TEXT_FIELDS and width:
            yield records[:, place : place + width]
        place += width


def options(values: Iterable[bytes]) -> list[Candidate]:
    """Encodings the values may be in, the likeliest first."""
    return judge(values).candidates


def unknown(layer: str, values: Iterable[bytes] | Verdict) -> EncodingUnknown:
    """The question to ask, with its options as params; `encoding` in them is what the bytes look like, "" if
    that is open too."""
    verdict = values if isinstance(values, Verdict) else judge(values)
    options = without_persons([asdict(option) for option in verdict.candidates])
    choices = "; ".join(
        f"{option['encoding']} ({', '.join(f'«{text}»' for text in option['samples'])})" for option in options
    )
    return EncodingUnknown(layer=layer, options=options, choices=choices, encoding=verdict.encoding)


def decode_column(column: pa.Array, codec: str) -> tuple[pa.Array, np.ndarray]:
    """Text that GDAL was told to read as ISO-8859-1 (which loses nothing), decoded as what it is.

    Gives the column as valid UTF-8 and the positions of values with bytes that `codec` does not have (they
    show U+FFFD; a letter cut by the field's width is dropped). Works on whole buffers: about 0.2 µs a value.
    """
    data = text_of(column)
    if data.isascii():
        return column, np.empty(0, np.int64)
    raw = data.decode("utf-8").encode("latin-1")
    lengths = pc.utf8_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    if codec == "utf-8":
        return _decode_utf8(column, raw, _ends(lengths))
    if codec.startswith(PREFIX):
        return _decode_each(column, raw, _ends(lengths), codec)
    text = raw.decode(codec, "replace").encode("utf-8")
    widths = np.frombuffer(raw.translate(_widths(codec)) + b"\x00", np.uint8)
    starts = _ends(lengths)[:-1]
    return _rebuilt(
        column, text, _ends(np.where(lengths > 0, np.add.reduceat(widths, starts, dtype=np.int64), 0))
    )


@cache
def _widths(codec: str) -> bytes:
    """For each byte of a single-byte code page the length of its letter in UTF-8."""
    return bytes(len(bytes([byte]).decode(codec, "replace").encode()) for byte in range(256))


def _ends(lengths: np.ndarray) -> np.ndarray:
    """Offsets of values of these lengths, starting at 0."""
    return np.concatenate(([0], np.cumsum(lengths)))


def _decode_utf8(column: pa.Array, raw: bytes, offsets: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    bytes_at = np.frombuffer(raw + b" ", np.uint8)
    try:
        raw.decode("utf-8")
        if not ((bytes_at[offsets] & 0xC0) == 0x80).any():
            return _rebuilt(column, raw, offsets)
    except UnicodeDecodeError:
        pass
    return _decode_each(column, raw, offsets, "utf-8")


def _decode_each(
    column: pa.Array, raw: bytes, offsets: np.ndarray, codec: str
) -> tuple[pa.Array, np.ndarray]:
    """Value by value."""
    values = [raw[a:b].decode(codec, "replace") for a, b in pairwise(offsets)]
    # Letters after a whole one are cut by the field's width every day: that is no damage to report.
    joined = [value.rstrip("\ufffd").encode() for value in values]
    return _rebuilt(column, b"".join(joined), _ends(np.array([len(value) for value in joined], np.int64)))


def text_of(column: pa.Array) -> bytes:
    """All bytes of a string column, value after value."""
    _, offsets_buffer, data_buffer = column.buffers()
    if data_buffer is None or offsets_buffer is None:
        return b""
    offsets = np.frombuffer(offsets_buffer, np.int32)
    first, last = offsets[column.offset], offsets[column.offset + len(column)]
    return data_buffer.slice(int(first), int(last - first)).to_pybytes()


def _rebuilt(column: pa.Array, text: bytes, offsets: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    fresh = pa.StringArray.from_buffers(
        len(column), pa.py_buffer(offsets.astype(np.int32).tobytes()), pa.py_buffer(text)
    )
    if column.null_count:
        fresh = pc.if_else(column.is_valid(), fresh, None)
    return fresh, damaged_places(fresh) if _REPLACEMENT in text else np.empty(0, np.int64)


def damaged_places(column: pa.Array) -> np.ndarray:
    """Positions of the values that show U+FFFD where a letter was lost."""
    if _REPLACEMENT not in text_of(column):
        return np.empty(0, np.int64)
    damaged = pc.match_substring(column, "\ufffd").fill_null(False)
    places: np.ndarray = np.flatnonzero(damaged.to_numpy(zero_copy_only=False))
    return places
