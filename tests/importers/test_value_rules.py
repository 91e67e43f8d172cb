"""Values are brought to form, what breaks a rule is kept and reported with its row, and nothing is lost."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely
from django.utils import translation
from pyproj import Geod

from importers import columns, rules
from importers.choices import Choices
from importers.fields import FieldInfo, FieldRule
from importers.mapping import mappings, propose
from importers.report import RULES, IssueLog, RowIssue, read_issues
from importers.sandbox import Conversion, convert_file, inspect_file, read_rows
from importers.sandbox.protocol import FieldMapping, Request
from tests.importers.data import REAL, needs_real_data
from tests.importers.files import geopackage, parcels, shapefile
from tests.importers.standards import standard_schema

OWNERSHIP = (("100", ("приватна власність",)), ("200", ("комунальна власність",)), ("0", ("не визначено",)))
YES_NO = (("yes", ("так",)), ("no", ("ні",)))


def converted(
    values: Sequence[Any], kind: str, folder: Path, rule: FieldRule | None = None
) -> tuple[list[Any], list[RowIssue]]:
    """The values as they are stored (None: left out) and the issues told about them."""
    log = IssueLog(folder / "issues.jsonl", most=100)
    rows = columns.Rows(np.arange(1, len(values) + 1), log, max_text=1000)
    column = pa.array(list(values))
    texts = columns.to_json([column], [FieldInfo("поле", "key", kind, rule=rule)], rows).to_pylist()
    log.close()
    return [json.loads(text).get("key") for text in texts], list(read_issues(folder / "issues.jsonl"))


# --- no value, numbers, dates, yes and no ---


@pytest.mark.parametrize("kind", ["string", "integer", "number", "date"])
def test_words_that_say_there_is_no_value_are_left_empty_and_counted(kind: str, tmp_path: Path) -> None:
    values, issues = converted(["null", "NULL", "-", "н/д", "Немає даних", None], kind, tmp_path)
    assert values == [None] * 6
    [issue] = issues
    assert (issue.rule, issue.done, issue.row, issue.params["count"]) == (
        "word-for-nothing",
        "nulled",
        None,
        5,
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [("12,5", 12.5), ("1 234,56", 1234.56), ("1\u00a0234", 1234.0), ("12,5 га", 12.5), ("1.234,56", 1234.56),
     ("1,234.56", 1234.56), ("1.234.567", 1234567.0), ("45 %", 45.0)],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, number: float, tmp_path: Path) -> None:
    assert converted([text], "number", tmp_path)[0] == [number]


def test_a_unit_in_a_value_is_reckoned_with(tmp_path: Path) -> None:
    rule = FieldRule(unit="га", scale=1e-4)  # the column is in square metres
    values, issues = converted(["25 000", "2,5 га", "25 537 м/кв", "двадцять"], "number", tmp_path, rule)
    assert values == [2.5, 2.5, 2.5537, None]
    assert {issue.rule for issue in issues} == {"unit-in-value", "unit-converted", "value-not-a-number"}


@pytest.mark.parametrize(
    "text",
    ["2024-03-31", "31.03.2024", "31/03/2024", "2024/03/31", "31.03.24", "31.03.2024 р.", "31 березня 2024 року",
     "31.03.2024 12:30", "45382", "20240331", "1711843200000"],
)  # fmt: skip
def test_dates_are_read_in_many_forms(text: str, tmp_path: Path) -> None:
    assert converted([text], "date", tmp_path)[0] == ["2024-03-31"]


def test_a_year_becomes_its_first_day_and_this_is_told(tmp_path: Path) -> None:
    values, issues = converted(["2019", "1998 рік"], "date", tmp_path)
    assert values == ["2019-01-01", "1998-01-01"]
    assert [(issue.rule, issue.params["count"]) for issue in issues] == [("date-guessed", 2)]


def test_serial_numbers_in_a_column_of_numbers_are_dates(tmp_path: Path) -> None:
    assert converted([45382.0, 45383.0], "date", tmp_path)[0] == ["2024-03-31", "2024-04-01"]


def test_what_is_no_date_is_left_empty_with_its_row(tmp_path: Path) -> None:
    values, issues = converted(["31.02.2024", "2024-01-01"], "date", tmp_path)
    assert values == [None, "2024-01-01"]
    assert [(issue.row, issue.rule, issue.value) for issue in issues] == [
        (1, "value-not-a-date", "31.02.2024")
    ]


def test_yes_and_no_are_read_in_three_languages(tmp_path: Path) -> None:
    values, _ = converted(["так", "Ні", "YES", "нет", "да", "-", "+", "є", "null", "1"], "boolean", tmp_path)
    assert values == [True, False, True, False, True, False, True, True, None, True]


# --- codes ---


def test_cadastral_numbers_come_to_one_form_and_others_are_kept_and_told(tmp_path: Path) -> None:
    given = [
        "0510600000:07:006:0202",
        "0510600000070060202",
        "510600000070060202",
        "0510600000-07-006-0202",
        "б/н",
    ]
    values, issues = converted(given, "string", tmp_path, FieldRule(normaliser="cad_num"))
    assert values == ["0510600000:07:006:0202"] * 4 + ["б/н"]
    told = {issue.rule: issue for issue in issues}
    assert told["code-normalised"].params["count"] == 3
    assert (told["cadastral-number-form"].row, told["cadastral-number-form"].done) == (5, "kept")


def test_a_cadastral_number_of_a_village_code_is_pointed_out(tmp_path: Path) -> None:
    _, issues = converted(["0510600012:07:006:0202"], "string", tmp_path, FieldRule(normaliser="cad_num"))
    assert [issue.rule for issue in issues] == ["cadastral-number-koatuu"]


@pytest.mark.parametrize(
    ("normaliser", "value", "stored"),
    [("koatuu", 510600000, "0510600000"), ("koatuu", "4610136900", "4610136900"), ("purpose_code", "2.1", "02.01"),
     ("purpose_code", 1.08, "01.08"), ("purpose_code", "02.01 Для будівництва", "02.01"),
     ("edrpou", 1993351, "01993351"), ("katottg", "ua05020010000053508", "UA05020010000053508"),
     ("katottg", "UА05020010000053508", "UA05020010000053508")],
)  # fmt: skip
def test_codes_regain_what_tables_took_from_them(
    normaliser: str, value: Any, stored: str, tmp_path: Path
) -> None:
    assert converted([value], "string", tmp_path, FieldRule(normaliser=normaliser))[0] == [stored]


def test_a_purpose_that_the_classifier_does_not_know_is_kept_and_told(tmp_path: Path) -> None:
    values, issues = converted(["02.13", "99.01"], "string", tmp_path, FieldRule(normaliser="purpose_code"))
    assert values == ["02.13", "99.01"]
    assert [(issue.row, issue.rule) for issue in issues] == [
        (1, "purpose-code-form"),
        (2, "purpose-code-form"),
    ]


def test_a_settlement_of_another_hromada_is_told(tmp_path: Path) -> None:
    rule = FieldRule(normaliser="katottg", prefix="UA0504003")
    _, issues = converted(["UA05040030010012345", "UA05020010000053508"], "string", tmp_path, rule)
    assert [(issue.row, issue.rule) for issue in issues] == [(2, "other-hromada")]


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("number", None), ("date", None), ("datetime", None), ("string", FieldRule(normaliser="cad_num")),
     ("string", FieldRule(domain=OWNERSHIP)), ("string", None)],
)  # fmt: skip
def test_long_hostile_texts_take_no_long_time(kind: str, rule: FieldRule | None, tmp_path: Path) -> None:
    hostile = ["1" + " " * 100_000 + "!", "1" * 100_000, "." * 100_000, ": " * 50_000, "аa" * 300]
    started = time.process_time()
    converted(hostile, kind, tmp_path, rule)
    assert time.process_time() - started < 2


# --- lists, forms, ranges ---


def test_titles_and_synonyms_become_the_values_of_the_list(tmp_path: Path) -> None:
    given = ["приватна", "Комунальна власність", "100", "ПРИВАТНА  ВЛАСНІСТЬ", "церковна", None]
    values, issues = converted(given, "string", tmp_path, FieldRule(domain=OWNERSHIP))
    assert values == ["100", "200", "100", "100", "церковна", None]
    told = {issue.rule: issue for issue in issues}
    assert told["value-recognised"].params["count"] == 3
    assert (told["value-not-in-domain"].row, told["value-not-in-domain"].done) == (5, "kept")


def test_numbers_stand_for_the_values_of_a_list(tmp_path: Path) -> None:
    assert converted([100.0, 200.0, 0.0], "string", tmp_path, FieldRule(domain=OWNERSHIP))[0] == [
        "100",
        "200",
        "0",
    ]


def test_a_list_of_yes_and_no_takes_all_words_for_them(tmp_path: Path) -> None:
    rule = FieldRule(domain=YES_NO)
    assert converted(["так", "є", "нет", "+"], "string", tmp_path, rule)[0] == ["yes", "yes", "no", "yes"]
    assert converted([True, False], "string", tmp_path, rule)[0] == ["yes", "no"]


def test_what_breaks_a_form_a_range_or_a_duty_is_kept_with_its_row(tmp_path: Path) -> None:
    values, issues = converted(
        ["1:500", "500"], "string", tmp_path, FieldRule(pattern=r"1:\d{3,6}", required=True)
    )
    assert values == ["1:500", "500"]
    assert [(i.row, i.rule, i.done) for i in issues] == [(2, "value-not-of-form", "kept")]
    values, issues = converted(
        [-1, 5, 70, None], "integer", tmp_path, FieldRule(min=0, max=60, required=True)
    )
    assert values == [-1, 5, 70, None]
    assert [(i.row, i.rule) for i in issues] == [
        (1, "value-too-small"),
        (3, "value-too-large"),
        (4, "value-required"),
    ]


def test_a_form_that_only_python_understands_is_checked_too(tmp_path: Path) -> None:
    _, issues = converted(["ab", "ac"], "string", tmp_path, FieldRule(pattern="a(?!c)."))
    assert [(issue.row, issue.rule) for issue in issues] == [(2, "value-not-of-form")]


# --- letters ---


def test_latin_letters_in_cyrillic_words_are_told_and_kept(tmp_path: Path) -> None:
    values, issues = converted(["Андpівська", "Андріївська", "Wi-Fi", "Sony"], "string", tmp_path)
    assert values[0] == "Андpівська"
    [issue] = issues
    assert (issue.row, issue.rule, issue.done) == (1, "lookalike-letters", "kept")
    assert issue.params["corrected"] == "Андрівська"


def test_they_are_put_right_where_a_person_chose_so(tmp_path: Path) -> None:
    values, issues = converted(
        ["Андpівська", "Сhernivtsi"], "string", tmp_path, FieldRule(fix_lookalikes=True)
    )
    assert values == ["Андрівська", "Chernivtsi"]
    assert {issue.done for issue in issues} == {"changed"}


def test_decomposed_letters_are_composed(tmp_path: Path) -> None:
    assert converted(["Краи\u0306 і\u0308жа"], "string", tmp_path)[0] == ["Край їжа"]


# --- areas ---


def test_the_area_of_a_geometry_agrees_with_the_geodesic_one() -> None:
    square = parcels(1).geometry.iloc[0]
    geodesic = abs(Geod(ellps="WGS84").geometry_area_perimeter(square)[0])
    assert rules.areas_m2(np.array([square]))[0] == pytest.approx(geodesic, rel=1e-6)


def test_a_documented_area_that_differs_from_the_geometry_is_told_with_its_place(tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(3)
    hectares = rules.areas_m2(np.array(frame.geometry))[0] / 10_000
    frame["PLOSHA"] = [hectares * 1.005, hectares * 1.5, None]
    conversion = imported(shapefile(tmp_path, frame), tmp_path, "parcels")
    found = [issue for issue in read_issues(conversion.issues_file) if issue.rule == "area-differs"]
    [issue] = found
    assert (issue.row, issue.done, issue.params["measured_ha"]) == (2, "kept", round(float(hectares), 4))
    assert issue.point == pytest.approx((29.2415, 48.6805), abs=1e-4)


# --- through the sandbox ---


def imported(path: Path, work: Path, standard: str = "", **choices: Any) -> Conversion:
    """The only layer of a file converted as it would be into a layer of that standard."""
    [layer] = inspect_file(path, work=work / "inspect").layers
    schema = standard_schema(standard) if standard else None
    chosen = Choices.from_json(choices)
    fields = mappings(propose(layer, schema=schema), chosen, schema=schema)
    return convert_file(path, work=work / "convert", fields=fields)


def stored(conversion: Conversion) -> list[dict[str, Any]]:
    return [
        json.loads(row["properties"])
        for batch in read_rows(conversion.rows_file)
        for row in batch.to_pylist()
    ]


def test_rules_survive_the_way_into_the_sandbox() -> None:
    rule = FieldRule(required=True, domain=(("100", ("приватна",)), (1, ())), max=5.0, normaliser="cad_num")
    found = FieldMapping.from_json(json.loads(json.dumps(
        {"source": "a", "key": "b", "type": "string",
         "rule": {"required": True, "domain": [["100", ["приватна"]], [1, []]], "max": 5.0, "normaliser": "cad_num"}}
    )))  # fmt: skip
    assert found == FieldMapping("a", "b", "string", rule)
    assert Request.__dataclass_fields__["fields"] is not None


def test_square_metres_of_a_cut_column_become_hectares(tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(3).rename(columns={"CADNUM": "cadastral_", "PLOSHA": "PLOSHA"})
    frame["PLOSHA"] = [2_500, 5_000, 7_500]
    conversion = imported(geopackage(tmp_path, frame), tmp_path, "parcels")
    assert [row["area_doc_ha"] for row in stored(conversion)] == [0.25, 0.5, 0.75]


@needs_real_data
def test_sixty_nine_names_with_lookalikes_are_found_in_the_real_file(tmp_path: Path) -> None:
    path = REAL / "boundaries" / "kse_hromadas_near_seas_cyrillic.zip"
    conversion = imported(path, tmp_path, "settlements")
    issues = list(read_issues(conversion.issues_file))
    names = [issue for issue in issues if issue.rule == "lookalike-letters" and issue.field == "ADMIN_3"]
    assert len(names) == 69
    assert all(issue.params["corrected"] != issue.value and issue.point for issue in names)
    missing = [issue for issue in issues if issue.rule == "value-required" and issue.field == "COD_3"]
    assert len(missing) == 5


@needs_real_data
def test_they_are_all_put_right_where_that_is_chosen(tmp_path: Path) -> None:
    path = REAL / "boundaries" / "kse_hromadas_near_seas_cyrillic.zip"
    conversion = imported(path, tmp_path, "settlements", fix_lookalikes=True)
    assert "Радсадівська" in {row["name_uk"] for row in stored(conversion)}
    again, _ = converted([row["name_uk"] for row in stored(conversion)], "string", tmp_path)
    assert len(again) == 257
    assert not rules.pc.any(rules.pc.match_substring_regex(pa.array(again), rules.MIXED)).as_py()


@needs_real_data
def test_all_1804_cadastral_numbers_of_the_addresses_are_in_form(tmp_path: Path) -> None:
    path = REAL / "encodings_crs" / "addresses_cp1251_cpg_ucs2000_tm10.zip"
    conversion = imported(path, tmp_path, "parcels")
    numbers = [row["cad_num"] for row in stored(conversion) if "cad_num" in row]
    assert len(numbers) == 1804
    assert "cadastral-number-form" not in conversion.issue_counts
    assert conversion.issue_counts["value-required"] == 3443 - 1804


@pytest.mark.parametrize("language", ["en", "uk"])
def test_every_rule_has_a_sentence_that_names_what_it_is_about(language: str) -> None:
    params = {"count": 3, "after": "б", "corrected": "в", "allowed": "г", "unit": "га", "factor": 2, "documented_ha": 1,
              "measured_ha": 2}  # fmt: skip
    with translation.override(language):
        for rule in (
            "lookalike-letters",
            "area-differs",
            "value-not-in-domain",
            "unit-converted",
            "other-hromada",
        ):
            message = RowIssue(1, rule, "kept", "поле", "значення", params).message
            assert "%(" not in message
            assert message != str(RULES[rule])


def test_an_issue_says_where_the_row_lies_and_a_hostile_place_is_none(tmp_path: Path) -> None:
    log = IssueLog(tmp_path / "issues.jsonl", most=10)
    log.locate(np.array([3, 5]), np.array([29.1, 29.2]), np.array([48.1, 48.2]))
    log.add(5, "value-required", "kept")
    log.add(4, "value-required", "kept")
    log.close()
    with (tmp_path / "issues.jsonl").open("a") as file:
        for point in ("[500, 0]", '["a", 1]', "[1]", "7", "[true, 1]"):
            file.write(f'{{"row": 1, "rule": "r", "done": "kept", "params": {{}}, "point": {point}}}\n')
    found = [issue.point for issue in read_issues(tmp_path / "issues.jsonl")]
    assert found == [(29.2, 48.2), None, None, None, None, None, None]


def test_geometry_and_values_of_one_row_carry_one_place(tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(2)
    frame.loc[1, "NAZVA"] = "Кoблівська"
    conversion = imported(geopackage(tmp_path, frame), tmp_path)
    [issue] = [item for item in read_issues(conversion.issues_file) if item.rule == "lookalike-letters"]
    centre = shapely.centroid(frame.geometry.iloc[1])
    assert issue.point == pytest.approx((centre.x, centre.y), abs=1e-6)
