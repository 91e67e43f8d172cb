"""Hostile and broken files, made by code: each with the failure that it must end in.

Nothing here is a real attack on anybody: the files try to read `secret`, a file beside the test, and to fill memory
or disk of the process that opens them.
"""

import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

CANARY = "CANARY-7f3a91"
WGS84_PRJ = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
SQUARE = [(29.0, 48.0), (29.0, 48.1), (29.1, 48.1), (29.1, 48.0), (29.0, 48.0)]
# The same words in two encodings: no single one reads both.
MIXED = ["вулиця Соборна".encode("cp1251"), "вулиця Соборна сад".encode("koi8-u")]


@dataclass(frozen=True)
class Hostile:
    """One kind of file: what it is, how to make it in a folder (given the secret), the code it must end in."""

    name: str
    make: Callable[[Path, Path], Path]
    code: str


def secret_in(folder: Path) -> Path:
    """A file that nobody who sends a file may see."""
    path = folder / "secret.csv"
    path.write_text(f"name,lon,lat\n{CANARY},29.2,48.7\n")
    return path


# --- Shapefiles by hand ---


def polygon_record(ring: Sequence[tuple[float, float]]) -> bytes:
    xs, ys = zip(*ring, strict=True)
    head = struct.pack("<i4d2ii", 5, min(xs), min(ys), max(xs), max(ys), 1, len(ring), 0)
    return head + b"".join(struct.pack("<2d", x, y) for x, y in ring)


def shp(records: Sequence[bytes], *, shape: int = 5, promised: int | None = None) -> bytes:
    """A .shp; `promised` is the length that its header tells, in bytes."""
    body = b"".join(
        struct.pack(">ii", number, len(record) // 2) + record for number, record in enumerate(records, 1)
    )
    length = 100 + len(body) if promised is None else promised
    head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length // 2) + struct.pack(
        "<2i8d", 1000, shape, *[0.0] * 8
    )
    return head + body


def shx(records: Sequence[bytes], *, shape: int = 5) -> bytes:
    entries, place = b"", 100
    for record in records:
        entries += struct.pack(">ii", place // 2, len(record) // 2)
        place += 8 + len(record)
    length = 100 + len(entries)
    head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length // 2) + struct.pack(
        "<2i8d", 1000, shape, *[0.0] * 8
    )
    return head + entries


def dbf(
    values: Sequence[bytes],
    *,
    field: bytes = b"NAME",
    width: int = 40,
    language: int = 0,
    promised: int | None = None,
) -> bytes:
    """A .dbf with one text field; `promised` is the number of records its header tells."""
    count = len(values) if promised is None else promised
    head = (
        struct.pack("<4BIHH", 3, 124, 1, 1, count, 65, width + 1) + bytes(17) + bytes([language]) + bytes(2)
    )
    column = field.ljust(11, b"\x00") + b"C" + bytes(4) + bytes([width]) + bytes(15)
    return head + column + b"\r" + b"".join(b" " + value.ljust(width) for value in values) + b"\x1a"


def shapefile_parts(
    rings: Sequence[Sequence[tuple[float, float]]] = (SQUARE,),
    values: Sequence[bytes] | None = None,
    *,
    prj: str | None = WGS84_PRJ,
    cpg: str | None = None,
    language: int = 0,
    field: bytes = b"NAME",
) -> dict[str, bytes]:
    """The parts of a polygon Shapefile by extension."""
    records = [polygon_record(ring) for ring in rings]
    names = values if values is not None else [b"square"] * len(records)
    parts = {".shp": shp(records), ".shx": shx(records), ".dbf": dbf(names, language=language, field=field)}
    if prj is not None:
        parts[".prj"] = prj.encode()
    if cpg is not None:
        parts[".cpg"] = cpg.encode()
    return parts


def zip_of(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def zipped_shapefile(path: Path, parts: dict[str, bytes], stem: str = "шар") -> Path:
    return zip_of(path, {f"{stem}{extension}": content for extension, content in parts.items()})


# --- files that are programs ---


def vrt(secret: Path) -> str:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
        "<GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS>"
        '<GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer></OGRVRTDataSource>'
    )


def _vrt_as(extension: str) -> Callable[[Path, Path], Path]:
    def make(folder: Path, secret: Path) -> Path:
        path = folder / f"map{extension}"
        path.write_text(vrt(secret))
        for part in (".dbf", ".shx", ".dat", ".map", ".id", ".mid"):
            path.with_suffix(part).write_bytes(b"")
        return path

    return make


