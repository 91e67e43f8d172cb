"""Odd rasters made in code: each is read with a note, or refused with a reason."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

MSK = 9832  # Vinnytsia
LADYZHYN = (29.24, 48.68)
AT = Affine(1.0, 0, 266_000.0, 0, -1.0, 5_397_000.0)


def in_msk() -> tuple[float, float]:
    from pyproj import Transformer

    return Transformer.from_crs(4326, MSK, always_xy=True).transform(*LADYZHYN)


def at_ladyzhyn(pixel: float = 1.0) -> Affine:
    x, y = in_msk()
    return Affine(pixel, 0, round(x), 0, -pixel, round(y))


def write(path: Path, values: np.ndarray, *, driver: str = "GTiff", **options: Any) -> Path:
    """A raster of `values` (bands, rows, columns) at Ladyzhyn in MSK, unless told otherwise."""
    options = {"crs": f"EPSG:{MSK}", "transform": at_ladyzhyn(), **options}
    gcps = options.pop("gcps", None)
    colormap, rpcs = options.pop("colormap", None), options.pop("rpcs", None)
    count, height, width = values.shape
    with rasterio.open(
        path, "w", driver=driver, width=width, height=height, count=count, dtype=values.dtype, **options
    ) as target:
        target.write(values)
        if colormap:
            target.write_colormap(1, colormap)
        if gcps:
            target.gcps = gcps
        if rpcs:
            target.rpcs = rpcs
    return path


def ramp(bands: int = 1, size: int = 300, dtype: str = "uint8") -> np.ndarray:
    """Values that rise from west to east and differ between bands."""
    row = np.linspace(1, 200, size)
    return np.stack([np.tile(row + band, (size, 1)) for band in range(bands)]).astype(dtype)


@dataclass(frozen=True)
class Odd:
    """`notes` (codes) where it is read, `code` where it is refused."""

    name: str
    make: Callable[[Path], Path]
    notes: tuple[str, ...] = ()
    code: str = ""


def _world(path: Path, extension: str, *numbers: float) -> Path:
    path.with_suffix(extension).write_text("\n".join(map(str, numbers)))
    return path


def _loose(folder: Path, name: str, driver: str, values: np.ndarray) -> Path:
    path = write(folder / name, values, driver=driver, crs=None, transform=None)
    (folder / f"{name}.aux.xml").unlink(missing_ok=True)
    return path


def _prj(path: Path) -> Path:
    path.with_suffix(".prj").write_text(rasterio.crs.CRS.from_epsg(MSK).to_wkt())
    return path


def png_with_world(folder: Path) -> Path:
    x, y = at_ladyzhyn().c, at_ladyzhyn().f
    return _prj(_world(_loose(folder, "scan.png", "PNG", ramp(3)), ".pgw", 1, 0, 0, -1, x + 0.5, y - 0.5))


def jpeg_with_world_of_degrees(folder: Path) -> Path:
    path = _loose(folder, "photo.jpg", "JPEG", ramp(3))
    return _prj(_world(path, ".jgw", 1e-5, 0, 0, -1e-5, *LADYZHYN))


def jpeg_with_broken_world(folder: Path) -> Path:
    return _world(_loose(folder, "photo.jpg", "JPEG", ramp(3)), ".jgw", 1, 0, 0)


def jpeg_without_world(folder: Path) -> Path:
    return _loose(folder, "photo.jpg", "JPEG", ramp(3))


def tiff(entries: list[tuple[int, int, int, int]], *, following: int = 0, body: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory: (tag, type, count, value)."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + packed + struct.pack("<I", following) + body


def _claims(width: int, height: int, **more: Any) -> bytes:
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 100),
    ]  # fmt: skip
    return tiff(entries, body=b"\x00" * 12, **more)


def _bytes(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def truncated(folder: Path) -> Path:
    path = write(
        folder / "half.tif", np.random.default_rng(1).integers(0, 255, (1, 400, 400), dtype=np.uint8)
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def with_overview_elsewhere(folder: Path, other: Path | None = None) -> Path:
    path = write(folder / "map.tif", ramp())
    with rasterio.open(path, "r+") as target:
        target.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(other or folder / "secret.tif"))
    return path


def deflate_bomb(folder: Path) -> Path:
    """Four thousand million bytes of nothing in about four million, one block for each row of tiles."""
    side, block = 64_000, 16_000
    packed = zlib.compress(bytes(block * block), 9)
    tiles = (side // block) ** 2
    offset_at = 8 + 2 + 11 * 12 + 4
    counts_at = offset_at + tiles * 4
    data_at = counts_at + tiles * 4
    entries = [
        (256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1),
        (284, 3, 1, 1), (322, 4, 1, block), (323, 4, 1, block), (324, 4, tiles, offset_at), (325, 4, tiles, counts_at),
    ]  # fmt: skip
    body = struct.pack(f"<{tiles}I", *[data_at] * tiles) + struct.pack(f"<{tiles}I", *[len(packed)] * tiles)
    return _bytes("bomb.tif", tiff(entries, body=body + packed))(folder)


def _points(miss: float = 0.0) -> list[GroundControlPoint]:
    x, y = in_msk()
    corners = [(0, 0), (0, 300), (300, 300), (300, 0), (150, 150)]
    return [
        GroundControlPoint(row=row, col=col, x=x + col + (miss if place == 4 else 0), y=y - row)
        for place, (row, col) in enumerate(corners)
    ]


def rpc_only(folder: Path) -> Path:
    ones = [0.0] * 20
    one = [1.0, *ones[1:]]
    rpc = RPC(
        err_bias=0, err_rand=0, height_off=100, height_scale=500, lat_off=48.6, lat_scale=0.1, line_den_coeff=one,
        line_num_coeff=ones, line_off=150, line_scale=150, long_off=29.2, long_scale=0.1, samp_den_coeff=one,
        samp_num_coeff=ones, samp_off=150, samp_scale=150,
    )  # fmt: skip
    return write(folder / "scene.tif", ramp(), crs=None, transform=None, rpcs=rpc)


def with_nan(folder: Path) -> Path:
    values = ramp(dtype="float32")
    values[0, :50] = np.nan
    return write(folder / "dem.tif", values)


def wrong_nodata(folder: Path) -> Path:
    path = write(folder / "grey.tif", ramp(), nodata=255)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"255\x00", b"-99\x00"))
    return path


def _grid(values: np.ndarray, **options: Any) -> Callable[[Path], Path]:
    return lambda folder: write(folder / "a.tif", values, **options)


def _with_points(miss: float = 0.0) -> dict[str, Any]:
    return {"transform": None, "crs": None, "gcps": (_points(miss), rasterio.crs.CRS.from_epsg(MSK))}


VRT = b'<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1"/></VRTDataset>'
MRF = b"<MRF_META><Raster><Size x='512' y='512' c='1'/></Raster></MRF_META>"
TURNED = at_ladyzhyn() * Affine.rotation(20)
CLASSES = {0: (0, 0, 0, 255), 1: (255, 0, 0, 255), 2: (0, 255, 0, 255)}
FLIPPED = at_ladyzhyn() * Affine.scale(1, -1)
FLAT, POLAR = Affine(1, 0, 0, 0, -1e-9, 0), Affine(1, 0, 0, 0, -1, 300)

READ: tuple[Odd, ...] = (
    Odd("16 bits", _grid(ramp(dtype="uint16") * 100, nodata=0)),
    Odd("palette", _grid(ramp() % 3, colormap=CLASSES, photometric="palette"), ("palette-kept",)),
    Odd("decimals with NaN", with_nan, ("nan-as-nodata",)),
    Odd("turned", _grid(ramp(3), transform=TURNED, photometric="rgb"), ("straightened", "lossy")),
    Odd("south up", _grid(ramp(), transform=FLIPPED, nodata=0), ("flipped",)),
    Odd("control points", _grid(ramp(), **_with_points(), nodata=0), ("control-points-fitted",)),
    Odd("PNG with .pgw and .prj", png_with_world, ("world-file-used", "prj-used", "lossy")),
    Odd("transparency", _grid(ramp(4)), ("alpha-to-mask", "lossy")),
    Odd("five bands", _grid(ramp(5, dtype="int16"), nodata=-1)),
    Odd("near infrared", _grid(ramp(4), photometric="minisblack", nodata=0)),
    Odd("JPEG 2000", lambda at: write(at / "a.jp2", ramp(3, size=512), driver="JP2OpenJPEG"), ("nodata-missing",)),
    Odd("wrong nodata", wrong_nodata, ("nodata-not-of-type",)),
    Odd("big-endian", _grid(ramp(), endianness="BIG", nodata=0)),
    Odd("BigTIFF", _grid(ramp(), bigtiff="YES", nodata=0)),
)  # fmt: skip

REFUSED: tuple[Odd, ...] = (
    Odd("134 bytes that claim 2^31 pixels a side", _bytes("a.tif", _claims(2**31 - 1, 2**31 - 1)), code="over-limit"),
    Odd("one strip of 3 GB", _bytes("a.tif", _claims(60_000, 30_000)), code="over-limit"),
    Odd("a page that follows itself", _bytes("a.tif", _claims(10, 10, following=8)), code="unreadable-file"),
    Odd("a directory beyond the end", _bytes("a.tif", b"II*\x00" + struct.pack("<I", 10_000)), code="truncated-file"),
    Odd("no size", _bytes("a.tif", tiff([(258, 3, 1, 8)])), code="unreadable-file"),
    Odd("cut short", truncated, code="truncated-file"),
    Odd("no CRS", _grid(ramp(), crs=None), code="crs-unknown"),
    Odd("no place", _grid(ramp(), transform=None), code="raster-not-georeferenced"),
    Odd("JPEG without world file", jpeg_without_world, code="raster-not-georeferenced"),
    Odd("JPEG with half a world file", jpeg_with_broken_world, code="raster-bad-world-file"),
    Odd("JPEG with a world file of degrees", jpeg_with_world_of_degrees, code="raster-bad-georeference"),
    Odd("control points that disagree", _grid(ramp(), **_with_points(500.0)), code="raster-control-points-disagree"),
    Odd("RPC only", rpc_only, code="raster-rpc-only"),
    Odd("VRT called .tif", _bytes("a.tif", VRT), code="content-mismatch"),
    Odd("MRF called .tif", _bytes("a.tif", MRF), code="content-mismatch"),
    Odd("VRT", _bytes("a.vrt", VRT), code="format-not-supported"),
    Odd("ECW", _bytes("a.ecw", b"ecw"), code="format-not-supported"),
    Odd("empty", _bytes("a.tif", b""), code="empty-file"),
    Odd("overviews in another file", with_overview_elsewhere, code="raster-external-reference"),
    Odd("complex numbers", _grid(ramp().astype("complex64")), code="raster-pixels-not-supported"),
    Odd("only no data", _grid(np.zeros((1, 20, 20), "uint8"), nodata=0), code="raster-empty"),
    Odd("a pixel of no size", _grid(ramp(), transform=FLAT), code="raster-bad-georeference"),
    Odd("beyond the pole", _grid(ramp(), crs="EPSG:4326", transform=POLAR), code="raster-off-the-map"),
    Odd("too many bands", _grid(ramp(40, size=16)), code="over-limit"),
    Odd("deflate bomb", deflate_bomb, code="over-limit"),
    Odd("a text", _bytes("a.txt", b"hello"), code="not-a-raster"),
)  # fmt: skip
