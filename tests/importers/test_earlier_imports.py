"""A file that comes again goes where it went, changes nothing there, and everybody is told so."""

import importlib
import json
import zipfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from gis_core.communities import Community
from gis_core.people import User
from importers import steps
from importers.documents import import_document
from importers.models import Import, ImportStatus
from layers.catalogue import update_layer
from layers.edits import ChangeDraft, send_changes
from layers.models import Changeset, Feature, Layer
from tests.importers import files
from tests.importers.test_import_steps import after_jobs, sent, started

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
def file(tmp_path: Path) -> Path:
    return files.shapefile(tmp_path, files.parcels(3))


def states() -> list[tuple[int, int]]:
    return list(Feature.objects.order_by("pk").values_list("pk", "version"))


@pytest.mark.parametrize("choices", [{"key_field": "CADNUM"}, {"key_field": None}])
def test_the_same_file_again_needs_no_decision_and_changes_nothing(
    community: Community, editor: User, file: Path, choices: dict[str, Any]
) -> None:
    started(file, community, editor, layer="parcels", until="apply", **choices)
    before = states()
    again = started(file, community, editor, until="apply")
    assert again.choices["layer"] == "parcels"
    assert again.status == ImportStatus.UNCHANGED
    assert states() == before
    assert Layer.objects.count() == 1


def test_the_same_file_is_recognised_before_anything_is_decided_and_the_document_says_why(
    community: Community, editor: User, file: Path
) -> None:
    started(file, community, editor, layer="parcels", title={"uk": "Ділянки"}, until="apply")
    again = started(file, community, editor)
    document = import_document(again, editor)
    assert document["choices"]["layer"] == "parcels"
    earlier = document["earlier"]
    assert (earlier["layer"], earlier["same_file"]) == ("parcels", True)
    assert "Ділянки" in earlier["message"]
    assert document["can"]["prepare"]


def test_what_was_decided_goes_before_what_is_remembered(
    community: Community, editor: User, file: Path
) -> None:
    started(file, community, editor, layer="parcels", until="apply")
    other = started(file, community, editor, layer="others", until="apply")
    assert other.status == ImportStatus.APPLIED
    titled = started(file, community, editor, title={"uk": "Ще одні"}, until="apply")
    assert titled.question["code"] == "layer-needed"
    appended = started(file, community, editor, layer="parcels", mode="replace", until="prepare")
    assert appended.choices["mode"] == "replace"


def test_another_file_with_the_same_columns_is_told_of_and_decides_nothing(
    community: Community, editor: User, file: Path, tmp_path: Path
) -> None:
    started(file, community, editor, layer="parcels", until="apply")
    next_year = files.shapefile(tmp_path, files.parcels(4), name="next")
    importing = started(next_year, community, editor, until="apply")
    assert importing.question["code"] == "layer-needed"
    earlier = import_document(importing, editor)["earlier"]
    assert (earlier["layer"], earlier["same_file"], earlier["imported_at"]) == ("parcels", False, None)
    steps.decide(importing=importing, actor=editor, choices={"layer": "parcels"})
    assert after_jobs(importing).question["code"] == "mode-needed"


def test_an_undone_import_and_a_layer_that_one_does_not_see_are_not_remembered(
    community: Community, user_with_role: MakeUser, editor: User, file: Path, tmp_path: Path
) -> None:
    admin = user_with_role("admin")
    started(file, community, admin, layer="secret", until="apply")
    update_layer(layer=Layer.objects.get(), actor=admin, access_level="restricted")
    assert import_document(started(file, community, editor), editor)["earlier"] is None
    first = started(file, community, editor, layer="parcels", until="apply")
    steps.revert(importing=first, actor=editor)
    after_jobs(first)
    again = started(file, community, editor, until="apply")
    assert again.question["code"] == "layer-needed"


def test_each_layer_of_a_file_goes_where_it_went(community: Community, editor: User, tmp_path: Path) -> None:
    file = files.geopackage(tmp_path, files.parcels(), layer="ділянки")
    files.geopackage(tmp_path, files.points(), layer="точки")
    for _time in range(2):
        importing = started(file, community, editor, until="apply")
        made = steps.split(importing=importing, actor=editor, layers=["ділянки", "точки"])
        after_jobs(importing)
    ended = Import.objects.filter(pk__in=[item.pk for item in made]).order_by("pk")
    assert [item.status for item in ended] == [ImportStatus.UNCHANGED] * 2
    assert [item.title for item in ended] == [f"{file.name}: ділянки", f"{file.name}: точки"]
    assert Layer.objects.count() == 2


