"""Labelled variants of real data: the same rows in many encodings and coordinate systems, declared or not.

Each variant knows its truth. The bytes and numbers are made by our own code from the files of
`tests.importers.data.REAL`; where those are absent, a smaller set is made from generated ones.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS

from gis_core.geo import zones
from gis_core.geo.crs import Operation, operation_between
from gis_core.geo.msk import msk_srid
from gis_core.geo.zones import Zone
from importers.demo.names import NAMES
from importers.detect import crs, encoding
from importers.detect.crs import Resolved
from importers.detect.verdict import Declaration
from importers.readers.shapefile import DbfHeader
from tests.importers.data import REAL

ENCODINGS = ("utf-8", "cp1251", "cp866", "cp1125", "koi8-u", "iso8859-5", "mac-cyrillic")
TWO, TWO_WITH = "two encodings", ("cp1251", "koi8-u", "cp866", "mac-cyrillic")
OTHERS = "another community's"
WRONG_CPG = ("UTF-8", "1251", "866", "KOI8-U", "8859_5", "1252")
LANGUAGE_BYTES = {"cp1251": 0xC9, "cp866": 0x26, "mac-cyrillic": 0x96}
WRONG_BYTES = (0x03, 0x01, 0xC9, 0x26)
FIELD_WIDTH = 80
TEXT_SOURCES = (
    "ladyzhyn/addresses", "ladyzhyn/parking", "ladyzhyn/organizations", "ladyzhyn/recreation_areas",
    "ladyzhyn/bus_stops", "ladyzhyn/bus_routes", "ladyzhyn/settlements", "nature/PZO/geojson/pzo-lvivska",
    "nature/PZO/geojson/pzo-zakarpatska", "nature/PGO/geojson/fiz-geo-chernivetska",
    "infrastructure/cnap_chernivtsi_oblast",
)  # fmt: skip


# --- text ---


@dataclass(frozen=True)
class TextVariant:
    """Values of text columns in an encoding, and what declares it (None: nothing)."""

    source: str
    encoding: str
    label: str
    values: list[bytes]
    declared: Declaration | None


def text_variants(folder: Path, sources: dict[str, list[str]]) -> Iterator[TextVariant]:
    """Each source in each encoding, with .cpg right, wrong and missing and the language byte right, wrong, 0."""
    turn = 0
    for name, texts in sources.items():
        for codec in ENCODINGS:
            values = [_cut(text.encode(codec, "replace")) for text in texts]
            if all(value.isascii() for value in values):
                continue
            ways = [
                ("nothing declared", "", 0),
                ("cpg right", codec, 0),
                ("ldid right", "", LANGUAGE_BYTES.get(codec, 0)),
            ]
            turn += 1
            ways.append(("cpg wrong", WRONG_CPG[turn % len(WRONG_CPG)], 0))
            ways.append(("ldid wrong", "", WRONG_BYTES[turn % len(WRONG_BYTES)]))
            for label, cpg, byte in ways:
                declared = _declared(folder, cpg, byte)
                if label.endswith("wrong") and declared is not None and declared.codec == codec:
                    continue
                if label == "ldid right" and declared is None:
                    continue
                yield TextVariant(name, codec, label, values, declared)
        yield from _in_two(name, texts)


def _in_two(name: str, texts: list[str]) -> Iterator[TextVariant]:
    """Half of the values in UTF-8 and half in another encoding, one after the other and by turns."""
    for turn, codec in enumerate(TWO_WITH):
        first = [_cut(text.encode("utf-8")) for text in texts]
        second = [_cut(text.encode(codec, "replace")) for text in texts]
        values = (
            [*first[: len(texts) // 2], *second[len(texts) // 2 :]]
            if turn % 2
            else [*first[::2], *second[1::2]]
        )
        yield TextVariant(name, f"utf-8-or-{codec}", TWO, values, None)


def _cut(value: bytes) -> bytes:
    """As a DBF field of 80 bytes keeps it: letters of two bytes are cut through the middle."""
    return value[:FIELD_WIDTH].strip(b" ")


def _declared(folder: Path, cpg: str, language: int) -> Declaration | None:
    path = folder / "declared.cpg"
    path.unlink(missing_ok=True)
    if cpg:
        path.write_text(cpg, encoding="ascii")
    return encoding.declared(path, DbfHeader(0, 0, 0, language, ()))


def real_texts(most: int = 300) -> dict[str, list[str]]:
    """Different text values of each real source."""
    found = {}
    for name in TEXT_SOURCES:
        rows = [item["properties"] for item in _features(name)]
        values = dict.fromkeys(
            v for row in rows for v in row.values() if isinstance(v, str) and not v.isascii()
        )
        found[name] = list(values)[:: max(1, len(values) // most)][:most]
    return found


def generated_texts() -> dict[str, list[str]]:
    """Street names of the demo community with house numbers, in three sizes."""
    names = [name.strip() for name in NAMES.replace("\n", " ").split("|")]
    streets = [f"вул. {name}, {place % 90 + 1}" for place, name in enumerate(names)]
    return {"streets": streets, "twenty streets": streets[7:27], "names": names[30:60]}


# --- coordinates ---


@dataclass(frozen=True)
class Place:
    """Data of a community: vertices lon/lat, the community's surroundings as WKB in hex, and its own system."""

    name: str
    lonlat: np.ndarray
    area: str
    local_srid: int


