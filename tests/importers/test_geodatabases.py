"""File Geodatabases and SQLite files: every layer is listed, and what lies in them cannot lie about itself."""

import os
import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from importers.errors import (
    ArchiveEmpty,
    FormatNotSupported,
    ImportProblem,
    MissingPart,
    NotGeoJson,
    NotThisXml,
    OverLimit,
    Truncated,
    UnsafeDatabase,
)
from importers.sandbox import convert_file, inspect_file
from tests.importers.files import geopackage, parcels, points


def geodatabase(folder: Path, name: str = "plan.gdb") -> Path:
    """A planning geodatabase of two layers in different systems and a table, as a folder."""
    path = folder / name
    layers = {"objects_education": points(), "parcel": parcels().to_crs(6384)}
    for number, (layer, frame) in enumerate(layers.items()):
        frame.to_file(path, driver="OpenFileGDB", layer=layer, engine="pyogrio", append=number > 0)
    table = pd.DataFrame({"solution": ["Нова школа"], "ind_pro": [2.5]})
    pyogrio.write_dataframe(table, path, layer="UA05_plan", driver="OpenFileGDB", append=True)
    return path


def zipped(path: Path, archive: Path, inside: str) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(path.iterdir()):
            target.write(file, f"{inside}{file.name}")
    return archive


@pytest.mark.parametrize(
    ("archive", "inside"),
    [
        ("генплан.zip", "plan.gdb/"), ("генплан.zip", "Комплексний план/ГІС/План.GDB/"), ("plan.gdb.zip", ""),
        ("план.zip", "теки/без розширення/"),
    ],
)  # fmt: skip
def test_every_layer_of_a_zipped_geodatabase_is_listed_and_imports(
    archive: str, inside: str, tmp_path: Path
) -> None:
    sent = zipped(geodatabase(tmp_path), tmp_path / archive, inside)
    found = inspect_file(sent, work=tmp_path / "work")

    assert found.format == "geodatabase"
    assert found.ignored == ()
    assert [(item.name, item.rows, item.geometry_type) for item in found.layers] == [
        ("objects_education", 3, "Point"), ("parcel", 3, "Polygon"), ("UA05_plan", 1, ""),
    ]  # fmt: skip
    assert [item.crs and item.crs.code for item in found.layers] == ["EPSG:4326", "EPSG:6384", None]
    assert found.layers[1].samples[0]["NAZVA"] == "вул. Кам'янецька, 1 ґ є і ї"
    conversion = convert_file(sent, work=tmp_path / "work", layer="parcel")
    assert (conversion.converted, conversion.rejected, conversion.geometry_type) == (3, 0, "Polygon")
    assert conversion.extent is not None
    assert conversion.extent[:2] == pytest.approx((29.24, 48.68), abs=1e-6)


