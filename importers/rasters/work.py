"""What the locked-down process does with a raster: judge it, copy it block by block, write the COG, account for it."""

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.shutil import copy

from importers.errors import OverLimit, Truncated, Unreadable
from importers.rasters.errors import ExternalReference, NothingVisible
from importers.rasters.footprint import footprint
from importers.rasters.formats import FORMATS
from importers.rasters.georeference import Grid, Note, locate, note
from importers.rasters.pixels import BlockReader, Pixels, blocks, decide
from importers.rasters.protocol import RasterRequest
from importers.rasters.statistics import BandGatherer
from importers.rasters.tiff import BadTiff, read_tiff

RESULT = "raster.tif"
JPEG_QUALITY = 90
_MB = 1024 * 1024
_LONGEST_TEXT = 100

Say = Callable[[str, Any], None]


def convert(request: RasterRequest, say: Say) -> dict[str, Any]:
    """Make the COG in the request's folder; the account of it (`protocol.ConvertedRaster`) is returned."""
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    notes, declared_nodata = _judge_skeleton(request)
    try:
        with rasterio.open(request.path, driver=request.driver) as source:
            _judge_size(request, source.width, source.height, source.count, _bytes_a_value(source))
            grid = locate(source, request)
            _judge_size(request, grid.width, grid.height, source.count, _bytes_a_value(source))
            pixels = decide(source, request, declared_nodata)
            bands = _bands(source, pixels)
            gathered = _copied(source, grid, pixels, request, say)
    except (RasterioError, ValueError, OverflowError) as error:
        title = next(item.title for item in FORMATS if item.driver == request.driver)
        raise Unreadable(name=request.name, format=title) from error
    if not any(item["count"] for item in (band.account() for band in gathered)):
        raise NothingVisible(name=request.name)
    compression = _packed(request, pixels, gathered)
    if pixels.is_photo:
        notes.append(note("lossy", quality=JPEG_QUALITY))
    with rasterio.open(Path(request.out) / RESULT, driver="GTiff") as stored:
        outline = footprint(stored, grid)
    return {
        "width": grid.width, "height": grid.height, "bands": bands, "crs": asdict(grid.crs),
        "operation": grid.operation.name, "accuracy_m": grid.operation.accuracy_m,
        "transform": list(grid.transform[:6]), "resolution_m": grid.resolution_m,
        "nodata": _plain(pixels.stored_nodata), "compression": compression, "lossy": pixels.is_photo,
        "footprint": outline, "statistics": [band.account() for band in gathered],
        "notes": [*notes, *grid.notes, *pixels.notes],
    }  # fmt: skip


# --- judging ---


