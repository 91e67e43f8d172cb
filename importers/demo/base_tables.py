"""The base map: boundary, settlements, land cover, water, railway, roads, buildings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import shapely
from numpy.random import Generator
from shapely import LineString
from shapely.ops import substring

from importers.demo import place
from importers.demo.geometry import in_order, polygons_in
from importers.demo.land import Street
from importers.demo.plots import Plot
from importers.demo.tables import Table, table
from importers.demo.town import Town, stream

COVER = {
    "share": "arable", "farm": "arable", "plot_field": "garden", "garden": "garden", "allotment": "garden",
    "dacha": "garden", "orchard": "orchard", "meadow": "meadow", "pasture": "pasture", "reserve": "fallow",
    "forest": "forest", "belt": "shelterbelt", "green": "park", "park": "park", "beach": "park",
    "sport": "sport", "square": "square", "cemetery": "cemetery", "industry": "industry", "depot": "industry",
    "farmyard": "industry", "forestry": "industry", "solar": "energy", "substation": "energy",
    "waterworks": "energy", "treatment": "energy", "railway": "transport", "station": "transport",
    "bus_station": "transport", "house": "housing", "centre": "business", "apartments": "apartments",
}  # fmt: skip
CROPS = (("winter_crops", 0.36), ("spring_crops", 0.3), ("row_crops", 0.34))
ROAD_CLASS = {"regional": "P", "local": "O"}
ROAD_ORDER = ("field", "lane", "street", "main", "local", "regional")  # later ones are drawn above
CARRIAGEWAY_M = {"regional": 9.0, "local": 7.0, "main": 8.0, "street": 5.5, "lane": 4.0, "field": 3.5}
SHORT = {"вулиця": "вул.", "провулок": "пров."}
Row = tuple[Any, ...]


def base_tables(town: Town) -> list[Table]:
    makers = (boundary, settlements, land_cover, water, railways, roads, buildings)
    return [make(town) for make in makers]


def boundary(town: Town) -> Table:
    unit, shape = place.HROMADA, town.ground.hromada
    people = sum(plan.population for plan in place.SETTLEMENTS)
    row = (shape, unit.katottg, unit.name_uk, unit.name_en, round(shape.area / 1e6, 2), people)
    columns = """
        KATOTTG katottg
        NAME_UK name_uk
        NAME_EN name_en
        AREA_KM2 area_km2 float
        POPULAT population int
    """
    return table("boundary", columns, [row])


def settlements(town: Town) -> Table:
    homes = Counter(plot.settlement for plot in town.plots if plot.kind == "house")
    rows = []
    for plan in place.SETTLEMENTS:
        unit, shape = plan.unit, town.ground.settlements[plan.slug]
        names = (unit.katottg, unit.name_uk, unit.name_en, unit.category, unit.koatuu)
        rows.append((shape, *names, plan.population, homes[plan.slug], round(shape.area / 1e4, 2)))
    columns = """
        KATOTTG katottg
        NAME_UK name_uk
        NAME_EN name_en
        CATEGORY category
        KOATUU koatuu
        POPULAT population int
        HOUSES houses int
        AREA_HA area_ha float
    """
    return table("settlements", columns, rows)


def land_cover(town: Town) -> Table:
    """Plots of one block or massif and one cover are one area; water and streets are left out."""
    groups: dict[tuple[str, int, str], list[Plot]] = defaultdict(list)
    for plot in town.plots:
        if plot.kind not in ("water", "pond", "highway"):
            groups[plot.settlement, plot.quarter, COVER.get(plot.kind, "public")].append(plot)
    rng = stream("crops")
    rows: list[Row] = []
    for (_, _, cover), members in groups.items():
        if cover == "arable":
            cover = str(rng.choice([c for c, _ in CROPS], p=[share for _, share in CROPS]))
        name = next((p.name for p in members if p.name), "")
        whole = shapely.coverage_union_all([p.polygon for p in members])
        rows += [(s, cover, name, round(s.area / 1e4, 3)) for s in in_order(polygons_in(whole))]
    return table("land_cover", "COVER cover\nNAZVA name_uk\nAREA_HA area_ha float", rows)


def water(town: Town) -> Table:
    ground = town.ground
    ponds = shapely.union_all(ground.ponds)
    rows: list[Row] = []
    for body, kind, name in (
        (ground.river, "river", place.RIVER.name),
        (ground.brook, "stream", place.BROOK.name),
    ):
        dry_free = in_order(polygons_in(body.difference(ponds)))
        rows += [(p, kind, name, round(p.area / 1e4, 3)) for p in dry_free if p.area > 150]
    for pond, plan in zip(ground.ponds, place.PONDS, strict=True):
        rows.append((pond, "pond", plan.name, round(pond.area / 1e4, 3)))
    return table("water", "VYD kind\nNAZVA name_uk\nPLOSHCHA area_ha float", rows)


def railways(town: Town) -> Table:
    """The main line, cut at the station, and a siding to the grain depot."""
    line = town.ground.railway.line
    station = line.project(shapely.Point(130, -1110))
    beside = LineString(line.parallel_offset(7, "right").coords)
    rows = [
        (substring(line, 0, station), "Головна колія", "main", "yes"),
        (substring(line, station, line.length), "Головна колія", "main", "yes"),
        (substring(beside, station - 650, station + 900), "Під’їзна колія елеватора", "siding", "no"),
    ]
    return table("railways", "NAZVA name_uk\nVYD kind\nELEKTR electrified", rows)


def roads(town: Town) -> Table:
    """Field roads, streets, and through roads cut at the settlements' edges; the great ones last."""
    every = [*town.tracks, *town.streets, *_through_roads(town)]
    rng = stream("roads")
    rows = [_road(s, rng) for s in sorted(every, key=lambda s: ROAD_ORDER.index(s.kind))]
    columns = """
        NAZVA name_uk
        KLAS road_class
        INDEKS road_index
        POKRYTTIA surface
        SHYRYNA_M width_m float
        SMUGY lanes int
        OSVITL lit
        STAN condition int
        RIK_REM repair_year int
        VLASNYK owner
        DOVZH_M length_m float
        KATOTTG katottg
    """
    return table("roads", columns, rows)


