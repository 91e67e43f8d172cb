"""Exports read back by the tools that people open them with: same features, same values, same places."""

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db import connection

from gis_core.errors import BadParameter, TooLarge
from gis_core.people import User
from layers.access import LayerNotFound
from layers.edits import apply_changeset, open_changeset, submit_changeset
from layers.exports import FORMATS, Export, ExportOptions, export_layer
from layers.models import Layer
from layers.staging import staging_table
from tests.conftest import point, square

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]

APOSTROPHE, GHE = "Кам’янець-Подільський", "вул. Ґонти, 5"
FIELDS = [
    {"key": "cadastral_number", "title": {"uk": "Кадастровий номер"}, "type": "string"},
    {"key": "cadastral_zone", "type": "integer"},
    {"key": "area_ha", "title": {"uk": "Площа"}, "type": "number", "unit": "га"},
    {"key": "vacant", "type": "boolean"},
    {"key": "registered", "type": "date"},
    {"key": "checked_at", "type": "datetime"},
    {"key": "note", "type": "text", "access": "staff"},
]
FULL = {
    "cadastral_number": f"{APOSTROPHE}, {GHE}", "cadastral_zone": 123_456_789_012, "area_ha": 0.0137,
    "vacant": True, "registered": "2021-03-04", "checked_at": "2021-03-04T10:20:30+02:00",
    "note": "Лише для працівників",
}  # fmt: skip
HOSTILE = {"cadastral_number": 'a "b" \\ \x01\x02 \t\r\n </script> {{ 7*7 }} 😀 ]}', "area_ha": -1.5e-7}
BENT = {
    "type": "MultiPolygon",
    "coordinates": [
        [[[30.123456789, 50.1], [30.2, 50.1], [30.2, 50.2], [30.123456789, 50.1]]],
        [[[31, 51], [31.1, 51], [31.1, 51.1], [31, 51]]],
    ],
}


@pytest.fixture
def parcels(make_layer: MakeLayer) -> Layer:
    return make_layer(
        fields=FIELDS,
        geometry_type="Polygon",
        features=[(square(30.0, 50.0), FULL), (BENT, HOSTILE), (square(31.5, 50.5), {})],
    )


@pytest.fixture
def member(user_with_role: MakeUser) -> User:
    return user_with_role("viewer")


def export(user: Any, layer: Layer, format: str, folder: Path, **options: Any) -> Export:
    out = folder / f"out{FORMATS[format][1]}"
    return export_layer(user=user, layer=layer, format=format, out=out, options=ExportOptions(**options))


