"""The process that opens a file: what ends it, what it may know, and that nobody trusts its answers."""

import json
import os
import random
import signal
import struct
import subprocess
import sys
from ast import literal_eval
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gis_core import limits
from gis_core.jobs import progress
from importers.errors import (
    DiskFull,
    EncodingNotKnown,
    FieldNotInFile,
    ImportProblem,
    LayerNotInFile,
    OutOfMemory,
    OverLimit,
    ReaderStopped,
    SandboxUnavailable,
    TimedOut,
)
from importers.report import RowIssue, read_issues
from importers.sandbox import FieldMapping, convert_file, ear, inspect_file, launcher, read_rows
from importers.sandbox.environment import child_environment
from importers.sandbox.handover import LONGEST_FRAME, SCHEMA, RowWriter
from tests.importers.corpus import SQUARE, feature, feature_collection, shapefile_parts, zipped_shapefile


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    rings = [[(x + n / 100, y) for x, y in SQUARE] for n in range(3)]
    names = [text.encode("cp1251") for text in ("перша", "друга", "третя")]
    return zipped_shapefile(
        tmp_path / "ділянки.zip", shapefile_parts(rings, names, cpg="1251", field=b"NAZVA")
    )


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def child_script(tmp_path: Path, *lines: str) -> tuple[str, ...]:
    """Arguments that start another child instead of ours."""
    path = tmp_path / "child.py"
    path.write_text("\n".join(("import sys", f"sys.path.insert(0, {str(launcher.ROOT)!r})", *lines)))
    return (str(path),)


# --- what it gives ---


def test_an_inspection_says_everything_a_person_needs_to_decide(sent: Path) -> None:
    found = inspect_file(sent, name="Ділянки громади.zip", local_srid=9832)
    [layer] = found.layers

    assert (found.name, found.format) == ("Ділянки громади.zip", "shapefile")
    assert (layer.name, layer.rows, layer.geometry_type) == ("шар", 3, "Polygon")
    assert (layer.encoding, layer.encoding_declared) == ("cp1251", "cpg")
    assert layer.crs is not None
    assert (layer.crs.code, layer.crs.how) == ("EPSG:4326", "declared")
    assert [(field.name, field.key, field.type, field.width) for field in layer.fields] == [
        ("NAZVA", "nazva", "string", 40)
    ]
    assert layer.samples == ({"NAZVA": "перша"}, {"NAZVA": "друга"}, {"NAZVA": "третя"})


def test_fields_are_renamed_retyped_and_left_out_as_asked(sent: Path, work: Path) -> None:
    fields = [FieldMapping("NAZVA", "name_uk", "text")]
    conversion = convert_file(sent, work=work, fields=fields, key_field="name_uk")
    [batch] = read_rows(conversion.rows_file)

    assert batch["properties"].to_pylist()[0] == '{"name_uk":"перша"}'
    assert batch["external_key"].to_pylist() == ["перша", "друга", "третя"]
    assert batch["row"].to_pylist() == [1, 2, 3]
    assert conversion.fields == (FieldMapping("NAZVA", "name_uk", "text"),)


def test_progress_is_told_and_its_listener_may_stop_the_work(sent: Path, work: Path) -> None:
    told: list[tuple[int, int]] = []
    convert_file(sent, work=work, on_progress=lambda done, of: told.append((done, of)))
    assert told == [(3, 3)]

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_file(sent, work=work, on_progress=stop)
    assert not (work / "out").exists()


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"layer": "інший"}, LayerNotInFile), ({"encoding": "klingon"}, EncodingNotKnown),
        ({"key_field": "KADNUM"}, FieldNotInFile), ({"fields": [FieldMapping("X", "x", "text")]}, FieldNotInFile),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_named(
    asked: dict[str, Any], problem: type[ImportProblem], sent: Path, work: Path
) -> None:
    with pytest.raises(problem):
        convert_file(sent, work=work, **asked)


