"""Imports into layers whose changes somebody else reviews: what is undone, found again and refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gis_core.communities import Community
from gis_core.people import User
from importers import steps
from importers.models import Import, ImportStatus
from layers.edits import review_changeset
from layers.models import Changeset, Layer
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
    document = steps.import_document(importing, editor)
    assert (document["status"], document["can"]["revert"]) == ("applied", False)
    assert document["status_label"] == "applied; its undoing waits for a reviewer"
    with pytest.raises(steps.WrongImportStatus, match="its undoing waits for a reviewer"):
        steps.revert(importing=importing, actor=editor)
    waiting = Changeset.objects.get(reverts__isnull=False)
    review_changeset(changeset=waiting, actor=user_with_role("reviewer"), verdict="rejected")
    importing = Import.objects.get(pk=importing.pk)
    assert steps.import_document(importing, editor)["can"]["revert"]
    assert status_of(importing) == ImportStatus.APPLIED
