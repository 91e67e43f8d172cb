"""What the detectives make of single cases: letters cut, lost and damaged, near systems, names without a code."""

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from django.utils import translation
from pyproj import CRS

from gis_core.geo import zones
from gis_core.geo.crs import operation_between
from importers.detect import crs, crs_verdict, verdict
from importers.detect.crs_candidates import Surroundings
from importers.detect.notes import Note
from importers.errors import CrsNotKnown
from importers.sandbox import inspect_file

STREETS = ["вулиця Їжакевича", "площа Шевченка", "провулок Ґанковий", "вулиця Єдності"]
LADYZHYN = Surroundings.of(shapely.to_wkb(shapely.box(29.0, 48.55, 29.4, 48.8), hex=True))
IN_LADYZHYN = np.random.default_rng(3).uniform((29.1, 48.6), (29.3, 48.75), (60, 2))


def in_system(code: str, lonlat: np.ndarray = IN_LADYZHYN) -> np.ndarray:
    operation = operation_between(CRS.from_wkt(crs.given(code).wkt))
    assert operation is not None
    return np.column_stack(operation.from_lonlat(lonlat[:, 0].copy(), lonlat[:, 1].copy()))


# --- letters ---


@pytest.mark.parametrize("codec", verdict.CANDIDATES)
def test_russian_is_read_in_its_encoding_too(codec: str) -> None:
    texts = [
        "улица Советская",
        "Объект торговли",
        "рынок",
        "Ярмарочная площадь",
        "Дом культуры",
        "Пятый проезд",
    ]
    found = verdict.judge([text.encode(codec) for text in texts])
    assert [text.encode(codec).decode(found.encoding) for text in texts] == texts


def test_letters_of_utf8_cut_by_the_fields_width_are_no_damage() -> None:
    values = [text.encode()[: len(text.encode()) - 1] for text in STREETS]
    assert verdict.judge(values).encoding == "utf-8"


def test_field_names_cut_to_ten_bytes_are_read() -> None:
    names = [name.encode()[:10] for name in ("Кадастровий", "Цільове", "Площа")]
    assert verdict.judge(names).encoding == "utf-8"


def test_letters_that_cp866_lost_are_warned_of() -> None:
    values = [
        text.encode("cp866", "replace")
        for text in ("Вінниця", "вулиця Лісова", "Північна", "Січових Стрільців")
    ]
    found = verdict.judge(values)
    assert found.encoding == "cp866"
    [note] = [note for note in found.notes if note.code == "encoding-letters-lost"]
    assert (note.params["count"], note.params["sample"]) == (4, "В?нниця")


@pytest.mark.parametrize(
    ("meant", "read_as"), [("utf-8", "cp1251"), ("cp1251", "latin-1"), ("cp1251", "cp866")]
)
def test_text_damaged_before_it_was_sent_is_named_with_its_cause(meant: str, read_as: str) -> None:
    texts = ["вулиця Соборна", "площа Шевченка", "сад", "школа"]
    values = [text.encode(meant).decode(read_as, "ignore").encode() for text in texts]
    found = verdict.judge(values, "utf-8")
    [note] = [note for note in found.notes if note.code == "encoding-mojibake"]
    assert found.encoding == "utf-8"
    assert (note.params["first"], note.params["second"]) == (meant, read_as)
    assert note.params["meant"] in texts


def test_sound_text_is_not_called_damaged() -> None:
    for codec in ("utf-8", "cp1251", "cp1125"):
        assert verdict.judge([text.encode(codec) for text in STREETS], codec).notes == []


def test_latin_1_for_cyrillic_is_contradicted_and_shown_both_ways() -> None:
    found = verdict.judge([text.encode("cp1251") for text in STREETS], "cp1252")
    [note] = found.notes
    assert found.encoding == "cp1251"
    assert note.params["as_found"] in STREETS
    assert note.params["as_declared"].startswith(("âóë", "ïðîâ", "ïëî"))


