"""The open country: forests, meadows, shelterbelts, big fields and the land shares within them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray
from shapely import LineString, Polygon, affinity

from importers.demo import place
from importers.demo.geometry import Coords, corridor, in_order, polygons_in
from importers.demo.land import Ground, Street, closed
from importers.demo.plots import Plot

BELT_M = 14.0
TRACK_M = 7.0
MASSIF_HA = 52.0
SLACK_M = 5.0  # how far cutting shapes reach beyond a field, so that rounding leaves nothing uncut


@dataclass
class Country:
    """What is being laid out: tracks and the number of massifs so far."""

    rng: Generator
    tracks: list[Street] = field(default_factory=list)
    massifs: int = 0

    def numbered(self, plots: list[Plot]) -> list[Plot]:
        """The plots of one massif, marked as such."""
        self.massifs += 1
        for plot in plots:
            plot.quarter = self.massifs
        return plots


def open_country(ground: Ground, rng: Generator) -> tuple[list[Plot], list[Street]]:
    """Every plot outside the settlements, and the field roads between them."""
    built = shapely.union_all(list(ground.settlements.values()))
    roads = shapely.union_all([r.land for r in ground.roads] + [corridor(ground.railway.line, 44)])
    free = ground.hromada.difference(shapely.union_all([built, roads, ground.water]))
    plots: list[Plot] = []
    woods, free = _woods(free, rng)
    plots += woods
    belts, free = _roadside_belts(ground, free)
    plots += belts
    meadows, free = _meadows(ground, free)
    plots += meadows
    country = Country(rng)
    for plot in plots:
        country.numbered([plot])
    for face in in_order(polygons_in(free)):
        plots += _massifs(face, country)
    return plots, country.tracks


def _woods(free: shapely.Geometry, rng: Generator) -> tuple[list[Plot], shapely.Geometry]:
    """Forest in compartments with rides between them, groves whole, orchards in a few pieces."""
    plots = []
    forest = closed(place.FOREST.points).intersection(free)
    for piece in polygons_in(forest.difference(_rides(forest, 430.0, 17.0, 8.0))):
        if piece.area > 2_000:
            plots.append(Plot("forest", piece, name=place.FOREST.name))
    taken = [forest]
    for plan in place.GROVES:
        grove = Polygon(plan.points).intersection(free)
        taken.append(grove)
        plots += [Plot("forest", p, name=plan.name) for p in polygons_in(grove)]
    for plan in place.ORCHARDS:
        orchard = Polygon(plan.points).intersection(free)
        taken.append(orchard)
        parts = polygons_in(orchard.difference(_rides(orchard, 260.0, -8.0, 6.0)))
        plots += [Plot("orchard", p, name=plan.name) for p in parts if p.area > 1_500]
    return plots, free.difference(shapely.union_all(taken))


def _rides(area: shapely.Geometry, spacing_m: float, angle_deg: float, width_m: float) -> shapely.Geometry:
    """A grid of straight rides over the area."""
    west, south, east, north = area.bounds
    middle = area.centroid
    reach = max(east - west, north - south)
    lines = []
    for offset in np.arange(-reach, reach + 1, spacing_m):
        lines.append(
            LineString([(middle.x - reach, middle.y + offset), (middle.x + reach, middle.y + offset)])
        )
        lines.append(
            LineString([(middle.x + offset, middle.y - reach), (middle.x + offset, middle.y + reach)])
        )
    turned = [affinity.rotate(line, angle_deg, origin=middle) for line in lines]
    return shapely.union_all([line.buffer(width_m / 2, cap_style="flat") for line in turned])


def _roadside_belts(ground: Ground, free: shapely.Geometry) -> tuple[list[Plot], shapely.Geometry]:
    """Trees along the through road and the railway, outside settlements, broken where tracks leave."""
    belts = []
    gaps = shapely.union_all([r.line.buffer(55) for r in ground.roads if r.kind != "regional"])
    near_homes = shapely.union_all([g.buffer(40) for g in ground.settlements.values()])
    for line, inner_m in ((ground.roads[0].line, place.WIDTH_M["regional"]), (ground.railway.line, 44.0)):
        band = corridor(line, inner_m + 2 * BELT_M).difference(corridor(line, inner_m + 0.02))
        gaps_here = shapely.union_all([shapely.Point(p).buffer(9) for p in _every(line, 900.0)])
        belts.append(band.difference(shapely.union_all([gaps_here, gaps, near_homes])))
    whole = shapely.union_all(belts).intersection(free)
    plots = [Plot("belt", p) for p in polygons_in(whole) if p.area > 800]
    return plots, free.difference(shapely.union_all([p.polygon for p in plots]))


def _every(line: LineString, step_m: float) -> Coords:
    return shapely.get_coordinates(line.interpolate(np.arange(step_m / 2, line.length, step_m)))


def _meadows(ground: Ground, free: shapely.Geometry) -> tuple[list[Plot], shapely.Geometry]:
    """Flood meadows along the river and the brook, cut into stretches."""
    wavy = shapely.union_all(
        [ground.river.buffer(95), ground.brook.buffer(45), *[p.buffer(60) for p in ground.ponds]]
    )
    flood = wavy.buffer(60).buffer(-60).simplify(6).intersection(free)
    cuts = []
    for line in (LineString(place.RIVER.points), LineString(place.BROOK.points)):
        cuts += [_crossing(line, at, 400.0) for at in np.arange(350, line.length, 700.0)]
    strips = flood.difference(shapely.union_all([c.buffer(0.005, cap_style="flat") for c in cuts]))
    plots = [Plot("meadow", p) for p in polygons_in(strips) if p.area > 1_000]
    return plots, free.difference(flood)


def _crossing(line: LineString, at_m: float, reach_m: float) -> LineString:
    points = shapely.get_coordinates(line.interpolate([at_m - 5, at_m, at_m + 5]))
    tangent = (points[2] - points[0]) / np.hypot(*(points[2] - points[0]))
    normal = np.array([-tangent[1], tangent[0]])
    return LineString([points[1] - normal * reach_m, points[1] + normal * reach_m])


def _massifs(face: Polygon, country: Country) -> list[Plot]:
    """Splits the face across its long axis, by shelterbelt and track, until the fields have their size."""
    area_ha, rng = face.area / 10_000, country.rng
    if area_ha < 1.2:
        return country.numbered([Plot("pasture", face)]) if face.area > 400 else []
    if area_ha < MASSIF_HA * rng.uniform(0.8, 1.35):
        return country.numbered(_field(face, rng))
    frame = Frame.around(face)
    with_trees = rng.random() < 0.72
    line = frame.line_at(frame.length_m * (0.5 + rng.uniform(-0.09, 0.09)))
    gap_m = BELT_M + TRACK_M if with_trees else TRACK_M
    plots: list[Plot] = []
    if with_trees:
        belt = (
            frame.moved(line, TRACK_M / 2)
            .buffer(BELT_M / 2, cap_style="flat")
            .intersection(face.buffer(-3.0))
        )
        plots += [p for g in polygons_in(belt) if g.area > 500 for p in country.numbered([Plot("belt", g)])]
    track = frame.moved(line, -BELT_M / 2 if with_trees else 0.0).intersection(face.buffer(8))
    country.tracks += [Street("", "field", part) for part in shapely.get_parts(track) if part.length > 60]
    rest = face.difference(line.buffer(gap_m / 2, cap_style="flat"))
    for piece in in_order(polygons_in(rest)):
        plots += _massifs(piece, country)
    return plots


@dataclass(frozen=True)
class Frame:
    """The smallest rectangle around a field: x along its length from `origin`, y across it."""

    origin: Coords
    axis: Coords
    across: Coords
    length_m: float
    width_m: float

    @classmethod
    def around(cls, face: Polygon) -> Frame:
        box = shapely.get_coordinates(shapely.oriented_envelope(face))
        sides = np.hypot(*np.diff(box, axis=0).T)
        first = 0 if sides[0] >= sides[1] else 1
        corner, following, third = box[first], box[first + 1], box[(first + 2) % 4]
        length_m, width_m = float(sides[first]), float(sides[(first + 1) % 4])
        return cls(corner, (following - corner) / length_m, (third - following) / width_m, length_m, width_m)

    def line_at(self, x: float) -> LineString:
        """Straight across the field at x, a little beyond its edges."""
        start = self.origin + self.axis * x
        return LineString([start - self.across * 50, start + self.across * (self.width_m + 50)])

    def moved(self, line: LineString, by_m: float) -> LineString:
        return LineString(np.array(line.coords) + self.axis * by_m)

    def slab(self, x0: float, x1: float, y0: float, y1: float) -> Polygon:
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        return Polygon([self.origin + self.axis * x + self.across * y for x, y in corners])

    def slabs(self, edges: NDArray[np.float64]) -> list[Polygon]:
        """Across the whole width, between each two neighbouring x."""
        return [self.slab(a, b, -SLACK_M, self.width_m + SLACK_M) for a, b in pairwise(edges)]


def _field(face: Polygon, rng: Generator) -> list[Plot]:
    """What a massif is: land shares, people's plots, a farm's big fields, reserve or pasture."""
    area_ha = face.area / 10_000
    compact = face.area / shapely.oriented_envelope(face).area
    if area_ha < 3.5 or compact < 0.45:
        return [Plot("pasture" if rng.random() < 0.6 else "reserve", face)]
    draw = rng.random()
    if draw < 0.52 and area_ha > 9:
        return _shares(face, "share", rng.uniform(2.3, 3.6))
    if draw < 0.62 and face.distance(shapely.Point(0, 0)) < 3_200:
        return _shares(face, "plot_field", rng.uniform(0.7, 1.2))
    if draw < 0.92:
        return _shares(face, "farm", rng.uniform(14, 34))
    return [Plot("reserve" if draw < 0.96 else "pasture", face)]


def _shares(face: Polygon, kind: str, share_ha: float) -> list[Plot]:
    """Strips of equal area side by side, as land shares were measured out; two rows in a deep massif."""
    frame = Frame.around(face)
    rows: list[shapely.Geometry] = [face]
    if frame.width_m >= 620 and kind != "farm":
        far, middle = frame.length_m + SLACK_M, frame.width_m / 2
        near_half = frame.slab(-SLACK_M, far, -SLACK_M, middle)
        far_half = frame.slab(-SLACK_M, far, middle, frame.width_m + SLACK_M)
        rows = [face.intersection(near_half), face.intersection(far_half)]
    plots = []
    for row in rows:
        count = max(1, round(row.area / 10_000 / share_ha))
        plots += [Plot(kind, strip) for strip in _equal_strips(row, frame, count)]
    return plots


def _equal_strips(row: shapely.Geometry, frame: Frame, count: int) -> list[Polygon]:
    """The row cut across into `count` strips of the same area."""
    start, end = -SLACK_M, frame.length_m + SLACK_M
    steps = np.linspace(start, end, 81)
    area = np.concatenate([[0.0], np.cumsum(shapely.area(shapely.intersection(row, frame.slabs(steps))))])
    cuts = np.interp(np.linspace(0, 1, count + 1)[1:-1], area / area[-1], steps)
    strips = shapely.intersection(row, frame.slabs(np.concatenate([[start], cuts, [end]])))
    return [p for strip in strips for p in polygons_in(strip) if p.area > 300]
