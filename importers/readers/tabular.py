"""Reads a CSV or TSV table without GDAL: encodings, separators and titles above the header as people write.

Runs in the sandbox. Spreadsheets come here too, each sheet as a CSV in UTF-8 (`spreadsheets`). Where the
coordinates stand is found by `coordinates`; a table without them is a layer without geometry.
"""

import codecs
import csv
import io
import re
import shutil
import tempfile
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyarrow import csv as pacsv

from importers.detect.encoding import Declaration, judge
from importers.detect.mixed import DAMAGED_UTF8, Halves, halves_of_lines
from importers.errors import EmptyLayer, OverLimit, Unreadable
from importers.readers import coordinates, headers
from importers.readers.coordinates import Coordinates
from importers.readers.formats import UTF_16
from importers.readers.vector import Batch, LayerFacts
from importers.report import NULLED, REJECTED, IssueLog
from importers.sandbox.protocol import DatasetRequest

_SEPARATORS = ";,\t|"
COPIED = "copied.csv"  # in UTF-8, whatever is said of the letters
_BLOCK = 4 * 1024 * 1024
_HEAD = 256 * 1024
_INTEGER = r"^\s*[+-]?(0|[1-9]\d{0,17})\s*$"
_NUMBER = r"^\s*[+-]?(0|[1-9]\d*)?([.,]\d+)?([eE][+-]?\d+)?\s*$"
_BOOLEAN = r"(?i)^\s*(true|false|так|ні|yes|no)\s*$"
_DATE = r"^\s*(\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4})\s*$"
_DATETIME = r"^\s*\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?\s*$"
PATTERNS = {
    "integer": _INTEGER, "number": _NUMBER, "boolean": _BOOLEAN, "date": _DATE, "datetime": _DATETIME,
}  # narrowest first  # fmt: skip
# What spreadsheets show where a formula has no value, in English, Ukrainian and Russian.
_CELL_ERROR = (
    r"^#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|Н/Д|ССЫЛКА!|ПОСИЛАННЯ!|ЗНАЧ!|ДЕЛ/0!|ДІЛ/0!|ИМЯ\?|ЧИСЛО!)$"
)

# An apostrophe before what a spreadsheet would run: exports put one there (OWASP, “CSV injection”), ours too.
_ESCAPED = r"^'('*[=+\-@\t\r\n＝＋－＠])"


@dataclass(frozen=True)
class Table:
    """How a table is written: separator, lines above the first row, column names, where coordinates stand."""

    separator: str
    skip: int
    names: tuple[str, ...]
    where: Coordinates

    @property
    def coordinates(self) -> frozenset[str]:
        """Names of the columns that become the geometry."""
        return frozenset(self.names[place] for place in self.where.places)


