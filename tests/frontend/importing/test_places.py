"""A table of codes: the check shows by which column its rows are placed, and lets the planner choose another."""

from pathlib import Path

import pytest
from django.contrib.gis.geos import GEOSGeometry
from django.test import Client

from gis_core.communities import AdminUnit
from layers.models import Feature
from tests.frontend.importing.wizard import Wizard, give

pytestmark = pytest.mark.django_db

HROMADA, VILLAGES = "UA05040130000025322", ("UA05040130010040578", "UA05040130020052741")


@pytest.fixture(autouse=True)
def units() -> None:
    for katottg, west in ((HROMADA, 29.0), (VILLAGES[0], 29.1), (VILLAGES[1], 29.2)):
        ring = f"(({west} 48.68, {west + 0.01} 48.68, {west + 0.01} 48.69, {west} 48.69, {west} 48.68))"
        AdminUnit.objects.create(
            katottg=katottg, level=4, category="C", name_uk="Одиниця",
            geom=GEOSGeometry(f"MULTIPOLYGON({ring})", srid=4326),
        )  # fmt: skip


def table(folder: Path, *rows: str) -> Path:
    path = folder / "schools.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def wests(wizard: Wizard) -> set[float]:
    wizard.act("apply")
    return {round(feature.geom.extent[0], 1) for feature in Feature.objects.all()}


def test_the_proposed_column_is_checked_and_another_can_be_chosen(client: Client, tmp_path: Path) -> None:
    file = table(tmp_path, "громада;село;назва", *(f"{HROMADA};{it};школа" for it in VILLAGES))
    wizard = give(client, file)
    assert "Стовпець, за кодами якого визначати розташування рядків" in wizard.words
    assert wizard.form("target")["place_column"] == "село"
    wizard.choose("target", title_uk="Школи", place_column="громада")
    assert wizard.importing.choices["place_column"] == "громада"
    assert wests(wizard) == {29.0}


def test_a_table_of_ways_goes_on_once_the_form_said_by_which_end(client: Client, tmp_path: Path) -> None:
    file = table(tmp_path, "звідки;куди", ";".join(VILLAGES), ";".join(reversed(VILLAGES)))
    wizard = give(client, file)
    wizard.choose("target", title_uk="Перевезення", place_column="куди")
    assert wizard.importing.status == "ready"
    assert wests(wizard) == {29.1, 29.2}


def test_a_file_with_coordinates_is_not_asked_for_codes(client: Client, tmp_path: Path) -> None:
    file = table(tmp_path, "катоттг;lat;lon", f"{HROMADA};48.68;29.24")
    wizard = give(client, file)
    assert "place_column" not in wizard.form("target")
