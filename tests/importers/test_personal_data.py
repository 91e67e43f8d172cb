"""Personal data of natural persons is left out unless somebody says why it must stay, and never leaks."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from importers import personal
from importers.choices import BadChoice, Choices
from importers.codes import is_tax_number
from importers.fields import FieldInfo, field_key
from importers.mapping import kept, mappings, personal_decisions, propose, schema_fields
from importers.personal import personal_kind, without_personal
from importers.sandbox import Conversion, LayerInspection, convert_file, inspect_file, read_issues, read_rows
from tests.importers.data import REAL, needs_real_data
from tests.importers.files import geopackage, parcels, shapefile
from tests.importers.standards import standard_schema

TAX_NUMBER = "3184710691"
PERSONS = ("Шевченко Тарас Григорович", "Косач Лариса Петрівна", "Франко Іван Якович")


def owned() -> gpd.GeoDataFrame:
    frame: gpd.GeoDataFrame = parcels(3)
    frame["VLASNYK"] = PERSONS
    frame["RNOKPP"] = [TAX_NUMBER] * 3
    frame["PRYMITKA"] = ["без зауважень", f"власник, код {TAX_NUMBER}", "тел. у раді"]
    return frame


def looked_at(path: Path, work: Path) -> LayerInspection:
    [layer] = inspect_file(path, work=work / "inspect").layers
    return layer


def imported(path: Path, work: Path, **choices: Any) -> Conversion:
    fields = mappings(propose(looked_at(path, work)), Choices.from_json(choices))
    return convert_file(path, work=work / "convert", fields=fields)


def everything_told(conversion: Conversion) -> str:
    """All that leaves the sandbox: rows, issues, the account."""
    rows = [row["properties"] for batch in read_rows(conversion.rows_file) for row in batch.to_pylist()]
    issues = [f"{issue.value} {issue.params}" for issue in read_issues(conversion.issues_file)]
    return "\n".join([*rows, *issues, repr(conversion)])


# --- which columns ---


def test_a_tax_number_has_a_right_check_digit() -> None:
    assert is_tax_number(TAX_NUMBER)
    assert not is_tax_number("3184710692")
    assert not is_tax_number("318471069")
    assert not is_tax_number("0000000000")
    assert not is_tax_number("9999999995")  # born in 2173


def test_a_column_called_after_tax_numbers_goes_though_none_has_a_right_check_digit(tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(3)
    frame["ІНН"] = [3184710692, 2222222223, 184710693]  # a program kept numbers: the third lost its zero
    frame["CODE_IN"] = [3184710692, 2222222223, 3184710694]
    told = {item.name: item.profile for item in looked_at(geopackage(tmp_path, frame), tmp_path).fields}
    assert (told["ІНН"]["personal"], told["ІНН"]["samples"]) == ("tax-number", ["•••"] * 3)
    assert told["CODE_IN"]["personal"] == ""


@pytest.mark.parametrize("name", ["ІНН", "INN", "ІНН власника", "ИНН", "TIN", "РНОКПП", "код"])
@pytest.mark.parametrize("persons", [4, 8])
def test_tax_numbers_among_codes_of_legal_entities_go(name: str, persons: int, tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(20)
    frame[name] = [TAX_NUMBER] * persons + ["01993351"] * (20 - persons)
    path = geopackage(tmp_path, frame)
    told = {item.name: item.profile for item in looked_at(path, tmp_path).fields}
    assert (told[name]["personal"], told[name]["samples"]) == ("tax-number", ["•••"] * 2)
    conversion = imported(path, tmp_path)
    assert name not in {item.source for item in conversion.fields}
    assert TAX_NUMBER not in everything_told(conversion)


def test_tax_numbers_that_are_partly_covered_go_and_names_of_inns_stay(tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(3)
    frame["ІНН"] = frame["INN"] = ["31847*****", "22001*****", "немає"]
    frame["inn_name"] = ["Корчма", "Дубовий гай", "Готель «Інн»"]
    frame["INNS"] = ["00199335", "14360570", "01993351"]
    told = {
        item.name: item.profile["personal"]
        for item in looked_at(geopackage(tmp_path, frame), tmp_path).fields
    }
    assert {name: told[name] for name in ("ІНН", "INN", "inn_name", "INNS")} == {
        "ІНН": "tax-number", "INN": "tax-number", "inn_name": "", "INNS": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "patterns", "kind"),
    [
        ("дані", {"person": 0.9}, "name"),
        ("дані", {"person_short": 0.8}, "name"),
        ("дані", {"person": 0.4, "person_short": 0.4}, "name"),
        ("ПІБ власника", {"person_words": 0.4}, "name"),
        ("Прізвище", {}, "name"),
        ("Власник", {"person_short": 0.6}, "name"),
        ("Керівник", {"person_words": 1.0}, "name"),
        ("код", {"tax_number": 1.0, "integer": 1.0}, "tax-number"),
        ("РНОКПП", {"tax_number": 0.5}, "tax-number"),
        ("РНОКПП", {"ten_digits": 1.0, "integer": 1.0, "number": 1.0}, "tax-number"),  # mistyped, all of them
        (
            "Код РНОКПП власника",
            {"ten_digits": 0.6, "id_card": 0.4, "number": 1.0},
            "tax-number",
        ),  # zeros lost
        ("РНОКПП/ЄДРПОУ", {"ten_digits": 0.3, "edrpou": 0.7, "number": 1.0}, "tax-number"),
        ("РНОКПП", {}, "tax-number"),  # 31847*****: the day of birth is there all the same
        ("rnokpp_own", {"ten_digits": 1.0, "number": 1.0}, "tax-number"),
        ("ІПН", {"ten_digits": 1.0, "number": 1.0}, "tax-number"),
        ("ИНН", {"ten_digits": 1.0, "number": 1.0}, "tax-number"),
        ("ІНН фізособи", {"ten_digits": 0.9, "number": 1.0}, "tax-number"),
        ("INN_VLASN", {"ten_digits": 0.5, "id_card": 0.5, "number": 1.0}, "tax-number"),
        ("ownerTin", {"ten_digits": 1.0, "number": 1.0}, "tax-number"),
        ("ІНН", {"ten_digits": 0.4, "edrpou": 0.6, "number": 1.0}, "tax-number"),
        ("INN", {"ten_digits": 0.2, "edrpou": 0.8, "number": 1.0}, "tax-number"),
        ("TIN", {"ten_digits": 0.2, "number": 0.2}, "tax-number"),
        ("РНОКПП", {"tax_number": 0.01, "ten_digits": 0.01, "edrpou": 0.99, "number": 1.0}, "tax-number"),
        ("INN", {"tax_number": 0.01, "ten_digits": 0.01, "integer": 0.99, "number": 1.0}, "tax-number"),
        ("ІНН", {}, "tax-number"),  # 31847*****
        ("ИНН", {}, "tax-number"),
        ("INN", {"five_digits": 0.1}, "tax-number"),  # 31847*****
        ("Код", {"tax_number": 0.2, "ten_digits": 0.2, "edrpou": 0.8, "number": 1.0}, "tax-number"),
        ("code", {"tax_number": 0.4, "ten_digits": 0.5, "number": 1.0}, "tax-number"),
        ("tax number", {"ten_digits": 1.0, "number": 1.0}, "tax-number"),
        ("Паспорт", {"passport": 0.4}, "passport"),
        ("Телефон", {"phone": 0.3}, "phone"),
        ("TEL", {"integer": 1.0}, "phone"),
        ("contact", {"phone": 0.9}, "phone"),
        ("E-mail", {"email": 0.3}, "email"),
        ("Адреса власника", {}, "address"),
        ("Дата народження", {"date": 1.0}, "birth-date"),
    ],
)
def test_columns_of_persons_are_known_by_values_or_name(
    name: str, patterns: dict[str, float], kind: str
) -> None:
    assert personal_kind(name, patterns, 1.0) == kind


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        ("Паспортні послуги", {"boolean": 1.0}),
        ("Консультування телефоном", {"boolean": 1.0}),
        ("Власник", {}),  # a council or a company
        ("owner", {"person_words": 0.1}),
        ("legal_entity_edrpou", {"edrpou": 1.0, "integer": 1.0}),
        ("Код КОАТУУ", {"koatuu": 1.0, "koatuu_zeros": 0.9, "phone": 0.9, "tax_number": 0.1}),
        ("Адреса", {}),
        ("Місцезнаходження (юридична адреса)", {}),
        ("Найменування", {"person_words": 0.3}),
        ("Вулиця", {"person_short": 0.3, "person_words": 0.4}),
        ("osm_id", {"integer": 1.0, "tax_number": 0.1, "id_card": 0.8}),
        ("Телефонізація", {"boolean": 1.0}),
        ("hotel", {}),
        ("inner", {"integer": 1.0}),
        ("CODE_IN", {"ten_digits": 1.0, "integer": 1.0, "number": 1.0}),
        ("in", {"ten_digits": 1.0, "number": 1.0}),
        ("inn", {}),  # an inn
        ("inn", {"person_words": 0.2}),
        ("inn", {"boolean": 1.0}),
        ("ІНН надано", {"boolean": 1.0}),
        ("INN", {"integer": 1.0, "number": 1.0}),
        ("INN", {"five_digits": 1.0, "integer": 1.0, "number": 1.0}),
        ("ІНН", {"edrpou": 1.0, "five_digits": 1.0, "number": 1.0}),
        ("TIN", {"edrpou": 1.0, "five_digits": 1.0, "number": 1.0}),
        ("Код", {"tax_number": 0.09, "ten_digits": 0.9, "number": 1.0}),  # one in eleven, by chance
        (
            "Код ЄДРПОУ",
            {"tax_number": 0.3, "ten_digits": 0.3, "edrpou": 0.7, "number": 1.0},
        ),  # told row by row
        ("Код об'єкта", {"tax_number": 0.3, "koatuu_zeros": 0.3, "ten_digits": 0.3, "number": 1.0}),
        ("Тин", {"ten_digits": 1.0, "number": 1.0}),  # a fence
        ("РНОКПП", {"edrpou": 1.0, "number": 1.0}),  # of legal entities
        ("ІПН", {"integer": 1.0, "number": 1.0}),  # 12 digits, of value added tax
        ("РНОКПП надано", {"boolean": 1.0}),
        ("ідентифікаційний код", {"ten_digits": 0.1, "integer": 1.0, "number": 1.0}),  # of a legal entity
        ("Електронна черга", {"boolean": 1.0}),
        ("pipe", {}),
    ],
)
def test_columns_of_offices_and_places_are_not(name: str, patterns: dict[str, float]) -> None:
    assert personal_kind(name, patterns, 1.0) == ""


def test_an_empty_column_holds_nothing_personal() -> None:
    assert personal_kind("Телефон", {}, 0.0) == ""


# --- left out ---


@pytest.mark.parametrize("make", [geopackage, shapefile])
def test_personal_columns_are_left_out_and_nothing_of_them_is_told(make: Any, tmp_path: Path) -> None:
    conversion = imported(make(tmp_path, owned()), tmp_path)
    told = everything_told(conversion)
    assert {item.source for item in conversion.fields} == {"CADNUM", "NAZVA", "PLOSHA", "PRYMITKA"}
    for person in PERSONS:
        for word in person.split():
            assert word not in told
    assert TAX_NUMBER not in told.replace(f"код {TAX_NUMBER}", "")  # but in the free text, which is reported


def test_a_tax_number_in_free_text_is_reported_without_being_repeated(tmp_path: Path) -> None:
    conversion = imported(geopackage(tmp_path, owned()), tmp_path)
    found = [issue for issue in read_issues(conversion.issues_file) if issue.rule == "personal-in-text"]
    assert [(issue.row, issue.field, issue.value) for issue in found] == [(2, "PRYMITKA", "•••")]


def test_a_sole_trader_among_companies_is_reported_without_the_number(tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(3)
    frame["edrpou"] = ["01993351", TAX_NUMBER, "12"]
    conversion = imported(geopackage(tmp_path, frame), tmp_path)
    found = {issue.rule: issue for issue in read_issues(conversion.issues_file)}
    assert (found["personal-in-text"].row, found["personal-in-text"].value) == (2, "•••")
    assert (found["edrpou-form"].row, found["edrpou-form"].value) == (3, "12")


def test_a_damaged_name_of_a_person_is_not_told_by_its_row(tmp_path: Path) -> None:
    """Bytes that UTF-8 does not know stand in the owner's column, which is left out, and in another."""
    path = shapefile(tmp_path, owned(), encoding="cp1251")
    fields = tuple(
        item for item in mappings(propose(looked_at(path, tmp_path)), Choices()) if item.key == "nazva"
    )
    conversion = convert_file(path, work=tmp_path / "convert", fields=fields, encoding="utf-8")
    damaged = {issue.field for issue in read_issues(conversion.issues_file) if issue.rule == "text-damaged"}
    assert damaged == {"NAZVA"}