@pytest.mark.parametrize("codec", ["utf-8", "cp866", "cp1251", "koi8-u"])
@pytest.mark.parametrize("name", ["Плани/Кадастр 2023.shp", "вулиці.dbf", "addresses_Ладижин.prj"])
def test_names_in_an_archive_are_read(name: str, codec: str) -> None:
    raw = name.encode(codec, "replace")
    assert verdict.file_name(raw) == raw.decode(codec)


# --- systems ---


@pytest.mark.parametrize("zone", zones.ZONES, ids=lambda zone: zone.code)
def test_the_table_of_zones_says_what_the_registry_says(zone: zones.Zone) -> None:
    operation = operation_between(zones.crs_of(zone))
    assert operation is not None
    x, y = operation.from_lonlat(np.array([zone.meridian + 0.5]), np.array([49.0]))
    lon, lat = zones.to_lonlat(zone).transform(x, y)
    assert (float(lon[0]), float(lat[0])) == pytest.approx((zone.meridian + 0.5, 49.0), abs=2e-8)


@pytest.mark.parametrize("text", ["SK63:C3", "СК-63 С3", "sk63:c3", "СК63:C-3"])
def test_a_zone_of_sk63_without_a_code_can_be_named(text: str) -> None:
    found = crs.given(text)
    assert (found.code, found.name) == ("SK63:C3", "Pulkovo 1942 / CS63 zone C3")
    operation = crs.operation(found, layer="x")
    assert operation.name.startswith("Pulkovo 1942 to UCS-2000 (1) + ")


def test_area_x_of_sk63_goes_by_its_epsg_code() -> None:
    assert crs.given("SK63:X3").code == "EPSG:7827"


@pytest.mark.parametrize("text", ["SK63:C9", "SK63:Q1", "SK63:X0", "SK63:P4"])
def test_a_zone_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CrsNotKnown):
        crs.given(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [("urn:ogc:def:crs:EPSG::6384", "EPSG:6384"), ("urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"),
     ("http://www.opengis.net/def/crs/EPSG/0/4326", "EPSG:4326")],
)  # fmt: skip
def test_a_system_named_by_urn_or_address_is_known(text: str, code: str) -> None:
    found = crs.declared(text)
    assert found is not None
    assert CRS.from_wkt(found.wkt).equals(CRS.from_user_input(code), ignore_axis_order=True)


def test_undefined_degrees_of_a_geopackage_declare_nothing() -> None:
    wkt = 'GEOGCS["Undefined geographic SRS",DATUM["unknown",SPHEROID["unknown",6378137,298.257223563]],' \
          'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'  # fmt: skip
    assert crs.declared(wkt) is None


def test_sk42_without_a_prj_is_placed_as_its_twin_in_ucs_2000() -> None:
    found = crs_verdict.judge(in_system("28405"), declared=None, surroundings=LADYZHYN, local_srid=9832)
    assert found.crs is not None
    assert found.crs.code == "EPSG:5563"
    assert found.score == 1.0


def test_utm_without_a_prj_is_asked_as_gk_without_prefix_is_two_kilometres_off() -> None:
    found = crs_verdict.judge(in_system("32635"), declared=None, surroundings=LADYZHYN, local_srid=9832)
    assert found.crs is None
    assert [option.code for option in found.options[:2]] == ["EPSG:32635", "EPSG:5567"]


def test_declared_utm_is_believed_and_the_near_system_named_with_its_distance() -> None:
    declared = crs.declared("EPSG:32635")
    found = crs_verdict.judge(in_system("32635"), declared=declared, surroundings=LADYZHYN, local_srid=9832)
    assert found.crs is not None
    assert found.crs.code == "EPSG:32635"
    [note] = found.notes
    assert note.code == "crs-near-alternatives"
    assert "EPSG:5567" in note.params["alternatives"]


