"""What is asked of values beside their type: codes, lists of allowed values, patterns, ranges, letters, areas.

Runs in the sandbox, on Arrow columns. A value that breaks a rule is kept and reported with its row: nothing is
lost; what only was written in another way is brought to form and counted.
"""

import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from importers.codes import CODES, is_tax_number
from importers.detect.encoding import text_of
from importers.domains import Domain
from importers.fields import FieldInfo, FieldRule
from importers.letters import MIXED, comparable, without_lookalikes
from importers.personal import HIDDEN, tax_numbers_in
from importers.report import CHANGED, KEPT

_FORM_RULES = {
    "cad_num": "cadastral-number-form", "katottg": "katottg-form", "koatuu": "koatuu-form",
    "purpose_code": "purpose-code-form", "edrpou": "edrpou-form",
}  # fmt: skip
# Classes of bytes: L a Latin letter, C the first byte of a Cyrillic one, k any byte after a first, 9 a digit.
_CLASSES = bytes(
    0x4C if chr(byte).isascii() and chr(byte).isalpha()
    else 0x39 if 0x30 <= byte <= 0x39
    else 0x43 if 0xD0 <= byte <= 0xD3
    else 0x6B if 0x80 <= byte <= 0xBF
    else 0x20
    for byte in range(256)
)  # fmt: skip
_TEN_DIGITS, _LETTER = r"(^|[^\d])[1-4]\d{9}($|[^\d:])", r"\p{L}"
_TOLERANCE, _TOLERANCE_HA = 0.01, 0.01
_SEMI_MAJOR_M, _E = 6378137.0, 0.0818191908426215  # WGS 84


class Reported(Protocol):
    """Where issues go: `importers.columns.Rows`."""

    def tell(
        self, column: pa.Array, bad: pa.Array, field: FieldInfo, rule: str, done: str, **params: object
    ) -> None: ...

    def tell_one(
        self, place: int, value: object, field: FieldInfo, rule: str, done: str, **params: object
    ) -> None: ...

    def count(self, rule: str, done: str, field: FieldInfo, count: int, **example: object) -> None: ...


# --- before the type ---


def brought_to_form(column: pa.StringArray, field: FieldInfo, rows: Reported) -> pa.StringArray:
    """Clean text with codes in their form and allowed values for the words that mean them."""
    rule = field.rule
    if rule is None:
        return column
    if rule.domain:
        return _allowed(column, field, rule, rows)
    if rule.normaliser in CODES:
        return _normalised(column, field, rule, rows)
    return column


def _normalised(column: pa.StringArray, field: FieldInfo, rule: FieldRule, rows: Reported) -> pa.StringArray:
    code = CODES[rule.normaliser]
    good = pc.match_substring_regex(column, f"^(?:{code.form})$")
    if not pc.all(good.fill_null(True)).as_py():
        column, bad = _replaced(column, pc.invert(good), code.normalised, "code-normalised", field, rows)
        _tell_form(column, bad, field, rule, rows)
    if rule.prefix:
        fits = pc.starts_with(column, rule.prefix)
        other = pc.and_(pc.invert(fits), pc.match_substring_regex(column, f"^(?:{code.form})$"))
        rows.tell(column, other, field, "other-hromada", KEPT)
    if rule.normaliser == "cad_num":
        odd = pc.match_substring_regex(column, r"^\d{8}(\d[1-9]|[1-9]\d):")
        found = pc.sum(odd).as_py() or 0
        rows.count("cadastral-number-koatuu", KEPT, field, found, value=_first(column, odd))
    return column


def _tell_form(
    column: pa.StringArray, bad: pa.BooleanArray, field: FieldInfo, rule: FieldRule, rows: Reported
) -> None:
    if rule.normaliser == "edrpou":  # a sole trader has a tax number where a legal entity has its code
        places = np.flatnonzero(_mask(bad))
        persons = np.zeros(len(column), bool)
        persons[[place for place in places if is_tax_number(column[int(place)].as_py())]] = True
        hidden = pa.array([HIDDEN if person else None for person in persons], pa.string())
        rows.tell(hidden, pa.array(persons), field, "personal-in-text", KEPT)
        bad = pc.and_(bad, pc.invert(pa.array(persons)))
    rows.tell(column, bad, field, _FORM_RULES[rule.normaliser], KEPT)