def _gdalg(folder: Path, secret: Path) -> Path:
    path = folder / "map.geojson"
    command = f"gdal vector pipeline ! read {secret} ! write --output-format=stream streamed_dataset"
    path.write_text(json.dumps({"type": "gdal_streamed_alg", "command_line": command}))
    return path


def geopackage(path: Path, script: str) -> Path:
    """A minimal GeoPackage with one point layer `places` and whatever `script` adds."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            """
            PRAGMA application_id = 1196444487;
            CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
                organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
                description TEXT);
            CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
                identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME, min_x DOUBLE, min_y DOUBLE,
                max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
            CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
                geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
            INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326,
                'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],
                UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]', NULL);
            CREATE TABLE places (fid INTEGER PRIMARY KEY, geom BLOB, name TEXT);
            INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)
                VALUES ('places', 'features', 'places', 4326);
            INSERT INTO gpkg_geometry_columns VALUES ('places', 'geom', 'POINT', 4326, 0, 0);
            """
        )
        point = b"GP\x00\x01" + struct.pack("<i", 4326) + struct.pack("<BI2d", 1, 1, 29.2, 48.7)
        database.execute("INSERT INTO places (geom, name) VALUES (?, 'ЦНАП')", (point,))
        database.executescript(script)
        database.commit()
    return path


def _virtual_table(folder: Path, secret: Path) -> Path:
    path = geopackage(folder / "map.gpkg", "")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        sql = f"CREATE VIRTUAL TABLE leak USING VirtualText('{secret}', 'UTF-8', 1, COMMA, DOUBLEQUOTE, ',')"
        database.execute("INSERT INTO sqlite_master VALUES ('table', 'leak', 'leak', 0, ?)", (sql,))
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)"
            " VALUES ('leak', 'attributes', 'leak', 4326)"
        )
        database.commit()
    return path


def _geopackage_with(script: str) -> Callable[[Path, Path], Path]:
    return lambda folder, secret: geopackage(folder / "map.gpkg", script)


def _hidden_view(folder: Path, secret: Path) -> Path:
    """A view whose row in the schema table says that it is a table."""
    path = geopackage(
        folder / "map.gpkg", "CREATE VIEW endless AS SELECT 1 AS fid, zeroblob(900000000) AS geom;"
    )
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET type = 'table' WHERE name = 'endless'")
        database.commit()
    return path


def _text(name: str, text: str) -> Callable[[Path, Path], Path]:
    def make(folder: Path, secret: Path) -> Path:
        path = folder / name
        path.write_text(text.replace("{secret}", str(secret)))
        return path

    return make


def _bytes(name: str, content: bytes) -> Callable[[Path, Path], Path]:
    def make(folder: Path, secret: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


_ENTITY = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{secret}">]>'
_LAUGHS = (
    "<!DOCTYPE a [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    + "]>"
)
_KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'


# --- archives ---


def _zip(entries: dict[str, bytes]) -> Callable[[Path, Path], Path]:
    return lambda folder, secret: zip_of(folder / "map.zip", entries)


def _symlink(folder: Path, secret: Path) -> Path:
    link = zipfile.ZipInfo("map.geojson")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "map.zip", "w") as archive:
        archive.writestr(link, str(secret))
    return folder / "map.zip"


def _encrypted(folder: Path, secret: Path) -> Path:
    path = zip_of(folder / "map.zip", {"map.geojson": b"{}"})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    return path


def _same_name_twice(folder: Path, secret: Path) -> Path:
    with zipfile.ZipFile(folder / "map.zip", "w") as archive:
        archive.writestr("map.geojson", "{}")
        archive.writestr("MAP.geojson", "[]")
    return folder / "map.zip"


def overlap_bomb(path: Path, *, entries: int = 100, size: int = 20_000_000) -> Path:
    """All entries are the same few bytes: a small file declares entries times size."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0000.geojson", bytes(size))
    content = buffer.getvalue()
    start = content.index(b"PK\x01\x02")
    end = content.rindex(b"PK\x05\x06")
    entry = bytearray(content[start:end])
    directory = b""
    for number in range(entries):
        entry[46:50] = f"{number:04d}".encode()
        directory += bytes(entry)
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), start, 0)
    path.write_bytes(content[:start] + directory + tail)
    return path