@pytest.mark.parametrize("declared", [(), (".cpg",)])
def test_the_question_for_the_encoding_shows_no_persons_in_any_reading(
    declared: tuple[str, ...], tmp_path: Path
) -> None:
    path = shapefile(tmp_path, owned(), encoding="cp1251", without=declared)
    told = repr(looked_at(path, tmp_path))
    assert "NAZVA" in told
    readings = ("utf-8", "cp1251", "cp866", "cp1125", "koi8-u", "iso8859-5", "mac-cyrillic", "latin-1")
    for word in (word for person in PERSONS for word in person.split()):
        for reading in readings:
            assert word.encode("cp1251").decode(reading, "replace") not in told


def test_samples_that_show_a_person_in_one_reading_are_hidden_in_all() -> None:
    options = [{"encoding": "cp1251", "samples": (PERSONS[0], "вул. Соборна")},
               {"encoding": "koi8-u", "samples": ("яЕБВЕМЙН", "БСК. яНАНПМЮ")}]  # fmt: skip
    assert [option["samples"] for option in personal.without_persons(options)] == [
        ["•••", "вул. Соборна"], ["•••", "БСК. яНАНПМЮ"],
    ]  # fmt: skip


def test_an_official_phone_is_left_out_too_but_can_be_restored() -> None:
    layer = _layer_with({"name": {"personal": ""}, "phone": {"personal": "phone", "filled": 1.0}})
    proposal = propose(layer, schema=standard_schema("social_facilities"))
    phone = next(item for item in proposal if item.source == "phone")
    assert (phone.key, phone.personal, phone.keep) == ("phone", "phone", False)
    assert not kept(phone, Choices())
    assert kept(phone, Choices.from_json({"keep_personal": {"phone": "офіційний телефон закладу"}}))


