"""How an import ends: done, undone, or without success."""

from pathlib import Path

import pytest
from django.test import Client

from importers.models import Import
from tests.frontend.importing.wizard import Wizard, give
from tests.importers import files

pytestmark = pytest.mark.django_db


def test_a_file_that_cannot_be_read_says_why_and_leads_on(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "plan.dwg"
    file.write_bytes(b"AC1032" + bytes(100))
    wizard = give(client, file)
    assert "Імпорт не вдався" in wizard.words
    assert "DXF" in wizard.words
    assert wizard.page.links()["Імпортувати інший файл"] == "/demo/import/"
    wizard.act("discard")
    assert not Import.objects.exists()


def test_where_no_row_was_left_the_page_says_why_and_leads_back_to_the_check(
    client: Client, tmp_path: Path
) -> None:
    table = tmp_path / "register.csv"
    table.write_text("katottg,name\nUA99999999999999991,Перша\nUA99999999999999992,Друга\n", encoding="utf-8")
    wizard = give(client, table)
    wizard.choose("target", title_uk="Реєстр")
    assert wizard.importing.status == "failed"
    assert "код, місце якого невідоме" in wizard.words
    assert "у якому стовпці записано коди" in wizard.words
    assert "code-not-found" not in wizard.words
    assert wizard.page.links()["Назад до перевірки"] == f"{wizard.address}?step=check"
    again = Wizard(client, f"{wizard.address}?step=check")
    assert "Попередня спроба не вдалася" in again.words
    assert wizard.form("target", at="?step=check")["title_uk"] == "Реєстр"
    refused = wizard.choose("target", at="?step=check", title_uk="")
    assert refused.status_code == 422
    assert "Дайте новому шару назву" in refused.content.decode(), "the form, not the failure alone"
    wizard.choose("target", at="?step=check", title_uk="Інша назва")
    assert wizard.importing.choices["title"] == {"uk": "Інша назва"}


def test_what_was_done_is_counted_and_what_was_not_taken_is_named(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(3)))
    wizard.choose("target", title_uk="Ділянки")
    shown = [
        it.attributes["value"] for it in wizard.page.all("input") if it.attributes.get("name") == "shown"
    ]
    client.post(f"{wizard.address}review/", {"do": "rows", "shown": shown, "row": shown[1:]})
    wizard.act("apply")
    assert "2 об’єкти додано" in wizard.words
    figures = dict(zip(wizard.page.words_of("dt"), wizard.page.words_of("dd"), strict=True))
    assert (figures["Прочитано рядків"], figures["Додано об’єктів"]) == ("3", "2")
    assert figures["Не взято відмінностей"] == "1"
    wizard.act("revert")
    assert "шар «Ділянки», який він створив, прибрано: його ніхто не бачить" in wizard.words
