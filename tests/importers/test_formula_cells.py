"""Texts that a spreadsheet would run leave with an apostrophe and come back without one."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers.sandbox import convert_file, inspect_file, read_rows
from layers.exports.table import cell
from tests.importers.corpus.tables import FORMULAS

TEXTS = [
    *FORMULAS,
    "'=1+1",
    "''@x",
    "'",
    "''",
    "'звичайний'",
    "О'Ґрейді",
    "=",
    "+380441234567",
    "-5 °C",
    "a=1",
]
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def written(path: Path, texts: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["zapys", "lon", "lat"], *([cell(text), 29.2, 48.7] for text in texts)])
    return path


def test_formulas_come_back_from_an_exported_table_as_they_were(tmp_path: Path) -> None:
    path = written(tmp_path / "export.csv", TEXTS)

    conversion = convert_file(path, work=tmp_path / "work")

    rows = [
        json.loads(row["properties"])
        for batch in read_rows(conversion.rows_file)
        for row in batch.to_pylist()
    ]
    assert [row["zapys"] for row in rows] == [text.strip() for text in TEXTS]
    assert [row["zapys"] for row in inspect_file(path).layers[0].samples] == TEXTS[:5]


@pytest.mark.parametrize("text", [*FORMULAS, "'=1+1", "＠x"])
def test_an_exported_cell_never_begins_as_a_formula(text: str) -> None:
    assert not cell(text).startswith(STARTS)


@given(st.text(alphabet="'=+-@＝a1 ", max_size=8))
@settings(max_examples=1_000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_exported_is_never_a_formula_and_no_two_texts_look_alike(text: str) -> None:
    import re

    from importers.readers.tabular import _ESCAPED

    assert not cell(text).startswith(STARTS)
    assert re.sub(_ESCAPED, r"\1", cell(text)) == text
