"""Buildings that stand squarely on their plots: houses by the street, sheds behind, slabs, schools, halls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.random import Generator
from shapely import Polygon, affinity

from importers.demo.geometry import Coords, Patch, along, length_of
from importers.demo.kinds import KINDS
from importers.demo.plots import Plot


@dataclass(frozen=True)
class Building:
    """A footprint. `use` is a value of the layer's domain; `plot` is the index of its plot."""

    polygon: Polygon
    use: str
    floors: int
    plot: int


class Yard:
    """A plot seen from its street: x along the front from the left corner, y into the plot."""

    def __init__(self, patch: Patch) -> None:
        front = patch.bottom[[0, -1]]
        self.front_m = float(np.hypot(*(front[1] - front[0])))
        self.origin: Coords = front[0]
        self.x: Coords = (front[1] - front[0]) / max(self.front_m, 0.01)
        self.y: Coords = np.array([-self.x[1], self.x[0]])
        middle = along(patch.top, [0.5])[0] - along(patch.bottom, [0.5])[0]
        if float(middle @ self.y) < 0:
            self.y = -self.y
        self.depth_m = float(middle @ self.y)
        self.lean = float(middle @ self.x) / max(self.depth_m, 1.0)  # plots often lean to one side
        self.top_m = length_of(patch.top)

    def shape(self, corners: list[tuple[float, float]]) -> Polygon:
        """A polygon from (x, y) in metres; it leans with the plot."""
        local = np.asarray(corners, dtype=float)
        shifted = local[:, :1] + self.lean * float(local[:, 1].min())
        return Polygon(self.origin + shifted * self.x + local[:, 1:] * self.y)

    def walls(self, x: float, y: float, moves: list[float]) -> Polygon:
        """A right-angled outline: from (x, y) along the street, then inward, and so on in turn."""
        corners = [(x, y)]
        for i, move in enumerate(moves):
            corners.append((corners[-1][0] + move * (i % 2 == 0), corners[-1][1] + move * (i % 2)))
        return self.shape(corners)

    def box(self, x: float, y: float, w: float, d: float) -> Polygon:
        return self.shape([(x, y), (x + w, y), (x + w, y + d), (x, y + d)])


Made = Iterable[tuple[Polygon, str, int]]


def buildings_on(plots: list[Plot], rng: Generator) -> list[Building]:
    """Every building that fits inside its plot, in the order of the plots."""
    made: list[Building] = []
    for index, plot in enumerate(plots):
        builder = BUILDERS.get(KINDS[plot.kind].built)
        if builder and plot.patch is not None and plot.polygon.area > 150:
            made += [Building(g, use, floors, index) for g, use, floors in builder(Yard(plot.patch), rng)]
    yards = shapely.buffer([p.polygon for p in plots], -0.4)
    for share in (1.0, 0.8, 0.62):
        inside = shapely.contains([yards[b.plot] for b in made], [b.polygon for b in made])
        made = [
            b
            if fits or b.use == "outbuilding"
            else replace(b, polygon=affinity.scale(b.polygon, share, share))
            for b, fits in zip(made, inside, strict=True)
        ]
    inside = shapely.contains([yards[b.plot] for b in made], [b.polygon for b in made])
    return _apart([b for b, fits in zip(made, inside, strict=True) if fits])


def _apart(made: list[Building]) -> list[Building]:
    """Without the buildings that stand on an earlier one."""
    polygons = [b.polygon for b in made]
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    dropped = {int(max(i, j)) for i, j in zip(first, second, strict=True) if i != j}
    return [b for i, b in enumerate(made) if i not in dropped]


