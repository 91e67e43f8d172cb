"""The layer that an import made goes with it when it is undone, and comes back when that is undone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from gis_core.communities import Community
from gis_core.journal import JournalEntry
from gis_core.people import User
from importers import steps
from importers.access import visible_imports
from importers.documents import import_document
from importers.models import Import, ImportStatus
from importers.states import states_of
from layers.access import visible_layers
from layers.catalogue import update_layer
from layers.edits import ChangeDraft, revert_changeset, review_changeset, send_changes
from layers.edits import apply_changeset as apply_approved
from layers.models import Changeset, Feature, Layer
from tests.importers import files
from tests.importers.test_import_steps import after_jobs, started

MakeUser = Callable[..., User]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


@pytest.fixture
def applied(community: Community, editor: User, tmp_path: Path) -> Import:
    file = files.shapefile(tmp_path, files.parcels(3))
    return started(file, community, editor, layer="parcels", access_level="public", until="apply")


def undone(importing: Import, actor: User) -> Import:
    steps.revert(importing=importing, actor=actor)
    return after_jobs(importing)


def states() -> list[Any]:
    return list(Feature.objects.order_by("pk").values_list("pk", "properties", "geom", "external_key"))


def test_the_layer_that_it_made_is_gone_for_every_reader(
    applied: Import, editor: User, client: Client, client_of: Callable[..., Client]
) -> None:
    assert client.get("/api/collections/demo.parcels").status_code == 200
    importing = undone(applied, editor)
    for reader in (client, client_of(editor)):
        assert reader.get("/api/collections/demo.parcels").status_code == 404
        assert reader.get("/tiles/demo.parcels/14/9522/5623.mvt").status_code == 404
    assert not visible_layers(editor).exists()
    assert JournalEntry.objects.filter(action="layer-withdrawn", subject="demo.parcels").exists()
    document = import_document(importing, editor)
    assert document["status"] == "reverted"
    assert (document["layer"]["exists"], document["layer"]["withdrawn"]) == (False, True)


def test_undoing_the_undoing_brings_the_layer_back_with_every_id(applied: Import, editor: User) -> None:
    before = states()
    importing = undone(applied, editor)
    assert importing.changeset is not None
    inverse = importing.changeset.reverted_by_set.get()
    again = revert_changeset(changeset=inverse, actor=editor)
    layer = Layer.objects.get()
    assert (layer.is_draft, layer.slug, layer.feature_count) == (False, "parcels", 3)
    assert states() == before
    revert_changeset(changeset=again, actor=editor)
    assert Layer.objects.get().is_withdrawn


def test_the_file_can_be_imported_again_under_the_same_name(
    applied: Import, community: Community, editor: User, tmp_path: Path
) -> None:
    undone(applied, editor)
    assert steps.free_slug(community, "parcels") == "parcels"
    file = files.shapefile(tmp_path, files.parcels(3), name="again")
    again = started(file, community, editor, layer="parcels", until="apply")
    assert again.status == ImportStatus.APPLIED
    assert visible_layers(editor).get().slug == "parcels"
    kept = Layer.objects.get(is_draft=True)
    assert kept.slug == f"parcels_{kept.pk}"
    assert kept.changesets.count() == 2


def test_a_layer_that_somebody_else_has_changed_stays(
    applied: Import, community: Community, user_with_role: MakeUser, editor: User
) -> None:
    point = {"type": "Polygon", "coordinates": [[[29.2, 48.6], [29.21, 48.6], [29.2, 48.61], [29.2, 48.6]]]}
    drawn = [ChangeDraft(op="C", geometry=point, properties={})]
    send_changes(layer=Layer.objects.get(), author=editor, comment="", source="edit", changes=drawn)
    assert undone(applied, editor).changeset is not None
    layer = Layer.objects.get()
    assert (layer.is_draft, layer.feature_count) == (False, 1)


def test_a_second_import_that_waits_keeps_the_layer(
    applied: Import, community: Community, editor: User, tmp_path: Path
) -> None:
    more = files.shapefile(tmp_path, files.parcels(4), name="more")
    started(more, community, editor, layer="parcels", mode="update", until="prepare")
    undone(applied, editor)
    assert not Layer.objects.get().is_draft


def test_an_undoing_that_a_reviewer_applies_takes_the_layer_too(
    applied: Import, user_with_role: MakeUser, editor: User
) -> None:
    update_layer(layer=Layer.objects.get(), actor=None, review_required=True)
    undone(applied, editor)
    assert not Layer.objects.get().is_draft
    inverse, reviewer = Changeset.objects.get(source="revert"), user_with_role("reviewer")
    review_changeset(changeset=inverse, actor=reviewer, verdict="approved")
    apply_approved(changeset=inverse, actor=reviewer)
    assert Layer.objects.get().is_withdrawn


def test_the_states_of_any_number_of_imports_take_two_queries(
    applied: Import, community: Community, editor: User, tmp_path: Path,
    django_assert_num_queries: Callable[..., Any],
) -> None:  # fmt: skip
    undone(applied, editor)
    file = files.shapefile(tmp_path, files.parcels(2), name="roads")
    started(file, community, editor, layer="roads", until="apply")
    imports = list(visible_imports(editor))
    with django_assert_num_queries(2):
        states = states_of(imports)
    assert [item.status for item in states] == [ImportStatus.APPLIED, ImportStatus.REVERTED]


def test_undoing_on_the_page_of_the_changeset_leads_to_the_layers(
    applied: Import, editor: User, client_of: Callable[..., Client]
) -> None:
    changeset = applied.changeset
    assert changeset is not None
    answer = client_of(editor).post(f"/demo/changesets/{changeset.pk}/revert/", {"comment": "помилка"})
    assert answer.status_code == 302
    assert client_of(editor).get(answer["Location"]).status_code == 200
