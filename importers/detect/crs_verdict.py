"""In which coordinate system a layer is: what it declares, checked against where its data would then lie.

The rules and their reasons are in docs/decisions/0005-coordinate-systems-are-checked.md.
"""

from dataclasses import dataclass, field

import numpy as np
from pyproj import CRS

from gis_core.geo.crs import Operation
from importers.detect.crs import Resolved, exact_operation
from importers.detect.crs_candidates import (
    DEGREES,
    Candidate,
    Reading,
    Surroundings,
    apart_m,
    crs_by_code,
    operation_by_code,
    tried,
)
from importers.detect.notes import Note

_ACCEPTED, _MARGIN = 0.9, 0.3
_IN_THE_COUNTRY = 0.9
_OPTIONS, _WITH_POINTS = 6, 3
_NEAR_M, _NAMED_NEAR = 5_000, 4
_UCS_DEGREES = "EPSG:5561"


@dataclass(frozen=True)
class CrsChoice:
    """A system the layer may be in. `score` is the share of the sample in the community's surroundings,
    `points` the sample as lon/lat, `lon` and `lat` its middle."""

    code: str
    name: str
    lon: float | None
    lat: float | None
    swapped: bool
    score: float
    points: list[list[float]]
    operation: str
    accuracy_m: float | None


@dataclass(frozen=True)
class CrsVerdict:
    """`crs` None means that a person must choose among `options`, the likeliest first. `score` None: there
    was nothing to measure."""

    crs: Resolved | None
    swapped: bool | None = None
    score: float | None = None
    options: list[CrsChoice] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def judge(
    xy: np.ndarray,
    *,
    declared: Resolved | None,
    surroundings: Surroundings,
    local_srid: int | None = None,
    swapped: bool | None = None,
) -> CrsVerdict:
    """The system of a layer, by up to 200 of its vertices (n × 2, in the order of the file). About 0.1 s."""
    exact = exact_operation(declared) if declared is not None else None
    if not len(xy):
        return CrsVerdict(declared if exact is not None else None, swapped)
    case = _Case(xy, declared, exact, surroundings, local_srid, swapped)
    return case.verdict()


def judge_axes(
    xy: np.ndarray, crs: Resolved, operation: Operation, surroundings: Surroundings
) -> bool | None:
    """Whether X and Y stand exchanged in a system that a person named; None: it cannot be told."""
    if not len(xy):
        return None
    readings = tried(xy, surroundings, declared=(crs.code, operation), only_declared=True)
    as_is = next(item.first for item in readings if not item.first.swapped)
    turned = next(item.first for item in readings if item.first.swapped)
    if max(as_is.score, turned.score) < _ACCEPTED or abs(as_is.score - turned.score) < _MARGIN:
        return None
    return turned.score > as_is.score