def _allowed(column: pa.StringArray, field: FieldInfo, rule: FieldRule, rows: Reported) -> pa.StringArray:
    """Values of the domain for its titles and synonyms; what means none stays and is reported."""
    domain = Domain.of(rule.domain)
    exact = pc.is_in(column, value_set=pa.array([str(value) for value, _ in rule.domain], pa.string()))
    unknown = pc.and_(pc.invert(exact), pc.is_valid(column))
    if not pc.any(unknown).as_py():
        return column

    def value_of(text: str) -> str | None:
        found = domain.value_of(comparable(text))
        return None if found is None else str(found)

    column, bad = _replaced(column, unknown, value_of, "value-recognised", field, rows)
    allowed = ", ".join(str(value) for value, _ in rule.domain[:10])
    rows.tell(column, bad, field, "value-not-in-domain", KEPT, allowed=allowed)
    return column


def _replaced(
    column: pa.StringArray, wanted: pa.BooleanArray, change: Callable[[str], str | None], rule: str,
    field: FieldInfo, rows: Reported,
) -> tuple[pa.StringArray, pa.BooleanArray]:  # fmt: skip
    """The column with `wanted` values changed (counted by `rule`), and where `change` knew none."""
    wanted = wanted.fill_null(False)
    encoded = column.filter(wanted).dictionary_encode()
    before = encoded.dictionary.to_pylist()
    after = [change(text) for text in before]
    known = pa.array([text is not None for text in after], pa.bool_()).take(encoded.indices)
    values = pa.array(
        [new if new is not None else old for old, new in zip(before, after, strict=True)], pa.string()
    )
    changed = pc.replace_with_mask(column, wanted, values.take(encoded.indices))
    if example := next(((old, new) for old, new in zip(before, after, strict=True) if new is not None), None):
        rows.count(rule, CHANGED, field, pc.sum(known).as_py(), value=example[0], after=example[1])
    bad = np.zeros(len(column), bool)
    bad[np.flatnonzero(_mask(wanted))] = ~_mask(known)
    return changed, pa.array(bad)


# --- letters and persons in text ---


def looked_through(column: pa.StringArray, field: FieldInfo, rows: Reported) -> pa.StringArray:
    """Text after a look for Latin letters in Cyrillic words and for tax numbers, both reported by row.

    The whole column is looked at as bytes first, which takes about a nanosecond a byte.
    """
    rule = field.rule
    if rule is not None and (rule.domain or rule.normaliser):
        return column
    classes = text_of(column).translate(_CLASSES, b"'")
    if b"LC" in classes or b"kL" in classes:
        column = _without_lookalikes(column, field, rows)
    if b"9999999999" in classes:
        _tell_tax_numbers(column, field, rows)
    return column


def _without_lookalikes(column: pa.StringArray, field: FieldInfo, rows: Reported) -> pa.StringArray:
    mixed = pc.match_substring_regex(column, MIXED).fill_null(False)
    places = np.flatnonzero(_mask(mixed))
    fix = field.rule is not None and field.rule.fix_lookalikes
    corrected: dict[int, str] = {}
    for place in map(int, places):
        text = column[place].as_py()
        right = without_lookalikes(text)
        if right != text:
            corrected[place] = right
    for place, right in corrected.items():
        value = column[place].as_py()
        rows.tell_one(
            place, value, field, "lookalike-letters", CHANGED if fix else KEPT, corrected=right[:100]
        )
    if not fix or not corrected:
        return column
    mask = np.zeros(len(column), bool)
    mask[list(corrected)] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array(list(corrected.values()), pa.string()))


def _tell_tax_numbers(column: pa.StringArray, field: FieldInfo, rows: Reported) -> None:
    suspect = np.flatnonzero(_mask(pc.match_substring_regex(column, _TEN_DIGITS).fill_null(False)))
    among_text = pc.match_substring_regex(column.take(pa.array(suspect)), _LETTER)
    suspect = suspect[_mask(among_text)]
    found = np.array([bool(tax_numbers_in(column[int(place)].as_py())) for place in suspect], bool)
    mask = np.zeros(len(column), bool)
    mask[suspect[found]] = True
    if mask.any():
        rows.tell(pa.array([HIDDEN] * len(column)), pa.array(mask), field, "personal-in-text", KEPT)


