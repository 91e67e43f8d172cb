"""One sound file of each format that is read, to be cut and to be called something else."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
from openpyxl import Workbook

from tests.importers import cadastre
from tests.importers.corpus.geodatabases import geodatabase_zip
from tests.importers.corpus.shapefiles import shapefile_parts, zipped_shapefile
from tests.importers.corpus.spreadsheets import ods
from tests.importers.files import points

ROWS = 40


def _written(extension: str, driver: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"true{extension}"
        frame = points(ROWS)
        if driver == "DXF":  # has no columns of one's own
            frame = frame[["geometry"]].to_crs(9832)
        frame.to_file(path, driver=driver, engine="pyogrio")
        return path

    return make


def _table(separator: str, extension: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        rows = [["name", "lon", "lat"], *(["ЦНАП", f"29.2{n:03d}", "48.7"] for n in range(ROWS))]
        path = folder / f"true{extension}"
        path.write_text("\n".join(separator.join(row) for row in rows) + "\n")
        return path

    return make


def _xlsx(folder: Path) -> Path:
    book = Workbook()
    for row in [["name", "lon", "lat"], *(["ЦНАП", 29.2 + n / 1000, 48.7] for n in range(ROWS))]:
        book.active.append(row)
    book.save(folder / "true.xlsx")
    return folder / "true.xlsx"


def _ods(folder: Path) -> Path:
    def row(*texts: str) -> str:
        cells = "".join(
            f"<table:table-cell office:value-type='string'><text:p>{text}</text:p></table:table-cell>"
            for text in texts
        )
        return f"<table:table-row>{cells}</table:table-row>"

    rows = [row("ЦНАП", f"29.2{n:03d}", "48.7") for n in range(ROWS)]
    return ods(folder / "true.ods", "".join([row("name", "lon", "lat"), *rows]))


def _kmz(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "true.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(_kml(folder), "doc.kml")
    (folder / "true.kml").unlink()
    return folder / "true.kmz"


def _kml(folder: Path) -> Path:
    places = "".join(
        f"<Placemark><name>{n}</name><Point><coordinates>29.2{n:03d},48.7</coordinates></Point></Placemark>"
        for n in range(ROWS)
    )
    path = folder / "true.kml"
    path.write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{places}</Document></kml>')
    return path


def _lines(folder: Path) -> Path:
    frame: gpd.GeoDataFrame = points(ROWS)
    path = folder / "true.geojsonl"
    path.write_text("\n".join(json.dumps(item) for item in json.loads(frame.to_json())["features"]) + "\n")
    return path


def _in4(folder: Path) -> Path:
    (folder / "true.in4").write_bytes(cadastre.in4().encode("cp1251"))
    return folder / "true.in4"


TRUE_FILES: dict[str, Callable[[Path], Path]] = {
    ".zip": lambda folder: zipped_shapefile(folder / "true.zip", shapefile_parts()),
    ".gdb.zip": lambda folder: geodatabase_zip(folder / "true.gdb.zip"),
    ".gpkg": _written(".gpkg", "GPKG"), ".sqlite": _written(".sqlite", "SQLite"),
    ".fgb": _written(".fgb", "FlatGeobuf"), ".geojson": _written(".geojson", "GeoJSON"), ".geojsonl": _lines,
    ".gml": _written(".gml", "GML"), ".gpx": _written(".gpx", "GPX"), ".kml": _kml, ".kmz": _kmz,
    ".dxf": _written(".dxf", "DXF"), ".csv": _table(",", ".csv"), ".tsv": _table("\t", ".tsv"), ".xlsx": _xlsx,
    ".ods": _ods, ".xml": lambda folder: cadastre.ExchangeFile().write(folder, "true.xml"), ".in4": _in4,
}  # fmt: skip
