"""A table with codes and no coordinates, brought in by the steps of an import like any other file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry
from django.test import Client

from gis_core.communities import AdminUnit, Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from importers import steps
from importers.models import Import, ImportStatus
from importers.states import state_of
from importers.uploads import receive_upload
from layers.catalogue import create_layer
from layers.models import Changeset, Feature, Layer
from tests.importers import files
from tests.importers.data import REAL, needs_real_data

MakeUser = Callable[..., User]
pytestmark = pytest.mark.django_db

CITY, VILLAGE = "UA05040130010040578", "UA05040130020052741"
SCHOOLS = "infrastructure/schools_register_vinnytsia_lviv_2023.csv"


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")


@pytest.fixture(autouse=True)
def units(community: Community) -> None:
    for katottg, koatuu, west in ((CITY, "0510600000", 29.24), (VILLAGE, "0524183201", 29.3)):
        ring = f"(({west} 48.68, {west + 0.01} 48.68, {west + 0.01} 48.69, {west} 48.69, {west} 48.68))"
        AdminUnit.objects.create(
            katottg=katottg, level=4, category="C", name_uk="Одиниця", koatuu=[koatuu],
            geom=GEOSGeometry(f"MULTIPOLYGON({ring})", srid=4326),
        )  # fmt: skip


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


def table(folder: Path, header: str, *rows: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def imported(file: Path, community: Community, owner: User, **choices: Any) -> Import:
    """An import with all its jobs done, that went as far as it could."""
    upload = receive_upload(community=community, owner=owner, name=file.name, chunks=[file.read_bytes()])
    importing = steps.start_import(
        community=community, owner=owner, uploads=[upload], choices={"until": "apply", **choices}
    )
    run_ready_jobs()
    return Import.objects.get(pk=importing.pk)


def told(importing: Import) -> list[tuple[int | None, str, str, str]]:
    return list(importing.issues.order_by("pk").values_list("row", "rule", "field", "value"))


def test_codes_of_units_give_rows_the_units_areas(community: Community, editor: User, tmp_path: Path) -> None:
    file = table(tmp_path, "КАТОТТГ;населення", f"{CITY};17000", f"{VILLAGE};900", "UA99999999999999999;1")
    importing = imported(file, community, editor, layer="people")
    assert importing.status == ImportStatus.APPLIED
    layer = Layer.objects.get()
    assert (layer.geometry_type, layer.feature_count) == ("Polygon", 2)
    assert told(importing) == [(3, "code-not-found", "КАТОТТГ", "UA99999999999999999")]
    assert importing.summary is not None
    assert (importing.summary["read"], importing.summary["imported"], importing.summary["rejected"]) == (
        3,
        2,
        1,
    )
    assert importing.issue_counts == {"code-not-found": 1}


def test_schools_of_one_town_become_points_in_it(community: Community, editor: User, tmp_path: Path) -> None:
    rows = ["0510600000;ліцей 1", "510600000;ліцей 2", "0524183201;гімназія"]
    importing = imported(table(tmp_path, "Код КОАТУУ;назва", *rows), community, editor, layer="schools")
    assert importing.status == ImportStatus.APPLIED
    assert Layer.objects.get().geometry_type == "Point"
    west = [feature.geom.x for feature in Feature.objects.order_by("id")]
    assert [29.24 < x < 29.25 for x in west] == [True, True, False]


@needs_real_data
def test_the_register_of_schools_finds_the_towns_that_are_known(community: Community, editor: User) -> None:
    importing = imported(REAL / SCHOOLS, community, editor, layer="schools")
    assert importing.status == ImportStatus.APPLIED, importing.question
    summary = importing.summary
    assert summary is not None
    assert summary["read"] == 2237
    assert summary["imported"] == Feature.objects.count() > 0
    assert summary["imported"] + summary["rejected"] == 2237
    assert importing.issues.filter(rule="code-not-found").count() == summary["rejected"]


@pytest.mark.parametrize(
    ("kind", "found"), [("Point", "Point"), ("Polygon", "MultiPolygon")], ids=["points", "areas"]
)
def test_rows_take_the_kind_of_geometry_that_the_layer_holds(
    community: Community, editor: User, tmp_path: Path, kind: str, found: str
) -> None:
    create_layer(
        community=community, slug="units", actor=None, title={"uk": "Одиниці"}, geometry_type=kind,
        fields=[{"key": "katottg", "type": "string", "title": {"uk": "Код"}}],
    )  # fmt: skip
    file = table(tmp_path, "katottg", CITY, VILLAGE)
    assert imported(file, community, editor, layer="units").status == ImportStatus.APPLIED
    assert {feature.geom.geom_type for feature in Feature.objects.all()} == {found}


def test_a_layer_of_lines_takes_no_table_of_codes(community: Community, editor: User, tmp_path: Path) -> None:
    create_layer(
        community=community, slug="roads", actor=None, title={"uk": "Дороги"}, geometry_type="LineString",
        fields=[{"key": "katottg", "type": "string", "title": {"uk": "Код"}}],
    )  # fmt: skip
    importing = imported(table(tmp_path, "katottg", CITY, VILLAGE), community, editor, layer="roads")
    assert (importing.question or {}).get("code") == "schema-differs"


def test_addresses_take_the_parcels_of_their_cadastral_numbers(
    community: Community, editor: User, tmp_path: Path
) -> None:
    rows = [f"0510600000:01:001:000{number};вул. Миру, {number}" for number in (2, 9, 1)]
    file = table(tmp_path, "Кадастровий номер;адреса", *rows)
    early = imported(file, community, editor, layer="addresses")
    problem = state_of(early).problem
    assert problem is not None
    assert problem["code"] == "parcels-needed"

    imported(files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels")
    steps.retry(importing=early, actor=editor)
    run_ready_jobs()

    late = Import.objects.get(pk=early.pk)
    assert late.status == ImportStatus.APPLIED
    assert told(late) == [(2, "code-not-found", "Кадастровий номер", "0510600000:01:001:0009")]
    west = {
        feature.properties["adresa"]: round(feature.geom.extent[0], 3)
        for feature in Feature.objects.filter(layer__slug="addresses")
    }
    assert west == {"вул. Миру, 2": 29.241, "вул. Миру, 1": 29.24}


def test_no_row_is_joined_by_cadastral_numbers_that_are_closed_to_its_sender(
    community: Community, user_with_role: MakeUser, editor: User, tmp_path: Path
) -> None:
    imported(files.shapefile(tmp_path, files.parcels(3)), community, editor, layer="parcels")
    parcels = Layer.objects.get()
    parcels.fields = [{**item, "access": "restricted"} for item in parcels.fields]
    parcels.save()
    file = table(tmp_path, "Кадастровий номер;адреса", "0510600000:01:001:0002;вул. Миру")
    problem = state_of(imported(file, community, editor, layer="addresses")).problem
    assert problem is not None
    assert problem["code"] == "parcels-needed"
    allowed = imported(file, community, user_with_role("admin"), layer="houses")
    assert allowed.status == ImportStatus.APPLIED


def test_rows_are_counted_beyond_the_issues_that_are_kept(
    community: Community, editor: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_ISSUES", "2")
    malformed, unknown = "one;cell;too;many", "UA99999999999999999;0;0"
    rows = [f"{CITY};1;0", malformed, unknown, unknown, unknown]
    importing = imported(table(tmp_path, "katottg;people;houses", *rows), community, editor, layer="units")
    assert importing.issue_counts == {"row-malformed": 1, "code-not-found": 3, "codes-mostly-unknown": 1}
    assert [(row, rule) for row, rule, _, _ in told(importing)] == [
        (2, "row-malformed"), (3, "code-not-found"), (None, "codes-mostly-unknown"),
    ]  # fmt: skip


def test_rows_that_land_outside_of_the_community_are_told(
    community: Community, editor: User, tmp_path: Path
) -> None:
    community.boundary = GEOSGeometry(
        "MULTIPOLYGON(((29.2 48.6, 29.25 48.6, 29.25 48.7, 29.2 48.7, 29.2 48.6)))", srid=4326
    )
    community.save()
    far = "UA05040130020052742"
    ring = "((30 50, 30.01 50, 30.01 50.01, 30 50.01, 30 50))"
    AdminUnit.objects.create(
        katottg=far, level=4, category="C", name_uk="Далека", geom=GEOSGeometry(f"MULTIPOLYGON({ring})", srid=4326)
    )  # fmt: skip

    importing = imported(
        table(tmp_path, "katottg", CITY, far, "UA99999999999999999"), community, editor, layer="units"
    )
    summary = importing.summary or {}
    assert (summary["outside"], summary["elsewhere"], summary["imported"]) == (1, False, 2)
    assert told(importing) == [
        (3, "code-not-found", "katottg", "UA99999999999999999"), (2, "outside-area", "", ""),
    ]  # fmt: skip
    [point] = importing.issues.filter(rule="outside-area").values_list("point", flat=True)
    assert point.coords == (30.005, 50.005)

    alone = imported(table(tmp_path, "katottg", far, name="far.csv"), community, editor, layer="far")
    assert (alone.summary or {})["elsewhere"]


def test_rows_keep_their_numbers_where_others_were_left_out_before(
    community: Community, editor: User, tmp_path: Path
) -> None:
    malformed, unknown = "one;cell;too;many", "UA9999999999999999{};0;0"
    rows = [f"{CITY};1;0", unknown.format(2), malformed, f"{VILLAGE};4;0", malformed, unknown.format(6)]
    importing = imported(table(tmp_path, "katottg;people;houses", *rows), community, editor, layer="units")
    assert importing.status == ImportStatus.APPLIED, importing.question
    assert sorted((row, rule) for row, rule, _, _ in told(importing)) == [
        (2, "code-not-found"), (3, "row-malformed"), (5, "row-malformed"), (6, "code-not-found"),
    ]  # fmt: skip
    assert importing.summary is not None
    assert (importing.summary["read"], importing.summary["imported"], importing.summary["rejected"]) == (
        6,
        2,
        4,
    )


def test_an_import_of_which_no_row_is_left_fails_and_tells_of_every_row(
    community: Community, editor: User, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    rows = ["UA99999999999999991", "UA99999999999999992", "UA99999999999999993"]
    importing = imported(table(tmp_path, "katottg", *rows), community, editor, layer="units")
    browser, address = client_of(editor), f"/api/imports/{importing.uuid}"
    document = browser.get(address).json()
    assert (document["status"], document["problem"]["code"]) == ("failed", "nothing-left")
    assert document["issue_counts"] == {"code-not-found": 3}
    assert [issue["row"] for issue in browser.get(f"{address}/issues").json()["issues"]] == [1, 2, 3]
    table_of_issues = b"".join(browser.get(f"{address}/issues.csv").streaming_content).decode()
    assert all(code in table_of_issues for code in rows)
    assert not Layer.objects.exists()
    assert not Changeset.objects.exists()
    assert not list((tmp_path / "var" / "work").glob("*"))
    assert document["can"]["retry"]
    browser.post(f"{address}/retry")
    run_ready_jobs()
    assert browser.get(address).json()["issue_counts"] == {"code-not-found": 3}
    assert importing.issues.count() == 3
    assert browser.delete(address).status_code == 204


def test_features_of_which_no_one_is_left_are_told_of_too(
    community: Community, editor: User, tmp_path: Path
) -> None:
    nowhere = [{"type": "Feature", "properties": {"n": number}, "geometry": None} for number in (1, 2)]
    path = tmp_path / "empty.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": nowhere}))
    importing = imported(path, community, editor, layer="nothing")
    problem = state_of(importing).problem
    assert problem is not None
    assert (problem["code"], importing.issues.count()) == ("nothing-left", 2)