def _road(street: Street, rng: Generator) -> Row:
    kind, through = street.kind, street.kind in ROAD_CLASS
    in_town = street.settlement == place.TOWN.slug
    condition = _condition(kind, rng)
    lit = kind == "main" or (in_town and kind in ("street", "local", "regional"))
    return (
        street.line,
        _road_name(street),
        ROAD_CLASS.get(kind, kind),
        street.name if through else "",
        _surface(kind, in_town, rng),
        CARRIAGEWAY_M[kind],
        1 if kind in ("lane", "field") else 2,
        "yes" if lit else "no",
        condition,
        2016 + 2 * condition - (condition == 5),
        {"regional": "state", "local": "oblast"}.get(kind, "hromada"),
        round(street.line.length, 1),
        KATOTTG_OF.get(street.settlement, ""),
    )


KATOTTG_OF = {plan.slug: plan.unit.katottg for plan in place.SETTLEMENTS}


def _through_roads(town: Town) -> list[Street]:
    """The through roads, cut where they enter a settlement; inside they are its main street."""
    built = town.ground.settlements
    everywhere = shapely.union_all(list(built.values()))
    result = []
    for road in town.ground.roads:
        for part in _lines(road.line.difference(everywhere)):
            result.append(Street(road.name, road.kind, part))
        for slug, polygon in built.items():
            for part in _lines(road.line.intersection(polygon)):
                result.append(Street(road.name, road.kind, part, slug))
    return [s for s in result if s.line.length > 20]


def _lines(geometry: shapely.Geometry) -> Iterator[LineString]:
    return (g for g in shapely.get_parts(geometry) if g.geom_type == "LineString")


def _road_name(street: Street) -> str:
    if street.kind not in ROAD_CLASS:
        return street.name
    if street.settlement:
        return "вулиця Шевченка" if street.settlement == place.TOWN.slug else "вулиця Центральна"
    return f"автодорога {street.name}"


def _condition(kind: str, rng: Generator) -> int:
    weights = {"regional": (0, 0.1, 0.2, 0.4, 0.3), "main": (0.02, 0.13, 0.3, 0.35, 0.2)}
    return int(rng.choice([1, 2, 3, 4, 5], p=weights.get(kind, (0.12, 0.28, 0.33, 0.19, 0.08))))


def _surface(kind: str, in_town: bool, rng: Generator) -> str:
    if kind == "field":
        return "ground"
    if kind in ("regional", "local", "main"):
        return "asphalt"
    weights = [0.6, 0.3, 0.1] if in_town else [0.3, 0.45, 0.25]
    return str(rng.choice(["asphalt", "gravel", "ground"], p=weights))


def buildings(town: Town) -> Table:
    rng = stream("houses")
    rows = []
    for building in town.buildings:
        year = rng.integers(1952, 1991) if rng.random() < 0.7 else rng.integers(1991, 2025)
        where = "" if building.use == "outbuilding" else address(town.plots[building.plot])
        area_m2 = round(building.polygon.area, 1)
        rows.append((building.polygon, building.use, building.floors, where, int(year), area_m2))
    columns = """
        PRYZNACH use
        POVERHIV floors int
        ADRESA address
        RIK_BUD built_year int
        PLOSHCHA area_m2 float
    """
    return table("buildings", columns, rows)


_TITLES = {s.slug: ("м. " if s.unit.category == "M" else "с. ") + s.unit.name_uk for s in place.SETTLEMENTS}


def address(plot: Plot) -> str:
    """м. Вербостав, вул. Соборна, 12; only the settlement where the plot has no street."""
    settlement = _TITLES.get(plot.settlement, "")
    if not plot.street:
        return settlement
    word, _, name = plot.street.partition(" ")
    return f"{settlement}, {SHORT.get(word, word)} {name}, {plot.number}"