def test_the_command_line_asks_nothing_of_a_file_that_it_imported(
    community: Community, file: Path, tmp_path: Path
) -> None:
    call_command("import_data", str(file), community="demo", layer="parcels", stdout=StringIO())
    before, told = states(), StringIO()
    call_command("import_data", str(file), community="demo", lang="en", stdout=told)
    assert "Nothing to change" in told.getvalue()
    assert states() == before
    other = files.shapefile(tmp_path, files.parcels(4), name="next")
    with pytest.raises(CommandError, match="--mode"):
        call_command("import_data", str(other), community="demo", layer="parcels")
    with pytest.raises(CommandError, match="--layer"):
        call_command("import_data", str(other), community="demo")


def edited_by_hand(editor: User) -> None:
    feature = Feature.objects.order_by("pk")[0]
    properties = feature.properties | {"plosha": 77.0}
    assert properties.keys() == feature.properties.keys()
    change = ChangeDraft(
        op="U", feature_id=feature.pk, base_version=feature.version, properties=properties,
        geometry=json.loads(feature.geom.json),
    )  # fmt: skip
    send_changes(layer=Layer.objects.get(), author=editor, comment="", source="edit", changes=[change])


def next_edition(community: Community, editor: User, tmp_path: Path) -> None:
    rows = files.parcels(3)
    rows["PLOSHA"] = [9.0, 9.0, 9.0]
    newer = files.shapefile(tmp_path, rows, name="newer")
    done = started(newer, community, editor, layer="parcels", mode="update", until="apply")
    assert done.status == ImportStatus.APPLIED


@pytest.mark.parametrize("changed_by", ["hand", "the next edition"])
def test_an_old_file_again_overwrites_nothing_that_came_after_it_unasked(
    community: Community, editor: User, file: Path, tmp_path: Path, changed_by: str
) -> None:
    started(file, community, editor, layer="parcels", until="apply")
    if changed_by == "hand":
        edited_by_hand(editor)
    else:
        next_edition(community, editor, tmp_path)
    before = states()
    again = started(file, community, editor, until="apply")
    assert (again.status, states()) == (ImportStatus.READY, before)
    document = import_document(again, editor)
    assert document["question"]["code"] == "sent-again-differs"
    assert document["question"]["params"]["count"] == document["diff"]["changed"] > 0
    with pytest.raises(CommandError, match="--mode"):
        call_command("import_data", str(file), community="demo", stdout=StringIO())
    assert states() == before
    steps.apply(importing=again, actor=editor)
    assert after_jobs(again).status == ImportStatus.APPLIED


def test_who_says_the_mode_of_an_old_file_has_it_applied(
    community: Community, editor: User, file: Path
) -> None:
    started(file, community, editor, layer="parcels", until="apply")
    edited_by_hand(editor)
    again = started(file, community, editor, until="apply")
    steps.decide(importing=again, actor=editor, choices={"mode": "update"})
    assert after_jobs(again).status == ImportStatus.APPLIED


def test_differences_that_somebody_refused_are_not_taken_when_the_file_comes_again(
    community: Community, editor: User, file: Path
) -> None:
    from importers.review import accept

    importing = started(file, community, editor, layer="parcels", until="prepare")
    accept(importing, kind=None, ids=[steps_rows(importing, editor)[0]], accepted=False)
    steps.apply(importing=importing, actor=editor)
    after_jobs(importing)
    assert started(file, community, editor, until="apply").status == ImportStatus.READY
    assert Layer.objects.get().feature_count == 2


def test_a_file_sent_in_one_request_is_recognised_too(
    community: Community, editor: User, file: Path, client_of: Callable[..., Client]
) -> None:
    started(file, community, editor, layer="parcels", until="apply")
    with file.open("rb") as handle:
        answer = client_of(editor).post(
            "/api/imports", {"community": "demo", "file": handle, "apply": "true"}
        )
    assert answer.status_code == 202, answer.content
    importing = after_jobs(Import.objects.get(uuid=answer.json()["id"]))
    assert importing.status == ImportStatus.UNCHANGED


