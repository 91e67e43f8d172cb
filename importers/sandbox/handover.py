"""How rows cross from the sandboxed process to us, and how we read them: as an enemy's, for the file may have
taken that process over.

A stream of frames, in a file or a pipe, all numbers little-endian:

    magic "HRW1", rows u32, bytes of geom u32, of properties u32, of external_key u32
    row i64 x rows; lengths i32 x rows of geom, then of properties, then of external_key (-1: null)
    the bytes of geom, of properties, of external_key, value after value

A frame without rows ends the stream, so a stream that was cut off is seen as one. Nothing here is left to a
parser of a general format: a length that lies costs at most one frame of memory.
"""

import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importers.errors import ReaderStopped

SCHEMA = pa.schema(
    [("row", pa.int64()), ("geom", pa.binary()), ("properties", pa.string()), ("external_key", pa.string())]
)
LONGEST_FRAME = 64 * 1024 * 1024  # bytes; one row with everything at its limit fits
_USUAL_FRAME = 2 * 1024 * 1024
_COLUMNS = ("geom", "properties", "external_key")
_HEAD = struct.Struct("<4sIIII")
_MAGIC = b"HRW1"
_END = _HEAD.pack(_MAGIC, 0, 0, 0, 0)
_BYTES_A_ROW = 8 + 4 * len(_COLUMNS)

ReadExactly = Callable[[int], memoryview]


# --- writing, in the sandbox ---


class RowWriter:
    """Writes batches of `SCHEMA` to a binary file as frames. Leaving it without an error writes the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._write(_END)
        self._file.close()

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """All rows of the batch, in as many frames as its size asks for."""
        columns = [_plain(batch.column(name)) for name in _COLUMNS]
        sizes = np.cumsum(sum(np.maximum(lengths, 0) for lengths, _ in columns) + _BYTES_A_ROW)
        first = 0
        while first < batch.num_rows:
            before = int(sizes[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(sizes, before + _USUAL_FRAME, "right")))
            self._write_frame(batch.slice(first, last - first))
            first = last

    def _write_frame(self, batch: pa.RecordBatch) -> None:
        columns = [_plain(batch.column(name)) for name in _COLUMNS]
        self._write(_HEAD.pack(_MAGIC, batch.num_rows, *(len(content) for _, content in columns)))
        self._write(batch.column("row").to_numpy(zero_copy_only=False).astype("<i8").tobytes())
        for lengths, _ in columns:
            self._write(lengths.astype("<i4").tobytes())
        for _, content in columns:
            self._write(content)

    def _write(self, content: bytes | memoryview) -> None:
        left = memoryview(content)
        while left:  # an unbuffered file takes as much as fits
            left = left[self._file.write(left) :]


def _plain(column: pa.Array) -> tuple[np.ndarray, memoryview]:
    """Lengths of a binary or text column (-1: null) and its bytes, value after value."""
    missing = None
    if column.null_count:
        missing = pc.is_null(column).to_numpy(zero_copy_only=False)
        column = column.fill_null(b"" if pa.types.is_binary(column.type) else "")
    _, ends, content = column.buffers()
    if ends is None or content is None:
        lengths, found = np.zeros(len(column), np.int32), memoryview(b"")
    else:
        offsets = np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1]
        lengths, found = np.diff(offsets), memoryview(content)[int(offsets[0]) : int(offsets[-1])]
    return (lengths if missing is None else np.where(missing, np.int32(-1), lengths)), found


# --- reading, outside ---


def read_rows(path: Path) -> Iterator[pa.RecordBatch]:
    """Batches of `SCHEMA` from a file, each checked to its last offset and letter. Memory: one frame.

    Raises ReaderStopped for anything else.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ReaderStopped(name="")
        with path.open("rb") as file:
            yield from frames(lambda size: _exactly(file, size))
    except (OSError, EOFError) as error:
        raise ReaderStopped(name="") from error


def _exactly(file: BinaryIO, size: int) -> memoryview:
    content = file.read(size)
    if len(content) < size:
        raise EOFError
    return memoryview(content)


def frames(read: ReadExactly) -> Iterator[pa.RecordBatch]:
    """Batches of `SCHEMA` until the end of the stream. `read` gives so many bytes, at most LONGEST_FRAME.

    What `read` raises where there are no more (EOFError) passes through. Raises ReaderStopped for frames
    that are none of ours.
    """
    while True:
        magic, rows, *sizes = _HEAD.unpack(read(_HEAD.size))
        size = rows * _BYTES_A_ROW + sum(sizes)
        if magic != _MAGIC or size > LONGEST_FRAME:
            raise ReaderStopped(name="")
        if not rows:
            return
        try:
            yield _batch(read(size), rows, sizes)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise ReaderStopped(name="") from error


def _batch(frame: memoryview, rows: int, sizes: list[int]) -> pa.RecordBatch:
    numbers = pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(frame[: 8 * rows])])
    columns, at_lengths, at_content = [numbers], 8 * rows, _BYTES_A_ROW * rows
    for name, size in zip(_COLUMNS, sizes, strict=True):
        lengths = np.frombuffer(frame, "<i4", rows, at_lengths)
        column = _column(SCHEMA.field(name).type, lengths, frame[at_content : at_content + size])
        columns.append(column)
        at_lengths, at_content = at_lengths + 4 * rows, at_content + size
    batch = pa.record_batch(columns, SCHEMA)
    if batch.column("properties").null_count:
        raise ReaderStopped(name="")
    return batch


def _column(kind: pa.DataType, lengths: np.ndarray, content: memoryview) -> pa.Array:
    """Raises ReaderStopped where lengths and bytes do not belong together, ArrowInvalid for broken UTF-8."""
    missing = lengths == -1
    known = np.where(missing, 0, lengths)
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(known, out=offsets[1:])
    if (known < 0).any() or offsets[-1] != len(content):
        raise ReaderStopped(name="")
    there = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    buffers = [there, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(content)]
    column = pa.Array.from_buffers(kind, len(lengths), buffers)
    column.validate(full=True)
    return column
