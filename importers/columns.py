"""Columns of a batch become one JSON object a row, without a Python loop over the rows.

Values are taken to the type that the layer asks for; what does not fit is left empty and reported.
"""

from collections.abc import Callable

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from importers import rules
from importers.detect.columns import NO, NULL_WORDS, YES
from importers.detect.encoding import text_of
from importers.fields import FieldInfo
from importers.moments import GUESSED, a_date, a_datetime
from importers.report import CHANGED, NULLED, IssueLog
from importers.units import number_in_text

TYPES = ("string", "text", "integer", "number", "boolean", "date", "datetime")
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}]"
# JSON's own; the first bytes of U+0080 to U+009F and of the combining marks U+0300 to U+036F.
_NEEDS_CARE = bytes((*range(0x20), 0x22, 0x5C, 0x7F, 0xC2, 0xCC, 0xCD))
_NUMBER = r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?$"
_SPACES = r"[\s\x{a0}\x{2009}\x{202f}']"
_YES, _NO, _NOTHING = pa.array(YES), pa.array(NO), pa.array(NULL_WORDS)
_LONGEST_NOTHING = max(len(word.encode()) for word in NULL_WORDS)
_LARGEST_WHOLE = 2.0**53


class Rows:
    """Where a column's values stand in the source, and where its issues go."""

    def __init__(self, numbers: np.ndarray, issues: IssueLog, *, max_text: int) -> None:
        self.numbers, self.issues, self.max_text = numbers, issues, max_text
        self.converted: dict[str, pa.Array] = {}

    def refuse(self, column: pa.Array, bad: pa.Array, field: FieldInfo, rule: str, **params: object) -> None:
        """Report the values of `column` where `bad` is true; they are left empty."""
        self.tell(column, bad, field, rule, NULLED, **params)

    def tell(
        self, column: pa.Array, bad: pa.Array, field: FieldInfo, rule: str, done: str, **params: object
    ) -> None:
        """Report the values of `column` where `bad` is true, and what was done with them."""
        for place in np.flatnonzero(bad.fill_null(False).to_numpy(zero_copy_only=False)):
            self.tell_one(int(place), column[int(place)].as_py(), field, rule, done, **params)

    def tell_one(
        self, place: int, value: object, field: FieldInfo, rule: str, done: str, **params: object
    ) -> None:
        text = "" if value is None else value
        self.issues.add(int(self.numbers[place]), rule, done, field=field.name, value=text, **params)

    def count(self, rule: str, done: str, field: FieldInfo, count: int, **example: object) -> None:
        """Note what happened to `count` values of a field, with one of them as an example."""
        self.issues.add_sum(rule, done, field=field.name, count=count, **example)


def to_json(columns: list[pa.Array], fields: list[FieldInfo], rows: Rows) -> pa.StringArray:
    """One JSON object a row with the fields' keys; empty values are left out of it."""
    pieces = [
        _piece(convert(column, field, rows), field.key) for column, field in zip(columns, fields, strict=True)
    ]
    if not pieces:
        return pa.array(["{}"] * len(rows.numbers), pa.string())
    # Arrow loses rows in which everything to be joined is null, so something that is not stands before it.
    before = pa.array([""] * len(rows.numbers), pa.string())
    joined = pc.binary_join_element_wise(before, *pieces, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", pc.utf8_ltrim(joined, ","), "}", "")


