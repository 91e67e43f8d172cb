"""From superblocks to blocks: the inner streets of a district, and the block patches between them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.random import Generator
from shapely import LineString, Polygon, STRtree

from importers.demo import place
from importers.demo.geometry import (
    Coords,
    Patch,
    along,
    corridor,
    in_order,
    patch_of,
    polygons_in,
    without_dents,
)
from importers.demo.land import Ground, Street, main_streets, superblocks

UNBUILT = ("green", "bank", "outskirts")
SIDES = ("bottom", "right", "top", "left")


@dataclass
class Block:
    """Land between streets. `fronts` says for each side whether a street runs along it."""

    patch: Patch
    district: place.District
    settlement: str
    fronts: dict[str, bool] = field(default_factory=dict)


@dataclass
class Quarter:
    """The streets and blocks of one settlement."""

    streets: list[Street]
    blocks: list[Block]
    leftovers: list[Polygon]


def lay_out(plan: place.SettlementPlan, ground: Ground, rng: Generator) -> Quarter:
    """Streets and blocks of a settlement, grown from the streets drawn by hand."""
    mains = main_streets(plan, ground)
    quarter = Quarter(list(mains), [], [])
    for face in _districts_faces(plan, ground, mains):
        district = _district(plan, face)
        inner = _inner_streets(face, district, rng)
        quarter.streets += [Street("", "street", line, plan.slug) for line in inner]
        for polygon in _blocks(face, inner):
            patch = patch_of(polygon)
            if patch is None or polygon.area < 250:
                quarter.leftovers.append(polygon)
            else:
                quarter.blocks.append(Block(patch, district, plan.slug))
    _reach_the_mains(quarter, mains, ground)
    _find_fronts(quarter, ground)
    return quarter


def _districts_faces(plan: place.SettlementPlan, ground: Ground, mains: list[Street]) -> list[Polygon]:
    whole = superblocks(plan, ground, mains)
    built = [face for face in whole if _district(plan, face).kind not in UNBUILT]
    rest = [face for face in whole if _district(plan, face).kind in UNBUILT]
    return in_order([small for face in built for small in _without_tails(face)] + rest)


def _district(plan: place.SettlementPlan, face: Polygon) -> place.District:
    if plan.slug != place.TOWN.slug:
        return place.VILLAGE
    for point, district in place.DISTRICTS:
        if face.contains(shapely.Point(point)):
            return district
    return place.HOUSES


def _without_tails(face: Polygon, limit: float = 0.45) -> list[Polygon]:
    """A wedge is cut where it gets narrow, so that no streets crowd into its tip."""
    patch = patch_of(face)
    if patch is None or face.area < 20_000:
        return [face]
    steps = np.linspace(0.02, 0.98, 25)
    widths = np.hypot(*(along(patch.bottom, steps) - along(patch.top, steps)).T)
    tip = int(np.argmin(widths))
    if widths[tip] > limit * widths.max() or 6 <= tip <= len(steps) - 7:
        return [face]
    narrow = widths < 0.62 * widths.max()
    wide = np.nonzero(~narrow)[0]
    u = float(steps[wide[0]] if tip < 6 else steps[wide[-1]])
    if not 0.1 < u < 0.9:
        return [face]
    parts = [part.polygon for part in patch.cut([u])]
    if not all(part.is_valid for part in parts):
        return [face]
    return [small for part in parts for small in _without_tails(part)]


def _inner_streets(face: Polygon, district: place.District, rng: Generator) -> list[LineString]:
    """Long streets that follow the sides of the superblock, and cross streets between them."""
    patch = patch_of(face)
    if patch is None or district.kind in UNBUILT:
        return []
    if district.across:
        patch = patch.sideways()
    street = place.WIDTH_M["street"]
    rows = max(1, round(patch.width_m / (2 * district.depth_m + street)))
    columns = max(1, round(patch.length_m / district.run_m))
    if district.kind == "village" and patch.width_m < 3.2 * district.depth_m:
        rows, columns = 1, max(1, round(patch.length_m / 620))
    long_at = [k / rows + rng.uniform(-0.5, 0.5) * district.wobble / rows for k in range(1, rows)]
    cross = [k / columns + rng.uniform(-1, 1) * district.wobble / columns for k in range(1, columns)]
    lines = [LineString(patch.across(v)) for v in long_at]
    return lines + _cross_streets(patch, [0.0, *long_at, 1.0], cross, district, rng)


def _cross_streets(
    patch: Patch, rows: list[float], cross: list[float], district: place.District, rng: Generator
) -> list[LineString]:
    """Cross streets run through several rows; here and there one row goes without, as in any old town."""
    lines = []
    side = patch.sideways()
    for u in cross:
        whole = side.across(u)
        open_rows = rng.random(len(rows) - 1) > (0.0 if len(rows) < 4 else 0.8 * district.wobble + 0.1)
        start: float | None = None
        for row, is_open in enumerate([*open_rows, False]):
            if is_open and start is None:
                start = rows[row]
            if not is_open and start is not None:
                lines.append(LineString(_between(whole, start, rows[row])))
                start = None
    return lines


def _between(curve: Coords, start: float, end: float) -> Coords:
    """The stretch of a v-line between two v (its vertices are evenly spaced in v)."""
    at = np.linspace(0, 1, len(curve))
    inside = (at > start + 0.02) & (at < end - 0.02)
    ends = [np.array([np.interp(v, at, curve[:, 0]), np.interp(v, at, curve[:, 1])]) for v in (start, end)]
    return np.vstack([ends[0], curve[inside], ends[1]])


def _blocks(face: Polygon, inner: list[LineString]) -> list[Polygon]:
    if not inner:
        return [face]
    streets = shapely.union_all([corridor(line, place.WIDTH_M["street"], flat=False) for line in inner])
    whole = [p for p in polygons_in(face.difference(streets)) if p.area > 60]
    return [small for p in whole for small in without_dents(p, 50)]


def _reach_the_mains(quarter: Quarter, mains: list[Street], ground: Ground) -> None:
    """Inner streets stop at the land of a main street: prolong them to its centre line."""
    lines = [s.line for s in mains] + [r.line for r in ground.roads]
    tree = STRtree(lines)
    for i, street in enumerate(quarter.streets):
        if street.name:
            continue
        points = shapely.get_coordinates(street.line)
        for end in (0, -1):
            tip = shapely.Point(points[end])
            near = tree.query_nearest(tip, max_distance=16.0)
            if len(near):
                target = lines[near[0]]
                join = shapely.get_coordinates(target.interpolate(target.project(tip)))
                points = np.vstack([join, points]) if end == 0 else np.vstack([points, join])
        quarter.streets[i] = Street(street.name, street.kind, LineString(points), street.settlement)


def _find_fronts(quarter: Quarter, ground: Ground) -> None:
    """A side fronts a street when most of it runs beside one."""
    roads = [*quarter.streets, *ground.roads]
    land = shapely.union_all([corridor(s.line, place.WIDTH_M[s.kind] + 3.0, flat=False) for s in roads])
    shapely.prepare(land)
    for block in quarter.blocks:
        for side in SIDES:
            curve = LineString(getattr(block.patch, side))
            samples = shapely.line_interpolate_point(curve, [0.12, 0.3, 0.5, 0.7, 0.88], normalized=True)
            block.fronts[side] = bool(shapely.intersects(land, samples).mean() > 0.55)