def test_a_prj_of_degrees_on_metres_is_overruled_and_said() -> None:
    found = crs_verdict.judge(
        in_system("9832"), declared=crs.declared("EPSG:4326"), surroundings=LADYZHYN, local_srid=9832
    )
    assert found.crs is not None
    assert (found.crs.code, found.swapped) == ("EPSG:9832", False)
    assert [note.code for note in found.notes] == ["crs-contradicted"]


def test_a_prj_of_the_neighbouring_zone_is_overruled_and_both_are_on_the_map() -> None:
    found = crs_verdict.judge(
        in_system("6384"), declared=crs.declared("EPSG:6383"), surroundings=LADYZHYN, local_srid=9832
    )
    assert found.crs is not None
    assert (found.crs.code, found.score) == ("EPSG:6384", 1.0)
    [note] = found.notes
    assert (note.code, note.params["declared_share"]) == ("crs-contradicted", 0)
    assert found.options[0].code == "EPSG:6384"
    assert "EPSG:6383" in [option.code for option in found.options[:3]]
    assert all(option.points for option in found.options[:2])
    assert found.options[0].operation.endswith("UCS-2000 to WGS 84 (2)")
    assert found.options[0].accuracy_m == 1.0


def test_a_format_that_has_one_system_is_not_overruled_but_asked_about() -> None:
    declared = crs.Resolved("EPSG:6383", "TM", crs.given("6383").wkt, "format")
    found = crs_verdict.judge(in_system("6384"), declared=declared, surroundings=LADYZHYN, local_srid=9832)
    assert found.crs is None


def test_a_declared_system_is_asked_about_where_another_brings_clearly_more_of_the_data_near() -> None:
    far = np.random.default_rng(3).uniform((30.2, 48.9), (30.6, 49.2), (40, 2))
    data = np.vstack((IN_LADYZHYN[:60], far))  # 60 of 100 lie in the community, if it is read right
    xy = in_system("6384", data)
    wrong = crs_verdict.judge(xy, declared=crs.declared("EPSG:6383"), surroundings=LADYZHYN, local_srid=9832)
    assert wrong.crs is None
    assert wrong.options[0].code == "EPSG:6384"
    right = crs_verdict.judge(xy, declared=crs.declared("EPSG:6384"), surroundings=LADYZHYN, local_srid=9832)
    assert right.crs is not None
    assert (right.crs.code, round(right.score or 0, 1)) == ("EPSG:6384", 0.6)


def test_exchanged_axes_are_found_with_and_without_a_declaration() -> None:
    turned = in_system("9832")[:, ::-1]
    for declared in (None, crs.declared("EPSG:9832")):
        found = crs_verdict.judge(turned, declared=declared, surroundings=LADYZHYN, local_srid=9832)
        assert found.crs is not None
        assert (found.crs.code, found.swapped) == ("EPSG:9832", True)
        assert "crs-swapped" in [note.code for note in found.notes]


def test_a_file_of_another_region_is_not_kept_out() -> None:
    chernivtsi = np.random.default_rng(1).uniform((25.8, 48.1), (26.2, 48.4), (50, 2))
    declared = crs.declared("EPSG:4326")
    found = crs_verdict.judge(chernivtsi, declared=declared, surroundings=LADYZHYN, local_srid=9832)
    assert found.crs is not None
    assert found.crs.code == "EPSG:4326"
    assert [note.code for note in found.notes] == ["crs-elsewhere"]


def test_a_note_writes_its_numbers_as_the_reader_does() -> None:
    params = {"declared": "МСК-05", "declared_share": 0, "lon": 26.018, "lat": 48.254}
    with translation.override("uk"):
        assert "26,018; 48,254" in str(Note("crs-elsewhere", params))
    with translation.override("en"):
        assert "26.018; 48.254" in str(Note("crs-elsewhere", params))


