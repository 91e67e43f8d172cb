"""A condition of a rule as a MapLibre expression, as SQL, and as an ogc:Filter (OGC 09-026r2, as SLD 1.1 has it)."""

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

from psycopg2 import sql

from layers.schema import Field
from layers.styles.filters import Begins, Compare, Filter, Group, Missing, OneOf, kind_of

OGC = "http://www.opengis.net/ogc"
Column = Callable[[Field], sql.Composable]

_NAMES = {
    "=": "PropertyIsEqualTo", "<>": "PropertyIsNotEqualTo", "<": "PropertyIsLessThan",
    "<=": "PropertyIsLessThanOrEqualTo", ">": "PropertyIsGreaterThan", ">=": "PropertyIsGreaterThanOrEqualTo",
}  # fmt: skip


def maplibre_condition(condition: Filter) -> list[Any]:
    """A boolean expression of the MapLibre style specification that never fails, whatever the value's type."""
    if isinstance(condition, Group):
        return ["any" if condition.any_of else "all", *map(maplibre_condition, condition.parts)]
    value = ["get", condition.field]
    if isinstance(condition, Missing):
        return ["!=" if condition.negated else "==", ["to-string", value], ""]
    is_text = ["==", ["typeof", value], "string"]
    if isinstance(condition, Begins):
        start = ["slice", ["to-string", value], 0, len(condition.prefix)]
        if not condition.negated:
            return ["all", is_text, ["==", start, condition.prefix]]
        return ["all", is_text, ["!=", value, ""], ["!=", start, condition.prefix]]
    literal = condition.values[0] if isinstance(condition, OneOf) else condition.value
    kind = kind_of(literal)
    typed = [["==", ["typeof", value], kind], *([["!=", value, ""]] if kind == "string" else [])]
    if isinstance(condition, OneOf):
        among = ["in", value, ["literal", list(condition.values)]]
        return ["all", *typed, ["!", among]] if condition.negated else among
    if condition.op == "=":
        return ["==", value, literal]
    if condition.op == "<>":
        return ["all", *typed, ["!=", value, literal]]
    return ["all", *typed, [condition.op, [kind, value], literal]]


def sql_condition(condition: Filter, column: Column, fields: Mapping[str, Field]) -> sql.Composable:
    """SQL that is true where the condition holds, else false or NULL; `column` gives the typed value of a field.

    A field that is not in `fields` has no values.
    """
    if isinstance(condition, Group):
        word = sql.SQL(" OR " if condition.any_of else " AND ")
        return sql.SQL("({})").format(
            word.join(sql_condition(part, column, fields) for part in condition.parts)
        )
    field = fields.get(condition.field)
    if isinstance(condition, Missing):
        if field is None:
            return sql.Literal(not condition.negated)
        sign = sql.SQL("<>" if condition.negated else "=")
        return sql.SQL("coalesce({}::text, '') {} ''").format(column(field), sign)
    literals: tuple[Any, ...]
    if isinstance(condition, Begins):
        literals = (condition.prefix,)
    else:
        literals = condition.values if isinstance(condition, OneOf) else (condition.value,)
    if field is None or _KIND_OF_TYPE.get(field.type) != kind_of(literals[0]):
        return sql.SQL("FALSE")
    value = column(field)
    if kind_of(literals[0]) == "string":
        value = sql.SQL("(NULLIF({}::text, '') COLLATE \"C\")").format(value)
    return _sql_leaf(condition, value, literals)


def _sql_leaf(condition: Begins | OneOf | Compare, value: sql.Composable, literals: Any) -> sql.Composable:
    if isinstance(condition, Begins):
        sign = sql.SQL("<>" if condition.negated else "=")
        length, prefix = sql.Literal(len(condition.prefix)), sql.Literal(condition.prefix)
        return sql.SQL("left({}, {}) {} {}").format(value, length, sign, prefix)
    if isinstance(condition, OneOf):
        word = sql.SQL("NOT IN" if condition.negated else "IN")
        return sql.SQL("{} {} ({})").format(value, word, sql.SQL(", ").join(map(sql.Literal, literals)))
    return sql.SQL("{} {} {}").format(value, sql.SQL(condition.op), sql.Literal(condition.value))


_KIND_OF_TYPE = {
    "string": "string", "text": "string", "date": "string", "integer": "number", "number": "number",
    "boolean": "boolean",
}  # fmt: skip


def ogc_condition(condition: Filter) -> ElementTree.Element:
    """The element inside an ogc:Filter."""
    if isinstance(condition, Group):
        group = _ogc("Or" if condition.any_of else "And")
        group.extend(ogc_condition(part) for part in condition.parts)
        return group
    if isinstance(condition, Missing):
        absent = ogc_missing(condition.field)
        return ogc_not(absent) if condition.negated else absent
    if isinstance(condition, Begins):
        like = _ogc("PropertyIsLike", wildCard="%", singleChar="_", escapeChar="\\")
        like.extend([ogc_property(condition.field), ogc_literal(f"{condition.prefix}%")])
        return ogc_known(condition.field, ogc_not(like)) if condition.negated else like
    if isinstance(condition, OneOf):
        among = ogc_any([ogc_compare(condition.field, "=", item) for item in condition.values])
        return ogc_known(condition.field, ogc_not(among)) if condition.negated else among
    found = ogc_compare(condition.field, condition.op, condition.value)
    return ogc_known(condition.field, found) if condition.op == "<>" else found


def ogc_compare(field: str, op: str, value: Any) -> ElementTree.Element:
    made = _ogc(_NAMES[op])
    made.extend([ogc_property(field), ogc_literal(value)])
    return made


def ogc_missing(field: str) -> ElementTree.Element:
    """No value, or an empty text."""
    null = _ogc("PropertyIsNull")
    null.append(ogc_property(field))
    return ogc_any([null, ogc_compare(field, "=", "")])


def ogc_known(field: str, condition: ElementTree.Element) -> ElementTree.Element:
    return ogc_all([ogc_not(ogc_missing(field)), condition])


def ogc_not(part: ElementTree.Element) -> ElementTree.Element:
    made = _ogc("Not")
    made.append(part)
    return made


def ogc_any(parts: list[ElementTree.Element]) -> ElementTree.Element:
    return _ogc_group("Or", parts)


def ogc_all(parts: list[ElementTree.Element]) -> ElementTree.Element:
    return _ogc_group("And", parts)


def _ogc_group(name: str, parts: list[ElementTree.Element]) -> ElementTree.Element:
    if len(parts) == 1:
        return parts[0]
    group = _ogc(name)
    group.extend(parts)
    return group


def ogc_property(field: str) -> ElementTree.Element:
    made = _ogc("PropertyName")
    made.text = field
    return made


def ogc_literal(value: Any) -> ElementTree.Element:
    made = _ogc("Literal")
    made.text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return made


def _ogc(name: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.Element(f"{{{OGC}}}{name}", attributes)
