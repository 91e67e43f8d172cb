"""Rows that the sandbox handed over, as PostgreSQL's binary COPY stream.

Format: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format". jsonb is sent as a version
byte 1 and its text, geometry as EWKB.
"""

import io
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importers.sandbox import read_rows

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)
_THREE_FIELDS = struct.pack("!h", 3)
_JSONB_VERSION = b"\x01"


class CopyStream(io.RawIOBase):
    """A readable file of COPY rows (geom, properties, external_key) from what the sandbox handed over.

    `source` is batches, or the file that holds them. Read batch by batch, so memory stays flat. `on_rows`
    is told the number of rows so far after each batch and may raise to stop. What is raised while reading is
    kept in `error`: COPY itself only tells that something was.
    """

    def __init__(
        self,
        source: Path | Iterable[pa.RecordBatch],
        on_rows: Callable[[int], None] = lambda rows: None,
    ) -> None:
        batches = read_rows(source) if isinstance(source, Path) else source
        self._pieces = self._all(batches, on_rows)
        self._rest = memoryview(b"")
        self.rows = 0
        self.error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._rest:
                self._rest = next(self._pieces)
        except StopIteration:
            return b""
        except BaseException as error:
            self.error = error
            raise
        size = len(self._rest) if size < 0 else size
        given, self._rest = self._rest[:size], self._rest[size:]
        return bytes(given)

    def _all(self, batches: Iterable[pa.RecordBatch], on_rows: Callable[[int], None]) -> Iterator[memoryview]:
        yield memoryview(HEADER)
        for batch in batches:
            yield encoded(batch)
            self.rows += batch.num_rows
            on_rows(self.rows)
        yield memoryview(TRAILER)


class RowNumbers:
    """Which row of the source the n-th row handed over was: kept as the places where the numbers jump."""

    def __init__(self) -> None:
        self._places, self._numbers, self._count, self._last = array("q"), array("q"), 0, -1

    def watched(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches as they come, their column `row` noted."""
        for batch in batches:
            column = batch.column("row")
            numbers = np.frombuffer(column.buffers()[1], np.int64)[
                column.offset : column.offset + len(column)
            ]
            jumps = np.flatnonzero(np.diff(numbers, prepend=self._last) != 1)
            self._places.extend((jumps + self._count + 1).tolist())
            self._numbers.extend(numbers[jumps].tolist())
            self._count += len(numbers)
            self._last = int(numbers[-1]) if len(numbers) else self._last
            yield batch

    def __getitem__(self, place: int) -> int:
        """The number in the source of the row handed over as `place`, both from 1. Raises IndexError."""
        if not 1 <= place <= self._count:
            raise IndexError(place)
        run = bisect_right(self._places, place) - 1
        return self._numbers[run] + place - self._places[run]


def encoded(batch: pa.RecordBatch) -> memoryview:
    """One batch with the columns geom (EWKB), properties (JSON text) and external_key as COPY rows.

    Heads and values are woven together by Arrow, without a Python loop over the rows. Nothing here makes an
    Arrow value out of a Python one or the other way round: that would load pandas, which takes more memory
    than all the rest.
    """
    geom, properties, key = (
        batch.column(name).cast(pa.binary()) for name in ("geom", "properties", "external_key")
    )
    nothing = _repeated(np.empty((batch.num_rows, 0), np.uint8))
    woven = pc.binary_join_element_wise(
        _heads(_lengths(geom), before=_THREE_FIELDS),
        pc.coalesce(geom, nothing),
        _heads(_lengths(properties) + 1, after=_JSONB_VERSION),
        properties,
        _heads(_lengths(key)),
        pc.coalesce(key, nothing),
        nothing,
    )
    _, offsets, content = woven.buffers()
    return memoryview(content)[: int(np.frombuffer(offsets, np.int32)[len(woven)])]


def _lengths(column: pa.BinaryArray) -> np.ndarray:
    """Bytes of each value; -1, as COPY has it, where there is none."""
    there, ends, _ = column.buffers()
    lengths = np.diff(np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1])
    if column.null_count:
        bits = np.unpackbits(np.frombuffer(there, np.uint8), bitorder="little")
        lengths[bits[column.offset : column.offset + len(column)] == 0] = -1
    return lengths


def _heads(lengths: np.ndarray, *, before: bytes = b"", after: bytes = b"") -> pa.BinaryArray:
    """For each length a value of `before`, the length as a big-endian int32, `after`."""
    heads = np.empty((len(lengths), len(before) + 4 + len(after)), np.uint8)
    heads[:, : len(before)] = np.frombuffer(before, np.uint8)
    heads[:, len(before) : len(before) + 4] = lengths.astype(">i4").view(np.uint8).reshape(-1, 4)
    heads[:, len(before) + 4 :] = np.frombuffer(after, np.uint8)
    return _repeated(heads)


def _repeated(values: np.ndarray) -> pa.BinaryArray:
    """The rows of a table of bytes as binary values."""
    count, width = values.shape
    ends = np.arange(count + 1, dtype=np.int32) * width
    return pa.Array.from_buffers(
        pa.binary(), count, [None, pa.py_buffer(ends), pa.py_buffer(values.tobytes())]
    )
