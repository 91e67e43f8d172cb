"""An import moves from step to step, asks what it cannot know, and leaves nothing where it ends early."""

import json
import os
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from gis_core.communities import Community
from gis_core.errors import NotAllowed, NotFound
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from importers import steps
from importers.access import visible_imports
from importers.choices import BadChoice
from importers.documents import import_document
from importers.folders import work_folder
from importers.models import Import, ImportIssue, ImportStatus, Upload
from importers.states import WrongImportStatus, state_of
from importers.upkeep import tidy
from importers.uploads import receive_upload
from layers.catalogue import LayerExists
from layers.models import Changeset, Feature, Layer
from tests.importers import files

MakeUser = Callable[..., User]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


def sent(file: Path, community: Community, owner: User) -> Upload:
    return receive_upload(community=community, owner=owner, name=file.name, chunks=[file.read_bytes()])


def started(file: Path, community: Community, owner: User, **choices: Any) -> Import:
    """An import with all its jobs done."""
    importing = steps.start_import(
        community=community, owner=owner, uploads=[sent(file, community, owner)], choices=choices
    )
    return after_jobs(importing)


def after_jobs(importing: Import) -> Import:
    run_ready_jobs()
    return Import.objects.get(pk=importing.pk)


def status_of(importing: Import) -> str:
    return state_of(Import.objects.get(pk=importing.pk)).status


def staging_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'")
        return [name for (name,) in cursor.fetchall()]


def assert_nothing_is_staged(tmp_path: Path) -> None:
    assert staging_tables() == []
    assert not Changeset.objects.exists()
    assert not Layer.objects.exists()
    assert not ImportIssue.objects.exists()
    assert not list((tmp_path / "var" / "work").glob("*"))


def test_a_file_goes_step_by_step_and_each_waits_for_a_person(
    community: Community, editor: User, tmp_path: Path
) -> None:
    importing = started(files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels")
    document = import_document(importing, editor)
    assert (document["status"], document["question"]) == ("waiting", None)
    assert document["inspection"]["layers"][0]["rows"] == 3
    assert document["can"]["prepare"]
    steps.prepare(importing=importing, actor=editor)
    importing = after_jobs(importing)
    document = import_document(importing, editor)
    assert document["status"] == "ready"
    assert (document["diff"]["added"], document["summary"]["read"]) == (3, 3)
    assert not Feature.objects.exists()
    steps.apply(importing=importing, actor=editor)
    importing = after_jobs(importing)
    assert status_of(importing) == ImportStatus.APPLIED
    assert Feature.objects.count() == 3
    assert not Layer.objects.get().is_draft
    steps.revert(importing=importing, actor=editor)
    importing = after_jobs(importing)
    assert status_of(importing) == ImportStatus.REVERTED
    assert not Feature.objects.exists()


def test_an_import_that_may_go_on_by_itself_is_applied_without_another_word(
    community: Community, editor: User, tmp_path: Path
) -> None:
    importing = started(
        files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels", until="apply"
    )
    assert importing.status == ImportStatus.APPLIED
    assert Feature.objects.count() == 3


def test_what_is_missing_is_asked_one_thing_after_the_other_and_no_job_fails(
    community: Community, editor: User, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3), without=[".prj", ".cpg"])
    importing = started(file, community, editor, until="apply")
    asked = []
    for answer in ({"layer": "parcels"}, {"crs": "9832"}):
        document = import_document(importing, editor)
        assert document["status"] == "waiting"
        asked.append(document["question"]["code"])
        steps.decide(importing=importing, actor=editor, choices=answer)
        importing = after_jobs(importing)
    assert asked == ["layer-needed", "crs-unknown"]
    assert importing.status == ImportStatus.APPLIED
    from gis_core.jobs.models import Job

    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


