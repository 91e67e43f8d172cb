"""Lines that follow the streets: fibre, water and power, found as shortest paths over the street graph."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import LineString

from importers.demo.place import Point

Node = tuple[int, int]  # centimetres, so that equal points are equal keys


@dataclass
class Routes:
    """Shortest ways from the sources: metres, the node and edge before, and the source's number."""

    metres: dict[Node, float] = field(default_factory=dict)
    before: dict[Node, tuple[Node, int]] = field(default_factory=dict)
    source: dict[Node, int] = field(default_factory=dict)


class StreetGraph:
    """Streets cut at their crossings. Nodes are crossings and ends, edges the stretches between."""

    def __init__(self, lines: Iterable[LineString]) -> None:
        noded = shapely.unary_union(list(lines), grid_size=0.01)
        self.edges: list[LineString] = [e for e in shapely.get_parts(noded) if e.length > 0.05]
        self.ends = [(_node(e.coords[0]), _node(e.coords[-1])) for e in self.edges]
        self.neighbours: dict[Node, list[tuple[Node, int]]] = defaultdict(list)
        for index, (start, end) in enumerate(self.ends):
            self.neighbours[start].append((end, index))
            self.neighbours[end].append((start, index))
        self.nodes = self._connected()
        self.places = np.asarray(self.nodes, dtype=float) / 100

    def _connected(self) -> list[Node]:
        """Nodes of the largest part that hangs together; `nearest` answers only these."""
        left = set(self.neighbours)
        largest: set[Node] = set()
        while len(left) > len(largest):
            start = min(left)
            found = set(self.routes([start]).metres)
            largest = max(largest, found, key=len)
            left -= found
        return sorted(largest)

    def nearest(self, point: Point) -> Node:
        return self.nodes[int(np.argmin(np.hypot(*(self.places - point).T)))]

    def routes(self, sources: list[Node], reach_m: float = np.inf) -> Routes:
        """Dijkstra from several sources at once; every node belongs to its nearest source."""
        found = Routes()
        queue: list[tuple[float, Node, int]] = []
        for number, node in enumerate(sources):
            found.metres[node], found.source[node] = 0.0, number
            heapq.heappush(queue, (0.0, node, number))
        while queue:
            metres, node, number = heapq.heappop(queue)
            if metres > found.metres[node]:
                continue
            for other, edge in self.neighbours[node]:
                further = metres + self.edges[edge].length
                if further <= reach_m and further < found.metres.get(other, np.inf):
                    found.metres[other], found.before[other] = further, (node, edge)
                    found.source[other] = number
                    heapq.heappush(queue, (further, other, number))
        return found

    def edges_to(self, found: Routes, target: Node) -> set[int]:
        """The edges of the way from its source to the target; none where no street leads there."""
        edges = set()
        while target in found.before:
            target, edge = found.before[target]
            edges.add(edge)
        return edges

    def path(self, found: Routes, target: Node) -> LineString | None:
        """The way from its source to the target as one line; None where no street leads there."""
        edges = self.edges_to(found, target)
        return joined(self.edges[edge] for edge in sorted(edges))[0] if edges else None

    def tree(self, found: Routes) -> list[tuple[int, int]]:
        """(edge, source number) of every edge on some shortest way, in a stable order."""
        return sorted((edge, found.source[node]) for node, (_, edge) in found.before.items())

    def load(self, found: Routes) -> dict[int, float]:
        """For each edge of the tree, the metres of network that hang on it, its own included."""
        carried: dict[Node, float] = defaultdict(float)
        load: dict[int, float] = {}
        for node in sorted(found.before, key=lambda n: (-found.metres[n], n)):
            parent, edge = found.before[node]
            load[edge] = carried[node] + self.edges[edge].length
            carried[parent] += load[edge]
        return load


def joined(lines: Iterable[LineString]) -> list[LineString]:
    """The lines merged end to end, longest first."""
    merged = shapely.line_merge(shapely.multilinestrings(list(lines)))
    parts = [p for p in shapely.get_parts(merged) if p.length > 1]
    return sorted(parts, key=lambda p: (-round(p.length, 2), p.coords[0]))


def beside(line: LineString, by_m: float) -> LineString:
    """The line moved to the right (left: negative), as pipes and wires run along a street."""
    moved = line.parallel_offset(by_m, "right", join_style="mitre")
    parts = [g for g in shapely.get_parts(moved) if g.length > 1]
    return max(parts, key=lambda g: g.length) if parts else line


def _node(point: tuple[float, ...]) -> Node:
    return round(point[0] * 100), round(point[1] * 100)
