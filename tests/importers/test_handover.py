"""Rows on their way out of the reading process: read as frames of ours or refused."""

import struct
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from importers.errors import (
    ReaderStopped,
)
from importers.sandbox import read_rows
from importers.sandbox.handover import LONGEST_FRAME, SCHEMA, RowWriter
from tests.importers.sandboxed import child_script


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("rows") / "rows.arrow"
    rows = [[1, 2, 3], [b"abc", None, b"defgh"], ['{"a":1}', "{}", '{"b":"ї"}'], ["k", None, None]]
    batch = pa.record_batch(
        [pa.array(values, kind) for values, kind in zip(rows, SCHEMA.types, strict=True)], SCHEMA
    )
    with RowWriter(path.open("wb")) as stream:
        stream.write_batch(batch)
        stream.write_batch(batch)
    return path.read_bytes()


def test_rows_that_are_none_of_ours_are_refused(handed_over: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.arrow"
    path.write_bytes(handed_over)
    assert sum(batch.num_rows for batch in read_rows(path)) == 6

    path.write_bytes(handed_over[:-1])
    with pytest.raises(ReaderStopped):
        list(read_rows(path))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, SCHEMA) as stream:
        stream.write_table(SCHEMA.empty_table())
    with pytest.raises(ReaderStopped):
        list(read_rows(path))
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(ReaderStopped):
        list(read_rows(tmp_path / "link"))


@pytest.mark.parametrize(
    "lie",
    [
        struct.pack("<4sIIII", b"HRW1", 1, LONGEST_FRAME, 2, 0),
        struct.pack("<4sIIII", b"HRW1", 0xFFFFFFFF, 0, 0, 0),
        struct.pack("<4sIIIIqiii", b"HRW1", 1, 3, 2, 0, 1, 4, 2, 0) + b"abc{}",
        struct.pack("<4sIIIIqiii", b"HRW1", 1, 3, 2, 0, 1, -2, 2, 0) + b"abc{}",
        struct.pack("<4sIIIIqiii", b"HRW1", 1, 3, 2, 0, 1, 3, 2, 5) + b"abc{}",
        struct.pack("<4sIIIIqiii", b"HRW1", 1, 3, 0, 0, 1, 3, -1, 0) + b"abc",
        struct.pack("<4sIIIIqiii", b"HRW1", 1, 3, 2, 0, 1, 3, 2, 0) + b"abc\xff\xfe",
        struct.pack("<4sIIII", b"HRW2", 0, 0, 0, 0),
    ],
    ids=["long", "many", "beyond", "negative", "not there", "no properties", "no text", "no magic"],
)
def test_a_frame_that_lies_is_refused(lie: bytes, handed_over: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.hrw"
    path.write_bytes(lie + handed_over)

    with pytest.raises(ReaderStopped):
        list(read_rows(path))


def test_rows_of_any_size_cross_in_frames_that_are_not_too_long(tmp_path: Path) -> None:
    large = [bytes([number]) * 5_000_000 for number in range(9)]
    batch = pa.record_batch(
        [pa.array(range(9)), pa.array(large, pa.binary()), pa.array(["{}"] * 9), pa.nulls(9, pa.string())], SCHEMA
    )  # fmt: skip
    path = tmp_path / "rows.hrw"
    with RowWriter(path.open("wb")) as stream:
        stream.write_batch(batch)
    found = list(read_rows(path))

    assert max(item.nbytes for item in found) < LONGEST_FRAME / 4
    assert pa.Table.from_batches(found).combine_chunks().to_batches()[0].equals(batch)


def test_mutated_rows_never_crash_the_reader(handed_over: bytes, tmp_path: Path) -> None:
    """In a process of its own, so that a crash would be seen as one."""
    script = child_script(
        tmp_path,
        "import random",
        "from pathlib import Path",
        "from importers.errors import ReaderStopped",
        "from importers.sandbox.handover import read_rows",
        "whole, rng, path = Path(sys.argv[1]).read_bytes(), random.Random(7), Path(sys.argv[2])",
        "for number in range(2000):",
        "    content = bytearray(whole)",
        "    for _ in range(rng.randint(1, 6)): content[rng.randrange(len(content))] = rng.randrange(256)",
        "    path.write_bytes(content[: rng.randint(1, len(content))] if number % 5 == 0 else content)",
        "    try:",
        "        for batch in read_rows(path): batch.to_pylist()",
        "    except ReaderStopped: pass",
        "print('alive')",
    )
    (tmp_path / "whole.arrow").write_bytes(handed_over)
    done = subprocess.run(
        [sys.executable, *script, str(tmp_path / "whole.arrow"), str(tmp_path / "rows.arrow")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-500:]
