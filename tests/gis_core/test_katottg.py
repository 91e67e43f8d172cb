"""The register of administrative units: what is read from the workbook, and what a load changes."""

import json
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

from gis_core.communities import AdminUnit
from gis_core.katottg import NotACodifier, Register, load_register, packaged_codifier, read_codifier
from gis_core.transliteration import transliterate

HEADER = (
    "Перший рівень", "Другий рівень", "Третій рівень", "Четвертий рівень", "Додатковий рівень",
    "Категорія об’єкта", "Назва об’єкта",
)  # fmt: skip
OBLAST, RAION, HROMADA = "UA05000000000010236", "UA05040000000050292", "UA05040130000025322"
CITY, VILLAGE = "UA05040130010040578", "UA05040130020057417"


def row(*codes: str, category: str, name: str) -> tuple[str | None, ...]:
    return (*codes, *[None] * (5 - len(codes)), category, name)


ROWS = [
    row(OBLAST, category="O", name="Вінницька"),
    row(OBLAST, RAION, category="P", name="Гайсинський"),
    row(OBLAST, RAION, HROMADA, category="H", name="Ладижинська "),
    row(OBLAST, RAION, HROMADA, CITY, category="M", name="Ладижин"),
    row(OBLAST, RAION, HROMADA, VILLAGE, category="C", name="Лук’янівка"),
]


def workbook(
    folder: Path, rows: Iterable[Sequence[Any]], *, header: Sequence[str] = HEADER, preamble: int = 3
) -> Path:
    book = Workbook()
    sheet = book.active
    for number in range(preamble):
        sheet.append([None] * 5 + [f"ЗАТВЕРДЖЕНО, рядок {number}"])
    for cells in (header, *rows):
        sheet.append(list(cells))
    path = folder / "codifier.xlsx"
    book.save(path)
    return path


def register_of(folder: Path, *rows: Sequence[Any], **options: Any) -> Register:
    return read_codifier(workbook(folder, rows or ROWS, **options))


@pytest.fixture(scope="module")
def official() -> Register:
    return read_codifier(packaged_codifier())


def test_the_packaged_release_is_read_in_full_past_its_preamble_and_trailing_blank_rows(
    official: Register,
) -> None:
    assert (len(official.units), official.rejected) == (31_744, [])
    assert [unit.level for unit in official.units].count(3) == 1772
    assert official.cleaned_names == 319


@pytest.mark.parametrize(
    ("name", "parent_prefix"), [("Прип’ять", "UA32000000000030281"), ("Чорнобиль", "UA32000000000030281")]
)
def test_the_cities_without_raion_and_hromada_hang_on_their_oblast(
    official: Register, name: str, parent_prefix: str
) -> None:
    (unit,) = [item for item in official.units if item.name_uk == name and item.category == "M"]
    assert (unit.parent, unit.level) == (parent_prefix, 4)


def test_the_districts_of_kyiv_hang_on_the_city_whose_code_fills_their_columns(official: Register) -> None:
    districts = [item for item in official.units if item.parent == "UA80000000000093317"]
    assert {(item.category, item.level) for item in districts} == {("B", 5)}
    assert len(districts) == 10


def test_names_lose_stray_spaces_and_latin_letters_but_keep_their_apostrophe(tmp_path: Path) -> None:
    names = ["Андріївська ", "Нова  Ушиця", "Лук’янівка", "Cтрiлка"]
    rows = [
        row(f"UA05000000000{number:06}", category="O", name=name)
        for number, name in enumerate(names, start=1)
    ]
    register = register_of(tmp_path, *rows)
    assert [unit.name_uk for unit in register.units] == ["Андріївська", "Нова Ушиця", "Лук’янівка", "Стрілка"]
    assert register.cleaned_names == 3


def test_an_urban_type_settlement_of_an_old_release_is_a_settlement(tmp_path: Path) -> None:
    register = register_of(tmp_path, row(OBLAST, category="T", name="Тростянець"))
    assert [unit.category for unit in register.units] == ["X"]


