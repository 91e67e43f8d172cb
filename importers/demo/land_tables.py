"""Land and planning: parcels with cadastral numbers, restrictions, functional zones, planning documents."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely
from numpy.random import Generator
from shapely import LineString, Polygon

from importers.demo import place
from importers.demo.base_tables import address
from importers.demo.geometry import closed_gaps, corridor, in_order, polygons_in
from importers.demo.kinds import COMMUNAL, KINDS, PRIVATE, UNKNOWN
from importers.demo.plots import Plot
from importers.demo.tables import NO_DATE, Table, table
from importers.demo.town import Town, stream

UNREGISTERED = 0.02  # share of house plots and gardens that nobody has entered in the cadastre yet
LEASED = {"share": 0.88, "farm": 0.45, "pond": 1.0, "industry": 0.3, "plot_field": 0.15, "solar": 1.0}
Row = tuple[Any, ...]


def land_tables(town: Town) -> list[Table]:
    return [parcels(town), restrictions(town), functional_zones(town), planning_documents(town)]


def registered(town: Town) -> list[Plot]:
    """The plots that are in the cadastre."""
    chance = stream("registered").random(len(town.plots))
    return [p for p, c in zip(town.plots, chance, strict=True) if _is_registered(p, float(c))]


def _is_registered(plot: Plot, chance: float) -> bool:
    if plot.kind == "highway":
        return plot.name == place.ROADS[0].name  # the land of the local roads was never formed as parcels
    return plot.kind not in ("house", "garden") or chance >= UNREGISTERED


def parcels(town: Town) -> Table:
    plots = registered(town)
    rng = stream("parcels")
    numbers = cadastral_numbers(plots, town)
    rows = [_parcel(plot, number, rng) for plot, number in zip(plots, numbers, strict=True)]
    columns = """
        CADNUM cad_num
        CATEGORY category
        PURPOSE purpose_code
        USE_TEXT use_text
        OWNERSH ownership
        AREA_HA area_doc_ha float
        LOCATION location
        ADDRESS address
        NMV_UAH nmv_uah float
        NMV_DATE nmv_date date
        LEASE lease_state
        LEASE_TO lease_until date
    """
    return table("parcels", columns, rows)


def _parcel(plot: Plot, number: str, rng: Generator) -> Row:
    purpose, use_text = _purpose(plot, rng)
    return (
        plot.polygon,
        number,
        KINDS[plot.kind].category,
        purpose,
        use_text,
        _ownership(plot, rng),
        _documented_ha(plot.polygon.area / 10_000, rng),
        "urban" if plot.settlement else "rural",
        address(plot),
        _value_uah(plot, rng),
        date(2023, 1, 10) + timedelta(days=int(rng.integers(0, 900))),
        *_lease(plot, rng),
    )


def cadastral_numbers(plots: list[Plot], town: Town) -> list[str]:
    """KOATUU : zone : quarter : parcel. Quarters are squares of the map, numbered from the north-west."""
    centres = shapely.get_coordinates(shapely.centroid([p.polygon for p in plots]))
    groups: dict[tuple[str, str, int, int], list[int]] = defaultdict(list)
    for i, (plot, code) in enumerate(zip(plots, _koatuu(plots, town), strict=True)):
        side_m = 300.0 if plot.settlement else 1_400.0
        row, column = int(-centres[i, 1] // side_m), int(centres[i, 0] // side_m)
        groups[code, "01" if plot.settlement else "02", row, column].append(i)
    rng = stream("cadnum")
    numbers = [""] * len(plots)
    quarters: dict[tuple[str, str], int] = defaultdict(int)
    for (code, zone, _, _), members in sorted(groups.items()):
        quarters[code, zone] += 1
        number = 0
        for i in sorted(members, key=lambda m: (-round(centres[m, 1] / 30), centres[m, 0])):
            number += 1 + int(rng.random() < 0.05)
            numbers[i] = f"{code}:{zone}:{quarters[code, zone]:03d}:{number:04d}"
    return numbers


def _koatuu(plots: list[Plot], town: Town) -> list[str]:
    """The code of each plot's settlement; outside, of the nearest one, whose council it used to be."""
    shapes = np.array([p.polygon for p in plots], dtype=object)
    outlines = [town.ground.settlements[plan.slug] for plan in place.SETTLEMENTS]
    nearest = np.argmin([shapely.distance(shapes, outline) for outline in outlines], axis=0)
    own = {plan.slug: plan.unit.koatuu for plan in place.SETTLEMENTS}
    codes = list(own.values())
    return [own.get(p.settlement, codes[int(n)]) for p, n in zip(plots, nearest, strict=True)]