def test_what_was_imported_before_the_program_kept_content_is_known_again_too(
    community: Community, editor: User, file: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(files.shapefile(tmp_path, files.parcels(4), name="apart")) as archive:
        archive.extractall(tmp_path / "parts")
    parts = [sent(part, community, editor) for part in sorted((tmp_path / "parts").iterdir())]
    wanted = {"layer": "apart", "until": "apply"}
    after_jobs(steps.start_import(community=community, owner=editor, uploads=parts, choices=wanted))
    started(file, community, editor, layer="parcels", until="apply")
    kept = list(Import.objects.order_by("pk").values_list("content", flat=True))
    assert Changeset.objects.filter(makes_layer=True).count() == 2
    Import.objects.update(content="")
    Changeset.objects.update(makes_layer=False)
    migration = importlib.import_module("importers.migrations.0007_imports_before_known_again")
    with connection.cursor() as cursor:
        for operation in migration.Migration.operations:
            cursor.execute(operation.sql)
    assert list(Import.objects.order_by("pk").values_list("content", flat=True)) == kept
    assert Changeset.objects.filter(makes_layer=True).count() == 2


def test_a_layer_without_a_key_can_be_updated(community: Community, editor: User, tmp_path: Path) -> None:
    rows = files.parcels(3)
    started(
        files.shapefile(tmp_path, rows), community, editor, layer="parcels", key_field=None, until="apply"
    )
    rows["PLOSHA"] = [9.0, *rows["PLOSHA"][1:]]
    changed = files.shapefile(tmp_path, rows, name="changed")
    importing = started(changed, community, editor, layer="parcels", mode="update", until="prepare")
    diff = import_document(importing, editor)["diff"]
    assert (diff["added"], diff["changed"], diff["unchanged"]) == (0, 1, 2)


def test_the_column_that_tells_rows_apart_is_the_key_unless_somebody_wants_none(
    community: Community, editor: User, file: Path
) -> None:
    importing = started(file, community, editor, layer="parcels")
    proposed = import_document(importing, editor)["proposed_key"]
    assert proposed
    steps.decide(importing=importing, actor=editor, choices={"until": "apply"})
    after_jobs(importing)
    assert Layer.objects.get(slug="parcels").key_field == proposed
    started(file, community, editor, layer="keyless", key_field=None, until="apply")
    assert Layer.objects.get(slug="keyless").key_field == ""
    standard = started(
        file, community, editor, layer="st", standard="parcels", key_field=None, until="prepare"
    )
    assert (standard.question, Layer.objects.get(slug="st").key_field) == (None, "")


def test_counts_after_a_partial_acceptance_are_of_what_was_applied(
    community: Community, editor: User, file: Path
) -> None:
    from importers.review import accept

    importing = started(file, community, editor, layer="parcels", until="prepare")
    assert import_document(importing, editor)["applied"] is None
    row = steps_rows(importing, editor)[0]
    accept(importing, kind=None, ids=[row], accepted=False)
    steps.apply(importing=importing, actor=editor)
    importing = after_jobs(importing)
    counts = {"added": 2, "changed": 0, "removed": 0, "refused": 1}
    assert import_document(importing, editor)["applied"] == counts
    steps.revert(importing=importing, actor=editor)
    document = import_document(after_jobs(importing), editor)
    assert (document["status"], document["applied"]) == ("reverted", counts)


def steps_rows(importing: Import, reader: User) -> list[int]:
    from importers.review import rows

    return [row.id for row in rows(importing, reader, kind=None, limit=10, after=0)]


def test_an_upload_of_parts_and_a_folder_of_them_are_the_same_file(
    community: Community, editor: User, tmp_path: Path
) -> None:
    folder = tmp_path / "parts"
    with zipfile.ZipFile(files.shapefile(tmp_path, files.parcels(3))) as archive:
        archive.extractall(folder)
    uploads = [sent(part, community, editor) for part in sorted(folder.iterdir())]
    importing = steps.start_import(
        community=community, owner=editor, uploads=uploads, choices={"layer": "parcels", "until": "apply"}
    )
    assert after_jobs(importing).status == ImportStatus.APPLIED
    told = StringIO()
    call_command("import_data", str(next(folder.glob("*.shp"))), community="demo", lang="en", stdout=told)
    assert "Nothing to change" in told.getvalue()
