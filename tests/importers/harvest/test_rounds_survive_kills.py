"""kill -9 of a real worker in a round of a source: the round is done again, once, and nothing is left behind."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gis_core.jobs.models import Job
from gis_core.people import User
from importers.harvest.schedule import run_now, set_source
from importers.models import Import, LayerSource, Upload
from importers.upkeep import tidy
from layers.models import Changeset, Feature, Layer
from tests.gis_core.job_workers import wait_until, workers
from tests.importers.harvest.server import Answer, Site, site
from tests.importers.harvest.test_rounds import FIELDS, trees
from tests.importers.test_imports_survive_kills import PATIENCE_S, staging_tables, start_killing

pytestmark = pytest.mark.usefixtures("committed")
MOMENTS = [
    "import-inspecting+2", "import-converting+4", "import-comparing", "import-applying+12", "finish:harvest_layer",
]  # fmt: skip
AGES_AGO = 1_000_000_000.0


@pytest.fixture
def here(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")  # the disk of the machine is not the subject
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_VAR", str(tmp_path / "var"))
    with site() as made:
        settings.HARVEST_ALLOW = f"127.0.0.1:{made.port}"
        monkeypatch.setenv("HROMADA_HARVEST_ALLOW", settings.HARVEST_ALLOW)
        yield made


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_killed_in_a_round_leaves_a_layer_that_was_filled_once_and_a_source_that_goes_on(
    moment: str, here: Site, make_layer: Callable[..., Layer], user_with_role: Callable[..., User], tmp_path: Path
) -> None:  # fmt: skip
    layer = make_layer("trees", fields=FIELDS, key_field="number", geometry_type="Point")
    here.answers["/trees.geojson"] = Answer(trees(50), headers={"ETag": '"1"'})
    admin = user_with_role("admin")
    set_source(layer=layer, actor=admin, kind="geojson", url=here.url("/trees.geojson"))
    first = LayerSource.objects.get().job

    with workers() as running:
        marks = start_killing(running, [moment], tmp_path)
        wait_until(lambda: LayerSource.objects.get().outcome != "", timeout_s=PATIENCE_S)
        assert [mark.name for mark in marks.iterdir()] == [moment], "the worker must have been killed"
        wait_until(lambda: not list((tmp_path / "var" / "work").glob("*")))
        source = LayerSource.objects.get()
        job = Job.objects.get(uuid=first)
        assert (job.state, job.attempts, source.outcome, source.failures) == ("done", 2, "applied", 0)
        assert len(here.asked) == 2, "it is fetched again"
        assert_filled_once(tmp_path)
        run_now(layer=layer, actor=admin)  # nothing holds the source
        wait_until(lambda: LayerSource.objects.get().outcome == "unchanged", timeout_s=PATIENCE_S)
    assert_filled_once(tmp_path)
    next_one = Job.objects.get(state="ready")
    assert next_one.uuid == LayerSource.objects.get().job, "one round waits, that of the source"


def assert_filled_once(tmp_path: Path) -> None:
    """One import, changeset and upload; of files only the upload's, once what the killed round left is old."""
    assert Layer.objects.values_list("revision", "feature_count").get() == (1, 50)
    assert Feature.objects.count() == 50
    assert [model.objects.count() for model in (Import, Changeset, Upload)] == [1, 1, 1]
    assert staging_tables() == []
    folder = tmp_path / "var" / "uploads"
    for path in filter(Path.is_file, folder.rglob("*")):
        os.utime(path, (path.stat().st_atime - AGES_AGO, path.stat().st_mtime - AGES_AGO))
    tidy()
    assert [path for path in folder.rglob("*") if path.is_file()] == [Upload.objects.get().path]
