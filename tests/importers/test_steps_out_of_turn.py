"""Steps of an import that others come in between of: a reviewer who refuses, a job that ends just now."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gis_core.communities import Community
from gis_core.errors import NotAllowed
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from importers import steps
from importers.models import Import, ImportStatus
from importers.states import OwnerGone, State, WrongImportStatus, state_of
from importers.uploads import receive_upload
from layers.edits import review_changeset
from layers.models import Changeset, Feature, Layer, Raster
from tests.importers import files

MakeUser = Callable[..., User]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


def started(file: Path, community: Community, owner: User, **choices: Any) -> Import:
    """An import with all its jobs done."""
    upload = receive_upload(community=community, owner=owner, name=file.name, chunks=[file.read_bytes()])
    return after_jobs(steps.start_import(community=community, owner=owner, uploads=[upload], choices=choices))


def after_jobs(importing: Import) -> Import:
    run_ready_jobs()
    return Import.objects.get(pk=importing.pk)


def test_a_refused_import_of_a_new_layer_gives_its_name_back_when_it_is_thrown_away(
    community: Community, editor: User, user_with_role: MakeUser, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(2))
    refused = started(file, community, editor, layer="parcels", until="prepare")
    Changeset.objects.update(review_required=True)
    steps.apply(importing=refused, actor=editor)
    refused = after_jobs(refused)
    assert refused.status == ImportStatus.SUBMITTED
    changeset = Changeset.objects.get()
    review_changeset(changeset=changeset, actor=user_with_role("admin"), verdict="rejected", comment="ні")
    refused = after_jobs(refused)
    assert (state_of(refused).problem or {})["code"] == "changeset-rejected"
    steps.discard(importing=refused, actor=editor)
    assert not Layer.objects.exists()
    again = started(file, community, editor, layer="parcels", until="apply")
    assert again.status == ImportStatus.APPLIED


def test_an_import_that_was_applied_while_it_was_being_cancelled_stays_applied(
    community: Community, editor: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = files.shapefile(tmp_path, files.parcels(2))
    importing = started(file, community, editor, layer="parcels", until="prepare")
    look = steps._loaded

    def look_and_be_overtaken(importing: Import, actor: User | None) -> tuple[Import, State]:
        seen = look(importing, actor)
        monkeypatch.setattr(steps, "_loaded", look)
        steps.apply(importing=importing, actor=editor)
        run_ready_jobs()
        return seen

    monkeypatch.setattr(steps, "_loaded", look_and_be_overtaken)
    with pytest.raises(WrongImportStatus):
        steps.cancel(importing=importing, actor=editor)
    importing = Import.objects.get(pk=importing.pk)
    assert (importing.status, importing.changeset is None) == (ImportStatus.APPLIED, False)
    assert Feature.objects.count() == 2


def test_layers_of_one_file_take_names_that_neither_rasters_nor_each_other_have(
    community: Community, editor: User, tmp_path: Path
) -> None:
    file = files.geopackage(tmp_path, files.points(1), layer="План")
    for name in ("Ділянки", "ділянки!", "Ділянки?"):
        files.geopackage(tmp_path, files.points(1), layer=name)
    Raster.objects.create(
        community=community, slug="dilianky", title={"uk": "Знімок"}, size=1, accuracy_m=0.0, width=1, height=1,
        transform=[1.0, 0.0, 0.0, 0.0, -1.0, 0.0], resolution_m=1.0, bands=[], statistics=[],
        footprint="SRID=4326;MULTIPOLYGON(((29 48,30 48,30 49,29 48)))",
    )  # fmt: skip
    importing = started(file, community, editor, until="apply", layer="dilianky_2")
    made = steps.split(importing=importing, actor=editor, layers=["План", "Ділянки", "ділянки!", "Ділянки?"])
    assert [item.choices["layer"] for item in made] == [
        "dilianky_2", "dilianky_3", "dilianky_4", "dilianky_5",
    ]  # fmt: skip


def test_of_layers_that_cannot_all_be_imported_none_is_begun(
    community: Community, editor: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = files.geopackage(tmp_path, files.points(1), layer="a")
    files.geopackage(tmp_path, files.points(1), layer="b")
    importing = started(file, community, editor)
    decide = steps.decide

    def refuse_siblings(*, importing: Import, actor: User, choices: Any) -> Import:
        if not choices:
            raise NotAllowed()
        return decide(importing=importing, actor=actor, choices=choices)

    monkeypatch.setattr(steps, "decide", refuse_siblings)
    with pytest.raises(NotAllowed):
        steps.split(importing=importing, actor=editor, layers=["a", "b"])
    assert Import.objects.get().choices["source_layer"] == ""


def test_an_import_whose_owner_is_gone_does_nothing_more_with_the_servers_own_rights(
    community: Community, editor: User, user_with_role: MakeUser, tmp_path: Path
) -> None:
    admin = user_with_role("admin")
    file = files.shapefile(tmp_path, files.parcels(2))
    ready = started(file, community, editor, layer="parcels", until="prepare")
    waiting = started(file, community, editor, layer="roads")
    queued = started(file, community, editor, layer="water")
    steps.prepare(importing=queued, actor=editor)
    Import.objects.update(owner=None)
    for step in (lambda: steps.apply(importing=ready, actor=admin),
                 lambda: steps.prepare(importing=waiting, actor=admin),
                 lambda: steps.decide(importing=waiting, actor=admin, choices={"layer": "houses"})):  # fmt: skip
        with pytest.raises(OwnerGone):
            step()
    assert (state_of(after_jobs(queued)).problem or {})["code"] == "import-owner-gone"
    steps.discard(importing=waiting, actor=admin)
    assert not Layer.objects.filter(is_draft=False).exists()
