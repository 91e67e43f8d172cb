"""Reads a CSV table with coordinates without GDAL: encodings, separators and decimal commas as people write.

Runs in the sandbox. Coordinates are two columns of degrees or metres known by their names, or one column of
WKT.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyarrow import csv as pacsv

from importers.detect.encoding import Declaration
from importers.errors import EmptyLayer, OverLimit, Unreadable
from importers.readers.vector import Batch, LayerFacts
from importers.report import REJECTED, IssueLog
from importers.sandbox.protocol import DatasetRequest

_LON = {"lon", "lng", "long", "longitude", "довгота", "дов"}
_LAT = {"lat", "latitude", "широта", "шир"}
_X = {"x", "x_coord", "xcoord", "easting", "point_x", "coord_x"}
_Y = {"y", "y_coord", "ycoord", "northing", "point_y", "coord_y"}
_WKT = {"wkt", "geom", "geometry", "the_geom", "wkt_geom", "геометрія"}
_WKT_VALUE = re.compile(
    r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*(Z|M|ZM)?\s*\(", re.IGNORECASE
)
_SEPARATORS = ";,\t|"
_BLOCK = 4 * 1024 * 1024
_HEAD = 256 * 1024
_INTEGER = r"^\s*[+-]?(0|[1-9]\d{0,17})\s*$"
_NUMBER = r"^\s*[+-]?(0|[1-9]\d*)?([.,]\d+)?([eE][+-]?\d+)?\s*$"
_BOOLEAN = r"(?i)^\s*(true|false|так|ні|yes|no)\s*$"
_DATE = r"^\s*(\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4})\s*$"
_PATTERNS = {"integer": _INTEGER, "number": _NUMBER, "boolean": _BOOLEAN, "date": _DATE}  # narrowest first


@dataclass(frozen=True)
class Table:
    """How a table is written: separator, column names, and which columns hold the coordinates."""

    separator: str
    names: tuple[str, ...]
    x: int
    y: int
    wkt: int
    in_degrees: bool

    @property
    def has_geometry(self) -> bool:
        return self.wkt >= 0 or self.x >= 0

    @property
    def coordinates(self) -> frozenset[str]:
        """Names of the columns that become the geometry."""
        return frozenset(self.names[place] for place in (self.x, self.y, self.wkt) if place >= 0)


def facts(dataset: DatasetRequest, codec: str, *, max_fields: int, max_rows: int) -> LayerFacts:
    """What the table says of itself; `codec` "" where the file has to say. Reads the file twice."""
    path = Path(dataset.path)
    declaration, foreign = _encoding(path)
    reading = codec or (declaration.codec if declaration else "latin-1")
    table = _table(path, reading, dataset, max_fields)
    rows, types, bounds = _survey(path, table, reading, dataset)
    if bounds is None:
        table = replace(
            table, x=-1, y=-1, wkt=-1, in_degrees=False
        )  # columns of that name, but no coordinates in them
    if rows > max_rows:
        raise OverLimit(name=dataset.name, limit="max_import_features", found=rows, allowed=max_rows)
    return LayerFacts(
        name=dataset.name, inner="", dataset=dataset, rows=rows,
        geometry_type=_kind(path, table, reading, dataset),
        names=table.names, types=types, widths=(0,) * len(table.names),
        crs="EPSG:4326" if table.in_degrees else None, crs_is_of_the_format=False, bounds=bounds,
        declaration=declaration, foreign=foreign, left_out=table.coordinates,
    )  # fmt: skip


def batches(layer: LayerFacts, codec: str, issues: IssueLog | None = None) -> Iterator[Batch]:
    """All rows, columns as text, geometry as WKB. Rows with too many or too few columns are reported."""
    path, read = Path(layer.dataset.path), 0
    table = _table(path, codec, layer.dataset, len(layer.names))
    for batch in _text_batches(path, table, codec, layer.dataset, issues):
        columns = batch.columns
        yield Batch(read + 1, columns, _wkb(table, columns) if layer.geometry_type else None)
        read += batch.num_rows


def samples(layer: LayerFacts, codec: str, count: int) -> list[dict[str, object]]:
    """The first rows as dictionaries."""
    path = Path(layer.dataset.path)
    table = _table(path, codec, layer.dataset, len(layer.names))
    for batch in _text_batches(path, table, codec, layer.dataset, None):
        return [dict(zip(table.names, row.values(), strict=True)) for row in _renamed(batch.slice(0, count))]
    return []


# --- how it is written ---


def _encoding(path: Path) -> tuple[Declaration | None, list[bytes]]:
    """UTF-8 where the whole file is that (RFC 7111 makes it the default of CSV); else a question."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            marked = file.read(3) == codecs.BOM_UTF8
            file.seek(0)
            while piece := file.read(_BLOCK):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        with path.open("rb") as file:
            cells = re.split(rb"[;,\t\r\n|\"]", file.read(_BLOCK))
        foreign = dict.fromkeys(cell.strip() for cell in cells if not cell.isascii())
        return None, list(foreign)[:2_000]
    return Declaration("bom" if marked else "format", "utf-8"), []