def _house(yard: Yard, rng: Generator) -> Made:
    """A house near the street and to one side, square or with a corner cut out; sheds behind it."""
    width, depth = min(rng.uniform(8.5, 12.5), yard.front_m - 4.5), rng.uniform(8.0, 11.5)
    setback = rng.choice([3.0, 4.5, 6.0, 8.0]) + rng.uniform(0, 1.5)
    room = max(yard.front_m - width - 3.0, 0)
    x = 1.5 + room * (rng.uniform(0, 0.35) if rng.random() < 0.5 else rng.uniform(0.65, 1))
    if width < 5.5 or rng.random() < 0.03:
        return
    floors = 2 if rng.random() < 0.12 else 1
    cut = rng.uniform(2.5, 4.0) if rng.random() < 0.45 else 0.0
    house = yard.walls(x, setback, [width, depth - cut, -cut, cut, cut - width])
    yield (house if cut else yard.box(x, setback, width, depth)), "house", floors
    for shed in _sheds(yard, setback + depth + rng.uniform(5, 10), rng):
        yield shed, "outbuilding", 1


def _sheds(yard: Yard, back: float, rng: Generator) -> Iterator[Polygon]:
    if back + 9 < yard.depth_m * 0.8:
        width, depth = rng.uniform(4.0, 6.0), rng.uniform(6.5, 11.0)
        left = rng.random() < 0.5
        yield yard.box(1.2 if left else yard.front_m - width - 1.2, back, width, depth)
        if rng.random() < 0.45:
            width, depth = rng.uniform(3.5, 5.0), rng.uniform(5.0, 8.0)
            yield yard.box(
                yard.front_m - width - 1.2 if left else 1.2, back + rng.uniform(-2, 8), width, depth
            )
    if rng.random() < 0.22 and back + 24 < yard.depth_m * 0.85:
        yield yard.box(yard.front_m / 2 - 3, back + 13, rng.uniform(5.5, 6.5), rng.uniform(6, 9))


def _dacha(yard: Yard, rng: Generator) -> Made:
    if rng.random() < 0.85:
        x, y = rng.uniform(2, max(2.1, yard.front_m - 9)), rng.uniform(3, 8)
        yield yard.box(x, y, rng.uniform(5, 7), rng.uniform(5, 7)), "house", 1


def _centre(yard: Yard, rng: Generator) -> Made:
    width, depth = yard.front_m * rng.uniform(0.68, 0.92), rng.uniform(12, 17)
    x = (yard.front_m - width) / 2
    floors = int(rng.integers(2, 4))
    if rng.random() < 0.5:
        wing = rng.uniform(8, 11)
        yield yard.walls(x, 2, [width, depth, wing - width, depth, -wing]), "commercial", floors
    else:
        yield yard.box(x, 2, width, depth), "commercial", floors
    if yard.depth_m > 45:
        yield yard.box(x, yard.depth_m - 14, min(width * 0.6, 18), 8), "outbuilding", 1


def _apartments(yard: Yard, rng: Generator) -> Made:
    floors = int(rng.choice([5, 5, 5, 9]))
    length = yard.front_m - 16
    if length > 22:
        yield yard.box(8, 8, min(length, 84), 13), "apartments", floors
    if yard.depth_m > 52:
        yield yard.box(8, yard.depth_m - 22, min(length, 66), 13), "apartments", floors
    if yard.depth_m > 78 and yard.front_m > 40:
        yield yard.box(8, 30, 13, yard.depth_m - 62), "apartments", floors


def _public(yard: Yard, rng: Generator) -> Made:
    """A long front with a porch in the middle."""
    width, depth = min(yard.front_m * 0.66, 46.0), min(yard.depth_m * 0.28, 18.0)
    x, y = (yard.front_m - width) / 2, min(8.0, yard.depth_m * 0.12)
    porch, third = depth * 0.45, width / 3
    yield yard.walls(x, y + porch, [third, -porch, third, porch, third, depth - porch, -width]), "public", 2
    if yard.depth_m > 48:
        yield yard.box(x, yard.depth_m - 14, min(width * 0.4, 16), 7), "outbuilding", 1


