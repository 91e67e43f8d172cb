"""Files as communities send them give the counts, places and letters that they hold."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import shapely

from importers.errors import CrsUnknown, ImportProblem, SeveralLayers
from importers.sandbox import Conversion, convert_file, inspect_file, read_issues, read_rows
from tests.importers.data import REAL, needs_real_data

pytestmark = needs_real_data

MSK_05 = 9832
LADYZHYN = (29.06, 48.61, 29.33, 48.73)
LADYZHYN_AREA = shapely.to_wkb(shapely.box(29.0, 48.56, 29.4, 48.78), hex=True)


def rows_of(conversion: Conversion) -> list[dict[str, Any]]:
    return [row for batch in read_rows(conversion.rows_file) for row in batch.to_pylist()]


def properties_of(conversion: Conversion) -> list[dict[str, Any]]:
    return [json.loads(row["properties"]) for row in rows_of(conversion)]


@pytest.mark.parametrize(
    ("name", "crs", "declared", "encoding", "accuracy_m"),
    [
        ("addresses_cp1251_cpg_ucs2000_tm10", "EPSG:6384", "cpg", "cp1251", 1.0),
        ("addresses_cp1251_nocpg_ldid_sk63x3", "EPSG:7827", "ldid", "cp1251", 4.5),
    ],
)
def test_declared_crs_and_encoding_are_used(
    name: str, crs: str, declared: str, encoding: str, accuracy_m: float, tmp_path: Path
) -> None:
    path = REAL / "encodings_crs" / f"{name}.zip"
    [layer] = inspect_file(path, work=tmp_path).layers
    conversion = convert_file(path, work=tmp_path)

    assert (layer.crs and layer.crs.code, layer.encoding, layer.encoding_declared) == (
        crs,
        encoding,
        declared,
    )
    assert (conversion.read, conversion.converted, conversion.rejected) == (3443, 3443, 0)
    assert conversion.accuracy_m == accuracy_m
    assert "UCS-2000 to WGS 84 (2)" in conversion.operation
    assert properties_of(conversion)[0]["vulytsia"] == "вул.Базарна"


def test_addresses_lie_where_the_original_has_them(tmp_path: Path) -> None:
    """SK-63 goes by another path than PROJ's own choice, with which the test file was made: up to 10 m."""
    original = json.loads((REAL / "ladyzhyn" / "addresses.geojson").read_text())["features"]
    for name, metres in (
        ("addresses_cp1251_cpg_ucs2000_tm10", 0.01),
        ("addresses_cp1251_nocpg_ldid_sk63x3", 12),
    ):
        conversion = convert_file(REAL / "encodings_crs" / f"{name}.zip", work=tmp_path)
        for row, feature in zip(rows_of(conversion), original, strict=True):
            assert _metres_apart(row["geom"], feature["geometry"]["coordinates"]) < metres


def _metres_apart(ewkb: bytes, lonlat: list[float]) -> float:
    point = shapely.from_wkb(ewkb)
    return max(abs(point.x - lonlat[0]) * 73_000, abs(point.y - lonlat[1]) * 111_000)


def test_undeclared_cp1251_is_known_by_its_letters_and_shown_with_the_other_readings(tmp_path: Path) -> None:
    path = REAL / "encodings_crs" / "addresses_cp1251_nocpg_noldid_lcs05.zip"
    [layer] = inspect_file(path, work=tmp_path).layers
    conversion = convert_file(path, work=tmp_path)

    assert (layer.encoding, layer.encoding_declared) == ("cp1251", "none")
    assert layer.encoding_confidence > 0.99
    first, *others = layer.encoding_options
    assert first.encoding == "cp1251"
    assert {option.encoding for option in others} < {
        "utf-8",
        "cp866",
        "koi8-u",
        "iso8859-5",
        "mac-cyrillic",
        "cp1125",
    }
    assert len(first.samples) == len(first.rows) == 3
    assert any("вул" in sample for sample in first.samples)
    assert conversion.encoding == "cp1251"
    assert properties_of(conversion)[0]["naspunkt"] == "м.Ладижин"


