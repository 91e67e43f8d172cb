"""Breaks of a graduated style from values: by equal counts, equal widths, or the natural breaks of Fisher and Jenks.

Pure functions on a sample that somebody else has read.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

MOST_POINTS = 1500
"""Distinct values that natural breaks are looked for in; more are first put together with their neighbours."""


def breaks_of(values: Sequence[float], method: str, classes: int) -> list[float]:
    """At most `classes` - 1 rising breaks, rounded to as few digits as tell them apart; [] for values of one kind.

    `method` is quantile, equal or jenks. Class n holds breaks[n-1] <= value < breaks[n].
    """
    ordered = np.sort(np.asarray([value for value in values if math.isfinite(value)], dtype=float))
    if classes < 2 or ordered.size == 0 or ordered[0] == ordered[-1]:
        return []
    if method == "equal":
        found = np.linspace(ordered[0], ordered[-1], classes + 1)[1:-1]
    elif method == "quantile":
        found = np.quantile(ordered, np.arange(1, classes) / classes)
    else:
        found = np.asarray(_natural_breaks(ordered, classes))
    return _rounded(found, float(ordered[0]), float(ordered[-1]))


def _natural_breaks(ordered: np.ndarray, classes: int) -> list[float]:
    """The partition with the least sum of squared deviations from the means of its classes.

    W. D. Fisher, On grouping for maximum homogeneity, JASA 53 (1958); G. F. Jenks, The data model concept in
    statistical mapping (1967). Exact for up to MOST_POINTS distinct values: classes * n^2 steps, in rows of numpy.
    """
    points, weights = np.unique(ordered, return_counts=True)
    if points.size > MOST_POINTS:
        points, weights = _merged(ordered)
    size = points.size
    classes = min(classes, size)
    weight = np.concatenate([[0.0], np.cumsum(weights)])
    centred = points - points.mean()  # the sums of squares below lose fewer digits
    total = np.concatenate([[0.0], np.cumsum(weights * centred)])
    square = np.concatenate([[0.0], np.cumsum(weights * centred**2)])
    # best[j]: least deviation of the first j points in the classes so far; cut[k][j]: where the last one begins
    best = square[1:] - total[1:] ** 2 / weight[1:]
    best = np.concatenate([[0.0], best])
    cuts = []
    for count in range(2, classes + 1):
        row, cut = np.full(size + 1, np.inf), np.zeros(size + 1, dtype=int)
        for end in range(count, size + 1):
            start = np.arange(count - 1, end)
            of_last = (
                square[end] - square[start] - (total[end] - total[start]) ** 2 / (weight[end] - weight[start])
            )
            costs = best[start] + of_last
            least = int(np.argmin(costs))
            row[end], cut[end] = costs[least], start[least]
        best = row
        cuts.append(cut)
    starts, end = [], size
    for cut in reversed(cuts):
        end = int(cut[end])
        starts.append(end)
    # Between the last value of a class and the first of the next: rounding then has room.
    return [float(points[at - 1] + points[at]) / 2 for at in reversed(starts)]


def _merged(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours put together into MOST_POINTS means, half of them by count and half by width of the range."""
    by_count = np.quantile(ordered, np.linspace(0, 1, MOST_POINTS // 2))
    by_width = np.linspace(ordered[0], ordered[-1], MOST_POINTS // 2)
    edges = np.unique(np.concatenate([by_count, by_width]))
    place = np.searchsorted(edges, ordered, side="right")
    _cells, first, counts = np.unique(place, return_index=True, return_counts=True)
    return np.add.reduceat(ordered, first) / counts, counts


def _rounded(found: np.ndarray, low: float, high: float) -> list[float]:
    """Breaks with as few digits as keep each within a fiftieth of the narrowest class, and all apart."""
    breaks = [float(value) for value in np.unique(found) if low < value <= high]
    if not breaks:
        return []
    edges = [low, *breaks, high]
    room = min((b - a for a, b in pairwise(edges) if b > a), default=1.0) / 50
    digits = max(0, -math.floor(math.log10(room))) if room < 1 else -math.floor(math.log10(room))
    rounded = sorted({float(round(value, min(digits, 12))) for value in breaks})
    return [value for value in rounded if low < value <= high] or breaks