def test_files_of_different_kinds_in_one_zip_are_listed_and_chosen_from(tmp_path: Path, work: Path) -> None:
    import zipfile

    path = zipped_shapefile(tmp_path / "all.zip", shapefile_parts(), stem="шари/межі")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "точки.geojson", feature_collection([feature('{"type":"Point","coordinates":[29.2,48.7]}')])
        )
    names = [layer.name for layer in inspect_file(path, work=work).layers]

    assert sorted(names) == ["межі", "точки"]
    assert convert_file(path, work=work, layer="точки").geometry_type == "Point"
    assert convert_file(path, work=work, layer="межі").geometry_type == "Polygon"


# --- what it may know ---


def test_the_child_gets_no_variable_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "CANARY")
    monkeypatch.setenv("DATABASE_URL", "postgres://CANARY")

    environment = child_environment("GPKG", scratch=tmp_path)
    assert "CANARY" not in " ".join(environment.values())
    assert "GPKG" not in environment["OGR_SKIP"].split(",")
    assert {"OGR_VRT", "GDALG", "HTTP", "WFS"} <= set(environment["OGR_SKIP"].split(","))


def test_every_limit_of_the_server_holds_in_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to = {item.name: number for number, item in enumerate(limits.TABLE, 7)}
    for name, number in set_to.items():
        monkeypatch.setenv(f"HROMADA_{name.upper()}", str(number))
    script = (
        "from gis_core import limits; print({item.name: limits.value(item.name) for item in limits.TABLE})"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=launcher.ROOT, env=child_environment(None, scratch=tmp_path),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert literal_eval(told.stdout) == set_to


def test_the_list_of_drivers_is_that_of_our_gdal(
    sent: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that GDAL holds besides ours, as after an update, stops every import until it is looked at."""
    script = "import pyogrio; print(*pyogrio.list_drivers())"
    environment = child_environment("GPKG", scratch=tmp_path)
    held = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert held.stdout.split() == ["GPKG"]

    def with_one_more(driver: str | None, *, scratch: Path) -> dict[str, str]:
        found = child_environment(driver, scratch=scratch)
        return found | {"OGR_SKIP": found["OGR_SKIP"].replace("OGR_VRT,", "")}

    monkeypatch.setattr(launcher, "child_environment", with_one_more)
    with pytest.raises(SandboxUnavailable):
        convert_file(sent, work=work)


def test_the_child_loads_neither_django_nor_pandas_nor_what_starts_it(tmp_path: Path) -> None:
    """It starts twice an import: each of them would be felt."""
    script = "import importers.sandbox.child, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-s", "-c", script], env=child_environment("GPKG", scratch=tmp_path), cwd=launcher.ROOT,
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip

    assert "importers.sandbox.work" in loaded
    assert not {"django.conf", "django.db", "asyncio", "pandas", "importers.sandbox.launcher"} & set(loaded)


# --- what ends it ---


@pytest.mark.parametrize(
    "broken",
    [
        "from gis_core.sandbox import landlock; landlock.version = lambda: 0",
        "from gis_core.sandbox import seccomp; seccomp._ARCHES.clear()",
        "from gis_core.sandbox import landlock; landlock.restrict = lambda **kw: None",
        "from gis_core.sandbox import seccomp; seccomp.install = lambda **kw: None",
        "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    ],
    ids=[
        "no Landlock",
        "unknown processor",
        "Landlock without effect",
        "seccomp without effect",
        "a thread runs",
    ],
)
def test_where_a_control_cannot_be_applied_nothing_is_opened(
    broken: str, sent: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = child_script(tmp_path, "from importers.sandbox import child", broken, "child.main()")
    monkeypatch.setattr(launcher, "CHILD", script)

    with pytest.raises(SandboxUnavailable) as caught:
        convert_file(sent, work=work)
    assert caught.value.status == 503


def nested_inserts(path: Path) -> Path:
    """3 KB of DXF that stand for a million and a half lines: fewer than would be refused unread."""
    steps: list[object] = [
        "  0",
        "SECTION",
        "  2",
        "HEADER",
        "  9",
        "$ACADVER",
        "  1",
        "AC1015",
        "  0",
        "ENDSEC",
    ]
    steps += ["  0", "SECTION", "  2", "BLOCKS", 0, "BLOCK", 8, 0, 2, "B0", 70, 0, 10, 0, 20, 0, 30, 0]
    steps += [0, "LINE", 8, 0, 10, 0, 20, 0, 11, 1, 21, 1] * 6
    steps += [0, "ENDBLK"]
    for level in range(1, 6):
        steps += [0, "BLOCK", 8, 0, 2, f"B{level}", 70, 0, 10, 0, 20, 0, 30, 0]
        for place in range(12):
            steps += [0, "INSERT", 8, 0, 2, f"B{level - 1}", 10, place, 20, 0, 30, 0]
        steps += [0, "ENDBLK"]
    steps += [0, "ENDSEC", 0, "SECTION", 2, "ENTITIES", 0, "INSERT", 8, 0, 2, "B5", 10, 0, 20, 0, 30, 0]
    path.write_text("\n".join(map(str, [*steps, 0, "ENDSEC", 0, "EOF"])) + "\n")
    return path


def test_a_file_that_would_take_hours_is_stopped(
    tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_SANDBOX_CPU_S", "3")

    with pytest.raises(TimedOut) as caught:
        convert_file(nested_inserts(tmp_path / "bomb.dxf"), work=work, crs="6384")
    assert caught.value.params == {"name": "bomb.dxf", "seconds": 3}


def test_a_reader_that_only_waits_is_stopped_too(
    sent: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "CHILD", child_script(tmp_path, "import time; time.sleep(60)"))
    monkeypatch.setenv("HROMADA_SANDBOX_CPU_S", "1")

    with pytest.raises(TimedOut):
        convert_file(sent, work=work)


@pytest.mark.parametrize(
    "end",
    [
        "raise MemoryError",
        "import os; os.write(2, b'terminate called: std::bad_alloc'); os.abort()",
    ],
)
def test_a_reader_that_meets_its_memory_limit_is_told_as_that(
    end: str, sent: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "CHILD", child_script(tmp_path, end))

    with pytest.raises(OutOfMemory):
        convert_file(sent, work=work)


def test_a_killed_reader_is_told_and_leaves_nothing(
    sent: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killer(progress.Silent):
        def child_started(self, child: Any) -> None:
            os.kill(child.pid, signal.SIGKILL)

    with progress.using(Killer()), pytest.raises(ReaderStopped):
        convert_file(sent, work=work)
    assert not (work / "out").exists()


def test_cancelling_the_job_kills_the_reader_and_is_no_failure_of_the_file(sent: Path, work: Path) -> None:
    class Canceller(progress.Silent):
        def child_started(self, child: Any) -> None:
            child.kill()

        def check_cancelled(self) -> None:
            raise progress.Cancelled

    with progress.using(Canceller()), pytest.raises(progress.Cancelled):
        convert_file(sent, work=work)


def test_the_reader_dies_with_whoever_started_it(tmp_path: Path) -> None:
    """A worker that is killed leaves no process behind that eats the machine."""
    import time

    script = (
        "import subprocess, sys, time, os\n"
        f"root = {str(launcher.ROOT)!r}\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import sys, os, time; sys.path.insert(0, sys.argv[1]);'"
        "'from gis_core.sandbox.lockdown import die_with_parent; die_with_parent(os.getppid()); print(1, flush=True);'"
        "'time.sleep(60)', root], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=tmp_path)
    assert parent.stdout is not None
    reader = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(100):
        if not Path(f"/proc/{reader}").exists() or "Z" in Path(f"/proc/{reader}/stat").read_text().split()[2]:
            break
        time.sleep(0.05)
    else:
        os.kill(reader, signal.SIGKILL)
        pytest.fail("the reader lives on")
    parent.stdout.close()


# --- what it answers ---


@pytest.mark.parametrize(
    "answer",
    [
        'print("x" * 100)',
        'print("{" * 100_000)',
        "print('{\"answer\": 1}')",
        'print(\'{"answer": {"layer": []}}\')',
        "print('{\"answer\": null}')",
        'print(\'{"problem": {"code": "archive-path", "params": {}}}\')',
        'print(\'{"problem": {"code": "no-such-code", "params": {"name": "x"}}}\')',
        'print(\'{"progress": [1]}\'); print("[]"); print("null")',
        'sys.stdout.buffer.write(b"\\xff" * 50_000_000)',
        'sys.stderr.write("e" * 50_000_000)',
        "import os, time; os.close(1); os.close(2); time.sleep(60)",
        "sys.exit(3)",
        "import os; os.abort()",
    ],
)
def test_an_answer_that_is_none_of_ours_is_refused(
    answer: str, sent: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "CHILD", child_script(tmp_path, answer))
    monkeypatch.setattr(ear, "_TIME_TO_END_S", 1)

    with pytest.raises(ReaderStopped) as caught:
        convert_file(sent, work=work)
    assert caught.value.params["name"] in (sent.name, "x")  # the file's, or what the answer calls it


def test_rows_beyond_the_limit_of_the_disk_are_told_as_that(
    sent: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_SANDBOX_OUTPUT_MB", "0")

    with pytest.raises(OverLimit) as caught:
        convert_file(sent, work=work)
    assert caught.value.params["limit"] == "sandbox_output_mb"


def test_a_full_disk_is_no_fault_of_the_file(
    sent: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = child_script(tmp_path, "raise OSError(28, 'No space left on device')")
    monkeypatch.setattr(launcher, "CHILD", script)

    with pytest.raises(DiskFull):
        convert_file(sent, work=work)


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


def test_issues_that_are_none_of_ours_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "issues.jsonl"
    good = {"row": 1, "rule": "geometry-missing", "done": "rejected", "field": "", "value": "", "params": {}}
    lines = [
        "",
        "x",
        "[]",
        "{}",
        '{"row": "a", "params": {}}',
        "[" * 10_000,
        json.dumps(good | {"params": []}),
        json.dumps(good),
    ]
    path.write_text("\n".join(lines) + "\n" + "y" * 200_000)

    assert list(read_issues(path)) == [RowIssue(1, "geometry-missing", "rejected")]


def test_an_issue_with_strange_params_still_reads_as_text() -> None:
    assert "%(found)s" in RowIssue(1, "too-many-parts", "rejected", params={}).message
    assert RowIssue(None, "no-such-rule", "kept").message == "no-such-rule"


def test_mutated_shapefiles_end_in_rows_or_in_our_failures(tmp_path: Path, work: Path) -> None:
    """A short fuzz through the whole way in: 12 files, each with the real child."""
    parts = shapefile_parts([SQUARE] * 5, cpg="1251")
    rng = random.Random(11)
    outcomes = set()
    for number in range(12):
        damaged = dict(parts)
        part = rng.choice([".shp", ".shx", ".dbf", ".prj"])
        content = bytearray(damaged[part])
        for _ in range(rng.randint(1, 5)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        damaged[part] = bytes(content)
        path = zipped_shapefile(tmp_path / f"{number}.zip", damaged)
        try:
            conversion = convert_file(path, work=work, crs="4326")
        except ImportProblem as problem:
            outcomes.add(problem.code)
            continue
        outcomes.add("rows")
        assert conversion.read == conversion.converted + conversion.rejected
    assert "rows" in outcomes
    assert not outcomes & {"sandbox-unavailable", "import-out-of-memory"}
