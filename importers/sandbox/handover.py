"""Reads the rows that the sandboxed process hands over as an enemy's: the file may have taken it over."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from importers.errors import ReaderStopped

SCHEMA = pa.schema(
    [("row", pa.int64()), ("geom", pa.binary()), ("properties", pa.string()), ("external_key", pa.string())]
)


def read_rows(path: Path) -> Iterator[pa.RecordBatch]:
    """Batches of `SCHEMA`, each checked to its last offset and letter. Memory: one batch.

    Raises ReaderStopped for anything else.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ReaderStopped(name="")
        # Mapped, not read: a length that lies points beyond the file instead of taking memory.
        with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
            if not reader.schema.equals(SCHEMA):
                raise ReaderStopped(name="")
            for batch in reader:
                batch.validate(full=True)
                yield batch
    except (pa.ArrowException, OSError, UnicodeDecodeError, MemoryError) as error:
        raise ReaderStopped(name="") from error
