"""What the process that opens a file opens besides: nothing. Seen by the kernel, from outside of the process.

strace(1) lists every file that was opened after the lockdown. Where it may not run, inotify still watches a secret
beside each file of the corpus (`test_hostile_files`).
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from gis_core.sandbox import lockdown
from importers.errors import ImportProblem
from importers.rasters.launcher import convert_raster
from importers.rasters.source import with_siblings
from importers.sandbox import convert_file
from tests.importers.corpus import secret_in
from tests.importers.probe import read_with
from tests.importers.rasters import odd
from tests.importers.test_sandbox_controls import LEAKS
from tests.importers.true_files import TRUE_FILES
from tests.importers.watched import watching
from tests.soak import amount

LOCKED = "landlock_restrict_self("
_OPENED = re.compile(r'open(?:at2?)?\((?:AT_FDCWD, )?"((?:[^"\\]|\\.)*)".* = \d+')
_CHANGED = re.compile(r'(?:rename|link|symlink|mkdir|unlink)\w*\((?:AT_FDCWD, )?"((?:[^"\\]|\\.)*)".* = 0')
TRACED = amount([".gpkg", ".zip", ".kml", ".csv", ".xlsx", ".in4"], list(TRUE_FILES))


def may_trace() -> bool:
    asked = shutil.which("strace") and subprocess.run(
        ["strace", "-D", "true"], capture_output=True, check=False
    )
    return bool(asked) and asked.returncode == 0


needs_strace = pytest.mark.skipif(
    not may_trace(), reason="no strace, or none may run here: inotify alone watches (test_hostile_files)"
)


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Has the reading processes traced; `trace()` tells the system calls of all of them after their lockdown."""
    traces = tmp_path / "traces"
    traces.mkdir()
    tracer = tmp_path / "python"
    tracer.write_text(
        f"#!/bin/sh\nexec strace -D -f -s 1000 -e trace=%file,landlock_restrict_self -o {traces}/$$"
        f' {sys.executable} "$@"\n'
    )
    tracer.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tracer))

    def calls() -> list[str]:
        found = [complete(path).splitlines() for path in traces.iterdir()]
        locked = [next(place for place, line in enumerate(lines) if LOCKED in line) for lines in found]
        return [line for lines, since in zip(found, locked, strict=True) for line in lines[since:]]

    return calls


def complete(trace: Path) -> str:
    """The trace when its process has ended: the tracer writes on for a moment."""
    for _ in range(200):
        text = trace.read_text()
        if re.search(r"\+\+\+ (exited|killed)", text):
            return text
        time.sleep(0.05)
    raise AssertionError(f"the trace does not end: {text[-500:]}")


def outside(calls: Iterable[str], *folders: Path) -> set[str]:
    """What was opened or changed outside of these folders; relative names lie in the process's own."""
    named = {match[1] for line in calls for match in (_OPENED.search(line), _CHANGED.search(line)) if match}
    return {
        name
        for name in named
        if name.startswith("/") and not any(Path(name).resolve().is_relative_to(folder) for folder in folders)
    }


def attempt(path: Path, work: Path) -> None:
    work.mkdir()
    with suppress(ImportProblem):
        convert_file(path, work=work, crs="9832" if path.suffix in (".dxf", ".xml", ".in4") else "")


@needs_strace
@pytest.mark.soak
@pytest.mark.parametrize("extension", TRACED)
def test_a_reader_opens_nothing_outside_of_its_folders(
    extension: str, trace: Callable[[], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "sent").mkdir()
    attempt(TRUE_FILES[extension](tmp_path / "sent"), tmp_path / "work")
    calls = trace()

    assert any(f"{tmp_path}/work/in/" in line for line in calls), "it must have opened the file"
    assert outside(calls, tmp_path / "work", *lockdown.libraries()) == set()


@needs_strace
@pytest.mark.soak
@pytest.mark.parametrize("item", LEAKS, ids=lambda item: item.name)
def test_a_file_that_is_a_program_opens_nothing_outside_of_the_folders_either(
    item: object, trace: Callable[[], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "sent").mkdir()
    path = item.make(tmp_path / "sent", secret_in(tmp_path))  # type: ignore[attr-defined]
    attempt(path, tmp_path / "work")

    assert outside(trace(), tmp_path / "work", *lockdown.libraries()) == set()


@needs_strace
@pytest.mark.parametrize("make", [odd.READ[0].make, odd.with_overview_elsewhere], ids=["sound", "refers"])
def test_the_reader_of_rasters_opens_nothing_outside_of_its_folders(
    make: Callable[[Path], Path], trace: Callable[[], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "sent").mkdir()
    (tmp_path / "work").mkdir()
    with suppress(ImportProblem):
        convert_raster(with_siblings(make(tmp_path / "sent")), work=tmp_path / "work", local_srid=9832)

    assert outside(trace(), tmp_path / "work", *lockdown.libraries()) == set()


def test_both_ways_see_an_opening_that_landlock_does_not_stop(tmp_path: Path) -> None:
    seen = [
        '1 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3',
        '1 open("a", 0) = 4',
        '1 open("/b", 0) = -1 EACCES',
    ]
    assert outside(seen, tmp_path) == {"/etc/passwd"}
    (tmp_path / "sent").mkdir()
    secret = secret_in(tmp_path)
    path = LEAKS[0].make(tmp_path / "sent", secret)
    with watching(secret) as watch:
        read_with(path, tmp_path / "out")
        assert watch.opened() == set()
        read_with(path, tmp_path / "out", controls=lockdown.CONTROLS - {"landlock"})
        assert watch.opened() == {secret.name}
