"""Conditions of a rule: a small part of CQL2-JSON (OGC 21-065r2), read once and kept in a form without “not”.

    {"op": "and", "args": [
        {"op": "=", "args": [{"property": "category"}, "100"]},
        {"op": ">=", "args": [{"property": "area_ha"}, 2]},
        {"op": "like", "args": [{"property": "purpose_code"}, "02.%"]}]}

Known are `and`, `or`, `not`, `=`, `<>`, `<`, `<=`, `>`, `>=`, `in`, `between`, `isNull`, and `like` with one `%` at
the end. As in CQL2 and SQL, a comparison with a missing value is neither true nor false, and neither is its `not`:
`not` is therefore carried to the comparisons when a condition is read, after which “not known” and “false” may be
one. Empty text is a missing value, and values of another type than the one compared with are too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

Literal = str | int | float | bool
Value = Literal | None

ORDER = ("<", "<=", ">", ">=")
COMPARISONS = ("=", "<>", *ORDER)
OPERATORS = ("and", "or", "not", *COMPARISONS, "in", "between", "isNull", "like")
MAX_DEPTH = 6
MAX_CONDITIONS = 60

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


@dataclass(frozen=True)
class Compare:
    """The field's value is of the literal's type and stands in this relation (`COMPARISONS`) to it."""

    field: str
    op: str
    value: Literal


@dataclass(frozen=True)
class OneOf:
    """The value is one of these, all text or all numbers; with `negated` there is a value and it is none of them."""

    field: str
    values: tuple[Literal, ...]
    negated: bool = False


@dataclass(frozen=True)
class Missing:
    """There is no value, or an empty text; with `negated` there is one."""

    field: str
    negated: bool = False


@dataclass(frozen=True)
class Begins:
    """The value is text that begins so; with `negated` it is text and does not."""

    field: str
    prefix: str
    negated: bool = False


@dataclass(frozen=True)
class Group:
    """All of the parts hold, or with `any_of` at least one."""

    parts: tuple["Filter", ...]
    any_of: bool = False


Filter = Compare | OneOf | Missing | Begins | Group


def fields_of(condition: Filter) -> set[str]:
    """Keys of the fields that the condition looks at."""
    if isinstance(condition, Group):
        return set().union(*(fields_of(part) for part in condition.parts))
    return {condition.field}


def holds(condition: Filter, properties: Mapping[str, Value]) -> bool:
    """Whether the condition is true for a feature."""
    if isinstance(condition, Group):
        found = (holds(part, properties) for part in condition.parts)
        return any(found) if condition.any_of else all(found)
    value = properties.get(condition.field)
    missing = value is None or value == ""
    if isinstance(condition, Missing):
        return missing != condition.negated
    if missing:
        return False
    if isinstance(condition, Begins):
        return isinstance(value, str) and value.startswith(condition.prefix) != condition.negated
    if isinstance(condition, OneOf):
        same = _same_kind(value, condition.values[0])
        return same and (value in condition.values) != condition.negated
    return _same_kind(value, condition.value) and _compare(condition.op, value, condition.value)


def _same_kind(value: Value, literal: Literal) -> bool:
    return kind_of(value) == kind_of(literal)


def kind_of(value: Value) -> str:
    """“boolean”, “number” or “string”, as MapLibre calls the types of values."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"


def _compare(op: str, value: Any, literal: Any) -> bool:
    if op in ("=", "<>"):
        return (value == literal) == (op == "=")
    if op in ("<", "<="):
        return bool(value < literal or (op == "<=" and value == literal))
    return bool(value > literal or (op == ">=" and value == literal))


def in_words(condition: Filter) -> str:
    """The condition as people read it, with the keys of the fields: for a rule without a title."""
    if isinstance(condition, Group):
        between = _(" or ") if condition.any_of else _(" and ")
        parts = [in_words(it) if not isinstance(it, Group) else f"({in_words(it)})" for it in condition.parts]
        return between.join(parts)
    if isinstance(condition, Missing):
        return (_("%s is filled in") if condition.negated else _("%s is not filled in")) % condition.field
    if isinstance(condition, Begins):
        words = (
            _("%(field)s does not begin with %(text)s")
            if condition.negated
            else _("%(field)s begins with %(text)s")
        )
        return words % {"field": condition.field, "text": condition.prefix}
    if isinstance(condition, OneOf):
        sign = "≠" if condition.negated else "="
        return f"{condition.field} {sign} {', '.join(map(_written, condition.values))}"
    sign = {"<>": "≠", "<=": "≤", ">=": "≥"}.get(condition.op, condition.op)
    return f"{condition.field} {sign} {_written(condition.value)}"


def _written(value: Literal) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value:g}" if isinstance(value, float) else str(value)


