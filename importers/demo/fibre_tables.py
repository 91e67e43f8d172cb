"""The fibre network after the Open Fibre Data Standard, and where which internet service can be had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.ops import substring

from importers.demo import place
from importers.demo.geometry import in_order, polygons_in
from importers.demo.network_tables import site_of
from importers.demo.networks import Node, StreetGraph, beside, joined
from importers.demo.tables import Table, table
from importers.demo.town import Town, stream

FIBRE_OPERATOR = "Оператор «Вербонет»"
CABLE_OPERATOR = "Оператор «Став-Телеком»"
MOBILE = (("Оператор А", 2_550.0, 4), ("Оператор Б", 2_150.0, 3))  # name, reach of a mast, number of masts
FIBRES = {"backbone": 144, "feeder": 96, "trunk": 48, "distribution": 24}
OFFSET_M = {"backbone": -10.0, "trunk": 7.0, "feeder": 5.0, "distribution": 5.0}
Row = tuple[Any, ...]


@dataclass(frozen=True)
class FibreNode:
    point: Point
    id: str
    kind: str
    name: str
    node: Node


@dataclass(frozen=True)
class Span:
    line: LineString
    role: str
    start: str
    end: str
    status: str


@dataclass
class Fibre:
    """The network: backbone, trunks to the villages, feeders to cabinets, distribution from them."""

    town: Town
    graph: StreetGraph
    nodes: list[FibreNode] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def lay(self) -> Fibre:
        exchange = self._node(site_of(self.town, "post"), "exchange", "Вузол зв’язку Вербостав")
        self._backbone(exchange)
        routes = self.graph.routes([exchange.node])
        cabinets = [self._node(p, "cabinet", f"Шафа {i:02d}") for i, p in enumerate(place.CABINETS, start=1)]
        for cabinet in cabinets:
            self._span(self.graph.path(routes, cabinet.node), "feeder", exchange.id, cabinet.id)
        self._distribution(cabinets, 620.0, place.TOWN.slug)
        for village in place.VILLAGES:
            if not village.fibre and village.population < 100:
                continue
            status = "operational" if village.fibre else "planned"
            end = self._node(village.centre, "cabinet", f"Шафа {village.unit.name_uk}")
            self._span(self.graph.path(routes, end.node), "trunk", exchange.id, end.id, status)
            self._distribution([end], 900.0, village.slug, status)
        return self

    def _backbone(self, exchange: FibreNode) -> None:
        road = self.town.ground.roads[0].line
        at = road.project(exchange.point)
        for part, end, name in (
            (substring(road, 0, at), 0, "Муфта «Захід»"),
            (substring(road, at, road.length), -1, "Муфта «Схід»"),
        ):
            splice = self._node(part.coords[end], "splice", name, exact=True)
            self._span(part, "backbone", splice.id, exchange.id)

    def _node(self, near: place.Point, kind: str, name: str, *, exact: bool = False) -> FibreNode:
        node = self.graph.nearest(near)
        point = Point(near) if exact else Point(np.asarray(node) / 100)
        made = FibreNode(point, f"N{len(self.nodes) + 1:03d}", kind, name, node)
        self.nodes.append(made)
        return made

    def _span(
        self, line: LineString | None, role: str, start: str, end: str, status: str = "operational"
    ) -> None:
        if line is not None:
            self.spans.append(Span(beside(line, OFFSET_M[role]), role, start, end, status))

    def _distribution(
        self, cabinets: list[FibreNode], reach_m: float, slug: str, status: str = "operational"
    ) -> None:
        """From each cabinet along the streets that are nearer to it than to any other."""
        routes = self.graph.routes([cabinet.node for cabinet in cabinets], reach_m)
        outline = self.town.ground.settlements[slug].buffer(20)
        groups: dict[int, list[LineString]] = defaultdict(list)
        for edge, source in self.graph.tree(routes):
            line = self.graph.edges[edge]
            if outline.contains(line.interpolate(0.5, normalized=True)):
                groups[source].append(line)
        for source, lines in sorted(groups.items()):
            for part in joined(lines):
                self._span(part, "distribution", cabinets[source].id, "", status)

    def served(self, slug: str) -> shapely.Geometry:
        """Land within reach of an operational distribution span."""
        lines = [s.line for s in self.spans if s.role == "distribution" and s.status == "operational"]
        near = shapely.union_all([line.buffer(72) for line in lines])
        return near.buffer(30).buffer(-30).simplify(3).intersection(self.town.ground.settlements[slug])


def fibre_tables(town: Town, graph: StreetGraph) -> list[Table]:
    fibre = Fibre(town, graph).lay()
    return [fibre_routes(fibre), fibre_nodes(fibre), coverage(fibre)]


def fibre_routes(fibre: Fibre) -> Table:
    rows = []
    for number, span in enumerate(fibre.spans, start=1):
        laid = "belowGround" if span.role in ("backbone", "trunk") else "aboveGround"
        known = (f"S{number:03d}", span.role, span.status, span.start, span.end, laid, "G.652.D")
        length_m = round(span.line.length, 1)
        rows.append((span.line, *known, FIBRES[span.role], FIBRE_OPERATOR, length_m))
    columns = """
        SPAN_ID span_id
        ROLE role
        STATUS status
        START_NODE start_node
        END_NODE end_node
        DEPLOYMENT deployment
        FIBRE_TYPE fibre_type
        FIBRECOUNT fibre_count int
        OPERATOR operator
        LENGTH_M length_m float
    """
    return table("fibre_routes", columns, rows)


def fibre_nodes(fibre: Fibre) -> Table:
    planned = {s.end for s in fibre.spans if s.role == "trunk" and s.status == "planned"}
    rows = []
    for node in fibre.nodes:
        status = "planned" if node.id in planned else "operational"
        hours = {"exchange": 72, "cabinet": 8}.get(node.kind, 0)
        rows.append((node.point, node.id, node.name, node.kind, status, hours))
    columns = """
        NODE_ID node_id
        NAME name
        TYPE node_type
        STATUS status
        POWER_H backup_h int
    """
    return table("fibre_nodes", columns, rows)


def coverage(fibre: Fibre) -> Table:
    """Where which service can be had: mobile round the masts, and above it fibre and cable."""
    columns = """
        VYD kind
        TECHNOL tech
        OPERATOR operator
        DOWN_MBPS declared_down_mbps int
        UP_MBPS declared_up_mbps int
        HOUSEHOLDS households_passed int
        KATOTTG katottg
        DZHERELO source
    """
    return table("coverage", columns, [*_mobile(fibre.town), *_fixed(fibre)])


def _fixed(fibre: Fibre) -> Iterator[Row]:
    town = fibre.town
    homes = shapely.centroid([p.polygon for p in town.plots if p.kind == "house"])

    def row(area: Polygon, tech: str, operator: str, down: int, up: int, katottg: str) -> Row:
        passed = int(shapely.contains(area, homes).sum())
        return (area, "fixed", tech, operator, down, up, passed, katottg, "operator")

    core = Point(0, 60).buffer(640, quad_segs=12).intersection(town.ground.settlements[place.TOWN.slug])
    for part in polygons_in(core):
        yield row(part, "docsis", CABLE_OPERATOR, 300, 60, place.TOWN.unit.katottg)
    for plan in place.SETTLEMENTS:
        for part in in_order(polygons_in(fibre.served(plan.slug))):
            if part.area > 4_000:
                yield row(part, "xpon", FIBRE_OPERATOR, 1000, 1000, plan.unit.katottg)


def _mobile(town: Town) -> Iterator[Row]:
    rng = stream("mobile")
    for operator, reach_m, masts in MOBILE:
        cells = [_cell(point, reach_m, rng) for point in list(place.MASTS.values())[:masts]]
        whole = shapely.union_all(cells).intersection(town.ground.hromada).simplify(4)
        for part in in_order(polygons_in(whole)):
            yield (part, "mobile", "4g", operator, 45, 15, 0, "", "model")


def _cell(mast: place.Point, reach_m: float, rng: np.random.Generator) -> Polygon:
    """A cell as a propagation model shows it: roughly round, with bays and capes."""
    angle = np.linspace(0, 2 * np.pi, 121)[:-1]
    radius = np.ones_like(angle)
    for k in (2, 3, 5, 7, 11):
        radius += rng.uniform(0.03, 0.16) / np.sqrt(k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    return Polygon(np.asarray(mast) + reach_m * (radius * [np.cos(angle), np.sin(angle)]).T)