def test_data_of_another_country_in_degrees_are_taken_with_a_word() -> None:
    ghana = np.random.default_rng(1).uniform((-1, 5), (1, 7), (20, 2))
    found = crs_verdict.judge(ghana, declared=crs.declared("EPSG:4326"), surroundings=LADYZHYN)
    assert found.crs is not None
    assert [note.code for note in found.notes] == ["crs-elsewhere"]


def test_without_a_boundary_metres_are_asked_about_the_regions_own_system_first() -> None:
    found = crs_verdict.judge(
        in_system("9832"), declared=None, surroundings=Surroundings.of(""), local_srid=9832
    )
    assert found.crs is None
    assert found.options[0].code == "EPSG:9832"


def test_without_a_boundary_degrees_are_taken_as_they_lie_in_one_place_only() -> None:
    found = crs_verdict.judge(IN_LADYZHYN, declared=None, surroundings=Surroundings.of(""))
    assert found.crs is not None
    assert (found.crs.code, found.swapped, found.score) == ("EPSG:4326", False, None)
    turned = crs_verdict.judge(IN_LADYZHYN[:, ::-1], declared=None, surroundings=Surroundings.of(""))
    assert (turned.crs and turned.crs.code, turned.swapped) == ("EPSG:4326", True)


def test_without_a_boundary_what_is_declared_is_believed_where_it_lies_in_ukraine() -> None:
    nowhere = Surroundings.of("")
    found = crs_verdict.judge(in_system("6384"), declared=crs.declared("EPSG:6384"), surroundings=nowhere)
    assert found.crs is not None
    assert (found.crs.code, found.score) == ("EPSG:6384", None)
    lost = crs_verdict.judge(in_system("9832"), declared=crs.declared("EPSG:4326"), surroundings=nowhere)
    assert lost.crs is None


def test_what_a_person_says_of_the_axes_is_final() -> None:
    found = crs_verdict.judge(
        IN_LADYZHYN, declared=crs.declared("EPSG:4326"), surroundings=LADYZHYN, swapped=True
    )
    assert all(option.swapped for option in found.options)


# --- through the sandbox ---


def test_a_drawing_that_names_the_wrong_code_page_is_named_damaged(tmp_path: Path) -> None:
    """GDAL believes $DWGCODEPAGE and makes mojibake of it; a planner must hear why."""
    path = tmp_path / "streets.dxf"
    entities = "".join(
        f"0\nTEXT\n8\n{text}\n10\n{29.1 + n / 100}\n20\n48.6\n40\n1\n1\n{text}\n"
        for n, text in enumerate(["вулиця Соборна", "площа Шевченка", "школа"])
    )
    drawing = (
        "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n9\n$DWGCODEPAGE\n3\nANSI_1252\n0\nENDSEC\n"
        f"0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n"
    )
    path.write_bytes(drawing.encode("cp1251"))
    [layer] = inspect_file(path, work=tmp_path / "work").layers

    assert layer.encoding == "utf-8"
    assert [note.code for note in layer.encoding_notes] == ["encoding-mojibake"]
    assert "cp1251" in layer.encoding_note


def test_a_layer_of_a_geopackage_without_a_system_is_found_by_the_boundary(tmp_path: Path) -> None:
    path = tmp_path / "layer.gpkg"
    wkb = shapely.to_wkb(shapely.points(in_system("9832")))
    pyogrio.raw.write(path, wkb, [np.arange(len(wkb))], ["n"], driver="GPKG", geometry_type="Point", crs=None)
    area = shapely.to_wkb(LADYZHYN.area, hex=True)
    [layer] = inspect_file(path, work=tmp_path / "work", area=area, local_srid=9832).layers
    [asked] = inspect_file(path, work=tmp_path / "work", local_srid=9832).layers

    assert layer.crs is not None
    assert (layer.crs.code, layer.crs_score) == ("EPSG:9832", 1.0)
    assert asked.crs is None
    assert asked.crs_options[0].code == "EPSG:9832"
