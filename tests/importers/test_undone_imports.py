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
from layers.catalogue import free_withdrawn_name, update_layer
from layers.edits import ChangeDraft, revert_changeset, review_changeset, send_changes
from layers.edits import apply_changeset as apply_approved
from layers.models import Changeset, Feature, Layer
from layers.rasters import RasterExists, refuse_taken_name
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


def test_the_import_is_brought_back_over_http_with_its_layer(
    applied: Import, editor: User, client_of: Callable[..., Client], user_with_role: MakeUser
) -> None:
    before = states()
    importing = undone(applied, editor)
    assert import_document(importing, editor)["can"]["redo"]
    assert client_of(user_with_role("viewer")).post(f"/api/imports/{importing.uuid}/redo").status_code in (
        403,
        404,
    )
    assert client_of(editor).post(f"/api/imports/{importing.uuid}/redo").status_code == 202
    document = import_document(after_jobs(importing), editor)
    assert (document["status"], document["can"]["revert"], document["can"]["redo"]) == (
        "applied",
        True,
        False,
    )
    assert document["layer"]["feature_count"] == 3
    assert states() == before
    assert import_document(undone(importing, editor), editor)["status"] == "reverted"


def test_the_button_on_the_page_of_the_undone_import_brings_it_back(
    applied: Import, editor: User, client_of: Callable[..., Client]
) -> None:
    importing, client = undone(applied, editor), client_of(editor)
    address = f"/demo/imports/{importing.uuid}/"
    assert f'action="{address}redo/"' in client.get(address).content.decode()
    assert client.post(f"{address}redo/").status_code == 302
    after_jobs(importing)
    page = client.get(address).content.decode()
    assert f'action="{address}redo/"' not in page
    assert f'action="{address}revert/"' in page
    assert Layer.objects.get().feature_count == 3


@pytest.mark.parametrize("door", ["/api/changesets/{}/revert", "/demo/changesets/{}/revert/"])
def test_the_changeset_that_undid_it_is_there_for_who_may_edit_and_for_nobody_else(
    applied: Import, editor: User, user_with_role: MakeUser, client: Client, client_of: Callable[..., Client],
    door: str,
) -> None:  # fmt: skip
    importing = undone(applied, editor)
    assert importing.changeset is not None
    inverse = importing.changeset.reverted_by_set.get().pk
    kind: dict[str, Any] = {"content_type": "application/json"} if door.startswith("/api/") else {}
    for stranger in (client, client_of(user_with_role("viewer"))):
        assert stranger.get(f"/api/changesets/{inverse}").status_code in (401, 404)
        stranger.post(door.format(inverse), {"comment": "ні"}, **kind)
        assert Layer.objects.get().is_withdrawn
    mine = client_of(editor)
    assert mine.get(f"/api/changesets/{inverse}").status_code == 200
    assert mine.get(f"/demo/changesets/{inverse}/").status_code == 200
    assert mine.post(door.format(inverse), {"comment": "назад"}, **kind).status_code in (201, 302)
    assert Layer.objects.get().feature_count == 3
    assert states_of([Import.objects.get(pk=importing.pk)])[0].status == ImportStatus.APPLIED


def test_a_file_whose_import_was_brought_back_is_known_again(
    applied: Import, community: Community, editor: User, tmp_path: Path
) -> None:
    importing = undone(applied, editor)
    steps.redo(importing=importing, actor=editor)
    after_jobs(importing)
    again = started(tmp_path / "parcels.zip", community, editor, until="apply")
    assert (again.status, again.choices["layer"]) == (ImportStatus.UNCHANGED, "parcels")


def test_the_layer_goes_when_the_last_import_into_it_is_undone(
    applied: Import, community: Community, editor: User, tmp_path: Path
) -> None:
    rows = files.parcels(3)
    rows["PLOSHA"] = [9.0, 9.0, 9.0]
    file = files.shapefile(tmp_path, rows, name="second")
    second = started(file, community, editor, layer="parcels", mode="update", until="apply")
    assert second.status == ImportStatus.APPLIED
    undone(second, editor)
    assert not Layer.objects.get().is_draft
    undone(applied, editor)
    assert Layer.objects.get().is_withdrawn


def test_an_import_of_a_layer_with_a_very_long_name_can_be_undone(
    community: Community, editor: User, tmp_path: Path
) -> None:
    file = files.geopackage(tmp_path, files.parcels(), layer="д" * 600)
    long = {"source_layer": "д" * 600}
    importing = started(file, community, editor, layer="parcels", until="apply", **long)
    assert importing.status == ImportStatus.APPLIED
    assert import_document(undone(importing, editor), editor)["status"] == "reverted"


def test_the_name_of_a_withdrawn_layer_is_free_for_a_raster(
    applied: Import, community: Community, editor: User
) -> None:
    with pytest.raises(RasterExists):
        refuse_taken_name(community, "parcels")
    undone(applied, editor)
    refuse_taken_name(community, "parcels")
    free_withdrawn_name(community, "parcels", actor=editor)
    assert Layer.objects.get().slug == f"parcels_{Layer.objects.get().pk}"


def test_the_summary_of_an_import_that_a_reviewer_applied_says_so(
    applied: Import, community: Community, editor: User, user_with_role: MakeUser, tmp_path: Path
) -> None:
    update_layer(layer=Layer.objects.get(), actor=None, review_required=True)
    file = files.shapefile(tmp_path, files.parcels(5), name="five")
    importing = started(file, community, editor, layer="parcels", mode="update", until="apply")
    assert importing.changeset is not None
    reviewer = user_with_role("reviewer")
    review_changeset(changeset=importing.changeset, actor=reviewer, verdict="approved")
    apply_approved(changeset=importing.changeset, actor=reviewer)
    summary = import_document(Import.objects.get(pk=importing.pk), editor)["summary"]
    assert (summary["status"], summary["created"], summary["revision"]) == ("applied", 2, 2)


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
