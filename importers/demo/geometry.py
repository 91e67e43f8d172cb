"""Plane geometry of the demo town: smooth curves, four-sided patches, and how a block becomes plots.

Everything here is in metres on a local plane; `Coords` are (n, 2) arrays of x (east), y (north).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

Coords = NDArray[np.float64]
Geometries = NDArray[np.object_]


def smooth(points: list[tuple[float, float]], step_m: float = 30.0) -> Coords:
    """A curve through all the points (cubic Hermite over chord length), one vertex about every `step_m`."""
    knots = np.asarray(points, dtype=float)
    chords = np.hypot(*np.diff(knots, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(chords)])
    slopes = (
        np.gradient(knots, at, axis=0) if len(knots) > 2 else np.repeat(np.diff(knots, axis=0) / chords, 2, 0)
    )
    pieces = []
    for i, chord in enumerate(chords):
        count = max(1, round(chord / step_m))
        t = (np.arange(count) / count)[:, None]
        pieces.append(
            (2 * t**3 - 3 * t**2 + 1) * knots[i]
            + (t**3 - 2 * t**2 + t) * chord * slopes[i]
            + (3 * t**2 - 2 * t**3) * knots[i + 1]
            + (t**3 - t**2) * chord * slopes[i + 1]
        )
    return np.vstack([*pieces, knots[-1:]])


def length_of(curve: Coords) -> float:
    return float(np.hypot(*np.diff(curve, axis=0).T).sum())


def fractions_of(curve: Coords) -> NDArray[np.float64]:
    """How far along the curve each of its vertices lies, 0 to 1."""
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    return at / at[-1] if at[-1] > 0 else np.linspace(0, 1, len(curve))


def along(curve: Coords, fractions: NDArray[np.float64] | list[float]) -> Coords:
    """Points at these fractions of the curve's length."""
    at = fractions_of(curve)
    wanted = np.asarray(fractions, dtype=float)
    return np.column_stack([np.interp(wanted, at, curve[:, 0]), np.interp(wanted, at, curve[:, 1])])


def piece(curve: Coords, start: float, end: float) -> Coords:
    """The stretch of the curve between two fractions of its length; cut points lie exactly on it."""
    at = fractions_of(curve)
    inside = (at > start + 1e-9) & (at < end - 1e-9)
    ends = along(curve, [start, end])
    first = curve[:1] if start <= 0 else ends[:1]
    last = curve[-1:] if end >= 1 else ends[1:]
    return np.vstack([first, curve[inside], last])


@dataclass(frozen=True)
class Patch:
    """A four-sided sheet: u runs along `bottom` and `top`, v from `bottom` to `top` (a Coons patch).

    `left` and `right` run from bottom to top. Cutting is exact: the pieces' sides are the same points.
    """

    bottom: Coords
    right: Coords
    top: Coords
    left: Coords

    @property
    def length_m(self) -> float:
        return (length_of(self.bottom) + length_of(self.top)) / 2

    @property
    def width_m(self) -> float:
        return (length_of(self.left) + length_of(self.right)) / 2

    @cached_property
    def polygon(self) -> Polygon:
        return Polygon(np.vstack([self.bottom, self.right[1:-1], self.top[::-1], self.left[::-1][1:-1]]))

    @property
    def area_m2(self) -> float:
        return float(self.polygon.area)

    def at(self, u: NDArray[np.float64] | list[float], v: float) -> Coords:
        """Points of the sheet at these u and one v."""
        u_ = np.asarray(u, dtype=float)[:, None]
        ruled = (1 - v) * along(self.bottom, u_[:, 0]) + v * along(self.top, u_[:, 0])
        side = (1 - u_) * along(self.left, [v]) + u_ * along(self.right, [v])
        low = (1 - u_) * self.bottom[0] + u_ * self.bottom[-1]
        high = (1 - u_) * self.top[0] + u_ * self.top[-1]
        return ruled + side - (1 - v) * low - v * high

    def across(self, v: float, step_m: float = 30.0) -> Coords:
        """The line of constant v from the left side to the right."""
        return self.at(np.linspace(0, 1, max(2, round(self.length_m / step_m) + 1)), v)

    def cut(self, at: Sequence[float]) -> list[Patch]:
        """Pieces from left to right, cut by straight lines from bottom to top at these u."""
        edges = [0.0, *at, 1.0]
        lines = [self.left]
        for u in at:
            lines.append(np.vstack([along(self.bottom, [u]), along(self.top, [u])]))
        lines.append(self.right)
        return [
            Patch(piece(self.bottom, u0, u1), lines[i + 1], piece(self.top, u0, u1), lines[i])
            for i, (u0, u1) in enumerate(pairwise(edges))
        ]

    def layers(self, at: Sequence[float]) -> list[Patch]:
        """Pieces from bottom to top, cut by lines of constant v."""
        edges = [0.0, *at, 1.0]
        lines = [self.bottom, *[self.across(v) for v in at], self.top]
        return [
            Patch(lines[i], piece(self.right, v0, v1), lines[i + 1], piece(self.left, v0, v1))
            for i, (v0, v1) in enumerate(pairwise(edges))
        ]

    def turned(self) -> Patch:
        """The same sheet seen from its top: the top becomes the bottom."""
        return Patch(self.top[::-1], self.left[::-1], self.bottom[::-1], self.right[::-1])

    def sideways(self) -> Patch:
        """The same sheet with its left side as the bottom."""
        return Patch(self.left, self.top, self.right, self.bottom)

    def locate(self, point: tuple[float, float]) -> float:
        """The u whose place on the middle line is nearest to the point."""
        middle = LineString(self.across(0.5))
        return float(middle.project(shapely.Point(point), normalized=True))


