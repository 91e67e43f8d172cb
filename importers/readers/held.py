"""Layers of small formats that are read as a whole: their rows are held as columns. Runs in the sandbox."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from importers.detect.encoding import Declaration
from importers.errors import OverLimit
from importers.readers import tabular
from importers.readers.vector import Batch, LayerFacts
from importers.report import IssueLog
from importers.sandbox.protocol import DatasetRequest

_BATCH = 5_000


@dataclass(frozen=True)
class HeldRow:
    """One row: its values by the names of the columns (text; absent: empty), and its geometry in the file's CRS."""

    values: dict[str, str]
    geometry: shapely.Geometry | None


@dataclass(frozen=True)
class Noted:
    """What a reader found wrong with a row (counted from 1; None: the file) while it read."""

    row: int | None
    rule: str
    done: str
    value: str = ""


@dataclass(frozen=True)
class HeldLayer(LayerFacts):
    """Facts of a layer, with its rows."""

    columns: tuple[pa.Array, ...] = ()
    wkb: pa.Array | None = None
    noted: tuple[Noted, ...] = field(default=())


def layer(
    dataset: DatasetRequest, name: str, rows: Sequence[HeldRow], *, types: dict[str, str] | None, crs: str | None,
    max_fields: int, max_rows: int, noted: Sequence[Noted] = (), declaration: Declaration | None = None,
    foreign: Sequence[bytes] = (),
) -> HeldLayer:  # fmt: skip
    """A layer of `rows`; columns stand in the order in which they first appear. `types` of the columns that are
    not text; None where the values have to tell. Raises OverLimit."""
    names = tuple(dict.fromkeys(key for row in rows for key in row.values))
    if len(names) > max_fields:
        raise OverLimit(name=dataset.name, limit="max_fields", found=len(names), allowed=max_fields)
    if len(rows) > max_rows:
        raise OverLimit(name=dataset.name, limit="max_import_features", found=len(rows), allowed=max_rows)
    geometries = np.array([row.geometry for row in rows], dtype=object)
    kinds = {item.geom_type.removeprefix("Multi") for item in geometries if item is not None}
    spatial = bool(kinds)
    columns = tuple(pa.array([row.values.get(key) for row in rows], pa.string()) for key in names)
    if types is None:
        types = {key: _narrowest(column) for key, column in zip(names, columns, strict=True)}
    return HeldLayer(
        name=name, inner=name, dataset=dataset, rows=len(rows),
        geometry_type="" if not spatial else kinds.pop() if len(kinds) == 1 else "Geometry",
        names=names, types=tuple(types.get(key, "string") for key in names), widths=(0,) * len(names),
        crs=crs if spatial else None, crs_is_of_the_format=False, bounds=_bounds(geometries) if spatial else None,
        declaration=declaration or (None if foreign else Declaration("format", "utf-8")), foreign=list(foreign),
        columns=columns,
        wkb=pa.array(shapely.to_wkb(geometries), pa.binary()) if spatial else None, noted=tuple(noted),
    )  # fmt: skip


def _narrowest(column: pa.Array) -> str:
    """The type that all values of the column fit."""
    fits = (
        kind
        for kind, pattern in tabular.PATTERNS.items()
        if pc.all(pc.match_substring_regex(column, pattern)).as_py()
    )
    return next(fits, "string") if column.null_count < len(column) else "string"


def _bounds(geometries: np.ndarray) -> tuple[float, float, float, float] | None:
    found = shapely.total_bounds(geometries)
    return tuple(map(float, found)) if np.isfinite(found).all() else None  # type: ignore[return-value]


def batches(layer: HeldLayer, issues: IssueLog | None) -> Iterator[Batch]:
    """The rows, and what was found wrong with them."""
    if issues is not None:
        for item in layer.noted:
            issues.add(item.row, item.rule, item.done, value=item.value)
    for start in range(0, layer.rows, _BATCH):
        columns = [column.slice(start, _BATCH) for column in layer.columns]
        yield Batch(start + 1, columns, layer.wkb.slice(start, _BATCH) if layer.wkb is not None else None)


def samples(layer: HeldLayer, count: int) -> list[dict[str, object]]:
    """The first rows as dictionaries."""
    lists = [column.slice(0, count).to_pylist() for column in layer.columns]
    return [dict(zip(layer.names, row, strict=True)) for row in zip(*lists, strict=True)]
