"""From blocks to plots: rows that face their street, gardens behind, and larger sites carved out first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.ops import nearest_points

from importers.demo import place
from importers.demo.blocks import Block
from importers.demo.geometry import Patch, along

GARDEN_FROM_M = 92.0  # a row deeper than this is a house plot with a garden behind it
HOUSE_DEPTH_M = {"village": 74.0}


@dataclass
class Plot:
    """One future parcel. `patch.bottom` is its street side where it has one; `kind` is a key of KINDS."""

    kind: str
    polygon: Polygon
    settlement: str = ""
    patch: Patch | None = None
    name: str = ""
    quarter: int = 0
    street: str = ""
    number: str = ""


def plots_of(block: Block, sites: list[place.Site], rng: Generator) -> list[Plot]:
    """All plots of a block; together they cover it exactly."""
    pieces, plots = _carve(block, sites)
    for one in pieces:
        plots += _plain_plots(one, rng)
    return [p for p in plots if p.polygon.area > 15]


def _plot(block: Block, kind: str, patch: Patch, name: str = "") -> Plot:
    return Plot(kind, patch.polygon, block.settlement, patch, name)


def _carve(block: Block, sites: list[place.Site]) -> tuple[list[Block], list[Plot]]:
    """Takes from the block the sites that lie in it; what is left stays blocks."""
    for site in sites:
        if not block.patch.polygon.contains(shapely.Point(site.point)):
            continue
        rest = [s for s in sites if s is not site]
        area_m2 = site.area_ha * 10_000
        if area_m2 > 0.78 * block.patch.area_m2:
            return [], [_plot(block, site.kind, _facing(block).patch, site.name)]
        block = _towards(block, site.point)
        deep = block.patch.width_m > 1.7 * np.sqrt(area_m2)
        length_m = np.sqrt(area_m2) * 1.15 if deep else area_m2 / block.patch.width_m
        start, end = _span(block.patch.locate(site.point), length_m / block.patch.length_m)
        parts = block.patch.cut([u for u in (start, end) if 0 < u < 1])
        taken = 0 if start <= 0 else 1
        rest = _moved_aside(rest, parts, taken)
        pieces, plots = _site(block, parts[taken], site, area_m2, deep)
        for i, part in enumerate(parts):
            if i != taken:
                fronts = block.fronts | ({"right": False} if i < taken else {"left": False})
                more, theirs = _carve(replace(block, patch=part, fronts=fronts), rest)
                pieces += more
                plots += theirs
        return pieces, plots
    return [block], []


def _moved_aside(sites: list[place.Site], parts: list[Patch], taken: int) -> list[place.Site]:
    """Sites that lie on the land just taken move to the part beside it."""
    others = [part.polygon.buffer(-12) for i, part in enumerate(parts) if i != taken]
    free = [inner for inner in others if not inner.is_empty]
    result = []
    for site in sites:
        point = shapely.Point(site.point)
        if free and parts[taken].polygon.contains(point):
            point = nearest_points(min(free, key=point.distance), point)[0]
        result.append(replace(site, point=(point.x, point.y)))
    return result


def _site(
    block: Block, part: Patch, site: place.Site, area_m2: float, deep: bool
) -> tuple[list[Block], list[Plot]]:
    """The site itself; in a deep block it takes only the street side of `part`."""
    if not deep:
        return [], [_plot(block, site.kind, _facing(replace(block, patch=part)).patch, site.name)]
    own, behind = part.layers([area_m2 / part.area_m2])
    plots = [_plot(block, site.kind, own, site.name)]
    if block.fronts["top"]:
        sides = {"bottom": True, "top": False, "left": False, "right": False}
        return [replace(block, patch=behind.turned(), fronts=sides)], plots
    return [], [*plots, _plot(block, "garden", behind)]


def _towards(block: Block, point: place.Point) -> Block:
    """The block turned so that its bottom is the street nearest to the point."""
    block = _facing(block)
    where = shapely.Point(point)
    near_top = where.distance(LineString(block.patch.top)) < where.distance(LineString(block.patch.bottom))
    if block.fronts["top"] and near_top:
        fronts = block.fronts
        sides = {"bottom": True, "top": True, "left": fronts["right"], "right": fronts["left"]}
        return replace(block, patch=block.patch.turned(), fronts=sides)
    return block


def _span(middle: float, share: float) -> tuple[float, float]:
    """The stretch of the block to take, pushed to its end when too little would be left there."""
    start, end = middle - share / 2, middle + share / 2
    if start < 0.16:
        start, end = 0.0, share
    elif end > 0.84:
        start, end = 1 - share, 1.0
    return start, end


def _facing(block: Block) -> Block:
    """The block turned so that its bottom is on a street, if any side is."""
    fronts = block.fronts
    if fronts["bottom"]:
        return block
    if fronts["top"]:
        sides = {"bottom": True, "top": False, "left": fronts["right"], "right": fronts["left"]}
        return replace(block, patch=block.patch.turned(), fronts=sides)
    if fronts["left"] or fronts["right"]:
        sides = {"bottom": fronts["left"], "right": False, "top": fronts["right"], "left": False}
        return _facing(replace(block, patch=block.patch.sideways(), fronts=sides))
    return block


def _plain_plots(block: Block, rng: Generator) -> list[Plot]:
    kind = block.district.kind
    block = _facing(block)
    if kind == "green" or not any(block.fronts.values()) or block.patch.width_m < 14:
        return [_plot(block, "green", block.patch)]
    if kind == "outskirts":
        return [_plot(block, "allotment", p) for p in _row(block.patch, 34.0, rng)]
    if kind in ("apartments", "industry"):
        return _big_plots(block, rng)
    return _house_plots(block, rng)


def _big_plots(block: Block, rng: Generator) -> list[Plot]:
    rows = [block.patch]
    if block.fronts["top"] and block.patch.width_m > 1.7 * block.district.depth_m:
        low, high = block.patch.layers([0.5])
        rows = [low, high.turned()]
    return [
        _plot(block, block.district.kind, p) for row in rows for p in _row(row, block.district.front_m, rng)
    ]


def _house_plots(block: Block, rng: Generator) -> list[Plot]:
    middle, ends = _ends(block, rng)
    plots = [p for end in ends for p in _row_plots(block, end, rng)]
    depth_m = block.district.depth_m
    if block.district.kind == "bank":
        low, rest = middle.layers([min(0.85, depth_m / middle.width_m)])
        return [*plots, *_row_plots(block, low, rng), _plot(block, "green", rest)]
    rows = [middle]
    two = block.fronts["top"] and middle.width_m > (1.15 * depth_m if depth_m < 100 else 110.0)
    if two:
        low, high = middle.layers([0.5 + rng.uniform(-0.035, 0.035)])
        rows = [low, high.turned()]
    return plots + [p for row in rows for p in _row_plots(block, row, rng)]


def _ends(block: Block, rng: Generator) -> tuple[Patch, list[Patch]]:
    """At some block ends the plots turn to the side street, as they do at real corners."""
    patch, fronts = block.patch, block.fronts
    front_m = block.district.front_m
    deep = min(block.district.depth_m, 60.0)
    if not fronts["top"] or patch.width_m < 3.3 * front_m or patch.length_m < 3.2 * deep:
        return patch, []
    share = deep / patch.length_m
    left = fronts["left"] and rng.random() < 0.5
    right = fronts["right"] and rng.random() < 0.5
    parts = patch.cut([*([share] if left else []), *([1 - share] if right else [])])
    ends = []
    if left:
        ends.append(parts.pop(0).sideways())
    if right:
        ends.append(parts.pop().sideways().turned())
    return parts[0], ends


def _row_plots(block: Block, row: Patch, rng: Generator) -> list[Plot]:
    """Plots of one row; deep rows get a garden behind each house plot."""
    kind = block.district.kind
    house = {"dacha": "dacha", "centre": "centre"}.get(kind, "house")
    plots = []
    for lot in _row(row, block.district.front_m, rng):
        if lot.width_m <= GARDEN_FROM_M or house != "house":
            plots.append(_plot(block, house, lot))
            continue
        yard, garden = lot.layers([HOUSE_DEPTH_M.get(kind, 62.0) / lot.width_m])
        plots += [_plot(block, house, yard), _plot(block, "garden", garden)]
    return plots


def _row(row: Patch, front_m: float, rng: Generator) -> list[Patch]:
    """The row cut into lots of uneven fronts; where it tapers, fronts get longer to keep the area."""
    count = max(1, round(row.length_m / (front_m * rng.uniform(0.93, 1.07))))
    shares = np.exp(rng.normal(0, 0.16, count))
    wanted = np.cumsum(shares / shares.sum())[:-1]
    return row.cut([float(u) for u in _by_area(row, wanted)])


def _by_area(row: Patch, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """The u at which these shares of the row are reached, area and length counting alike."""
    u = np.linspace(0, 1, 41)
    depth = np.hypot(*(along(row.bottom, u) - along(row.top, u)).T)
    area = np.concatenate([[0.0], np.cumsum((depth[1:] + depth[:-1]) / 2)])
    measure = 0.5 * u + 0.5 * area / area[-1] if area[-1] > 0 else u
    return np.interp(wanted, measure, u)
