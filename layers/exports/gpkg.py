"""GeoPackage: one table, typed columns, spatial index."""

from pathlib import Path

from psycopg2 import sql

from layers.access import ReadSource
from layers.exports.arrow import GEOMETRY, LayerStream, write_stream
from layers.exports.export import ExportOptions, Written
from layers.exports.rows import count_by_type
from layers.models.catalogue import GeometryType, localised


def write(source: ReadSource, format: str, out: Path, options: ExportOptions) -> Written:
    layer = source.layer
    geometry_type, geometry = table_type(set(count_by_type(source)), layer.geometry_type)
    stream = LayerStream(source, options, geometry=geometry)
    write_stream(
        stream, out, driver="GPKG", name=layer.slug, geometry_type=geometry_type,
        layer_options={
            "GEOMETRY_NAME": GEOMETRY, "IDENTIFIER": layer.full_name,
            "DESCRIPTION": " ".join(filter(None, (localised(layer.title), layer.attribution, layer.licence))),
        },
    )  # fmt: skip
    return Written(stream.count)


def table_type(found: set[str], declared: str) -> tuple[str, sql.Composable]:
    """The geometry type of the table, and SQL of the geometry that fits it.

    Simple and multi-geometries of one kind make a multi table, which programs draw as one layer; a
    mixture of kinds makes a table of any geometry.
    """
    as_is = sql.SQL(GEOMETRY)
    kinds = {name.removeprefix("Multi") for name in found} or {declared}
    if len(kinds) > 1 or not kinds < {*GeometryType.values} - {GeometryType.ANY}:
        return "Unknown", as_is
    (kind,) = kinds
    if any(name.startswith("Multi") for name in found):
        return f"Multi{kind}", sql.SQL("ST_Multi({})").format(as_is)
    return kind, as_is
