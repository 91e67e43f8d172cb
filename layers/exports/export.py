"""The one function that makes a file of a layer, and what can go wrong with it."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from django.db import connections, transaction
from django.utils.translation import gettext_lazy as _

from gis_core import limits
from gis_core.errors import BadParameter, HromadaError
from layers.access import Reader, ReadSource, access_layer, read_source
from layers.models import Layer

# Format: the module that writes it (imported only then: some need heavy libraries) and the file's ending.
FORMATS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "geojson": ("layers.exports.geojson", ".geojson"),
        "geojsonseq": ("layers.exports.geojson", ".geojsonl"),
        "gpkg": ("layers.exports.gpkg", ".gpkg"),
        "shp": ("layers.exports.shapefile", ".zip"),
        "csv": ("layers.exports.table", ".csv"),
        "html": ("layers.exports.page", ".html"),
    }
)
WGS84 = 4326
_ONLY_WGS84 = ("geojson", "geojsonseq", "html")
ENCODINGS = ("utf-8", "cp1251")
GEOMETRIES = ("auto", "wkt", "lonlat")


class ExportFailed(HromadaError):
    code = "export-failed"
    status = 500
    message = _("Layer %(layer)s could not be written as %(format)s: %(reason)s Nothing was saved.")


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How to write. `crs` is an EPSG code (gpkg, shp, csv); `encoding` of a Shapefile's text (utf-8, cp1251);
    `delimiter`, `bom` and `geometry` (auto, wkt, lonlat) of CSV; `language` of an HTML map."""

    crs: int = WGS84
    encoding: str = "utf-8"
    delimiter: str = ","
    bom: bool = True
    geometry: str = "auto"
    language: str = "uk"
    on_progress: Callable[[int], None] = field(default=lambda rows: None)


@dataclass(frozen=True)
class Written:
    """What a format wrote: rows, and how often it could not hold a value, by kind (`LOSSES`)."""

    count: int
    losses: Mapping[str, int] = field(default_factory=dict)


LOSSES = MappingProxyType(
    {
        "cut_texts": _("texts longer than a Shapefile holds (254 bytes) were cut"),
        "replaced_letters": _("texts have letters that the encoding lacks; they became “?”"),
        "left_out": _("features have a geometry that the format cannot hold and are left out"),
        "simplified": _("features were simplified, so that a browser can draw them all"),
    }
)


@dataclass(frozen=True)
class Export:
    """A finished file: its features, its bytes, and what the format could not hold (empty: nothing)."""

    path: Path
    format: str
    count: int
    bytes: int
    losses: Mapping[str, int]


Writer = Callable[[ReadSource, str, Path, ExportOptions], Written]


def export_layer(
    *, user: Reader, layer: Layer, format: str, out: Path, options: ExportOptions | None = None
) -> Export:
    """Write what `user` may read of a layer into the file `out`, which is replaced whole or left alone.

    `format` is a key of FORMATS; "shp" makes a zip. One snapshot of the database is read. Raises
    LayerNotFound, BadParameter, ExportFailed, TooLarge (HTML of a layer that is too big for a browser).
    """
    options = options or ExportOptions()
    _check(format, out, options)
    layer = access_layer(user, layer.full_name)
    source = read_source(user, layer)
    module, ending = FORMATS[format]
    write: Writer = import_module(module).write
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
        unfinished = Path(folder) / f"export{ending}"
        with snapshot(source.alias):
            written = write(source, format, unfinished, options)
        size = unfinished.stat().st_size
        os.replace(unfinished, out)
    losses = {kind: count for kind, count in written.losses.items() if count}
    return Export(out, format, written.count, size, losses)


@contextmanager
def snapshot(alias: str) -> Iterator[None]:
    """One unchanging view of the database over `alias`, with time enough for a whole layer.

    Inside a transaction that is open already, its own view is kept.
    """
    connection = connections[alias]
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using=alias):
        with connection.cursor() as cursor:
            if is_outermost:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_timeout_ms()])
        yield


def _timeout_ms() -> str:
    return str(limits.value("export_statement_s") * 1000)


def _check(format: str, out: Path, options: ExportOptions) -> None:
    def refuse_unless(ok: bool, parameter: str, reason: object) -> None:
        if not ok:
            raise BadParameter(parameter=parameter, reason=reason)

    refuse_unless(format in FORMATS, "format", _("choose one of %s.") % ", ".join(FORMATS))
    refuse_unless(
        options.crs == WGS84 or format not in _ONLY_WGS84,
        "crs",
        _("%s is always in EPSG:4326; choose gpkg, shp or csv for another system.") % format,
    )
    refuse_unless(options.encoding in ENCODINGS, "encoding", _("choose one of %s.") % ", ".join(ENCODINGS))
    refuse_unless(options.geometry in GEOMETRIES, "geometry", _("choose one of %s.") % ", ".join(GEOMETRIES))
    refuse_unless(
        options.delimiter in (",", ";", "\t"), "delimiter", _("choose a comma, a semicolon or a tab.")
    )
    refuse_unless(out.parent.is_dir(), "out", _("there is no folder %s.") % out.parent)
    refuse_unless(not out.is_dir(), "out", _("%s is a folder.") % out)
