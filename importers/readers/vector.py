"""Reading a spatial file with GDAL, in batches of Arrow columns. Runs in the sandbox only.

Text of a Shapefile is asked from GDAL as ISO-8859-1, which keeps every byte, and decoded by us: then a wrong
byte is seen and reported instead of dropped.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from importers.detect import encoding
from importers.detect.crs import Bounds
from importers.detect.encoding import Declaration, Verdict
from importers.detect.mixed import Halves
from importers.errors import CountsDisagree, EncodingUnknown, OverLimit, Unreadable
from importers.fields import FieldInfo, field_keys
from importers.readers import guards
from importers.readers.shapefile import DbfHeader, read_dbf_header
from importers.sandbox.protocol import DatasetRequest

_READ_ERRORS = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    pa.ArrowException,
    OSError,
)
_OPTIONS = {
    "shapefile": {"encoding": "ISO-8859-1"},  # keeps every byte
    "gml": {"WRITE_GFS": "NO", "DOWNLOAD_SCHEMA": "NO"},
}
_LONGEST_BATCH, _USUAL_BATCH, _BATCH_BYTES = 5_000, 3_000, 8 * 1024 * 1024
_LOOK_AT_KINDS, _LOOK_AT_ONCE = 20_000, 500
_TYPES = {
    "OFTString": "string", "OFTInteger": "integer", "OFTInteger64": "integer", "OFTReal": "number",
    "OFTDate": "date", "OFTDateTime": "datetime", "OFTTime": "string",
}  # fmt: skip
_DATABASES = frozenset({"geopackage", "geodatabase", "sqlite"})
# The points of which a GPX's routes and tracks are made: GDAL lists them as layers of their own.
_PARTS_OF_LAYERS = {"gpx": {"route_points", "track_points"}}
_ALWAYS_WGS84 = frozenset({"kml", "gpx"})
# How a KML is drawn and how a GML is framed, not what they say.
_BOOKKEEPING = {
    "kml": {
        "tessellate",
        "extrude",
        "visibility",
        "drawOrder",
        "icon",
        "altitudeMode",
        "timestamp",
        "begin",
        "end",
    },
    "gml": {"lowerCorner", "upperCorner"},
}
_WKB_KINDS = {1: "Point", 2: "LineString", 3: "Polygon", 4: "Point", 5: "LineString", 6: "Polygon"}


@dataclass(frozen=True)
class LayerFacts:
    """What a layer says of itself, before anybody decides how to read it.

    `foreign` holds text values beyond ASCII, by which `verdict` judges the encoding; empty where there is
    no question. `halves` are the lines of a table in two encodings. `names` are the fields' names as GDAL
    gives them; `left_out` those that are no attribute (coordinates of a table).
    """

    name: str
    inner: str
    dataset: DatasetRequest
    rows: int
    geometry_type: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    widths: tuple[int, ...]
    crs: str | None
    crs_is_of_the_format: bool
    bounds: Bounds | None
    declaration: Declaration | None
    foreign: list[bytes] = field(default_factory=list)
    left_out: frozenset[str] = frozenset()
    halves: Halves | None = None

    @cached_property
    def verdict(self) -> Verdict:
        """The encoding by declaration and bytes; costs about 15 ms the first time."""
        return encoding.judge(self.foreign, self.declaration)

    def fields(self, codec: str) -> tuple[FieldInfo, ...]:
        """The fields, their names decoded and with keys; without those that only say how to draw."""
        names = [self.decoded_name(name, codec) for name in self.names]
        wanted = [place for place, name in enumerate(names) if not self.is_bookkeeping(name)]
        keys = field_keys(names[place] for place in wanted)
        return tuple(
            FieldInfo(names[place], key, self.types[place], self.widths[place])
            for place, key in zip(wanted, keys, strict=True)
        )

    def decoded_name(self, name: str, codec: str) -> str:
        if self.dataset.format != "shapefile" or name.isascii():
            return name
        return name.encode("latin-1", "replace").decode(codec or "latin-1", "replace").rstrip("\ufffd")

    def is_bookkeeping(self, name: str) -> bool:
        return name in self.left_out or name in _BOOKKEEPING.get(self.dataset.format, ())


@dataclass(frozen=True)
class Batch:
    """Rows from number `first` (a file's first is 1): columns in the order of the fields, and WKB.

    `numbers` are those of the rows where some between them were left out by the reader; `first` then counts
    the others alone.
    """

    first: int
    columns: list[pa.Array]
    wkb: pa.Array | None
    numbers: np.ndarray | None = None

    def row_numbers(self) -> np.ndarray:
        """The number of each row in its file."""
        return np.arange(self.first, self.first + len(self)) if self.numbers is None else self.numbers

    def __len__(self) -> int:
        return len(self.wkb) if self.wkb is not None else len(self.columns[0]) if self.columns else 0


def facts(dataset: DatasetRequest, *, max_fields: int, max_rows: int) -> list[LayerFacts]:
    """All layers of a dataset. Raises Unreadable or OverLimit, and what `guards` refuses."""
    guards.check(Path(dataset.path), dataset.format, dataset.title, dataset.name)
    with _damage_told(dataset):
        layers = pyogrio.list_layers(dataset.path)
        wanted = [str(name) for name, _ in layers if name not in _PARTS_OF_LAYERS.get(dataset.format, ())]
        found = [_facts(dataset, name, max_fields, max_rows) for name in wanted]
    if not found and dataset.format != "kml":  # only a KML may hold nothing but folders and links
        raise Unreadable(name=dataset.name, format=dataset.title)
    if len(found) == 1 and dataset.format not in _DATABASES:
        return [replace(found[0], name=dataset.name)]  # its own name is often "source" or the generator's
    return found


def batches(layer: LayerFacts, codec: str, on_damage: "DamageReport") -> Iterator[Batch]:
    """All rows of a layer, in flat memory. Raises Unreadable where the file breaks off, EncodingUnknown."""
    read = 0
    with _damage_told(layer.dataset), _open(layer, batch_size=_batch_size(layer)) as (geometry, reader):
        for batch in reader:
            columns = [column for place, column in enumerate(batch.columns) if place != geometry]
            wkb = batch.column(geometry) if geometry >= 0 else None
            yield Batch(read + 1, _decoded(layer, columns, codec, read, on_damage), wkb)
            read += batch.num_rows
    if layer.rows > read:
        raise CountsDisagree(name=layer.name, expected=layer.rows, found=read)


def samples(layer: LayerFacts, codec: str, count: int) -> list[dict[str, object]]:
    """The first rows as dictionaries of the fields' names."""
    names = [layer.decoded_name(name, codec) for name in layer.names]
    ignore = DamageReport()
    with _damage_told(layer.dataset), _open(layer, batch_size=count) as (geometry, reader):
        for batch in islice(reader, 1):
            columns = [column for place, column in enumerate(batch.columns) if place != geometry]
            lists = [column.to_pylist() for column in _decoded(layer, columns, codec or "latin-1", 0, ignore)]
            rows = zip(*lists, strict=True) if lists else ()
            return [
                {
                    name: value
                    for name, value in zip(names, row, strict=True)
                    if not layer.is_bookkeeping(name)
                }
                for row in rows
            ]
    return []


def attributes(layer: LayerFacts, codec: str, first: int, count: int) -> Iterator[list[pa.Array]]:
    """Columns without geometry of `count` rows from the place `first` (0 is the first), in batches."""
    ignore = DamageReport()
    options = {"read_geometry": False, "skip_features": first, "batch_size": min(count, _LONGEST_BATCH)}
    with _damage_told(layer.dataset), _open(layer, **options) as (_, reader):
        for batch in islice(reader, -(-count // options["batch_size"])):
            yield _decoded(layer, list(batch.columns), codec or "latin-1", first, ignore)


class DamageReport:
    """Told of every value that could not be decoded; does nothing unless overridden."""

    def damaged(self, row: int, field_name: str, value: str) -> None:
        pass


@contextmanager
def _damage_told(dataset: DatasetRequest) -> Iterator[None]:
    """What GDAL and Arrow raise on a file they cannot read becomes Unreadable; their text goes to the log."""
    try:
        yield
    except _READ_ERRORS as error:
        if "too complex/large" in str(error):  # GeoJSON driver: one feature takes more than 200 MB of memory
            raise OverLimit(
                name=dataset.name, limit="max_vertices", found="> 200 MB", allowed="200 MB"
            ) from error
        raise Unreadable(name=dataset.name, format=dataset.title) from error


# --- facts ---


def _facts(dataset: DatasetRequest, inner: str, max_fields: int, max_rows: int) -> LayerFacts:
    info = pyogrio.read_info(
        dataset.path, layer=inner, force_feature_count=True, force_total_bounds=True, **open_options(dataset)
    )
    if len(info["fields"]) > max_fields:
        raise OverLimit(name=dataset.name, limit="max_fields", found=len(info["fields"]), allowed=max_fields)
    if info["features"] > max_rows:
        raise OverLimit(
            name=dataset.name, limit="max_import_features", found=info["features"], allowed=max_rows
        )
    _refuse_lost_lines(dataset, info["features"])
    header = _dbf(dataset)
    declaration, foreign = _encoding(dataset, header)
    names = tuple(map(str, info["fields"]))
    return LayerFacts(
        name=inner,
        inner=inner,
        dataset=dataset,
        rows=max(0, info["features"] - _deleted(dataset, header)),
        geometry_type=_geometry_type(dataset, inner, info["geometry_type"]),
        names=names,
        types=tuple(map(_type, info["ogr_types"], info["ogr_subtypes"])),
        widths=tuple(width for *_, width in header.fields) if header else (0,) * len(names),
        crs=_prj(dataset) if dataset.format == "shapefile" else info["crs"],
        crs_is_of_the_format=dataset.format in _ALWAYS_WGS84,
        bounds=_bounds(info["total_bounds"]),
        declaration=declaration,
        foreign=foreign,
    )


def _refuse_lost_lines(dataset: DatasetRequest, features: int) -> None:
    """GDAL passes over a broken line of GeoJSONL in silence: a line is a feature, so we count."""
    if dataset.format != "geojsonseq":
        return
    with Path(dataset.path).open("rb") as file:
        start = file.read(1)
        lines = sum(line.count(b"\x1e") if start == b"\x1e" else bool(line.strip()) for line in file)
    expected = lines + int(start == b"\x1e")
    if features < expected:
        raise CountsDisagree(name=dataset.name, expected=expected, found=features)


def open_options(dataset: DatasetRequest) -> dict[str, str]:
    """What GDAL is told when it opens a file of this format."""
    return _OPTIONS.get(dataset.format, {})


def _type(ogr_type: str, subtype: str) -> str:
    if subtype == "OFSTBoolean":
        return "boolean"
    return "text" if subtype == "OFSTJSON" else _TYPES.get(ogr_type, "text")


def _dbf(dataset: DatasetRequest) -> DbfHeader | None:
    dbf = Path(dataset.path).with_suffix(".dbf")
    if dataset.format != "shapefile" or not dbf.exists():
        return None
    return read_dbf_header(dbf, dataset.name)


def _deleted(dataset: DatasetRequest, header: DbfHeader | None) -> int:
    """Rows marked as deleted: GDAL counts them and then passes over them."""
    if header is None or not header.records:
        return 0
    dbf = Path(dataset.path).with_suffix(".dbf")
    return sum(int((records[:, 0] == ord("*")).sum()) for records in encoding.records_of(dbf, header))


def _encoding(dataset: DatasetRequest, header: DbfHeader | None) -> tuple[Declaration | None, list[bytes]]:
    if header is None:
        return Declaration("format", "utf-8"), []
    path = Path(dataset.path)
    said = encoding.declared(path.with_name("declared.cpg"), header)
    if said is not None:
        return said, encoding.some_foreign_values(path.with_suffix(".dbf"), header)
    foreign = encoding.foreign_values(path.with_suffix(".dbf"), header)
    return (None, foreign) if foreign else (Declaration("ascii", "utf-8"), [])


def _prj(dataset: DatasetRequest) -> str | None:
    prj = Path(dataset.path).with_name("declared.prj")
    return prj.read_bytes()[:65_536].decode("utf-8", "replace") if prj.exists() else None


def _bounds(found: object) -> Bounds | None:
    if not isinstance(found, tuple) or not all(map(math.isfinite, found)):
        return None
    return found


def _geometry_type(dataset: DatasetRequest, inner: str, said: str | None) -> str:
    """Point, LineString, Polygon, Geometry or "": as declared, else of the first 20,000 rows."""
    if said is None:
        return ""
    plain = (
        said.removeprefix("2.5D ")
        .removeprefix("3D ")
        .removeprefix("Measured ")
        .removeprefix("Multi")
        .split()[0]
    )
    if plain in _WKB_KINDS.values():
        return plain
    kinds: set[str] = set()
    with pyogrio.open_arrow(
        dataset.path,
        layer=inner,
        columns=[],
        batch_size=_LOOK_AT_ONCE,
        use_pyarrow=True,
        **open_options(dataset),
    ) as (_, reader):
        for batch in islice(reader, _LOOK_AT_KINDS // _LOOK_AT_ONCE):
            kinds.update(_WKB_KINDS.get(code, "Geometry") for code in _wkb_codes(batch.columns[-1]))
    return kinds.pop() if len(kinds) == 1 else "Geometry"


def _wkb_codes(column: pa.Array) -> set[int]:
    """Geometry type codes of the geometries that are not empty."""
    return {
        int.from_bytes(wkb[1:5], "little" if wkb[0] else "big") % 1000
        for wkb in column.to_pylist()
        if wkb is not None and len(wkb) > 9 and not (wkb[1] == 7 and wkb[5:9] == bytes(4))
    }


# --- rows ---


class _open:  # noqa: N801 - used like the function it wraps
    """Arrow reader of a layer and the place of its geometry column (-1: none)."""

    def __init__(self, layer: LayerFacts, **options: int) -> None:
        self._opened = pyogrio.open_arrow(
            layer.dataset.path, layer=layer.inner, use_pyarrow=True, **options, **open_options(layer.dataset)
        )
        self._has_geometry = bool(layer.geometry_type)

    def __enter__(self) -> tuple[int, pa.RecordBatchReader]:
        meta, reader = self._opened.__enter__()
        if not self._has_geometry:
            return -1, reader
        return reader.schema.get_field_index(meta["geometry_name"] or "wkb_geometry"), reader

    def __exit__(self, *error: object) -> None:
        self._opened.__exit__(*error)


def _batch_size(layer: LayerFacts) -> int:
    """Rows that together take about 8 MB, judged by the file's size: few where geometries are large."""
    size = sum(part.stat().st_size for part in Path(layer.dataset.path).parent.rglob("*"))
    return max(1, min(_USUAL_BATCH, _BATCH_BYTES * max(layer.rows, 1) // max(size, 1)))


def _decoded(
    layer: LayerFacts, columns: list[pa.Array], codec: str, before: int, on_damage: DamageReport
) -> list[pa.Array]:
    from_bytes = layer.dataset.format == "shapefile"
    done = []
    for name, column in zip(layer.names, columns, strict=True):
        if pa.types.is_string(column.type):
            if from_bytes:
                column, damaged = encoding.decode_column(column, codec)
                for place in damaged:
                    decoded_name = layer.decoded_name(name, codec)
                    on_damage.damaged(before + int(place) + 1, decoded_name, column[int(place)].as_py())
            else:
                column = _valid_utf8(layer, column, codec)
        done.append(column)
    return done


def _valid_utf8(layer: LayerFacts, column: pa.Array, codec: str) -> pa.Array:
    """Text of a format that says it is UTF-8, or of a MapInfo or DXF file that does not say what it is."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = column.cast(pa.binary()).to_pylist()
        if codec in ("", "utf-8"):
            bad = [value for value in raw if value is not None and not value.isascii()]
            raise _question(layer, bad) from None
        return pa.array(
            [None if value is None else value.decode(codec, "replace") for value in raw], pa.string()
        )
    return column


def _question(layer: LayerFacts, values: list[bytes]) -> EncodingUnknown:
    return encoding.unknown(layer.name, values)
