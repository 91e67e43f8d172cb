"""The zips: as communities send them, equal bytes for equal runs, and in step with the standard layers."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from importers.demo import LOCAL_SRID
from importers.demo.tables import Table
from importers.demo.writer import DemoFile
from layers.schema import Schema
from layers.standards import standard_layers


def names_in(file: DemoFile) -> list[str]:
    with zipfile.ZipFile(file.path) as archive:
        return archive.namelist()


def read(file: DemoFile) -> Any:
    shapefile = next(name for name in names_in(file) if name.lower().endswith(".shp"))
    return pyogrio.read_dataframe(f"/vsizip/{file.path}/{shapefile}", encoding=file.encoding)


def plain(value: Any) -> Any:
    """A column's value as an importer stores it: Python scalars, ISO dates, None for nothing."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.astype(date).isoformat()
    return value.item() if isinstance(value, np.generic) else (value or None)


def test_another_process_with_another_hash_seed_writes_the_same_bytes(
    demo_folder: Path, tmp_path: Path
) -> None:
    environment = os.environ | {"PYTHONHASHSEED": "77"}
    subprocess.run(
        [sys.executable, "-m", "importers.demo", str(tmp_path)],
        env=environment,
        check=True,
        capture_output=True,
    )

    mine = {path.name: path.read_bytes() for path in sorted(demo_folder.iterdir())}
    theirs = {path.name: path.read_bytes() for path in sorted(tmp_path.iterdir())}
    assert list(mine) == list(theirs)
    assert [name for name in mine if mine[name] != theirs[name]] == []


def test_the_manifest_tells_each_zip_its_layer_and_fields(
    demo_folder: Path, files: dict[str, DemoFile]
) -> None:
    manifest = json.loads((demo_folder / "manifest.json").read_text(encoding="utf-8"))

    assert [entry["slug"] for entry in manifest] == list(files)
    for entry in manifest:
        file = files[entry["slug"]]
        assert (entry["crs"], entry["encoding"]) == (file.crs, file.encoding)
        assert (entry["field_map"], entry["rows"]) == (file.field_map, file.rows)


def test_field_names_fit_into_ten_bytes_of_a_dbf(tables: dict[str, Table]) -> None:
    for table in tables.values():
        names = [column.source for column in table.columns]
        assert len(set(names)) == len(names)
        assert [n for n in names if len(n.encode("utf-8")) > 10 or n != n.upper()] == []


def test_all_text_can_be_written_in_cp1251_and_needs_its_ukrainian_letters(tables: dict[str, Table]) -> None:
    texts = [v for t in tables.values() for c in t.columns for v in c.values if isinstance(v, str)]
    letters = set("".join(texts))

    assert "".join(texts).encode("cp1251")
    assert set("іїєґІЇҐ’№«»") <= letters
    assert "'" not in letters


def test_every_file_reads_back_as_it_was_made(tables: dict[str, Table], files: dict[str, DemoFile]) -> None:
    for layer, table in tables.items():
        frame = read(files[layer])
        assert len(frame) == len(table.geometries) == files[layer].rows
        assert frame.geometry.is_valid.all(), layer
        for column in table.columns:
            expected = [plain(value) for value in column.values]
            found = [None if value is None or value != value else value for value in frame[column.source]]
            if column.values.dtype == object:
                assert found == expected, (layer, column.source)
            elif column.values.dtype.kind == "f":
                assert found == pytest.approx(expected), (layer, column.source)


def test_coordinates_are_in_the_zone_that_the_prj_names_and_lie_where_the_demo_stands(
    files: dict[str, DemoFile],
) -> None:
    to_degrees = Transformer.from_crs(LOCAL_SRID, 4326, always_xy=True)
    for file in files.values():
        frame = read(file)
        told = file.crs or f"EPSG:{frame.crs.to_epsg()}"
        west, south, east, north = frame.total_bounds
        assert told == f"EPSG:{LOCAL_SRID}", file.slug
        assert to_degrees.transform(west, south) > (30.2, 48.8)
        assert to_degrees.transform(east, north) < (30.4, 49.0)


def test_parcels_keep_their_shared_borders_in_the_file(files: dict[str, DemoFile]) -> None:
    assert shapely.coverage_is_valid(read(files["parcels"]).geometry.values)


def test_four_zips_have_the_faults_that_are_common(files: dict[str, DemoFile]) -> None:
    endings = {slug: {Path(name).suffix for name in names_in(file)} for slug, file in files.items()}

    assert [slug for slug, found in endings.items() if not {".cpg", ".CPG"} & found] == ["shelters"]
    assert [slug for slug, found in endings.items() if not {".prj", ".PRJ"} & found] == ["railways"]
    assert endings["buildings"] == {".SHP", ".SHX", ".DBF", ".PRJ", ".CPG"}
    assert all("/" in name for name in names_in(files["functional_zones"]))
    assert (files["shelters"].encoding, files["railways"].crs) == ("cp1251", f"EPSG:{LOCAL_SRID}")


def test_each_standard_layer_is_filled_by_one_file_and_each_field_by_one_column(
    tables: dict[str, Table], files: dict[str, DemoFile]
) -> None:
    standards = standard_layers()

    assert set(files) <= set(standards)
    for slug, file in files.items():
        keys = [item["key"] for item in standards[slug]["schema"]]
        assert sorted(file.field_map.values()) == sorted(keys), slug
        kinds = {shape.geom_type for shape in tables[slug].geometries}
        assert kinds == {standards[slug]["geometry_type"]}, slug


def test_every_value_fits_the_standard_layer(tables: dict[str, Table]) -> None:
    for slug, table in tables.items():
        schema = Schema.from_json(standard_layers()[slug]["schema"])
        for column in table.columns:
            field = schema.get(column.key)
            assert field is not None
            values = {plain(value) for value in column.values}
            issues = [issue for value in values for issue in field.issues_with(value)]
            assert issues == [], (slug, column.key)


def test_key_fields_are_unique_and_filled(tables: dict[str, Table]) -> None:
    keyed = {slug: item["key_field"] for slug, item in standard_layers().items() if item["key_field"]}
    for slug, key in keyed.items():
        values = list(tables[slug].column(key))
        assert all(values), slug
        assert len(set(values)) == len(values), slug
