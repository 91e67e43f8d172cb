"""What an inspection says of a layer's columns: forms of the values, types, extent, and nothing personal."""

import json
import re
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pytest

from importers.detect.columns import profile
from importers.fields import FieldInfo
from importers.readers import tabular
from importers.sandbox import inspect_file
from tests.importers.data import REAL, needs_real_data
from tests.importers.files import geopackage, parcels


def profile_of(values: list[Any], name: str = "column", declared: str = "string") -> dict[str, Any]:
    return profile(pa.array(values), name, declared)


def columns_of(path: Path, work: Path) -> dict[str, FieldInfo]:
    [layer] = inspect_file(path, work=work).layers
    return {item.name: item for item in layer.fields}


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("cad_num", ["0510600000:07:006:0202", "0510600000070060202", "510600000070060202",
                     "0510600000 07 006 0202", "0510600000.07.006.0202"]),
        ("katottg", ["UA05020010000053508", "ua05020010000053508"]),
        ("koatuu", ["0510600000", "510600000", "4610136900"]),
        ("purpose_code", ["02.01", "2.1", "01.03"]),
        ("edrpou", ["01993351", "41840992"]),
        ("date", ["2024-03-31", "31.03.2024", "31/03/2024", "31.03.2024 р.", "1.3.24"]),
        ("number_comma", ["12,5", "1 234,56"]),
        ("boolean", ["так", "Ні", "yes", "да", "+"]),
        ("phone", ["+380671234567", "067 123-45-67", "(067) 123 45 67", "тел. 0671234567"]),
        ("email", ["rada@ladyzhyn.gov.ua"]),
        ("passport", ["АВ123456", "АВ 123456"]),
        ("person", ["Шевченко Тарас Григорович", "КОСАЧ ЛАРИСА ПЕТРІВНА", "ФОП Франко Іван Якович"]),
        ("url", ["https://rada.gov.ua/", "cnap.rada.gov.ua"]),
        ("lon", ["29.24", "29,2412"]),
        ("lat", ["48.68"]),
        ("uuid", ["fb5855d2-2ecf-4f3a-8e3e-a3bd98c5806c"]),
    ],
)  # fmt: skip
def test_every_way_of_writing_a_form_is_counted(form: str, values: list[str]) -> None:
    assert profile_of(values)["patterns"][form] == 1.0


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("cad_num", ["0510600000", "12", "0510600000:07:006"]),
        ("person", ["Михайло-Коцюбинська Сільська Рада", "Автономна Республіка Крим", "Великі Мости Нижні"]),
        ("phone", ["24321", "0510600000:07:006:0202"]),
        ("katottg", ["UA0502001", "29.24"]),
        ("lookalikes", ["Wi-Fi так", "ПАТ Sony", "10А"]),
    ],
)
def test_other_values_are_not_taken_for_a_form(form: str, values: list[str]) -> None:
    assert form not in profile_of(values)["patterns"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "20", "300"], "integer"),
        (["1,5", "20.25", "3"], "number"),
        (["12,5 га", "3 га"], "number"),
        (["2024-03-31", "31.03.2024"], "date"),
        (["так", "ні"], "boolean"),
        (["01", "02"], "string"),
        (["0510600000:07:006:0202"], "string"),
        (["01.01", "02.01"], "string"),
        (["так", "частково"], "string"),
    ],
)
def test_the_type_is_that_of_the_values_unless_they_are_codes(values: list[str], kind: str) -> None:
    assert profile_of(values)["type"] == kind


def test_a_postal_index_stays_text_though_all_its_values_are_numbers() -> None:
    assert profile_of(["24321", "24325"], "Індекс")["type"] == "string"
    assert profile_of(["24321", "24325"], "Кількість")["type"] == "integer"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Поштовий індекс", [24321, 24325]),
        ("addressPostCode", ["24321", "24325"]),
        ("zip", ["79000", "1001"]),
        ("Індекс", ["24321", "24325"]),
        ("ЄДРПОУ", ["41840992", "1993351"]),
        ("legal_entity_edrpou", [41840992, 1993351]),
        ("KOATUU", [510600000, 4610136900]),
        ("Код", ["10", "20"]),
        ("код КВЦПЗ", ["2.1", "1.10"]),
        ("Особовий рахунок", ["100200300", "100200301"]),
        ("Телефон", [380671234567]),
        ("ділянка", ["510600000070060202"]),  # a cadastral number without its zero
        ("картка", ["1234567890123456"]),  # more digits than a number keeps
        ("одиниця", ["05040130010040578"]),
    ],
)
def test_digits_of_a_code_stay_text(name: str, values: list[Any]) -> None:
    declared = "integer" if all(isinstance(value, int) for value in values) else _made_of(values)
    found = profile_of(values, name, declared)
    assert found["type"] == "string"
    assert "median" not in found


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("index", [1, 2, 3], "integer"),  # of the row
        ("Індекс забруднення", ["4.5", "5.25"], "number"),
        ("code", [1, 2, 3], "integer"),
        ("Кількість", ["24321", "24325"], "integer"),
        ("населення", [24321, 24325], "integer"),
        ("бюджет", ["150000000", "230000000"], "integer"),
        ("Код", ["так", "ні"], "boolean"),
    ],
)
def test_what_is_counted_stays_a_number(name: str, values: list[Any], kind: str) -> None:
    assert profile_of(values, name, kind)["type"] == kind


