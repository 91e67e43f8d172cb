"""Encodings and coordinate systems of hundreds of labelled variants are decided right, and never wrongly unasked.

Asked counts as right only where the variant is truly ambiguous, by its data and not by what was decided: another
encoding reads nearly all values the same (letters that two code pages share), two encodings are mixed, or another
system than the true one puts the data into the community too, by a score that fits (0.9) within the margin (0.3).
"""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from pyproj import CRS

from gis_core.geo import zones
from gis_core.geo.crs import operation_between
from importers.detect import crs_verdict, verdict
from importers.detect.crs_candidates import Surroundings, tried
from importers.detect.crs_verdict import CrsChoice, CrsVerdict
from importers.sandbox import inspect_file
from tests.importers import labelled
from tests.importers.corpus import shapefile_parts, zipped_shapefile
from tests.importers.data import needs_real_data
from tests.importers.labelled import CrsVariant, TextVariant

RIGHT, ASKED_FIRST, ASKED_AMONG, ASKED_WITHOUT, WRONG = (
    "right alone", "asked, truth first", "asked, truth among three", "asked without the truth", "WRONG unasked",
)  # fmt: skip
OUTCOMES = (RIGHT, ASKED_FIRST, ASKED_AMONG, ASKED_WITHOUT, WRONG)
DECIDED, WRONG_UNASKED = 0.99, 0.002


class Judged(NamedTuple):
    """How a variant was declared, what became of it, and whether it is truly ambiguous."""

    label: str
    outcome: str
    ambiguous: bool


@needs_real_data
def test_encodings_of_real_files_are_decided_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variants = labelled.text_variants(tmp_path, labelled.real_texts())
    _assert_decided(_texts_judged(variants), "encodings", capsys, least=250)


@needs_real_data
def test_coordinate_systems_of_real_files_are_decided_right(capsys: pytest.CaptureFixture[str]) -> None:
    table = _systems_judged(labelled.crs_variants(labelled.real_places()))
    _assert_decided(table, "coordinate systems", capsys, least=500)


def test_encodings_of_generated_files_are_decided_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variants = labelled.text_variants(tmp_path, labelled.generated_texts())
    _assert_decided(_texts_judged(variants), "encodings, generated", capsys, least=60)


def test_coordinate_systems_of_generated_files_are_decided_right(capsys: pytest.CaptureFixture[str]) -> None:
    table = _systems_judged(labelled.crs_variants(labelled.generated_places()))
    _assert_decided(table, "coordinate systems, generated", capsys, least=100)


def test_a_sample_of_variants_lands_in_its_place_through_the_sandbox(tmp_path: Path) -> None:
    places, texts = labelled.generated_places(), labelled.generated_texts()["twenty streets"]
    systems = [item for item in labelled.crs_variants(places[:1]) if item.label != ".prj wrong"]
    plain = {reading.code for reading in systems if reading.code.startswith(("EPSG:556", "EPSG:326"))}
    sample = [item for item in systems if item.label == ".prj right" or item.code not in plain][::2][:20]
    for number, item in enumerate(sample):
        codec = labelled.ENCODINGS[number % len(labelled.ENCODINGS)]
        path = _shapefile(tmp_path / f"{number}.zip", item, [text.encode(codec, "replace") for text in texts])
        [layer] = inspect_file(
            path, work=tmp_path / str(number), area=item.place.area, local_srid=item.place.local_srid
        ).layers
        assert layer.encoding, (codec, layer.encoding_options)
        assert _read_all(texts, codec, layer.encoding) == _read_all(texts, codec, codec), codec
        assert layer.crs is not None, (item.code, item.label, layer.crs_options)
        assert layer.swap_xy is item.swapped, item
        west, south = item.place.lonlat[:20].min(axis=0)
        chosen = layer.crs_options[0]
        assert chosen.lon == pytest.approx(np.median(item.place.lonlat[:20, 0]), abs=0.02)
        assert west - 0.01 < chosen.points[0][0]
        assert south - 0.01 < chosen.points[0][1]


def _read_all(texts: list[str], codec: str, by: str) -> list[str]:
    return [text.encode(codec, "replace").decode(by, "replace") for text in texts]


def _shapefile(path: Path, item: CrsVariant, values: list[bytes]) -> Path:
    """Twenty small squares with a text each, as the variant has them."""
    side = 0.0001 if "4326" in item.code else 10.0
    rings = [
        [(x, y), (x, y + side), (x + side, y + side), (x + side, y), (x, y)]
        for x, y in item.xy[: len(values)]
    ]
    prj = labelled.prj(item.code) if item.declared is not None else ""
    parts = shapefile_parts(rings, values, prj=prj)
    if not prj:
        parts.pop(".prj", None)
    return zipped_shapefile(path, parts)


# --- judging ---


def _texts_judged(variants: Iterable[TextVariant]) -> Counter[Judged]:
    table: Counter[Judged] = Counter()
    for item in variants:
        found = verdict.judge(item.values, item.declared)
        outcome = _text_outcome(item, found)
        table[Judged(item.label, outcome, outcome != RIGHT and _reads_alike(item))] += 1
    return table