def outline(polygon: Polygon) -> Coords:
    """The exterior ring, counter-clockwise, without the closing vertex."""
    ring = np.asarray(shapely.get_coordinates(polygon.exterior))[:-1]
    return ring if polygon.exterior.is_ccw else ring[::-1]


def corners_of(polygon: Polygon) -> list[int]:
    """Four vertices of the outline that best play its corners: a big quadrangle with sharp turns."""
    ring = outline(polygon)
    tolerance = 0.02 * np.sqrt(polygon.area)
    kept = _main_vertices(ring, tolerance)
    while len(kept) > 14:
        tolerance *= 1.5
        kept = _main_vertices(ring, tolerance)
    if len(kept) < 4:
        kept = sorted({*kept, *np.linspace(0, len(ring) - 1, 5).astype(int)[:-1]})
    if len(kept) < 4:
        return list(range(len(ring)))
    chosen = np.array(list(combinations(kept, 4)))
    points = ring[chosen]
    following = np.roll(points, -1, axis=1)
    areas = 0.5 * (points[..., 0] * following[..., 1] - following[..., 0] * points[..., 1]).sum(axis=1)
    before = points - np.roll(points, 1, axis=1)
    after = following - points
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    dot = (before * after).sum(axis=2)
    square = (1 - np.abs(np.arctan2(cross, dot) - np.pi / 2) / (np.pi / 2)).sum(axis=1)
    turns = np.abs(_turns(ring))[chosen].sum(axis=1)
    score = areas / polygon.area + 0.12 * square + 0.10 * turns
    return [int(i) for i in chosen[int(np.argmax(score))]]


def _main_vertices(ring: Coords, tolerance: float) -> list[int]:
    closed = LineString(np.vstack([ring, ring[:1]])).simplify(tolerance)
    wanted = {tuple(p) for p in shapely.get_coordinates(closed)}
    return [i for i, p in enumerate(ring) if tuple(p) in wanted]


def _turns(ring: Coords) -> NDArray[np.float64]:
    before = ring - np.roll(ring, 1, axis=0)
    after = np.roll(ring, -1, axis=0) - ring
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return np.arctan2(cross, (before * after).sum(axis=1))


def patch_of(polygon: Polygon) -> Patch | None:
    """The polygon as a patch whose `bottom` and `top` are the longer pair of sides; None for a sliver."""
    ring = outline(polygon)
    corners = corners_of(polygon)
    if len(corners) < 4:
        return None
    sides = []
    for start, end in zip(corners, [*corners[1:], corners[0] + len(ring)], strict=True):
        sides.append(ring[np.arange(start, end + 1) % len(ring)])
    if length_of(sides[0]) + length_of(sides[2]) < length_of(sides[1]) + length_of(sides[3]):
        sides = [*sides[1:], sides[0]]
    return Patch(sides[0], sides[1], sides[2][::-1], sides[3][::-1])


def without_dents(polygon: Polygon, turn_deg: float = 38.0) -> list[Polygon]:
    """The polygon cut at its inward corners by prolonging a side, until each piece is nearly convex."""
    ring = outline(polygon)
    kept = _main_vertices(ring, 0.015 * float(np.sqrt(polygon.area)))
    main = ring[kept]
    turns = _turns(main)
    if len(main) < 5 or turns.min() > -np.radians(turn_deg):
        return [polygon]
    worst = int(np.argmin(turns))
    cuts = []
    for neighbour in (worst - 1, (worst + 1) % len(main)):
        away = main[worst] - main[neighbour]
        away = away / np.hypot(*away)
        ray = LineString([main[worst] - away * 0.02, main[worst] + away * 5_000])
        inside = [g for g in shapely.get_parts(ray.intersection(polygon)) if g.length > 1]
        if inside:
            cuts.append(min(inside, key=lambda g: g.distance(shapely.Point(main[worst]))))
    if not cuts:
        return [polygon]
    shortest = min(cuts, key=lambda g: g.length)
    pieces = faces(polygon, [shortest])
    if len(pieces) < 2:
        return [polygon]
    return [small for p in pieces for small in without_dents(p, turn_deg)]


def polygons_in(geometry: shapely.Geometry) -> list[Polygon]:
    """Every polygon in the geometry, whatever it is wrapped in."""
    parts = shapely.get_parts(np.asarray([geometry], dtype=object))
    flat = shapely.get_parts(parts)
    return [g for g in flat if g.geom_type == "Polygon" and not g.is_empty]


def faces(area: Polygon | MultiPolygon, lines: list[LineString]) -> list[Polygon]:
    """The pieces that the lines cut the area into, in a stable order."""
    network = shapely.unary_union([area.boundary, *lines], grid_size=0.01)
    pieces = shapely.get_parts(shapely.polygonize([network]))
    inside = shapely.contains_xy(area, *shapely.get_coordinates(shapely.point_on_surface(pieces)).T)
    return in_order([p for p, keep in zip(pieces, inside, strict=True) if keep])


def in_order(polygons: list[Polygon]) -> list[Polygon]:
    """Sorted from north-west to south-east, so that results never depend on an engine's internal order."""
    return sorted(polygons, key=lambda p: (-round(p.centroid.y), round(p.centroid.x), round(p.area)))


def closed_gaps(geometry: shapely.Geometry, reach_m: float) -> shapely.Geometry:
    """The geometry with gaps narrower than twice the reach filled, its corners kept."""
    grown = geometry.buffer(reach_m, join_style="mitre")
    return grown.buffer(-reach_m, join_style="mitre")


def corridor(line: LineString, width_m: float, *, flat: bool = True) -> Polygon:
    """The land of a road: the line with half its width either side, sharp at the bends."""
    return line.buffer(
        width_m / 2, cap_style="flat" if flat else "square", join_style="mitre", mitre_limit=2.0
    )
