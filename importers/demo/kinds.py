"""What each kind of plot means in the Ukrainian classifiers; the rows are in `kinds.csv`.

Purpose codes: КВЦПЗ (CMU 821 of 28.07.2021, annex to order 1051). Categories: the nine of the Land Code.
Zones: functional zone codes of the planning database (order of Minregion 56 of 22.02.2022).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

PRIVATE, COMMUNAL, STATE, UNKNOWN = "100", "200", "300", "0"


@dataclass(frozen=True)
class Kind:
    """Classifier values of a plot. `built`: which buildings stand on it (see `buildings`), "" for none."""

    purpose: str
    category: str
    ownership: str
    zone: str
    built: str
    uah_per_m2: float
    use_text: str


def _read() -> dict[str, Kind]:
    with (Path(__file__).parent / "kinds.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["kind"]: Kind(
            row["purpose"], row["category"], row["ownership"], row["zone"], row["built"],
            float(row["uah_per_m2"]), row["use_text"],
        )
        for row in rows
    }  # fmt: skip


KINDS = _read()