def _read(item: TextVariant, codec: str) -> list[str]:
    return [value.decode(codec, "replace") for value in item.values]


def _text_outcome(item: TextVariant, found: verdict.Verdict) -> str:
    truth = _read(item, item.encoding)
    if found.encoding:
        return RIGHT if _read(item, found.encoding) == truth else WRONG
    return _asked([_read(item, option.encoding) == truth for option in found.candidates[:3]])


def _asked(options: list[bool]) -> str:
    if not any(options):
        return ASKED_WITHOUT
    return ASKED_FIRST if options[0] else ASKED_AMONG


def _reads_alike(item: TextVariant) -> bool:
    """Another encoding reads 98 % of the values as they are, though not all; or there are two in the file, which
    nobody may decide alone."""
    if item.label == labelled.TWO:
        return True
    truth = _read(item, item.encoding)
    others = (_read(item, codec) for codec in labelled.ENCODINGS if codec != item.encoding)
    shares = [np.mean([a == b for a, b in zip(other, truth, strict=True)]) for other in others]
    return any(0.98 <= share < 1 for share in shares)


def _systems_judged(variants: Iterable[CrsVariant]) -> Counter[Judged]:
    table: Counter[Judged] = Counter()
    for item in variants:
        surroundings = Surroundings.of(item.place.area)
        found = crs_verdict.judge(
            item.xy, declared=item.declared, surroundings=surroundings, local_srid=item.place.local_srid
        )
        outcome = _crs_outcome(item, found)
        rivals = _rivals(item, surroundings) if outcome != RIGHT else ()
        label = f"{item.label}, as near: {' and '.join(rivals)}" if rivals else item.label
        table[Judged(label, outcome, bool(rivals))] += 1
    return table


def _crs_outcome(item: CrsVariant, found: CrsVerdict) -> str:
    if found.crs is not None:
        operation = operation_between(CRS.from_wkt(found.crs.wkt))
        assert operation is not None
        xy = item.xy[:, ::-1] if found.swapped else item.xy
        lon, lat = operation.to_lonlat(xy[:, 0].copy(), xy[:, 1].copy())
        return RIGHT if _same_place(np.column_stack((lon, lat)), item.place.lonlat) else WRONG
    return _asked([_is_truth(option, item) for option in found.options[:3]])


def _is_truth(option: CrsChoice, item: CrsVariant) -> bool:
    return len(option.points) == len(item.xy) and _same_place(np.array(option.points), item.place.lonlat)


def _same_place(found: np.ndarray, truth: np.ndarray) -> bool:
    """Within 2 m."""
    metres = np.abs(found - truth) * (73_000, 111_000)
    return bool(metres.max() < 2)


def _rivals(item: CrsVariant, surroundings: Surroundings) -> tuple[str, ...]:
    """The kinds of the true system and of those that put the data elsewhere, and into the community as well."""
    exact = item.declared and operation_between(CRS.from_wkt(item.declared.wkt))
    said = (item.declared.code, exact) if item.declared and exact else None
    readings = tried(item.xy, surroundings, declared=said, local_srid=item.place.local_srid)
    truth = next(reading for reading in readings if _same_place(reading.first.lonlat, item.place.lonlat))
    others = [reading.first for reading in readings if reading is not truth]
    least = max(0.9, truth.first.score - 0.3)
    rivals = {_kind(other.code, other.kind) for other in others if other.score > least}
    return (_kind(item.code, ""), *sorted(rivals)) if rivals and truth.first.score >= 0.9 else ()


def _kind(code: str, kind: str) -> str:
    zone = zones.BY_CODE.get(code)
    return zone.kind if zone else kind or code


def _assert_decided(
    table: Counter[Judged], title: str, capsys: pytest.CaptureFixture[str], *, least: int
) -> None:
    total = table.total()
    counts = {name: sum(n for judged, n in table.items() if judged.outcome == name) for name in OUTCOMES}
    rightly_asked = sum(
        n for judged, n in table.items() if judged.ambiguous and judged.outcome in (ASKED_FIRST, ASKED_AMONG)
    )
    lines = [f"\n{title}: {total} variants"]
    lines += [f"  {name:28} {count:5} {count / total:8.2%}" for name, count in counts.items()]
    lines.append(f"  {'of the asked, ambiguous':28} {rightly_asked:5} {rightly_asked / total:8.2%}")
    for label in sorted({judged.label for judged in table}):
        parts = Counter[str]()
        for judged, n in table.items():
            parts[judged.outcome] += n if judged.label == label else 0
        lines.append(f"    {label:48} " + ", ".join(f"{name} {n}" for name, n in parts.items() if n))
    with capsys.disabled():
        sys.stdout.write("\n".join(lines) + "\n")
    assert total >= least
    assert (counts[RIGHT] + rightly_asked) / total >= DECIDED
    assert counts[WRONG] / total <= WRONG_UNASKED