def _school(yard: Yard, rng: Generator) -> Made:
    """A building like a U with its gym behind."""
    width, wing = min(yard.front_m * 0.62, 78.0), 15.0
    depth = min(yard.depth_m * 0.5, 52.0)
    x, y, inner = (yard.front_m - width) * 0.35, 14.0, depth - wing
    yield yard.walls(x, y, [width, depth, -wing, -inner, 2 * wing - width, inner, -wing]), "public", 3
    if yard.depth_m > depth + 48:
        yield yard.box(x + 4, y + depth + 14, min(width * 0.5, 32), 18), "public", 1


def _hospital(yard: Yard, rng: Generator) -> Made:
    step = max(40.0, min(62.0, yard.depth_m / 2.2))
    for row in range(int(yard.depth_m // step)):
        for column in range(int(yard.front_m // 72)):
            x, y = 10 + column * 72, 10 + row * step
            if (row + column) % 2 == 0:
                yield yard.walls(x, y, [52, 14, -19, 16, -14, -16, -19]), "public", 3
            else:
                yield yard.box(x + 4, y + 6, 34, 14), "public", 2


def _hall(yard: Yard, rng: Generator) -> Made:
    x = 10.0
    while x + 30 < yard.front_m - 8:
        width = float(rng.uniform(26, 58))
        y = 14.0
        while y + 30 < yard.depth_m - 8:
            depth = float(rng.uniform(30, 76))
            if x + width < yard.front_m - 8 and y + depth < yard.depth_m - 8 and rng.random() < 0.72:
                yield yard.box(x, y, width, depth), "industrial", 1
            y += depth + rng.uniform(12, 26)
        x += width + rng.uniform(12, 24)


def _barns(yard: Yard, rng: Generator) -> Made:
    count = int((yard.front_m - 12) // 27)
    for i in range(count):
        yield yard.box(10 + i * 27, 12, 13, min(72.0, yard.depth_m - 26)), "agricultural", 1


def _small(yard: Yard, rng: Generator) -> Made:
    width = min(16.0, yard.front_m * 0.5)
    yield (
        yard.box(
            (yard.front_m - width) / 2, min(8.0, yard.depth_m * 0.2), width, min(10.0, yard.depth_m * 0.3)
        ),
        "public",
        1,
    )


def _church(yard: Yard, rng: Generator) -> Made:
    """A cross."""
    arm, y = 4.2, min(12.0, yard.depth_m * 0.18)
    moves = [2 * arm, 8, 1.1 * arm, 8, -1.1 * arm, 7, -2 * arm, -7, -1.1 * arm, -8, 1.1 * arm]
    yield yard.walls(yard.front_m / 2 - arm, y, moves), "religious", 1


def _market(yard: Yard, rng: Generator) -> Made:
    for i in range(int((yard.depth_m - 16) // 13)):
        yield yard.box(8, 9 + i * 13, yard.front_m * 0.72, 6), "commercial", 1


def _solar(yard: Yard, rng: Generator) -> Made:
    yield yard.box(yard.front_m * 0.48, 10, 14, 8), "industrial", 1
    for row in range(int((yard.depth_m - 44) // 9)):
        for column in range(int((yard.front_m - 24) // 62)):
            yield yard.box(12 + column * 62, 28 + row * 9, 56, 4.2), "solar", 1


def _tanks(yard: Yard, rng: Generator) -> Made:
    for i in range(4):
        cx, cy = 24 + (i % 2) * 34, 30 + (i // 2) * 34
        ring = [(cx + 12 * np.cos(a), cy + 12 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 25)[:-1]]
        yield yard.shape(ring), "industrial", 1
    yield yard.box(12, 84, 24, 11), "industrial", 1


def _stadium(yard: Yard, rng: Generator) -> Made:
    yield yard.box(12, max(10.0, yard.depth_m / 2 - 30), 9, 60), "public", 1


BUILDERS: dict[str, Callable[[Yard, Generator], Made]] = {
    "house": _house, "dacha": _dacha, "centre": _centre, "apartments": _apartments, "public": _public,
    "school": _school, "hospital": _hospital, "hall": _hall, "barns": _barns, "small": _small,
    "church": _church, "market": _market, "solar": _solar, "tanks": _tanks, "stadium": _stadium,
}  # fmt: skip
