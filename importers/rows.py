"""Rows that the sandbox handed over, as PostgreSQL's binary COPY stream.

Format: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format". jsonb is sent as a version
byte 1 and its text, geometry as EWKB.
"""

import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from importers.sandbox import read_rows

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)
_THREE_FIELDS = struct.pack("!h", 3)
_NULL = struct.pack("!i", -1)


class CopyStream(io.RawIOBase):
    """A readable file of COPY rows (geom, properties, external_key) from an Arrow file of the sandbox.

    Read batch by batch, so memory stays flat. `on_rows` is told the number of rows so far after
    each batch and may raise to stop.
    """

    def __init__(self, path: Path, on_rows: Callable[[int], None] = lambda rows: None) -> None:
        self._pieces = _pieces(path, on_rows)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return b""
        given, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return given


def _pieces(path: Path, on_rows: Callable[[int], None]) -> Iterator[bytes]:
    yield HEADER
    rows = 0
    for batch in read_rows(path):
        yield encoded(batch)
        rows += batch.num_rows
        on_rows(rows)
    yield TRAILER


def encoded(batch: pa.RecordBatch) -> bytes:
    """One batch with the columns geom (EWKB), properties (JSON text) and external_key as COPY rows."""
    length = struct.Struct("!i").pack
    parts: list[bytes] = []
    extend = parts.extend
    columns = (
        batch.column(name).cast(pa.binary()).to_pylist() for name in ("geom", "properties", "external_key")
    )
    for geom, properties, key in zip(*columns, strict=True):
        extend((_THREE_FIELDS, length(len(geom)), geom, length(len(properties) + 1), b"\x01", properties))
        extend((_NULL,) if key is None else (length(len(key)), key))
    return b"".join(parts)