def test_degrees_without_a_prj_lie_in_one_place_only_and_that_is_said(tmp_path: Path) -> None:
    path = REAL / "encodings_crs" / "parking_iso8859_5_noprj_wgs84.zip"
    [layer] = inspect_file(path, work=tmp_path, area=LADYZHYN_AREA, local_srid=MSK_05).layers
    conversion = convert_file(path, work=tmp_path, local_srid=MSK_05, area=LADYZHYN_AREA)

    assert layer.crs is not None
    assert (layer.crs.code, layer.crs.how, layer.crs_score) == ("EPSG:4326", "detected", 1.0)
    assert [note.code for note in layer.crs_notes] == ["crs-guessed", "crs-near-alternatives"]
    assert "EPSG:5561" in layer.crs_note
    [first] = [option for option in layer.crs_options if option.code == "EPSG:4326" and not option.swapped]
    assert (first.lon, first.lat) == pytest.approx((29.2413, 48.6902), abs=1e-2)
    assert len(first.points) == 200
    assert (conversion.converted, conversion.repaired, conversion.encoding) == (235, 1, "iso8859-5")
    assert properties_of(conversion)[0]["type"] == "Паркувальна кишеня"


def test_metres_without_a_prj_are_found_by_the_communitys_boundary(tmp_path: Path) -> None:
    original = REAL / "encodings_crs" / "addresses_cp1251_nocpg_noldid_lcs05.zip"
    path = tmp_path / "addresses.zip"
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.namelist():
            if not entry.endswith(".prj"):
                target.writestr(entry, source.read(entry))
    with pytest.raises(CrsUnknown) as caught:
        convert_file(path, work=tmp_path, local_srid=MSK_05)
    conversion = convert_file(path, work=tmp_path, local_srid=MSK_05, area=LADYZHYN_AREA)

    assert caught.value.params["options"][0]["code"] == "EPSG:9832", "without a boundary it is asked"
    assert conversion.crs is not None
    assert (conversion.crs.code, conversion.crs.how) == ("EPSG:9832", "detected")
    assert conversion.extent is not None
    assert 29.0 < conversion.extent[0] < conversion.extent[2] < 29.4


def test_data_of_another_region_with_a_true_declaration_are_taken_and_said_to_lie_elsewhere(
    tmp_path: Path,
) -> None:
    path = REAL / "nature" / "PZO" / "geojson" / "pzo-chernivetska.geojson"
    [layer] = inspect_file(path, work=tmp_path, area=LADYZHYN_AREA, local_srid=MSK_05).layers

    assert layer.crs is not None
    assert layer.crs.code == "EPSG:4326"
    assert [note.code for note in layer.crs_notes] == ["crs-elsewhere"]


def test_the_hromadas_of_ukraine_give_1767_features_and_two_reported_empty_ones(tmp_path: Path) -> None:
    path = REAL / "boundaries" / "cod_ab_adm3_hromadas.geojson"
    conversion = convert_file(path, work=tmp_path, geometry_type="Polygon", key_field="adm3_pcode")

    assert (conversion.read, conversion.converted, conversion.rejected) == (1769, 1767, 2)
    assert conversion.geometry_type == "Polygon"
    assert conversion.geometry_counts == {"POLYGON": 1581, "MULTIPOLYGON": 186}
    missing = [issue for issue in read_issues(conversion.issues_file) if issue.rule == "geometry-missing"]
    assert len(missing) == 2
    assert {issue.done for issue in missing} == {"rejected"}
    assert all(issue.row for issue in missing)
    assert rows_of(conversion)[0]["external_key"].startswith("UA")


def test_national_roads_have_no_cpg_and_need_none(tmp_path: Path) -> None:
    conversion = convert_file(REAL / "infrastructure" / "osm_roads_national_ua.zip", work=tmp_path)

    assert (conversion.converted, conversion.rejected) == (7775, 0)
    assert conversion.geometry_type == "LineString"


def test_native_cyrillic_attributes_survive(tmp_path: Path) -> None:
    conversion = convert_file(REAL / "boundaries" / "kse_hromadas_near_seas_cyrillic.zip", work=tmp_path)

    assert conversion.converted == 257
    assert properties_of(conversion)[0]["admin_1"] == "Миколаївська область"


