"""What the reading process gives: what a file holds, its rows as asked for, and how far it is."""

from pathlib import Path
from typing import Any

import pytest

from importers.errors import (
    EncodingNotKnown,
    FieldNotInFile,
    ImportProblem,
    LayerNotInFile,
)
from importers.sandbox import FieldMapping, convert_file, inspect_file, read_rows
from tests.importers.corpus import feature, feature_collection, shapefile_parts, zipped_shapefile
from tests.importers.sandboxed import three_parcels


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    return three_parcels(tmp_path)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_an_inspection_says_everything_a_person_needs_to_decide(sent: Path) -> None:
    found = inspect_file(sent, name="Ділянки громади.zip", local_srid=9832)
    [layer] = found.layers

    assert (found.name, found.format) == ("Ділянки громади.zip", "shapefile")
    assert (layer.name, layer.rows, layer.geometry_type) == ("шар", 3, "Polygon")
    assert (layer.encoding, layer.encoding_declared) == ("cp1251", "cpg")
    assert layer.crs is not None
    assert (layer.crs.code, layer.crs.how) == ("EPSG:4326", "declared")
    assert [(field.name, field.key, field.type, field.width) for field in layer.fields] == [
        ("NAZVA", "nazva", "string", 40)
    ]
    assert layer.samples == ({"NAZVA": "перша"}, {"NAZVA": "друга"}, {"NAZVA": "третя"})


def test_fields_are_renamed_retyped_and_left_out_as_asked(sent: Path, work: Path) -> None:
    fields = [FieldMapping("NAZVA", "name_uk", "text")]
    conversion = convert_file(sent, work=work, fields=fields, key_field="name_uk")
    [batch] = read_rows(conversion.rows_file)

    assert batch["properties"].to_pylist()[0] == '{"name_uk":"перша"}'
    assert batch["external_key"].to_pylist() == ["перша", "друга", "третя"]
    assert batch["row"].to_pylist() == [1, 2, 3]
    assert conversion.fields == (FieldMapping("NAZVA", "name_uk", "text"),)


def test_progress_is_told_and_its_listener_may_stop_the_work(sent: Path, work: Path) -> None:
    told: list[tuple[int, int]] = []
    convert_file(sent, work=work, on_progress=lambda done, of: told.append((done, of)))
    assert told == [(3, 3)]

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_file(sent, work=work, on_progress=stop)
    assert not (work / "out").exists()


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"layer": "інший"}, LayerNotInFile), ({"encoding": "klingon"}, EncodingNotKnown),
        ({"key_field": "KADNUM"}, FieldNotInFile), ({"fields": [FieldMapping("X", "x", "text")]}, FieldNotInFile),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_named(
    asked: dict[str, Any], problem: type[ImportProblem], sent: Path, work: Path
) -> None:
    with pytest.raises(problem):
        convert_file(sent, work=work, **asked)


def test_files_of_different_kinds_in_one_zip_are_listed_and_chosen_from(tmp_path: Path, work: Path) -> None:
    import zipfile

    path = zipped_shapefile(tmp_path / "all.zip", shapefile_parts(), stem="шари/межі")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "точки.geojson", feature_collection([feature('{"type":"Point","coordinates":[29.2,48.7]}')])
        )
    names = [layer.name for layer in inspect_file(path, work=work).layers]

    assert sorted(names) == ["межі", "точки"]
    assert convert_file(path, work=work, layer="точки").geometry_type == "Point"
    assert convert_file(path, work=work, layer="межі").geometry_type == "Polygon"
