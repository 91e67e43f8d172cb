"""The reading process killed at any moment, and a disk that is full at any place: clear, and nothing left behind."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from gis_core.communities import Community
from gis_core.jobs import progress
from gis_core.jobs.inline import run_ready_jobs
from gis_core.jobs.models import Job
from gis_core.people import User
from importers import pipeline, steps
from importers.errors import DiskFull, ReaderStopped
from importers.models import Import, ImportStatus, Upload
from importers.sandbox import convert_file
from importers.states import state_of
from importers.uploads import receive_upload
from layers.models import Changeset, Feature, Layer
from tests.importers import files

MakeUser = Callable[..., User]
ROWS = 20_000
ROOM_MB = 24


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.shapefile(tmp_path_factory.mktemp("sent"), files.parcels(ROWS))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["/bin/mount", "-t", "tmpfs", "-o", f"size={ROOM_MB}m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("no disk of its own may be mounted here")
    yield folder
    subprocess.run(["/bin/umount", "-l", str(folder)], check=True)


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")


def fill(folder: Path, *, leaving: int) -> None:
    """Leave so many bytes of room on the disk of the folder."""
    state = os.statvfs(folder)
    (folder / "ballast").write_bytes(bytes(max(0, state.f_bavail * state.f_frsize - leaving)))


class Killer(progress.Silent):
    """Kills the reading process as it starts, or as soon as so many rows are told."""

    def __init__(self, rows: int) -> None:
        self.rows, self.killed = rows, False
        self.child: Any = None

    def child_started(self, child: Any) -> None:
        self.child = child
        self._at(0)

    def report(self, fraction: float | None, code: str, params: dict[str, Any]) -> None:
        self._at(params.get("rows", 0))

    def _at(self, rows: int) -> None:
        if rows >= self.rows and not self.killed and self.child is not None and self.child.poll() is None:
            os.kill(self.child.pid, signal.SIGKILL)
            self.killed = True


def nothing_left(tmp_path: Path) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'")
        tables = cursor.fetchone()[0]
    work = list((tmp_path / "var" / "work").glob("*"))
    kept = [model.objects.exists() for model in (Layer, Changeset, Feature)]  # type: ignore[attr-defined]
    return (tables, work, any(kept)) == (0, [], False)


@pytest.fixture
def begin(community: Community, user_with_role: MakeUser, sent: Path) -> Callable[..., Import]:
    """`begin("inspect")`: an import that goes so far by itself."""
    owner = user_with_role("editor")

    def make(until: str) -> Import:
        upload = receive_upload(community=community, owner=owner, name=sent.name, chunks=[sent.read_bytes()])
        choices = {"layer": "parcels", "until": until}
        return steps.start_import(community=community, owner=owner, uploads=[upload], choices=choices)

    return make


@pytest.mark.django_db
def test_a_reading_process_killed_while_it_looks_leaves_nothing_and_the_import_can_be_tried_again(
    begin: Callable[..., Import], tmp_path: Path
) -> None:
    importing, killer = begin("prepare"), Killer(0)
    with progress.using(killer), pytest.raises(ReaderStopped), transaction.atomic():
        pipeline.inspect(importing)
    assert killer.killed
    assert nothing_left(tmp_path), "of the killed one"

    run_ready_jobs()
    assert state_of(Import.objects.get(pk=importing.pk)).status == ImportStatus.READY


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [0, 1, ROWS // 4, ROWS // 2])
def test_a_reading_process_killed_while_rows_come_leaves_nothing_and_the_import_can_be_tried_again(
    rows: int, begin: Callable[..., Import], tmp_path: Path
) -> None:
    importing = begin("inspect")
    run_ready_jobs()
    importing.refresh_from_db()
    assert importing.status == ImportStatus.WAITING
    killer = Killer(rows)
    with progress.using(killer), pytest.raises(ReaderStopped) as caught, transaction.atomic():
        pipeline.prepare(importing)
    assert killer.killed
    assert nothing_left(tmp_path), "of the killed one"
    assert str(caught.value)

    importing = Import.objects.get(pk=importing.pk)
    assert importing.owner is not None
    steps.prepare(importing=importing, actor=importing.owner)
    run_ready_jobs()
    assert state_of(Import.objects.get(pk=importing.pk)).status == ImportStatus.READY


def test_a_disk_that_fills_while_rows_are_written_is_told_and_nothing_stays(
    sent: Path, small_disk: Path
) -> None:
    fill(small_disk, leaving=6_000_000)

    with pytest.raises(DiskFull):
        convert_file(sent, work=small_disk / "work")
    assert not (small_disk / "work" / "out").exists()


def test_a_disk_that_is_full_when_a_file_is_unpacked_is_told_and_nothing_stays(
    sent: Path, small_disk: Path
) -> None:
    fill(small_disk, leaving=300_000)

    with pytest.raises(DiskFull):
        convert_file(sent, work=small_disk / "work")
    assert not (small_disk / "work" / "in").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["form", "pieces"])
def test_a_disk_that_fills_while_a_file_arrives_is_told_and_nothing_stays(
    way: str, community: Community, user_with_role: MakeUser, client_of: Callable[[User | None], Client],
    small_disk: Path, settings: Any, tmp_path: Path,
) -> None:  # fmt: skip
    settings.MEDIA_ROOT = small_disk / "uploads"
    client = client_of(user_with_role("editor"))
    settings.MEDIA_ROOT.mkdir()
    fill(small_disk, leaving=200_000)
    large = tmp_path / "map.geojson"
    large.write_bytes(b"{" + b" " * 5_000_000 + b"}")
    if way == "form":
        with large.open("rb") as file:
            answer = client.post("/api/imports", {"file": file, "community": "demo", "layer": "a"})
    else:
        tus = {"HTTP_TUS_RESUMABLE": "1.0.0"}
        begun = client.post(
            "/api/uploads", HTTP_UPLOAD_LENGTH=str(large.stat().st_size),
            HTTP_UPLOAD_METADATA="filename bWFwLmdlb2pzb24=,community ZGVtbw==", **tus,
        )  # fmt: skip
        answer = begun
        if begun.status_code == 201:
            answer = client.patch(
                begun["Location"], large.read_bytes(), content_type="application/offset+octet-stream",
                HTTP_UPLOAD_OFFSET="0", **tus,
            )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (507, "disk-short")
    assert not Upload.objects.filter(received__gt=0, sha256__gt="").exists()
    assert not Job.objects.exists()
    if way == "form":
        assert list(settings.MEDIA_ROOT.iterdir()) == []
