"""Reading a file and copying its rows at the same time: the same rows, and whatever breaks leaves nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from gis_core.communities import Community
from gis_core.jobs import progress
from importers import loading
from importers.errors import CrsUnknown, NothingLeft, OverLimit, ReaderStopped
from importers.sandbox import convert_file, launcher, read_rows
from layers.catalogue import create_layer
from layers.edits import open_changeset
from layers.models import Changeset
from layers.staging import staging_name
from tests.importers import files
from tests.importers.test_sandbox_process import child_script

pytestmark = pytest.mark.django_db

# Lines of a child that gives rows as it likes.
_LYING_CHILD = (
    "import json, os",
    "import pyarrow as pa",
    "from importers.sandbox.handover import SCHEMA, RowWriter",
    "request = json.load(sys.stdin)",
    "def rows(geom, properties='{}', key=None, row=1):",
    "    values = [[row], [geom], [properties], [key]]",
    "    return pa.record_batch([pa.array(v, k) for v, k in zip(values, SCHEMA.types)], SCHEMA)",
    "point = bytes.fromhex('0101000020E6100000000000000000403E0000000000004940')",
    "def answer(converted):",
    "    print(json.dumps({'answer': dict(layer='l', geometry_type='Point', operation='', encoding='utf-8',",
    "        read=converted, converted=converted, repaired=0, rejected=0, outside=0, fields=[], extent=None,",
    "        geometry_counts={}, issue_counts={}, crs=None, accuracy_m=None)}), flush=True)",
    "stream = RowWriter(os.fdopen(request['rows'], 'wb', buffering=0))",
)


@pytest.fixture
def changeset(community: Community) -> Changeset:
    layer = create_layer(
        community=community, slug="parcels", actor=None, title={"uk": "Ділянки"}, geometry_type="Geometry"
    )
    return open_changeset(layer=layer, author=None, staging_mode="append", source=Changeset.Source.IMPORT)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def staged(changeset: Changeset) -> list[tuple[bytes, str, str | None]]:
    """EWKB, properties and key of the staged rows in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ST_AsEWKB(geom), properties::text, external_key FROM staging.{staging_name(changeset)} ORDER BY id"
        )
        return [(bytes(geom), text, key) for geom, text, key in cursor.fetchall()]