def _table(path: Path, codec: str, dataset: DatasetRequest, max_fields: int) -> Table:
    with path.open("rb") as file:
        head = file.read(_HEAD).decode(codec, "replace").removeprefix("\ufeff")
    first = head.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    if first.count(separator) + 1 > max_fields + 3:
        found = first.count(separator) + 1
        raise OverLimit(name=dataset.name, limit="max_fields", found=found, allowed=max_fields)
    rows = list(csv.reader(head.splitlines()[:3], delimiter=separator))
    if not rows or not any(rows[0]):
        raise EmptyLayer(layer=dataset.name)
    names = tuple(name.strip() or f"column {place}" for place, name in enumerate(rows[0], 1))
    if len(names) > max_fields:
        raise OverLimit(name=dataset.name, limit="max_fields", found=len(names), allowed=max_fields)
    return _with_coordinates(separator, names, rows[1] if len(rows) > 1 else [])


def _with_coordinates(separator: str, names: tuple[str, ...], first: list[str]) -> Table:
    plain = [name.lower() for name in names]
    lon, lat = _first(plain, _LON), _first(plain, _LAT)
    x, y = _first(plain, _X), _first(plain, _Y)
    wkt = next((place for place, value in enumerate(first[: len(names)]) if _WKT_VALUE.match(value)), -1)
    wkt = wkt if wkt >= 0 else _first(plain, _WKT)
    if lon >= 0 and lat >= 0:
        return Table(separator, names, lon, lat, -1, in_degrees=True)
    if wkt >= 0:
        return Table(separator, names, -1, -1, wkt, in_degrees=False)
    if x >= 0 and y >= 0:
        return Table(separator, names, x, y, -1, in_degrees=False)
    return Table(separator, names, -1, -1, -1, in_degrees=False)


def _first(plain: list[str], known: set[str]) -> int:
    return next((place for place, name in enumerate(plain) if name in known), -1)


# --- rows ---


def _text_batches(
    path: Path, table: Table, codec: str, dataset: DatasetRequest, issues: IssueLog | None
) -> Iterator[pa.RecordBatch]:
    """Batches of text columns named c0, c1 ...: names in a file need not differ."""
    names = [f"c{place}" for place in range(len(table.names))]

    def malformed(row: pacsv.InvalidRow) -> str:
        if issues is not None:
            number = row.number - 1 if row.number else None
            issues.add(
                number, "row-malformed", REJECTED, found=row.actual_columns, expected=row.expected_columns
            )
        return "skip"

    try:
        with pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                use_threads=False, block_size=_BLOCK, column_names=names, skip_rows=1, encoding=codec
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=table.separator, newlines_in_values=True, invalid_row_handler=malformed
            ),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        ) as reader:
            yield from reader
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        raise Unreadable(name=dataset.name, format=dataset.title) from error


