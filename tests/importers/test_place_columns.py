"""Of several columns with codes one says where the rows lie: the most specific of those that most rows have is
proposed, it is asked about where that is not clear, and a person may choose another."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry
from django.core.management import CommandError, call_command
from django.test import Client

from gis_core.communities import AdminUnit, Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from importers import steps
from importers.errors import PlaceColumnNeeded
from importers.fields import FieldInfo, field_key
from importers.issues import issue_of, issues_after
from importers.models import Import, ImportStatus
from importers.place_columns import code_columns, refuse_undecided_column
from importers.sandbox import LayerInspection, inspect_file
from layers.models import Feature
from tests.importers.data import REAL, needs_real_data
from tests.importers.files import geopackage, parcels
from tests.importers.test_tables_of_codes import imported, table, told

MakeUser = Callable[..., User]

OBLAST, HROMADA = "UA05000000000010236", "UA05040130000025322"
VILLAGES = [f"UA05040130{number:02}0052741" for number in range(2, 8)]


def a_table(**columns: dict[str, Any]) -> LayerInspection:
    """Profiles of columns of KATOTTG codes: share of the rows that are filled, and how many are different."""
    fields = tuple(
        FieldInfo(name, field_key(name), "string", profile={"patterns": {"katottg": 1.0}, **found})
        for name, found in columns.items()
    )
    return LayerInspection(
        name="реєстр", format="csv", driver="", rows=100, geometry_type="", crs=None, encoding="utf-8",
        encoding_declared="format", bounds=None, fields=fields,
    )  # fmt: skip


def proposed(layer: LayerInspection) -> str:
    return code_columns(layer)[0].source


# --- what is proposed, and what is asked ---


def test_the_most_specific_of_the_columns_that_most_rows_have_is_proposed() -> None:
    layer = a_table(
        oblast={"filled": 1.0, "distinct": 24}, settlement={"filled": 0.94, "distinct": 1900},
        hromada={"filled": 0.99, "distinct": 600}, district={"filled": 0.01, "distinct": 20},
    )  # fmt: skip
    assert [item.source for item in code_columns(layer)] == ["settlement", "hromada", "oblast", "district"]
    refuse_undecided_column(code_columns(layer), layer=layer.name)


@pytest.mark.parametrize(
    "columns",
    [
        {"from": {"filled": 1.0, "distinct": 50}, "to": {"filled": 1.0, "distinct": 48}},
        {"hromada": {"filled": 1.0, "distinct": 20}, "settlement": {"filled": 0.6, "distinct": 90}},
    ],
    ids=["two that are alike", "a more exact one for fewer rows"],
)
def test_it_is_asked_about_where_none_is_clearly_the_one(columns: dict[str, Any]) -> None:
    with pytest.raises(PlaceColumnNeeded) as caught:
        refuse_undecided_column(code_columns(a_table(**columns)), layer="реєстр")
    assert all(name in str(caught.value) for name in columns)


def test_codes_of_two_kinds_for_the_same_place_are_no_question() -> None:
    layer = a_table(katottg={"filled": 1.0, "distinct": 50}, koatuu={"filled": 1.0, "distinct": 50})
    layer.fields[1].profile["patterns"] = {"koatuu_zeros": 1.0}
    assert [item.kind for item in code_columns(layer)] == ["katottg", "koatuu"]
    refuse_undecided_column(code_columns(layer), layer=layer.name)


@needs_real_data
def test_of_the_levels_of_the_codifier_that_of_settlements_is_proposed(tmp_path: Path) -> None:
    [layer] = inspect_file(REAL / "settlements" / "katottg_kodifikator.xlsx", work=tmp_path).layers
    assert proposed(layer) == "Четвертий рівень"
    refuse_undecided_column(code_columns(layer), layer=layer.name)


# --- through an import ---


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")


@pytest.fixture
def units(community: Community) -> None:
    for katottg, west in ((OBLAST, 28.0), (HROMADA, 29.0), *((code, 29.1) for code in VILLAGES[:4])):
        ring = f"(({west} 48.68, {west + 0.01} 48.68, {west + 0.01} 48.69, {west} 48.69, {west} 48.68))"
        AdminUnit.objects.create(
            katottg=katottg, level=4, category="C", name_uk="Одиниця",
            geom=GEOSGeometry(f"MULTIPOLYGON({ring})", srid=4326),
        )  # fmt: skip


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


def schools(folder: Path, villages: list[str]) -> Path:
    rows = [f"{OBLAST};{HROMADA};{village};школа {n}" for n, village in enumerate(villages, 1)]
    return table(folder, "область;громада;населений пункт;назва", *rows)


def wests() -> set[float]:
    return {round(feature.geom.extent[0], 1) for feature in Feature.objects.all()}


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_the_choice_is_in_the_document_and_can_be_changed_there(
    community: Community, editor: User, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    importing = imported(schools(tmp_path, VILLAGES[:4]), community, editor, layer="schools", until="prepare")
    browser, address = client_of(editor), f"/api/imports/{importing.uuid}"
    places = browser.get(address).json()["places"]
    assert [(item["source"], item["chosen"]) for item in places] == [
        ("населений пункт", True), ("область", False), ("громада", False),
    ]  # fmt: skip
    assert places[0]["kind"] == "katottg"
    assert places[0]["kind_label"]
    assert places[0]["samples"][0] == VILLAGES[0]

    choice = json.dumps({"place_column": "громада", "until": "apply"})
    assert browser.patch(address, choice, content_type="application/json").status_code == 200
    run_ready_jobs()
    assert Import.objects.get(pk=importing.pk).status == ImportStatus.APPLIED
    assert wests() == {29.0}
    [chosen] = [item["source"] for item in browser.get(address).json()["places"] if item["chosen"]]
    assert chosen == "громада"


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_a_table_of_ways_is_asked_about_and_goes_on_by_the_answer(
    community: Community, editor: User, tmp_path: Path
) -> None:
    rows = [f"{a};{b}" for a, b in zip(VILLAGES[:4], reversed(VILLAGES[:4]), strict=True)]
    importing = imported(table(tmp_path, "звідки;куди", *rows), community, editor, layer="ways")
    question = importing.question or {}
    assert question["code"] == "place-column-needed"
    assert question["params"]["choices"] == "звідки, куди"
    steps.decide(importing=importing, actor=editor, choices={"place_column": "куди"})
    run_ready_jobs()
    assert Import.objects.get(pk=importing.pk).status == ImportStatus.APPLIED


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_nothing_is_asked_of_cadastral_numbers_that_would_find_no_parcels(
    community: Community, editor: User, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    rows = [
        f"0510600000:07:006:020{n};0510600000:07:006:030{n};{village}"
        for n, village in enumerate(VILLAGES[:4])
    ]
    file = table(tmp_path, "продавець_кадастр;покупець_кадастр;катоттг", *rows)
    importing = imported(file, community, editor, layer="deals")
    assert (importing.status, importing.question) == (ImportStatus.APPLIED, None)
    places = client_of(editor).get(f"/api/imports/{importing.uuid}").json()["places"]
    assert [(item["source"], item["chosen"]) for item in places] == [("катоттг", True)]


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_cadastral_numbers_that_somebody_chose_are_shown_as_chosen_though_there_are_no_parcels(
    community: Community, editor: User, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    rows = [f"0510600000:07:006:020{n};{village}" for n, village in enumerate(VILLAGES[:4])]
    importing = imported(
        table(tmp_path, "кадастр;катоттг", *rows), community, editor, layer="deals", place_column="кадастр"
    )
    document = client_of(editor).get(f"/api/imports/{importing.uuid}").json()
    assert document["problem"]["code"] == "parcels-needed"
    assert [item["source"] for item in document["places"] if item["chosen"]] == ["кадастр"]


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_nothing_is_asked_of_a_column_that_is_left_out(
    community: Community, editor: User, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    rows = [f"{a};{b}" for a, b in zip(VILLAGES[:4], reversed(VILLAGES[:4]), strict=True)]
    importing = imported(
        table(tmp_path, "звідки;куди", *rows), community, editor, layer="ways",
        mapping=[{"source": "звідки", "keep": False}],
    )  # fmt: skip
    assert (importing.status, importing.question) == (ImportStatus.APPLIED, None)
    places = client_of(editor).get(f"/api/imports/{importing.uuid}").json()["places"]
    assert [(item["source"], item["chosen"]) for item in places] == [("куди", True)]


@pytest.mark.django_db
def test_a_column_of_codes_is_not_looked_for_in_a_file_with_coordinates(
    community: Community, editor: User, tmp_path: Path
) -> None:
    file = geopackage(tmp_path, parcels(3))
    importing = imported(file, community, editor, layer="lots", place_column="катоттг", accept_outside=True)
    assert (importing.status, importing.question) == (ImportStatus.APPLIED, None)


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_a_column_without_codes_is_no_answer(community: Community, editor: User, tmp_path: Path) -> None:
    file = schools(tmp_path, VILLAGES[:4])
    importing = imported(file, community, editor, layer="schools", place_column="назва")
    question = importing.question or {}
    assert question["code"] == "field-not-in-file"
    assert "населений пункт" in question["params"]["choices"]


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_a_chosen_column_that_is_left_out_does_not_give_way_to_another(
    community: Community, editor: User, tmp_path: Path
) -> None:
    left_out = [{"source": "населений пункт", "keep": False}]
    importing = imported(
        schools(tmp_path, VILLAGES[:4]), community, editor, layer="schools", place_column="населений пункт",
        mapping=left_out,
    )  # fmt: skip
    assert (importing.question or {}).get("code") == "field-not-in-file"


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_most_rows_without_a_place_are_warned_of_first_and_each_is_named(
    community: Community, editor: User, tmp_path: Path
) -> None:
    AdminUnit.objects.filter(katottg__in=VILLAGES[1:4]).delete()
    importing = imported(schools(tmp_path, VILLAGES[:4]), community, editor, layer="schools")
    assert importing.status == ImportStatus.APPLIED
    assert importing.issue_counts == {"code-not-found": 3, "codes-mostly-unknown": 1}
    warning = importing.issues.get(rule="codes-mostly-unknown")
    assert (warning.row, warning.field, warning.params) == (None, "населений пункт", {"joined": 1, "rows": 4})
    assert told(importing)[0] == (2, "code-not-found", "населений пункт", VILLAGES[1])
    sentences = [issue.message for issue in found_issues(importing)]
    assert [sentence.split(":")[0] for sentence in sentences[:3]] == ["школа 2", "школа 3", "школа 4"]


def found_issues(importing: Import) -> list[Any]:
    return [issue_of(item) for item in issues_after(importing)]


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_a_persons_name_is_not_what_a_row_is_told_by(
    community: Community, editor: User, tmp_path: Path
) -> None:
    names = ["Шевченко Тарас Григорович", "Косач Лариса Петрівна", "Франко Іван Якович"]
    rows = [f"{code};{name}" for code, name in zip((VILLAGES[0], *VILLAGES[4:6]), names, strict=True)]
    importing = imported(
        table(tmp_path, "катоттг;назва", *rows), community, editor, layer="people",
        keep_personal={"назва": "перелік почесних громадян"},
    )  # fmt: skip
    assert importing.issues.filter(rule="code-not-found").count() == 2
    assert not any("named" in issue.params for issue in importing.issues.all())


@pytest.mark.django_db
@pytest.mark.usefixtures("units")
def test_the_command_line_asks_and_takes_the_answer(community: Community, tmp_path: Path) -> None:
    rows = [f"{a};{b}" for a, b in zip(VILLAGES[:4], reversed(VILLAGES[:4]), strict=True)]
    file = table(tmp_path, "звідки;куди", *rows)
    options: dict[str, Any] = {"community": community.slug, "layer": "ways", "stdout": io.StringIO()}
    with pytest.raises(CommandError, match="--place-column") as refused:
        call_command("import_data", file, **options)
    assert refused.value.returncode == 2
    call_command("import_data", file, place_column="куди", **options)
    assert Feature.objects.count() == 4