class _Case:
    """One layer before the judge."""

    def __init__(
        self,
        xy: np.ndarray,
        declared: Resolved | None,
        operation: Operation | None,
        surroundings: Surroundings,
        local_srid: int | None,
        swapped: bool | None,
    ) -> None:
        self.declared, self.operation, self.surroundings = declared, operation, surroundings
        said = (declared.code, operation) if declared is not None and operation is not None else None
        self.readings = tried(xy, surroundings, declared=said, local_srid=local_srid, swapped=swapped)
        self.own = next((item for item in self.readings if item.is_declared), None)

    def verdict(self) -> CrsVerdict:
        own, best = self.own, self._best()
        for said in (own, self._declared_turned()):
            if said is not None and said.first.score >= _ACCEPTED and not self._beaten(said):
                return self._accepted(said)
        if best is not None and (own is None or best is not own) and self.surroundings.known:
            return self._against_the_declaration(best)
        if own is None:
            return self._undeclared()
        return self._elsewhere(own)

    # --- rules ---

    def _best(self) -> Reading | None:
        """The reading that fits the surroundings, where one does."""
        fitting = [item for item in self.readings if item.first.score >= _ACCEPTED]
        fitting.sort(key=lambda item: (-round(item.first.inside, 1), item.first.rank))
        return fitting[0] if fitting else None

    def _declared_turned(self) -> Reading | None:
        """What the file says with X and Y exchanged, where as it stands it does not lie in Ukraine."""
        if self.own is not None and self.own.first.in_ukraine > 1 - _IN_THE_COUNTRY:
            return None
        return next((item for item in self.readings if item.is_declared_turned), None)

    def _beaten(self, own: Reading) -> bool:
        """Whether another reading fits the community clearly better than the declared one, which fits too."""
        return any(
            item is not own and item.first.inside >= own.first.inside + _MARGIN for item in self.readings
        )

    def _stands_out(self, best: Reading) -> bool:
        """No other reading comes near it, at least within the community's own boundary."""
        others = [item.first for item in self.readings if item is not best]
        return all(
            item.score <= best.first.score - _MARGIN
            or (best.first.inside >= _ACCEPTED and item.inside <= best.first.inside - _MARGIN)
            for item in others
        )

    def _against_the_declaration(self, best: Reading) -> CrsVerdict:
        """Another reading than the declared one (or none is declared) puts the data into the community."""
        own = self.own
        if not self._stands_out(best):
            return self._question()
        if own is not None and own.first.in_ukraine >= _IN_THE_COUNTRY and self._format_fixes_it():
            return self._question()  # the format has no other system: it may well be another community's
        return self._accepted(best)

    def _undeclared(self) -> CrsVerdict:
        """Nothing fits the community, so a person says; where it has no boundary to fit, a single reading that
        lies in Ukraine is taken."""
        possible = self._in_the_country()
        alone = len(possible) == 1 and not self.surroundings.known
        return self._accepted(possible[0]) if alone else self._question()

    def _elsewhere(self, own: Reading) -> CrsVerdict:
        """The declared reading misses the community, or there is none; no other reading fits it."""
        if own.first.in_ukraine >= _IN_THE_COUNTRY:
            return self._question() if self._comes_nearer(own) else self._accepted(own)
        possible = self._in_the_country()
        turned = [item for item in possible if item.first.kind == "declared"]
        if turned:  # declared, axes exchanged
            return self._accepted(turned[0])
        if self._on_earth(own) and (self._is_geographic() or not possible or self._format_fixes_it()):
            return self._accepted(own)
        return self._question()

    def _comes_nearer(self, own: Reading) -> bool:
        """Whether another reading puts clearly more of the data near the community, though not all."""
        if not self.surroundings.known or self._format_fixes_it():
            return False
        return any(item.first.score >= own.first.score + _MARGIN for item in self.readings if item is not own)

    def _in_the_country(self) -> list[Reading]:
        return [item for item in self.readings if item.first.in_ukraine >= _IN_THE_COUNTRY]

    def _on_earth(self, own: Reading) -> bool:
        lonlat = own.first.lonlat
        return float((np.abs(lonlat) <= (180.0, 90.0)).all(axis=1).mean()) >= _IN_THE_COUNTRY

    def _is_geographic(self) -> bool:
        return self.declared is not None and CRS.from_wkt(self.declared.wkt).is_geographic

    def _format_fixes_it(self) -> bool:
        return self.declared is not None and self.declared.how == "format"

    # --- answers ---

    def _accepted(self, reading: Reading) -> CrsVerdict:
        found = reading.first
        return CrsVerdict(
            self._resolved(found),
            found.swapped,
            self._score(found),
            self._options(reading),
            self._notes(reading),
        )

    def _question(self) -> CrsVerdict:
        options = self._options(None)
        return CrsVerdict(None, None, options[0].score if options else 0.0, options)

    def _score(self, found: Candidate) -> float | None:
        return round(found.score, 3) if self.surroundings.known else None

    def _resolved(self, found: Candidate) -> Resolved:
        if found.kind == "declared" and self.declared is not None:
            return self.declared
        crs = crs_by_code(found.code)
        return Resolved(found.code, crs.name, crs.to_wkt(), "detected")

    def _options(self, chosen: Reading | None) -> list[CrsChoice]:
        """The chosen reading, else the likeliest; the declared one is always among the first three."""
        own = self.own if self.own is not None and self._on_earth(self.own) else None
        order = sorted(
            (item for item in self.readings if item.first.in_ukraine >= 0.5 or item is own),
            key=lambda item: (item is not chosen, -round(item.first.score, 1), item.first.rank),
        )
        if own in order[_WITH_POINTS:]:
            order.remove(own)
            order.insert(_WITH_POINTS - 1, own)
        return [
            self._choice(item.first, with_points=place < _WITH_POINTS)
            for place, item in enumerate(order[:_OPTIONS])
            if item.first.lonlat.size and np.isfinite(item.first.lonlat).all(axis=1).any()
        ]

    def _choice(self, found: Candidate, *, with_points: bool) -> CrsChoice:
        crs = self._resolved(found)
        operation = self.operation if found.kind == "declared" else None
        if with_points and operation is None:
            operation = operation_by_code(found.code)
        lonlat = found.lonlat[np.isfinite(found.lonlat).all(axis=1)]
        lon, lat = (round(float(value), 6) for value in np.median(lonlat, axis=0))
        points = [[round(float(x), 5), round(float(y), 5)] for x, y in lonlat] if with_points else []
        return CrsChoice(
            crs.code, crs.name, lon, lat, found.swapped, round(found.score, 3), points,
            operation.name if operation else "", operation.accuracy_m if operation else None,
        )  # fmt: skip

    # --- notes ---

    def _notes(self, reading: Reading) -> list[Note]:
        found, own, notes = reading.first, self.own, []
        known = self.surroundings.known
        params = {"found": self._title(found), "found_share": _percent(found.score)}
        if found.kind != "declared" and self.declared is not None:
            share = _percent(own.first.score) if own is not None else 0
            notes.append(
                Note("crs-contradicted", {**params, "declared": self.declared.name, "declared_share": share})
            )
        elif found.kind != "declared" and known:
            notes.append(Note("crs-guessed", params))
        if found.swapped:
            notes.append(Note("crs-swapped"))
        if known and found.score < 0.5:
            lon, lat = (round(float(value), 3) for value in np.median(found.lonlat, axis=0))
            notes.append(
                Note(
                    "crs-elsewhere",
                    {
                        "declared": self._title(found),
                        "declared_share": _percent(found.score),
                        "lon": lon,
                        "lat": lat,
                    },
                )
            )
        near = self._near(reading)
        if near:
            notes.append(Note("crs-near-alternatives", {"alternatives": near}))
        return notes

    def _near(self, chosen: Reading) -> str:
        """Other readings that lie close by, with their distances, as one text."""
        found = [
            (apart_m(chosen.first, item.first), item.first.code)
            for item in self.readings
            if item is not chosen and item.first.score >= _ACCEPTED and item.first.code
        ]
        if chosen.first.code == DEGREES and chosen.first.kind != "declared" and not chosen.first.swapped:
            ucs = operation_by_code(_UCS_DEGREES)
            if ucs is not None:
                lon, lat = ucs.to_lonlat(chosen.first.lonlat[:, 0].copy(), chosen.first.lonlat[:, 1].copy())
                moved = Candidate(_UCS_DEGREES, "degrees", False, np.column_stack((lon, lat)), 0, 0, 0, 0)
                found.append((apart_m(chosen.first, moved), _UCS_DEGREES))
        near = sorted(item for item in found if item[0] < _NEAR_M)[:_NAMED_NEAR]
        return ", ".join(f"{code} {crs_by_code(code).name} ({metres:.0f} m)" for metres, code in near)

    def _title(self, found: Candidate) -> str:
        crs = self._resolved(found)
        return f"{crs.code} {crs.name}".strip()


def _percent(share: float) -> int:
    return round(100 * share)