@pytest.mark.parametrize(
    ("name", "rows", "kind", "repaired"),
    [
        ("addresses", 3443, "Point", 0), ("bicycle_parking", 22, "Point", 0), ("boundaries", 7, "Polygon", 0),
        ("bus_routes", 12, "LineString", 0), ("bus_stops", 59, "Point", 0), ("organizations", 360, "Point", 0),
        ("parking", 235, "Polygon", 1), ("picnic_places", 16, "Point", 0), ("recreation_areas", 20, "Polygon", 0),
        ("settlements", 6, "Point", 0), ("traffic_flows", 10, "LineString", 0),
    ],
)  # fmt: skip
def test_everything_of_ladyzhyn_converts(
    name: str, rows: int, kind: str, repaired: int, tmp_path: Path
) -> None:
    conversion = convert_file(REAL / "ladyzhyn" / f"{name}.geojson", work=tmp_path, geometry_type=kind)

    assert (conversion.read, conversion.converted, conversion.repaired) == (rows, rows, repaired)
    assert conversion.geometry_type == kind


def test_points_far_off_are_kept_and_reported_and_keys_used_twice_too(tmp_path: Path) -> None:
    path = REAL / "ladyzhyn" / "addresses.geojson"
    conversion = convert_file(path, work=tmp_path, area=shapely.box(*LADYZHYN).wkb_hex, key_field="id")

    assert conversion.outside == conversion.issue_counts["outside-area"] > 0
    assert conversion.converted == 3443
    [again] = [issue for issue in read_issues(conversion.issues_file) if issue.rule == "key-duplicate"]
    assert again.value == "11"
    keys = [row["external_key"] for row in rows_of(conversion)]
    assert keys.count("11") == 1
    assert keys.count(None) == 1


@pytest.mark.parametrize(
    ("name", "rows", "kind", "crs"),
    [
        ("addresses.geojsonl", 3443, "Point", ""), ("addresses_lonlat_utf8bom_semicolon.csv", 3443, "Point", ""),
        ("parking_wkt.csv", 235, "Polygon", "4326"), ("parking.kml", 235, "Polygon", ""),
        ("parking.kmz", 235, "Polygon", ""), ("parking.gml", 235, "Polygon", ""), ("parking.mif", 235, "Polygon", ""),
        ("recreation_areas.tab", 20, "Polygon", ""), ("bus_routes.fgb", 12, "LineString", ""),
        ("bus_stops.gpx", 59, "Point", ""), ("bus_routes_ucs2000_tm10.dxf", 12, "LineString", "6384"),
    ],
)  # fmt: skip
def test_each_format_gives_the_same_places(name: str, rows: int, kind: str, crs: str, tmp_path: Path) -> None:
    conversion = convert_file(REAL / "formats" / name, work=tmp_path, crs=crs)

    assert (conversion.converted, conversion.geometry_type) == (rows, kind)
    assert conversion.extent is not None
    assert 29.0 < conversion.extent[0] < conversion.extent[2] < 29.4
    assert 47.9 < conversion.extent[1] < conversion.extent[3] < 48.8


def test_letters_survive_in_every_format(tmp_path: Path) -> None:
    for name in ("parking.mif", "parking.gml", "parking.kml"):
        found = {
            values["type"] for values in properties_of(convert_file(REAL / "formats" / name, work=tmp_path))
        }
        assert "Паркувальна кишеня" in found


def test_a_table_in_cp1251_is_known_by_its_letters(tmp_path: Path) -> None:
    conversion = convert_file(REAL / "formats" / "addresses_lonlat_cp1251.csv", work=tmp_path)

    assert (conversion.converted, conversion.encoding) == (3443, "cp1251")
    assert properties_of(conversion)[0]["settlement"] == "м.Ладижин"


def test_a_geopackage_with_seven_layers_asks_which(tmp_path: Path) -> None:
    path = REAL / "formats" / "ladyzhyn.gpkg"
    with pytest.raises(SeveralLayers) as caught:
        convert_file(path, work=tmp_path)
    conversion = convert_file(path, work=tmp_path, layer="parking")

    assert "addresses, parking, boundaries" in caught.value.params["choices"]
    assert (conversion.converted, conversion.repaired) == (235, 1)


def test_names_that_lost_letters_before_they_were_sent_are_told_row_by_row(tmp_path: Path) -> None:
    path = REAL / "air_quality" / "openaq_latest_pm25_de_2019.geojson"
    conversion = convert_file(path, work=tmp_path)

    told = [issue for issue in read_issues(conversion.issues_file) if issue.rule == "text-damaged"]
    assert (conversion.converted, len(told)) == (371, 61)
    assert (told[0].row, told[0].field, told[0].value) == (3, "location", "Ansbach/Residenzstra\ufffde")


