"""Zipped Shapefiles: one for each kind of geometry, with a table of what their short names stand for.

The format knows names of 10 bytes, texts of 254, no time of day and one kind of geometry a file; what
does not fit is counted, so that the reader can be told.
"""

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from psycopg2 import sql

from layers.access import ReadSource
from layers.exports.arrow import TYPES, LayerStream, write_stream
from layers.exports.export import ExportOptions, Written
from layers.exports.rows import count_by_type
from layers.models.catalogue import GeometryType

LONGEST_NAME, LONGEST_TEXT = 10, 254
_GROUPS = (
    ("points", ("Point",)),
    ("multipoints", ("MultiPoint",)),
    ("lines", ("LineString", "MultiLineString")),
    ("areas", ("Polygon", "MultiPolygon")),
)
_DECLARED = {GeometryType.POINT: "points", GeometryType.LINE: "lines"}


def write(source: ReadSource, format: str, out: Path, options: ExportOptions) -> Written:
    found = count_by_type(source)
    losses: Counter[str] = Counter()
    folder = out.parent / "parts"
    folder.mkdir()
    groups = [(name, types) for name, types in _GROUPS if found.keys() & set(types)]
    if not groups:
        declared = _DECLARED.get(GeometryType(source.layer.geometry_type), "areas")
        groups = [group for group in _GROUPS if group[0] == declared]
    known = {kind for _name, types in _GROUPS for kind in types}
    losses["left_out"] = sum(count for kind, count in found.items() if kind not in known)
    count = 0
    for name, types in groups:
        file_name = source.layer.slug if len(groups) == 1 else f"{source.layer.slug}_{name}"
        count += _write_one(source, folder / f"{file_name}.shp", types, options, losses, done=count)
    (folder / "fields.json").write_text(_field_table(source), encoding="utf-8")
    _pack(folder, out)
    return Written(count, losses)


def _write_one(
    source: ReadSource,
    path: Path,
    types: Sequence[str],
    options: ExportOptions,
    losses: Counter[str],
    *,
    done: int,
) -> int:
    texts = {"string", "text"}
    converters: dict[int, Callable[[Any], Any]] = {
        place: _fitting_text(options.encoding, losses)
        for place, item in enumerate(source.fields)
        if item.type in texts
    }
    for place, item in enumerate(source.fields):
        if item.type == "datetime":
            converters[place] = lambda value: value and value.isoformat()
    stream = LayerStream(
        source, options, converters=converters, done=done, names=short_names(source),
        types=[pa.string() if item.type == "datetime" else TYPES[item.type] for item in source.fields],
        where=sql.SQL("substr(ST_GeometryType(geom), 4) IN ({})").format(
            sql.SQL(", ").join(map(sql.Literal, types))
        ),
    )  # fmt: skip
    geometry_type = types[0]  # a Shapefile of lines or areas holds their multi-geometries too
    write_stream(
        stream, path, driver="ESRI Shapefile", name=path.stem, geometry_type=geometry_type,
        encoding="UTF-8" if options.encoding == "utf-8" else "CP1251",
    )  # fmt: skip
    return stream.count


def short_names(source: ReadSource) -> list[str]:
    """The fields' keys in 10 characters, each different: of cadastral_number and cadastral_zone the first
    becomes cadastral_, the second cadastra_2."""
    taken = {"id"}
    names = []
    for item in source.fields:
        name, number = item.key[:LONGEST_NAME], 2
        while name in taken:
            ending = f"_{number}"
            name, number = item.key[: LONGEST_NAME - len(ending)] + ending, number + 1
        taken.add(name)
        names.append(name)
    return names


def _fitting_text(encoding: str, losses: Counter[str]) -> Callable[[str | None], str | None]:
    """A function that makes a text fit: letters of the encoding, 254 bytes, cut between letters."""

    def fit(text: str | None) -> str | None:
        if text is None or (text.isascii() and len(text) <= LONGEST_TEXT):
            return text
        if encoding == "cp1251":
            text = text.replace("\u02bc", "\u2019")  # the letter apostrophe, which cp1251 lacks
        packed = text.encode(encoding, "replace")
        if encoding == "cp1251" and packed.decode(encoding) != text:
            losses["replaced_letters"] += 1
        if len(packed) > LONGEST_TEXT:
            losses["cut_texts"] += 1
            packed = packed[:LONGEST_TEXT]
        return packed.decode(encoding, "ignore")

    return fit


def _field_table(source: ReadSource) -> str:
    layer = source.layer
    fields = [
        {"name": name, "key": item.key, "title": dict(item.title), "type": item.type, "unit": item.unit}
        for name, item in zip(short_names(source), source.fields, strict=True)
    ]
    about = {
        "layer": layer.full_name, "title": layer.title, "licence": layer.licence,
        "attribution": layer.attribution, "fields": fields,
    }  # fmt: skip
    return json.dumps(about, ensure_ascii=False, indent=1)


def _pack(folder: Path, out: Path) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
