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
from gis_core.jobs.models import UNFINISHED, Job
from gis_core.people import User
from importers import steps
from importers.models import Import, ImportIssue, ImportStatus
from importers.rasters.pipeline import RasterRequest
from importers.rasters.tasks import start_raster_import
from importers.states import state_of
from importers.uploads import receive_upload
from layers.models import Changeset, Feature, Layer, Raster
from tests.gis_core.job_workers import wait_until, workers
from tests.importers import files
from tests.importers.rasters import odd

MakeUser = Callable[..., User]
pytestmark = pytest.mark.usefixtures("committed")
ROWS, PATIENCE_S = 400, 120.0
MOMENTS = [
    "import-inspecting", "finish:inspect_import", "import-converting", "import-comparing",
    "finish:prepare_import", "import-applying", "finish:apply_import",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_VAR", str(tmp_path / "var"))


@pytest.fixture
def start(community: Community, user_with_role: MakeUser, tmp_path: Path) -> Callable[..., Import]:
    """`start("parcels")`: an import that goes as far as applied, queued and not begun."""
    file, owner = files.shapefile(tmp_path, files.parcels(ROWS)), user_with_role("editor")

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


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_killed_at_a_step_leaves_an_import_that_is_applied_once(
    moment: str, start: Callable[..., Import], tmp_path: Path
) -> None:
    importing = start("parcels")
    mark = tmp_path / "killed"
    with workers() as running:
        running.start(
            settings="tests.importers.killing_settings", HROMADA_TEST_KILL_AT=moment,
            HROMADA_TEST_KILL_MARK=str(mark),
        )  # fmt: skip
        wait_for(importing, ImportStatus.APPLIED)
        assert_applied_once(["parcels"], tmp_path)
    assert mark.exists(), "the worker must have been killed"
    assert Job.objects.filter(attempts=2).count() == 1


@pytest.mark.parametrize("moment", ["raster-packing", "finish:run_raster_import"])
def test_a_worker_killed_on_a_raster_leaves_one_raster_and_one_file(
    moment: str, community: Community, user_with_role: MakeUser, tmp_path: Path
) -> None:
    file, owner = odd.write(tmp_path / "ortho.tif", odd.ramp(), nodata=0), user_with_role("editor")
    upload = receive_upload(community=community, owner=owner, name=file.name, chunks=[file.read_bytes()])
    start_raster_import(uploads=[upload], request=RasterRequest(slug="ortho", elsewhere=True), actor=owner)
    mark = tmp_path / "killed"
    with workers() as running:
        running.start(
            settings="tests.importers.killing_settings", HROMADA_TEST_KILL_AT=moment,
            HROMADA_TEST_KILL_MARK=str(mark),
        )  # fmt: skip
        wait_until(lambda: not Job.objects.filter(state__in=UNFINISHED).exists(), timeout_s=PATIENCE_S)
        wait_until(lambda: not list((tmp_path / "var" / "work").glob("*")))
    assert mark.exists(), "the worker must have been killed"
    job = Job.objects.get()
    assert (job.state, job.attempts) == ("done", 2), job.error_code
    raster = Raster.objects.get()
    kept = [path for path in (tmp_path / "var" / "uploads").rglob("*") if path.is_file()]
    assert kept == [raster.path]


def test_workers_killed_at_any_time_apply_each_import_once(
    start: Callable[..., Import], tmp_path: Path
) -> None:
    dice = random.Random(int(os.environ.get("HROMADA_KILL_SEED", "3")))
    names = [f"parcels_{number}" for number in range(4)]
    with workers() as running:
        running.start()
        for name in names:
            importing = start(name)
            for _kill in range(2):
                time.sleep(dice.uniform(0.2, 2.5))
                for slot in running.slots():
                    os.kill(slot, signal.SIGKILL)
            wait_for(importing, ImportStatus.APPLIED)
        assert_applied_once(names, tmp_path)
    assert Job.objects.filter(attempts__gt=1).exists(), "the kills must have hit jobs"


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