def converted(path: Path, work: Path, **asked: Any) -> list[tuple[bytes, str, str | None]]:
    """The same of the rows that `convert_file` gives, their properties written as PostgreSQL writes jsonb."""
    conversion = convert_file(path, work=work, **asked)
    rows = [row for batch in read_rows(conversion.rows_file) for row in batch.to_pylist()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT text::jsonb::text FROM unnest(%s) WITH ORDINALITY AS t(text, place) ORDER BY place",
            [[row["properties"] for row in rows]],
        )
        texts = [text for (text,) in cursor.fetchall()]
    return [(row["geom"], text, row["external_key"]) for row, text in zip(rows, texts, strict=True)]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A file of several batches."""
    return files.shapefile(tmp_path, files.parcels(25_000))


@pytest.fixture
def ended() -> Iterator[Callable[[], bool]]:
    """Whether every reading process that was started has ended."""
    children: list[Any] = []

    class Watch(progress.Silent):
        def child_started(self, child: Any) -> None:
            children.append(child)

    with progress.using(Watch()):
        yield lambda: bool(children) and all(child.poll() is not None for child in children)


# --- the same rows ---


def test_the_rows_are_those_that_a_conversion_to_a_file_gives(
    changeset: Changeset, tmp_path: Path, work: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(30))
    conversion = loading.load(file, changeset=changeset, work=work, key_field="CADNUM")

    assert (conversion.read, conversion.converted, conversion.geometry_type) == (30, 30, "Polygon")
    assert not conversion.rows_file.exists()
    assert staged(changeset) == converted(file, work, key_field="CADNUM")


def test_many_batches_arrive_whole_and_in_order(changeset: Changeset, many: Path, work: Path) -> None:
    told: list[tuple[int, int]] = []
    loading.load(
        many, changeset=changeset, work=work, key_field="cadnum", on_progress=lambda *rows: told.append(rows)
    )

    assert [key for _, _, key in staged(changeset)] == [
        f"0510600000:01:001:{n + 1:04d}" for n in range(25_000)
    ]
    assert told == sorted(told)
    assert told[-1] == (25_000, 25_000)


# --- what breaks it ---


def test_a_question_of_the_file_is_asked_and_the_transaction_goes_on(
    changeset: Changeset, tmp_path: Path, work: Path, ended: Callable[[], bool]
) -> None:
    file = files.shapefile(tmp_path, files.parcels(), without=[".prj"])
    with pytest.raises(CrsUnknown):
        loading.load(file, changeset=changeset, work=work)

    assert staged(changeset) == []
    assert ended()
    assert loading.load(file, changeset=changeset, work=work, crs="9832").converted == 3


def test_a_file_of_which_nothing_is_left_says_so(changeset: Changeset, tmp_path: Path, work: Path) -> None:
    with pytest.raises(NothingLeft):
        loading.load(
            files.shapefile(tmp_path, files.parcels()), changeset=changeset, work=work, geometry_type="Point"
        )
    assert staged(changeset) == []


def test_stopping_in_the_middle_leaves_nothing_and_ends_the_reader(
    changeset: Changeset, many: Path, work: Path, ended: Callable[[], bool]
) -> None:
    def stop(done: int, of: int) -> None:
        if done > 10_000:
            raise progress.Cancelled

    with pytest.raises(progress.Cancelled):
        loading.load(many, changeset=changeset, work=work, on_progress=stop)

    assert ended()
    assert staged(changeset) == []
    assert not (work / "out").exists()


def test_cancelling_the_job_in_the_middle_is_no_failure_of_the_file(
    changeset: Changeset, many: Path, work: Path
) -> None:
    """As the worker does it: it kills the reader, and says that the job is cancelled when asked."""

    class Canceller(progress.Silent):
        child: Any = None
        cancelled = False

        def child_started(self, child: Any) -> None:
            self.child = child

        def check_cancelled(self) -> None:
            if self.cancelled:
                raise progress.Cancelled

    canceller = Canceller()

    def cancel(done: int, of: int) -> None:
        canceller.child.kill()
        canceller.cancelled = True

    with progress.using(canceller), pytest.raises(progress.Cancelled):
        loading.load(many, changeset=changeset, work=work, on_progress=cancel)
    assert staged(changeset) == []


def test_a_reader_killed_in_the_middle_leaves_nothing(changeset: Changeset, many: Path, work: Path) -> None:
    children: list[Any] = []

    class Watch(progress.Silent):
        def child_started(self, child: Any) -> None:
            children.append(child)

    def kill(done: int, of: int) -> None:
        os.kill(children[0].pid, signal.SIGKILL)

    with progress.using(Watch()), pytest.raises(ReaderStopped):
        loading.load(many, changeset=changeset, work=work, on_progress=kill)
    assert staged(changeset) == []


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["os.write(request['rows'], b'x' * 100)", "answer(0)"], ReaderStopped),
        (["stream.write_batch(rows(point))", "answer(1)"], ReaderStopped),  # no end of the rows
        (["with stream: stream.write_batch(rows(point))", "answer(2)"], ReaderStopped),
        (["with stream: stream.write_batch(rows(point))"], ReaderStopped),  # no answer
        (["os.close(request['rows'])", "answer(0)"], ReaderStopped),
        (["while True: stream.write_batch(rows(b'x' * 1_000_000))"], OverLimit),
        (["with stream: stream.write_batch(rows(b'no geometry'))", "answer(1)"], DatabaseError),
        (["with stream: stream.write_batch(rows(point[:-1]))", "answer(1)"], DatabaseError),
        (["with stream: stream.write_batch(rows(None))", "answer(1)"], DatabaseError),
        (["with stream: stream.write_batch(rows(point, '[]'))", "answer(1)"], DatabaseError),
        (["with stream: stream.write_batch(rows(point, '{\"a\":1}, {}'))", "answer(1)"], DatabaseError),
        (["with stream: stream.write_batch(rows(point, '{}', 'a\\0b'))", "answer(1)"], DatabaseError),
    ],
    ids=[
        "no frame", "no end", "fewer rows than told", "no answer", "no rows at all", "without end",
        "no geometry", "half a geometry", "null geometry", "no object", "two objects", "zero byte in a key",
    ],
)  # fmt: skip
def test_a_reader_that_lies_is_refused_and_leaves_nothing(
    lines: list[str], problem: type[Exception], changeset: Changeset, tmp_path: Path, work: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(launcher, "CHILD", child_script(tmp_path, *_LYING_CHILD, *lines))
    monkeypatch.setenv("HROMADA_SANDBOX_OUTPUT_MB", "50")
    file = files.shapefile(tmp_path, files.parcels())

    with pytest.raises(problem), transaction.atomic():
        loading.load(file, changeset=changeset, work=work)
    assert staged(changeset) == []


def test_the_lying_reader_of_these_tests_is_believed_when_it_does_not_lie(
    changeset: Changeset, tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["with stream: stream.write_batch(rows(point, '{\"a\":1}', 'k'))", "answer(1)"]
    monkeypatch.setattr(launcher, "CHILD", child_script(tmp_path, *_LYING_CHILD, *lines))
    loading.load(files.shapefile(tmp_path, files.parcels()), changeset=changeset, work=work)

    assert [(text, key) for _, text, key in staged(changeset)] == [('{"a": 1}', "k")]


def test_loading_does_not_load_pandas(tmp_path: Path) -> None:
    """It would take more memory than everything else in the process."""
    script = (
        "import sys; import pyarrow as pa; from importers.rows import encoded\n"
        "from importers.sandbox.handover import SCHEMA, RowWriter, read_rows; from pathlib import Path\n"
        "class NoPandas:\n"
        "    def find_spec(self, name, *rest): return sys.exit(name) if name == 'pandas' else None\n"
        "sys.meta_path.insert(0, NoPandas())\n"
        "path = Path(sys.argv[1])\n"
        "head = b'HRW1' + (1).to_bytes(4, 'little') + bytes(4) + (2).to_bytes(4, 'little') + bytes(4)\n"
        "row = bytes(8) + (-1).to_bytes(4, 'little', signed=True) + (2).to_bytes(4, 'little') + bytes(4) + b'{}'\n"
        "path.write_bytes(head + row + b'HRW1' + bytes(16))\n"
        "print([bytes(encoded(batch)) for batch in read_rows(path)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "rows")],
        capture_output=True, text=True, check=False, cwd=launcher.ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[b'\\x00\\x03\\xff\\xff\\xff\\xff")
