"""Tables (CSV, TSV) that are too wide, too long, cut, mixed, or that a spreadsheet would run."""

from pathlib import Path

from tests.importers.corpus.base import READ, Hostile, Make, a_text, some_bytes

FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1,1)", "\t=1+1", "＝1+1")
_HEAD = "name,lon,lat\n"
_ROW = "ЦНАП,29.2,48.7\n"


def _long_line(folder: Path, secret: Path) -> Path:
    """A cell of 50 MB, written in pieces."""
    path = folder / "map.csv"
    with path.open("w") as file:
        file.write(_HEAD)
        for _ in range(50):
            file.write("a" * 1_000_000)
        file.write(",29.2,48.7\n")
    return path


def _repeated(name: str, text: str, times: int) -> Make:
    return a_text(name, _HEAD + text * times)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '",29.2,48.7\n'


TABLES: tuple[Hostile, ...] = (
    Hostile("CSV with 60,000 columns", a_text("map.csv", "a," * 60_000 + "lon,lat\n"), "over-limit"),
    Hostile("CSV without coordinates", a_text("map.csv", "name,street\nЦНАП,Соборна\n"), "no-geometry"),
    Hostile("CSV of one line", a_text("map.csv", "name,lon,lat\n"), "empty-layer"),
    Hostile("CSV with a line of 50 MB", _long_line, "unreadable-file"),
    Hostile("CSV with NUL bytes", a_text("map.csv", _HEAD + "a\x00b,29.2,48.7\n"), "content-mismatch"),
    Hostile("CSV with NUL bytes far down", a_text("map.csv", _HEAD + _ROW * 500 + "a\x00b,29.2,48.7\n"), READ),
    Hostile("CSV with formulas", a_text("map.csv", _HEAD + "".join(map(_quoted, FORMULAS))), READ),
    Hostile("CSV with a quotation mark that does not end", _repeated("map.csv", '"ЦНАП,29.2,48.7\n', 2_001), READ),
    Hostile("CSV of 8 MB in one quotation", a_text("map.csv", _HEAD + _ROW + '"' + _ROW * 400_000), "unreadable-file"),
    Hostile("CSV in two encodings", some_bytes("map.csv", _HEAD.encode() + b"".join(
        text.encode(codec) + b",29.2,48.7\n" for codec in ("cp1251", "koi8-u")
        for text in ("вулиця Соборна", "Їжакевич")
    )), READ),
    Hostile("CSV of half letters", some_bytes("map.csv", _HEAD.encode() + "ї".encode()[:1] + b",29.2,48.7\n" * 3),
            "encoding-unknown"),
    Hostile("CSV with rows of other widths", a_text("map.csv", _HEAD + "a,b,c,d,e,f,29.2,48.7\nz\n" * 50 + _ROW),
            "no-geometry"),
    Hostile("CSV with NaN and infinity", a_text("map.csv", _HEAD + "a,NaN,48.7\nb,inf,-inf\nc,1e999,48\n"),
            "no-geometry"),
    Hostile("CSV with 1e308", a_text("map.csv", _HEAD + "a,1e308,-1e308\n"), "nothing-left"),
    Hostile("CSV with WKT 20,000 deep", a_text(
        "map.csv", "name;wkt\na;" + "GEOMETRYCOLLECTION(" * 20_000 + "POINT(29 48)" + ")" * 20_000 + "\n"
    ), "unreadable-file"),
    Hostile("CSV with WKT of an unknown kind", a_text(
        "map.csv", "name;wkt\na;TIN(((0 0,0 1,1 1,0 0)))\nb;HELLO(1 2)\n"
    ), "no-geometry"),
    Hostile("CSV with one name 150 times", a_text("map.csv", "a," * 150 + "lon,lat\n" + "1," * 150 + "29.2,48.7\n"),
            READ),
    Hostile("CSV of separators", a_text("map.csv", ";" * 100_000), "over-limit"),
    Hostile("CSV of line ends", a_text("map.csv", "\n" * 1_000_000), "empty-layer"),
    Hostile("CSV that is an instruction", a_text("map.csv", "<OGRVRTDataSource/>"), "content-mismatch"),
    Hostile("CSV in half a UTF-16", some_bytes("map.csv", (_HEAD + _ROW).encode("utf-16")[:-1]), "unreadable-file"),
    Hostile("TSV with a name of ten thousand letters", a_text(
        "map.tsv", "n" * 10_000 + "\tlon\tlat\nx\t29.2\t48.7\n"
    ), READ),
    Hostile("table of codes that nobody has", a_text("map.csv", "cadnum,name\n" + "0510600000:01:001:9999,a\n" * 3),
            "no-geometry"),
)  # fmt: skip
