"""Names that lead elsewhere, that are not text, or that print what is not there; in archives and of what is sent."""

from pathlib import Path

from tests.importers.corpus.base import READ, Hostile, Make, a_text, zip_of
from tests.importers.corpus.shapefiles import shapefile_parts, zipped_shapefile

_CSV = "name,lon,lat\nЦНАП,29.2,48.7\n"
_PLACE = "X" * 24
SENT_AS = (
    "../../../etc/cron.d/map.csv", "/etc/passwd\x00.csv", "..\\..\\map.csv", "-rf.csv", "--help.csv",
    "/vsicurl/http://127.0.0.1:9/map.csv", "PG:dbname=hromada .csv", "con.csv", "a\x00b.csv", "a\nb\r.csv",
    "\u202egnp.csv", "і" * 300 + ".csv", "%s%n%(name)s.csv",
    "<script>alert(1)</script>.csv", "'; DROP TABLE layers;--.csv", "{name}.csv", "   .csv", "карта.CSV",
)  # fmt: skip


def _in_a_zip(stem: bytes) -> Make:
    """A zipped Shapefile whose entries are called by these bytes, whatever letters they are in."""

    def make(folder: Path, secret: Path) -> Path:
        place = (_PLACE * 20)[: max(len(stem), 8)]
        path = zipped_shapefile(folder / "map.zip", shapefile_parts(), stem=place)
        path.write_bytes(path.read_bytes().replace(place.encode(), stem.ljust(8, b"_")))
        return path

    return make


def _quoted(name: str) -> str:
    return name.encode("unicode_escape").decode()[:40]


NAMES: tuple[Hostile, ...] = (
    *(Hostile(f"sent as {_quoted(name)}", a_text("map.csv", _CSV), READ, sent_as=name) for name in SENT_AS),
    Hostile("zip with names in CP866", _in_a_zip("дороги села".encode("cp866")), READ),
    Hostile("zip with names in CP1251", _in_a_zip("межі громади".encode("cp1251")), READ),
    Hostile("zip with names in KOI8-U", _in_a_zip("межі громади".encode("koi8-u")), READ),
    Hostile("zip with names of half letters", _in_a_zip("межі громади".encode()[:-1]), READ),
    Hostile("zip with a name that turns the line", _in_a_zip("\u202egpj.map".encode()), READ),
    Hostile("zip with a name of 300 letters", _in_a_zip("ї".encode() * 150), READ),
    Hostile("zip with -rf", _in_a_zip(b"-rf --no"), READ),
    Hostile("zip with /vsicurl/", _in_a_zip(b"/vsicurl/http"), "archive-path"),
    Hostile("zip with vsicurl as a folder", _in_a_zip(b"vsicurl/x"), READ),
    Hostile("zip with names that are formats", _in_a_zip(b"%s%n%(a)s"), READ),
    Hostile("zip with a line end in a name", _in_a_zip(b"map\nroot_x"), READ),
    Hostile("zip with the names of devices", lambda folder, secret: zip_of(
        folder / "map.zip", {"con.csv": _CSV.encode(), "nul": b""}
    ), READ),
)  # fmt: skip
