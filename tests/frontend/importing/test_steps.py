"""The steps of an import as plain pages: a file is given, checked, compared, applied and undone without a script."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from importers.models import Import
from layers.models import Layer
from tests.frontend.html import HOSTILE
from tests.frontend.importing.wizard import give, imported
from tests.importers import files

pytestmark = pytest.mark.django_db


def test_a_file_goes_through_all_steps_without_a_script(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(3)))
    assert "3 рядки" in wizard.words
    assert wizard.form("target")["title_uk"], "suggested from the file's name"
    response = wizard.choose("target", title_uk="Земельні ділянки", access_level="public")
    assert response.headers["Location"] == wizard.address
    assert "Застосувати 3 зміни" in wizard.words
    assert not Layer.objects.filter(is_draft=False).exists(), "nothing is changed before it is applied"
    wizard.act("apply")
    layer = Layer.objects.get()
    assert (layer.slug, layer.local_title, layer.access_level, layer.feature_count) == (
        "zemelni_dilianky", "Земельні ділянки", "public", 3,
    )  # fmt: skip
    assert "3 об’єкти додано" in wizard.words
    assert wizard.page.links()["Показати шар"] == "/demo/layers/zemelni_dilianky/"
    wizard.act("revert")
    assert "Імпорт скасовано" in wizard.words
    assert "Скасовані зміни: 3 об’єкти додано" in wizard.words, "what was taken back"
    assert "Додано об’єктів" not in wizard.words, "as if it stood"


def test_the_same_file_again_is_offered_the_layer_it_went_to_changes_nothing_and_says_so(
    client: Client, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3))
    imported(client, file, title_uk="Ділянки")
    again = give(client, file)
    offered = again.form("target")
    assert (offered["target"], offered["layer"], offered["mode"]) == ("existing", "dilianky", "update")
    assert "Цей файл" in again.words, "why it is offered"
    assert "«Ділянки»" in again.words
    again.choose("target")
    assert "усе це вже є" in again.words
    assert Layer.objects.get().feature_count == 3


def test_the_columns_are_matched_anew_when_another_layer_is_chosen(client: Client, tmp_path: Path) -> None:
    imported(client, files.shapefile(tmp_path, files.parcels(3)), title_uk="Ділянки")
    (tmp_path / "later").mkdir()
    wizard = give(client, files.shapefile(tmp_path / "later", files.parcels(2)))
    assert (wizard.form("target")["target"], wizard.form("target")["layer"]) == ("new", "dilianky")
    assert "такими самими стовпцями" in wizard.words, "such a file went there before"
    wizard.choose("target", target="existing")
    assert "зіставлено" in wizard.words, "other fields to choose from are shown before anything is done"


def test_a_planner_can_go_back_and_leave_a_column_out(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    wizard.choose("target", title_uk="Ділянки")
    sources = [name for name in wizard.form("target", at="?step=check") if name.endswith("-source")]
    wizard.choose("target", at="?step=check", **{sources[0].replace("-source", "-keep"): None})
    wizard.act("apply")
    assert len(Layer.objects.get().fields) == len(sources) - 1


def test_parts_of_a_shapefile_are_given_together(client: Client, tmp_path: Path) -> None:
    archive = files.shapefile(tmp_path, files.parcels(2))
    (tmp_path / "parts").mkdir()
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "parts")
    wizard = give(client, *sorted((tmp_path / "parts").iterdir()))
    assert "2 рядки" in wizard.words
    assert Import.objects.count() == 1


def test_names_and_values_of_a_file_stay_text(client: Client, tmp_path: Path) -> None:
    frame = files.parcels(2)
    frame["NAZVA"] = HOSTILE
    file = files.shapefile(tmp_path, frame)
    hostile = tmp_path / "<img src=x onerror=alert(1)>.zip"
    hostile.write_bytes(file.read_bytes())
    wizard = give(client, hostile)
    pages = [client.get(wizard.address).content.decode()]
    wizard.choose("target", title_uk=HOSTILE)
    pages.append(client.get(wizard.address).content.decode())
    wizard.act("apply")
    pages += [client.get(it).content.decode() for it in (wizard.address, "/demo/imports/")]
    for source in pages:
        assert "<img src=x" not in source
        assert "<script>alert" not in source
    assert HOSTILE in wizard.words


def test_an_import_is_stopped_and_started_again(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    wizard.act("cancel")
    assert "зупинено" in wizard.words
    wizard.act("retry")
    assert "Показати відмінності" in client.get(wizard.address).content.decode()


def test_a_job_of_an_import_leads_to_the_import(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    response = client.get(f"/demo/jobs/{wizard.importing.job}/")
    assert response.headers["Location"] == wizard.address


def test_asking_how_far_it_is_costs_few_queries_and_no_look_at_the_differences(
    client: Client, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    wizard.choose("target", title_uk="Ділянки")
    with django_assert_num_queries(4) as asked:  # the session, its user, the import and its job
        told = client.get(f"{wizard.address}state/").json()
    assert (told["status"], told["working"], told["progress"]) == ("ready", False, None)
    assert not any("diff" in query["sql"].lower() for query in asked.captured_queries)


def test_the_state_is_told_once_and_not_sent_again(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    first = client.get(f"{wizard.address}state/")
    assert first.json()["status"] == "waiting"
    again = client.get(f"{wizard.address}state/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
