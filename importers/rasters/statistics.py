"""Statistics of a band gathered while its blocks go by: exact moments, percentiles from an even sample."""

import math
from typing import Any

import numpy as np

_SAMPLE = 2_000_000
_PERCENTILES = (2, 5, 25, 50, 75, 95, 98)
_BINS = 256


class BandGatherer:
    """Takes valid values block by block; memory for two million of them."""

    def __init__(self, pixels: int) -> None:
        """`pixels` is how many the band has at most; it decides how thin the sample is."""
        self._step = max(1, math.ceil(pixels / _SAMPLE))
        self._skip = 0
        self._count, self._mean, self._squares = 0, 0.0, 0.0
        self._low, self._high = math.inf, -math.inf
        self._kept: list[np.ndarray] = []

    def add(self, values: np.ndarray) -> None:
        """`values` is one-dimensional and holds valid values alone."""
        values = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if not len(values):
            return
        numbers = values.astype(np.float64)
        count, mean = len(numbers), float(numbers.mean())
        squares = float(((numbers - mean) ** 2).sum())
        # Chan, Golub, LeVeque 1979: two parts joined without losing digits.
        total, apart = self._count + count, mean - self._mean
        self._squares += squares + apart * apart * self._count * count / total
        self._mean += apart * count / total
        self._count = total
        self._low, self._high = min(self._low, float(numbers.min())), max(self._high, float(numbers.max()))
        self._kept.append(values[self._skip :: self._step].copy())
        self._skip = (self._skip - count) % self._step

    def account(self) -> dict[str, Any]:
        """As `protocol.BandStatistics`."""
        if not self._count:
            nothing = dict.fromkeys(("min", "max", "mean", "std", "histogram"))
            return {"count": 0, "sampled": 0, "percentiles": {}, **nothing}
        sample = self._sample()
        found = np.percentile(sample, _PERCENTILES)
        counts, edges = np.histogram(sample, bins=_BINS)
        return {
            "count": self._count, "min": self._low, "max": self._high, "mean": self._mean,
            "std": math.sqrt(self._squares / self._count), "sampled": len(sample),
            "percentiles": {str(share): float(value) for share, value in zip(_PERCENTILES, found, strict=True)},
            "histogram": {"min": float(edges[0]), "max": float(edges[-1]), "counts": counts.tolist()},
        }  # fmt: skip

    @property
    def has_few_values(self) -> bool:
        """Whether the values look like classes, not like measurements."""
        return len(np.unique(self._sample())) <= 32 if self._kept else False

    def _sample(self) -> np.ndarray:
        self._kept = [np.concatenate(self._kept)]
        return self._kept[0].astype(np.float64)