def test_a_category_typed_in_cyrillic_is_understood(tmp_path: Path) -> None:
    register = register_of(tmp_path, row(OBLAST, category="О", name="Вінницька"))
    assert [unit.category for unit in register.units] == ["O"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("UA0500000000001023", category="O", name="Вінницька"), "UA0500000000001023"),
        (row(OBLAST, category="Q", name="Вінницька"), "Q"),
        (row(OBLAST, category="O", name="  "), "назва"),
    ],
)
def test_a_row_that_is_no_unit_is_left_out_and_named_by_its_number(
    tmp_path: Path, bad: Sequence[Any], reason: str
) -> None:
    register = register_of(tmp_path, bad, row(RAION, category="P", name="Гайсинський"))
    assert [unit.katottg for unit in register.units] == [RAION]
    assert [item.row for item in register.rejected] == [5]
    assert reason in register.rejected[0].reason


def test_a_code_that_stands_twice_is_taken_once(tmp_path: Path) -> None:
    register = register_of(tmp_path, ROWS[0], ROWS[0])
    assert (len(register.units), [item.value for item in register.rejected]) == (1, [OBLAST])


def test_columns_in_another_order_and_without_preamble_are_found_by_name(tmp_path: Path) -> None:
    header = ("№", *HEADER[:5], HEADER[6], HEADER[5])
    register = register_of(
        tmp_path, (1, OBLAST, None, None, None, None, "Вінницька", "O"), header=header, preamble=0
    )
    assert [(unit.katottg, unit.name_uk) for unit in register.units] == [(OBLAST, "Вінницька")]


def test_koatuu_codes_are_read_where_the_release_has_them_and_get_their_lost_zero_back(
    tmp_path: Path,
) -> None:
    register = register_of(
        tmp_path, (*ROWS[0], "510600000; 0524155100"), header=(*HEADER, "Код об’єкта за КОАТУУ")
    )
    assert register.units[0].koatuu == ("0510600000", "0524155100")


def test_a_workbook_that_is_no_codifier_is_refused_by_name(tmp_path: Path) -> None:
    other = workbook(tmp_path, [], header=("Назва", "Площа"))
    text = tmp_path / "notes.xlsx"
    text.write_text("not a workbook at all")
    for path in (other, text, tmp_path / "absent.xlsx"):
        with pytest.raises(NotACodifier) as refusal:
            read_codifier(path)
        assert path.name in str(refusal.value)


def test_an_unpacked_size_beyond_the_limit_is_refused_before_the_workbook_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_UNPACKED_MB", "-1")
    with pytest.raises(Exception, match="MB"):
        register_of(tmp_path)


@pytest.mark.django_db
def test_a_load_creates_units_with_parents_and_official_latin_names(tmp_path: Path) -> None:
    loaded = load_register(register=register_of(tmp_path))
    assert (loaded.read, loaded.created, loaded.updated, loaded.unchanged) == (5, 5, 0, 0)
    village = AdminUnit.objects.get(katottg=VILLAGE)
    assert (village.name_uk, village.name_en, village.level) == ("Лук’янівка", "Lukianivka", 4)
    assert village.parent_id == HROMADA
    assert AdminUnit.objects.get(katottg=OBLAST).parent is None


@pytest.mark.django_db
def test_the_whole_register_is_loaded_set_based_and_a_second_load_changes_nothing(official: Register) -> None:
    with CaptureQueriesContext(connection) as queries:
        first = load_register(register=official)
    assert len(queries) < 20
    assert (first.created, first.updated, first.unchanged) == (31_744, 0, 0)
    second = load_register(register=official)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 31_744)
    assert AdminUnit.objects.exclude(level=1).filter(parent=None).count() == 0


@pytest.mark.django_db
def test_a_rename_is_an_update_and_keeps_geometry_and_koatuu(tmp_path: Path) -> None:
    load_register(register=register_of(tmp_path))
    box = MultiPolygon(Polygon.from_bbox((29, 48, 30, 49)))
    AdminUnit.objects.filter(katottg=VILLAGE).update(geom=box, koatuu=["0524155100"])
    renamed = [*ROWS[:4], row(OBLAST, RAION, HROMADA, VILLAGE, category="C", name="Калинівка")]
    loaded = load_register(register=register_of(tmp_path, *renamed))
    assert (loaded.created, loaded.updated, loaded.unchanged) == (0, 1, 4)
    unit = AdminUnit.objects.get(katottg=VILLAGE)
    assert (unit.name_uk, unit.name_en, unit.koatuu) == ("Калинівка", "Kalynivka", ["0524155100"])
    assert unit.geom is not None