def _judge_skeleton(request: RasterRequest) -> tuple[list[Note], str]:
    """Refuse a TIFF by its tables, before GDAL sees it; notes, and the “no data” value as it is written there.

    Raises Unreadable, Truncated, OverLimit, ExternalReference.
    """
    if request.driver != "GTiff":
        return [], ""
    try:
        tiff = read_tiff(Path(request.path))
    except BadTiff as error:
        if error.missing:
            found = Path(request.path).stat().st_size
            raise Truncated(name=request.name, expected=error.missing, found=found) from error
        raise Unreadable(name=request.name, format="TIFF") from error
    for page in tiff.pages:
        _judge_size(request, page.width, page.height, page.bands, max(1, page.bits // 8))
        if page.block_bytes > request.limits["max_raster_block_mb"] * _MB:
            _over(request, "max_raster_block_mb", page.block_bytes)
        if page.names_another_file:
            raise ExternalReference(name=request.name)
    full = sum(not page.reduced for page in tiff.pages)
    return ([note("first-page", count=full)] if full > 1 else []), tiff.pages[0].nodata


def _judge_size(request: RasterRequest, width: int, height: int, bands: int, value_bytes: int) -> None:
    """Declared sizes against the limits, before anything is decoded. Raises OverLimit."""
    if bands > request.limits["max_raster_bands"]:
        most = request.limits["max_raster_bands"]
        raise OverLimit(name=request.name, limit="max_raster_bands", found=bands, allowed=most)
    pixels, most = width * height, request.limits["max_raster_megapixels"] * 1_000_000
    if pixels > most:
        raise OverLimit(
            name=request.name, limit="max_raster_megapixels", found=f"{width} × {height}",
            allowed=f"{most // 1_000_000} MP",
        )  # fmt: skip
    if pixels * bands * value_bytes > request.limits["max_raster_decoded_mb"] * _MB:
        _over(request, "max_raster_decoded_mb", pixels * bands * value_bytes)


def _over(request: RasterRequest, limit: str, found: int) -> None:
    allowed = f"{request.limits[limit]} MB"
    raise OverLimit(name=request.name, limit=limit, found=f"{found // _MB} MB", allowed=allowed)


def _bytes_a_value(source: DatasetReader) -> int:
    widths = {"complex64": 8, "complex128": 16, "complex_int16": 4}
    return max(widths.get(kind) or np.dtype(kind).itemsize for kind in source.dtypes)


# --- copying ---


def _copied(
    source: DatasetReader, grid: Grid, pixels: Pixels, request: RasterRequest, say: Say
) -> list[BandGatherer]:
    """Write the plain tiled copy, gathering statistics on the way.

    A copy of values, not of the file: no metadata, overview, mask reference or sidecar of the sender goes along.
    """
    reader = BlockReader(source, grid, pixels)
    gathered = [BandGatherer(grid.width * grid.height) for _ in pixels.bands]
    with rasterio.open(Path(request.out) / "plain.tif", "w", **_profile(grid, pixels)) as target:
        _colours(target, pixels)
        for window in blocks(grid):
            values, valid = reader.read(window)
            for band, gatherer in zip(values, gathered, strict=True):
                gatherer.add(band[valid & _valid_in(band, pixels.nodata)])
            target.write(_blanked(values, valid, pixels), window=window)
            if pixels.masked:
                target.write_mask(valid, window=window)
            say("progress", [int(window.row_off + window.height), grid.height])
    return gathered


def _profile(grid: Grid, pixels: Pixels) -> dict[str, Any]:
    return {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": len(pixels.bands),
        "dtype": pixels.dtype, "crs": rasterio.crs.CRS.from_wkt(grid.crs.wkt), "transform": grid.transform,
        "nodata": pixels.stored_nodata, "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": "zstd", "zstd_level": 1, "bigtiff": "if_safer",
        "photometric": "rgb" if pixels.is_photo else "minisblack",
    }  # fmt: skip


def _colours(target: DatasetWriter, pixels: Pixels) -> None:
    if pixels.palette:
        target.write_colormap(1, pixels.palette)
    elif not pixels.is_photo:
        target.colorinterp = [ColorInterp.gray] + [ColorInterp.undefined] * (len(pixels.bands) - 1)


def _valid_in(band: np.ndarray, nodata: float | None) -> Any:
    """Pixels of one band that hold a value; in a file with several bands only some may."""
    if nodata is None or np.isnan(nodata):
        return True
    return band != np.asarray(nodata, band.dtype)


def _blanked(values: np.ndarray, valid: np.ndarray, pixels: Pixels) -> np.ndarray:
    """Values with what is not valid set to "no data" (0 under a mask), so that nothing hidden is stored."""
    blank = 0 if pixels.stored_nodata is None else pixels.stored_nodata
    if not valid.all():
        values = np.where(valid, values, np.asarray(blank, values.dtype))
    if values.dtype.kind == "f" and pixels.stored_nodata is not None:
        values = np.where(np.isnan(values), np.asarray(blank, values.dtype), values)
    return values


def _packed(request: RasterRequest, pixels: Pixels, gathered: list[BandGatherer]) -> str:
    """Write the COG from the plain copy and remove that; the name of the compression."""
    out = Path(request.out)
    classes = pixels.palette is not None or (
        len(gathered) == 1
        and pixels.dtype in ("uint8", "int8", "int16", "uint16")
        and gathered[0].has_few_values
    )
    compression = "JPEG" if pixels.is_photo else "DEFLATE"
    options: dict[str, Any] = {
        "compress": compression, "blocksize": 512, "bigtiff": "if_safer", "statistics": "no", "geotiff_version": "1.1",
        "overview_resampling": "nearest" if classes else "average",
    }  # fmt: skip
    options |= {"quality": JPEG_QUALITY} if pixels.is_photo else {"predictor": "yes", "level": 6}
    try:
        copy(out / "plain.tif", out / RESULT, driver="COG", **options)
    except RasterioIOError as error:
        raise OSError("the COG was not written") from error
    finally:
        with contextlib.suppress(OSError):
            (out / "plain.tif").unlink()
    return compression


# --- the account ---


def _bands(source: DatasetReader, pixels: Pixels) -> list[dict[str, Any]]:
    return [
        {
            "index": place, "dtype": pixels.dtype, "color": source.colorinterp[index - 1].name,
            "description": _text(source.descriptions[index - 1]), "unit": _text(source.units[index - 1]),
        }
        for place, index in enumerate(pixels.bands, 1)
    ]  # fmt: skip


def _text(found: str | None) -> str:
    return "".join(letter for letter in found or "" if letter.isprintable())[:_LONGEST_TEXT]


def _plain(number: float | None) -> float | str | None:
    """JSON has no NaN."""
    return "nan" if number is not None and np.isnan(number) else number