def test_a_geodatabase_lying_in_a_folder_is_found_beside_loose_parts(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    geodatabase(folder)
    geopackage(folder, points(2))
    parcels().to_file(folder / "loose.shp", engine="pyogrio", encoding="utf-8")

    found = inspect_file(folder, name="кілька файлів", work=tmp_path / "work")

    assert {item.format for item in found.layers} == {"geodatabase", "geopackage", "shapefile"}
    assert len(found.layers) == 5
    itself = inspect_file(folder / "plan.gdb", work=tmp_path / "work")
    assert len(itself.layers) == 3


def test_archives_in_a_folder_of_uploads_are_unpacked_each_for_itself(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    for name in ("a", "b"):
        zipped(geodatabase(tmp_path, f"{name}.gdb"), folder / f"{name}.zip", f"{name}.gdb/")

    found = inspect_file(folder, name="два архіви", work=tmp_path / "work")

    assert [item.name for item in found.layers][:2] == ["a/objects_education", "a/parcel"]
    assert len(found.layers) == 6


def test_a_geodatabase_without_its_catalogue_is_named_incomplete(tmp_path: Path) -> None:
    path = geodatabase(tmp_path)
    (path / "a00000001.gdbtable").unlink()
    sent = zipped(path, tmp_path / "plan.zip", "plan.gdb/")

    with pytest.raises(MissingPart) as caught:
        inspect_file(sent, work=tmp_path / "work")

    assert caught.value.params["part"] == "a00000001.gdbtable"


def _set(path: Path, place: int, value: int) -> None:
    content = bytearray(path.read_bytes())
    content[place : place + 4] = struct.pack("<I", value)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("suffix", "place", "value", "problem"),
    [
        (".gdbtable", 4, 2_000_000_000, OverLimit),  # rows
        (".gdbtable", 32, 2_000_000_000, Truncated),  # where its fields are described
        (".gdbtablx", 4, 2_000_000, Truncated),  # blocks of offsets
        (".gdbtablx", 12, 200, Truncated),  # width of an offset
    ],
)
def test_a_geodatabase_that_lies_about_its_size_is_refused(
    suffix: str, place: int, value: int, problem: type[ImportProblem], tmp_path: Path
) -> None:
    path = geodatabase(tmp_path)
    _set(sorted(path.glob(f"*{suffix}"))[-1], place, value)

    with pytest.raises(problem):
        inspect_file(path, work=tmp_path / "work")


def test_the_files_of_a_geodatabase_are_counted_apart_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_ARCHIVE_ENTRIES", "3")
    sent = zipped(geodatabase(tmp_path), tmp_path / "plan.zip", "plan.gdb/")
    assert len(inspect_file(sent, work=tmp_path / "work").layers) == 3

    monkeypatch.setenv("HROMADA_MAX_GEODATABASE_FILES", "10")
    with pytest.raises(OverLimit) as caught:
        inspect_file(sent, work=tmp_path / "again")
    assert caught.value.params["limit"] in ("max_geodatabase_files", "max_archive_entries")


def test_a_link_inside_a_geodatabase_folder_is_not_followed(tmp_path: Path) -> None:
    path = geodatabase(tmp_path)
    victim = sorted(path.glob("*.gdbtable"))[-1]
    victim.rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", victim)

    with pytest.raises(ImportProblem):
        convert_file(path, work=tmp_path / "work", layer="UA05_plan", geometry_type="Table")


# --- SQLite ---


def sqlite(folder: Path, statement: str = "") -> Path:
    path = folder / "data.sqlite"
    gpd.GeoDataFrame(points()).to_file(path, driver="SQLite", engine="pyogrio", layer="centres")
    with closing(sqlite3.connect(path)) as database:
        database.executescript(statement)
    return path


def test_a_plain_sqlite_file_is_read_like_a_geopackage(tmp_path: Path) -> None:
    [layer] = inspect_file(sqlite(tmp_path), work=tmp_path / "work").layers

    assert (layer.name, layer.rows, layer.geometry_type) == ("centres", 3, "Point")
    assert layer.samples[0]["name"] == "ЦНАП 0"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT * FROM n",
        "CREATE TRIGGER t AFTER INSERT ON centres BEGIN DELETE FROM centres; END",
        "CREATE TRIGGER gpkg_t AFTER INSERT ON centres BEGIN DELETE FROM centres; END",
        "CREATE VIRTUAL TABLE f USING fts5(name)",
    ],
)
def test_a_sqlite_file_with_anything_that_runs_is_refused(statement: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeDatabase):
        inspect_file(sqlite(tmp_path, statement), work=tmp_path / "work")


# --- what to ask for instead ---


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("план.dwg", ("AutoCAD", "DXF")), ("ділянки.DMF", ("Digitals", "XML")), ("дані.rar", ("RAR", "ZIP")),
        ("дані.7z", ("7-Zip", "ZIP")), ("база.mdb", ("Access", "GeoPackage")), ("план.pdf", ("PDF", "GeoJSON")),
        ("проєкт.qgz", ("QGIS", "GeoPackage")), ("таблиця.xlsb", ("XLSB", "XLSX")), ("лист.docx", ("Word", "CSV")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_cannot_be_read_names_the_export_to_ask_for(
    name: str, words: tuple[str, ...], packed: bool, tmp_path: Path
) -> None:
    sent = tmp_path / name
    sent.write_bytes(b"AC1032 whatever it holds")
    if packed and sent.suffix.lower() not in (".rar", ".7z"):
        sent = tmp_path / "усе.zip"
        with zipfile.ZipFile(sent, "w") as archive:
            archive.writestr(f"тека/{name}", "whatever")

    with pytest.raises(FormatNotSupported) as caught:
        inspect_file(sent, work=tmp_path / "work")

    assert all(word in str(caught.value) for word in (name, *words))


def test_an_archive_of_unknown_files_is_called_empty(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.xyz", "whatever")
    with pytest.raises(ArchiveEmpty):
        inspect_file(tmp_path / "a.zip", work=tmp_path / "work")


def test_json_that_is_no_geojson_and_xml_of_another_kind_are_told_so(tmp_path: Path) -> None:
    answer, note = tmp_path / "answer.json", tmp_path / "note.xml"
    answer.write_text('{"results": [{"location": "Berlin", "coordinates": {"latitude": 52.5}}]}')
    note.write_text("<?xml version='1.0'?><metadata><title>x</title></metadata>")

    with pytest.raises(NotGeoJson):
        inspect_file(answer, work=tmp_path / "work")
    with pytest.raises(NotThisXml):
        inspect_file(note, work=tmp_path / "work")
