"""The ground plan: water, roads and settlements as the land they take, and the faces left between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import LineString, Polygon

from importers.demo import place
from importers.demo.geometry import corridor, in_order, polygons_in, smooth, without_dents


@dataclass(frozen=True)
class Street:
    """A street or road: its centre line, name, kind (see `place.WIDTH_M`) and settlement, "" outside."""

    name: str
    kind: str
    line: LineString
    settlement: str = ""

    @property
    def land(self) -> Polygon:
        return corridor(self.line, place.WIDTH_M[self.kind])


@dataclass(frozen=True)
class Ground:
    """What lies fixed before any plot is drawn. All polygons are within the hromada."""

    hromada: Polygon
    river: Polygon
    brook: Polygon
    ponds: list[Polygon]
    railway: Street
    roads: list[Street]
    settlements: dict[str, Polygon]

    @property
    def water(self) -> shapely.Geometry:
        return shapely.union_all([self.river, self.brook, *self.ponds])


def closed(points: list[place.Point], step_m: float = 30.0) -> Polygon:
    """A smooth closed outline through the points."""
    looped = [*points[-3:], *points, *points[:3]]
    curve = smooth(looped, step_m)
    start = int(np.argmin(np.hypot(*(curve - points[0]).T)[: len(curve) // 2]))
    after = np.hypot(*(curve - points[0]).T)
    after[: start + 3] = np.inf
    end = int(np.argmin(after))
    return Polygon(curve[start:end])


def ground_plan() -> Ground:
    """The fixed parts, from the lines of `place`."""
    hromada = Polygon(place.BOUNDARY)
    river_line = LineString(smooth(place.RIVER.points, 25))
    ponds = [closed(pond.points) for pond in place.PONDS]
    river = _winding(river_line, 13.0, 5.0).intersection(hromada)
    brook = _winding(LineString(smooth(place.BROOK.points, 25)), 4.0, 1.5).intersection(hromada)
    roads = [
        Street(r.name, r.kind, LineString(smooth(r.points, 40)).intersection(hromada)) for r in place.ROADS
    ]
    railway = Street(
        place.RAILWAY.name, "railway", LineString(smooth(place.RAILWAY.points, 60)).intersection(hromada)
    )
    settlements = {s.slug: _outline(s) for s in place.SETTLEMENTS}
    return Ground(hromada, river, brook, ponds, railway, roads, settlements)


def _winding(line: LineString, half_m: float, swing_m: float) -> Polygon:
    """A watercourse whose width changes gently from bend to bend."""
    points = shapely.get_coordinates(line)
    tangent = np.gradient(points, axis=0)
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]]) / np.hypot(*tangent.T)[:, None]
    step = np.arange(len(points))
    left = half_m + swing_m * np.sin(step / 5.3)
    right = half_m + swing_m * np.sin(step / 3.7 + 1.3)
    return shapely.make_valid(
        Polygon(np.vstack([points + normal * left[:, None], (points - normal * right[:, None])[::-1]]))
    )


def _outline(plan: place.SettlementPlan) -> Polygon:
    if plan.outline:
        return closed(plan.outline)
    reaches = {"main": 1.0, "street": 1.0, "lane": 0.55}
    strips = [
        LineString(smooth(s.points)).buffer(
            plan.reach_m * reaches[s.kind], cap_style="flat", join_style="mitre"
        )
        for s in plan.streets
    ]
    whole = shapely.union_all(strips).buffer(45, join_style="mitre").buffer(-45, join_style="mitre")
    biggest = max(polygons_in(whole), key=lambda p: p.area)
    return Polygon(biggest.exterior).simplify(4.0)


def main_streets(plan: place.SettlementPlan, ground: Ground) -> list[Street]:
    """Streets drawn by hand, as far as the settlement reaches."""
    inside = ground.settlements[plan.slug]
    streets = [Street(s.name, s.kind, LineString(smooth(s.points)), plan.slug) for s in plan.streets]
    return [
        replace(s, line=max(shapely.get_parts(s.line.intersection(inside)), key=lambda g: g.length))
        for s in streets
    ]


def _prolonged(street: Street, others: list[Street], by_m: float = 60.0) -> Polygon:
    """The street's land; where it ends in the open it goes on a little, to cut the settlement's edge."""
    points = shapely.get_coordinates(street.line)
    elsewhere = shapely.union_all([o.line for o in others if o is not street])
    for end, inner in ((0, 1), (-1, -2)):
        if elsewhere.distance(shapely.Point(points[end])) > 30:
            away = points[end] - points[inner]
            tip = points[end] + away / np.hypot(*away) * by_m
            points = np.vstack([tip, points]) if end == 0 else np.vstack([points, tip])
    return corridor(LineString(points), place.WIDTH_M[street.kind])


def superblocks(plan: place.SettlementPlan, ground: Ground, streets: list[Street]) -> list[Polygon]:
    """What the main streets, roads, railway and water leave of the settlement."""
    taken = (
        [_prolonged(s, [*streets, *ground.roads]) for s in streets]
        + [r.land for r in ground.roads]
        + [corridor(ground.railway.line, 44)]
    )
    free = ground.settlements[plan.slug].difference(shapely.union_all([*taken, ground.water.buffer(12)]))
    whole = [p for p in polygons_in(free) if p.area > 300]
    return in_order([part for p in whole for part in without_dents(p)])