def _bomb(folder: Path, secret: Path) -> Path:
    with zipfile.ZipFile(folder / "map.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("map.geojson", bytes(100_000_000))
    return folder / "map.zip"


def _many_entries(folder: Path, secret: Path) -> Path:
    return zip_of(folder / "map.zip", {f"{number}.geojson": b"{}" for number in range(600)})


def _bzip2(folder: Path, secret: Path) -> Path:
    with zipfile.ZipFile(folder / "map.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("map.geojson", "{}")
    return folder / "map.zip"


def _broken_zip(folder: Path, secret: Path) -> Path:
    path = zipped_shapefile(folder / "map.zip", shapefile_parts())
    path.write_bytes(path.read_bytes()[:-60])
    return path


def _wrong_checksum(folder: Path, secret: Path) -> Path:
    path = zipped_shapefile(folder / "map.zip", shapefile_parts())
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    return path


def _shapefile(change: Callable[[dict[str, bytes]], None]) -> Callable[[Path, Path], Path]:
    def make(folder: Path, secret: Path) -> Path:
        parts = shapefile_parts([SQUARE] * 20)
        change(parts)
        return zipped_shapefile(folder / "map.zip", parts)

    return make


def _without(part: str) -> Callable[[Path, Path], Path]:
    return _shapefile(lambda parts: parts.pop(part) and None)


def _cut(part: str, bytes_off: int) -> Callable[[Path, Path], Path]:
    return _shapefile(lambda parts: parts.update({part: parts[part][:-bytes_off]}))


def _lying(part: str, content: bytes) -> Callable[[Path, Path], Path]:
    return _shapefile(lambda parts: parts.update({part: content}))


def feature_collection(features: Sequence[str]) -> str:
    return '{"type":"FeatureCollection","features":[' + ",".join(features) + "]}"


def feature(geometry: str, properties: str = "{}") -> str:
    return f'{{"type":"Feature","geometry":{geometry},"properties":{properties}}}'


_MANY_KEYS = feature_collection(
    [
        feature('{"type":"Point","coordinates":[29,48]}', json.dumps({f"k{i}_{j}": 1 for j in range(100)}))
        for i in range(300)
    ]
)
_NO_FEATURES = feature_collection([])

HOSTILE: tuple[Hostile, ...] = (
    *(
        Hostile(f"VRT called {extension}", _vrt_as(extension), "content-mismatch")
        for extension in (".kml", ".gml", ".gpx", ".shp", ".geojson", ".csv", ".gpkg", ".tab", ".mif", ".dxf", ".fgb")
    ),
    Hostile("VRT under its own name", _vrt_as(".vrt"), "format-not-supported"),
    Hostile("GDAL pipeline called .geojson", _gdalg, "not-geojson"),
    Hostile("GeoPackage with VirtualText", _virtual_table, "unsafe-database"),
    Hostile("GeoPackage with a view", _geopackage_with("CREATE VIEW v AS SELECT * FROM places;"), "unsafe-database"),
    Hostile("GeoPackage with a view that says it is a table", _hidden_view, "unreadable-file"),
    Hostile(
        "GeoPackage with a trigger",
        _geopackage_with("CREATE TRIGGER t AFTER INSERT ON places BEGIN DELETE FROM places; END;"),
        "unsafe-database",
    ),
    Hostile("SQLite without tables", _bytes("map.gpkg", b"SQLite format 3\x00" + bytes(4000)), "unreadable-file"),
    Hostile("KML with an external entity", _text("map.kml", _ENTITY + _KML.format(body="&x;")), "doctype-refused"),
    Hostile("GPX with an external entity", _text("map.gpx", _ENTITY + "<gpx>&x;</gpx>"), "doctype-refused"),
    Hostile("GML with an external entity", _text("map.gml", _ENTITY + "<gml:FeatureCollection/>"), "doctype-refused"),
    Hostile("KML with a billion laughs", _text("map.kml", _LAUGHS + "<kml>&a11;</kml>"), "doctype-refused"),
    Hostile("XML called .kml", _text("map.kml", "<html><body>map</body></html>"), "content-mismatch"),
    Hostile("KML cut off", _text("map.kml", _KML[:40]), "unreadable-file"),
    Hostile("KML that only links elsewhere", _text("map.kml", _KML.format(
        body="<NetworkLink><Link><href>file://{secret}</href></Link></NetworkLink>"
    )), "empty-layer"),
    Hostile("TAB that opens another file", _text(
        "map.tab", '!table\n!version 300\n!charset Neutral\n\nOpen Table "{secret}"\n'
    ), "missing-part"),
    Hostile("zip with ../", _zip({"../map.geojson": b"{}"}), "archive-path"),
    Hostile("zip with ..\\", _zip({"..\\map.geojson": b"{}"}), "archive-path"),
    Hostile("zip with an absolute path", _zip({"/etc/cron.d/map.geojson": b"{}"}), "archive-path"),
    Hostile("zip with a drive", _zip({"C:/map.geojson": b"{}"}), "archive-path"),
    Hostile("zip with a link", _symlink, "archive-link"),
    Hostile("zip with a password", _encrypted, "archive-encrypted"),
    Hostile("zip in a zip", _zip({"inner.zip": b"PK", "map.geojson": b"{}"}), "archive-nested"),
    Hostile("zip with one name twice", _same_name_twice, "archive-overlap"),
    Hostile("zip with overlapping entries", lambda folder, secret: overlap_bomb(folder / "map.zip"), "archive-overlap"),
    Hostile("zip of zeros", _bomb, "over-limit"),
    Hostile("zip with 600 entries", _many_entries, "over-limit"),
    Hostile("zip packed by bzip2", _bzip2, "archive-method"),
    Hostile("zip without its end", _broken_zip, "archive-damaged"),
    Hostile("zip with a wrong checksum", _wrong_checksum, "archive-damaged"),
    Hostile("zip without maps", _zip({"readme.rtf": b"x", "photo.jpg": b"y"}), "archive-empty"),
    Hostile("text called .zip", _text("map.zip", "hello"), "archive-damaged"),
    Hostile("zip without .shp", _without(".shp"), "missing-part"),
    Hostile("zip without .dbf", _without(".dbf"), "missing-part"),
    Hostile("zip without .prj", _without(".prj"), "crs-unknown"),
    Hostile(".shp cut off", _cut(".shp", 300), "truncated-file"),
    Hostile(".dbf cut off", _cut(".dbf", 300), "truncated-file"),
    Hostile(".shp of 60 bytes", _lying(".shp", shp([])[:60]), "truncated-file"),
    Hostile(".dbf that promises 4 G rows", _lying(".dbf", dbf([b"x"] * 20, promised=2**32 - 1)), "truncated-file"),
    Hostile(".dbf with fewer rows than shapes", _lying(".dbf", dbf([b"x"] * 3)), "counts-disagree"),
    Hostile(".shp that promises 4 GB", _lying(".shp", shp([polygon_record(SQUARE)] * 20, promised=2**32 - 2)),
            "truncated-file"),
    Hostile(".prj that is an address", _lying(".prj", b"http://127.0.0.1:9/crs"), "crs-unknown"),
    Hostile(".prj that is a path", _lying(".prj", b"/etc/passwd"), "crs-unknown"),
    Hostile(".prj nested 50,000 deep", _lying(".prj", b"PROJCS[" * 50_000), "crs-unknown"),
    Hostile("Shapefile without rows", lambda folder, secret: zipped_shapefile(
        folder / "map.zip", {".shp": shp([]), ".shx": shx([]), ".dbf": dbf([]), ".prj": WGS84_PRJ.encode()}
    ), "empty-layer"),
    Hostile("GeoJSON without features", _text("map.geojson", _NO_FEATURES), "empty-layer"),
    Hostile("JSON that is no map", _text("map.geojson", '{"answer": 42}'), "not-geojson"),
    Hostile("GeoJSON cut off", _text("map.geojson", feature_collection(
        [feature('{"type":"Point","coordinates":[29,48]}')] * 50)[:-40]
    ), "unreadable-file"),
    Hostile("GeoJSON nested 100,000 deep", _text(
        "map.geojson", '{"type":"FeatureCollection","features":' + "[" * 100_000
    ), "unreadable-file"),
    Hostile("GeoJSON with 30,000 keys", _text("map.geojson", _MANY_KEYS), "over-limit"),
    Hostile("CSV with 60,000 columns", _text("map.csv", "a," * 60_000 + "lon,lat\n"), "over-limit"),
    Hostile("CSV without coordinates", _text("map.csv", "name,street\nЦНАП,Соборна\n"), "no-geometry"),
    Hostile("CSV of one line", _text("map.csv", "name,lon,lat\n"), "empty-layer"),
    Hostile("FlatGeobuf of noise", _bytes("map.fgb", b"fgb\x03fgb\x00" + b"\xff" * 5000), "unreadable-file"),
    Hostile("picture called .geojson", _bytes("map.geojson", b"\x89PNG\r\n\x1a\n" + bytes(100)), "content-mismatch"),
    Hostile("picture", _bytes("map.png", b"\x89PNG\r\n\x1a\n"), "not-a-spatial-file"),
    Hostile("AutoCAD drawing", _bytes("map.dwg", b"AC1032"), "format-not-supported"),
    Hostile("RAR archive", _bytes("map.rar", b"Rar!"), "format-not-supported"),
    Hostile("file of 0 bytes", _bytes("map.geojson", b""), "empty-file"),
)  # fmt: skip
