"""Which raster formats are read, how each is recognised, and by which one driver."""

from dataclasses import dataclass
from pathlib import Path

from importers.errors import ContentMismatch, EmptyFile, FormatNotSupported
from importers.rasters.errors import NotARaster
from importers.readers.formats import extension_of

_HEAD = 64


@dataclass(frozen=True)
class RasterFormat:
    """A format: `world` are the extensions that its world file may have, lower case with dot."""

    name: str
    title: str
    driver: str
    extensions: tuple[str, ...]
    signatures: tuple[bytes, ...]
    world: tuple[str, ...]


FORMATS: tuple[RasterFormat, ...] = (
    RasterFormat(
        "geotiff", "GeoTIFF", "GTiff", (".tif", ".tiff", ".gtiff"),
        (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"), (".tfw", ".tifw", ".tiffw", ".wld"),
    ),
    RasterFormat(
        "jpeg", "JPEG", "JPEG", (".jpg", ".jpeg"), (b"\xff\xd8\xff",), (".jgw", ".jpgw", ".jpegw", ".wld"),
    ),
    RasterFormat("png", "PNG", "PNG", (".png",), (b"\x89PNG\r\n\x1a\n",), (".pgw", ".pngw", ".wld")),
    RasterFormat(
        "jp2", "JPEG 2000", "JP2OpenJPEG", (".jp2", ".j2k", ".jpx"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), (".j2w", ".jp2w", ".wld"),
    ),
)  # fmt: skip

WORLD_EXTENSIONS = frozenset(extension for item in FORMATS for extension in item.world)
PARTS = WORLD_EXTENSIONS | {".prj"}
RASTER_EXTENSIONS = frozenset(extension for item in FORMATS for extension in item.extensions)
_NOT_READ = {
    ".ecw": "ECW", ".sid": "MrSID", ".img": "ERDAS IMAGINE", ".asc": "ASCII grid", ".vrt": "GDAL VRT",
    ".bmp": "BMP", ".gif": "GIF", ".pdf": "PDF", ".map": "OziExplorer", ".ozf2": "OziExplorer", ".mrf": "MRF",
    ".hgt": "SRTM HGT", ".nc": "netCDF", ".webp": "WEBP",
}  # fmt: skip
KNOWN_EXTENSIONS = RASTER_EXTENSIONS | PARTS | set(_NOT_READ)


def is_raster_name(name: str) -> bool:
    """Whether a file of this name would be a raster; others of these are as often something else."""
    return extension_of(name) in RASTER_EXTENSIONS | set(_NOT_READ) - {".pdf", ".map", ".vrt"}


def recognise(path: Path, name: str) -> RasterFormat:
    """The format of `path`, called `name` by its sender, by name and first bytes alike.

    Raises EmptyFile, FormatNotSupported, NotARaster, or ContentMismatch where the two disagree.
    """
    extension = extension_of(name)
    if extension in _NOT_READ:
        raise FormatNotSupported(name=name, format=_NOT_READ[extension], instead="GeoTIFF")
    item = next((item for item in FORMATS if extension in item.extensions), None)
    if item is None:
        raise NotARaster(name=name)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise EmptyFile(name=name)
    if not head.startswith(item.signatures):
        raise ContentMismatch(name=name, format=item.title)
    return item
