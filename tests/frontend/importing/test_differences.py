"""The differences of an import, and taking them whole, by kind or row by row."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from gis_core.people import User
from layers import staging
from layers.models import Layer
from tests.frontend.html import Document
from tests.frontend.importing.wizard import give, imported
from tests.importers import files

pytestmark = pytest.mark.django_db


def test_differences_are_shown_before_and_after_and_taken_row_by_row(client: Client, tmp_path: Path) -> None:
    frame = files.parcels(3)
    imported(client, files.shapefile(tmp_path, frame), title_uk="Ділянки")
    frame.loc[1, "NAZVA"] = "вул. Нова, 7"
    (tmp_path / "later").mkdir()
    wizard = give(client, files.shapefile(tmp_path / "later", frame.iloc[1:]))
    wizard.choose("target", target="existing", layer=Layer.objects.get().slug)
    wizard.choose("target", mode="replace")
    assert "Застосувати 2 зміни" in wizard.words
    page = wizard.page
    assert [tag.words for tag in page.all("ins")] == ["вул. Нова, 7"]
    assert ["Кам'янецька" in tag.words for tag in page.all("del")] == [True]
    shown = [tag.attributes["value"] for tag in page.all("input") if tag.attributes.get("name") == "shown"]
    assert len(shown) == 2
    removed = Document(client.get(f"{wizard.address}?kind=removed").content.decode())
    kept = [tag.attributes["value"] for tag in removed.all("input") if tag.attributes.get("name") == "row"]
    client.post(f"{wizard.address}review/", {"do": "rows", "shown": kept})
    assert "Застосувати 1 зміну" in wizard.words
    wizard.act("apply")
    assert Layer.objects.get().feature_count == 3, "what was not taken was not deleted"
    late = client.post(f"{wizard.address}review/", {"do": "accept"})
    assert late.status_code == 409
    assert "1 змінено" in wizard.words


def test_a_column_that_the_layer_is_about_to_gain_is_among_the_differences(
    client_of: Callable[..., Client], user_with_role: Callable[..., User], tmp_path: Path
) -> None:
    client = client_of(user_with_role("admin"))  # who alone gives a layer new fields
    frame = files.parcels(2)
    imported(client, files.shapefile(tmp_path, frame), title_uk="Ділянки", key_field="cadnum")
    frame["STAN"] = ["добрий", "потребує ремонту"]
    (tmp_path / "later").mkdir()
    wizard = give(client, files.shapefile(tmp_path / "later", frame))
    wizard.choose("target", target="existing", layer=Layer.objects.get().slug)
    wizard.choose("target", mode="update")
    assert "Застосувати 2 зміни" in wizard.words
    page = wizard.page
    assert [tag.words for tag in page.all("ins")] == ["добрий", "потребує ремонту"]
    assert sum("STAN" in words for words in page.words_of("dt")) == 2


def test_while_it_is_applied_the_page_does_not_look_at_the_differences(
    client: Client, tmp_path: Path
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    wizard.choose("target", title_uk="Ділянки")
    client.post(f"{wizard.address}apply/")
    changeset = wizard.importing.changeset
    assert changeset is not None
    staging.drop_staging(changeset)  # as the job does, before it is committed that it was applied
    assert "Застосовуємо зміни" in wizard.words
    document = client.get(f"/api/imports/{wizard.importing.uuid}").json()
    assert (document["status"], document["diff"]["added"]) == ("applying", 2)


@pytest.mark.parametrize("rows", ["9" * 25, "1" * 19])
def test_a_row_of_no_table_is_a_wrong_parameter(client: Client, tmp_path: Path, rows: str) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    wizard.choose("target", title_uk="Ділянки")
    for name in ("shown", "row"):
        refused = client.post(f"{wizard.address}review/", {"do": "rows", name: rows})
        assert refused.status_code == 400
    many = client.post(f"{wizard.address}review/", {"do": "rows", "shown": [*map(str, range(10_001))]})
    assert many.status_code == 400


def test_all_or_a_kind_is_taken_or_left_with_one_button(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(3)))
    wizard.choose("target", title_uk="Ділянки")
    client.post(f"{wizard.address}review/", {"do": "refuse", "kind": "added"})
    assert "Застосувати 0 змін" in wizard.words
    client.post(f"{wizard.address}review/", {"do": "accept", "kind": ""})
    assert "Застосувати 3 зміни" in wizard.words
