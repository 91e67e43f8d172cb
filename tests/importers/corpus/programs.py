"""Files that are programs: GDAL would open another file or an address because they say so."""

import json
from pathlib import Path

from tests.importers.corpus.base import Hostile, Make, a_text


def vrt(secret: Path) -> str:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
        "<GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS>"
        '<GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer></OGRVRTDataSource>'
    )


def _vrt_as(extension: str) -> Make:
    def make(folder: Path, secret: Path) -> Path:
        path = folder / f"map{extension}"
        path.write_text(vrt(secret))
        for part in () if extension == ".vrt" else (".dbf", ".shx", ".dat", ".map", ".id", ".mid"):
            path.with_suffix(part).write_bytes(b"")
        return path

    return make


def _gdalg(folder: Path, secret: Path) -> Path:
    path = folder / "map.geojson"
    command = f"gdal vector pipeline ! read {secret} ! write --output-format=stream streamed_dataset"
    path.write_text(json.dumps({"type": "gdal_streamed_alg", "command_line": command}))
    return path


PROGRAMS: tuple[Hostile, ...] = (
    *(
        Hostile(f"VRT called {extension}", _vrt_as(extension), "content-mismatch")
        for extension in (".kml", ".gml", ".gpx", ".shp", ".geojson", ".csv", ".gpkg", ".tab", ".mif", ".dxf", ".fgb")
    ),
    Hostile("VRT under its own name", _vrt_as(".vrt"), "format-not-supported"),
    Hostile("GDAL pipeline called .geojson", _gdalg, "not-geojson"),
    Hostile("TAB that opens another file", a_text(
        "map.tab", '!table\n!version 300\n!charset Neutral\n\nOpen Table "{secret}"\n'
    ), "missing-part"),
)  # fmt: skip
