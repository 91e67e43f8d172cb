"""Shapefiles by hand, and what can be wrong with their parts."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.importers.corpus.base import READ, Hostile, Make, zip_of

WGS84_PRJ = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
SQUARE = [(29.0, 48.0), (29.0, 48.1), (29.1, 48.1), (29.1, 48.0), (29.0, 48.0)]
# The same words in two encodings: no single one reads both.
MIXED = ["вулиця Соборна".encode("cp1251"), "вулиця Соборна сад".encode("koi8-u")]


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


def zipped_shapefile(path: Path, parts: dict[str, bytes], stem: str = "шар") -> Path:
    return zip_of(path, {f"{stem}{extension}": content for extension, content in parts.items()})


def _shapefile(change: Callable[[dict[str, bytes]], None]) -> Make:
    def make(folder: Path, secret: Path) -> Path:
        parts = shapefile_parts([SQUARE] * 20)
        change(parts)
        return zipped_shapefile(folder / "map.zip", parts)

    return make


def _without(part: str) -> Make:
    return _shapefile(lambda parts: parts.pop(part) and None)


def _cut(part: str, bytes_off: int) -> Make:
    return _shapefile(lambda parts: parts.update({part: parts[part][:-bytes_off]}))


def _lying(part: str, content: bytes) -> Make:
    return _shapefile(lambda parts: parts.update({part: content}))


def _rings(*rings: Sequence[tuple[float, float]]) -> Make:
    return lambda folder, secret: zipped_shapefile(folder / "map.zip", shapefile_parts(rings))


def _parts_lie(count: int) -> bytes:
    """A .shp whose polygon says that it has so many parts."""
    record = bytearray(polygon_record(SQUARE))
    record[36:40] = struct.pack("<i", count)
    return shp([bytes(record)] * 20)


def _wild_index() -> bytes:
    """A .shx that leads beyond the .shp."""
    content = bytearray(shx([polygon_record(SQUARE)] * 20))
    for number in range(20):
        content[100 + number * 8 : 104 + number * 8] = struct.pack(">i", 2**30 + number)
    return bytes(content)


def _no_width() -> bytes:
    """A .dbf whose field and records have no width."""
    content = bytearray(dbf([b"x"] * 20))
    content[10:12], content[48] = b"\x00\x00", 0
    return bytes(content)


_NAN, _INF = float("nan"), float("inf")


SHAPEFILES: tuple[Hostile, ...] = (
    Hostile("zip without .shp", _without(".shp"), "missing-part"),
    Hostile("zip without .dbf", _without(".dbf"), "missing-part"),
    Hostile("zip without .prj", _without(".prj"), READ),
    Hostile(".shp cut off", _cut(".shp", 300), "truncated-file"),
    Hostile(".dbf cut off", _cut(".dbf", 300), "truncated-file"),
    Hostile(".shp of 60 bytes", _lying(".shp", shp([])[:60]), "truncated-file"),
    Hostile(".dbf that promises 4 G rows", _lying(".dbf", dbf([b"x"] * 20, promised=2**32 - 1)), "truncated-file"),
    Hostile(".dbf with fewer rows than shapes", _lying(".dbf", dbf([b"x"] * 3)), "counts-disagree"),
    Hostile(".shp that promises 4 GB", _lying(".shp", shp([polygon_record(SQUARE)] * 20, promised=2**32 - 2)),
            "truncated-file"),
    Hostile(".prj that is an address", _lying(".prj", b"http://127.0.0.1:9/crs"), READ),
    Hostile(".prj that is a path", _lying(".prj", b"/etc/passwd"), READ),
    Hostile(".prj nested 50,000 deep", _lying(".prj", b"PROJCS[" * 50_000), READ),
    Hostile("Shapefile without rows", lambda folder, secret: zipped_shapefile(
        folder / "map.zip", {".shp": shp([]), ".shx": shx([]), ".dbf": dbf([]), ".prj": WGS84_PRJ.encode()}
    ), "empty-layer"),
    Hostile("Shapefile with NaN", _rings([(_NAN, _NAN)] * 5), "nothing-left"),
    Hostile("Shapefile with infinity", _rings([(29.0, 48.0), (_INF, 48.1), (29.1, -_INF), (29.0, 48.0)]),
            "nothing-left"),
    Hostile("Shapefile with 1e308", _rings([(29.0, 48.0), (1e308, 48.1), (29.1, -1e308), (29.0, 48.0)]),
            "nothing-left"),
    Hostile("Shapefile with 1e200 in a zone of metres", _shapefile(lambda parts: parts.update({
        ".shp": shp([polygon_record([(1e200, 1e200), (2e200, 1e200), (2e200, 2e200), (1e200, 1e200)])] * 20)
    })), "nothing-left"),
    Hostile("Shapefile of rings of one point", _rings(*[[(29.0, 48.0)] * 4] * 20), "nothing-left"),
    Hostile(".shp with 200 million parts", _lying(".shp", _parts_lie(200_000_000)), "nothing-left"),
    Hostile(".shp with -1 parts", _lying(".shp", _parts_lie(-1)), "nothing-left"),
    Hostile(".shp of a kind that there is not", _lying(".shp", shp([polygon_record(SQUARE)] * 20, shape=99)),
            READ),
    Hostile(".shx that leads beyond the .shp", _lying(".shx", _wild_index()), "nothing-left"),
    Hostile(".dbf with records of no width", _lying(".dbf", _no_width()), "unreadable-file"),
    Hostile(".dbf with a field called by 11 bytes of noise", _shapefile(lambda parts: parts.update(
        {".dbf": dbf([b"x"] * 20, field=b"\xff\xfe\x01\x02'\";--\n")}
    )), "encoding-unknown"),
    Hostile(".cpg that is a path", _shapefile(lambda parts: parts.update({".cpg": b"../../../etc/passwd"})), READ),
    Hostile(".cpg of a megabyte", _shapefile(lambda parts: parts.update({".cpg": b"\xff" * 1_000_000})), READ),
    Hostile("texts in two encodings at once", lambda folder, secret: zipped_shapefile(
        folder / "map.zip", shapefile_parts([SQUARE] * 2, MIXED)
    ), "encoding-unknown"),
)  # fmt: skip
