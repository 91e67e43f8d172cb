"""Archives with every trap that a zip can hold."""

import struct
import zipfile
from io import BytesIO
from pathlib import Path

from tests.importers.corpus.base import READ, Hostile, Make, a_text, a_zip, zip_of
from tests.importers.corpus.programs import vrt
from tests.importers.corpus.shapefiles import shapefile_parts, zipped_shapefile


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


def _special(kind: int) -> Make:
    """A zip with an entry that says it is a device or a pipe."""

    def make(folder: Path, secret: Path) -> Path:
        entry = zipfile.ZipInfo("map.geojson")
        entry.external_attr = kind << 16
        with zipfile.ZipFile(folder / "map.zip", "w") as archive:
            archive.writestr(entry, "{}")
        return folder / "map.zip"

    return make


def _patched(offset: int, value: bytes) -> Make:
    """A zip of one Shapefile whose list says something else of its first entry: `offset` in the record."""

    def make(folder: Path, secret: Path) -> Path:
        path = zipped_shapefile(folder / "map.zip", shapefile_parts())
        content = bytearray(path.read_bytes())
        place = content.index(b"PK\x01\x02") + offset
        content[place : place + len(value)] = value
        path.write_bytes(content)
        return path

    return make


def _after_a_program(folder: Path, secret: Path) -> Path:
    """A zip that begins as something else, as a self-extracting archive does."""
    path = zipped_shapefile(folder / "map.zip", shapefile_parts())
    path.write_bytes(b"MZ" + b"\x90" * 4_000 + path.read_bytes())
    return path


def _two_lists(folder: Path, secret: Path) -> Path:
    """A second, empty list of entries in the comment of the first: programs differ in which they take."""
    path = zipped_shapefile(folder / "map.zip", shapefile_parts())
    path.write_bytes(path.read_bytes() + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0))
    return path


def _counting(folder: Path) -> Path:
    """A zip whose end says that there are 65,534 entries."""
    path = zipped_shapefile(folder / "map.zip", shapefile_parts())
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x05\x06")
    content[place + 8 : place + 12] = struct.pack("<HH", 65_534, 65_534)
    path.write_bytes(content)
    return path


def _kmz(entries: dict[str, bytes]) -> Make:
    return lambda folder, secret: zip_of(folder / "map.kmz", entries)


_VRT_INSIDE = vrt(Path("/etc/passwd")).encode()


ARCHIVES: tuple[Hostile, ...] = (
    Hostile("zip with ../", a_zip({"../map.geojson": b"{}"}), "archive-path"),
    Hostile("zip with ..\\", a_zip({"..\\map.geojson": b"{}"}), "archive-path"),
    Hostile("zip with an absolute path", a_zip({"/etc/cron.d/map.geojson": b"{}"}), "archive-path"),
    Hostile("zip with a drive", a_zip({"C:/map.geojson": b"{}"}), "archive-path"),
    Hostile("zip with a link", _symlink, "archive-link"),
    Hostile("zip with a password", _encrypted, "archive-encrypted"),
    Hostile("zip in a zip", a_zip({"inner.zip": b"PK", "map.geojson": b"{}"}), "archive-nested"),
    Hostile("zip with one name twice", _same_name_twice, "archive-overlap"),
    Hostile("zip with overlapping entries", lambda folder, secret: overlap_bomb(folder / "map.zip"), "archive-overlap"),
    Hostile("zip of zeros", _bomb, "over-limit"),
    Hostile("zip with 600 entries", _many_entries, "over-limit"),
    Hostile("zip packed by bzip2", _bzip2, "archive-method"),
    Hostile("zip without its end", _broken_zip, "archive-damaged"),
    Hostile("zip with a wrong checksum", _wrong_checksum, "archive-damaged"),
    Hostile("zip without maps", a_zip({"readme.rtf": b"x", "photo.jpg": b"y"}), "archive-empty"),
    Hostile("text called .zip", a_text("map.zip", "hello"), "archive-damaged"),
    Hostile("zip with a device", _special(0o020666), "archive-link"),
    Hostile("zip with a pipe", _special(0o010666), "archive-link"),
    Hostile("zip with a name with a NUL", _patched(46 + 6, b"\x00"), "archive-path"),
    Hostile("zip whose entry is longer than it says", _patched(24, struct.pack("<I", 10)), "archive-damaged"),
    Hostile("zip whose entry says 4 GB", _patched(24, b"\xfe\xff\xff\xff"), "over-limit"),
    Hostile("zip whose entry lies beyond the end", _patched(42, b"\xf0\xff\xff\x7f"), "archive-damaged"),
    Hostile("zip with a list of 65,534 entries", lambda folder, secret: _counting(folder), "over-limit"),
    Hostile("zip after a program", _after_a_program, READ),
    Hostile("zip with two lists of entries", _two_lists, "archive-empty"),
    Hostile("zip of folders alone", a_zip({"a/": b"", "a/b/": b""}), "archive-empty"),
    Hostile("zip with a VRT called .shp", a_zip({"map.shp": _VRT_INSIDE, "map.dbf": b"", "map.shx": b""}),
            "content-mismatch"),
    Hostile("zip with a VRT beside a map", a_zip({"map.vrt": _VRT_INSIDE, "map.csv": b"name,lon,lat\na,29.2,48.7\n"}),
            READ),
    Hostile("zip of a CorelDRAW drawing", a_zip({"map.cdr": b"RIFF"}), "format-not-supported"),
    Hostile("KMZ without KML", _kmz({"photo.jpg": b"\xff\xd8"}), "archive-empty"),
    Hostile("KMZ with ../", _kmz({"../doc.kml": b"<kml/>"}), "archive-path"),
    Hostile("KMZ that only links elsewhere", _kmz({
        "doc.kml": b"<kml><NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink></kml>"
    }), "empty-layer"),
    Hostile("XLSX in a KMZ", _kmz({"doc.kml": b"PK\x03\x04 hello"}), "content-mismatch"),
)  # fmt: skip
