"""The invented hromada: its name, codes and the hand-drawn lines that everything else grows from.

Verbostav (Вербостав) does not exist. No unit of the KATOTTG register carries this name, no real oblast has
the number 99, and the plan imitates no real town. It stands in open country in the west of Cherkasy oblast
only because coordinates must stand somewhere: the local system is therefore МСК-71 (EPSG:9861).

The lines are in `plan.json`, in metres on a plane whose origin is the central square, x to the east and y to
the north; adding `ORIGIN` gives МСК-71 coordinates.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Point = tuple[float, float]

SEED = 20_26_11
SRID = 9861
ORIGIN = (210_400.0, 5_417_200.0)


@dataclass(frozen=True)
class Unit:
    """A row for the register of administrative units: category H hromada, M town, C village."""

    katottg: str
    category: str
    level: int
    name_uk: str
    name_en: str
    koatuu: str
    parent: str | None = None


@dataclass(frozen=True)
class Shape:
    """A named line or outline."""

    name: str
    points: list[Point]


@dataclass(frozen=True)
class StreetPlan:
    """A street drawn by hand. `kind` is a key of `WIDTH_M`."""

    name: str
    kind: str
    points: list[Point]


@dataclass(frozen=True)
class SettlementPlan:
    """A settlement: its register row, people, streets, and how far its plots reach from a street."""

    slug: str
    unit: Unit
    population: int
    centre: Point
    streets: list[StreetPlan]
    reach_m: float
    outline: list[Point]
    fibre: bool


@dataclass(frozen=True)
class District:
    """How one superblock is built up. `depth_m`: of a plot; `run_m`: of a block between cross streets.

    `kind` is houses, old, cottages, dacha, centre, apartments, industry, village (houses with gardens), bank
    (houses above a green slope), outskirts (allotments) or green. `across`: inner streets run the short way.
    """

    kind: str = "houses"
    depth_m: float = 56.0
    front_m: float = 26.0
    run_m: float = 250.0
    across: bool = False
    wobble: float = 0.10


@dataclass(frozen=True)
class Site:
    """A larger plot with a purpose, carved from the block that holds `point`. `kind`: see `kinds.csv`."""

    kind: str
    point: Point
    area_ha: float
    name: str
    settlement: str


# Land of a road from edge to edge, the centre line in the middle.
WIDTH_M = {
    "regional": 24.0, "local": 18.0, "main": 18.0, "street": 12.0, "lane": 8.0, "field": 7.0, "railway": 44.0,
}  # fmt: skip


def _points(rows: Sequence[Sequence[float]]) -> list[Point]:
    return [(float(x), float(y)) for x, y in rows]


def _shape(row: dict[str, Any]) -> Shape:
    return Shape(row["name"], _points(row["points"]))


def _streets(rows: list[dict[str, Any]]) -> list[StreetPlan]:
    return [StreetPlan(r["name"], r["kind"], _points(r["points"])) for r in rows]


def _settlement(row: dict[str, Any]) -> SettlementPlan:
    unit = Unit(
        row["katottg"], row["category"], 4, row["name_uk"], row["name_en"], row["koatuu"], HROMADA.katottg
    )
    x, y = row["centre"]
    return SettlementPlan(
        row["slug"], unit, row["population"], (x, y), _streets(row["streets"]), row["reach_m"],
        _points(row["outline"]), row["fibre"],
    )  # fmt: skip


HROMADA = Unit(
    katottg="UA99010010000099001",
    category="H",
    level=3,
    name_uk="Вербоставська міська територіальна громада",
    name_en="Verbostav urban territorial hromada",
    koatuu="9920110100",
)
_PLAN = json.loads((Path(__file__).parent / "plan.json").read_text(encoding="utf-8"))

BOUNDARY = _points(_PLAN["boundary"])
RIVER, BROOK, RAILWAY, FOREST = (_shape(_PLAN[key]) for key in ("river", "brook", "railway", "forest"))
PONDS, GROVES, ORCHARDS = ([_shape(r) for r in _PLAN[key]] for key in ("ponds", "groves", "orchards"))
# The through road and the roads to the villages; inside a settlement they are its streets.
ROADS = _streets(_PLAN["roads"])
SETTLEMENTS = [_settlement(row) for row in _PLAN["settlements"]]
TOWN, VILLAGES = SETTLEMENTS[0], SETTLEMENTS[1:]
# A superblock that holds one of these points is built up so; the others of the town as HOUSES.
DISTRICTS: list[tuple[Point, District]] = [
    ((row["point"][0], row["point"][1]), District(**{k: v for k, v in row.items() if k != "point"}))
    for row in _PLAN["districts"]
]
HOUSES = District()
VILLAGE = District("village", depth_m=150.0, front_m=38.0, run_m=420.0)
SITES = [
    Site(r["kind"], (r["point"][0], r["point"][1]), r["area_ha"], r["name"], r["settlement"])
    for r in _PLAN["sites"]
]
# Overhead lines of 110 kV run straight from mast to mast, to the substation and on.
POWER_110 = [_points(rows) for rows in _PLAN["power_110"]]
MASTS: dict[str, Point] = {r["name"]: (r["point"][0], r["point"][1]) for r in _PLAN["masts"]}
# Where cabinets of the fibre network stand in the town.
CABINETS = _points(_PLAN["cabinets"])
# Fields that the comprehensive plan gives a new function: the massif that holds the point, and its zone.
PLANNED_ZONES: list[tuple[Point, str]] = [
    ((r["point"][0], r["point"][1]), r["zone"]) for r in _PLAN["planned_zones"]
]