def test_nested_values_are_kept_as_json_text_with_a_note(tmp_path: Path) -> None:
    conversion = convert_file(REAL / "connectivity" / "ofds" / "nodes.geojson", work=tmp_path)

    first = properties_of(conversion)[0]
    assert json.loads(first["phase"])["name"] == "NextGen Phase 1"
    assert conversion.issue_counts["nested-value"] >= 1
    assert all(isinstance(value, str | int | float | bool) for value in first.values())


def test_mixed_points_and_lines_convert_together_or_one_kind_at_a_time(tmp_path: Path) -> None:
    path = REAL / "connectivity" / "uran_academic_backbone.geojson"
    mixed = convert_file(path, work=tmp_path)
    assert (mixed.converted, mixed.geometry_type) == (38, "Geometry")
    lines = convert_file(path, work=tmp_path, geometry_type="LineString")
    assert (lines.converted, lines.rejected, lines.issue_counts) == (19, 19, {"geometry-type": 19})


# What the README of the data predicts: file, layer, rows, kind of geometry, CRS declared.
_WGS84, _ASK = "EPSG:4326", None
PREDICTED: list[tuple[str, dict[str, tuple[int, str]], str | None]] = [
    ("air_quality/openaq_latest_pm25_de_2019.geojson", {"": (371, "Point")}, _WGS84),
    ("boundaries/cod_ab_adm1_oblasts.geojson", {"": (27, "Polygon")}, _WGS84),
    ("boundaries/cod_ab_adm2_raions_simplified.geojson", {"": (139, "Polygon")}, _WGS84),
    ("boundaries/cod_ab_adm3_hromadas.geojson", {"": (1769, "Polygon")}, _WGS84),
    ("boundaries/kse_hromadas_near_seas_cyrillic.zip", {"": (257, "Polygon")}, _WGS84),
    ("boundaries/osm/vinnytska_oblast.geojson", {"": (6, "Polygon")}, _WGS84),
    ("boundaries/osm/lvivska_oblast.geojson", {"": (7, "Polygon")}, _WGS84),
    ("boundaries/osm/vinnytska_oblast.haysynskyy_rayon.geojson", {"": (28, "Geometry")}, _WGS84),
    ("boundaries/osm/lvivska_oblast.lvivskyy_rayon.geojson", {"": (46, "Geometry")}, _WGS84),
    ("boundaries/osm/lvivska_oblast.stryyskyy_rayon.geojson", {"": (28, "Geometry")}, _WGS84),
    ("connectivity/ofds/nodes.geojson", {"": (2, "Point")}, _WGS84),
    ("connectivity/ofds/spans.geojson", {"": (1, "LineString")}, _WGS84),
    ("connectivity/public_wifi_in_cnap_chernivtsi.geojson", {"": (149, "Point")}, _WGS84),
    ("connectivity/uran_academic_backbone.geojson", {"": (38, "Geometry")}, _WGS84),
    ("encodings_crs/addresses_cp1251_cpg_ucs2000_tm10.zip", {"": (3443, "Point")}, "EPSG:6384"),
    ("encodings_crs/addresses_cp1251_nocpg_ldid_sk63x3.zip", {"": (3443, "Point")}, "EPSG:7827"),
    ("encodings_crs/addresses_cp1251_nocpg_noldid_lcs05.zip", {"": (3443, "Point")}, "EPSG:9832"),
    ("encodings_crs/parking_utf8_sk42_gk5.zip", {"": (235, "Polygon")}, "EPSG:28405"),
    ("encodings_crs/parking_iso8859_5_noprj_wgs84.zip", {"": (235, "Polygon")}, _ASK),
    ("formats/addresses.geojsonl", {"": (3443, "Point")}, _WGS84),
    ("formats/addresses.sqlite", {"addresses": (3443, "Point")}, _WGS84),
    ("formats/addresses_500.xlsx", {"": (500, "Point")}, _WGS84),
    ("formats/addresses_lonlat_cp1251.csv", {"": (3443, "Point")}, _WGS84),
    ("formats/addresses_lonlat_utf8bom_semicolon.csv", {"": (3443, "Point")}, _WGS84),
    ("formats/bus_routes.fgb", {"": (12, "LineString")}, _WGS84),
    ("formats/bus_routes_ucs2000_tm10.dxf", {"": (12, "LineString")}, _ASK),
    ("formats/bus_stops.gpx", {"waypoints": (59, "Point")}, _WGS84),
    ("formats/ladyzhyn.gpkg", {
        "addresses": (3443, "Point"), "boundaries": (7, "Polygon"), "parking": (235, "Polygon"),
    }, _WGS84),
    ("formats/parking.gml", {"": (235, "Polygon")}, _WGS84),
    ("formats/parking.kml", {"": (235, "Polygon")}, _WGS84),
    ("formats/parking.kmz", {"": (235, "Polygon")}, _WGS84),
    ("formats/parking.mif", {"": (235, "Polygon")}, _WGS84),
    ("formats/parking_wkt.csv", {"": (235, "Polygon")}, _ASK),
    ("formats/recreation_areas.tab", {"": (20, "Polygon")}, _WGS84),
    ("infrastructure/cnap_chernivtsi_oblast.geojson", {"": (167, "Point")}, _WGS84),
    ("infrastructure/nszu_health_facilities_west_centre.csv", {"": (1477, "Point")}, _WGS84),
    ("infrastructure/nszu_health_facilities_west_centre.geojson", {"": (1477, "Point")}, _WGS84),
    ("infrastructure/osm_roads_national_ua.zip", {"": (7775, "LineString")}, _WGS84),
    ("infrastructure/schools_register_vinnytsia_lviv_2023.csv", {"": (2237, "")}, None),
    ("nature/PGO/csv/fiz-geo-vinnytska.csv", {"": (925, "Point")}, _WGS84),
    ("nature/PGO/tsv/fiz-geo-vinnytska.tsv", {"": (925, "Point")}, _WGS84),
    ("nature/PGO/xlsx/fiz-geo-vinnytska.xlsx", {"": (925, "Point")}, _WGS84),
    ("nature/PGO/geojson/fiz-geo-vinnytska.geojson", {"": (925, "Point")}, _WGS84),
    ("nature/PGO/geojson/fiz-geo-chernivetska.geojson", {"": (736, "Point")}, _WGS84),
    ("nature/PZO/geojson/pzo-vinnytska.geojson", {"": (285, "Point")}, _WGS84),
    ("nature/PZO/geojson/pzo-lvivska.geojson", {"": (310, "Point")}, _WGS84),
    ("nature/PZO/geojson/pzo-chernivetska.geojson", {"": (278, "Point")}, _WGS84),
    ("nature/PZO/geojson/pzo-zakarpatska.geojson", {"": (76, "Point")}, _WGS84),
    ("settlements/hromada_stats_2022.csv", {"": (1469, "Point")}, _WGS84),
    ("settlements/katottg_kodifikator.xlsx", {"": (31744, "")}, None),
    ("settlements/settlements_geonames500.geojson", {"": (5488, "Point")}, _WGS84),
]  # fmt: skip
# Files that are no vector data: what is said of them, and those that belong to a file above.
_REFUSED = {"air_quality/openaq_latest_pm25_de_2019.json": "not-geojson"}
_NOT_ALONE = (".md", ".tsv", ".txt", ".xsd", ".mid", ".dat", ".id", ".map", ".tif")