def _renamed(batch: pa.RecordBatch) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = batch.to_pylist()
    return rows


def _wkb(table: Table, columns: list[pa.Array]) -> pa.Array:
    if table.wkt >= 0:
        text = pc.replace_substring_regex(columns[table.wkt], r"^\s*SRID=\d+;", "")
        values = text.to_numpy(zero_copy_only=False)
        geoms = shapely.from_wkt(values, on_invalid="ignore")
        unreadable = shapely.is_missing(geoms) & text.is_valid().to_numpy(zero_copy_only=False)
        wkb = shapely.to_wkb(geoms)
        wkb[unreadable] = b"?"
        return pa.array(wkb, pa.binary())
    x, y = (_numbers(columns[place]) for place in (table.x, table.y))
    missing = np.isnan(x) | np.isnan(y)
    wkb = shapely.to_wkb(shapely.points(np.where(missing, 0.0, x), np.where(missing, 0.0, y)))
    wkb[missing] = None
    return pa.array(wkb, pa.binary())


def _numbers(column: pa.Array) -> np.ndarray:
    """Numbers with a point or a comma; NaN where there is none."""
    text = pc.replace_substring(pc.utf8_trim_whitespace(column), ",", ".")
    good = pc.match_substring_regex(text, r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$")
    return pc.if_else(good, text, None).cast(pa.float64()).to_numpy(zero_copy_only=False)


# --- what is in it ---


def _survey(
    path: Path, table: Table, codec: str, dataset: DatasetRequest
) -> tuple[int, tuple[str, ...], tuple[float, float, float, float] | None]:
    """Number of rows, the type that every value of each column fits, and the extent of the coordinates."""
    rows, low, high = 0, np.full(2, np.inf), np.full(2, -np.inf)
    fits = [dict.fromkeys(_PATTERNS, True) for _ in table.names]
    filled = [False] * len(table.names)
    for batch in _text_batches(path, table, codec, dataset, None):
        rows += batch.num_rows
        for place, column in enumerate(batch.columns):
            text = pc.if_else(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(column)), 0), None, column)
            filled[place] = filled[place] or text.null_count < len(text)
            for kind, pattern in _PATTERNS.items():
                if fits[place][kind]:
                    fits[place][kind] = pc.all(
                        pc.match_substring_regex(text, pattern).fill_null(True)
                    ).as_py()
        if table.has_geometry:
            boxes = shapely.bounds(shapely.from_wkb(_wkb(table, batch.columns), on_invalid="ignore"))
            boxes = boxes[np.isfinite(boxes).all(axis=1)]
            low = np.minimum(low, boxes[:, :2].min(axis=0, initial=np.inf))
            high = np.maximum(high, boxes[:, 2:].max(axis=0, initial=-np.inf))
    types = tuple(_type(fit, any_value) for fit, any_value in zip(fits, filled, strict=True))
    bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return rows, types, bounds if np.isfinite(bounds).all() else None


def _type(fits: dict[str, bool], any_value: bool) -> str:
    """The narrowest type; codes with a leading zero fit no number and stay text."""
    return next((kind for kind in _PATTERNS if fits[kind]), "string") if any_value else "string"


def _kind(path: Path, table: Table, codec: str, dataset: DatasetRequest) -> str:
    if table.wkt < 0:
        return "Point" if table.has_geometry else ""
    kinds: set[str] = set()
    for batch in _text_batches(path, table, codec, dataset, None):
        text = pc.utf8_upper(pc.replace_substring_regex(batch.column(table.wkt), r"^\s*(SRID=\d+;)?\s*", ""))
        words = pc.unique(pc.replace_substring_regex(text, r"^(MULTI)?([A-Z]+)[^$]*$", r"\2")).to_pylist()
        kinds.update(
            {"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon"}.get(w, "Geometry")
            for w in words
            if w
        )
    return kinds.pop() if len(kinds) == 1 else "Geometry"
