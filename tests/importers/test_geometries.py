"""The gate before storage: what no geometry may be, what is repaired, and that the account is right."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.detect import crs
from importers.nearby import Area
from importers.normalise import Gate, Normaliser
from importers.report import IssueLog, RowIssue, read_issues

WGS84 = crs.operation(crs.given("4326"), layer="x")
BOX = shapely.box(29.1, 48.1, 29.2, 48.2)


class Passed:
    """Geometries after the gate, their rows, the issues, and the normaliser with its counts."""

    def __init__(self, geoms: list[Any], folder: Path, **gate: Any) -> None:
        log = IssueLog(folder / "issues.jsonl", most=10_000)
        limits = {
            "max_vertices": 1_000,
            "max_parts": 50,
            "max_rings": 100,
            "repair_s": 5,
            "kind": None,
        } | gate
        self.account = Normaliser(
            gate.pop("operation", WGS84), Gate(**{k: v for k, v in limits.items() if k != "operation"}), log
        )
        wkb = [geom if geom is None or isinstance(geom, bytes) else shapely.to_wkb(geom) for geom in geoms]
        ewkb, places = self.account.batch(pa.array(wkb, pa.binary()), np.arange(1, len(wkb) + 1))
        log.close()
        self.geoms = list(shapely.from_wkb(ewkb.to_numpy(zero_copy_only=False)))
        self.rows = [int(place) + 1 for place in places]
        self.issues: list[RowIssue] = list(read_issues(folder / "issues.jsonl"))

    def told(self) -> list[tuple[int | None, str]]:
        return [(issue.row, issue.rule) for issue in self.issues]


def test_what_passes_is_two_dimensional_valid_and_knows_its_srid(tmp_path: Path) -> None:
    passed = Passed([shapely.Point(29, 48, 120), BOX], tmp_path)

    assert [shapely.get_srid(geom) for geom in passed.geoms] == [4326, 4326]
    assert not shapely.has_z(passed.geoms).any()
    assert passed.told() == [(None, "dimensions-dropped")]
    assert passed.account.extent == [29.0, 48.0, 29.2, 48.2]


@pytest.mark.parametrize(
    ("geom", "rule"),
    [
        (None, "geometry-missing"), (shapely.Polygon(), "geometry-missing"), (b"", "geometry-missing"),
        (shapely.from_wkt("GEOMETRYCOLLECTION EMPTY"), "geometry-missing"),
        (b"\x01\x03\x00\x00\x00garbage", "geometry-unreadable"),
        (shapely.from_wkt("POINT (1e140 48)"), "coordinates-not-finite"),
        (shapely.from_wkt("LINESTRING (29 48, 1e308 48)"), "coordinates-not-finite"),
        (shapely.from_wkt("POINT (29 91)"), "coordinates-out-of-range"),
        (shapely.linestrings(np.linspace([29, 48], [29.1, 48.1], 1001)), "too-many-vertices"),
        (b"\x01" * 50_000, "too-many-vertices"),
        (shapely.multipoints([(29 + n / 1000, 48) for n in range(51)]), "too-many-parts"),
    ],
)  # fmt: skip
def test_a_geometry_that_may_not_pass_is_left_out_with_its_row(geom: Any, rule: str, tmp_path: Path) -> None:
    passed = Passed([BOX, geom, BOX], tmp_path)

    assert passed.rows == [1, 3]
    assert passed.told() == [(2, rule)]
    assert passed.issues[0].done == "rejected"


def test_nan_coordinates_are_left_out(tmp_path: Path) -> None:
    nan = struct.pack("<BIIIdddddd", 1, 3, 1, 3, 29, 48, float("nan"), 48.1, 29, 48)
    assert Passed([nan, BOX], tmp_path).rows == [2]


def test_rings_are_counted_over_all_parts(tmp_path: Path) -> None:
    holes = [shapely.box(29.1 + n / 1000, 48.1, 29.1005 + n / 1000, 48.15).exterior for n in range(60)]
    many = shapely.Polygon(shapely.box(29, 48, 29.3, 48.3).exterior, holes)
    twice = shapely.MultiPolygon([many, shapely.transform(many, lambda xy: xy + 1)])
    passed = Passed([many, twice], tmp_path)

    assert (passed.rows, passed.told()) == ([1], [(2, "too-many-rings")])


def test_collections_nested_too_deep_are_left_out(tmp_path: Path) -> None:
    deep = BOX
    for _ in range(3):
        deep = shapely.GeometryCollection([deep])
    passed = Passed([deep, shapely.GeometryCollection([deep])], tmp_path)

    assert (passed.rows, passed.told()) == ([1], [(2, "nested-too-deep")])


def test_only_the_layers_kind_is_kept(tmp_path: Path) -> None:
    mixed = shapely.GeometryCollection([BOX, shapely.Point(29, 48)])
    passed = Passed(
        [BOX, shapely.Point(29, 48), mixed, shapely.MultiPolygon([BOX])], tmp_path, kind="Polygon"
    )

    assert passed.rows == [1, 3, 4]
    assert passed.told() == [(3, "geometry-reduced"), (2, "geometry-type")]
    assert passed.geoms[1].equals(BOX)
    assert passed.account.kinds == {"POLYGON": 2, "MULTIPOLYGON": 1}


def test_arcs_are_left_out_and_their_neighbours_kept(tmp_path: Path) -> None:
    arc = struct.pack("<BII6d", 1, 8, 3, 29, 48, 29.1, 48.1, 29.2, 48)
    inside = struct.pack("<BII", 1, 7, 1) + arc
    passed = Passed([BOX, arc, b"\x01\x03\x00", inside, BOX], tmp_path)

    assert passed.rows == [1, 5]
    assert passed.told() == [(2, "geometry-curved"), (3, "geometry-unreadable"), (4, "geometry-curved")]


def test_an_open_ring_is_closed(tmp_path: Path) -> None:
    ring = struct.pack("<BIII6d", 1, 3, 1, 3, 29, 48, 29.1, 48, 29.1, 48.1)
    [triangle] = Passed([ring], tmp_path).geoms

    assert triangle.is_valid
    assert triangle.area == pytest.approx(0.005)


def test_a_spike_is_repaired_and_a_collapsed_ring_is_left_out(tmp_path: Path) -> None:
    spike = shapely.Polygon([(29, 48), (29.1, 48), (29.1, 48.1), (29.1, 48), (29.05, 48.1)])
    flat = shapely.Polygon([(29, 48), (29.1, 48), (29, 48)])
    passed = Passed([spike, flat], tmp_path, kind="Polygon")

    assert passed.rows == [1]
    assert passed.geoms[0].is_valid
    assert passed.told() == [(1, "geometry-invalid"), (2, "geometry-collapsed")]
    assert passed.account.repaired == 1


def test_a_repair_that_would_take_minutes_is_stopped(tmp_path: Path) -> None:
    """The default method needs two minutes for a tenth of this ring."""
    ring = np.random.default_rng(5).random((4_000, 2)) * 0.1 + [29, 48]
    passed = Passed([shapely.polygons([*ring, ring[0]]), BOX], tmp_path, max_vertices=10_000, repair_s=1)

    assert (passed.rows, passed.told()) == ([2], [(1, "repair-too-long")])
    assert Passed([shapely.polygons([*ring[:40], ring[0]])], tmp_path).account.repaired == 1


def test_rows_outside_the_area_asked_about_are_counted_and_kept(tmp_path: Path) -> None:
    passed = Passed([BOX, shapely.Point(31, 50)], tmp_path, area=Area(shapely.box(29.0, 48.0, 29.5, 48.5)))

    assert passed.rows == [1, 2]
    assert passed.account.outside == 1
    assert passed.told() == [(2, "outside-area")]


def test_one_exchanged_pair_among_right_ones_is_only_reported(tmp_path: Path) -> None:
    passed = Passed([BOX, shapely.Point(48.1, 29.1), BOX], tmp_path)

    assert passed.geoms[1].equals(shapely.Point(48.1, 29.1))
    assert passed.told() == [(2, "axes-look-swapped")]


def test_exchanged_metres_are_put_right(tmp_path: Path) -> None:
    msk = crs.operation(crs.given("9832"), layer="x")
    passed = Passed([shapely.Point(5_390_000, 340_000)] * 3, tmp_path, operation=msk)

    assert passed.told() == [(None, "axes-swapped")]
    assert passed.geoms[0].x == pytest.approx(29.2, abs=0.1)


coordinates = (
    st.floats() | st.floats(-180, 180) | st.sampled_from([1e140, -1e308, float("inf"), float("nan"), 0.0])
)


@settings(max_examples=300, deadline=None)
@given(
    items=st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 4]), st.lists(st.tuples(coordinates, coordinates), min_size=0, max_size=8)),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_whatever_comes_what_passes_is_finite_valid_and_on_the_earth(
    items: list[tuple[int, list[tuple[float, float]]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    geoms = [_wkb(kind, xy) for kind, xy in items]
    passed = Passed(geoms, tmp_path_factory.mktemp("any"))

    assert all(geom.is_valid and not geom.is_empty for geom in passed.geoms)
    xy = shapely.get_coordinates(passed.geoms)
    assert np.isfinite(xy).all()
    assert (np.abs(xy) <= [180, 90]).all()
    gone = {issue.row for issue in passed.issues if issue.done == "rejected"}
    assert gone == set(range(1, len(geoms) + 1)) - set(passed.rows)


def _wkb(kind: int, xy: list[tuple[float, float]]) -> bytes:
    flat = b"".join(struct.pack("<2d", *pair) for pair in xy)
    head = struct.pack("<BI", 1, kind)
    if kind == 1:
        return head + (flat[:16] or struct.pack("<2d", 0, 0))
    if kind == 2:
        return head + struct.pack("<I", len(xy)) + flat
    if kind == 3:
        return head + struct.pack("<II", 1, len(xy)) + flat
    return head + struct.pack("<I", len(xy)) + b"".join(_wkb(1, [pair]) for pair in xy)
