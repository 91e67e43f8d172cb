"""The rows that the sandboxed process hands over, read as if by an enemy: it may have been taken over by the
file.
"""

import os
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
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file, pa.ipc.open_stream(file) as reader:
            if not reader.schema.equals(SCHEMA):
                raise ReaderStopped(name="")
            for batch in reader:
                batch.validate(full=True)
                yield batch
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ReaderStopped(name="") from error
