"""A table: geometries with columns, each column carrying its DBF name and the key of the standard layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = {"text": "object", "int": "int32", "float": "float64", "date": "datetime64[D]"}
NO_DATE = "NaT"


@dataclass(frozen=True)
class Column:
    """`source` is the name in the file (at most 10 bytes), `key` the field of the standard layer."""

    source: str
    key: str
    values: NDArray[Any]


@dataclass(frozen=True)
class Table:
    """What becomes one shapefile. Geometries are in local metres until the writer moves them."""

    layer: str
    geometries: list[Any]
    columns: list[Column]

    def column(self, key: str) -> NDArray[Any]:
        return next(c.values for c in self.columns if c.key == key)


def table(layer: str, columns: str, rows: Iterable[Sequence[Any]]) -> Table:
    """A table from rows of geometry and values. `columns`: a line for each value, "SOURCE key type".

    Types are text (left out), int, float and date; a missing date is `NO_DATE`.
    """
    kept = list(rows)
    made = []
    for number, line in enumerate(columns.strip().splitlines(), start=1):
        source, key, *kind = line.split()
        values = np.asarray([row[number] for row in kept], dtype=DTYPES[kind[0] if kind else "text"])
        made.append(Column(source, key, values))
    return Table(layer, [row[0] for row in kept], made)
