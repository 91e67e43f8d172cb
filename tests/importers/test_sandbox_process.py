"""The process that opens a file: what it may know, and what ends it."""

import os
import signal
import subprocess
import sys
from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest

from gis_core import limits
from gis_core.jobs import progress
from importers.errors import (
    OutOfMemory,
    ReaderStopped,
    SandboxUnavailable,
    TimedOut,
)
from importers.sandbox import convert_file, launcher
from importers.sandbox.environment import child_environment
from tests.importers.sandboxed import child_script, three_parcels


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    return three_parcels(tmp_path)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


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
