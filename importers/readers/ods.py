"""Reads OpenDocument spreadsheets row by row; repeated cells and rows are counted before they are made.

Format: OASIS Open Document Format 1.3, part 3, tables. Values only: of a formula what it last came to.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from importers.errors import OverLimit, SpreadsheetLocked
from importers.readers import guards
from importers.sandbox.protocol import DatasetRequest

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_ANNOTATION = f"{_OFFICE}annotation"
_PIECE = 256 * 1024
_WIDEST, _LONGEST_MANIFEST = 16_384, 64 * 1024


class _Cells:
    """Counts cells of all sheets, against the most that may be made."""

    def __init__(self, dataset: DatasetRequest, most: int) -> None:
        self._name, self._most, self._made = dataset.name, most, 0

    def make(self, count: int) -> None:
        self._made += count
        if self._made > self._most:
            raise OverLimit(name=self._name, limit="max_sheet_cells", found=self._made, allowed=self._most)


def sheets(path: Path, dataset: DatasetRequest, *, max_cells: int) -> Iterator[tuple[str, list[list[str]]]]:
    """Each sheet's name and rows of text; empty rows are left out. Raises OverLimit, DoctypeRefused."""
    cells = _Cells(dataset, max_cells)
    with zipfile.ZipFile(path) as packed, packed.open("content.xml") as part:
        if b"encryption-data" in _manifest(packed):
            raise SpreadsheetLocked(name=dataset.name)
        yield from _sheets(_events(part, dataset), cells)


def _manifest(packed: zipfile.ZipFile) -> bytes:
    try:
        with packed.open("META-INF/manifest.xml") as part:
            return part.read(_LONGEST_MANIFEST)
    except KeyError:
        return b""


def _events(part: Any, dataset: DatasetRequest) -> Iterator[tuple[str, ElementTree.Element]]:
    """Starts and ends of elements, as the file is read."""
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    piece = part.read(_PIECE)
    guards.refuse_doctype(piece, dataset.name, dataset.title)
    while piece:
        parser.feed(piece)
        yield from parser.read_events()
        piece = part.read(_PIECE)
    parser.close()
    yield from parser.read_events()


def _sheets(
    events: Iterator[tuple[str, ElementTree.Element]], cells: _Cells
) -> Iterator[tuple[str, list[list[str]]]]:
    rows: list[list[str]] = []
    for event, element in events:
        if event == "start" and element.tag == f"{_TABLE}table":
            rows = []
        elif event == "end" and element.tag == f"{_TABLE}table-row":
            row = _row(element, cells)
            times = _repeated(element, "rows")
            element.clear()
            if row:
                cells.make(times * len(row))
                rows.extend([row] * times)
        elif event == "end" and element.tag == f"{_TABLE}table":
            name = element.get(f"{_TABLE}name", "")
            element.clear()
            yield name, rows


def _row(element: ElementTree.Element, cells: _Cells) -> list[str]:
    """The cells up to the last that is filled; [] for an empty row."""
    row: list[str] = []
    empty = 0
    for cell in element:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        times, text = _repeated(cell, "columns"), _value(cell)
        if not text:
            empty = min(empty + times, _WIDEST)
            continue
        cells.make(empty + times)
        row += [""] * empty + [text] * times
        empty = 0
    return row


def _repeated(element: ElementTree.Element, what: str) -> int:
    said = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return max(1, int(said)) if said.isascii() and said.isdigit() and len(said) < 10 else 1


def _value(cell: ElementTree.Element) -> str:
    kind = cell.get(f"{_OFFICE}value-type", "")
    if kind in ("float", "currency", "percentage"):
        return cell.get(f"{_OFFICE}value", "")
    if kind == "date":
        return cell.get(f"{_OFFICE}date-value", "").replace("T", " ").removesuffix(" 00:00:00")
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value", "")
    lines = ["".join(_texts(line)) for line in cell if line.tag == f"{_TEXT}p"]
    return "\n".join(lines).strip()


def _texts(element: ElementTree.Element) -> Iterator[str]:
    """The text of a paragraph: spaces written as elements too, notes left out."""
    if element.tag == _ANNOTATION:
        return
    if element.tag == f"{_TEXT}s":
        yield " "
    yield element.text or ""
    for child in element:
        yield from _texts(child)
        yield child.tail or ""
