"""The zones of transverse Mercator in which maps of Ukraine are drawn, by their numbers.

Numbers: EPSG registry v11.022 (УСК-2000, МСК, СК-42, areas X of СК-63, UTM); areas C, P and T of СК-63 have
no EPSG code and are known by these codes of ours, `SK63:C5`. Metres and degrees; X is east, Y is north.
"""

from dataclasses import dataclass
from functools import cache

from pyproj import CRS, Transformer

UCS_2000, PULKOVO, WGS_84 = "ucs-2000", "pulkovo-1942", "wgs-84"
# EPSG:5840, the geocentric translation from UCS-2000 to WGS 84 (1 m).
_TO_WGS84 = (
    "+step +proj=push +v_3 +step +proj=cart +ellps=krass +step +proj=helmert +x=24 +y=-121 +z=-76 "
    "+step +inv +proj=cart +ellps=WGS84 +step +proj=pop +v_3 "
)


@dataclass(frozen=True)
class Zone:
    """A zone: `code` as `importers.detect.crs.given` takes it, its kind (msk, tm, gk6, gk6-plain, gk3, sk63,
    sk63-cpt, utm), datum, central meridian, latitude of origin, scale, false easting and northing."""

    code: str
    kind: str
    datum: str
    meridian: float
    false_east: float
    false_north: float = 0.0
    origin: float = 0.0
    scale: float = 1.0

    @property
    def numbers(self) -> tuple[float, float, float, float, float]:
        """Latitude and longitude of origin, scale, false easting, false northing."""
        return self.origin, self.meridian, self.scale, self.false_east, self.false_north

    @property
    def ellipsoid(self) -> tuple[float, float]:
        """Semi-major axis in metres and inverse flattening."""
        return (6378137.0, 298.26) if self.datum == WGS_84 else (6378245.0, 298.3)


def _table() -> tuple[Zone, ...]:
    zones = [Zone(f"EPSG:{code}", "msk", UCS_2000, meridian, 300_000) for code, meridian in _MSK]
    zones += [Zone(f"EPSG:{6381 + n}", "tm", UCS_2000, 21 + 3 * n, 300_000) for n in range(7)]
    for n in range(4):
        meridian, easting = 21 + 6 * n, 4_500_000 + 1_000_000 * n
        zones.append(Zone(f"EPSG:{5562 + n}", "gk6", UCS_2000, meridian, easting))
        zones.append(Zone(f"EPSG:{28404 + n}", "gk6", PULKOVO, meridian, easting))
        zones.append(Zone(f"EPSG:{5566 + n}", "gk6-plain", UCS_2000, meridian, 500_000))
        zones.append(Zone(f"EPSG:{32634 + n}", "utm", WGS_84, meridian, 500_000, scale=0.9996))
    for n in range(7):
        easting = 1_000_000 * (n + 1) + 300_000
        zones.append(Zone(f"EPSG:{7825 + n}", "sk63", PULKOVO, 23.5 + 3 * n, easting, origin=5 / 60))
        zones.append(Zone(f"EPSG:{2523 + n}", "gk3", PULKOVO, 21 + 3 * n, 7_500_000 + 1_000_000 * n))
    for area, first, east, north, count in _SK63_CPT:
        zones += [
            Zone(f"SK63:{area}{n + 1}", "sk63-cpt", PULKOVO, first + 3 * n, 1_000_000 * (n + 1) + east, north)
            for n in range(count)
        ]
    return tuple(zones)


_MSK = (
    (9831, 34.5), (9832, 28 + 2 / 3), (9833, 24 + 5 / 6), (9834, 35), (9835, 37.5), (9836, 28.5), (9837, 23.5),
    (9838, 36), (9839, 24.75), (9821, 30.5), (9840, 32), (9841, 39), (9851, 24), (9852, 31 + 5 / 6), (9853, 30),
    (9854, 33 + 5 / 6), (9855, 27), (9856, 34.5), (9857, 25.5), (9858, 36.5), (9859, 33.5), (9860, 27),
    (9861, 31.5), (9862, 26), (9863, 32), (9864, 30.5), (9865, 33),
)  # fmt: skip
# Area, central meridian of its first zone, false easting without the zone's million, false northing, zones.
_SK63_CPT = (
    ("C", 21.95, 250_000, 11_057.626, 7),
    ("P", 32.4833, 250_000, 12_900.563, 3),
    ("T", 32.9833, 300_000, 11_057.626, 3),
)
ZONES = _table()
BY_CODE = {zone.code: zone for zone in ZONES}


@cache
def to_lonlat(zone: Zone) -> Transformer:
    """From the zone to WGS 84 lon/lat degrees, by EPSG:5840 from UCS-2000 and with СК-42 and СК-63 read as
    that (DOMAIN: the operations of `gis_core.geo.crs`, without a search in the registry). Takes 0.3 ms."""
    ellipsoid = "WGS84" if zone.datum == WGS_84 else "krass"
    return Transformer.from_pipeline(
        f"+proj=pipeline +step +inv +proj=tmerc +lat_0={zone.origin!r} +lon_0={zone.meridian!r} "
        f"+k={zone.scale!r} +x_0={zone.false_east!r} +y_0={zone.false_north!r} +ellps={ellipsoid} "
        f"{'' if zone.datum == WGS_84 else _TO_WGS84}+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )


@cache
def crs_of(zone: Zone) -> CRS:
    """The zone as PROJ knows it; СК-63 C, P and T on the datum Pulkovo 1942."""
    if zone.code.startswith("EPSG:"):
        return CRS.from_epsg(int(zone.code.removeprefix("EPSG:")))
    name = zone.code.removeprefix("SK63:")
    origin, meridian, scale, east, north = zone.numbers
    return CRS.from_wkt(
        f'PROJCS["Pulkovo 1942 / CS63 zone {name}",GEOGCS["Pulkovo 1942",DATUM["Pulkovo_1942",'
        'SPHEROID["Krassowsky 1940",6378245,298.3,AUTHORITY["EPSG","7024"]],AUTHORITY["EPSG","6284"]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4284"]],'
        f'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",{origin!r}],'
        f'PARAMETER["central_meridian",{meridian!r}],PARAMETER["scale_factor",{scale!r}],'
        f'PARAMETER["false_easting",{east!r}],PARAMETER["false_northing",{north!r}],'
        'UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
    )


def same_numbers(numbers: tuple[float, ...], ellipsoid: tuple[float, float]) -> Zone | None:
    """The zone of these numbers (order of `Zone.numbers`) on this ellipsoid; УСК-2000 before СК-42, TM before МСК."""
    return next(
        (
            zone
            for zone in sorted(ZONES, key=lambda zone: (zone.datum != UCS_2000, zone.kind == "msk"))
            if abs(zone.ellipsoid[0] - ellipsoid[0]) < 0.5
            and abs(zone.ellipsoid[1] - ellipsoid[1]) < 0.02
            and all(
                abs(a - b) <= limit
                for a, b, limit in zip(zone.numbers, numbers, (1e-5, 1e-5, 1e-7, 0.01, 0.01), strict=True)
            )
        ),
        None,
    )