def stored(layer: Layer) -> np.ndarray:
    """The layer's geometries as they lie in the database, in the order of ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_AsBinary(geom) FROM layers_feature WHERE layer_id = %s ORDER BY id", [layer.pk]
        )
        return shapely.from_wkb([bytes(row[0]) for row in cursor.fetchall()])


def same_places(found: Any, wanted: np.ndarray, tolerance: float = 1e-9) -> bool:
    """Whether geometries are equal within `tolerance`, whichever of Polygon and MultiPolygon holds them."""

    def parts(geometry: Any) -> Any:
        return shapely.geometrycollections(list(shapely.get_parts(geometry)))

    pairs = zip(found, wanted, strict=True)
    return all(
        shapely.equals_exact(shapely.normalize(parts(a)), shapely.normalize(parts(b)), tolerance)
        for a, b in pairs
    )


# --- GeoJSON ---


def test_geojson_holds_every_feature_with_all_its_fields_in_the_schemas_order(
    parcels: Layer, member: User, tmp_path: Path
) -> None:
    made = export(member, parcels, "geojson", tmp_path)
    document = json.loads(made.path.read_text("utf-8"))
    assert (document["name"], len(document["features"])) == ("demo.parcels", 3)
    assert (made.count, made.bytes, made.losses) == (3, made.path.stat().st_size, {})
    properties = [feature["properties"] for feature in document["features"]]
    assert list(properties[0]) == [field["key"] for field in FIELDS]
    assert properties[0] == FULL
    assert properties[1]["cadastral_number"] == HOSTILE["cadastral_number"]
    assert set(properties[2].values()) == {None}


def test_geojson_is_read_back_by_gdal_with_equal_values_and_places(
    parcels: Layer, member: User, tmp_path: Path
) -> None:
    frame = pyogrio.read_dataframe(export(member, parcels, "geojson", tmp_path).path)
    assert frame["cadastral_number"][0] == FULL["cadastral_number"]
    assert same_places(frame.geometry, stored(parcels))


def test_newline_delimited_geojson_is_one_feature_a_line(
    parcels: Layer, member: User, tmp_path: Path
) -> None:
    lines = export(member, parcels, "geojsonseq", tmp_path).path.read_text("utf-8").split("\n")
    assert [json.loads(line)["type"] for line in lines[:-1]] == ["Feature"] * 3
    assert lines[-1] == ""


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_an_empty_layer_is_exported_as_an_empty_file_of_its_format(
    make_layer: MakeLayer, member: User, tmp_path: Path, format: str
) -> None:
    made = export(member, make_layer("empty", geometry_type="LineString"), format, tmp_path)
    assert made.count == 0
    if format == "geojson":
        assert json.loads(made.path.read_text())["features"] == []
    if format in ("gpkg", "shp"):
        info = pyogrio.read_info(made.path)
        assert (info["features"], info["geometry_type"]) in {(0, "LineString"), (0, "MultiLineString")}


# --- GeoPackage and Shapefile ---


def test_a_geopackage_is_read_back_with_equal_values_types_and_places(
    parcels: Layer, member: User, tmp_path: Path
) -> None:
    path = export(member, parcels, "gpkg", tmp_path).path
    info = pyogrio.read_info(path)
    assert (info["layer_name"], info["features"], info["crs"]) == ("parcels", 3, "EPSG:4326")
    assert info["geometry_type"] == "MultiPolygon"
    table = pyogrio.read_arrow(path, datetime_as_string=False)[1]
    first, second, third = table.to_pylist()
    assert first["cadastral_number"] == FULL["cadastral_number"]
    assert (first["cadastral_zone"], first["area_ha"], first["vacant"]) == (123_456_789_012, 0.0137, True)
    assert first["registered"] == date(2021, 3, 4)
    assert first["checked_at"] == datetime.fromisoformat(str(FULL["checked_at"]))
    assert (second["cadastral_number"], second["area_ha"]) == (HOSTILE["cadastral_number"], -1.5e-7)
    assert {key for key, value in third.items() if value is not None} <= {"id", "fid", "geom"}
    assert same_places(shapely.from_wkb(table["geom"].to_pylist()), stored(parcels))


def test_a_shapefile_has_short_names_and_a_table_of_what_they_stand_for(
    parcels: Layer, member: User, tmp_path: Path
) -> None:
    path = export(member, parcels, "shp", tmp_path).path
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        about = json.loads(archive.read("fields.json"))
    assert names == {"fields.json", *(f"parcels.{part}" for part in ("cpg", "dbf", "prj", "shp", "shx"))}
    short = {item["key"]: item["name"] for item in about["fields"]}
    assert (short["cadastral_number"], short["cadastral_zone"]) == ("cadastral_", "cadastra_2")
    assert about["fields"][0]["title"] == {"uk": "Кадастровий номер"}
    frame = pyogrio.read_dataframe(path)
    assert list(frame.columns[:3]) == ["id", "cadastral_", "cadastra_2"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_a_shapefile_is_read_back_with_equal_ukrainian_text_and_places(
    make_layer: MakeLayer, member: User, tmp_path: Path, encoding: str
) -> None:
    features = [(square(30 + place / 7, 50 + place / 9), FULL) for place in range(5)]
    layer = make_layer(fields=FIELDS, geometry_type="Polygon", features=features)
    made = export(member, layer, "shp", tmp_path, encoding=encoding)
    frame = pyogrio.read_dataframe(made.path)
    assert made.losses == {}
    assert set(frame["cadastral_"]) == {FULL["cadastral_number"]}
    assert set(frame["cadastra_2"]) == {123_456_789_012}
    assert frame["area_ha"].tolist() == [0.0137] * 5
    assert {str(value)[:10] for value in frame["registered"]} == {"2021-03-04"}
    assert same_places(frame.geometry, stored(layer))
    with zipfile.ZipFile(made.path) as archive:
        raw = archive.read("parcels.dbf")
    assert APOSTROPHE.encode(encoding) in raw


def test_what_a_shapefile_cannot_hold_is_cut_between_letters_and_counted(
    make_layer: MakeLayer, member: User, tmp_path: Path
) -> None:
    texts = ["ї" * 200, "Знамʼянка", "😀", "коротко"]
    layer = make_layer(features=[(square(30 + n), {"name": text}) for n, text in enumerate(texts)])
    wide = export(member, layer, "shp", tmp_path)
    assert wide.losses == {"cut_texts": 1}
    assert pyogrio.read_dataframe(wide.path)["name"].tolist() == ["ї" * 127, *texts[1:]]
    narrow = export(member, layer, "shp", tmp_path, encoding="cp1251")
    assert narrow.losses == {"replaced_letters": 1}
    assert pyogrio.read_dataframe(narrow.path)["name"].tolist() == [texts[0], "Знам’янка", "?", "коротко"]


def test_a_layer_of_mixed_geometry_becomes_one_shapefile_for_each_kind(
    make_layer: MakeLayer, member: User, tmp_path: Path
) -> None:
    line = {"type": "LineString", "coordinates": [[30, 50], [30.1, 50.1]]}
    features = [(point(), {"name": "a"}), (line, {"name": "b"}), (square(), {"name": "c"})]
    layer = make_layer("mixed", features=features)
    made = export(member, layer, "shp", tmp_path)
    names = {name for name, _kind in pyogrio.list_layers(made.path)}
    assert (made.count, names) == (3, {"mixed_points", "mixed_lines", "mixed_areas"})
    gpkg = export(member, layer, "gpkg", tmp_path)
    assert sorted(pyogrio.read_dataframe(gpkg.path).geom_type) == ["LineString", "Point", "Polygon"]


KYIV = {6384: (337049.5, 5591144.7), 9864: (301536.9, 5591014.9), 7827: (3372561.5, 5582298.8)}


@pytest.mark.parametrize("crs", KYIV)
def test_coordinates_are_brought_to_a_ukrainian_system_by_the_right_operation(
    make_layer: MakeLayer, member: User, tmp_path: Path, crs: int
) -> None:
    layer = make_layer("points", geometry_type="Point", features=[(point(30.52, 50.45), {})])
    for format in ("gpkg", "shp"):
        (found,) = pyogrio.read_dataframe(export(member, layer, format, tmp_path, crs=crs).path).geometry
        assert (found.x, found.y) == pytest.approx(KYIV[crs], abs=0.2)
    table = export(member, layer, "csv", tmp_path, crs=crs).path.read_text("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(table))
    assert (float(row["x"]), float(row["y"])) == pytest.approx(KYIV[crs], abs=0.2)
    assert pyogrio.read_info(export(member, layer, "gpkg", tmp_path, crs=crs).path)["crs"] == f"EPSG:{crs}"


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("geojson", {"crs": 9832}), ("gpkg", {"crs": 1}), ("gpkg", {"crs": 5773}), ("xls", {}),
        ("shp", {"encoding": "koi8-u"}), ("csv", {"delimiter": "x"}), ("csv", {"geometry": "svg"}),
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_met_is_refused_by_its_name_and_no_file_appears(
    parcels: Layer, member: User, tmp_path: Path, format: str, options: dict[str, Any]
) -> None:
    with pytest.raises(BadParameter) as refusal:
        export_layer(
            user=member, layer=parcels, format=format, out=tmp_path / "out",
            options=ExportOptions(**options),
        )  # fmt: skip
    assert refusal.value.params["parameter"] in {*options, "format"}
    assert list(tmp_path.iterdir()) == []


# --- CSV ---


def rows_of(made: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.path.read_bytes().decode("utf-8-sig"), newline="")))


def test_csv_of_areas_has_wkt_that_gdal_reads_back(parcels: Layer, member: User, tmp_path: Path) -> None:
    made = export(member, parcels, "csv", tmp_path)
    first, second, _third = rows_of(made)
    assert first["cadastral_number"] == FULL["cadastral_number"]
    assert (first["vacant"], first["registered"], first["area_ha"]) == ("true", "2021-03-04", "0.0137")
    assert second["cadastral_number"] == HOSTILE["cadastral_number"]
    assert same_places(shapely.from_wkt([row["WKT"] for row in rows_of(made)]), stored(parcels))
    assert pyogrio.read_info(made.path)["features"] == 3


def test_csv_of_points_has_longitude_and_latitude(
    make_layer: MakeLayer, member: User, tmp_path: Path
) -> None:
    layer = make_layer("points", geometry_type="Point", features=[(point(30.123456789, 50.5), {"name": "a"})])
    (row,) = rows_of(export(member, layer, "csv", tmp_path))
    assert (row["longitude"], row["latitude"]) == ("30.123456789", "50.5")


def test_csv_has_a_byte_order_mark_unless_told_otherwise_and_the_delimiter_asked_for(
    parcels: Layer, member: User, tmp_path: Path
) -> None:
    assert export(member, parcels, "csv", tmp_path).path.read_bytes()[:3] == b"\xef\xbb\xbf"
    plain = export(member, parcels, "csv", tmp_path, bom=False, delimiter=";").path.read_bytes()
    assert plain.startswith(b"id;cadastral_number;")


@pytest.mark.parametrize(
    "start", ["=HYPERLINK()", "+380441234567", "-2+3", "@SUM(A1)", "\tx", "\rx", "\n=1", "=1"]
)
def test_csv_disarms_text_that_a_spreadsheet_would_run(
    make_layer: MakeLayer, member: User, tmp_path: Path, start: str
) -> None:
    layer = make_layer(features=[(square(), {"name": start, "cad_num": "a=b", "area_ha": 0.5})])
    (row,) = rows_of(export(member, layer, "csv", tmp_path))
    assert (row["name"], row["cad_num"], row["area_ha"]) == (f"'{start}", "a=b", "0.5")


def test_csv_leaves_negative_numbers_alone(make_layer: MakeLayer, member: User, tmp_path: Path) -> None:
    fields = [{"key": "balance", "type": "number"}]
    layer = make_layer(fields=fields, features=[(square(), {"balance": -1.5})])
    assert rows_of(export(member, layer, "csv", tmp_path))[0]["balance"] == "-1.5"


# --- access, atomicity, memory ---


@pytest.mark.django_db(transaction=True, databases=["default", "public"])
@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("format", sorted(FORMATS))
def test_everyones_export_holds_no_trace_of_a_closed_field(
    parcels: Layer, user_with_role: MakeUser, tmp_path: Path, format: str
) -> None:
    def content(user: Any) -> str:
        path = export(user, parcels, format, tmp_path).path
        if format != "shp":
            return path.read_bytes().decode("utf-8", "replace")
        with zipfile.ZipFile(path) as archive:
            return b"".join(map(archive.read, archive.namelist())).decode("utf-8", "replace")

    assert "Лише для працівників" in content(user_with_role("viewer"))
    for user in (AnonymousUser(), user_with_role(None)):
        text = content(user)
        assert "Лише для працівників" not in text
        assert format == "html" or "note" not in text
        assert GHE in text


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_layer_that_the_reader_may_not_see_is_not_exported(
    make_layer: MakeLayer, user_with_role: MakeUser, tmp_path: Path, format: str
) -> None:
    layer = make_layer("closed", access_level="staff", features=[(square(), {})])
    for user in (AnonymousUser(), user_with_role(None)):
        with pytest.raises(LayerNotFound):
            export(user, layer, format, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_file_of_before_and_no_rubbish(
    parcels: Layer, member: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = export(member, parcels, "html", tmp_path)
    before = made.path.read_bytes()
    monkeypatch.setenv("HROMADA_MAX_HTML_FEATURES", "2")
    with pytest.raises(TooLarge, match="2"):
        export(member, parcels, "html", tmp_path)
    assert made.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.html"]


@pytest.fixture
def many(make_layer: MakeLayer) -> Callable[[str, int], Layer]:
    """`many("slug", 10_000)`: a layer with so many small areas, made by one load."""

    def make(slug: str, count: int) -> Layer:
        layer = make_layer(slug, geometry_type="Polygon")
        changeset = open_changeset(layer=layer, author=None, source="import", staging_mode="append")
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO {staging_table(changeset).as_string(connection.connection)} (geom, properties)
                SELECT ST_Buffer(ST_Point(29 + (i %% 300) * 0.001, 48 + i / 300 * 0.001, 4326), 0.0004, 4),
                       jsonb_build_object('name', 'вул. Кам’янецька, ' || i, 'area_ha', i * 0.01)
                FROM generate_series(1, %s) AS i
                """,
                [count],
            )
        changeset = submit_changeset(changeset=changeset, actor=None)
        apply_changeset(changeset=changeset, actor=None)
        return Layer.objects.select_related("community").get(pk=layer.pk)

    return make


