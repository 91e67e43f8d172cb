"""Reads spreadsheets (XLSX, XLS, ODS): each sheet becomes a CSV in the child's own folder, then a table.

What a spreadsheet could do is taken away first: its XML may hold no document type, cells that stand far apart
or repeat a million times are counted before anything is made of them, and of an XLSX the library sees only a
copy that holds just what we read ourselves. Values only: formulas show what they last came to.
"""

import csv
import errno
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import python_calamine
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from gis_core import limits
from importers.errors import EmptyLayer, OverLimit, SpreadsheetLocked, Unreadable
from importers.readers import guards, headers, ods, tabular
from importers.readers.vector import LayerFacts
from importers.sandbox.protocol import DatasetRequest

_OLE = b"\xd0\xcf\x11\xe0"
_MOST_MERGED = 5_000
_WHOLE = 1e15
_PIECE = 1024 * 1024
_LONGEST_TAG = 1024
_NEEDED = re.compile(r"(\[Content_Types\]\.xml|_rels/\.rels|xl/.*\.(xml|rels))", re.IGNORECASE)
_SHEET = re.compile(r"xl/worksheets/[^/]*\.xml", re.IGNORECASE)
_NOT_NEEDED = re.compile(
    r"xl/(drawings|media|charts|embeddings|theme|printerSettings|calcChain)", re.IGNORECASE
)
_PLACE = re.compile(rb'<(?:\w+:)?(?:c|row)\s[^>]*?\br="([A-Z]{0,7})(\d{1,20})"')
_ERROR_TYPE = re.compile(rb'(<(?:\w+:)?c\s[^>]{0,200}?\bt=")e(")')


def facts(dataset: DatasetRequest, *, max_fields: int, max_rows: int) -> list[LayerFacts]:
    """A layer for each visible sheet that holds a table. Raises ImportProblem."""
    found: list[LayerFacts] = []
    nothing = True
    for name, rows in _sheets(dataset, max_rows):
        path = _written(rows, dataset)
        nothing = False
        sheet = replace(dataset, name=name, path=str(path))
        try:
            found.append(tabular.facts(sheet, "utf-8", max_fields=max_fields, max_rows=max_rows))
        except EmptyLayer:
            continue
    if not found:
        raise (
            Unreadable(name=dataset.name, format=dataset.title) if nothing else EmptyLayer(layer=dataset.name)
        )
    return [replace(found[0], name=dataset.name)] if len(found) == 1 else found


def _sheets(dataset: DatasetRequest, max_rows: int) -> Iterator[tuple[str, Iterable[list[str]]]]:
    path = Path(dataset.path)
    with _damage_told(dataset):
        if dataset.format == "ods":
            yield from ods.sheets(path, dataset, max_cells=limits.value("max_sheet_cells"))
            return
        if dataset.format == "xlsx":
            path = _repacked(path, dataset, max_rows)
        with CalamineWorkbook.from_path(str(path)) as workbook:
            for sheet in workbook.sheets_metadata:
                if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
                    yield sheet.name, _rows(workbook.get_sheet_by_name(sheet.name))


@contextmanager
def _damage_told(dataset: DatasetRequest) -> Iterator[None]:
    try:
        yield
    except python_calamine.PasswordError as error:
        raise SpreadsheetLocked(name=dataset.name) from error
    except (
        CalamineError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, LookupError, NotImplementedError, OSError,
        ElementTree.ParseError, RecursionError,
    ) as error:  # fmt: skip
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise  # no fault of the file
        if "assword" in str(error):
            raise SpreadsheetLocked(name=dataset.name) from error
        raise Unreadable(name=dataset.name, format=dataset.title) from error


# --- XLSX: what the library gets to see ---


