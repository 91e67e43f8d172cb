"""Columns of a batch become one JSON object a row, without a Python loop over the rows.

Values are taken to the type that the layer asks for; what does not fit is left empty and reported.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from importers.detect.encoding import text_of
from importers.fields import FieldInfo
from importers.report import CHANGED, NULLED, IssueLog

TYPES = ("string", "text", "integer", "number", "boolean", "date", "datetime")
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}]"
_NEEDS_CARE = bytes(
    (*range(0x20), 0x22, 0x5C, 0x7F, 0xC2)
)  # JSON's own, and the first byte of U+0080 to U+009F
_NUMBER = r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?$"
_SPACES = r"[\s\x{a0}\x{2009}\x{202f}']"
_YES = pa.array(["true", "t", "yes", "y", "1", "так", "т", "є", "да", "истина", "+"])
_NO = pa.array(["false", "f", "no", "n", "0", "ні", "н", "немає", "нет", "ложь", "-"])
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%Y", "%Y%m%d", "%d-%m-%Y", "%d.%m.%y")
_DATETIMES = ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S")
_LARGEST_WHOLE = 2.0**53


class Rows:
    """Where a column's values stand in the source, and where its issues go."""

    def __init__(self, numbers: np.ndarray, issues: IssueLog, *, max_text: int) -> None:
        self.numbers, self.issues, self.max_text = numbers, issues, max_text

    def refuse(self, column: pa.Array, bad: pa.Array, field: FieldInfo, rule: str, **params: object) -> None:
        """Report the values of `column` where `bad` is true."""
        for place in np.flatnonzero(bad.fill_null(False).to_numpy(zero_copy_only=False)):
            value = "" if column is None else column[int(place)].as_py()
            self.issues.add(int(self.numbers[place]), rule, NULLED, field=field.name, value=value, **params)


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
    return _to_text(convert(column, field, rows), field, rows)


def convert(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    """The column in the Arrow type of `field.type`; values that do not fit become null and are reported."""
    return _CONVERTERS[field.type](_plain(column, field, rows), field, rows)


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


def _to_text(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.StringArray:
    if pa.types.is_temporal(column.type):
        return _iso(column)
    if not pa.types.is_string(column.type):
        return _finite(column, field, rows).cast(pa.string())
    column = _clean(column, field, rows)
    if (pc.max(pc.binary_length(column)).as_py() or 0) > rows.max_text:
        lengths = pc.utf8_length(column)
        long = pc.greater(lengths, rows.max_text)
        longest = pc.max(lengths).as_py()
        rows.refuse(column, long, field, "text-too-long", found=longest, allowed=rows.max_text)
        column = pc.if_else(long, None, column)
    return column


def _clean(column: pa.StringArray, field: FieldInfo, rows: Rows) -> pa.StringArray:
    """Text without control characters and outer spaces; empty text is no value."""
    if _careful(column):
        cleaned = pc.replace_substring_regex(column, _CONTROL, "")
        changed = pc.sum(pc.not_equal(pc.binary_length(cleaned), pc.binary_length(column))).as_py()
        if changed:
            rows.issues.add_once("control-characters", CHANGED, field=field.name, count=changed)
        column = pc.replace_substring(pc.replace_substring(cleaned, "\r\n", "\n"), "\r", "\n")
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(pc.binary_length(column), 0), None, column)


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
        text = pc.replace_substring_regex(_clean(column, field, rows), _SPACES, "")
        good = pc.match_substring_regex(text, _NUMBER)
        rows.refuse(column, pc.invert(good), field, "value-not-a-number")
        column = pc.replace_substring(pc.if_else(good, text, None), ",", ".").cast(pa.float64())
    elif pa.types.is_boolean(column.type):
        return column.cast(pa.int64())
    elif pa.types.is_temporal(column.type):
        return _none(column, field, rows, "value-not-a-number")
    return _finite(column, field, rows)


def _to_integer(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_string(column.type):
        text = pc.replace_substring_regex(_clean(column, field, rows), _SPACES, "")
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
    text = pc.utf8_lower(_to_text(column, field, rows))
    yes, no = pc.is_in(text, value_set=_YES), pc.is_in(text, value_set=_NO)
    bad = pc.and_(pc.invert(pc.or_(yes, no)), pc.is_valid(text))
    rows.refuse(column, bad, field, "value-not-boolean")
    return pc.if_else(pc.or_(yes, no), yes, None)


def _to_date(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_date(column.type):
        return column.cast(pa.date32())
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.date32(), safe=False)
    return _parsed(column, field, rows, _a_date).cast(pa.date32())


def _to_datetime(column: pa.Array, field: FieldInfo, rows: Rows) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return column
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("s"))
    return _parsed(column, field, rows, _a_datetime)


def _parsed(column: pa.Array, field: FieldInfo, rows: Rows, parse: Callable[[str], object]) -> pa.Array:
    """Dates and times out of text, one by one: formats are too many for a vector."""
    values = [None if text is None else parse(text) for text in _to_text(column, field, rows).to_pylist()]
    parsed = pa.array(values, pa.date32() if parse is _a_date else pa.string())
    bad = pc.and_(pc.is_null(parsed), pc.is_valid(_to_text(column, field, rows)))
    rows.refuse(column, bad, field, "value-not-a-date")
    return parsed


def _a_date(text: str) -> date | None:
    found = next((moment for form in _DATES if (moment := _strptime(text[:10], form))), None)
    return found.date() if found else None


def _a_datetime(text: str) -> str | None:
    """ISO text; a time without zone is Kyiv's."""
    try:
        found: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        found = next((moment for form in (*_DATETIMES, *_DATES) if (moment := _strptime(text, form))), None)
    if found is None or abs(found.utcoffset() or timedelta()) >= timedelta(hours=16):
        return None  # PostgreSQL reads no such offset, and one value would break every query of the field
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo("Europe/Kyiv"))).isoformat()


def _strptime(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


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
