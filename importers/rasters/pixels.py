"""Reads a raster block by block: values, which of them are valid, and north up if it is not.

Memory: a few blocks. Runs in the process that opens the file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader
from rasterio.windows import Window

from importers.rasters.errors import PixelsNotSupported
from importers.rasters.georeference import Grid, Note, note
from importers.rasters.protocol import RasterRequest

BLOCK = 1024
_KINDS = {"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"}
_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


@dataclass(frozen=True)
class Pixels:
    """How the source is read and stored. `bands` are those kept (1-based), `alpha` the one that became a mask.

    `nodata` is the source's; with `masked` a mask band is written instead of it: a mask survives JPEG, a value
    does not.
    """

    bands: tuple[int, ...]
    dtype: str
    alpha: int | None
    nodata: float | None
    masked: bool
    is_photo: bool
    palette: dict[int, tuple[int, ...]] | None
    notes: tuple[Note, ...]

    @property
    def stored_nodata(self) -> float | None:
        return None if self.masked else self.nodata


def decide(source: DatasetReader, request: RasterRequest, declared_nodata: str = "") -> Pixels:
    """How to read it; `declared_nodata` is the file's own text of it, of which GDAL hides what does not fit.

    Raises PixelsNotSupported for complex numbers and the like.
    """
    notes: list[Note] = []
    colours = source.colorinterp
    alpha = next((index for index, item in enumerate(colours, 1) if item == ColorInterp.alpha), None)
    bands = tuple(index for index in source.indexes if index != alpha)
    dtype = _dtype(source, bands, request.name)
    shown = tuple(colours[index - 1] for index in bands)
    is_photo = (
        dtype == "uint8" and len(bands) == 3 and (shown == _COLOURS or request.driver in ("JPEG", "PNG"))
    )
    given = request.nodata or declared_nodata
    nodata = _nodata(source, given, dtype, bands, notes)
    palette = _palette(source, bands, notes)
    own_mask = MaskFlags.per_dataset in source.mask_flag_enums[bands[0] - 1]
    if alpha is not None:
        notes.append(note("alpha-to-mask"))
    if nodata is None and alpha is None and not own_mask:
        notes.append(note("nodata-missing"))
    masked = alpha is not None or own_mask or (is_photo and nodata is not None)
    return Pixels(bands, dtype, alpha, nodata, masked, is_photo, palette, tuple(notes))


def _dtype(source: DatasetReader, bands: tuple[int, ...], name: str) -> str:
    kinds = {source.dtypes[index - 1] for index in bands}
    if not bands or kinds - _KINDS:
        raise PixelsNotSupported(name=name, kind=", ".join(sorted(kinds - _KINDS)) or "alpha")
    return str(np.result_type(*kinds))


def _nodata(
    source: DatasetReader, given: str, dtype: str, bands: tuple[int, ...], notes: list[Note]
) -> float | None:
    """The value that means “no data”: the person's, else the file's, if the type can hold it; NaN for decimals."""
    decimal = dtype.startswith("float")
    wanted = _number(given) if given else source.nodatavals[bands[0] - 1]
    if wanted is None:
        if decimal:
            notes.append(note("nan-as-nodata"))
        return math.nan if decimal else None
    if decimal:
        return float(np.asarray(wanted, dtype)) if abs(wanted) <= np.finfo(dtype).max else math.nan
    limits = np.iinfo(dtype)
    if not math.isfinite(wanted) or wanted != int(wanted) or not limits.min <= wanted <= limits.max:
        notes.append(note("nodata-not-of-type", value=f"{wanted:g}", dtype=dtype))
        return None
    return float(wanted)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _palette(source: DatasetReader, bands: tuple[int, ...], notes: list[Note]) -> Any:
    if source.colorinterp[bands[0] - 1] != ColorInterp.palette:
        return None
    notes.append(note("palette-kept"))
    return source.colormap(bands[0])


# --- blocks ---


def blocks(grid: Grid) -> Iterator[Window]:
    """Windows of the target grid, row by row."""
    for top in range(0, grid.height, BLOCK):
        for left in range(0, grid.width, BLOCK):
            yield Window(left, top, min(BLOCK, grid.width - left), min(BLOCK, grid.height - top))


class BlockReader:
    """Values (bands, rows, columns) and validity (rows, columns) of windows of the target grid."""

    def __init__(self, source: DatasetReader, grid: Grid, pixels: Pixels) -> None:
        self._source, self._pixels, self._nodata = source, pixels, pixels.nodata
        self._is_own = grid.is_own
        self._to_source = ~grid.own * grid.transform

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        if self._is_own:
            return self._of_source(window)
        return self._turned(window)

    def _of_source(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        pixels = self._pixels
        values = self._source.read(list(pixels.bands), window=window).astype(pixels.dtype, copy=False)
        return values, self._valid(values, window)

    def _valid(self, values: np.ndarray, window: Window) -> np.ndarray:
        """A pixel is left out where all its bands are: one black band does not make a hole in a photo."""
        pixels, valid = self._pixels, np.ones(values.shape[1:], bool)
        if values.dtype.kind == "f":
            valid &= ~np.isnan(values).all(axis=0)
        if pixels.alpha is not None:
            valid &= self._source.read(pixels.alpha, window=window) > 0
        elif pixels.masked and self._nodata is None:
            valid &= self._source.read_masks(pixels.bands[0], window=window) > 0
        if self._nodata is not None and not math.isnan(self._nodata):
            valid &= ~(values == np.asarray(self._nodata, values.dtype)).all(axis=0)
        return valid

    def _turned(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """The nearest source pixel for each of the target: half a pixel off at most, no value is invented."""
        rows, columns = np.mgrid[0 : int(window.height), 0 : int(window.width)]
        t = self._to_source
        x, y = columns + window.col_off + 0.5, rows + window.row_off + 0.5
        at_column = np.floor(t.a * x + t.b * y + t.c + 1e-9).astype(np.int64)
        at_row = np.floor(t.d * x + t.e * y + t.f + 1e-9).astype(np.int64)
        inside = (at_column >= 0) & (at_column < self._source.width) & (at_row >= 0)
        inside &= at_row < self._source.height
        shape = (len(self._pixels.bands), *inside.shape)
        if not inside.any():
            return np.zeros(shape, self._pixels.dtype), inside
        left, top = int(at_column[inside].min()), int(at_row[inside].min())
        right, bottom = int(at_column[inside].max()) + 1, int(at_row[inside].max()) + 1
        values, valid = self._of_source(Window(left, top, right - left, bottom - top))
        at_column = np.clip(at_column - left, 0, right - left - 1)
        at_row = np.clip(at_row - top, 0, bottom - top - 1)
        return values[:, at_row, at_column], valid[at_row, at_column] & inside
