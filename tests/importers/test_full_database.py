"""A database whose disk is full: the import says so, half of it is nowhere, and it goes on once there is room.

The disk is as full as PostgreSQL says it is: triggers raise its own SQLSTATE where the next page would be written.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from gis_core.communities import Community
from gis_core.jobs.models import Job
from gis_core.people import User
from importers import steps
from importers.documents import import_document
from importers.models import ImportStatus
from layers import staging
from layers.models import Changeset, Feature, Layer
from tests.conftest import add_features, point
from tests.importers import files
from tests.importers.test_import_steps import after_jobs, assert_nothing_is_staged, started, status_of
from tests.layers.loading import whole

pytestmark = pytest.mark.django_db
FULL = """
    CREATE OR REPLACE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'could not extend file "base/16384/2619": No space left on device' USING ERRCODE = 'disk_full';
    END $$
"""


def fill_up(table: str, *, condition: str = "true") -> None:
    """From here on the table takes no row that meets the condition."""
    with connection.cursor() as cursor:
        cursor.execute(FULL)
        cursor.execute(
            f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW WHEN ({condition})"
            " EXECUTE FUNCTION pg_temp.refuse()"
        )


@contextmanager
def full(table: str) -> Iterator[None]:
    fill_up(table)
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER full_disk ON {table}")


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def editor(user_with_role: Callable[..., User]) -> User:
    return user_with_role("editor")


def problem_of(importing: Any, editor: User) -> dict[str, Any]:
    return dict(import_document(importing, editor)["problem"])


def test_no_room_for_the_rows_of_a_file_ends_the_import_at_once_and_it_can_be_done_again(
    community: Community, editor: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = staging.create_staging

    def make_table_on_a_full_disk(changeset: Changeset) -> None:
        made(changeset)
        fill_up(
            f"staging.{staging.staging_name(changeset)}", condition="NEW.properties ->> 'cadnum' LIKE '%%3'"
        )

    with monkeypatch.context() as disk:
        disk.setattr(staging, "create_staging", make_table_on_a_full_disk)
        importing = started(
            files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels", until="apply"
        )
    problem = problem_of(importing, editor)
    assert (status_of(importing), problem["code"]) == (ImportStatus.FAILED, "database-full")
    assert "закінчилося місце" in problem["message"]
    assert "звільнити місце" in problem["message"]
    assert Job.objects.filter(attempts__gt=1).count() == 0
    assert_nothing_is_staged(tmp_path)
    steps.retry(importing=importing, actor=editor)
    assert status_of(after_jobs(importing)) == ImportStatus.APPLIED
    assert Feature.objects.count() == 3


@pytest.mark.parametrize("table", ["layers_featureversion", "layers_feature"])
def test_no_room_for_features_or_their_history_leaves_the_layer_as_it_was(
    community: Community, editor: User, tmp_path: Path, table: str
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    started(files.shapefile(first, files.parcels(3)), community, editor, layer="parcels", until="apply")
    layer = Layer.objects.get()
    before, changed = whole(layer), files.parcels(4)
    changed.loc[0, "NAZVA"] = "Інша"
    file = files.shapefile(second, changed)
    importing = started(file, community, editor, layer="parcels", mode="replace", until="prepare")
    with full(table):
        steps.apply(importing=importing, actor=editor)
        importing = after_jobs(importing)
    assert (status_of(importing), problem_of(importing, editor)["code"]) == ("failed", "database-full")
    layer.refresh_from_db()
    assert (whole(layer), layer.revision) == (before, 1)
    steps.retry(importing=importing, actor=editor)
    importing = after_jobs(importing)
    assert (status_of(importing), Feature.objects.count()) == (ImportStatus.APPLIED, 4)


def test_no_room_for_an_edit_is_told_to_programs_as_what_it_is(
    make_layer: Callable[..., Layer], editor: User, client_of: Callable[..., Client]
) -> None:
    layer = make_layer()
    add_features(layer, [(point(30), {})])
    change = {"op": "C", "geometry": point(31), "properties": {}}
    with full("layers_change"):
        answer = client_of(editor).post(
            f"/api/collections/{layer.full_name}/changesets", {"changes": [change]}, "application/json"
        )
    assert (answer.status_code, answer.json()["code"]) == (507, "database-full")
    assert Feature.objects.count() == 1
