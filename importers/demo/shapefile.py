"""Writes polygon shapefiles in bulk: records are laid out by numpy, hundreds of thousands a second.

Format: ESRI Shapefile Technical Description (July 1998) and dBASE III; polygons of one ring only.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

POLYGON = 5
RECORD_WORDS = 14  # of 32 bits before the points: record header, type, box, counts
HEADER_BYTES = 100
CP1251 = 0xC9  # language driver of dBASE
END_OF_FILE = b"\x1a"


@dataclass(frozen=True)
class TextField:
    """A text column of `width` bytes in cp1251; longer values are an error, not cut."""

    name: str
    width: int

    kind = b"C"
    decimals = 0

    def cells(self, values: Sequence[str] | NDArray[Any]) -> NDArray[np.bytes_]:
        known: dict[str, bytes] = {}
        for value in values:
            if value not in known:
                known[value] = value.encode("cp1251").ljust(self.width)
                if len(known[value]) > self.width:
                    raise ValueError(f"“{value}” is longer than {self.width} bytes of {self.name}")
        return np.array([known[value] for value in values], dtype=f"S{self.width}")


@dataclass(frozen=True)
class NumberField:
    """A number column, written with a fixed number of decimals."""

    name: str
    width: int
    decimals: int

    kind = b"N"

    def cells(self, values: NDArray[np.float64]) -> NDArray[np.bytes_]:
        text = [f"{value:{self.width}.{self.decimals}f}" for value in values.tolist()]
        return np.array(text, dtype=f"S{self.width}")


class PolygonShapefile:
    """`path` names the .shp; .shx, .dbf, .cpg and .prj appear beside it. Use as a context manager."""

    def __init__(self, path: Path, fields: Sequence[TextField | NumberField], srid: int) -> None:
        self.fields = list(fields)
        self.rows = 0
        self.box = np.array([np.inf, np.inf, -np.inf, -np.inf])
        path.with_suffix(".cpg").write_text("1251", encoding="ascii")
        path.with_suffix(".prj").write_text(CRS.from_epsg(srid).to_wkt("WKT1_ESRI"), encoding="ascii")
        self.shp, self.shx, self.dbf = (path.with_suffix(s).open("wb") for s in (".shp", ".shx", ".dbf"))
        self.shp.write(bytes(HEADER_BYTES))
        self.shx.write(bytes(HEADER_BYTES))
        self.dbf.write(self._dbf_header())

    def __enter__(self) -> PolygonShapefile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.dbf.write(END_OF_FILE)
        for file, header in ((self.shp, self._header), (self.shx, self._header)):
            content = header(file)
            file.seek(0)
            file.write(content)
        self.dbf.seek(0)
        self.dbf.write(self._dbf_header())
        for file in (self.shp, self.shx, self.dbf):
            file.close()

    def append(self, coords: NDArray[np.float64], ends: NDArray[np.int64], columns: dict[str, Any]) -> None:
        """Closed clockwise rings one after another (`ends` with a leading 0) and their values by field name."""
        sizes = np.diff(ends)
        words = RECORD_WORDS + 4 * sizes
        starts = np.concatenate([[0], np.cumsum(words)[:-1]])
        numbers = np.arange(self.rows + 1, self.rows + 1 + len(sizes))
        index = np.column_stack([self.shp.tell() // 2 + 2 * starts, 2 * (words - 2)]).astype(">i4")
        self.shp.write(self._records(coords, ends, numbers, words, starts).tobytes())
        self.shx.write(index.tobytes())
        self.dbf.write(self._rows(columns, len(sizes)).tobytes())
        self.rows += len(sizes)

    def _records(
        self, coords: NDArray[np.float64], ends: NDArray[np.int64], numbers: NDArray[np.int64],
        words: NDArray[np.int64], starts: NDArray[np.int64],
    ) -> NDArray[np.int32]:  # fmt: skip
        coords = np.ascontiguousarray(coords, dtype="<f8")
        low = np.minimum.reduceat(coords, ends[:-1], axis=0)
        high = np.maximum.reduceat(coords, ends[:-1], axis=0)
        self.box = np.concatenate(
            [np.minimum(self.box[:2], low.min(axis=0)), np.maximum(self.box[2:], high.max(axis=0))]
        )
        head = np.zeros((len(words), RECORD_WORDS), dtype="<i4")
        head[:, 0:2] = np.column_stack([numbers, 2 * (words - 2)]).astype(">i4").view("<i4")
        head[:, 2] = POLYGON
        head[:, 3:11] = np.hstack([low, high]).astype("<f8").view("<i4")
        head[:, 11], head[:, 12] = 1, np.diff(ends)
        buffer = np.empty(int(words.sum()), dtype="<i4")
        is_head = np.zeros(len(buffer), dtype=bool)
        is_head[(starts[:, None] + np.arange(RECORD_WORDS)).ravel()] = True
        buffer[is_head] = head.ravel()
        buffer[~is_head] = coords.view("<i4").ravel()
        return buffer

    def _rows(self, columns: dict[str, Any], count: int) -> NDArray[Any]:
        layout = [("deleted", "S1"), *((f.name, f"S{f.width}") for f in self.fields)]
        rows = np.zeros(count, dtype=layout)
        rows["deleted"] = b" "
        for item in self.fields:
            rows[item.name] = item.cells(columns[item.name])
        return rows

    def _header(self, file: BinaryIO) -> bytes:
        file.seek(0, 2)
        box = self.box if self.rows else np.zeros(4)
        return struct.pack(">i20xi", 9994, file.tell() // 2) + struct.pack(
            "<2i8d", 1000, POLYGON, *box, 0.0, 0.0, 0.0, 0.0
        )

    def _dbf_header(self) -> bytes:
        width = 1 + sum(f.width for f in self.fields)
        size = 32 + 32 * len(self.fields) + 1
        head = struct.pack("<4BIHH17xB2x", 3, 126, 11, 20, self.rows, size, width, CP1251)
        for item in self.fields:
            name = item.name.encode("ascii").ljust(11, b"\0")
            head += struct.pack("<11sc4xBB14x", name, item.kind, item.width, item.decimals)
        return head + b"\r"
