"""Rings out of lines that are shared between neighbours, as the cadastral exchange file keeps boundaries."""

from collections.abc import Iterable, Mapping, Sequence

import shapely

Point = tuple[float, float]


class OpenBoundary(ValueError):
    """Lines that do not close to a ring, or are not there."""


def chain(lines: Iterable[Sequence[str]]) -> list[list[str]]:
    """Closed rings (points by their ids, first repeated at the end) of lines in any order and direction.

    Raises OpenBoundary.
    """
    left = [list(line) for line in lines if len(line) > 1]
    if not left:
        raise OpenBoundary
    at: dict[str, list[int]] = {}
    for number, line in enumerate(left):
        for end in {line[0], line[-1]}:
            at.setdefault(end, []).append(number)
    used = [False] * len(left)
    rings = []
    for number, line in enumerate(left):
        if not used[number]:
            used[number] = True
            rings.append(_closed(line, left, at, used))
    return rings


def _closed(ring: list[str], lines: list[list[str]], at: dict[str, list[int]], used: list[bool]) -> list[str]:
    while ring[0] != ring[-1]:
        candidates = at.get(ring[-1], [])
        following = next((number for number in candidates if not used[number]), None)
        if following is None:
            raise OpenBoundary
        used[following] = True
        line = lines[following]
        ring.extend(line[1:] if line[0] == ring[-1] else line[-2::-1])
    if len(ring) < 4:
        raise OpenBoundary
    return ring


def polygon(
    shells: Iterable[list[str]], holes: Iterable[list[str]], points: Mapping[str, Point]
) -> shapely.Geometry:
    """A polygon, or several, each with the holes that lie in it. Raises OpenBoundary where a point is missing."""
    outer = [shapely.Polygon(_coordinates(ring, points)) for ring in shells]
    inner: list[list[list[Point]]] = [[] for _ in outer]
    for ring in holes:
        hole = _coordinates(ring, points)
        middle = shapely.Point(hole[0])
        place = next((number for number, shell in enumerate(outer) if shell.intersects(middle)), 0)
        inner[place].append(hole)
    whole = [
        shapely.Polygon(shell.exterior.coords, own) if own else shell
        for shell, own in zip(outer, inner, strict=True)
    ]
    return whole[0] if len(whole) == 1 else shapely.MultiPolygon(whole)


def _coordinates(ring: list[str], points: Mapping[str, Point]) -> list[Point]:
    try:
        return [points[number] for number in ring]
    except KeyError as error:
        raise OpenBoundary from error
