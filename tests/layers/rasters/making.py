"""Rasters of a community made from arrays, as COGs like those that an import writes; and tiles read back."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import rasterio
from affine import Affine
from django.contrib.gis.geos import MultiPolygon, Polygon
from pyproj import CRS, Transformer
from rasterio.io import MemoryFile
from rasterio.shutil import copy

from gis_core.communities import Community
from gis_core.geo.crs import operation_between
from layers.models import Raster
from layers.rasters import create_raster
from layers.tiles.address import TileAddress

MSK = 9832  # Vinnytsia
LADYZHYN = (29.24, 48.68)
PERCENTILES = (2, 5, 25, 50, 75, 95, 98)


def there(epsg: int) -> tuple[float, float]:
    """Ladyzhyn in a coordinate system, rounded to metres (degrees: not at all)."""
    if epsg == 4326:
        return LADYZHYN
    found = operation_between(CRS.from_epsg(epsg)) if epsg != 3857 else None
    if found is None:
        x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(*LADYZHYN)
    else:
        (x,), (y,) = found.from_lonlat(np.array([LADYZHYN[0]]), np.array([LADYZHYN[1]]))
    return round(x), round(y)


def make_raster(
    community: Community, folder: Path, values: np.ndarray, *, slug: str = "dem", epsg: int = MSK,
    pixel: float = 1.0, nodata: float | None = None, mask: np.ndarray | None = None, access_level: str = "public",
    colors: dict[int, tuple[int, ...]] | None = None, jpeg: bool = False, **attributes: Any,
) -> Raster:  # fmt: skip
    """A raster of `values` (bands, rows, columns), its upper left corner at Ladyzhyn."""
    x, y = there(epsg)
    transform = Affine(pixel, 0, x, 0, -pixel, y)
    count, height, width = values.shape
    plain, cog = folder / f"{uuid4().hex}.tif", folder / f"{uuid4().hex}.tif"
    photo = values.dtype == np.uint8 and count == 3
    options: dict[str, Any] = {"photometric": "rgb"} if photo else {}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(
            plain, "w", driver="GTiff", width=width, height=height, count=count, dtype=values.dtype, nodata=nodata,
            crs=rasterio.crs.CRS.from_epsg(epsg), transform=transform, tiled=True, **options,
        ) as target:  # fmt: skip
            target.write(values)
            if mask is not None:
                target.write_mask(mask)
            if colors:
                target.write_colormap(1, colors)
        packing = {"compress": "JPEG", "quality": 90} if jpeg else {"compress": "DEFLATE"}
        copy(
            plain,
            cog,
            driver="COG",
            blocksize=512,
            overview_resampling="nearest" if colors else "average",
            **packing,
        )
    plain.unlink()
    color = ["red", "green", "blue"] if photo else ["palette" if colors else "gray"] * count
    return create_raster(
        community=community, slug=slug, actor=None, title={"uk": f"Растр {slug}"}, file=cog,
        footprint=_outline(epsg, transform, width, height), access_level=access_level,
        srid=epsg, crs_name=str(epsg), crs_wkt=CRS.from_epsg(epsg).to_wkt(), operation="", accuracy_m=1.0,
        width=width, height=height, transform=list(transform[:6]), resolution_m=_ground_m(epsg, pixel),
        bands=[
            {"index": n + 1, "dtype": str(values.dtype), "color": color[n], "description": "", "unit": ""}
            for n in range(count)
        ],
        nodata=nodata, compression="DEFLATE", statistics=[_statistics(band, nodata) for band in values],
        **attributes,
    )  # fmt: skip


def _ground_m(epsg: int, pixel: float) -> float:
    return pixel * {4326: 111_000.0, 3857: 0.66}.get(epsg, 1.0)


def _outline(epsg: int, transform: Affine, width: int, height: int) -> MultiPolygon:
    corners = [transform * corner for corner in ((0, 0), (width, 0), (width, height), (0, height), (0, 0))]
    x, y = np.array([it[0] for it in corners]), np.array([it[1] for it in corners])
    operation = operation_between(CRS.from_epsg(epsg))
    assert operation is not None
    lon, lat = operation.to_lonlat(x, y)
    return MultiPolygon(Polygon(list(zip(lon.tolist(), lat.tolist(), strict=True))), srid=4326)


def _statistics(band: np.ndarray, nodata: float | None) -> dict[str, Any]:
    known = band[np.isfinite(band) & ((band != nodata) if nodata is not None else True)].astype(float)
    percentiles = np.percentile(known, PERCENTILES)
    return {
        "count": len(known), "sampled": len(known), "min": float(known.min()), "max": float(known.max()),
        "mean": float(known.mean()), "std": float(known.std()), "histogram": None,
        "percentiles": {str(share): float(value) for share, value in zip(PERCENTILES, percentiles, strict=True)},
    }  # fmt: skip


def ramp(rows: int = 600, columns: int = 600) -> np.ndarray:
    """Heights in metres that rise by a tenth of a metre with every pixel to the east."""
    return np.tile(np.arange(columns, dtype=np.float32) / 10 + 100, (1, rows, 1))


def tile_at(lon: float, lat: float, z: int) -> tuple[TileAddress, float, float]:
    """The tile that holds a place, and where in it: shares of its side from the left and the top."""
    across = 2**z
    x = (lon + 180) / 360 * across
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * across
    return TileAddress(z, int(x), int(y)), x % 1, float(y % 1)


def place_of(raster: Raster, column: float, row: float) -> tuple[float, float]:
    """Longitude and latitude of a place in the grid of a raster, by the operation that `gis_core.geo.crs` chooses."""
    a, b, c, d, e, f = raster.transform
    operation = operation_between(CRS.from_wkt(raster.crs_wkt))
    assert operation is not None
    (lon,), (lat,) = operation.to_lonlat(
        np.array([a * column + b * row + c]), np.array([d * column + e * row + f])
    )
    return float(lon), float(lat)


def pixels(body: bytes) -> np.ndarray:
    """A picture as uint8 (rows, columns, 4): red, green, blue, opacity. An empty tile is all clear."""
    if not body:
        return np.zeros((256, 256, 4), np.uint8)
    with MemoryFile(body) as file, file.open() as found:
        read = found.read()
    if len(read) == 3:
        read = np.concatenate([read, np.full((1, *read.shape[1:]), 255, np.uint8)])
    return np.moveaxis(read, 0, -1)
