"""Imports into layers whose changes somebody else reviews: what is undone, found again and refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gis_core.communities import Community
from gis_core.people import User
from importers import review, steps
from importers.documents import import_document
from importers.models import Import, ImportStatus
from importers.states import WrongImportStatus
from layers.edits import apply_changeset, review_changeset
from layers.models import Changeset, Feature, Layer
from tests.conftest import add_features, square
from tests.importers import files
from tests.importers.test_import_steps import after_jobs, started, status_of

MakeUser = Callable[..., User]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


def test_an_import_whose_undoing_waits_for_a_reviewer_says_so_and_is_not_undone_twice(
    community: Community, editor: User, user_with_role: MakeUser, tmp_path: Path
) -> None:
    importing = started(
        files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels", until="apply"
    )
    Layer.objects.update(review_required=True)
    steps.revert(importing=importing, actor=editor)
    importing = after_jobs(importing)
    document = import_document(importing, editor)
    assert (document["status"], document["can"]["revert"]) == ("applied", False)
    assert document["status_label"] == "застосовано; скасування чекає на рецензента"
    with pytest.raises(WrongImportStatus, match="скасування чекає на рецензента"):
        steps.revert(importing=importing, actor=editor)
    waiting = Changeset.objects.get(reverts__isnull=False)
    review_changeset(changeset=waiting, actor=user_with_role("reviewer"), verdict="rejected")
    importing = Import.objects.get(pk=importing.pk)
    assert import_document(importing, editor)["can"]["revert"]
    assert status_of(importing) == ImportStatus.APPLIED


def test_what_was_refused_stays_refused_when_the_layer_has_moved_on_and_the_file_is_not_read_again(
    community: Community, editor: User, tmp_path: Path
) -> None:
    folder, other = tmp_path / "one", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    started(files.shapefile(folder, files.parcels(2)), community, editor, layer="parcels", until="apply")
    file = files.shapefile(other, files.parcels(5))
    importing = started(file, community, editor, layer="parcels", mode="replace", until="prepare")
    assert importing.changeset is not None
    staged = importing.changeset.pk
    refused = review.rows(importing, editor, kind="added", limit=1, after=0)[0].id
    review.accept(importing, kind=None, ids=[refused], accepted=False)
    add_features(Layer.objects.get(), [(square(30, 50), {})])
    steps.apply(importing=importing, actor=editor)
    importing = after_jobs(importing)
    document = import_document(importing, editor)
    assert (document["status"], document["problem"]["code"]) == ("failed", "layer-moved-on")
    for upload in importing.uploads.all():
        upload.path.unlink()
    steps.retry(importing=importing, actor=editor)
    importing = after_jobs(importing)
    document = import_document(importing, editor)
    assert (document["status"], document["changeset"]["id"]) == ("ready", staged)
    assert (document["diff"]["added"], document["diff"]["removed"], document["diff"]["accepted"]) == (3, 1, 3)
    assert document["summary"]["removed"] == 1
    steps.apply(importing=importing, actor=editor)
    assert status_of(after_jobs(importing)) == ImportStatus.APPLIED
    assert refused not in Feature.objects.values_list("pk", flat=True)


@pytest.mark.parametrize("verdict", ["rejected", "approved"])
def test_a_layer_gains_the_fields_of_an_import_when_it_is_applied_and_none_of_one_that_is_refused(
    community: Community, user_with_role: MakeUser, tmp_path: Path, verdict: str
) -> None:
    admin, folder = user_with_role("admin"), tmp_path / "fewer"
    folder.mkdir()
    fewer = files.shapefile(folder, files.parcels(2).drop(columns="PLOSHA"))
    started(fewer, community, admin, layer="parcels", until="apply")
    Layer.objects.update(review_required=True)
    importing = started(
        files.shapefile(tmp_path, files.parcels(3)), community, admin, layer="parcels", mode="replace",
        until="apply", mapping=[{"source": "PLOSHA"}],
    )  # fmt: skip
    assert status_of(importing) == ImportStatus.SUBMITTED
    assert Layer.objects.get().schema.get("plosha") is None
    assert importing.changeset is not None
    reviewed = review_changeset(
        changeset=importing.changeset, actor=user_with_role("reviewer"), verdict=verdict
    )
    if verdict == "rejected":
        assert Layer.objects.get().schema.get("plosha") is None
        return
    apply_changeset(changeset=reviewed, actor=None)
    field = Layer.objects.get().schema.get("plosha")
    assert field is not None
    assert field.access == "staff"
    assert Feature.objects.filter(properties__has_key="plosha").count() == 3