def to_keys(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.StringArray:
    """The column as external keys: text, null where empty."""
    converted = convert(column, field, rows)
    if pa.types.is_temporal(converted.type):
        return _iso(converted)
    return converted.cast(pa.string())


def convert(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    """The column in the Arrow type of `field.type`; values that do not fit become null and are reported.

    A field's column is converted once and remembered in `rows.converted` by its key.
    """
    if field.key in rows.converted:
        return rows.converted[field.key]
    plain = _plain(column, field, rows)
    if field.rule is not None and (field.rule.domain or field.rule.normaliser):
        plain = rules.brought_to_form(_as_text(plain, field, rows), field, rows)
    converted = rules.checked(_CONVERTERS[field.type](plain, field, rows), field, rows)
    rows.converted[field.key] = converted
    return converted


def _piece(column: pa.Array, key: str) -> pa.StringArray:
    quoted = pa.types.is_string(column.type) or pa.types.is_temporal(column.type)
    head = orjson.dumps(key).decode() + (':"' if quoted else ":")
    text = _iso(column) if pa.types.is_temporal(column.type) else column
    text = _escaped(text) if pa.types.is_string(column.type) else text.cast(pa.string())
    return pc.binary_join_element_wise(head, text, '"' if quoted else "", "")


def _iso(column: pa.Array) -> pa.StringArray:
    if pa.types.is_timestamp(column.type):
        text = pc.strftime(column, "%Y-%m-%dT%H:%M:%S%z" if column.type.tz else "%Y-%m-%dT%H:%M:%S")
        return pc.replace_substring_regex(text, r"\.0+($|[Z+-])", r"\1")
    return column.cast(pa.string())


def _escaped(column: pa.StringArray) -> pa.StringArray:
    if not _careful(column):
        return column
    for raw, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        column = pc.replace_substring(column, raw, written)
    return column


def _careful(column: pa.StringArray) -> bool:
    """Whether any byte of the column has a meaning in JSON or may begin a control character."""
    text = text_of(column)
    return len(text.translate(None, _NEEDS_CARE)) != len(text)


# --- to one of our types ---


def _plain(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    """The column without nesting: lists and objects as JSON text, bytes dropped, wide strings narrowed."""
    kind = column.type
    if pa.types.is_nested(kind):
        rows.issues.add_once("nested-value", CHANGED, field=field.name)
        values = column.to_pylist()
        return pa.array(
            [None if value is None else orjson.dumps(value).decode() for value in values], pa.string()
        )
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        rows.issues.add_once("field-dropped", NULLED, field=field.name)
        return pa.nulls(len(column), pa.string())
    if pa.types.is_large_string(kind) or pa.types.is_time(kind) or pa.types.is_null(kind):
        return column.cast(pa.string())
    return column


def _as_text(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.StringArray:
    """Clean text; whole numbers of a fractional column without their .0, as codes and lists are written."""
    if pa.types.is_temporal(column.type):
        return _iso(column)
    if pa.types.is_string(column.type):
        return _clean(column, field, rows)
    text = _finite(column, field, rows).cast(pa.string())
    return pc.replace_substring_regex(text, r"\.0+$", "") if pa.types.is_floating(column.type) else text


def _to_text(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.StringArray:
    if pa.types.is_temporal(column.type):
        return _iso(column)
    if not pa.types.is_string(column.type):
        return _finite(column, field, rows).cast(pa.string())
    column = rules.looked_through(_clean(column, field, rows), field, rows)
    if (pc.max(pc.binary_length(column)).as_py() or 0) > rows.max_text:
        lengths = pc.utf8_length(column)
        long = pc.greater(lengths, rows.max_text)
        longest = pc.max(lengths).as_py()
        rows.refuse(column, long, field, "text-too-long", found=longest, allowed=rows.max_text)
        column = pc.if_else(long, None, column)
    return column


def _clean(column: pa.StringArray, field: FieldInfo, rows: Rows) -> pa.StringArray:
    """Text in NFC without control characters and outer spaces; empty text is no value, nor is “null” or “-”."""
    if _careful(column):
        cleaned = pc.replace_substring_regex(column, _CONTROL, "")
        changed = pc.sum(pc.not_equal(pc.binary_length(cleaned), pc.binary_length(column))).as_py()
        if changed:
            rows.issues.add_once("control-characters", CHANGED, field=field.name, count=changed)
        column = pc.replace_substring(pc.replace_substring(cleaned, "\r\n", "\n"), "\r", "\n")
        column = pc.utf8_normalize(column, form="NFC")
    column = _valued(pc.utf8_trim_whitespace(column))
    shortest = pc.min(pc.binary_length(column)).as_py()
    if shortest is None or shortest > _LONGEST_NOTHING:
        return column
    nothing = pc.is_in(column, value_set=_NOTHING)
    if not pc.any(nothing).as_py():
        return column
    told = column.filter(nothing)
    rows.count("word-for-nothing", NULLED, field, len(told), value=told[0].as_py())
    return pc.if_else(nothing, None, column)


def _valued(column: pa.StringArray) -> pa.StringArray:
    empty = pc.equal(pc.binary_length(column), 0)
    return pc.if_else(empty, None, column) if pc.any(empty).as_py() else column


def _finite(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_decimal(column.type):
        return column.cast(pa.float64())
    if not pa.types.is_floating(column.type):
        return column
    finite = pc.is_finite(column).fill_null(True)
    if pc.all(finite).as_py():
        return column
    rows.refuse(column, pc.invert(finite), field, "value-not-finite")
    return pc.if_else(finite, column, None)


def _to_number(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_string(column.type):
        clean = _clean(column, field, rows)
        text = pc.replace_substring_regex(clean, _SPACES, "")
        good = pc.match_substring_regex(text, _NUMBER)
        column = pc.replace_substring(pc.if_else(good, text, None), ",", ".").cast(pa.float64())
        if not pc.all(good.fill_null(True)).as_py():
            column = _with_units(column, clean, pc.invert(good).fill_null(False), field, rows)
    elif pa.types.is_boolean(column.type):
        return column.cast(pa.int64())
    elif pa.types.is_temporal(column.type):
        return _none(column, field, rows, "value-not-a-number")
    return _finite(column, field, rows)


def _with_units(
    numbers: pa.DoubleArray, text: pa.StringArray, odd: pa.BooleanArray, field: FieldInfo, rows: Rows
) -> pa.DoubleArray:
    """Numbers of values such as “12,5 га” or “1.234,56” put in; what holds no number is refused."""
    unit = field.rule.unit if field.rule else ""
    scale = field.rule.scale if field.rule else 1.0
    encoded = text.filter(odd).dictionary_encode()
    known = [number_in_text(value, unit, scale) for value in encoded.dictionary.to_pylist()]
    found = pa.array(known, pa.float64()).take(encoded.indices)
    filled = pc.replace_with_mask(numbers, odd, found)
    rows.refuse(text, pc.and_(odd, pc.is_null(filled)), field, "value-not-a-number")
    read = len(found) - found.null_count
    example = next(
        (v for v, n in zip(encoded.dictionary.to_pylist(), known, strict=True) if n is not None), ""
    )
    rows.count("unit-in-value", CHANGED, field, read, value=example)
    return filled


def _to_integer(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_string(column.type):
        column = _clean(column, field, rows)
        text = pc.replace_substring_regex(column, _SPACES, "")
        whole = pc.match_substring_regex(text, r"^[+-]?\d{1,18}$")
        if pc.all(whole.fill_null(True)).as_py():
            return pc.replace_substring(text, "+", "").cast(pa.int64())
    numbers = _to_number(column, field, rows)
    if pa.types.is_integer(numbers.type):
        return numbers
    whole = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), _LARGEST_WHOLE))
    rows.refuse(numbers, pc.invert(whole), field, "value-not-whole")
    return pc.if_else(whole, numbers, None).cast(pa.int64())


def _to_boolean(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_boolean(column.type):
        return column
    if pa.types.is_string(column.type):
        plain = _valued(pc.utf8_trim_whitespace(column))
        unsure = pc.invert(
            pc.is_in(pc.utf8_lower(plain), value_set=_NO)
        )  # “-” is no here, and no word for nothing
        clean = _clean(plain.filter(unsure.fill_null(True)), field, rows)
        plain = pc.replace_with_mask(plain, unsure.fill_null(True), clean)
    else:
        plain = _as_text(column, field, rows)
    text = pc.utf8_lower(plain)
    yes, no = pc.is_in(text, value_set=_YES), pc.is_in(text, value_set=_NO)
    bad = pc.and_(pc.invert(pc.or_(yes, no)), pc.is_valid(text))
    rows.refuse(column, bad, field, "value-not-boolean")
    return pc.if_else(pc.or_(yes, no), yes, None)


def _to_date(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_date(column.type):
        return column.cast(pa.date32())
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.date32(), safe=False)
    return _parsed(column, field, rows, a_date, pa.date32())


def _to_datetime(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return column
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("s"))
    return _parsed(column, field, rows, a_datetime, pa.string())


def _parsed(
    column: pa.Array, field: FieldInfo, rows: Rows, parse: Callable[[str], object], kind: pa.DataType
) -> pa.Array:
    """Dates and times out of text, each different one once: formats are too many for a vector."""
    text = _as_text(column, field, rows)
    encoded = text.dictionary_encode()
    values = [parse(value) for value in encoded.dictionary.to_pylist()]
    parsed = pa.array(values, kind).take(encoded.indices)
    rows.refuse(text, pc.and_(pc.is_null(parsed), pc.is_valid(text)), field, "value-not-a-date")
    guessed = text.filter(pc.and_(pc.match_substring_regex(text, GUESSED), pc.is_valid(parsed)))
    if len(guessed):
        rows.count("date-guessed", CHANGED, field, len(guessed), value=guessed[0].as_py())
    return parsed


def _none(column: pa.Array, field: FieldInfo, rows: Rows, rule: str) -> pa.Array:
    rows.refuse(column, pc.is_valid(column), field, rule)
    return pa.nulls(len(column), pa.float64())


_CONVERTERS: dict[str, Callable[[pa.Array, FieldInfo, Rows], pa.Array]] = {
    "string": _to_text,
    "text": _to_text,
    "integer": _to_integer,
    "number": _to_number,
    "boolean": _to_boolean,
    "date": _to_date,
    "datetime": _to_datetime,
}
