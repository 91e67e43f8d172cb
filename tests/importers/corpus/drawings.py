"""Drawings and the rest (DXF, MapInfo, FlatGeobuf, pictures): blocks in blocks, files that name others, noise."""

import struct
from collections.abc import Sequence
from pathlib import Path

from tests.importers.corpus.base import READ, Hostile, Make, a_text, some_bytes

_MIF = 'Version 300\nCharset "{charset}"\nDelimiter ","\n{more}Columns 1\n  name Char(10)\nData\n\nPoint 29.2 48.7\n'


def _dxf(blocks: Sequence[object], entities: Sequence[object]) -> Make:
    steps = [
        0,
        "SECTION",
        2,
        "HEADER",
        9,
        "$ACADVER",
        1,
        "AC1015",
        0,
        "ENDSEC",
        0,
        "SECTION",
        2,
        "BLOCKS",
        *blocks,
    ]
    steps += [0, "ENDSEC", 0, "SECTION", 2, "ENTITIES", *entities, 0, "ENDSEC", 0, "EOF"]
    return a_text("map.dxf", "\n".join(map(str, steps)) + "\n")


def _block(name: str, *content: object) -> list[object]:
    return [0, "BLOCK", 8, 0, 2, name, 70, 0, 10, 0, 20, 0, 30, 0, *content, 0, "ENDBLK"]


def _insert(name: str, *more: object) -> list[object]:
    return [0, "INSERT", 8, 0, 2, name, 10, 0, 20, 0, 30, 0, *more]


_LINE = [0, "LINE", 8, 0, 10, 266_000, 20, 5_397_000, 11, 266_001, 21, 5_397_001]
_LEVELS = [step for level in range(1, 20) for step in _block(f"B{level}", *_insert(f"B{level - 1}") * 12)]
_CIRCLE = [*_block("A", *_insert("B")), *_block("B", *_insert("A"))]


def _mif(*, charset: str = "Neutral", more: str = "") -> Make:
    def make(folder: Path, secret: Path) -> Path:
        a_text("map.mif", _MIF.format(charset=charset, more=more))(folder, secret)
        (folder / "map.mid").write_text('"x"\n')
        return folder / "map.mif"

    return make


def _tab(folder: Path, secret: Path) -> Path:
    """A TAB whose parts are noise."""
    fields = "Fields 1\n    name Char (10) ;\n"
    (folder / "map.tab").write_text(
        f'!table\n!version 300\n!charset Neutral\n\nDefinition Table\n  Type NATIVE Charset "Neutral"\n  {fields}'
    )
    for part in ("dat", "map", "id"):
        (folder / f"map.{part}").write_bytes(b"\xff" * 3_000)
    return folder / "map.tab"


DRAWINGS: tuple[Hostile, ...] = (
    Hostile("DXF of blocks in blocks", _dxf([*_block("B0", *_LINE), *_LEVELS], _insert("B19")), "over-limit"),
    Hostile("DXF of blocks that hold each other", _dxf(_CIRCLE, _insert("A")), "over-limit"),
    Hostile("DXF with a block 10 G times", _dxf(_block("B0", *_LINE), _insert("B0", 70, 100_000, 71, 100_000)),
            "over-limit"),
    Hostile("DXF with NaN", _dxf([], [0, "LINE", 8, 0, 10, "nan", 20, "inf", 11, "1e999", 21, 1]), "crs-unknown"),
    Hostile("DXF with an endless line", a_text("map.dxf", "0\nSECTION\n2\n" + "A" * 1_000_000 + "\n0\nEOF\n"),
            "unreadable-file"),
    Hostile("DXF cut off", a_text("map.dxf", "0\nSECTION\n2\nENTITIES\n0\nLINE\n"), "unreadable-file"),
    Hostile("DXF that draws another drawing", _dxf(_block("{secret}", *_LINE, 1, "{secret}"), _insert("{secret}")),
            "crs-unknown"),
    Hostile("DXF of a polyline that promises 2 G points", _dxf(
        [], [0, "LWPOLYLINE", 8, 0, 90, 2_000_000_000, 70, 0, 10, 266_000, 20, 5_397_000]
    ), "crs-unknown"),
    Hostile("TAB of noise", _tab, "unreadable-file"),
    Hostile("MIF with a charset that there is not", _mif(charset="../../etc/passwd"), READ),
    Hostile("MIF with a CRS of noise", _mif(more='CoordSys Earth Projection 99, 9999, "m", 1e308, nan\n'),
            READ),
    Hostile("MIF with 10,000 columns", a_text("map.mif", "Version 300\nColumns 10000\n"), "missing-part"),
    Hostile("FlatGeobuf with a header of 2 GB", some_bytes(
        "map.fgb", b"fgb\x03fgb\x00" + struct.pack("<I", 2**31 - 1) + bytes(100)
    ), "unreadable-file"),
    Hostile("FlatGeobuf of noise", some_bytes("map.fgb", b"fgb\x03fgb\x00" + b"\xff" * 5000), "unreadable-file"),
    Hostile("picture called .geojson", some_bytes("map.geojson", b"\x89PNG\r\n\x1a\n" + bytes(100)),
            "content-mismatch"),
    Hostile("picture", some_bytes("map.png", b"\x89PNG\r\n\x1a\n"), "not-a-spatial-file"),
    Hostile("AutoCAD drawing", some_bytes("map.dwg", b"AC1032"), "format-not-supported"),
    Hostile("RAR archive", some_bytes("map.rar", b"Rar!"), "format-not-supported"),
    Hostile("file of 0 bytes", some_bytes("map.geojson", b""), "empty-file"),
    Hostile("TIFF called .geojson", some_bytes("map.geojson", b"II*\x00" + bytes(100)), "content-mismatch"),
    Hostile("PDF", some_bytes("map.pdf", b"%PDF-1.7"), "format-not-supported"),
    Hostile("Digitals map", some_bytes("map.dmf", bytes(100)), "format-not-supported"),
    Hostile("program", some_bytes("map.exe", b"MZ"), "not-a-spatial-file"),
    Hostile("file without extension", some_bytes("map", b"{}"), "not-a-spatial-file"),
)  # fmt: skip
