"""Writes the tables as hromadas send them: zipped shapefiles, cp1251, the local МСК zone, short names.

Most zips are as they should be. Four are not, on purpose, each in a way that is common: no .cpg, no .prj,
extensions in capitals, files in a nested folder. `DemoFile` says what an importer must be told.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from importers.demo import place
from importers.demo.base_tables import base_tables
from importers.demo.fibre_tables import fibre_tables
from importers.demo.land_tables import land_tables
from importers.demo.network_tables import network_tables, street_graph
from importers.demo.point_tables import point_tables
from importers.demo.tables import Table
from importers.demo.town import Town, build

ENCODING = "cp1251"
STAMP = (2026, 11, 20, 12, 0, 0)  # all files of all zips carry this time, so that equal data is equal bytes
NO_CPG = frozenset({"shelters"})
NO_PRJ = frozenset({"railways"})
CAPITALS = frozenset({"buildings"})
NESTED = frozenset({"functional_zones"})
FILE_NAMES = {
    "boundary": "mezha_hromady", "settlements": "naseleni_punkty", "land_cover": "uhiddia",
    "water": "vodni_obiekty", "railways": "zaliznytsia", "roads": "vulytsi_dorohy", "buildings": "budivli",
    "parcels": "zemelni_dilianky", "restrictions": "obmezhennia", "functional_zones": "funkts_zony",
    "planning_documents": "mistobud_dok", "social_facilities": "zaklady", "service_points": "tsnap",
    "shelters": "ukryttia", "resilience_points": "punkty_nezlamnosti", "street_lights": "osvitlennia",
    "water_network": "vodoprovid", "power_lines": "elektromerezhi", "fibre_routes": "opt_liniyi",
    "fibre_nodes": "opt_vuzly", "coverage": "pokryttia",
}  # fmt: skip


@dataclass(frozen=True)
class DemoFile:
    """One zip and what is needed to import it: `slug` of the standard layer, `field_map` from file to layer.

    `crs` and `encoding` are None where the file tells them itself.
    """

    path: Path
    slug: str
    crs: str | None
    encoding: str | None
    field_map: dict[str, str]
    rows: int


def tables_of(town: Town) -> list[Table]:
    """All tables of the demo hromada, in local metres, in the order in which they should be imported."""
    graph = street_graph(town)
    return [
        *base_tables(town),
        *land_tables(town),
        *point_tables(town),
        *network_tables(town, graph),
        *fibre_tables(town, graph),
    ]


def write_demo(outdir: Path) -> list[DemoFile]:
    """Writes one zip per layer and `manifest.json` into `outdir`; overwrites what it wrote before."""
    return write_tables(tables_of(build()), outdir)


def write_tables(tables: list[Table], outdir: Path) -> list[DemoFile]:
    outdir.mkdir(parents=True, exist_ok=True)
    files = [write_table(table, outdir) for table in tables]
    manifest = [asdict(f) | {"path": f.path.name} for f in files]
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (outdir / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return files


def write_table(table: Table, outdir: Path) -> DemoFile:
    """One table as one zip; see the module for the odd ones."""
    name = FILE_NAMES[table.layer]
    with tempfile.TemporaryDirectory() as scratch:
        shapefile = Path(scratch) / f"{name}.shp"
        _write_shapefile(table, shapefile)
        target = outdir / f"{name}.zip"
        _zip(table.layer, sorted(Path(scratch).iterdir()), target)
    return DemoFile(
        path=target,
        slug=table.layer,
        crs=f"EPSG:{place.SRID}" if table.layer in NO_PRJ else None,
        encoding=ENCODING if table.layer in NO_CPG else None,
        field_map={c.source: c.key for c in table.columns},
        rows=len(table.geometries),
    )


def located(table: Table) -> NDArray[np.object_]:
    """The table's geometries in МСК-71 metres, polygons wound as shapefiles want them."""
    moved = shapely.transform(
        np.asarray(table.geometries, dtype=object), lambda c: np.round(c + place.ORIGIN, 3)
    )
    return shapely.orient_polygons(moved, exterior_cw=True)


def _write_shapefile(table: Table, path: Path) -> None:
    geometries = located(table)
    kind = geometries[0].geom_type
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(geometries),
        field_data=[c.values for c in table.columns],
        fields=[c.source for c in table.columns],
        geometry_type=kind,
        crs=f"EPSG:{place.SRID}",
        driver="ESRI Shapefile",
        encoding=ENCODING,
        layer_options={"DBF_DATE_LAST_UPDATE": "2026-11-20", "RESIZE": "YES"},
    )


def _zip(layer: str, parts: list[Path], target: Path) -> None:
    dropped = {".cpg"} if layer in NO_CPG else {".prj"} if layer in NO_PRJ else set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            if part.suffix in dropped:
                continue
            name = part.name.upper() if layer in CAPITALS else part.name
            if layer in NESTED:
                name = f"Комплексний план/Зонування/{name}"
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, part.read_bytes())