@pytest.mark.parametrize(
    ("choice", "value"),
    [("layer", "Ділянки"), ("layer", "1st"), ("mode", "merge"), ("title", {"de": "x"}), ("colour", "red"),
     ("keep_personal", {"owner": ""}), ("mapping", [{"key": "a"}]), ("mapping", [{"source": "a", "key": "A b"}])],
)  # fmt: skip
def test_a_decision_without_meaning_is_refused_before_anything_is_read(
    community: Community, editor: User, tmp_path: Path, choice: str, value: Any
) -> None:
    importing = started(files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels")
    with pytest.raises(BadChoice) as refusal:
        steps.decide(importing=importing, actor=editor, choices={choice: value})
    assert refusal.value.params["choice"].startswith(choice)
    assert Import.objects.get().choices == importing.choices


def test_a_cancelled_import_leaves_nothing_staged_and_can_be_tried_again(
    community: Community, editor: User, tmp_path: Path
) -> None:
    importing = started(
        files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels", until="prepare"
    )
    assert staging_tables()
    steps.cancel(importing=importing, actor=editor)
    assert status_of(importing) == ImportStatus.CANCELLED
    assert_nothing_is_staged(tmp_path)
    steps.retry(importing=importing, actor=editor)
    assert after_jobs(importing).status == ImportStatus.READY


def test_a_discarded_import_takes_its_file_with_it(
    community: Community, editor: User, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    importing = started(
        files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels", until="prepare"
    )
    with django_capture_on_commit_callbacks(execute=True):
        steps.discard(importing=importing, actor=editor)
    assert_nothing_is_staged(tmp_path)
    assert not Import.objects.exists()
    assert not Upload.objects.exists()
    assert not list((tmp_path / "var" / "uploads").iterdir())


def test_an_applied_import_cannot_be_discarded(community: Community, editor: User, tmp_path: Path) -> None:
    importing = started(
        files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels", until="apply"
    )
    with pytest.raises(WrongImportStatus):
        steps.discard(importing=importing, actor=editor)
    assert Feature.objects.count() == 3


def test_two_imports_cannot_make_the_same_new_layer(
    community: Community, editor: User, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3))
    started(file, community, editor, layer="parcels", until="prepare")
    with pytest.raises(LayerExists):
        started(file, community, editor, layer="parcels")
    assert Import.objects.count() == 1


def test_a_file_that_is_no_map_fails_with_its_reason_and_can_be_discarded(
    community: Community, editor: User, tmp_path: Path
) -> None:
    (tmp_path / "plan.xcf").write_text("не карта", encoding="utf-8")
    importing = started(tmp_path / "plan.xcf", community, editor, layer="parcels", until="apply")
    document = import_document(importing, editor)
    assert (document["status"], document["problem"]["code"]) == ("failed", "not-a-spatial-file")
    assert "plan.xcf" in document["problem"]["message"]
    assert document["can"]["retry"]
    steps.discard(importing=importing, actor=editor)
    assert_nothing_is_staged(tmp_path)


@pytest.mark.parametrize("name", ["ortho.tif", "scan.jp2", "photo.jpg", "ortho.zip"])
def test_a_raster_is_shown_the_door_for_rasters(
    community: Community, editor: User, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("ortho.tif", b"II*\x00")
            archive.writestr("ortho.tfw", b"1\n")
    else:
        file.write_bytes(b"II*\x00")
    importing = started(file, community, editor, layer="ortho", until="apply")
    problem = import_document(importing, editor)["problem"]
    assert problem["code"] == "raster-sent"
    assert name in problem["message"]
    assert "/api/rasters" in problem["message"]
    with pytest.raises(CommandError, match="/api/rasters"):
        call_command("import_data", str(file), community="demo", layer="ortho")


def test_only_who_may_edit_starts_an_import_and_only_of_their_own_files(
    community: Community, user_with_role: MakeUser, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3))
    viewer, editor, other = (user_with_role(role) for role in ("viewer", "editor", "reviewer"))
    with pytest.raises(NotAllowed):
        started(file, community, viewer, layer="parcels")
    upload = sent(file, community, other)
    with pytest.raises(NotFound):
        steps.start_import(community=community, owner=editor, uploads=[upload], choices={})
    assert steps.start_import(community=community, owner=other, uploads=[upload], choices={}).pk


def test_a_stranger_and_a_viewer_see_no_import_and_another_editor_sees_but_does_not_steer(
    community: Community, user_with_role: MakeUser, tmp_path: Path
) -> None:
    owner = user_with_role("editor")
    importing = started(files.shapefile(tmp_path, files.parcels(3)), community, owner, layer="parcels")
    viewer, stranger, other = (user_with_role(role) for role in ("viewer", None, "reviewer"))
    assert list(visible_imports(viewer)) == []
    assert list(visible_imports(stranger)) == []
    assert list(visible_imports(other)) == [importing]
    assert not any(import_document(importing, other)["can"].values())
    for step in (steps.prepare, steps.cancel, steps.discard):
        with pytest.raises(NotAllowed):
            step(importing=importing, actor=other)
    admin = user_with_role("admin")
    steps.prepare(importing=importing, actor=admin)


def test_an_import_into_a_layer_that_one_does_not_see_does_not_exist_for_them(
    community: Community, user_with_role: MakeUser, tmp_path: Path
) -> None:
    admin, editor = user_with_role("admin"), user_with_role("editor")
    file = files.shapefile(tmp_path, files.parcels(3))
    importing = started(file, community, admin, layer="secret", access_level="restricted", until="prepare")
    assert list(visible_imports(editor)) == []
    steps.apply(importing=importing, actor=admin)
    after_jobs(importing)
    again = started(file, community, admin, layer="secret", mode="append")
    assert list(visible_imports(editor)) == []
    assert list(visible_imports(admin)) == [again, importing]


def test_a_job_of_an_earlier_turn_does_nothing(community: Community, editor: User, tmp_path: Path) -> None:
    importing = started(
        files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels", until="prepare"
    )
    from importers.tasks import prepare_import

    prepare_import.enqueue(importing.pk, importing.turn - 1)
    after_jobs(importing)
    assert Changeset.objects.count() == 1
    assert status_of(importing) == ImportStatus.READY


def test_several_layers_of_a_file_become_imports_that_share_the_file_and_what_was_found(
    community: Community, editor: User, tmp_path: Path
) -> None:
    file = files.geopackage(tmp_path, files.parcels(), layer="ділянки")
    files.geopackage(tmp_path, files.points(), layer="точки")
    importing = started(file, community, editor, until="apply")
    assert importing.question["code"] == "several-layers"
    made = steps.split(importing=importing, actor=editor, layers=["ділянки", "точки"])
    run_ready_jobs()
    assert [status_of(item) for item in made] == [ImportStatus.APPLIED] * 2
    assert set(Layer.objects.values_list("slug", flat=True)) == {"dilianky", "tochky"}
    assert Upload.objects.count() == 1
    from gis_core.jobs.models import Job

    assert Job.objects.filter(task_path__endswith="inspect_import").count() == 1


def test_a_column_that_the_layer_lacks_is_kept_for_members_where_its_author_may_change_the_schema(
    community: Community, user_with_role: MakeUser, tmp_path: Path
) -> None:
    admin, editor = user_with_role("admin"), user_with_role("editor")
    fewer = files.parcels(2).drop(columns="PLOSHA")
    started(
        files.shapefile(tmp_path, fewer, name="fewer"), community, admin, layer="parcels", until="apply",
        access_level="public",
    )  # fmt: skip
    whole = files.shapefile(tmp_path, files.parcels(3))
    asking = started(whole, community, editor, layer="parcels", mode="append", until="apply")
    assert asking.question["code"] == "schema-differs"
    steps.decide(importing=asking, actor=editor, choices={"mapping": [{"source": "PLOSHA", "keep": False}]})
    assert after_jobs(asking).status == ImportStatus.APPLIED
    started(
        whole,
        community,
        admin,
        layer="parcels",
        mode="replace",
        until="apply",
        mapping=[{"source": "PLOSHA"}],
    )
    field = Layer.objects.get().schema.get("plosha")
    assert field is not None
    assert field.access == "staff"
    assert Feature.objects.filter(properties__has_key="plosha").count() == 3


def test_time_takes_unfinished_imports_and_files_that_nobody_uses_and_nothing_else(
    community: Community, editor: User, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    file = files.shapefile(tmp_path, files.parcels(2))
    done = started(file, community, editor, layer="parcels", until="apply")
    old = started(file, community, editor, layer="roads", until="prepare")
    fresh = started(file, community, editor, layer="fresh", until="prepare")
    unused = sent(file, community, editor)
    long_ago = timezone.now() - timedelta(days=31)
    Import.objects.filter(pk__in=[old.pk, done.pk]).update(updated_at=long_ago)
    Upload.objects.filter(pk=unused.pk).update(created_at=long_ago)
    (tmp_path / "var" / "work" / "import-dead").mkdir()
    with work_folder() as alive, django_capture_on_commit_callbacks(execute=True):
        assert tidy() == {
            "folders": 1, "imports": 1, "uploads": 1, "files": 0, "rasters": 0, "sources": 0,
        }  # fmt: skip
        assert Path(alive).exists()
    assert set(Import.objects.all()) == {done, fresh}
    assert not unused.path.exists()
    assert len(staging_tables()) == 1
    assert done.uploads.get().path.exists()


def test_an_import_that_cannot_go_keeps_nothing_else_from_going(
    community: Community, editor: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = files.shapefile(tmp_path, files.parcels(2))
    stuck = started(file, community, editor, layer="stuck", until="prepare")
    other = started(file, community, editor, layer="other", until="prepare")
    Import.objects.update(updated_at=timezone.now() - timedelta(days=31))
    discard = steps.discard

    def busy(*, importing: Import, actor: User | None) -> None:
        if importing.pk == stuck.pk:
            raise steps.ImportBusy(status="ready")
        discard(importing=importing, actor=actor)

    monkeypatch.setattr(steps, "discard", busy)
    assert tidy()["imports"] == 1
    assert list(Import.objects.all()) == [stuck]
    assert not Layer.objects.filter(slug=other.choices["layer"]).exists()


def test_a_file_of_no_row_goes_when_its_time_is_over(
    community: Community, editor: User, tmp_path: Path
) -> None:
    kept = sent(files.shapefile(tmp_path, files.parcels(2)), community, editor).path
    [lost, fresh, part, other] = [kept.parent / name for name in ("a" * 32, "b" * 32, "c.part", "readme.txt")]
    for path in (lost, fresh, part, other):
        path.write_bytes(b"abc")
    for path in (kept, lost, part, other):
        os.utime(path, (0, 0))
    assert tidy()["files"] == 2
    assert {path for path in (kept, lost, fresh, part, other) if path.exists()} == {kept, fresh, other}


def test_a_trial_tells_what_would_change_and_changes_nothing(community: Community, tmp_path: Path) -> None:
    file = files.shapefile(tmp_path, files.parcels(3))

    def run(**options: Any) -> dict[str, Any]:
        out = StringIO()
        call_command(
            "import_data", str(file), community="demo", layer="parcels", json=True, stdout=out, **options
        )
        return dict(json.loads(out.getvalue()))

    assert run(dry_run=True)["added"] == 3
    assert not Layer.objects.exists()
    assert not Import.objects.exists()
    assert staging_tables() == []
    assert run()["created"] == 3
    again = run(mode="replace")
    assert (again["unchanged"], again["changeset"], again["changeset_status"]) == (3, None, "unchanged")
