"""Coordinate systems of Ukraine: named, recognised by their numbers, and transformed by the right operation."""

import math

import numpy as np
import pytest
from pyproj import Geod

from importers.detect import crs
from importers.errors import CrsInexact, CrsNotKnown

KYIV = (30.52, 50.45)
LOCAL = (
    'PROJCS["local",GEOGCS["GCS_local",DATUM["{datum}",SPHEROID["Krasovsky_1940",6378245.0,298.3]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["{projection}"],'
    'PARAMETER["False_Easting",{east}],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],'
    'PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",{origin}],UNIT["Meter",1.0]]'
)


def local(
    *,
    datum: str = "D_unknown",
    projection: str = "Transverse_Mercator",
    east: float,
    meridian: float,
    origin: float = 0.0,
) -> str:
    return LOCAL.format(datum=datum, projection=projection, east=east, meridian=meridian, origin=origin)


@pytest.mark.parametrize(
    ("code", "east", "north", "accuracy_m"),
    [
        (6384, 337049.5, 5591144.7, 1.0), (5564, 6323984.0, 5593950.8, 1.0), (9864, 301536.9, 5591014.9, 1.0),
        (32636, 323940.5, 5591604.5, 0.0), (7827, 3372561.5, 5582298.8, 4.5),
    ],
)  # fmt: skip
def test_kyiv_lies_in_kyiv_in_every_system(code: int, east: float, north: float, accuracy_m: float) -> None:
    operation = crs.operation(crs.given(str(code)), layer="x")
    lon, lat = operation.to_lonlat(np.array([east]), np.array([north]))

    _, _, metres = Geod(ellps="WGS84").inv(lon[0], lat[0], *KYIV)
    assert metres < 0.2
    assert operation.accuracy_m == accuracy_m


def test_sk63_goes_by_ucs_2000_and_not_by_the_parameters_made_for_russia() -> None:
    operation = crs.operation(crs.given("7827"), layer="x")

    assert operation.name.startswith("Pulkovo 1942 to UCS-2000 (1) + ")
    assert "UCS-2000 to WGS 84 (2)" in operation.name
    assert "(20)" not in operation.name


def test_wgs84_needs_no_operation() -> None:
    assert crs.operation(crs.given("EPSG:4326"), layer="x").transformer is None


@pytest.mark.parametrize(
    ("wkt", "code"),
    [
        (local(east=300000, meridian=30), "EPSG:6384"),
        (local(east=5500000, meridian=27, projection="Gauss_Kruger"), "EPSG:5563"),
        (local(east=3300000, meridian=29.5, origin=0.0833333333333333), "EPSG:7827"),
        (local(east=300000, meridian=28.6666666666667, datum="D_Krasovsky_1940"), "EPSG:9832"),
    ],
)
def test_a_system_without_a_known_datum_is_known_by_its_numbers(wkt: str, code: str) -> None:
    found = crs.declared(wkt)

    assert found is not None
    assert (found.code, found.how) == (code, "parameters")


def test_an_operation_that_ignores_the_datum_is_refused_with_options() -> None:
    found = crs.declared(local(east=1234, meridian=29.3))
    assert found is not None
    with pytest.raises(CrsInexact) as caught:
        crs.operation(
            found, layer="межі", bounds=(60_000.0, 5_390_000.0, 61_000.0, 5_391_000.0), local_srid=9832
        )

    assert caught.value.params["layer"] == "межі"
    assert caught.value.params["options"]


def test_a_zone_of_sk63_without_a_code_still_goes_by_ucs_2000() -> None:
    found = crs.declared(local(datum="D_Pulkovo_1942", east=3250000, meridian=27.95))
    assert found is not None
    assert found.code == ""
    assert crs.operation(found, layer="x").accuracy_m == 4.5


@pytest.mark.parametrize(
    "text",
    ["", " ", "garbage", "http://127.0.0.1/crs", "/etc/passwd", "+proj=longlat", "EPSG:99999999", "urn:ogc:def:crs:x",
     'LOCAL_CS["x",UNIT["m",1]]', "PROJCS[" * 5_000, "GEOGCS[" + "x" * 50_000],
)  # fmt: skip
def test_nonsense_declares_nothing(text: str) -> None:
    assert crs.declared(text) is None


@pytest.mark.parametrize("text", ["", "abc", "EPSG", "99999999", "EPSG:5773", "4326; DROP TABLE", "-1"])
def test_a_code_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CrsNotKnown):
        crs.given(text)


def test_options_are_systems_in_which_the_data_lie_in_ukraine_the_communitys_own_first() -> None:
    in_metres = crs.options((331_846.0, 5_390_000.0, 347_230.0, 5_398_102.0), 9832)
    in_degrees = crs.options((29.0, 48.6, 29.3, 48.7), 9832)

    assert in_metres[0].code == "EPSG:9832"
    assert in_metres[0].lon is not None
    assert "EPSG:4326" not in {option.code for option in in_metres}
    assert [option.code for option in in_degrees] == ["EPSG:4326"]


@pytest.mark.parametrize("bounds", [None, (math.nan,) * 4, (1e9, 1e9, 1e9, 1e9)])
def test_without_usable_bounds_the_usual_systems_are_offered(
    bounds: tuple[float, float, float, float] | None,
) -> None:
    codes = [option.code for option in crs.options(bounds, 9832)]

    assert codes[:2] == ["EPSG:9832", "EPSG:4326"]
    assert "EPSG:3857" in codes
