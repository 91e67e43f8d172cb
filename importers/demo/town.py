"""Builds the whole hromada once: ground, streets, plots, buildings, numbered and cleaned."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import shapely
from numpy.random import PCG64, Generator
from shapely.ops import nearest_points

from importers.demo import place
from importers.demo.blocks import Block, lay_out
from importers.demo.buildings import Building, buildings_on
from importers.demo.fields import open_country
from importers.demo.geometry import corridor, polygons_in
from importers.demo.land import Ground, Street, ground_plan
from importers.demo.names import named, number_houses
from importers.demo.plots import Plot, plots_of

MIN_PLOT_M2 = 280.0


@dataclass(frozen=True)
class Town:
    """The finished plan, in local metres. Plots share borders exactly and do not overlap."""

    ground: Ground
    streets: list[Street]
    tracks: list[Street]
    plots: list[Plot]
    buildings: list[Building]


def stream(name: str) -> Generator:
    """An independent, reproducible stream of random numbers for one part of the plan."""
    return Generator(PCG64([place.SEED, *name.encode()]))


def build() -> Town:
    """The hromada of `place`, always the same."""
    ground = ground_plan()
    streets: list[Street] = []
    plots: list[Plot] = []
    for settlement in place.SETTLEMENTS:
        rng = stream(settlement.slug)
        quarter = lay_out(settlement, ground, rng)
        theirs = named(quarter.streets, rng)
        laid = []
        for number, (block, sites) in enumerate(_with_sites(quarter.blocks, settlement), start=1):
            laid += [replace(p, quarter=number) for p in plots_of(block, sites, rng)]
        laid += [Plot("green", p, settlement.slug) for p in quarter.leftovers if p.area > MIN_PLOT_M2]
        number_houses(laid, [*theirs, *_through(ground, settlement)])
        streets += theirs
        plots += laid
    country, tracks = open_country(ground, stream("fields"))
    plots = _coverage(
        [
            _useful(p)
            for p in [*plots, *country, *_water(ground), *_banks(ground, streets), *_transport(ground)]
        ]
    )
    return Town(ground, streets, tracks, plots, buildings_on(plots, stream("buildings")))


def _with_sites(
    blocks: list[Block], settlement: place.SettlementPlan
) -> list[tuple[Block, list[place.Site]]]:
    """Each block with the sites nearest to it; one drawn into a street moves to the block beside."""
    polygons = [block.patch.polygon for block in blocks]
    tree = shapely.STRtree(polygons)
    sites: dict[int, list[place.Site]] = defaultdict(list)
    for site in place.SITES:
        if site.settlement != settlement.slug:
            continue
        point = shapely.Point(site.point)
        index = int(tree.nearest(point))
        inner = polygons[index].buffer(-12)
        if not polygons[index].contains(point) and not inner.is_empty:
            point = nearest_points(inner, point)[0]
        sites[index].append(replace(site, point=(point.x, point.y)))
    return [(block, sites[i]) for i, block in enumerate(blocks)]


def _through(ground: Ground, settlement: place.SettlementPlan) -> list[Street]:
    """The through roads as streets of the settlement, where houses stand along them."""
    inside = ground.settlements[settlement.slug]
    name = "вулиця Шевченка" if settlement is place.TOWN else "вулиця Центральна"
    return [
        Street(name, "main", part, settlement.slug)
        for road in ground.roads
        for part in shapely.get_parts(road.line.intersection(inside))
        if part.length > 50
    ]


def _useful(plot: Plot) -> Plot:
    """A scrap too small or thin to be anybody's plot is common green."""
    polygon = plot.polygon
    thin = polygon.area / max(polygon.length, 1.0) < 4.2
    if plot.kind in ("house", "garden", "dacha", "centre") and (polygon.area < MIN_PLOT_M2 or thin):
        return replace(plot, kind="green", patch=None, street="", number="")
    return plot


def _water(ground: Ground) -> list[Plot]:
    stretches = ground.river.difference(shapely.union_all(ground.ponds))
    plots = [Plot("water", p, name=place.RIVER.name) for p in polygons_in(stretches) if p.area > 200]
    brook = ground.brook.difference(shapely.union_all(ground.ponds))
    plots += [Plot("water", p, name=place.BROOK.name) for p in polygons_in(brook) if p.area > 200]
    names = [p.name for p in place.PONDS]
    return plots + [Plot("pond", p, name=n) for p, n in zip(ground.ponds, names, strict=True)]


def _banks(ground: Ground, streets: list[Street]) -> list[Plot]:
    """The strip between the water and the first plots of a settlement is common green."""
    built = shapely.union_all(list(ground.settlements.values()))
    roads = shapely.union_all(
        [s.land for s in [*streets, *ground.roads]] + [corridor(ground.railway.line, 44)]
    )
    strip = ground.water.buffer(12.0).intersection(built).difference(shapely.union_all([ground.water, roads]))
    return [Plot("green", p) for p in polygons_in(strip) if p.area > 150]


def _transport(ground: Ground) -> list[Plot]:
    """Land of the through roads and the railway outside the settlements, bridges left to the water."""
    taken = shapely.union_all([ground.water, *ground.settlements.values()])
    rail = corridor(ground.railway.line, 44)
    plots = [Plot("railway", p, name=place.RAILWAY.name) for p in polygons_in(rail.difference(ground.water))]
    taken = taken.union(rail)
    for road in ground.roads:
        land = road.land.intersection(ground.hromada)
        plots += [
            Plot("highway", p, name=road.name) for p in polygons_in(land.difference(taken)) if p.area > 300
        ]
        taken = taken.union(land)
    return plots


def _coverage(plots: list[Plot]) -> list[Plot]:
    """The plots as one clean coverage: rounded to the centimetre, common borders with common vertices."""
    polygons = shapely.set_precision([p.polygon for p in plots], 0.01, mode="pointwise")
    polygons = shapely.make_valid(polygons, method="structure", keep_collapsed=False)
    cleaned = shapely.coverage_clean(polygons, snapping_distance=0.02, gap_width=0.05)
    result = []
    for plot, geometry in zip(plots, cleaned, strict=True):
        parts = sorted((p for p in polygons_in(geometry) if p.area > 20), key=lambda p: -p.area)
        result += [
            replace(plot, polygon=p, patch=plot.patch if i == 0 else None) for i, p in enumerate(parts)
        ]
    return result
