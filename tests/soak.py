"""Tests that do more under `make soak` than there is time for with every change: marked `soak`, they ask `amount`."""

import os
from typing import TypeVar

T = TypeVar("T")

SOAKING = bool(os.environ.get("HROMADA_SOAK"))


def amount(usual: T, soaking: T) -> T:
    """`soaking` under `make soak`, else `usual`."""
    return soaking if SOAKING else usual
