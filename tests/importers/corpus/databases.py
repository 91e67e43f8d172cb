"""GeoPackages, SQLite files and File Geodatabases that do something when they are read, or lie about themselves."""

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from tests.importers.corpus.base import READ, Hostile, Make, some_bytes


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


def _geopackage_with(script: str) -> Make:
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


def _point(x: float, y: float, *, srid: int = 4326) -> bytes:
    return b"GP\x00\x01" + struct.pack("<i", srid) + struct.pack("<BI2d", 1, 1, x, y)


def geopackage_of(path: Path, *wkb: bytes) -> Path:
    """A GeoPackage whose geometries are these, behind the header of the format."""
    return _with_blobs(path, *(_GEOMETRY + item for item in wkb))


def _with_blobs(path: Path, *blobs: bytes) -> Path:
    geopackage(path, "DELETE FROM places;")
    with closing(sqlite3.connect(path)) as database:
        database.executemany("INSERT INTO places (geom, name) VALUES (?, 'x')", [(blob,) for blob in blobs])
        database.commit()
    return path


def _blobs(*blobs: bytes) -> Make:
    """A GeoPackage whose geometries are these bytes."""
    return lambda folder, secret: _with_blobs(folder / "map.gpkg", *blobs)


def _rewritten(change: str) -> Make:
    """A GeoPackage whose list of tables was written over: `change` sets columns of `sqlite_master`."""

    def make(folder: Path, secret: Path) -> Path:
        path = geopackage(folder / "map.gpkg", "")
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA writable_schema = ON")
            database.execute(f"UPDATE sqlite_master SET {change} WHERE name = 'places'")
            database.commit()
        return path

    return make


def _cut_database(folder: Path, secret: Path) -> Path:
    path = geopackage(folder / "map.gpkg", "")
    path.write_bytes(path.read_bytes()[:9_000])
    return path


def _sqlite(script: str) -> Make:
    """A SQLite file of one plain table and what `script` adds."""

    def make(folder: Path, secret: Path) -> Path:
        path = folder / "map.sqlite"
        with closing(sqlite3.connect(path)) as database:
            database.executescript("CREATE TABLE places (id INTEGER PRIMARY KEY, name TEXT); " + script)
        return path

    return make


_WIDE = (
    "CREATE TABLE wide ("
    + ", ".join(f"c{n} INTEGER" for n in range(1_500))
    + "); INSERT INTO wide (c0) VALUES (1);"
)
_GEOMETRY = b"GP\x00\x01" + struct.pack("<i", 4326)
_MULTIPOLYGON = _GEOMETRY + struct.pack("<BII", 1, 6, 0xFFFFFFFF)
_NESTED = _GEOMETRY + struct.pack("<BII", 1, 7, 1) * 20_000


DATABASES: tuple[Hostile, ...] = (
    Hostile("GeoPackage with VirtualText", _virtual_table, "unsafe-database"),
    Hostile("GeoPackage with a view", _geopackage_with("CREATE VIEW v AS SELECT * FROM places;"), "unsafe-database"),
    Hostile("GeoPackage with a view that says it is a table", _hidden_view, "unreadable-file"),
    Hostile(
        "GeoPackage with a trigger",
        _geopackage_with("CREATE TRIGGER t AFTER INSERT ON places BEGIN DELETE FROM places; END;"),
        "unsafe-database",
    ),
    Hostile("SQLite without tables", some_bytes("map.gpkg", b"SQLite format 3\x00" + bytes(4000)), "unreadable-file"),
    Hostile("GeoPackage with NaN", _blobs(_point(float("nan"), float("nan"))), "nothing-left"),
    Hostile("GeoPackage with 1e308", _blobs(_point(1e308, -1e308)), "nothing-left"),
    Hostile("GeoPackage with 4 G polygons in 9 bytes", _blobs(_MULTIPOLYGON), "nothing-left"),
    Hostile("GeoPackage with collections 20,000 deep", _blobs(_NESTED), "nothing-left"),
    Hostile("GeoPackage with geometries of noise", _blobs(b"\xff" * 500, b"", b"GP"), "nothing-left"),
    Hostile("GeoPackage with another system in each row", _blobs(_point(29.2, 48.7, srid=2_000_000_000)), READ),
    Hostile("GeoPackage whose table lies on page four billion", _rewritten("rootpage = 4000000000"), "unreadable-file"),
    Hostile("GeoPackage whose table is a sentence", _rewritten("sql = 'hello'"), "unreadable-file"),
    Hostile("GeoPackage with a generated column", _geopackage_with(
        "ALTER TABLE places ADD COLUMN big BLOB AS (zeroblob(900000000));"
    ), "unreadable-file"),
    Hostile("GeoPackage cut off", _cut_database, "unreadable-file"),
    Hostile("SQLite with a view", _sqlite("CREATE VIEW v AS SELECT * FROM places;"), "unsafe-database"),
    Hostile("SQLite with a trigger called like the standard's own", _sqlite(
        "CREATE TRIGGER gpkg_t AFTER INSERT ON places BEGIN DELETE FROM places; END;"
    ), "unsafe-database"),
    Hostile("SQLite with 1,500 columns", _sqlite(_WIDE), "over-limit"),
    Hostile("SQLite with an empty table", _sqlite(""), "empty-layer"),
    Hostile("text called .sqlite", some_bytes("map.sqlite", b"hello"), "content-mismatch"),
)  # fmt: skip