def _purpose(plot: Plot, rng: Generator) -> tuple[str, str]:
    kind = KINDS[plot.kind]
    if plot.kind == "farm" and rng.random() < 0.4:
        return "01.01", KINDS["share"].use_text
    if plot.kind == "centre" and rng.random() < 0.35:
        return "03.10", "для будівництва та обслуговування адміністративних та офісних будівель"
    if plot.kind == "industry" and rng.random() < 0.25:
        return "11.06", "землі запасу промисловості"
    return kind.purpose, kind.use_text


def _ownership(plot: Plot, rng: Generator) -> str:
    draw = rng.random()
    usual = KINDS[plot.kind].ownership
    if plot.kind in ("house", "garden", "dacha"):
        return PRIVATE if draw < 0.92 else COMMUNAL if draw < 0.98 else UNKNOWN
    if plot.kind in ("farm", "industry", "centre", "apartments"):
        return usual if draw < 0.72 else COMMUNAL if usual == PRIVATE else PRIVATE
    return usual


def _documented_ha(area_ha: float, rng: Generator) -> float:
    """The area as the documents state it: mostly right, sometimes surveyed long ago."""
    draw, slip = rng.random(), rng.normal()
    error = 0.0 if draw < 0.94 else 0.006 * slip if draw < 0.99 else 0.05 * slip
    return max(round(area_ha * (1 + error), 4), 0.0001)


def _value_uah(plot: Plot, rng: Generator) -> float:
    """Normative monetary value; dearer near the centre of the town."""
    from_centre_m = shapely.Point(0, 0).distance(plot.polygon)
    near = np.exp(-from_centre_m / 1_500) if plot.settlement else 0.0
    rate = KINDS[plot.kind].uah_per_m2 * (1 + 0.8 * near) * rng.uniform(0.88, 1.14)
    return round(float(plot.polygon.area * rate), 2)


def _lease(plot: Plot, rng: Generator) -> tuple[str, str | date]:
    draw = rng.random()
    year, month, day = rng.integers([2027, 1, 1], [2041, 13, 29])
    if draw < LEASED.get(plot.kind, 0.0):
        return "leased", date(int(year), int(month), int(day))
    return ("unknown" if plot.kind == "house" and draw > 0.99 else "none"), NO_DATE


def restrictions(town: Town) -> Table:
    """Strips and zones with a special regime around water, lines, the cemetery and the works."""
    rows: list[Row] = []
    for shape, code, name, width_m in _regimes(town):
        clean = shapely.set_precision(shape.intersection(town.ground.hromada).simplify(0.2), 0.01)
        for part in in_order(polygons_in(clean)):
            if part.area > 100:
                rows.append((part, code, name, width_m, "01", "yes", round(part.area / 1e4, 4)))
    columns = """
        KOD code
        OBIEKT source_obj
        SHYRYNA_M width_m float
        PIDSTAVA basis
        BEZSTROK permanent
        AREA_HA area_ha float
    """
    return table("restrictions", columns, rows)


def _regimes(town: Town) -> list[tuple[shapely.Geometry, str, str, float]]:
    """Land, code of the restriction, object, width in metres."""
    ground = town.ground
    water = ground.water
    lines = [LineString(points) for points in place.POWER_110]

    def near(kind: str, by_m: float) -> shapely.Geometry:
        return shapely.union_all([p.polygon.buffer(by_m) for p in town.plots if p.kind == kind])

    ponds = [
        (pond.buffer(50).difference(water), "05.02", plan.name, 50.0)
        for pond, plan in zip(ground.ponds, place.PONDS, strict=True)
    ]
    return [
        (ground.river.buffer(25).difference(water), "05.02", place.RIVER.name, 25.0),
        (ground.brook.buffer(25).difference(water), "05.02", place.BROOK.name, 25.0),
        *ponds,
        (shapely.union_all([corridor(line, 60) for line in lines]), "01.05", "ПЛ 110 кВ", 20.0),
        (corridor(ground.railway.line, 144), "01.03", place.RAILWAY.name, 50.0),
        (near("waterworks", 30), "02.01.1", "Міський водозабір", 30.0),
        (near("waterworks", 180), "02.01.2", "Міський водозабір", 180.0),
        (near("cemetery", 100), "03.01", "Кладовища", 100.0),
        (near("treatment", 150), "03.01", "Очисні споруди", 150.0),
        (near("farmyard", 120), "03.01", "Тваринницькі ферми", 120.0),
        (near("church", 45), "01.02", "Охоронні зони пам’яток", 45.0),
    ]


