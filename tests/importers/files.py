"""Small spatial files for tests, written by pyogrio as a community might send them."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely import Point, Polygon
from shapely.geometry.base import BaseGeometry

LADYZHYN = (29.24, 48.68)


def parcels(count: int = 3, *, west: float = LADYZHYN[0], south: float = LADYZHYN[1]) -> gpd.GeoDataFrame:
    """Squares side by side with a key and a Ukrainian text, EPSG:4326."""
    step = 0.001
    squares = [
        Polygon([(west + n * step, south), (west + (n + 1) * step, south), (west + (n + 1) * step, south + step),
                 (west + n * step, south + step)])
        for n in range(count)
    ]  # fmt: skip
    return gpd.GeoDataFrame(
        {"CADNUM": [f"0510600000:01:001:{n + 1:04d}" for n in range(count)],
         "NAZVA": [f"вул. Кам'янецька, {n + 1} ґ є і ї" for n in range(count)],
         "PLOSHA": [0.25 * (n + 1) for n in range(count)]},
        geometry=squares, crs=4326,
    )  # fmt: skip


def points(count: int = 3) -> gpd.GeoDataFrame:
    west, south = LADYZHYN
    places: list[BaseGeometry] = [Point(west + n / 1000, south) for n in range(count)]
    return gpd.GeoDataFrame({"name": [f"ЦНАП {n}" for n in range(count)]}, geometry=places, crs=4326)


def shapefile(
    folder: Path,
    frame: gpd.GeoDataFrame,
    *,
    name: str = "parcels",
    epsg: int = 9832,
    encoding: str = "cp1251",
    without: Sequence[str] = (),
    extra: Mapping[str, bytes] = {},
) -> Path:
    """A zipped shapefile in an MSK zone; `without` leaves parts out (".prj"), `extra` adds entries."""
    frame.to_crs(epsg).to_file(
        folder / f"{name}.shp", driver="ESRI Shapefile", encoding=encoding, engine="pyogrio"
    )
    archive = folder / f"{name}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for part in sorted(folder.glob(f"{name}.*")):
            if part != archive and part.suffix not in without:
                target.write(part, part.name)
        for entry, content in extra.items():
            target.writestr(entry, content)
    return archive


def geopackage(folder: Path, frame: gpd.GeoDataFrame, **options: Any) -> Path:
    path = folder / "data.gpkg"
    frame.to_file(path, driver="GPKG", engine="pyogrio", **options)
    return path