def in_utf8(dataset: DatasetRequest) -> DatasetRequest:
    """The table itself, or, of one in UTF-16, a copy in UTF-8 in the child's own folder. Raises Unreadable."""
    path = Path(dataset.path)
    with path.open("rb") as file:
        if not file.read(2).startswith(UTF_16):
            return dataset
    copy = Path(tempfile.mkdtemp(prefix="table-")) / COPIED
    try:
        with (
            path.open(encoding="utf-16", newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            shutil.copyfileobj(source, target, _BLOCK)
    except UnicodeError as error:
        raise Unreadable(name=dataset.name, format=dataset.title) from error
    return replace(dataset, path=str(copy))


def facts(dataset: DatasetRequest, codec: str, *, max_fields: int, max_rows: int) -> LayerFacts:
    """What the table says of itself; `codec` "" where the file has to say. Reads the file twice."""
    path = Path(dataset.path)
    declaration, foreign, halves = _encoding(path)
    reading = readable(codec or (declaration.codec if declaration else _likely(foreign)), foreign)
    table = _table(path, reading, dataset, max_fields)
    found = _survey(path, table, reading, dataset)
    if found.bounds is None:
        table = replace(table, where=Coordinates())  # columns of that name, but no coordinates in them
    if found.rows > max_rows:
        raise OverLimit(name=dataset.name, limit="max_import_features", found=found.rows, allowed=max_rows)
    return LayerFacts(
        name=dataset.name, inner="", dataset=dataset, rows=found.rows,
        geometry_type=_kind(path, table, reading, dataset),
        names=table.names, types=found.types, widths=(0,) * len(table.names),
        crs="EPSG:4326" if table.where.in_degrees else None, crs_is_of_the_format=False, bounds=found.bounds,
        declaration=declaration, foreign=foreign, left_out=table.coordinates | found.nameless, halves=halves,
    )  # fmt: skip


def readable(codec: str, foreign: list[bytes]) -> str:
    """The codec for a table that is UTF-8 but for single letters (`foreign` has them)."""
    return DAMAGED_UTF8 if foreign and codec == "utf-8" else codec


def batches(layer: LayerFacts, codec: str, issues: IssueLog | None = None) -> Iterator[Batch]:
    """All rows, columns as text, geometry as WKB. Rows with too many or too few columns are reported."""
    path, read, last = Path(layer.dataset.path), 0, 0
    table = _table(path, codec, layer.dataset, len(layer.names))
    malformed: list[int] = []
    for batch in _text_batches(path, table, codec, layer.dataset, issues, malformed):
        numbers = _numbers(last, batch.num_rows, malformed)
        columns = [
            _without_errors(column, table.names[at], numbers, issues)
            for at, column in enumerate(batch.columns)
        ]
        wkb = coordinates.wkb(table.where, columns) if layer.geometry_type else None
        yield Batch(read + 1, columns, wkb, numbers)
        read += batch.num_rows
        last = int(numbers[-1]) if len(numbers) else last


def _numbers(after: int, count: int, malformed: list[int]) -> np.ndarray:
    """The numbers of the next `count` rows after row `after`, without the malformed ones (ascending), of which
    those that are passed are taken from the list."""
    there = np.setdiff1d(np.arange(after + 1, after + 1 + count + len(malformed)), malformed)[:count]
    if len(there):
        del malformed[: bisect_left(malformed, int(there[-1]))]
    return there


def _without_errors(column: pa.Array, name: str, numbers: np.ndarray, issues: IssueLog | None) -> pa.Array:
    """The column with `#N/A` and the like left empty, each reported, and formulas as the texts they were."""
    column = _unescaped(column)
    bad = pc.match_substring_regex(column, _CELL_ERROR).fill_null(False)
    if not pc.any(bad).as_py():
        return column
    if issues is not None:
        for place in np.flatnonzero(bad.to_numpy(zero_copy_only=False)):
            value = column[int(place)].as_py()
            issues.add(int(numbers[place]), "cell-error", NULLED, field=name, value=value)
    return pc.if_else(bad, None, column)


def _unescaped(column: pa.Array) -> pa.Array:
    if not pc.any(pc.starts_with(column, "'")).as_py():
        return column
    return pc.replace_substring_regex(column, _ESCAPED, r"\1")


def samples(layer: LayerFacts, codec: str, count: int) -> list[dict[str, object]]:
    """The first rows as dictionaries."""
    path = Path(layer.dataset.path)
    table = _table(path, codec, layer.dataset, len(layer.names))
    for batch in _text_batches(path, table, codec, layer.dataset, None):
        columns = [_unescaped(column).to_pylist() for column in batch.slice(0, count).columns]
        return [dict(zip(table.names, row, strict=True)) for row in zip(*columns, strict=True)]
    return []


# --- how it is written ---


def _encoding(path: Path) -> tuple[Declaration | None, list[bytes], Halves | None]:
    """UTF-8 where the whole file is that (RFC 7111 makes it the default of CSV); else a question, with the cells that
    tell, and the lines in each of two encodings where they are mixed."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            marked = file.read(3) == codecs.BOM_UTF8
            file.seek(0)
            while piece := file.read(_BLOCK):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        halves = halves_of_lines(path)
        if halves.are_two:
            cells = zip_longest(*(_cells(b"\n".join(half)) for half in (halves.in_utf8, halves.others)))
            return None, [cell for pair in cells for cell in pair if cell], halves
        with path.open("rb") as file:
            return None, _cells(file.read(_BLOCK)), None
    return Declaration("bom" if marked else "format", "utf-8"), [], None


def _cells(text: bytes) -> list[bytes]:
    """Up to 2,000 different cells beyond ASCII."""
    cells = re.split(rb"[;,\t\r\n|\"]", text)
    return list(dict.fromkeys(cell.strip() for cell in cells if not cell.isascii()))[:2_000]


def _likely(foreign: list[bytes]) -> str:
    """The encoding to look at the table in, before anybody has decided; "latin-1" reads every byte."""
    verdict = judge(foreign)
    return verdict.encoding or (verdict.candidates[0].encoding if verdict.candidates else "latin-1")


def _table(path: Path, codec: str, dataset: DatasetRequest, max_fields: int) -> Table:
    with path.open("rb") as file:
        head = file.read(_HEAD).decode(codec, "replace").removeprefix("\ufeff")
    separator = _separator(head, dataset, max_fields)
    rows, ends = [], []
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
            if len(rows) == headers.LOOK_AT:
                break
    except csv.Error as error:
        raise Unreadable(name=dataset.name, format=dataset.title) from error
    at = headers.header_place(rows)
    if not rows or not any(rows[at]):
        raise EmptyLayer(layer=dataset.name)
    names = headers.column_names(rows[at])
    if len(names) > max_fields:
        raise OverLimit(name=dataset.name, limit="max_fields", found=len(names), allowed=max_fields)
    if at + 1 < len(rows) and headers.is_numbering(rows[at + 1]):
        at += 1
    return Table(separator, ends[at], tuple(names), coordinates.find(names, rows[at + 1 :]))


def _separator(head: str, dataset: DatasetRequest, max_fields: int) -> str:
    """The separator that gives the most rows of one and the same number of columns."""
    lines = head.splitlines()[: headers.LOOK_AT]
    found = max((line.count(mark) + 1 for line in lines for mark in _SEPARATORS), default=0)
    if found > 10 * max_fields:  # too wide even to look at
        raise OverLimit(name=dataset.name, limit="max_fields", found=found, allowed=max_fields)

    def evenness(mark: str) -> int:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark))
        except csv.Error:
            return 0
        return max((times * (width - 1) for width, times in widths.items()), default=0)

    return max(_SEPARATORS, key=evenness)


# --- rows ---


def _text_batches(
    path: Path, table: Table, codec: str, dataset: DatasetRequest, issues: IssueLog | None,
    left_out: list[int] | None = None,
) -> Iterator[pa.RecordBatch]:  # fmt: skip
    """Batches of text columns named c0, c1 ...: names in a file need not differ. `left_out` is given the numbers
    of the rows that have too many or too few of them."""
    names = [f"c{place}" for place in range(len(table.names))]

    def malformed(row: pacsv.InvalidRow) -> str:
        number = row.number - table.skip if row.number else None
        if number is not None and left_out is not None:
            left_out.append(number)
        if issues is not None:
            issues.add(
                number, "row-malformed", REJECTED, found=row.actual_columns, expected=row.expected_columns
            )
        return "skip"

    try:
        with pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                use_threads=False, block_size=_BLOCK, column_names=names, skip_rows=table.skip, encoding=codec
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=table.separator, newlines_in_values=True, invalid_row_handler=malformed
            ),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        ) as reader:
            yield from reader
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        raise Unreadable(name=dataset.name, format=dataset.title) from error


# --- what is in it ---


@dataclass(frozen=True)
class _Found:
    """Of a whole table: rows, the type of each column, extent, and columns without name and values."""

    rows: int
    types: tuple[str, ...]
    bounds: tuple[float, float, float, float] | None
    nameless: frozenset[str]


def _survey(path: Path, table: Table, codec: str, dataset: DatasetRequest) -> _Found:
    rows, low, high = 0, np.full(2, np.inf), np.full(2, -np.inf)
    fits = [dict.fromkeys(PATTERNS, True) for _ in table.names]
    filled = [False] * len(table.names)
    for batch in _text_batches(path, table, codec, dataset, None):
        rows += batch.num_rows
        for place, column in enumerate(batch.columns):
            column = _without_errors(column, "", np.arange(0), None)
            text = pc.if_else(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(column)), 0), None, column)
            filled[place] = filled[place] or text.null_count < len(text)
            for kind, pattern in PATTERNS.items():
                if fits[place][kind]:
                    fits[place][kind] = pc.all(
                        pc.match_substring_regex(text, pattern).fill_null(True)
                    ).as_py()
        if table.where.kind:
            wkb = coordinates.wkb(table.where, batch.columns)
            boxes = shapely.bounds(shapely.from_wkb(wkb, on_invalid="ignore"))
            boxes = boxes[np.isfinite(boxes).all(axis=1)]
            low = np.minimum(low, boxes[:, :2].min(axis=0, initial=np.inf))
            high = np.maximum(high, boxes[:, 2:].max(axis=0, initial=-np.inf))
    types = tuple(_type(fit, any_value) for fit, any_value in zip(fits, filled, strict=True))
    bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    nameless = frozenset(
        name for name, any_value in zip(table.names, filled, strict=True)
        if not any_value and name.startswith("column ")
    )  # fmt: skip
    return _Found(rows, types, bounds if np.isfinite(bounds).all() else None, nameless)


def _type(fits: dict[str, bool], any_value: bool) -> str:
    """The narrowest type; codes with a leading zero fit no number and stay text."""
    return next((kind for kind in PATTERNS if fits[kind]), "string") if any_value else "string"


def _kind(path: Path, table: Table, codec: str, dataset: DatasetRequest) -> str:
    if table.where.kind != "wkt":
        return "Point" if table.where.kind else ""
    kinds: set[str] = set()
    for batch in _text_batches(path, table, codec, dataset, None):
        bare = pc.utf8_trim(batch.column(table.where.x), " \t\r\n\"'")
        text = pc.utf8_upper(pc.replace_substring_regex(bare, r"^\s*(SRID=\d+;)?\s*", ""))
        words = pc.unique(pc.replace_substring_regex(text, r"^(MULTI)?([A-Z]+)[^$]*$", r"\2")).to_pylist()
        kinds.update(
            {"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon"}.get(w, "Geometry")
            for w in words
            if w
        )
    return kinds.pop() if len(kinds) == 1 else "Geometry"
