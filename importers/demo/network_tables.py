"""Networks of the town: water, power, street lights. Fibre is in `fibre_tables`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from shapely import LineString, Point

from importers.demo import place
from importers.demo.networks import StreetGraph, beside, joined
from importers.demo.tables import Table, table
from importers.demo.town import Town, stream

PIPES_MM = (
    (9_000, 300),
    (3_000, 200),
    (800, 150),
    (0, 100),
)  # metres of network that hang on a pipe, diameter
LAMP_STEP_M = 38.0
LAMP_W = {"led": 60, "sodium": 150, "mercury": 250}
CABLED = Point(630, 290)  # the apartment quarter has its low voltage in the ground
Row = tuple[Any, ...]


def network_tables(town: Town, graph: StreetGraph) -> list[Table]:
    return [water_network(town, graph), power_lines(town, graph), street_lights(town)]


def street_graph(town: Town) -> StreetGraph:
    return StreetGraph([s.line for s in town.streets] + [r.line for r in town.ground.roads])


def site_of(town: Town, kind: str) -> place.Point:
    """The middle of the first plot of this kind."""
    plot = next(p for p in town.plots if p.kind == kind)
    return plot.polygon.centroid.x, plot.polygon.centroid.y


def water_network(town: Town, graph: StreetGraph) -> Table:
    """Pipes from the waterworks along the town's streets; the more hangs on a pipe, the wider it is."""
    inside = town.ground.settlements[place.TOWN.slug]
    load = graph.load(graph.routes([graph.nearest(site_of(town, "waterworks"))]))
    groups: dict[int, list[LineString]] = defaultdict(list)
    for edge, metres in load.items():
        line = graph.edges[edge]
        if inside.contains(line.interpolate(0.5, normalized=True)):
            groups[next(size for least, size in PIPES_MM if metres > least)].append(line)
    rng = stream("water")
    rows = [
        _pipe(beside(part, 3.0), size, rng)
        for size, lines in sorted(groups.items())
        for part in joined(lines)
    ]
    columns = """
        VYD obj_type
        DIAMETR diameter_mm int
        MATERIAL material
        GLYBYNA_M depth_m float
        RIK year int
        STAN state
        DOVZH_M length_m float
    """
    return table("water_network", columns, rows)


def _pipe(line: LineString, size_mm: int, rng: np.random.Generator) -> Row:
    year = int(rng.integers(1968, 2024))
    material = "polyethylene" if year > 2004 else "steel" if size_mm >= 200 else "cast_iron"
    worn = [0.9, 0.1, 0.0] if year > 2004 else [0.3, 0.58, 0.12]
    state = str(rng.choice(["good", "worn", "emergency"], p=worn))
    kind = "main" if size_mm >= 200 else "distribution"
    depth_m = round(float(rng.uniform(1.4, 2.2)), 1)
    return (line, kind, size_mm, material, depth_m, year, state, round(line.length, 1))


def power_lines(town: Town, graph: StreetGraph) -> Table:
    """110 kV from mast to mast, 10 kV beside the roads to every village, 0.4 kV along the streets."""
    rows: list[Row] = []
    for points in place.POWER_110:
        rows.append(_wire(LineString(points).intersection(town.ground.hromada), 110.0))
    routes = graph.routes([graph.nearest(site_of(town, "substation"))])
    edges: set[int] = set()
    for target in [*[plan.centre for plan in place.VILLAGES], *place.CABINETS]:
        edges |= graph.edges_to(routes, graph.nearest(target))
    for part in joined(graph.edges[edge] for edge in sorted(edges)):
        rows.append(_wire(beside(part.simplify(18.0), 9.0), 10.0))
    for street in town.streets:
        rows.append(_wire(beside(street.line.simplify(4.0), -4.5), 0.4))
    columns = """
        NAPRUHA_KV voltage_kv float
        VYD laying
        OPERATOR operator
        DOVZH_M length_m float
    """
    return table("power_lines", columns, rows)


def _wire(line: LineString, voltage_kv: float) -> Row:
    laying = "cable" if voltage_kv < 1 and line.distance(CABLED) < 160 else "overhead"
    return (line, voltage_kv, laying, "Оператор системи розподілу", round(line.length, 1))


def street_lights(town: Town) -> Table:
    """A lamp every 38 m along the main streets of the town, on one side."""
    rng = stream("lights")
    rows: list[Row] = []
    for number, street in enumerate(town.streets, start=1):
        if street.kind != "main" or street.settlement != place.TOWN.slug:
            continue
        side = beside(street.line, 6.5)
        for i, at in enumerate(np.arange(12.0, side.length, LAMP_STEP_M), start=1):
            lamp = str(rng.choice(list(LAMP_W), p=[0.74, 0.22, 0.04]))
            state = str(rng.choice(["works", "off", "broken"], p=[0.9, 0.06, 0.04]))
            rows.append((side.interpolate(at), f"{number:02d}-{i:03d}", lamp, LAMP_W[lamp], state))
    return table("street_lights", "NOMER pole_no\nLAMPA lamp\nPOTUZH_W power_w int\nSTAN state", rows)
