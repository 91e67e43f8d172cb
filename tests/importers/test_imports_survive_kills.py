"""kill -9 of a real worker at any moment of an import: applied once or not at all, and nothing left behind."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from gis_core.communities import Community
from gis_core.jobs.models import UNFINISHED, Job, JobState
from gis_core.people import User
from importers import steps
from importers.models import Import, ImportIssue, ImportStatus
from importers.rasters.pipeline import RasterRequest
from importers.rasters.tasks import start_raster_import
from importers.states import state_of
from importers.uploads import receive_upload
from layers.models import Changeset, Feature, Layer, Raster
from tests.gis_core.job_workers import Workers, wait_until, workers
from tests.importers import files
from tests.importers.rasters import odd
from tests.soak import amount

MakeUser = Callable[..., User]
pytestmark = pytest.mark.usefixtures("committed")
ROWS, PATIENCE_S = 10_000, 120.0  # rows enough for several batches
ROUNDS = [
    ["import-inspecting", "import-converting", "import-applying"],
    ["finish:inspect_import", "import-comparing", "finish:apply_import"],
    ["import-inspecting+1", "import-converting+2", "import-applying+4"],
    ["import-inspecting+2", "finish:prepare_import"],
    ["import-comparing+2", "import-applying+12"],
]
"""Kills of one import, one in each of its three jobs at most: at every boundary and inside of every step."""
STEPS = ["import-inspecting", "import-converting", "import-comparing", "import-applying"]


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_VAR", str(tmp_path / "var"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.shapefile(tmp_path_factory.mktemp("sent"), files.parcels(ROWS))


@pytest.fixture
def start(community: Community, user_with_role: MakeUser, file: Path) -> Callable[..., Import]:
    """`start("parcels")`: an import that goes as far as applied, queued and not begun."""
    owner = user_with_role("editor")

    def make(layer: str, **choices: Any) -> Import:
        upload = receive_upload(community=community, owner=owner, name=file.name, chunks=[file.read_bytes()])
        return steps.start_import(
            community=community, owner=owner, uploads=[upload],
            choices={"layer": layer, "until": "apply", **choices},
        )  # fmt: skip

    return make


def wait_for(importing: Import, status: str) -> None:
    def there() -> bool:
        found = state_of(Import.objects.get(pk=importing.pk))
        assert found.status != ImportStatus.FAILED, found.problem
        return found.status == status and not Job.objects.filter(state__in=UNFINISHED).exists()

    wait_until(there, timeout_s=PATIENCE_S)


def staging_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'")
        return [name for (name,) in cursor.fetchall()]


def assert_applied_once(layers: list[str], tmp_path: Path) -> None:
    assert sorted(Layer.objects.values_list("slug", "revision", "feature_count", "is_draft")) == [
        (slug, 1, ROWS, False) for slug in sorted(layers)
    ]
    assert Feature.objects.count() == ROWS * len(layers)
    assert Changeset.objects.count() == len(layers)
    assert staging_tables() == []
    wait_until(lambda: not list((tmp_path / "var" / "work").glob("*")))


@pytest.mark.parametrize("moments", ROUNDS, ids=", ".join)
def test_a_worker_killed_at_a_step_and_inside_of_it_leaves_an_import_that_is_applied_once(
    moments: list[str], start: Callable[..., Import], tmp_path: Path
) -> None:
    importing = start("parcels")
    with workers() as running:
        marks = start_killing(running, moments, tmp_path)
        wait_for(importing, ImportStatus.APPLIED)
        assert_applied_once(["parcels"], tmp_path)
    assert sorted(mark.name for mark in marks.iterdir()) == sorted(moments), (
        "it must have been killed at each"
    )
    assert Job.objects.filter(attempts=2).count() == len(moments)


def start_killing(running: Workers, moments: list[str], tmp_path: Path) -> Path:
    """Start a worker that kills itself at each of the moments; the folder in which it says so."""
    marks = tmp_path / "killed"
    marks.mkdir()
    running.start(
        settings="tests.importers.killing_settings", HROMADA_TEST_KILL_AT=",".join(moments),
        HROMADA_TEST_KILL_MARKS=str(marks),
    )  # fmt: skip
    return marks


@pytest.mark.parametrize("moment", ["raster-packing", "raster-packing+1", "finish:run_raster_import"])
def test_a_worker_killed_on_a_raster_leaves_one_raster_and_one_file(
    moment: str, community: Community, user_with_role: MakeUser, tmp_path: Path
) -> None:
    file, owner = odd.write(tmp_path / "ortho.tif", odd.ramp(), nodata=0), user_with_role("editor")
    upload = receive_upload(community=community, owner=owner, name=file.name, chunks=[file.read_bytes()])
    start_raster_import(uploads=[upload], request=RasterRequest(slug="ortho", elsewhere=True), actor=owner)
    with workers() as running:
        marks = start_killing(running, [moment], tmp_path)
        wait_until(lambda: not Job.objects.filter(state__in=UNFINISHED).exists(), timeout_s=PATIENCE_S)
        wait_until(lambda: not list((tmp_path / "var" / "work").glob("*")))
    assert [mark.name for mark in marks.iterdir()] == [moment], "the worker must have been killed"
    job = Job.objects.get()
    assert (job.state, job.attempts) == ("done", 2), job.error_code
    raster = Raster.objects.get()
    kept = [path for path in (tmp_path / "var" / "uploads").rglob("*") if path.is_file()]
    assert kept == [raster.path]


@pytest.mark.soak
def test_workers_killed_from_outside_at_any_time_of_each_step_apply_each_import_once(
    start: Callable[..., Import], tmp_path: Path
) -> None:
    dice, hit = random.Random(int(os.environ.get("HROMADA_KILL_SEED", "3"))), set()
    names = [f"parcels_{number}" for number in range(len(STEPS) * amount(1, 10))]
    with workers() as running:
        running.start()
        for name, step in zip(names, STEPS * len(names), strict=False):
            importing = start(name)
            wait_until(lambda step=step: step_of_the_worker() >= STEPS.index(step), timeout_s=PATIENCE_S)
            time.sleep(0 if step not in hit else dice.uniform(0, 0.5))
            at = step_of_the_worker()
            for slot in running.slots():
                os.kill(slot, signal.SIGKILL)
            hit |= set(STEPS[at : at + 1])
            wait_for(importing, ImportStatus.APPLIED)
        assert_applied_once(names, tmp_path)
    assert hit == set(STEPS), "each step must have been hit"
    assert Job.objects.filter(attempts__gt=1).exists(), "the kills must have hit jobs"


def step_of_the_worker() -> int:
    """Which step the running job tells it is at, as its place among the steps; -1 for none, 4 when all is done."""
    if not Job.objects.filter(state__in=UNFINISHED).exists():
        return len(STEPS)
    told = Job.objects.filter(state=JobState.RUNNING, message_code__in=STEPS).values_list(
        "message_code", flat=True
    )
    return max((STEPS.index(message) for message in told), default=-1)


def test_an_import_cancelled_while_it_is_prepared_leaves_nothing(
    start: Callable[..., Import], tmp_path: Path
) -> None:
    importing = start("parcels")
    with workers() as running:
        running.start()
        wait_until(lambda: Import.objects.get().status == ImportStatus.PREPARING, timeout_s=PATIENCE_S)
        importing = Import.objects.get()
        assert importing.owner is not None
        steps.cancel(importing=importing, actor=importing.owner)
        wait_for(importing, ImportStatus.CANCELLED)
        wait_until(lambda: not list((tmp_path / "var" / "work").glob("*")))
    assert staging_tables() == []
    for model in (Layer, Changeset, Feature, ImportIssue):
        assert not model.objects.exists()  # type: ignore[attr-defined]