@dataclass(frozen=True)
class CrsVariant:
    """Vertices in a system, X and Y exchanged or not, and what the .prj says."""

    place: Place
    code: str
    swapped: bool
    label: str
    xy: np.ndarray
    declared: Resolved | None


def crs_variants(places: list[Place]) -> Iterator[CrsVariant]:
    """Each place in each usual system, straight and exchanged, with the .prj right, wrong and missing."""
    turn = 0
    for place in places:
        for code in usual_systems(place):
            to = operation(code)
            xy = np.column_stack(to.from_lonlat(place.lonlat[:, 0].copy(), place.lonlat[:, 1].copy()))
            for swapped in (False, True):
                turned = xy[:, ::-1] if swapped else xy
                yield CrsVariant(place, code, swapped, "no .prj", turned, None)
                yield CrsVariant(place, code, swapped, ".prj right", turned, crs.declared(prj(code)))
                turn += 1
                wrong = _wrong(place, code, turn)
                yield CrsVariant(place, code, swapped, ".prj wrong", turned, crs.declared(prj(wrong)))
    yield from _of_others(places)


def _of_others(places: list[Place]) -> Iterator[CrsVariant]:
    """Data of three other communities, declared as they are, sent into each: they must not be pulled into it."""
    for number, place in enumerate(places):
        for away in (1, 2, 3):
            other = places[(number + away) % len(places)]
            if other.area == place.area:
                continue
            guest = replace(place, lonlat=other.lonlat)
            for code in usual_systems(other):
                to = operation(code)
                xy = np.column_stack(to.from_lonlat(other.lonlat[:, 0].copy(), other.lonlat[:, 1].copy()))
                yield CrsVariant(guest, code, False, OTHERS, xy, crs.declared(prj(code)))


def usual_systems(place: Place) -> list[str]:
    """МСК, TM, GK of 6 and 3 degrees, СК-63 X and C/P/T, СК-42, UTM where the place lies; 4326 and 3857."""
    meridian = float(np.median(place.lonlat[:, 0]))
    nearest: dict[str, Zone] = {}
    for zone in zones.ZONES:
        group = (
            zone.kind
            + (zone.datum if zone.kind == "gk6" else "")
            + (zone.code[:6] if "cpt" in zone.kind else "")
        )
        if zone.kind == "msk":
            continue
        off = abs(zone.meridian - meridian)
        if off < 3.2 and off < abs(nearest.get(group, zone).meridian - meridian) + (group not in nearest):
            nearest[group] = zone
    codes = [f"EPSG:{place.local_srid}", *(zone.code for zone in nearest.values()), "EPSG:4326", "EPSG:3857"]
    return list(dict.fromkeys(codes))


def _wrong(place: Place, code: str, turn: int) -> str:
    """A system that is not the file's: the neighbouring zone, degrees, UTM, the web map, another region's."""
    zone = zones.BY_CODE.get(code)
    alike = [
        z.code
        for z in zones.ZONES
        if zone and z.kind == zone.kind and 2 < abs(z.meridian - zone.meridian) < 7
    ]
    other = [f"EPSG:{msk_srid('UA' + oblast)}" for oblast in ("12", "23", "46", "63")]
    pool = [*alike[:2], "EPSG:4326", "EPSG:32636", "EPSG:3857", *other, "EPSG:6384", "EPSG:5564"]
    pool = [item for item in dict.fromkeys(pool) if not _alike(item, code)]
    return pool[turn % len(pool)]


