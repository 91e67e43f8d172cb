"""Conditions of a rule as lines of a form (field, relation, value), and back; what has no such form stays JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from layers.schema import Field

LINES = 3
SEPARATOR = ";"
RELATIONS: tuple[tuple[str, str | Promise], ...] = (
    ("=", "="), ("<>", "≠"), (">", ">"), (">=", "≥"), ("<", "<"), ("<=", "≤"),
    ("in", _("is one of")), ("like", _("begins with")), ("isNull", _("is not filled in")),
    ("notNull", _("is filled in")),
)  # fmt: skip
_YES = frozenset({"true", "yes", "так", "1"})


@dataclass(frozen=True)
class Line:
    """One comparison as the form shows it."""

    field: str = ""
    relation: str = "="
    value: str = ""


def lines_of(condition: Any) -> tuple[str, list[Line]] | None:
    """“and” or “or”, and the lines; None for a condition that the form cannot show."""
    if not isinstance(condition, Mapping):
        return "and", []
    join, parts = "and", [condition]
    if condition.get("op") in ("and", "or") and isinstance(condition.get("args"), list):
        join, parts = str(condition["op"]), condition["args"]
    lines = [_line(part) for part in parts]
    known = [line for line in lines if line is not None]
    return (join, known) if len(known) == len(lines) <= LINES else None


def _line(part: Any) -> Line | None:
    try:
        op, args = part["op"], part["args"]
        if op == "not":
            inner = _line(args[0])
            return Line(inner.field, "notNull") if inner and inner.relation == "isNull" else None
        field = args[0]["property"]
        if op == "isNull":
            return Line(field, "isNull")
        if op == "in":
            texts = [_written(item) for item in args[1]]
            return (
                None
                if any(SEPARATOR in text for text in texts)
                else Line(field, op, f"{SEPARATOR} ".join(texts))
            )
        if op == "like":
            return Line(field, op, str(args[1]).removesuffix("%"))
        return Line(field, op, _written(args[1])) if op in dict(RELATIONS) and len(args) == 2 else None
    except (KeyError, IndexError, TypeError):
        return None


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def condition_of(join: str, lines: Sequence[Line], fields: Mapping[str, Field]) -> dict[str, Any]:
    """CQL2-JSON of the lines that name a field; of none, what is never read as a condition."""
    parts = [_part(line, fields.get(line.field)) for line in lines if line.field]
    if len(parts) == 1:
        return parts[0]
    return {"op": "or" if join == "or" else "and", "args": parts}


def _part(line: Line, field: Field | None) -> dict[str, Any]:
    subject = {"property": line.field}
    if line.relation in ("isNull", "notNull"):
        absent = {"op": "isNull", "args": [subject]}
        return absent if line.relation == "isNull" else {"op": "not", "args": [absent]}
    if line.relation == "in":
        values = [typed(field, item.strip()) for item in line.value.split(SEPARATOR) if item.strip()]
        return {"op": "in", "args": [subject, values]}
    if line.relation == "like":
        return {"op": "like", "args": [subject, f"{line.value.strip()}%"]}
    return {"op": line.relation, "args": [subject, typed(field, line.value.strip())]}


def typed(field: Field | None, text: str) -> Any:
    """What was typed as a value of the field; the text itself where it is none, for the check to tell."""
    kind = field.type if field else "string"
    if kind == "boolean":
        return text.lower() in _YES if text else text
    if kind in ("integer", "number"):
        number = number_of(text)
        return text if number is None else number
    return text


def number_of(text: str) -> int | float | None:
    """A number with a comma or a point and spaces between digits; None for anything else."""
    plain = "".join(text.split()).replace("\u2212", "-").replace(",", ".")
    try:
        number = float(plain)
    except ValueError:
        return None
    if number != number or abs(number) == float("inf"):
        return None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def as_text(condition: Any) -> str:
    return json.dumps(condition, ensure_ascii=False)
