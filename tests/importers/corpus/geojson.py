"""GeoJSON that is too deep, too wide, too long or no numbers."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.importers.corpus.base import READ, Hostile, Make, a_text, some_bytes


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

VERTICES = 10_000_000
"""Of the long ring: 130 MB of text, written in pieces."""


def _points(*coordinates: str) -> Make:
    """Points whose coordinates are written so."""
    return a_text("map.geojson", feature_collection(
        [feature(f'{{"type":"Point","coordinates":{item}}}', '{"name":"x"}') for item in coordinates]
    ))  # fmt: skip


def long_ring(path: Path, vertices: int = VERTICES) -> Path:
    """One polygon of so many vertices, made of one piece that is repeated: a ring that goes to and fro."""
    piece = "".join(f"[29.{number:04d},48.{number % 2}]," for number in range(10_000))
    with path.open("w") as file:
        file.write('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
                   '{"type":"Polygon","coordinates":[[')  # fmt: skip
        for _ in range(vertices // 10_000):
            file.write(piece)
        file.write("[29.0000,48.0]]]}}]}")
    return path


def _many_rings(rings: int) -> str:
    ring = "[[29,48],[29,48.1],[29.1,48.1],[29,48]]"
    return feature(f'{{"type":"Polygon","coordinates":[{",".join([ring] * rings)}]}}')


_COLLECTIONS = (
    '{"type":"GeometryCollection","geometries":[' * 100
    + '{"type":"Point","coordinates":[29,48]}'
    + "]}" * 100
)
_DEEP = "[" * 400 + "]" * 400


GEOJSON: tuple[Hostile, ...] = (
    Hostile("GeoJSON without features", a_text("map.geojson", _NO_FEATURES), "empty-layer"),
    Hostile("JSON that is no map", a_text("map.geojson", '{"answer": 42}'), "not-geojson"),
    Hostile("GeoJSON cut off", a_text("map.geojson", feature_collection(
        [feature('{"type":"Point","coordinates":[29,48]}')] * 50)[:-40]
    ), "unreadable-file"),
    Hostile("GeoJSON nested 100,000 deep", a_text(
        "map.geojson", '{"type":"FeatureCollection","features":' + "[" * 100_000
    ), "unreadable-file"),
    Hostile("GeoJSON with 30,000 keys", a_text("map.geojson", _MANY_KEYS), "over-limit"),
    Hostile("GeoJSON with NaN", _points("[NaN,48]", "[29,Infinity]", "[-Infinity,NaN]"), "nothing-left"),
    Hostile("GeoJSON with 1e999", _points("[1e999,48]", "[29,-1e999]"), "unreadable-file"),
    Hostile("GeoJSON with 1e308", _points("[1e308,-1e308]"), "nothing-left"),
    Hostile("GeoJSON with coordinates that are texts", _points('["29","48"]', "[null,null]", "[]"), "nothing-left"),
    Hostile("GeoJSON with coordinates 400 deep", _points(_DEEP), "nothing-left"),
    Hostile("GeoJSON with a ring of ten million vertices", lambda folder, secret: long_ring(folder / "map.geojson"),
            "over-limit"),
    Hostile("GeoJSON with 20,000 rings in a polygon", a_text("map.geojson", feature_collection([_many_rings(20_000)])),
            "nothing-left"),
    Hostile("GeoJSON of collections 100 deep", a_text("map.geojson", feature_collection([feature(_COLLECTIONS)])),
            "nothing-left"),
    Hostile("GeoJSON with values nested 100,000 deep", a_text("map.geojson", feature_collection([feature(
        '{"type":"Point","coordinates":[29,48]}', '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"
    )])), "unreadable-file"),
    Hostile("GeoJSON with a CRS that is an address", a_text(
        "map.geojson", '{"type":"FeatureCollection","crs":{"type":"link","properties":{"href":"http://127.0.0.1:9/crs",'
        '"type":"proj4"}},"features":[' + feature('{"type":"Point","coordinates":[29.2,48.7]}') + "]}"
    ), READ),
    Hostile("GeoJSON whose CRS is a file", a_text(
        "map.geojson", '{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"+init={secret}"}},'
        '"features":[' + feature('{"type":"Point","coordinates":[29.2,48.7]}') + "]}"
    ), READ),
    Hostile("GeoJSON with a key of a megabyte", a_text("map.geojson", feature_collection([feature(
        '{"type":"Point","coordinates":[29.2,48.7]}', json.dumps({"k" * 1_000_000: 1})
    )])), "over-limit"),
    Hostile("GeoJSON with texts of half letters", some_bytes("map.geojson", feature_collection([feature(
        '{"type":"Point","coordinates":[29.2,48.7]}', '{"name":"\\ud800 \\u0000 X"}'
    )]).encode().replace(b"X", b"\xd0\xff")), READ),
    Hostile("GeoJSONL with a line that is none", a_text("map.geojsonl", feature(
        '{"type":"Point","coordinates":[29.2,48.7]}'
    ) + "\n{{{{\n" + "[" * 5_000), "counts-disagree"),
    Hostile("TopoJSON called .geojson", a_text(
        "map.geojson", '{"type":"Topology","objects":{"a":{"type":"Point","coordinates":[0,0]}},"arcs":[]}'
    ), "unreadable-file"),
    Hostile("answer of ArcGIS called .json", a_text(
        "map.json", '{"geometryType":"esriGeometryPoint","features":[{"geometry":{"x":1,"y":2},"attributes":{}}]}'
    ), "not-geojson"),
)  # fmt: skip