def _repacked(path: Path, dataset: DatasetRequest, max_rows: int) -> Path:
    """A copy with only the parts that are read, each of exactly the bytes that we saw; sheets are measured.

    An error in a cell becomes its text, so that it is not taken for an empty one.
    """
    with path.open("rb") as file:
        if file.read(4) == _OLE:
            raise SpreadsheetLocked(name=dataset.name)
    copy = Path(tempfile.mkdtemp(prefix="sheets-")) / "book.xlsx"
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as target:
        for entry in packed.infolist():
            if _NEEDED.fullmatch(entry.filename) and not _NOT_NEEDED.match(entry.filename):
                with packed.open(entry) as part, target.open(entry.filename, "w") as copied:
                    is_sheet = bool(_SHEET.fullmatch(entry.filename))
                    for piece in _measured(part, dataset, max_rows) if is_sheet else _checked(part, dataset):
                        copied.write(piece)
    return copy


def _checked(part: Any, dataset: DatasetRequest) -> Iterator[bytes]:
    """The part piece by piece; no document type at its beginning."""
    piece = part.read(_PIECE)
    guards.refuse_doctype(piece, dataset.name, dataset.title)
    while piece:
        yield piece
        piece = part.read(_PIECE)


def _measured(part: Any, dataset: DatasetRequest, max_rows: int) -> Iterator[bytes]:
    """A sheet piece by piece, cut between tags. Raises OverLimit where its cells span too large an area."""
    most = limits.value("max_sheet_cells")  # a sheet is a full rectangle in memory, 32 bytes a cell
    right = bottom = 0
    before = b""
    for piece in _checked(part, dataset):
        text, before = _whole_tags(before + piece)
        for letters, digits in _PLACE.findall(text):
            right, bottom = max(right, _column(letters)), max(bottom, int(digits))
        if bottom > max_rows + headers.LOOK_AT:
            raise OverLimit(name=dataset.name, limit="max_import_features", found=bottom, allowed=max_rows)
        if right * bottom > most:
            raise OverLimit(name=dataset.name, limit="max_sheet_cells", found=right * bottom, allowed=most)
        yield _ERROR_TYPE.sub(rb"\1str\2", text)
    yield before


def _whole_tags(text: bytes) -> tuple[bytes, bytes]:
    """The text up to its last unfinished tag, and that."""
    cut = text.rfind(b"<", max(0, len(text) - _LONGEST_TAG))
    return (text, b"") if cut < 0 or b">" in text[cut:] else (text[:cut], text[cut:])


def _column(letters: bytes) -> int:
    """Number of a column called A, B, … AA, …; 0 for none."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


# --- sheets to rows of text ---


def _rows(sheet: CalamineSheet) -> Iterator[list[str]]:
    """The rows as text; a cell merged of several gives its value to each of them."""
    merged = _merged(sheet)
    values: dict[tuple[int, int], str] = {}
    top, left = sheet.start or (0, 0)
    for number, row in enumerate(sheet.iter_rows(), top):
        texts = [_text(value) for value in row]
        for column, origin in merged.get(number, ()):
            if 0 <= column - left < len(texts):
                texts[column - left] = values.setdefault(origin, texts[column - left])
        yield texts


def _merged(sheet: CalamineSheet) -> dict[int, list[tuple[int, tuple[int, int]]]]:
    """By row: the columns that belong to a merged cell, with the place where its value stands.

    Sideways only among the first rows: there it is the upper storey of a header.
    """
    cells: dict[int, list[tuple[int, tuple[int, int]]]] = {}
    for (top, left), (bottom, right) in (sheet.merged_cell_ranges or [])[:_MOST_MERGED]:
        wide = right if bottom < headers.LOOK_AT else left
        if (bottom - top + 1) * (wide - left + 1) <= _MOST_MERGED:
            for row in range(top, bottom + 1):
                cells.setdefault(row, []).extend((column, (top, left)) for column in range(left, wide + 1))
    return cells


def _text(value: Any) -> str:
    """A cell's value as a CSV would have it; dates as ISO, whole numbers without a point."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        hours, seconds = divmod(int(value.total_seconds()), 3600)
        return f"{hours}:{seconds // 60:02d}"
    return str(value)


def _written(rows: Iterable[list[str]], dataset: DatasetRequest) -> Path:
    """The rows as a CSV, without empty ones and without columns that are empty throughout the first rows."""
    with _damage_told(dataset):
        path = Path(tempfile.mkdtemp(prefix="sheet-")) / "source.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerows(row for row in rows if any(cell and not cell.isspace() for cell in row))
    return path