@pytest.mark.parametrize(("name", "expected", "crs"), PREDICTED, ids=[item[0] for item in PREDICTED])
def test_every_file_is_found_to_hold_what_the_readme_says(
    name: str, expected: dict[str, tuple[int, str]], crs: str | None, tmp_path: Path
) -> None:
    layers = inspect_file(REAL / name, work=tmp_path).layers
    found = {layer.name: (layer.rows, layer.geometry_type) for layer in layers}

    if "" in expected:
        assert list(found.values()) == [expected[""]]
    else:
        assert {layer: found.get(layer) for layer in expected} == expected
    declared = layers[0].crs
    if crs is not None:
        assert declared is not None
        assert declared.code == crs
    elif layers[0].geometry_type and declared is not None:
        assert declared.how not in ("declared", "format")


@pytest.mark.parametrize(("name", "code"), _REFUSED.items())
def test_a_file_that_is_no_map_is_refused_with_its_reason(name: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(ImportProblem) as caught:
        inspect_file(REAL / name, work=tmp_path)
    assert caught.value.code == code


def test_no_file_of_the_data_is_forgotten_here() -> None:
    known = {name for name, *_ in PREDICTED} | set(_REFUSED)
    files = (path.relative_to(REAL).as_posix() for path in REAL.rglob("*") if path.is_file())
    left = {name for name in files if not name.endswith(_NOT_ALONE) and not name.startswith("ladyzhyn/")}

    assert left - known == set()
    assert known - left == {"nature/PGO/tsv/fiz-geo-vinnytska.tsv"}