def test_a_geojson_export_takes_no_more_memory_for_ten_times_the_features(
    many: Callable[[str, int], Layer], member: User, tmp_path: Path
) -> None:
    def peak(layer: Layer, count: int) -> int:
        tracemalloc.start()
        try:
            assert export(member, layer, "geojson", tmp_path).count == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, lots = many("few", 10_000), many("lots", 100_000)
    peak(few, 10_000)  # what is imported and cached at first use
    small, large = peak(few, 10_000), peak(lots, 100_000)
    assert large < small + 500_000
    assert large < 2_000_000


@pytest.mark.parametrize("format", ["gpkg", "shp", "csv"])
def test_other_exports_hold_a_block_of_rows_in_memory_not_the_layer(
    many: Callable[[str, int], Layer], member: User, tmp_path: Path, format: str
) -> None:
    few, lots = many("few", 5_000), many("lots", 60_000)
    export(member, few, format, tmp_path)
    before = resident_mb()
    export(member, lots, format, tmp_path)
    # The rows are 40 MB; a stream that kept its batches would show them.
    assert resident_mb() - before < 20


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1_000_000


# --- the command ---


def run(*args: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("export_data", *args, "--json", stdout=out, stderr=io.StringIO())
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


@pytest.mark.django_db(transaction=True, databases=["default", "public"])
@pytest.mark.usefixtures("committed")
def test_the_command_exports_what_everyone_may_read_and_with_a_user_what_they_may(
    parcels: Layer, member: User, tmp_path: Path
) -> None:
    out = str(tmp_path / "parcels.geojson")
    report = run("--layer", "demo.parcels", "--out", out, "--public")
    assert (report["status"], report["count"], report["format"]) == ("done", 3, "geojson")
    assert "Лише для працівників" not in Path(out).read_text("utf-8")
    run("--layer", "demo.parcels", "--out", out, "--user", member.email)
    assert "Лише для працівників" in Path(out).read_text("utf-8")


@pytest.mark.django_db(transaction=True, databases=["default", "public"])
@pytest.mark.usefixtures("committed")
def test_the_command_ends_with_2_where_nothing_is_written_and_1_where_not_everything_fits(
    make_layer: MakeLayer, tmp_path: Path
) -> None:
    make_layer(features=[(square(), {"name": "ї" * 200})])
    for wrong in (
        ["--layer", "demo.absent", "--out", str(tmp_path / "a.csv")],
        ["--layer", "demo.parcels", "--out", str(tmp_path / "a.doc")],
        ["--layer", "demo.parcels", "--out", str(tmp_path / "no" / "a.csv")],
        ["--layer", "demo.parcels", "--out", str(tmp_path / "a.csv"), "--user", "nobody@example.org"],
    ):
        with pytest.raises(CommandError) as refused:
            run(*wrong)
        assert refused.value.returncode == 2
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CommandError) as partly:
        run("--layer", "demo.parcels", "--out", str(tmp_path / "a.zip"))
    assert partly.value.returncode == 1
    assert (tmp_path / "a.zip").exists()