# Zone: greatest share built (%), most floors, greatest height (m), least green (%).
ZONE_RULES = {
    "10101.0": (40, 9, 30, 30), "10102.0": (50, 3, 12, 30), "10103.0": (35, 2, 9, 45),
    "10201.0": (50, 4, 18, 20), "10202.0": (30, 3, 15, 45), "10203.0": (35, 5, 20, 40),
    "10204.0": (40, 3, 16, 30), "10205.0": (55, 3, 14, 15), "10206.0": (60, 4, 18, 15),
    "20100.0": (60, 4, 24, 15), "20400.0": (60, 6, 30, 20), "20602.0": (60, 3, 20, 10),
}  # fmt: skip


def functional_zones(town: Town) -> Table:
    """Plots of one block and one zone together, gaps of a metre closed; a few fields are planned anew."""
    groups: dict[tuple[str, int, str], list[Polygon]] = defaultdict(list)
    planned: dict[tuple[str, int, str], str] = {}
    for plot in town.plots:
        key = (plot.settlement, plot.quarter, KINDS[plot.kind].zone)
        groups[key].append(plot.polygon)
        for point, zone in place.PLANNED_ZONES:
            if not plot.settlement and plot.polygon.contains(shapely.Point(point)):
                planned[key] = zone
    rows: list[Row] = []
    for key, shapes in groups.items():
        new, old = planned.get(key, key[2]), key[2]
        for part in in_order(polygons_in(closed_gaps(shapely.coverage_union_all(shapes), 0.5))):
            zone_id = f"{int(new != old)}-{new}-{len(rows) + 1}"
            rules = ZONE_RULES.get(new, (0, 0, 0, 0))
            rows.append((part, zone_id, new, old, int(new != old), *rules, round(part.area / 1e4, 4)))
    columns = """
        ZON_ID zon_id
        TYPE zone_code
        CODE_IN zone_code_existing
        PR_ST pr_st int
        BLD_COEF max_cover_pct int
        STORES max_floors int
        HEIGHT max_height_m float
        GR_PER min_green_pct int
        AREA_HA area_ha float
    """
    return table("functional_zones", columns, rows)


def planning_documents(town: Town) -> Table:
    ground = town.ground
    works = [p.polygon for p in town.plots if p.kind == "industry" and p.polygon.centroid.y < -1_250]
    park = shapely.union_all(works).convex_hull.intersection(ground.hromada)
    towns = ground.settlements
    plan = "Комплексний план просторового розвитку території громади"
    detailed = "Детальний план території"
    rows = [
        (ground.hromada, "complex_plan", plan, "№ 412-VIII", date(2025, 3, 20), "draft", "1:10000"),
        (towns[place.TOWN.slug], "general_plan", "Генеральний план міста Вербостав",
         "№ 187-VII", date(2019, 6, 14), "approved", "1:5000"),
        (towns["deviatyiarka"], "general_plan", "Генеральний план села Дев’ятиярка",
         "№ 96-VIII", date(2021, 11, 5), "approved", "1:2000"),
        (park, "dpt", f"{detailed} індустріального парку",
         "№ 355-VIII", date(2024, 9, 12), "approved", "1:1000"),
        (shapely.box(380, 60, 880, 500), "dpt", f"{detailed} мікрорайону «Ставковий»",
         "№ 298-VIII", date(2023, 12, 1), "approved", "1:1000"),
    ]  # fmt: skip
    columns = """
        DOC_TYPE doc_type
        NAZVA title
        RISHENNIA decision_no
        DATA_RISH decision_date date
        STATUS status
        MASSHTAB scale
    """
    return table("planning_documents", columns, rows)
