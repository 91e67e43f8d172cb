"""Geometries that hold each other: refused by their bytes, before GEOS would fall from its stack."""

import random
import struct
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
import shapely

from importers.nesting import DEEPEST, nested_deeper
from importers.report import read_issues
from importers.sandbox import convert_file, inspect_file, read_rows
from importers.sandbox.launcher import ROOT
from tests.importers.corpus import feature, feature_collection
from tests.importers.corpus.databases import geopackage_of

_POINT = struct.pack("<BI2d", 1, 1, 29.2, 48.7)
_POINT_XDR = struct.pack(">BI2d", 0, 1, 29.2, 48.7)


def deep(levels: int, *, kind: int = 7, order: str = "<") -> bytes:
    """So many collections in each other with a point in the innermost."""
    head = struct.pack(order + "BII", order == "<", kind, 1)
    return head * levels + (_POINT if order == "<" else _POINT_XDR)


def with_a_sibling_before(levels: int) -> bytes:
    """Each level holds a square first: what is nested is never the first part."""
    square = shapely.to_wkb(shapely.box(29.2, 48.7, 29.3, 48.8))
    return (struct.pack("<BII", 1, 7, 2) + square) * levels + _POINT


def behind_an_srid(levels: int) -> bytes:
    """Extended WKB whose SRID looks like one part, and what follows like a simple one."""
    return struct.pack("<BIII", 1, 6 | 0x20000000, 1, 0x301) + deep(levels, order=">")


def told(*wkb: bytes | None) -> list[bool]:
    return [bool(item) for item in nested_deeper(pa.array(wkb, pa.binary()))]


@pytest.mark.parametrize("kind", [4, 5, 6, 7, 9, 10, 11, 12, 1007, 2007, 3006, 7 | 0x80000000])
@pytest.mark.parametrize("order", ["<", ">"])
def test_nesting_is_told_in_every_kind_that_has_parts(kind: int, order: str) -> None:
    bearable, too_deep = (deep(levels, kind=kind, order=order) for levels in (DEEPEST, DEEPEST + 1))
    assert told(bearable, too_deep) == [False, True]


def test_nesting_is_told_wherever_it_stands() -> None:
    assert told(with_a_sibling_before(DEEPEST + 1), deep(500_000), behind_an_srid(DEEPEST)) == [True] * 3


def test_what_people_draw_is_not_nested() -> None:
    square = shapely.box(29, 48, 30, 49)
    drawn = [
        shapely.Point(1, 2), shapely.MultiPoint([(1, 2), (3, 4)]), square, shapely.MultiPolygon([square] * 500),
        shapely.GeometryCollection([shapely.MultiPolygon([square.difference(square.buffer(-0.1))]), square]),
        shapely.GeometryCollection(), shapely.from_wkt("MULTILINESTRING Z ((1 2 3, 4 5 6), (7 8 9, 1 2 3))"),
    ]  # fmt: skip
    for order in (0, 1):
        assert not any(told(*shapely.to_wkb(drawn, byte_order=order)))
        assert not any(told(*shapely.to_wkb(drawn, byte_order=order, include_srid=True)))


def test_nulls_noise_and_parts_of_a_batch_are_no_trouble() -> None:
    chance = random.Random(5)
    noise = [chance.randbytes(chance.randrange(40)) for _ in range(5_000)]
    noise += [deep(8)[:cut] for cut in range(80)]
    assert not any(told(None, b"", *noise))
    assert not len(nested_deeper(pa.array([], pa.binary())))
    batch = pa.array([deep(40), None, _POINT, deep(50)], pa.binary())
    assert list(nested_deeper(batch[1:])) == [False, False, True]
    assert list(nested_deeper(batch.cast(pa.large_binary())[1:])) == [False, False, True]


def test_without_the_look_at_the_bytes_geos_falls() -> None:
    script = "import sys, shapely; shapely.from_wkb(sys.stdin.buffer.read(), on_invalid='ignore')"
    done = subprocess.run([sys.executable, "-c", script], input=deep(500_000), cwd=ROOT, check=False)
    assert done.returncode < 0


@pytest.mark.parametrize(
    ("name", "nested"),
    [
        ("map.gpkg", lambda path: geopackage_of(path, deep(20_000), _POINT)),
        ("map.csv", lambda path: path.write_text(
            "name;wkt\na;POINT(29.2 48.7)\nb;" + "GEOMETRYCOLLECTION(" * 5_000 + "POINT(29.2 48.7)" + ")" * 5_000
            + "\nc;POINT(29.2 48.7)\nd;POINT(29.2 48.7)\ne;POINT(29.2 48.7)\nf;POINT(29.2 48.7)\n"
        )),
        ("map.geojson", lambda path: path.write_text(feature_collection([
            feature('{"type":"Point","coordinates":[29.2,48.7]}'),
            feature('{"type":"GeometryCollection","geometries":[' * 20
                    + '{"type":"Point","coordinates":[29.2,48.7]}' + "]}" * 20),
        ]))),
        ("map.kml", lambda path: path.write_text(
            '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>a</name><Point><coordinates>'
            "29.2,48.7</coordinates></Point></Placemark><Placemark><name>b</name>" + "<MultiGeometry>" * 20
            + "<Point><coordinates>29.2,48.7</coordinates></Point><LineString><coordinates>29.2,48.7 29.3,48.8"
            "</coordinates></LineString>" + "</MultiGeometry>" * 20 + "</Placemark></Document></kml>"
        )),
        ("map.gml", lambda path: path.write_text(
            '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"><gml:featureMember><place><name>a</name>'
            '<geom><gml:Point srsName="EPSG:4326"><gml:coordinates>29.2,48.7</gml:coordinates></gml:Point></geom>'
            "</place></gml:featureMember><gml:featureMember><place><name>b</name><geom>"
            + '<gml:MultiGeometry srsName="EPSG:4326"><gml:geometryMember>' * 20
            + "<gml:Point><gml:coordinates>29.2,48.7</gml:coordinates></gml:Point>"
            + "</gml:geometryMember></gml:MultiGeometry>" * 20 + "</geom></place></gml:featureMember>"
            "</gml:FeatureCollection>"
        )),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)  # fmt: skip
def test_a_row_that_nests_too_deep_is_left_out_with_its_reason_and_the_others_come_in(
    name: str, nested: object, tmp_path: Path
) -> None:
    path, work = tmp_path / name, tmp_path / "work"
    nested(path)  # type: ignore[operator]
    work.mkdir()

    inspect_file(path, work=work)
    conversion = convert_file(path, work=work)

    [issue] = [item for item in read_issues(conversion.issues_file) if item.done == "rejected"]
    assert issue.rule == "nested-too-deep"
    assert "3" in issue.message
    assert sum(len(batch) for batch in read_rows(conversion.rows_file)) == conversion.read - 1 > 0
