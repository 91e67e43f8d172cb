"""Tables with codes alone get the places that the codes name; a row without one is told, not lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry
from django.db import IntegrityError, connection

from gis_core.communities import AdminUnit, Community
from importers import joining
from importers.joining import JoinResult, allow_rows_without_geometry, join_geometry
from importers.loading import load
from importers.place_columns import code_columns
from importers.report import RowIssue
from importers.sandbox import inspect_file
from layers.catalogue import create_layer
from layers.edits import apply_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Feature, Layer
from layers.staging import staging_name
from tests.conftest import square
from tests.importers.data import REAL, needs_real_data

pytestmark = pytest.mark.django_db

HROMADA, CITY, VILLAGE = "UA05040130000025322", "UA05040130010040578", "UA05040130020052741"


@pytest.fixture(autouse=True)
def units(community: Community) -> None:
    for katottg, level, west, koatuu in (
        (HROMADA, 3, 29, ["0510600000"]), (CITY, 4, 30, ["0510600000"]), (VILLAGE, 4, None, ["0524183201"]),
    ):  # fmt: skip
        shape = None if west is None else GEOSGeometry(str(square(west)).replace("'", '"'))
        AdminUnit.objects.create(
            katottg=katottg, level=level, category="C", name_uk="Одиниця", koatuu=koatuu,
            geom=None if shape is None else GEOSGeometry(f"MULTIPOLYGON(({_ring(shape)}))", srid=4326),
        )  # fmt: skip


def _ring(shape: GEOSGeometry) -> str:
    return "(" + ", ".join(f"{x} {y}" for x, y, *_ in shape[0]) + ")"


@pytest.fixture
def changeset(community: Community) -> Changeset:
    layer = create_layer(
        community=community, slug="schools", actor=None, title={"uk": "Школи"}, geometry_type="Geometry",
        fields=[{"key": "kod", "type": "string", "title": {"uk": "Код"}}],
    )  # fmt: skip
    return open_changeset(layer=layer, author=None, staging_mode="append", source=Changeset.Source.IMPORT)


def staged(changeset: Changeset, folder: Path, codes: list[str]) -> None:
    path = folder / "table.csv"
    path.write_text(
        "kod;nazva\n" + "".join(f"{code};школа {n}\n" for n, code in enumerate(codes)), encoding="utf-8"
    )
    allow_rows_without_geometry(changeset)
    load(path, changeset=changeset, work=folder / "work", geometry_type="Table")


def places(changeset: Changeset) -> list[tuple[str, str, float]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT properties->>'kod', GeometryType(geom), round(ST_XMin(geom)::numeric, 3)::float "
            f'FROM staging."{staging_name(changeset)}" ORDER BY id'
        )
        return list(cursor.fetchall())


def joined_and_told(changeset: Changeset, **options: Any) -> tuple[JoinResult, list[RowIssue]]:
    issues: list[RowIssue] = []
    return join_geometry(changeset, tell=issues.extend, **options), issues


def rules(issues: list[RowIssue]) -> list[tuple[int | None, str, str]]:
    return [(issue.row, issue.rule, issue.value) for issue in issues]


def test_codes_of_units_become_their_boundaries_and_others_are_told(
    changeset: Changeset, tmp_path: Path
) -> None:
    lower = f" {CITY.lower()} "
    staged(changeset, tmp_path, [HROMADA, "", lower, VILLAGE, "UA99999999999999999", "дурниця"])

    result, issues = joined_and_told(changeset, kind="katottg", code_key="kod")

    assert [(kind, west) for _, kind, west in places(changeset)] == [
        ("MULTIPOLYGON", 29.0),
        ("MULTIPOLYGON", 30.0),
    ]
    assert (result.joined, result.missing) == (2, 4)
    assert [(row, rule) for row, rule, _ in rules(issues)] == [
        (2, "code-missing"), (4, "code-no-geometry"), (5, "code-not-found"), (6, "code-not-found"),
    ]  # fmt: skip
    assert all(issue.done == "rejected" and issue.message != issue.rule for issue in issues)


def test_codes_and_issues_are_read_in_pieces_and_reading_may_stop(
    changeset: Changeset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(joining, "_CHUNK", 2)
    staged(changeset, tmp_path, [CITY, "a", "b", "c", HROMADA, "d"])
    first: list[RowIssue] = []

    result = join_geometry(
        changeset, kind="katottg", code_key="kod", tell=lambda issues: first.append(next(issues))
    )

    assert (result.joined, result.missing, rules(first)) == (2, 4, [(2, "code-not-found", "a")])
    assert result.issue_counts == {"code-not-found": 4}


def test_several_rows_of_one_code_become_points_inside(changeset: Changeset, tmp_path: Path) -> None:
    staged(changeset, tmp_path, ["0510600000", "510600000", "0524183201"])

    _result, issues = joined_and_told(changeset, kind="koatuu", code_key="kod")

    assert [kind for _, kind, _ in places(changeset)] == ["POINT", "POINT"]
    assert all(30 < west < 31 for *_, west in places(changeset))  # of two units the smaller
    assert rules(issues) == [(3, "code-no-geometry", "0524183201")]


def test_cadastral_numbers_find_parcels_however_they_are_written(
    changeset: Changeset, make_layer: Callable[..., Layer], tmp_path: Path
) -> None:
    fields = [{"key": "cad_num", "type": "string", "title": {"uk": "Кадастровий номер"}}]
    parcels = make_layer(
        "parcels", fields=fields,
        features=[
            (square(29), {"cad_num": "0510600000:01:001:0001"}), (square(30), {"cad_num": "0510600000:01:001:0002"}),
        ],
    )  # fmt: skip
    staged(
        changeset, tmp_path, ["0510600000 01 001 0002", "0510600000:01:001:0009", "0510600000:01:001:0001"]
    )

    _result, issues = joined_and_told(changeset, kind="cad_num", code_key="kod", source_layer=parcels)

    assert joining.parcels_layer([parcels], reader=None) == (parcels, "cad_num")
    assert [(kind, west) for _, kind, west in places(changeset)] == [("POLYGON", 30.0), ("POLYGON", 29.0)]
    assert rules(issues) == [(2, "code-not-found", "0510600000:01:001:0009")]


def test_a_number_that_several_parcels_have_is_told(
    changeset: Changeset, make_layer: Callable[..., Layer], tmp_path: Path
) -> None:
    fields = [{"key": "cad_num", "type": "string", "title": {"uk": "Кадастровий номер"}}]
    twice, once = "0510600000:01:001:0001", "0510600000:01:001:0002"
    parcels = make_layer(
        "parcels", fields=fields,
        features=[(square(west), {"cad_num": code}) for west, code in ((29, twice), (30, twice), (31, once))],
    )  # fmt: skip
    staged(changeset, tmp_path, [once, twice])

    result, issues = joined_and_told(changeset, kind="cad_num", code_key="kod", source_layer=parcels)

    assert [west for *_, west in places(changeset)] == [31.0, 29.0]
    assert rules(issues) == [(2, "code-ambiguous", twice)]
    assert (issues[0].done, result.joined, result.issue_counts) == ("kept", 2, {"code-ambiguous": 1})


def test_the_table_takes_no_row_without_geometry_afterwards(changeset: Changeset, tmp_path: Path) -> None:
    staged(changeset, tmp_path, [CITY])
    join_geometry(changeset, kind="katottg", code_key="kod")

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO staging.\"{staging_name(changeset)}\" (properties) VALUES ('{{}}')")


def test_joined_rows_become_features(changeset: Changeset, tmp_path: Path) -> None:
    staged(changeset, tmp_path, [CITY, HROMADA])
    join_geometry(changeset, kind="katottg", code_key="kod")

    apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)

    assert Feature.objects.filter(layer=changeset.layer).count() == 2


@pytest.mark.parametrize(("kind", "source"), [("edrpou", False), ("cad_num", False), ("katottg", True)])
def test_a_join_that_makes_no_sense_is_refused(
    kind: str, source: bool, changeset: Changeset, make_layer: Callable[..., Layer]
) -> None:
    with pytest.raises(ValueError, match="cannot join"):
        join_geometry(changeset, kind=kind, code_key="kod", source_layer=make_layer() if source else None)


@needs_real_data
def test_the_code_column_of_real_tables_is_found(tmp_path: Path) -> None:
    def found(name: str) -> list[tuple[str, str]]:
        [layer] = inspect_file(REAL / name, work=tmp_path).layers
        return [(item.source, item.kind) for item in code_columns(layer)]

    assert found("infrastructure/schools_register_vinnytsia_lviv_2023.csv") == [("Код КОАТУУ", "koatuu")]
    assert {kind for _, kind in found("settlements/katottg_kodifikator.xlsx")} == {"katottg"}
    assert found("settlements/hromada_stats_2022.csv") == []


def test_ten_digits_are_a_code_only_where_the_name_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("код;koatuu\n0510600000;0510600000\n0510600000;0524183201\n", encoding="utf-8")
    layer: Any = inspect_file(path, work=tmp_path / "work").layers[0]

    assert [item.source for item in code_columns(layer)] == ["koatuu"]