class FilterReader:
    """Reads one condition; `problem(place, reason)` is told of all that is wrong, `field(key, place)` of fields."""

    def __init__(
        self,
        problem: Callable[[str, str], None],
        field: Callable[[Any, str], None],
        types: Mapping[str, str] | None = None,
    ) -> None:
        self.problem = problem
        self.field = field
        self.types = types or {}
        self.conditions = 0

    def read(self, value: Any, place: str, *, negated: bool = False, depth: int = 1) -> Filter | None:
        """None where it is wrong."""
        if not isinstance(value, Mapping):
            self.problem(place, _("A condition like {“op”: “=”, “args”: […]} was expected."))
            return None
        for key in sorted({str(key) for key in value} - {"op", "args"}):
            self.problem(f"{place}.{key}", _("Unknown key. Known here: %s.") % "args, op")
        op, args = value.get("op"), value.get("args")
        if not isinstance(op, str) or op not in OPERATORS:
            self.problem(f"{place}.op", _("One of these was expected: %s.") % ", ".join(OPERATORS))
            return None
        if not isinstance(args, list) or not args:
            self.problem(f"{place}.args", _("A list was expected."))
            return None
        if op in ("and", "or", "not"):
            return self.group(op, args, place, negated, depth)
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            if self.conditions == MAX_CONDITIONS + 1:
                self.problem(place, _("At most %d entries are allowed.") % MAX_CONDITIONS)
            return None
        return self.leaf(op, args, place, negated)

    def group(self, op: str, args: list[Any], place: str, negated: bool, depth: int) -> Filter | None:
        if depth > MAX_DEPTH:
            self.problem(place, _("Conditions may hold each other at most %d deep.") % MAX_DEPTH)
            return None
        if op == "not" and len(args) != 1:
            self.problem(f"{place}.args", _("“%(op)s” takes %(count)d arguments.") % {"op": op, "count": 1})
            return None
        inner = negated != (op == "not")
        parts = [
            self.read(item, f"{place}.args[{n}]", negated=inner, depth=depth + 1)
            for n, item in enumerate(args[:MAX_CONDITIONS])
        ]
        found = tuple(part for part in parts if part is not None)
        if len(found) < len(args):
            if len(args) > MAX_CONDITIONS:
                self.problem(f"{place}.args", _("At most %d entries are allowed.") % MAX_CONDITIONS)
            return None
        return found[0] if len(found) == 1 else Group(found, any_of=(op == "or") != negated)

    def leaf(self, op: str, args: list[Any], place: str, negated: bool) -> Filter | None:
        wanted = {"isNull": 1, "between": 3}.get(op, 2)
        if len(args) != wanted:
            words = _("“%(op)s” takes %(count)d arguments.") % {"op": op, "count": wanted}
            self.problem(f"{place}.args", words)
            return None
        key = self.property(args[0], f"{place}.args[0]")
        if op == "isNull":
            return Missing(key, negated) if key else None
        if op == "in":
            return self.one_of(key, args[1], f"{place}.args[1]", negated)
        values = [self.literal(key, item, f"{place}.args[{n}]") for n, item in enumerate(args[1:], 1)]
        if key is None or any(value is None for value in values):
            return None
        if op == "like":
            return self.begins(key, values[0], f"{place}.args[1]", negated)
        if op == "between":
            low, high = (">=", "<=") if not negated else ("<", ">")
            parts = (
                self.compare(key, low, values[0], place),
                self.compare(key, high, values[1], place),
            )
            known = tuple(part for part in parts if part is not None)
            return Group(known, any_of=negated) if len(known) == 2 else None
        return self.compare(key, _OPPOSITE[op] if negated else op, values[0], place)

    def compare(self, key: str, op: str, value: Any, place: str) -> Filter | None:
        if isinstance(value, bool):
            if op not in ("=", "<>"):
                self.problem(f"{place}.op", _("Yes and no have no order: “=” or “<>” was expected."))
                return None
            return Compare(key, "=", value == (op == "="))
        return Compare(key, op, value)

    def one_of(self, key: str | None, value: Any, place: str, negated: bool) -> Filter | None:
        if not isinstance(value, list) or not 1 <= len(value) <= 500:
            self.problem(place, _("A list of 1 to %d values was expected.") % 500)
            return None
        values = [self.literal(key, item, f"{place}[{n}]") for n, item in enumerate(value)]
        known = tuple(item for item in values if item is not None)
        if key is None or len(known) < len(values):
            return None
        if len({kind_of(item) for item in known}) > 1:
            self.problem(place, _("All values must be of one type."))
            return None
        return OneOf(key, known, negated)

    def begins(self, key: str, value: Any, place: str, negated: bool) -> Filter | None:
        text = value[:-1] if isinstance(value, str) and value.endswith("%") else ""
        if not text or any(letter in "%_\\" or ord(letter) > 0xFFFF for letter in text):
            self.problem(
                place, _("The beginning of a text and a percent sign were expected, like %s.") % "“02.%”"
            )
            return None
        return Begins(key, text, negated)

    def property(self, value: Any, place: str) -> str | None:
        if not isinstance(value, Mapping) or set(value) != {"property"}:
            self.problem(place, _("A field like {“property”: “key”} was expected."))
            return None
        key = value["property"]
        self.field(key, f"{place}.property")
        return key if isinstance(key, str) and key else None

    def literal(self, key: str | None, value: Any, place: str) -> Literal | None:
        sound = isinstance(value, str | bool | int | float) and value != "" and value == value
        if not sound or (kind_of(value) == "number" and abs(value) > 1e15) or len(str(value)) > 500:
            self.problem(
                place, _("Text, a number, true or false was expected; “isNull” asks for missing values.")
            )
            return None
        wanted = _KINDS.get(self.types.get(key or "", ""), kind_of(value))
        if wanted != kind_of(value):
            told = {"string": _("text"), "number": _("a number"), "boolean": _("true or false")}.get(wanted)
            reason = (
                _("The field holds %s.") % told
                if told
                else _("A field of time can only be asked by “isNull”.")
            )
            self.problem(place, reason)
            return None
        literal: Literal = value
        return literal


_KINDS = {
    "string": "string", "text": "string", "date": "string", "integer": "number", "number": "number",
    "boolean": "boolean", "datetime": "",
}  # fmt: skip
