"""CSV for spreadsheets and data portals: one row a feature, its place as lon/lat columns or as WKT."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import shapely
from psycopg2 import sql

from layers.access import ReadSource
from layers.exports import rows
from layers.exports.export import WGS84, ExportOptions, Written

_DIGITS_DEGREES, _DIGITS_METRES = 9, 4
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(source: ReadSource, format: str, out: Path, options: ExportOptions) -> Written:
    as_points = _wants_points(source, options)
    count = 0
    with out.open("w", encoding="utf-8-sig" if options.bom else "utf-8", newline="") as file:
        table = csv.writer(file, delimiter=options.delimiter, lineterminator="\r\n")
        table.writerow(["id", *(item.key for item in source.fields), *_place_names(options, as_points)])
        for block in _text_rows(source, options, as_points):
            table.writerows(block)
            count += len(block)
            options.on_progress(count)
    return Written(count)


def _wants_points(source: ReadSource, options: ExportOptions) -> bool:
    """Whether the place is two columns: asked for, or all features are single points."""
    if options.geometry != "auto":
        return options.geometry == "lonlat"
    return source.layer.geometry_type == "Point" and not rows.count_by_type(source).keys() - {"Point"}


def _place_names(options: ExportOptions, as_points: bool) -> list[str]:
    if not as_points:
        return ["WKT"]
    return ["longitude", "latitude"] if options.crs == WGS84 else ["x", "y"]


def _text_rows(source: ReadSource, options: ExportOptions, as_points: bool) -> Iterator[list[list[Any]]]:
    # Of a line or an area the two columns give a point on it, inside of it even where it is bent.
    place = sql.SQL("ST_AsBinary(ST_PointOnSurface(geom))" if as_points else "ST_AsBinary(geom)")
    transformed = rows.transformation(options.crs)
    places = _points(options) if as_points else _wkt(options)
    for block in rows.blocks(source, [sql.SQL("id"), *rows.visible_columns(source), place]):
        geometries = shapely.from_wkb(transformed([bytes(row[-1]) for row in block]))
        yield [
            [row[0], *map(cell, row[1:-1]), *where]
            for row, where in zip(block, places(geometries), strict=True)
        ]


def _points(options: ExportOptions) -> Callable[[Any], Sequence[Sequence[float]]]:
    digits = _digits(options)
    return lambda geometries: shapely.get_coordinates(geometries).round(digits).tolist()


def _wkt(options: ExportOptions) -> Callable[[Any], Sequence[Sequence[str]]]:
    digits = _digits(options)
    return lambda geometries: [
        [text] for text in shapely.to_wkt(geometries, rounding_precision=digits, trim=True)
    ]


def _digits(options: ExportOptions) -> int:
    return _DIGITS_METRES if rows.crs_of(options.crs).is_projected else _DIGITS_DEGREES


def cell(value: Any) -> Any:
    """A value as it stands in the table. Text that a spreadsheet would run as a formula gets an apostrophe
    before it (OWASP, “CSV injection”), which the import of tables takes away; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.lstrip("'").startswith(_FORMULA_STARTS) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
