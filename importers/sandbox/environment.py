"""The environment of the process that opens a user's file: nothing of ours, and GDAL with one driver.

GDAL reads most of this when it is loaded, so it must stand in the environment before the import.
"""

from pathlib import Path

from gis_core import limits

# Every vector driver of the GDAL in our pinned pyogrio. The child compares and refuses to work with one more
# than it asked for, so a driver that a newer GDAL adds is noticed by the first import, not by an attacker.
VECTOR_DRIVERS = frozenset(
    [
        "ADBC",
        "AIVector",
        "AVCBin",
        "AVCE00",
        "AmigoCloud",
        "CSV",
        "CSW",
        "Carto",
        "DGN",
        "DXF",
        "EDIGEO",
        "EEDA",
        "ESRI Shapefile",
        "ESRIJSON",
        "Elasticsearch",
        "FlatGeobuf",
        "GDALG",
        "GML",
        "GPKG",
        "GPSBabel",
        "GPX",
        "GTFS",
        "GeoJSON",
        "GeoJSONSeq",
        "GeoRSS",
        "HTTP",
        "Idrisi",
        "JML",
        "JSONFG",
        "KML",
        "LIBKML",
        "LVBAG",
        "MBTiles",
        "MEM",
        "MVT",
        "MapInfo File",
        "MapML",
        "MiraMonVector",
        "NGW",
        "OAPIF",
        "ODS",
        "OGCAPI",
        "OGR_GMT",
        "OGR_PDS",
        "OGR_VRT",
        "OSM",
        "OpenFileGDB",
        "PCIDSK",
        "PDF",
        "PDS4",
        "PGDUMP",
        "PLSCENES",
        "PMTiles",
        "S57",
        "SQLite",
        "SXF",
        "Selafin",
        "TopoJSON",
        "VDV",
        "VFK",
        "VICAR",
        "WAsP",
        "WFS",
        "XLSX",
    ]
)

_GDAL = {
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_CACHEMAX": "64",
    "GDAL_NUM_THREADS": "1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "200",
    "OGR_STROKE_CURVE": "TRUE",
    "PROJ_NETWORK": "OFF",
}
_LIBRARIES = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "ARROW_IO_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # else it starts a thread that Landlock does not bind
}


def child_environment(driver: str | None, *, scratch: Path) -> dict[str, str]:
    """Variables for a child that may use `driver` and no other (None: no GDAL driver at all).

    Passwords, keys and addresses of this process are not handed on; the limits in force are, since readers look
    them up where they need them.
    """
    skipped = ",".join(sorted(VECTOR_DRIVERS - {driver}))
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "CPL_TMPDIR": str(scratch),
        "OGR_SKIP": skipped,
        **{f"HROMADA_{limit.name.upper()}": str(limits.value(limit.name)) for limit in limits.TABLE},
        **_GDAL,
        **_LIBRARIES,
    }