# --- kept by a decision ---


def test_a_reason_restores_a_column_and_is_handed_on_for_the_journal(tmp_path: Path) -> None:
    layer = looked_at(geopackage(tmp_path, owned()), tmp_path)
    choices = Choices.from_json({"keep_personal": {"VLASNYK": "розпорядження № 5"}})
    proposal = propose(layer)
    assert "VLASNYK" in {item.source for item in mappings(proposal, choices)}
    assert "vlasnyk" in {item["key"] for item in schema_fields(proposal, choices)}
    told = {
        item.source: (item.kind, item.kept, item.reason) for item in personal_decisions(proposal, choices)
    }
    assert told == {
        "VLASNYK": ("name", True, "розпорядження № 5"), "RNOKPP": ("tax-number", False, ""),
    }  # fmt: skip


def test_wishing_to_keep_a_personal_column_is_no_reason(tmp_path: Path) -> None:
    layer = looked_at(geopackage(tmp_path, owned()), tmp_path)
    wish = Choices.from_json({"mapping": [{"source": "VLASNYK", "key": "owner", "keep": True}]})
    assert "VLASNYK" not in {item.source for item in mappings(propose(layer), wish)}
    with pytest.raises(BadChoice):
        Choices.from_json({"keep_personal": {"VLASNYK": "  "}})