# --- after the type ---


def checked(column: pa.Array, field: FieldInfo, rows: Reported) -> pa.Array:
    """Numbers in the stored unit, and everything that breaks the field's rules reported."""
    rule = field.rule
    if rule is None:
        return column
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if numeric and rule.scale != 1.0:
        column = _scaled(column, field, rule, rows)
    if numeric and rule.min is not None:
        rows.tell(column, pc.less(column, rule.min), field, "value-too-small", KEPT, allowed=rule.min)
    if numeric and rule.max is not None:
        rows.tell(column, pc.greater(column, rule.max), field, "value-too-large", KEPT, allowed=rule.max)
    if rule.pattern and pa.types.is_string(column.type):
        rows.tell(column, _unlike(column, rule.pattern), field, "value-not-of-form", KEPT)
    if rule.required and column.null_count:
        rows.tell(pa.nulls(len(column), pa.string()), pc.is_null(column), field, "value-required", KEPT)
    return column


def _scaled(column: pa.Array, field: FieldInfo, rule: FieldRule, rows: Reported) -> pa.Array:
    whole = pa.types.is_integer(column.type) and field.type == "integer"
    numbers = pc.round(pc.multiply(column.cast(pa.float64()), rule.scale), ndigits=9)
    filled = len(column) - column.null_count
    rows.count("unit-converted", CHANGED, field, filled, unit=rule.unit, factor=rule.scale)
    return pc.round(numbers).cast(pa.int64()) if whole else numbers


def _unlike(column: pa.StringArray, pattern: str) -> pa.BooleanArray:
    try:
        return pc.invert(pc.match_substring_regex(column, rf"\A(?:{pattern})\z"))
    except pa.ArrowInvalid:  # RE2 has no look-around; then one by one
        compiled = re.compile(pattern)
        texts = column.to_pylist()
        return pa.array(
            [None if text is None else not compiled.fullmatch(text) for text in texts], pa.bool_()
        )


def check_areas(geom: pa.Array, documented: pa.Array, field: FieldInfo, rows: Reported) -> None:
    """Report rows whose documented area differs from that of the geometry by more than max(1 %, 0.01 ha).

    `geom` is EWKB in EPSG:4326.
    """
    if field.rule is None or field.rule.area_ha is None or not len(geom):
        return
    said = documented.cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False) * field.rule.area_ha
    measured = areas_m2(shapely.from_wkb(geom.to_numpy(zero_copy_only=False))) / 10_000
    off = (said > 0) & (measured > 0)
    off &= np.abs(said - measured) > np.maximum(_TOLERANCE * measured, _TOLERANCE_HA)
    for place in np.flatnonzero(off):
        told: dict[str, Any] = {
            "documented_ha": round(float(said[place]), 4), "measured_ha": round(float(measured[place]), 4),
        }  # fmt: skip
        rows.tell_one(int(place), documented[int(place)].as_py(), field, "area-differs", KEPT, **told)


def areas_m2(geoms: np.ndarray) -> np.ndarray:
    """Areas in square metres on the ellipsoid WGS 84 of geometries in lon/lat; 0 for points and lines.

    Measured in the cylindrical equal-area projection of the ellipsoid (Snyder, Map Projections, 10-1 and 3-12):
    exact but for edges, which it draws straight: below one part in a million for edges up to 10 km.
    """

    def projected(xy: np.ndarray) -> np.ndarray:
        sine = np.sin(np.radians(xy[:, 1]))
        along = sine / (1 - (_E * sine) ** 2) + np.arctanh(_E * sine) / _E
        return np.column_stack(
            (_SEMI_MAJOR_M * np.radians(xy[:, 0]), _SEMI_MAJOR_M * (1 - _E**2) / 2 * along)
        )

    measured: np.ndarray = shapely.area(shapely.transform(geoms, projected))
    return measured


def _mask(found: pa.BooleanArray) -> np.ndarray:
    mask: np.ndarray = found.fill_null(False).to_numpy(zero_copy_only=False)
    return mask


def _first(column: pa.Array, mask: pa.BooleanArray) -> str:
    places = np.flatnonzero(_mask(mask))
    return str(column[int(places[0])].as_py()) if len(places) else ""