def _made_of(values: list[str]) -> str:
    """The type that the reader of tables makes of text."""
    fits = {kind: all(re.match(form, value) for value in values) for kind, form in tabular.PATTERNS.items()}
    return tabular._type(fits, any_value=True)


def test_a_table_of_codes_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(
        "Індекс;ЄДРПОУ;рахунок;учнів\n24321;41840992;26001234567;120\n24325;41840993;26001234568;80\n"
    )
    types = {name: item.profile["type"] for name, item in columns_of(path, tmp_path / "work").items()}
    assert types == {"Індекс": "string", "ЄДРПОУ": "string", "рахунок": "string", "учнів": "integer"}


def test_words_for_nothing_are_no_values() -> None:
    found = profile_of(["null", "-", "н/д", "немає даних", "5", None])
    assert (found["filled"], found["words_for_nothing"], found["type"]) == (0.1667, 0.6667, "integer")


def test_numbers_have_extent_and_median() -> None:
    found = profile_of(["1,5", "2,5", "100"])
    assert (found["min"], found["median"], found["max"], found["whole"]) == (1.5, 2.5, 100.0, False)


def test_few_values_are_listed_with_their_numbers() -> None:
    found = profile_of(["приватна"] * 3 + ["державна"])
    assert found["values"] == [["приватна", 3], ["державна", 1]]


def test_long_hostile_texts_are_profiled_in_no_long_time() -> None:
    started = time.process_time()
    profile_of(
        ["1" + " " * 9_000 + f"{n}!" for n in range(1_000)] + ["А" * 9_000 + str(n) for n in range(1_000)]
    )
    assert time.process_time() - started < 3


def test_an_empty_column_has_a_profile_too() -> None:
    found = profile_of([None, None])
    assert (found["filled"], found["distinct"], found["patterns"], found["type"]) == (0.0, 0, {}, "string")


def test_values_of_personal_columns_do_not_leave_the_sandbox(tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(3)
    frame["VLASNYK"] = ["Шевченко Тарас Григорович", "Косач Лариса Петрівна", "Франко Іван Якович"]
    frame["RNOKPP"] = ["3184710691", "2222222222", "2222222222"]
    frame["TEL"] = ["+380671234567"] * 3
    [layer] = inspect_file(geopackage(tmp_path, frame), work=tmp_path / "work").layers

    told = json.dumps([(item.name, item.profile) for item in layer.fields], ensure_ascii=False)
    told += json.dumps(layer.samples, ensure_ascii=False)
    for secret in ("Шевченко", "Григорович", "Косач", "3184710691", "2222222222", "+38067"):
        assert secret not in told
    kinds = {item.name: item.profile["personal"] for item in layer.fields}
    assert kinds["VLASNYK"] == "name"
    assert kinds["RNOKPP"] == "tax-number"
    assert kinds["TEL"] == "phone"
    assert kinds["NAZVA"] == kinds["CADNUM"] == ""
    assert layer.samples[0]["VLASNYK"] == "•••"
    assert layer.samples[0]["CADNUM"] == "0510600000:01:001:0001"


@needs_real_data
def test_the_sample_is_spread_over_the_whole_file(tmp_path: Path) -> None:
    columns = columns_of(REAL / "encodings_crs" / "addresses_cp1251_cpg_ucs2000_tm10.zip", tmp_path)
    found = columns["id"].profile
    assert found["rows"] <= 2_000
    assert found["min"] < 100
    assert found["max"] > 3_300


@needs_real_data
def test_cadastral_numbers_codes_and_lookalikes_of_real_files_are_seen(tmp_path: Path) -> None:
    addresses = columns_of(REAL / "encodings_crs" / "addresses_cp1251_cpg_ucs2000_tm10.zip", tmp_path / "a")
    assert addresses["kadnum"].profile["patterns"]["cad_num"] == 1.0
    hromadas = columns_of(REAL / "boundaries" / "kse_hromadas_near_seas_cyrillic.zip", tmp_path / "b")
    assert round(hromadas["ADMIN_3"].profile["patterns"]["lookalikes"] * 257) == 69
    assert hromadas["COD_3"].profile["patterns"]["katottg"] == 1.0
    assert hromadas["COD_3"].profile["filled"] == round(252 / 257, 4)
    assert not any(item.profile["personal"] for item in (*addresses.values(), *hromadas.values()))


@needs_real_data
def test_forty_long_ukrainian_columns_of_service_centres_are_profiled(tmp_path: Path) -> None:
    columns = columns_of(REAL / "infrastructure" / "cnap_chernivtsi_oblast.geojson", tmp_path)
    assert len(columns) == 39
    types = {name: item.profile["type"] for name, item in columns.items()}
    assert types["Паспортні послуги"] == "boolean"
    assert types["Кількість послуг згідно переліку РКМУ 523 за звітний квартал"] == "integer"
    assert types["Індекс"] == "string"
    assert not any(item.profile["personal"] for item in columns.values())


@needs_real_data
@pytest.mark.parametrize(
    "name", ["schools_register_vinnytsia_lviv_2023.csv", "nszu_health_facilities_west_centre.csv"]
)
def test_registers_of_institutions_hold_nothing_personal(name: str, tmp_path: Path) -> None:
    found = {
        key: item.profile["personal"]
        for key, item in columns_of(REAL / "infrastructure" / name, tmp_path).items()
    }
    assert not {key: kind for key, kind in found.items() if kind}
