"""Sound files cut at any place, or called something else: refused clearly, or read as what they still are."""

from pathlib import Path

import pytest

from importers.errors import ImportProblem
from importers.sandbox import convert_file, inspect_file
from tests.importers.true_files import TRUE_FILES

CUTS = 10
OTHERS = (".kml", ".geojson", ".csv", ".gpkg", ".zip")
# Text that goes on line by line does not say where it ends.
WITHOUT_END = {".csv", ".tsv", ".geojsonl", ".in4"}
ENDS = {
    "nothing-left",
    "unreadable-file", "truncated-file", "archive-damaged", "empty-layer", "empty-file", "no-geometry",
    "counts-disagree",
    "content-mismatch", "over-limit", "archive-empty", "not-geojson", "missing-part", "not-a-spatial-file",
    "format-not-supported", "not-this-xml", "import-reader-stopped", "archive-method", "archive-overlap",
}  # fmt: skip


def read(path: Path, work: Path, name: str) -> tuple[str, int]:
    """The code of the refusal, or "" and the rows of the longest layer, as an import would read them."""
    try:
        layer = max(inspect_file(path, work=work, name=name).layers, key=lambda item: item.rows)
        return "", convert_file(
            path, work=work, name=name, layer=layer.name, geometry_type="" if layer.geometry_type else "Table",
            crs="" if layer.crs or not layer.geometry_type else "9832", encoding=layer.encoding or "cp1251",
        ).converted  # fmt: skip
    except ImportProblem as problem:
        return problem.code, 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("extension", TRUE_FILES)
def test_a_file_cut_anywhere_is_refused_or_reads_as_what_is_left(extension: str, tmp_path: Path) -> None:
    path = TRUE_FILES[extension](tmp_path)
    whole = path.read_bytes()
    code, rows = read(path, tmp_path / "work", path.name)
    assert (code, rows > 0) == ("", True)
    wrong = []
    for place in range(CUTS):
        path.write_bytes(whole[: len(whole) * place // CUTS])
        code, left = read(path, tmp_path / "work", path.name)
        assert not code or code in ENDS
        if not code and (left > rows if extension in WITHOUT_END else left != rows):
            wrong.append((place, left))
    assert wrong == [], f"of {rows} rows these were read of a cut file, and nobody was told"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("extension", TRUE_FILES)
def test_a_file_that_is_called_something_else_is_refused(extension: str, tmp_path: Path) -> None:
    path = TRUE_FILES[extension](tmp_path)
    for other in [item for item in OTHERS if item != extension][:5]:
        code, rows = read(path, tmp_path / "work", f"true{other}")
        as_it_is = {
            (".gdb.zip", ".zip"),
            (".tsv", ".csv"),
            (".kmz", ".zip"),
            (".in4", ".csv"),
            (".geojsonl", ".geojson"),
            (".dxf", ".csv"),
        }
        assert code or (extension, other) in as_it_is, (other, rows)
