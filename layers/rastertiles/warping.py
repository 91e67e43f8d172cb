"""Puts a raster into Web Mercator: which pixels lie where, read from the size that fits, mixed by GDAL's warper.

rio-tiler's reader makes a WarpedVRT for each tile, and with it PROJ's choice among operations: 95 ms of a
processor for a tile of an orthophoto in MSK, measured, and PROJ's choice is the wrong one for SK-42. Here our own
operation gives the places of a few points of the tile; between them the way is as good as straight, so GDAL
warps by an affine transform alone: 2 to 4 ms. Where it is not straight within a fifth of a pixel, the tile is
taken in quarters.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import MaskFlags, Resampling
from rasterio.warp import reproject
from rasterio.windows import Window

from layers.rastertiles.sources import COARSER, Box, Level, Source

_PLANE = CRS.from_epsg(3857)  # both sides are given it: nothing is left to PROJ
_POINTS = 5
_STRAIGHT_PX = 0.2
_SMALLEST_PX = 16
_UPRIGHT = 1e-6
_MOST_READ_PX = 4096
_REACH_PX = 3  # of cubic interpolation, and one to spare


@dataclass(frozen=True)
class Canvas:
    """A grid of pixels in Web Mercator; `box` is west, south, east, north in metres."""

    box: Box
    width: int
    height: int

    @property
    def pixel_m(self) -> float:
        """Side of a pixel in metres of Web Mercator, which are ground metres at the equator alone."""
        return (self.box[2] - self.box[0]) / self.width

    def grown(self, pixels: int) -> "Canvas":
        by = pixels * self.pixel_m
        west, south, east, north = self.box
        box = west - by, south - by, east + by, north + by
        return Canvas(box, self.width + 2 * pixels, self.height + 2 * pixels)


@dataclass(frozen=True)
class _Piece:
    left: int
    top: int
    right: int
    bottom: int

    @property
    def is_small(self) -> bool:
        return max(self.right - self.left, self.bottom - self.top) <= _SMALLEST_PX

    def quarters(self) -> Iterator["_Piece"]:
        middle, centre = (self.left + self.right) // 2, (self.top + self.bottom) // 2
        for left, right in ((self.left, middle), (middle, self.right)):
            for top, bottom in ((self.top, centre), (centre, self.bottom)):
                if right > left and bottom > top:
                    yield _Piece(left, top, right, bottom)


def picture(source: Source, canvas: Canvas, bands: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """8-bit bands (bands, rows, columns) and validity (rows, columns) of the canvas."""
    out = np.zeros((len(bands) + 1, canvas.height, canvas.width), np.uint8)
    for piece, level, to_canvas, window in _placed(source, canvas, COARSER):
        place = np.s_[:, piece.top : piece.bottom, piece.left : piece.right]
        upright = _upright_window(level, ~to_canvas, piece)
        if upright is not None:
            out[place] = _resampled(level, upright, bands, out[place].shape[1:])
            continue
        read = _shape(window)
        values = level.dataset.read(list(bands), window=window, out_shape=(len(bands), *read))
        stacked = np.concatenate([values, _validity(level, window, read)[None]])
        part = np.zeros((len(bands) + 1, piece.bottom - piece.top, piece.right - piece.left), np.uint8)
        reproject(
            stacked, part, src_transform=_from_read(to_canvas, window, read), src_crs=_PLANE, dst_crs=_PLANE,
            dst_transform=Affine.translation(piece.left, piece.top), resampling=Resampling.bilinear,
            src_alpha=len(bands) + 1, num_threads=1,
        )  # fmt: skip
        out[place] = part
    return out[:-1], out[-1] >= 128


def _upright_window(level: Level, to_level: Affine, piece: _Piece) -> Window | None:
    """The window of `level` that is the piece itself, where the grid stands upright in Web Mercator and all of it
    lies within; else None."""
    if max(abs(to_level.b), abs(to_level.d)) > _UPRIGHT * min(abs(to_level.a), abs(to_level.e)):
        return None
    left, top = to_level * (piece.left, piece.top)
    right, bottom = to_level * (piece.right, piece.bottom)
    inside = 0 <= left < right <= level.dataset.width and 0 <= top < bottom <= level.dataset.height
    return Window(left, top, right - left, bottom - top) if inside else None


def _resampled(level: Level, window: Window, bands: tuple[int, ...], shape: tuple[int, int]) -> np.ndarray:
    """Bands and validity as GDAL reads them at another size: half the price of the warper."""
    how = Resampling.bilinear
    values = level.dataset.read(list(bands), window=window, out_shape=(len(bands), *shape), resampling=how)
    return np.concatenate([values, _validity(level, window, shape)[None]])


def values(
    source: Source, canvas: Canvas, bands: tuple[int, ...], *, mixed: bool, coarser: float = COARSER
) -> tuple[np.ndarray, np.ndarray]:
    """float32 values (bands, rows, columns), NaN where there are none, and where all bands have one.

    Not `mixed`: each pixel is the nearest of the raster. `coarser` is as of `Source.level`.
    """
    out = np.full((len(bands), canvas.height, canvas.width), np.nan, np.float32)
    for piece, level, to_canvas, window in _placed(source, canvas, coarser):
        read = _shape(window)
        found = level.dataset.read(list(bands), window=window, out_shape=(len(bands), *read), masked=True)
        part = np.full((len(bands), piece.bottom - piece.top, piece.right - piece.left), np.nan, np.float32)
        magnified = _scale(~to_canvas) < 1
        reproject(
            found.astype(np.float32).filled(np.nan), part, src_transform=_from_read(to_canvas, window, read),
            src_crs=_PLANE, dst_crs=_PLANE, dst_transform=Affine.translation(piece.left, piece.top),
            resampling=_kernel(mixed=mixed, magnified=magnified), src_nodata=np.nan, dst_nodata=np.nan,
            num_threads=1,
        )  # fmt: skip
        out[:, piece.top : piece.bottom, piece.left : piece.right] = part
    there: np.ndarray = np.asarray(np.isfinite(out).all(axis=0))
    return out, there


def _kernel(*, mixed: bool, magnified: bool) -> Resampling:
    """Heights that are magnified by straight lines would show as facets when they are shaded."""
    if not mixed:
        return Resampling.nearest
    return Resampling.cubic if magnified else Resampling.bilinear


def _validity(level: Level, window: Window, shape: tuple[int, int]) -> np.ndarray:
    if all(flags == [MaskFlags.all_valid] for flags in level.dataset.mask_flag_enums):
        return np.full(shape, 255, np.uint8)
    return level.dataset.dataset_mask(window=window, out_shape=shape)


def _shape(window: Window) -> tuple[int, int]:
    """Rows and columns to read of a window: its own, unless no overview is coarse enough."""
    return min(int(window.height), _MOST_READ_PX), min(int(window.width), _MOST_READ_PX)


def _from_read(to_canvas: Affine, window: Window, shape: tuple[int, int]) -> Affine:
    """From pixels of the array that was read to pixels of the canvas."""
    scale = Affine.scale(window.width / shape[1], window.height / shape[0])
    return to_canvas * Affine.translation(window.col_off, window.row_off) * scale


def _placed(source: Source, canvas: Canvas, coarser: float) -> Iterator[tuple[_Piece, Level, Affine, Window]]:
    """Pieces of the canvas that the raster touches, each with the size to read it from, the way from its pixels
    to those of the canvas, and the window of it."""
    waiting = list(_touched(source.box, canvas))
    while waiting:
        piece = waiting.pop()
        way = _straight_way(source, canvas, piece)
        if way is None:
            if not piece.is_small:
                waiting.extend(piece.quarters())
            continue
        level = source.level(_scale(~source.full.transform * way), coarser=coarser)
        to_level = level.to_pixel * way
        window = _window(level, to_level, piece)
        if window is not None:
            yield piece, level, ~to_level, window


def _touched(box: Box, canvas: Canvas) -> Iterator[_Piece]:
    """The part of the canvas within `box`, if any."""
    west, _south, _east, north = canvas.box
    pixel = canvas.pixel_m
    left, right = math.floor((box[0] - west) / pixel) - 1, math.ceil((box[2] - west) / pixel) + 1
    top, bottom = math.floor((north - box[3]) / pixel) - 1, math.ceil((north - box[1]) / pixel) + 1
    piece = _Piece(max(0, left), max(0, top), min(canvas.width, right), min(canvas.height, bottom))
    if piece.right > piece.left and piece.bottom > piece.top:
        yield piece


def _straight_way(source: Source, canvas: Canvas, piece: _Piece) -> Affine | None:
    """The affine transform from pixels of the canvas to coordinates of the raster, by least squares over the
    piece; None where it is more than a fifth of a pixel wrong somewhere, or no coordinates can be had."""
    grid = np.meshgrid(
        np.linspace(piece.left, piece.right, _POINTS), np.linspace(piece.top, piece.bottom, _POINTS)
    )
    across, down = grid[0].ravel(), grid[1].ravel()
    x, y = source.from_mercator(
        canvas.box[0] + across * canvas.pixel_m, canvas.box[3] - down * canvas.pixel_m
    )
    there = np.stack([x, y], 1)
    if not np.isfinite(there).all():
        return None
    middle = there.mean(axis=0)  # coordinates of eight digits would cost the fit its last ones
    here = np.stack([across, down, np.ones_like(across)], 1)
    found, *_rest = np.linalg.lstsq(here, there - middle, rcond=None)
    way = Affine(
        found[0, 0], found[1, 0], found[2, 0] + middle[0], found[0, 1], found[1, 1], found[2, 1] + middle[1]
    )
    if abs(way.determinant) < 1e-30:
        return None
    wrong_px = np.abs(here @ found - (there - middle)).max() / math.sqrt(abs(way.determinant))
    return way if wrong_px <= _STRAIGHT_PX or piece.is_small else None


def _scale(way: Affine) -> float:
    """How many units of the far side one unit of the near one is wide."""
    return math.sqrt(abs(way.determinant))


def _window(level: Level, to_level: Affine, piece: _Piece) -> Window | None:
    """The pixels of `level` that the piece needs, with what the kernel reaches; None where there are none."""
    corners = [to_level * corner for corner in (
        (piece.left, piece.top), (piece.right, piece.top), (piece.left, piece.bottom), (piece.right, piece.bottom)
    )]  # fmt: skip
    reach = _REACH_PX * max(1.0, _scale(to_level))
    across, down = [corner[0] for corner in corners], [corner[1] for corner in corners]
    left, right = math.floor(min(across) - reach), math.ceil(max(across) + reach)
    top, bottom = math.floor(min(down) - reach), math.ceil(max(down) + reach)
    left, top = max(0, left), max(0, top)
    right, bottom = min(level.dataset.width, right), min(level.dataset.height, bottom)
    return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None