def _alike(a: str, b: str) -> bool:
    one, two = zones.BY_CODE.get(a), zones.BY_CODE.get(b)
    return a == b or (one is not None and two is not None and one.numbers == two.numbers)


@cache
def operation(code: str) -> Operation:
    found = operation_between(CRS.from_wkt(crs.given(code).wkt))
    assert found is not None
    return found


@cache
def prj(code: str) -> str:
    """What ArcGIS would write beside a Shapefile."""
    return CRS.from_wkt(crs.given(code).wkt).to_wkt("WKT1_ESRI")


def real_places() -> list[Place]:
    """Ladyzhyn with its layers, and communities of other regions with the settlements and reserves in them."""
    area = _surrounding(shapely.union_all([_shape(item) for item in _features("ladyzhyn/boundaries")]))
    places = [
        Place(name, _vertices([_shape(item) for item in _features(f"ladyzhyn/{name}")]), area, 9832)
        for name in ("addresses", "parking", "bus_routes")
    ]
    points = [_shape(item) for name in ("settlements/settlements_geonames500",) for item in _features(name)]
    for region in ("lvivska", "chernivetska", "zakarpatska"):
        points += [_shape(item) for item in _features(f"nature/PZO/geojson/pzo-{region}")]
    return places + _other_communities([point for point in points if point.geom_type == "Point"])


def _other_communities(points: list[shapely.Geometry]) -> list[Place]:
    """The community with most points in each of some regions."""
    tree = shapely.STRtree(points)
    best: dict[str, Place] = {}
    for item in _features("boundaries/cod_ab_adm3_hromadas"):
        boundary, code = (
            _shape(item),
            str(item["properties"].get("ADM3_PCODE") or item["properties"]["adm3_pcode"]),
        )
        oblast = code[2:4]
        if oblast not in ("12", "21", "32", "46", "51", "63", "73") or boundary.is_empty:
            continue
        inside = [points[place] for place in tree.query(shapely.make_valid(boundary), predicate="contains")]
        if len(inside) >= 4 and (oblast not in best or len(inside) > len(best[oblast].lonlat)):
            best[oblast] = Place(code, _vertices(inside), _surrounding(boundary), msk_srid(code))
    return list(best.values())


def generated_places() -> list[Place]:
    """Random points in two made-up communities of 25 km."""
    found = []
    for name, lon, lat, srid in (("south", 30.9, 46.9, 9853), ("west", 24.1, 49.5, 9851)):
        rng = np.random.default_rng(7)
        lonlat = np.column_stack(
            (rng.uniform(lon - 0.15, lon + 0.15, 150), rng.uniform(lat - 0.1, lat + 0.1, 150))
        )
        found.append(
            Place(
                name, lonlat, _surrounding(shapely.box(lon - 0.17, lat - 0.12, lon + 0.17, lat + 0.12)), srid
            )
        )
    return found


def _surrounding(boundary: shapely.Geometry) -> str:
    """The boundary with 5 km around it, as hex WKB."""
    flat = np.array([np.cos(np.radians(boundary.centroid.y)), 1.0])
    wide = shapely.buffer(
        shapely.transform(shapely.make_valid(boundary), lambda xy: xy * flat), 5000 / 111_320
    )
    return shapely.to_wkb(shapely.simplify(shapely.transform(wide, lambda xy: xy / flat), 0.002), hex=True)


def _vertices(shapes: list[shapely.Geometry]) -> np.ndarray:
    """One vertex of each shape, at most 200; where there are few shapes, all of theirs."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    if len(shapes) >= 25:
        xy = xy[np.unique(owner, return_index=True)[1]]
    return xy[np.linspace(0, len(xy) - 1, min(len(xy), 200)).astype(int)]


@cache
def _features(name: str) -> list[dict]:
    return json.loads((REAL / f"{name}.geojson").read_text(encoding="utf-8"))["features"]


def _shape(feature: dict) -> shapely.Geometry:
    return shapely.from_geojson(json.dumps(feature["geometry"]))
