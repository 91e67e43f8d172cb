"""Boundaries of administrative units: joined by code out of files as other registers publish them."""

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gis_core.communities import AdminUnit, Community
from gis_core.community_setup import create_community
from importers.admin_polygons import join_polygons
from importers.errors import FieldNotInFile
from tests.conftest import point, square

OBLAST, RAION = "UA05000000000010236", "UA05040000000050292"
HROMADA, CITY = "UA05040130000025322", "UA05040130010040578"
KYIV_OBLAST, PRYPIAT, KYIV = "UA32000000000030281", "UA32000000010085013", "UA80000000000093317"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def units(db: None) -> None:
    for katottg, level, category, parent in (
        (OBLAST, 1, "O", None), (RAION, 2, "P", OBLAST), (HROMADA, 3, "H", RAION), (CITY, 4, "M", HROMADA),
        (KYIV_OBLAST, 1, "O", None), (PRYPIAT, 4, "M", KYIV_OBLAST), (KYIV, 1, "K", None),
    ):  # fmt: skip
        AdminUnit.objects.create(
            katottg=katottg, level=level, category=category, parent_id=parent, name_uk=f"Одиниця {katottg}"
        )


def file_of(folder: Path, *features: tuple[Any, str | None], field: str = "code") -> Path:
    path = folder / "units.geojson"
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": geometry, "properties": {field: code, "name": "Ладижин"}}
            for geometry, code in features
        ],
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def join(path: Path, **options: Any) -> Any:
    return join_polygons(file=path, code_field=options.pop("code_field", "code"), **options)


def with_boundary() -> set[str]:
    return set(AdminUnit.objects.exclude(geom=None).values_list("katottg", flat=True))


def test_polygons_are_joined_by_whole_codes_and_become_multipolygons(tmp_path: Path) -> None:
    path = file_of(tmp_path, (square(29), HROMADA), (square(30), f" {CITY} "))
    joined = join(path)
    assert (joined.read, joined.units.matched, joined.units.created) == (2, 2, 2)
    assert with_boundary() == {HROMADA, CITY}
    assert AdminUnit.objects.get(katottg=HROMADA).geom.geom_type == "MultiPolygon"


def test_a_second_join_changes_nothing_and_a_moved_boundary_is_an_update(tmp_path: Path) -> None:
    join(file_of(tmp_path, (square(29), HROMADA), (square(30), CITY)))
    joined = join(file_of(tmp_path, (square(29), HROMADA), (square(30.5), CITY)))
    assert (joined.units.created, joined.units.updated, joined.units.unchanged) == (0, 1, 1)


@pytest.mark.parametrize(
    ("prefix", "unit"),
    [(OBLAST[:4], OBLAST), (RAION[:6], RAION), (HROMADA[:9], HROMADA), (CITY[:12], CITY), (KYIV[:9], KYIV)],
)
def test_the_beginning_of_a_code_finds_the_unit_of_its_level(tmp_path: Path, prefix: str, unit: str) -> None:
    joined = join(file_of(tmp_path, (square(), prefix)), prefix_match=True)
    assert (joined.units.unmatched, with_boundary()) == ([], {unit})


def test_a_beginning_is_no_code_unless_it_is_asked_for(tmp_path: Path) -> None:
    joined = join(file_of(tmp_path, (square(), HROMADA[:9])))
    assert (joined.units.unmatched, with_boundary()) == ([HROMADA[:9]], set())


def test_the_chornobyl_zone_is_not_taken_for_kyiv_oblast(tmp_path: Path) -> None:
    joined = join(file_of(tmp_path, (square(), "UA3200000")), prefix_match=True)
    assert (joined.units.unmatched, with_boundary()) == (["UA3200000"], set())


def test_rows_that_cannot_be_joined_are_counted_and_named_and_the_others_joined(tmp_path: Path) -> None:
    path = file_of(
        tmp_path, (square(), HROMADA), (square(31), None), (square(32), "UA05040130000099999"),
        (None, CITY), (point(), CITY),
    )  # fmt: skip
    joined = join(path)
    assert (joined.read, joined.rejected, joined.units.matched) == (5, 2, 1)
    assert (joined.units.without_code, joined.units.unmatched) == (1, ["UA05040130000099999"])
    assert [issue.split(":")[0] for issue in joined.issues] == ["4", "5"]


def test_several_polygons_of_a_unit_become_one_boundary_without_overlap(tmp_path: Path) -> None:
    overlapping = (square(30.0, 50.0, 0.02), square(30.01, 50.0, 0.02))
    joined = join(file_of(tmp_path, *((geometry, HROMADA) for geometry in overlapping)))
    assert (joined.units.matched, joined.units.merged) == (1, 1)
    boundary = AdminUnit.objects.get(katottg=HROMADA).geom
    assert boundary.valid
    assert boundary.area == pytest.approx(0.03 * 0.02)


def test_a_community_without_boundary_gets_the_units_and_one_of_its_own_is_kept(tmp_path: Path) -> None:
    create_community(katottg=HROMADA, slug="first")
    first = join(file_of(tmp_path, (square(29), HROMADA)))
    second = join(file_of(tmp_path, (square(30), HROMADA)))
    assert (first.units.communities, second.units.communities) == (1, 0)
    assert Community.objects.get(slug="first").boundary.extent[0] == pytest.approx(29)


def test_an_unknown_code_field_is_refused_with_the_fields_there_are(tmp_path: Path) -> None:
    with pytest.raises(FieldNotInFile, match="code"):
        join(file_of(tmp_path, (square(), HROMADA)), code_field="ADM3_PCODE")
    assert with_boundary() == set()


def run(*args: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("load_admin_units", "--json", *map(str, args), stdout=out, stderr=StringIO())
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def codifier(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    for cells in (["Перший рівень", *[""] * 4, "Категорія", "Назва"], *rows):
        book.active.append(list(cells))
    book.save(folder / "codifier.xlsx")
    return folder / "codifier.xlsx"


def test_the_command_joins_polygons_after_the_register_and_tells_what_was_left_out(tmp_path: Path) -> None:
    register = codifier(tmp_path, [[OBLAST, None, None, None, None, "O", "Вінницька"]])
    path = file_of(tmp_path, (square(), OBLAST), field="ADM1")
    report = run("--file", register, "--polygons", path, "--code-field", "ADM1")
    assert (report["status"], report["polygons"]["matched"], report["register"]["updated"]) == ("done", 1, 1)
    with pytest.raises(CommandError) as partly:
        run("--file", register, "--polygons", file_of(tmp_path, (square(), "?")), "--code-field", "code")
    assert partly.value.returncode == 1
    with pytest.raises(CommandError, match="code-field") as refused:
        run("--file", register, "--polygons", path)
    assert refused.value.returncode == 2