@pytest.mark.django_db
def test_an_english_name_corrected_by_hand_survives_the_next_load(tmp_path: Path) -> None:
    load_register(register=register_of(tmp_path))
    AdminUnit.objects.filter(katottg=OBLAST).update(name_en="Vinnytsia Oblast")
    assert load_register(register=register_of(tmp_path)).updated == 0
    assert AdminUnit.objects.get(katottg=OBLAST).name_en == "Vinnytsia Oblast"


@pytest.mark.django_db
def test_codes_that_a_release_lacks_are_reported_and_stay(tmp_path: Path) -> None:
    load_register(register=register_of(tmp_path))
    loaded = load_register(register=register_of(tmp_path, *ROWS[:4]))
    assert loaded.missing == [VILLAGE]
    assert AdminUnit.objects.filter(katottg=VILLAGE).exists()


@pytest.mark.django_db
def test_a_unit_whose_parent_nobody_knows_is_left_out_with_everything_below_it(tmp_path: Path) -> None:
    loaded = load_register(register=register_of(tmp_path, ROWS[0], *ROWS[2:]))
    assert (loaded.created, AdminUnit.objects.count()) == (1, 1)
    assert {item.row for item in loaded.rejected} == {6, 7, 8}
    assert RAION in loaded.rejected[0].reason


@pytest.mark.django_db
def test_the_command_reports_counts_to_people_and_to_machines(tmp_path: Path) -> None:
    path = workbook(tmp_path, ROWS)
    out = StringIO()
    call_command("load_admin_units", file=path, stdout=out, stderr=StringIO())
    assert "прочитано 5, створено 5, оновлено 0, без змін 0" in out.getvalue()
    out = StringIO()
    call_command("load_admin_units", "--json", file=path, stdout=out, stderr=StringIO())
    report = json.loads(out.getvalue())
    assert (report["status"], report["register"]["unchanged"]) == ("done", 5)


@pytest.mark.django_db
def test_the_command_exits_with_1_for_rows_left_out_and_with_2_for_another_workbook(tmp_path: Path) -> None:
    path = workbook(tmp_path, [*ROWS, row(OBLAST, category="Q", name="Зайва")])
    with pytest.raises(CommandError, match="1") as partly:
        call_command("load_admin_units", file=path, stdout=StringIO(), stderr=StringIO())
    assert (partly.value.returncode, AdminUnit.objects.count()) == (1, 5)
    out = StringIO()
    with pytest.raises(CommandError, match=r"codifier\.xlsx") as refused:
        call_command(
            "load_admin_units", "--json", file=workbook(tmp_path, [], header=("Площа",)), stdout=out,
            stderr=StringIO(),
        )  # fmt: skip
    assert refused.value.returncode == 2
    assert json.loads(out.getvalue())["code"] == "not-a-codifier"


@pytest.mark.parametrize(
    ("ukrainian", "latin"),
    [
        ("Згурський", "Zghurskyi"),
        ("Єнакієве", "Yenakiieve"),
        ("Їжакевич", "Yizhakevych"),
        ("Кам’янець-Подільський", "Kamianets-Podilskyi"),
        ("Знам'янка", "Znamianka"),
        ("Йосипівка", "Yosypivka"),
        ("Ґалаґан", "Galagan"),
        ("Щербухи", "Shcherbukhy"),
        ("Юрій Яготин Ічня", "Yurii Yahotyn Ichnia"),
        ("ЩОРС", "SHCHORS"),
        ("Лiтера 7, №5", "Litera 7, №5"),
        ("", ""),
    ],
)
def test_names_are_transliterated_by_the_cabinets_table(ukrainian: str, latin: str) -> None:
    assert transliterate(ukrainian) == latin
