"""Columns find their fields by name, synonym, cut name and values; units are converted; choices are remembered."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pytest

from gis_core.communities import Community
from importers.choices import Choices
from importers.detect.columns import profile
from importers.fields import FieldInfo, field_key
from importers.mapping import (
    ProposedField,
    kept,
    mappings,
    propose,
    propose_key,
    schema_fields,
    suggest_standards,
)
from importers.mapping_memory import fingerprint, recall, remember
from importers.sandbox import FieldMapping, LayerInspection, convert_file, inspect_file, read_rows
from importers.units import factor, number_in_text, unit_of
from layers.schema import Field, Schema
from layers.standards import standard_layers
from tests.conftest import make_community
from tests.importers.data import REAL, needs_real_data
from tests.importers.files import parcels, shapefile
from tests.importers.standards import standard_schema


def layer_of(
    columns: dict[str, list[Any]], *, kind: str = "Polygon", format: str = "geojson", name: str = "файл"
) -> LayerInspection:
    """An inspected layer with these columns, profiled as the sandbox does."""
    fields = []
    for column, values in columns.items():
        array = pa.array(values)
        declared = (
            "boolean" if pa.types.is_boolean(array.type)
            else "integer" if pa.types.is_integer(array.type)
            else "number" if pa.types.is_floating(array.type) else "string"
        )  # fmt: skip
        fields.append(
            FieldInfo(column, field_key(column), declared, profile=profile(array, column, declared))
        )
    return LayerInspection(
        name=name, format=format, driver="", rows=10, geometry_type=kind, fields=tuple(fields), crs=None,
        encoding="utf-8", encoding_declared="format", bounds=None,
    )  # fmt: skip


def proposed(columns: dict[str, list[Any]], standard: str, **layer: Any) -> dict[str, ProposedField]:
    found = propose(layer_of(columns, **layer), schema=standard_schema(standard))
    return {item.source: item for item in found}


def mapped(columns: dict[str, list[Any]], standard: str, **choices: Any) -> dict[str, FieldMapping]:
    schema = standard_schema(standard)
    found = propose(layer_of(columns), schema=schema)
    return {item.source: item for item in mappings(found, Choices.from_json(choices), schema=schema)}


# --- by name ---


@pytest.mark.parametrize(
    ("column", "key", "way"),
    [
        ("cad_num", "cad_num", "name"), ("Кадастровий номер", "cad_num", "name"), ("CADNUM", "cad_num", "name"),
        ("kad_nom", "cad_num", "synonym"), ("Кадастровий №", "cad_num", "name"),
        ("kadastroviy_nomer", "cad_num", "name"), ("UkrCadNum", "cad_num", "synonym"),
        ("Кадастровый номер", "cad_num", "name"),
        ("Цільове призначення", "purpose_code", "synonym"), ("pur_code", "purpose_code", "synonym"),
        ("CV", "purpose_code", "synonym"), ("Форма власності", "ownership", "name"), ("PF", "ownership", "synonym"),
        ("ownersh", "ownership", "synonym"), ("Площа, га", "area_doc_ha", "synonym"),
        ("PLOSHA", "area_doc_ha", "synonym"), ("ploscha", "area_doc_ha", "synonym"),
        ("area_l", "area_doc_ha", "synonym"),
        ("Адреса", "address", "name"), ("adresa", "address", "name"), ("addr:full", "address", "synonym"),
        ("НГО", "nmv_uah", "synonym"), ("Адреса земельної ділянки", "address", "synonym"),
    ],
)  # fmt: skip
def test_a_column_finds_its_field_by_the_names_it_is_known_under(column: str, key: str, way: str) -> None:
    found = proposed({column: [None]}, "parcels")[column]
    assert (found.key, found.match, found.known) == (key, way, True)
    assert found.how
    assert found.confidence >= 0.9


@pytest.mark.parametrize(
    ("cut", "key"),
    [("cadastral_", "cad_num"), ("purpose_co", "purpose_code"), ("Кадас", "cad_num"), ("Форма", "ownership"),
     ("Цільо", "purpose_code"), ("Кадастрови", "cad_num"), ("kadastrovy", "cad_num")],
)  # fmt: skip
def test_a_name_that_a_shapefile_cut_finds_its_field(cut: str, key: str) -> None:
    """Ten bytes are ten Cyrillic letters of CP1251 but only five of UTF-8."""
    assert proposed({cut: [None]}, "parcels", format="shapefile")[cut].key == key
    assert proposed({cut: [None]}, "parcels", format="geojson")[cut].match != "prefix"


def test_a_column_of_cadastral_numbers_is_known_whatever_its_name() -> None:
    found = proposed({"F7": ["0510600000:07:006:0202"] * 9 + ["б/н"]}, "parcels")["F7"]
    assert (found.key, found.match) == ("cad_num", "pattern")
    assert proposed({"F7": ["0510600000:07:006:0202"] * 7 + ["б/н"] * 3}, "parcels")["F7"].match == "own"


def test_values_speak_against_a_name() -> None:
    assert proposed({"cadnum": ["так", "ні"]}, "parcels")["cadnum"].known is False
    assert proposed({"площа": ["велика", "мала"]}, "parcels")["площа"].known is False
    assert proposed({"Дата оцінки": ["вчора"]}, "parcels")["Дата оцінки"].known is False


def test_each_field_is_proposed_once_and_to_the_surest_column() -> None:
    found = proposed(
        {"Назва": ["а"], "name": ["б"], "name_uk": ["в"]}, "settlements"
    )  # three columns for one field
    assert [item.key for item in found.values() if item.known] == ["name_uk"]
    assert found["name_uk"].known
    assert len({item.key for item in found.values()}) == 3


def test_what_matches_nothing_is_kept_under_its_own_name() -> None:
    found = proposed({"Серія паркану": ["а"], "cad_num": ["0510600000:07:006:0202"]}, "parcels")
    assert (found["Серія паркану"].key, found["Серія паркану"].keep) == ("seriia_parkanu", True)
    assert found["Серія паркану"].match == "own"


def test_an_own_name_does_not_collide_with_a_field_that_it_is_not() -> None:
    found = proposed({"lease_until": ["невідомо"]}, "parcels")["lease_until"]
    assert (found.known, found.key) == (False, "source_lease_until")


# --- units ---


@pytest.mark.parametrize(
    ("column", "values", "unit", "scale"),
    [
        ("Площа", [2_500, 1_200, 600], "м²", 1e-4),  # whole and large: square metres
        ("Площа", [0.25, 1.2, 60.0], "га", 1.0),
        ("Площа", [30, 2, 5], "га", 1.0),
        ("Площа", [2500.75, 12000.5], "м²", 1e-4),
        ("Площа, га", [2_500, 1_200], "га", 1.0),  # what is said goes first
        ("Площа, м2", [2.5, 1.2], "м²", 1e-4),
        ("AREA_SQKM", [2.5, 1.2], "км²", 100.0),
        ("Площа", ["2500 кв.м", "1200 кв.м"], "м²", 1e-4),
    ],
)
def test_hectares_and_square_metres_are_told_apart(
    column: str, values: list[Any], unit: str, scale: float
) -> None:
    known = Schema((Field("area_doc_ha", {"uk": "Площа", "en": "area_sqkm"}, "number", unit="га"),))
    [item] = propose(layer_of({column: values}), schema=known)
    assert (item.key, item.unit) == ("area_doc_ha", unit)
    [made] = mappings([item], Choices(), schema=known)
    assert made.rule is not None
    assert made.rule.scale == pytest.approx(scale)


def test_a_person_may_say_another_unit() -> None:
    choices = {"mapping": [{"source": "Площа", "unit": "га"}]}
    rule = mapped({"Площа": [2_500, 1_200]}, "parcels", **choices)["Площа"].rule
    assert rule is not None
    assert rule.scale == 1.0


def test_units_are_known_as_people_write_them() -> None:
    assert [unit_of(text) for text in ("га", "м/кв", "кв.м", "KM2", "грн.", "яблук")] == [
        "га", "м²", "м²", "км²", "грн", "",
    ]  # fmt: skip
    assert factor("м", "га") is None
    assert factor("км", "м") == 1000
    assert number_in_text("1.2.3") is None


# --- what is done with it ---


def test_rules_of_the_field_go_with_the_column() -> None:
    found = mapped(
        {"Кадастровий номер": ["0510600000:07:006:0202"], "Форма власності": ["приватна"]}, "parcels"
    )
    number, ownership = found["Кадастровий номер"].rule, found["Форма власності"].rule
    assert number is not None
    assert ownership is not None
    assert (number.normaliser, number.required, number.pattern) == ("cad_num", True, "")
    assert ("100", ("приватна власність", "private")) in ownership.domain


def test_codes_are_checked_in_columns_that_no_field_has() -> None:
    rule = mapped({"old_number": ["0510600000:07:006:0202"], "x": ["a"]}, "street_lights")["old_number"].rule
    assert rule is not None
    assert rule.normaliser == "cad_num"


def test_a_choice_moves_a_column_to_another_field_with_its_type_and_unit() -> None:
    choices = {"mapping": [{"source": "S", "key": "area_doc_ha"}, {"source": "t", "keep": False}]}
    found = mapped({"S": [2_500, 1_200], "t": ["a"]}, "parcels", **choices)
    assert set(found) == {"S"}
    rule = found["S"].rule
    assert rule is not None
    assert (found["S"].type, rule.scale, rule.area_ha) == ("number", 1e-4, 1.0)


def test_a_new_layer_gets_a_schema_from_the_data() -> None:
    layer = layer_of(
        {"Назва_об'єкта": ["Школа"], "Площа_м2": ["12,5"], "Цілодобово": ["так"], "Індекс": ["24321"]}
    )
    proposal = propose(layer)
    assert schema_fields(proposal, Choices()) == [
        {"key": "nazva_obiekta", "title": {"uk": "Назва об'єкта"}, "type": "string"},
        {"key": "ploshcha_m2", "title": {"uk": "Площа м2"}, "type": "number", "unit": "м²"},
        {"key": "tsilodobovo", "title": {"uk": "Цілодобово"}, "type": "boolean"},
        {"key": "indeks", "title": {"uk": "Індекс"}, "type": "string"},
    ]
    Schema.from_json(schema_fields(proposal, Choices()))


def test_a_key_is_proposed_where_all_values_are_there_and_differ() -> None:
    numbers = [f"0510600000:07:006:000{n}" for n in range(1, 4)]
    assert (
        propose_key(propose(layer_of({"n": ["a", "a", "b"], "cad_num": numbers, "id": [1, 2, 3]})))
        == "cad_num"
    )
    assert propose_key(propose(layer_of({"cad_num": [*numbers[:2], None], "n": ["a", "b", "c"]}))) == ""
    assert propose_key(propose(layer_of({"cad_num": [numbers[0]] * 3}))) == ""


def test_the_proposal_is_plain_json() -> None:
    [item] = propose(layer_of({"Площа": [1.5]}), schema=standard_schema("parcels"))
    document = json.loads(json.dumps(item.as_json()))
    assert {
        "source",
        "key",
        "title",
        "type",
        "unit",
        "how",
        "confidence",
        "personal",
        "keep",
        "samples",
    } <= set(document)


# --- standards ---


@pytest.mark.parametrize("slug", sorted(standard_layers()))
def test_a_layer_with_a_standard_layers_own_titles_is_recognised(slug: str) -> None:
    found = standard_layers()[slug]
    layer = layer_of(
        {item["title"]["uk"]: [None] for item in found["schema"]},
        kind=found["geometry_type"],
        name=found["title"]["uk"],
    )
    proposal = propose(layer, schema=standard_schema(slug))
    assert [item.key for item in proposal] == [item["key"] for item in found["schema"]]
    assert suggest_standards(layer)[0][0] == slug


def test_lines_are_no_parcels_and_strange_columns_no_standard() -> None:
    columns = {"cad_num": ["0510600000:07:006:0202"]}
    assert "parcels" not in dict(suggest_standards(layer_of(columns, kind="LineString")))
    assert "parcels" in dict(suggest_standards(layer_of(columns)))
    assert suggest_standards(layer_of({"foo": ["a"], "bar": ["b"], "id": [1]}, kind="Point")) == []


# --- remembered ---


@pytest.mark.django_db
def test_what_was_accepted_is_proposed_for_the_next_file_with_these_columns(community: Community) -> None:
    layer = layer_of({"F1": ["а"], "F2": [5], "F3": ["x"]})
    choices = Choices.from_json({
        "layer": "poles", "mapping": [{"source": "F1", "key": "pole_no"}, {"source": "F3", "keep": False}],
    })  # fmt: skip
    remember(community=community, layer=layer, proposal=propose(layer), choices=choices)
    again = layer_of({"F3": ["y"], "f2": [6], "F1": ["б"]})
    assert fingerprint(again) == fingerprint(layer)
    found = recall(community=community, layer=layer)
    assert found is not None
    proposal = {
        item.source: item
        for item in propose(layer, schema=standard_schema("street_lights"), remembered=found)
    }
    assert (proposal["F1"].key, proposal["F1"].match, proposal["F1"].known) == ("pole_no", "remembered", True)
    assert (proposal["F2"].keep, proposal["F3"].keep) == (True, False)
    assert not kept(proposal["F3"], Choices())
    assert [item.source for item in mappings(list(proposal.values()), Choices())] == ["F1", "F2"]
    assert kept(proposal["F3"], Choices.from_json({"mapping": [{"source": "F3"}]}))


@pytest.mark.django_db
def test_columns_that_nobody_named_are_not_remembered_as_left_out(community: Community) -> None:
    layer = layer_of({"F1": ["а"], "F2": [5]})
    choices = Choices.from_json({"unmapped": "leave_out", "mapping": [{"source": "F1", "key": "pole_no"}]})
    remember(community=community, layer=layer, proposal=propose(layer), choices=choices)
    found = recall(community=community, layer=layer)
    assert [item.keep for item in propose(layer, remembered=found)] == [True, True]


@pytest.mark.django_db
def test_another_file_or_another_community_remembers_nothing(community: Community) -> None:
    layer = layer_of({"F1": ["а"]})
    remember(community=community, layer=layer, proposal=propose(layer), choices=Choices())
    remember(community=community, layer=layer, proposal=propose(layer), choices=Choices())  # twice is once
    assert recall(community=community, layer=layer_of({"F1": ["а"], "F2": ["б"]})) is None
    assert recall(community=make_community("other", "UA99000000000000002"), layer=layer) is None


# --- real files ---


def proposal_of(name: str, standard: str, work: Path) -> dict[str, ProposedField]:
    [layer] = inspect_file(REAL / name, work=work).layers
    return {item.source: item for item in propose(layer, schema=standard_schema(standard))}


@needs_real_data
def test_the_forty_long_names_of_service_centres_are_mapped_or_kept(tmp_path: Path) -> None:
    found = proposal_of("infrastructure/cnap_chernivtsi_oblast.geojson", "service_points", tmp_path)
    assert len(found) == len({item.key for item in found.values()}) == 39
    assert {item.key for item in found.values() if item.known} == {
        "name_uk", "kind", "opening_hours", "services", "accessibility", "public_wifi",
    }  # fmt: skip
    assert all(item.keep for item in found.values())


@needs_real_data
def test_the_register_of_schools_is_recognised(tmp_path: Path) -> None:
    name = "infrastructure/schools_register_vinnytsia_lviv_2023.csv"
    [layer] = inspect_file(REAL / name, work=tmp_path / "a").layers
    assert suggest_standards(layer)[0][0] == "social_facilities"
    found = proposal_of(name, "social_facilities", tmp_path / "b")
    assert {source: item.key for source, item in found.items() if item.known} == {
        "Повна назва": "name_uk", "Тип закладу": "kind", "Форма власності": "owner_form",
        "Місцезнаходження (юридична адреса)": "address", "Ліцензовані обсяги": "capacity",
    }  # fmt: skip
    assert found["Код КОАТУУ"].type == "string"


@needs_real_data
def test_hromadas_and_addresses_find_their_codes(tmp_path: Path) -> None:
    hromadas = proposal_of("boundaries/kse_hromadas_near_seas_cyrillic.zip", "settlements", tmp_path / "a")
    assert {source: item.key for source, item in hromadas.items() if item.known} == {
        "ADMIN_3": "name_uk", "KOATUU_old": "koatuu", "COD_3": "katottg",
    }  # fmt: skip
    addresses = proposal_of("encodings_crs/addresses_cp1251_cpg_ucs2000_tm10.zip", "parcels", tmp_path / "b")
    assert addresses["kadnum"].key == "cad_num"


def test_a_shapefile_of_parcels_arrives_in_the_standards_fields(tmp_path: Path) -> None:
    frame: gpd.GeoDataFrame = parcels(3)
    frame["PF"] = ["приватна", "Комунальна", "державна власність"]
    frame["CV"] = ["2.1", "01.03", "03.02"]
    frame["PLOSHA"] = [8190, 8190, 8190]
    path = shapefile(tmp_path, frame)
    [layer] = inspect_file(path, work=tmp_path / "inspect").layers
    schema = standard_schema(suggest_standards(layer)[0][0])
    fields = mappings(propose(layer, schema=schema), Choices(), schema=schema)
    conversion = convert_file(path, work=tmp_path / "convert", fields=fields)
    rows = [
        json.loads(row["properties"])
        for batch in read_rows(conversion.rows_file)
        for row in batch.to_pylist()
    ]
    assert rows[0] == {
        "cad_num": "0510600000:01:001:0001", "nazva": "вул. Кам'янецька, 1 ґ є і ї", "area_doc_ha": 0.819,
        "ownership": "100", "purpose_code": "02.01",
    }  # fmt: skip
    assert [row["ownership"] for row in rows] == ["100", "200", "300"]
