"""Parcels in any number for benchmarks: streamed, clean, and written fast as a shapefile that GDAL reads."""

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from importers.demo.bulk import FIELD_MAP, FIELDS, SRID, generate_parcels, write_parcels
from importers.demo.shapefile import PolygonShapefile, TextField
from layers.schema import Schema
from layers.standards import standard_layers


def test_exactly_as_many_parcels_come_as_were_asked_for() -> None:
    for count in (1, 999, 1_000, 1_001, 52_345):
        chunks = list(generate_parcels(count))
        assert sum(len(chunk) for chunk in chunks) == count
        assert max(len(chunk) for chunk in chunks) <= 50_000
        assert len(chunks[-1].coords) == chunks[-1].ring_ends[-1]


def test_the_same_arguments_give_the_same_parcels_and_another_seed_gives_others() -> None:
    first, again, other = (next(iter(generate_parcels(2_000, seed=s))) for s in (1, 1, 2))

    assert np.array_equal(first.coords, again.coords)
    assert list(first.columns["OWNERSH"]) == list(again.columns["OWNERSH"])
    assert not np.array_equal(first.coords, other.coords)


def test_parcels_are_valid_share_borders_and_never_overlap() -> None:
    polygons = next(iter(generate_parcels(6_000))).polygons

    assert shapely.is_valid(polygons).all()
    assert shapely.coverage_is_valid(polygons)
    assert not shapely.is_ccw(shapely.get_exterior_ring(polygons)).any()


def test_most_parcels_are_in_villages_and_have_about_fifteen_vertices() -> None:
    chunk = next(iter(generate_parcels(10_000)))
    vertices = np.diff(chunk.ring_ends) - 1

    assert np.mean(chunk.columns["LOCATION"] == "urban") == pytest.approx(0.6)
    assert 13 <= np.median(vertices) <= 16


def test_values_fit_the_standard_layer_of_parcels_and_numbers_are_unique() -> None:
    schema = Schema.from_json(standard_layers()["parcels"]["schema"])
    chunk = next(iter(generate_parcels(5_000)))

    for name, key in FIELD_MAP.items():
        field = schema.get(key)
        assert field is not None
        values = {v.item() if isinstance(v, np.generic) else v for v in chunk.columns[name]}
        assert [issue for value in values for issue in field.issues_with(value)] == []
    assert len(set(chunk.columns["CADNUM"])) == 5_000


def test_the_written_shapefile_reads_back_exactly(tmp_path: Path) -> None:
    write_parcels(51_234, tmp_path / "parcels.zip")

    frame = pyogrio.read_dataframe(tmp_path / "parcels.zip")
    made = list(generate_parcels(51_234))
    assert frame.crs.to_epsg() == SRID
    assert list(frame.columns[:-1]) == [field.name for field in FIELDS]
    assert shapely.equals_exact(frame.geometry.values, np.concatenate([c.polygons for c in made])).all()
    for field in FIELDS:
        expected = np.concatenate([c.columns[field.name] for c in made])
        if field.name == "AREA_HA":
            assert np.allclose(frame[field.name], expected)
        else:
            assert list(frame[field.name]) == list(expected)
    assert [path.name for path in tmp_path.iterdir()] == ["parcels.zip"]


def test_a_text_too_long_for_its_column_is_refused_and_not_cut(tmp_path: Path) -> None:
    square = np.array([(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)], dtype=float)
    with (
        pytest.raises(ValueError, match="longer than 4 bytes of NAZVA"),
        PolygonShapefile(tmp_path / "x.shp", [TextField("NAZVA", 4)], SRID) as shapefile,
    ):
        shapefile.append(square, np.array([0, 5]), {"NAZVA": ["Їжакове"]})


def test_a_file_can_be_had_with_some_parcels_changed_and_all_others_the_same(tmp_path: Path) -> None:
    for every in (0, 100):
        write_parcels(2_000, tmp_path / f"{every}.zip", change_every=every)
    before, after = (
        pyogrio.read_dataframe(f"/vsizip/{tmp_path}/{every}.zip", encoding="cp1251") for every in (0, 100)
    )
    text, place = (before["ADDRESS"] != after["ADDRESS"]), ~before.geometry.geom_equals(after.geometry)

    assert list(before["CADNUM"]) == list(after["CADNUM"])
    assert np.flatnonzero(text).tolist() == list(range(0, 2_000, 100))
    assert np.flatnonzero(place).tolist() == list(range(0, 2_000, 200))
