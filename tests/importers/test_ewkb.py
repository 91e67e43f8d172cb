"""Geometries written for COPY, against what GEOS itself writes."""

import numpy as np
import pytest
import shapely
from shapely import wkt

from importers.ewkb import ewkb

KINDS = {
    "points": ["POINT (30.5 50.4)", "POINT (24 49)"],
    "lines": ["LINESTRING (30 50, 31 51, 32 50)", "LINESTRING (24 49, 25 49)"],
    "polygons": ["POLYGON ((30 50, 31 50, 31 51, 30 50))", "POLYGON ((24 49, 25 49, 25 50, 24 50, 24 49))"],
    "polygons with holes": ["POLYGON ((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 2, 5 1))"],
    "multipolygons": ["MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))"],
    "collections": ["GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (1 2, 3 4))"],
}


def as_geos_writes(geoms: np.ndarray) -> list[bytes]:
    return list(shapely.to_wkb(shapely.set_srid(geoms, 4326), include_srid=True, byte_order=1))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_written_as_geos_writes_it(kind: str) -> None:
    geoms = np.array([wkt.loads(text) for text in KINDS[kind]], object)
    assert ewkb(geoms).to_pylist() == as_geos_writes(geoms)


def test_kinds_that_take_turns_keep_their_order() -> None:
    geoms = np.array([wkt.loads(text) for texts in KINDS.values() for text in texts] * 3, object)
    np.random.default_rng(1).shuffle(geoms)
    assert ewkb(geoms).to_pylist() == as_geos_writes(geoms)


def test_no_geometries_are_no_values() -> None:
    assert ewkb(np.empty(0, object)).to_pylist() == []
