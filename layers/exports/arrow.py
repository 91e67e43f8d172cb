"""A layer as a stream of Arrow batches, which GDAL writes without a loop over rows in Python."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
from django.utils.translation import gettext as _
from psycopg2 import sql

from layers.access import ReadSource
from layers.exports import rows
from layers.exports.export import ExportFailed, ExportOptions

GEOMETRY = "geom"
TYPES = {
    "string": pa.string(), "text": pa.string(), "integer": pa.int64(), "number": pa.float64(),
    "boolean": pa.bool_(), "date": pa.date32(), "datetime": pa.timestamp("ms", "UTC"),
}  # fmt: skip

Convert = Callable[[Any], Any]


class LayerStream:
    """Batches with the columns id, the reader's fields and the geometry as WKB in `options.crs`.

    `names` and `types` of the fields may be changed for a poorer format, `converters` by the place of
    the field. `count` is right once the stream has been read.
    """

    def __init__(
        self,
        source: ReadSource,
        options: ExportOptions,
        *,
        names: Sequence[str] = (),
        types: Sequence[pa.DataType] = (),
        converters: dict[int, Convert] | None = None,
        geometry: sql.Composable | None = None,
        where: sql.Composable | None = None,
        done: int = 0,
    ) -> None:
        names = names or [item.key for item in source.fields]
        types = types or [TYPES[item.type] for item in source.fields]
        pairs = zip(names, types, strict=True)
        self.schema = pa.schema([("id", pa.int64()), *pairs, (GEOMETRY, pa.binary())])
        self.source, self.options, self.where = source, options, where
        self.geometry = geometry or sql.SQL(GEOMETRY)
        self.converters = converters or {}
        self.count, self._done = 0, done

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        columns = [
            sql.SQL("id"),
            *rows.visible_columns(self.source),
            sql.SQL("ST_AsBinary({})").format(self.geometry),
        ]
        transformed = rows.transformation(self.options.crs)
        for block in rows.blocks(self.source, columns, where=self.where):
            ids, *values, geometries = zip(*block, strict=True)
            for place, convert in self.converters.items():
                values[place] = tuple(map(convert, values[place]))
            # As bytes: pyarrow 26 never lets go of the memory behind a memoryview.
            arrays = [ids, *values, transformed(list(map(bytes, geometries)))]
            yield pa.record_batch(
                [pa.array(items, type=field.type) for items, field in zip(arrays, self.schema, strict=True)],
                schema=self.schema,
            )
            self.count += len(block)
            self.options.on_progress(self._done + self.count)


def write_stream(
    stream: LayerStream, out: Path, *, driver: str, name: str, geometry_type: str, **gdal: Any
) -> None:
    """Let GDAL write the stream to `out`. Raises ExportFailed."""
    try:
        pyogrio.write_arrow(
            stream.reader(), out, layer=name, driver=driver, geometry_name=GEOMETRY,
            geometry_type=geometry_type, crs=rows.crs_of(stream.options.crs).to_wkt(), **gdal,
        )  # fmt: skip
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        reason = _("the file could not be written; is the disk full?")
        raise ExportFailed(layer=stream.source.layer.full_name, format=driver, reason=reason) from error