def test_remembering_a_kept_column_does_not_remember_its_reason() -> None:
    layer = _layer_with({"VLASNYK": {"personal": "name", "filled": 1.0}})
    remembered = {"mapping": [{"source": "VLASNYK", "key": "owner", "type": "string", "keep": True}]}
    [item] = propose(layer, remembered=remembered)
    assert (item.match, item.key, item.keep) == ("remembered", "owner", False)
    assert mappings([item], Choices()) == ()


# --- text that is shown ---


def test_text_is_shown_without_persons() -> None:
    text = f"Шевченко Тарас Григорович, код {TAX_NUMBER}, +38 (067) 123-45-67, t.h@rada.gov.ua, 0510600000:07:006:0202"
    assert without_personal(text) == "•••, код •••, •••, •••, 0510600000:07:006:0202"


@pytest.mark.parametrize("before", ["ІПН:", "код-", "ІПН.", "(", "ФОП,", "№", "власник "])
def test_a_tax_number_is_found_after_any_sign_that_no_number_goes_before(before: str) -> None:
    assert without_personal(f"{before}{TAX_NUMBER}") == f"{before}•••"


@pytest.mark.parametrize(
    "number", ["48.3184710691", "0510600000:3184710691", "05-3184710691", f"{TAX_NUMBER}:07:006:0202"]
)
def test_digits_inside_of_other_numbers_are_no_tax_number(number: str) -> None:
    assert without_personal(number) == number


@needs_real_data
def test_of_the_real_files_only_persons_would_be_left_out(tmp_path: Path) -> None:
    """The public files were freed of persons: nothing of theirs may fall to a mistaken detector."""
    files = [
        "infrastructure/cnap_chernivtsi_oblast.geojson", "ladyzhyn/organizations.geojson", "ladyzhyn/addresses.geojson",
        "settlements/hromada_stats_2022.csv", "nature/PZO/geojson/pzo-vinnytska.geojson",
    ]  # fmt: skip
    for number, name in enumerate(files):
        for layer in inspect_file(REAL / name, work=tmp_path / str(number)).layers:
            assert [item.source for item in propose(layer) if item.personal] == []


def test_every_kind_of_personal_data_has_a_name() -> None:
    assert {hint.kind for hint in personal._HINTS} == set(personal.KINDS)


def _layer_with(profiles: dict[str, dict[str, Any]]) -> LayerInspection:
    return LayerInspection(
        name="шар", format="geojson", driver="GeoJSON", rows=1, geometry_type="Point", crs=None, encoding="utf-8",
        encoding_declared="format", bounds=None,
        fields=tuple(FieldInfo(name, field_key(name), "string", profile=found) for name, found in profiles.items()),
    )  # fmt: skip
