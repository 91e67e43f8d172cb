"""The check: what was found in a file, and the decisions about it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from gis_core.jobs.models import Job
from gis_core.people import User
from importers.models import Import, Upload
from layers.models import Layer
from tests.frontend.html import Document
from tests.frontend.importing.wizard import Wizard, give
from tests.importers import files

pytestmark = pytest.mark.django_db


def test_a_comment_goes_with_the_import(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    Import.objects.update(choices={**wizard.importing.choices, "comment": "з оцифрування"})
    assert wizard.form("target")["comment"] == "з оцифрування"
    wizard.choose("target", title_uk="Ділянки")
    assert wizard.importing.choices["comment"] == "з оцифрування"


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"title_uk": ""}, "Дайте новому шару назву"),
     ({"slug": "Має-бути-латиною"}, "Коротка назва"),
     ({"slug": "taken"}, "Шар із такою короткою назвою вже є"),
     ({"theme": "nonsense"}, "Тема"),
     ({"target": "existing", "layer": "closed"}, "Шар"),
     ({"target": "existing"}, "Виберіть шар, до якого належить файл")],
)  # fmt: skip
def test_a_form_that_does_not_hold_together_is_shown_again_with_its_errors(
    client: Client, make_layer: Callable[..., Layer], tmp_path: Path, fields: dict[str, str], told: str
) -> None:
    make_layer("taken")
    make_layer("closed", access_level="restricted")
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    response = wizard.choose("target", **fields)
    assert response.status_code == 422
    assert any(told in text for text in Document(response.content.decode()).words_of("li"))
    assert wizard.importing.status == "waiting"


def test_a_system_that_the_file_does_not_say_is_chosen_among_cards(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2), without=(".prj",)))
    assert "Потрібне ваше рішення" in wizard.words
    assert "Показати відмінності" not in wizard.words, "first things first"
    offered = [
        it.attributes["value"] for it in wizard.page.all("input") if it.attributes.get("name") == "crs"
    ]
    assert 1 <= len(offered) <= 3
    assert client.post(f"{wizard.address}choices/", {"part": "reading"}).status_code == 422, (
        "nothing was answered"
    )
    wizard.choose("reading", crs="EPSG:9832")
    assert "МСК-05, Вінницька область" in wizard.words
    wizard.choose("target", title_uk="Ділянки")
    wizard.act("apply")
    extent = Layer.objects.get().extent
    assert extent is not None
    assert extent[:2] == pytest.approx([29.24, 48.68], abs=1e-5)


def test_of_several_layers_each_chosen_one_becomes_an_import(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "plan.gpkg"
    for name in ("one", "two", "three"):
        files.parcels(2).to_file(file, layer=name, driver="GPKG")
    wizard = give(client, file)
    assert "Які шари файлу?" in wizard.words
    refused = client.post(f"{wizard.address}choices/", {"part": "layers"})
    assert refused.status_code == 422
    wizard.choose("layers", source_layer=["one", "three"])
    assert sorted(it.choices["source_layer"] for it in Import.objects.all()) == ["one", "three"]
    assert Upload.objects.count() == 1, "the same file for both"
    assert {it.status for it in Import.objects.all()} == {"waiting"}, "each is checked before it is compared"
    assert Job.objects.count() == 1, "the file is read once"
    for importing in Import.objects.all():
        title = f"Шар {importing.choices['source_layer']}"
        Wizard(client, f"/demo/imports/{importing.uuid}/").choose("target", title_uk=title)
    assert {it.status for it in Import.objects.all()} == {"ready"}


def test_who_manages_the_community_chooses_layers_of_a_file_that_somebody_else_sent(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    file = tmp_path / "plan.gpkg"
    for name in ("one", "two"):
        files.parcels(1).to_file(file, layer=name, driver="GPKG")
    wizard = give(client, file)
    Wizard(client_of(user_with_role("admin")), wizard.address).choose("layers", source_layer=["one", "two"])
    assert sorted(it.choices["source_layer"] for it in Import.objects.all()) == ["one", "two"]


def test_the_key_of_a_new_layer_is_proposed_and_can_be_another_one_or_none(
    client: Client, tmp_path: Path
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    assert "вибрано програмою: CADNUM" in wizard.words
    assert wizard.form("target")["key_field"] == ""
    wizard.choose("target", title_uk="Ділянки")
    assert Layer.objects.get().key_field == "cadnum"
    wizard.choose("target", at="?step=check", key_field="-")
    assert Layer.objects.get().key_field == ""
    assert wizard.form("target", at="?step=check")["key_field"] == "-"


def test_a_column_that_is_left_out_cannot_be_the_key(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    sent = wizard.form("target")
    name = next(name for name, value in sent.items() if name.endswith("-source") and value == "CADNUM")
    without = {name.replace("-source", "-keep"): None, "title_uk": "Ділянки"}
    refused = wizard.choose("target", **without, key_field="cadnum")
    assert refused.status_code == 422
    assert "Стовпець ключа не береться" in refused.content.decode()
    wizard.choose("target", **without)
    assert Layer.objects.get().key_field != "cadnum", "another is found, or none"
