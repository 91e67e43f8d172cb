"""A layer's schema: which fields its features have, and whether given properties fit them.

Keys are stable and safe in SQL, URLs and tiles; titles are for people and free to change. Values
are flat scalars, because nested ones silently vanish from vector tiles.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from gis_core import limits
from gis_core.errors import HromadaError

Scalar = str | int | float | bool | None

KEY_PATTERN = re.compile(r"^[a-z][a-z0-9_]{0,58}$")
RESERVED_KEYS = frozenset(
    {
        "id",
        "geom",
        "geom_3857",
        "drawn_from",
        "properties",
        "version",
        "updated_at",
        "external_key",
        "layer_id",
        "changeset_id",
        "revision",
    }
)
SQL_TYPES = {
    "string": "text", "text": "text", "integer": "bigint", "number": "double precision",
    "boolean": "boolean", "date": "date", "datetime": "timestamptz",
}  # fmt: skip
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATETIME = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-](0\d|1[0-5]):?\d{2})?)?", re.ASCII
)
ACCESS_LEVELS = ("public", "registered", "staff", "restricted")


class BadSchema(HromadaError):
    code = "bad-schema"
    message = "%(reason)s"


class BadProperties(HromadaError):
    """The values do not fit the schema; `params["issues"]` lists every one, not only the first."""

    code = "bad-properties"
    status = 422
    message = "%(summary)s"


@dataclass(frozen=True)
class Issue:
    """What is wrong with one value: field key, the value, a stable rule name and a full sentence."""

    field: str
    value: Any
    rule: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"field": self.field, "value": self.value, "rule": self.rule, "message": self.message}


@dataclass(frozen=True)
class Field:
    """One field: stable `key`, titles by language, `type` (a key of SQL_TYPES) and its rules.

    `domain` is the list of allowed values with titles; `unit` is shown beside the value; `access`
    is the least level of reader who sees the field.
    """

    key: str
    title: Mapping[str, str] = field(default_factory=dict)
    type: str = "string"
    unit: str = ""
    domain: Sequence[Mapping[str, Any]] = ()
    required: bool = False
    pattern: str = ""
    min: float | None = None
    max: float | None = None
    access: str = "public"

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Field":
        """Raises BadSchema for an unknown attribute, a bad key, type, access level or pattern."""
        unknown = set(document) - set(cls.__dataclass_fields__)
        if unknown:
            raise BadSchema(reason=_("Unknown attribute of a field: %s.") % ", ".join(sorted(unknown)))
        made = cls(**document)
        made._check()
        return made

    def _check(self) -> None:
        if not KEY_PATTERN.match(self.key) or self.key in RESERVED_KEYS:
            raise BadSchema(
                reason=_("“%s” cannot be a field key: Latin small letters, digits and _.") % self.key
            )
        if self.type not in SQL_TYPES:
            raise BadSchema(reason=_("Field “%(key)s” has unknown type “%(type)s”.") % vars(self))
        if self.access not in ACCESS_LEVELS:
            raise BadSchema(reason=_("Field “%(key)s” has unknown access level “%(access)s”.") % vars(self))
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise BadSchema(
                reason=_("Field “%s” has a pattern that is no regular expression.") % self.key
            ) from error

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]

    def issues_with(self, value: Any) -> list[Issue]:
        """Everything wrong with `value` for this field; an empty list where it fits. None is “no value”."""
        if value is None:
            return [self._issue(value, "required", _("A value is required."))] if self.required else []
        wrong_type = self._type_issue(value)
        return [wrong_type] if wrong_type else self._rule_issues(value)

    def _type_issue(self, value: Any) -> Issue | None:
        expected = {
            "integer": isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63,
            "number": isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value),
            "boolean": isinstance(value, bool),
            "date": isinstance(value, str) and _is_moment(value, _DATE),
            "datetime": isinstance(value, str) and _is_moment(value, _DATETIME),
        }.get(self.type, isinstance(value, str))
        if expected:
            return None
        return self._issue(value, "type", _("The value is not of type “%s”.") % self.type)

    def _rule_issues(self, value: Any) -> list[Issue]:
        found = []
        if self.domain and value not in [entry["value"] for entry in self.domain]:
            found.append(self._issue(value, "domain", _("The value is not in the list of allowed values.")))
        if self.pattern and isinstance(value, str) and not re.fullmatch(self.pattern, value):
            found.append(self._issue(value, "pattern", _("The value does not have the required form.")))
        if self.min is not None and isinstance(value, int | float) and value < self.min:
            found.append(self._issue(value, "min", _("The value is below %s.") % self.min))
        if self.max is not None and isinstance(value, int | float) and value > self.max:
            found.append(self._issue(value, "max", _("The value is above %s.") % self.max))
        if isinstance(value, str) and len(value) > limits.value("max_text_length"):
            found.append(self._issue(value[:100], "length", _("The text is too long.")))
        if isinstance(value, str) and "\x00" in value:
            found.append(self._issue(value[:100], "characters", _("The text holds a NUL character.")))
        return found

    def _issue(self, value: Any, rule: str, message: str) -> Issue:
        return Issue(self.key, value, rule, message)


@dataclass(frozen=True)
class Schema:
    """The fields of a layer, in the order in which people see them."""

    fields: tuple[Field, ...] = ()

    @classmethod
    def from_json(cls, documents: Sequence[Mapping[str, Any]]) -> "Schema":
        """Raises BadSchema for a bad field, a repeated key, or too many fields."""
        if len(documents) > limits.value("max_fields"):
            raise BadSchema(reason=_("A layer may have at most %s fields.") % limits.value("max_fields"))
        fields = tuple(Field.from_json(document) for document in documents)
        keys = [item.key for item in fields]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise BadSchema(reason=_("Field keys are repeated: %s.") % ", ".join(sorted(repeated)))
        return cls(fields)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.fields)

    def get(self, key: str) -> Field | None:
        return next((item for item in self.fields if item.key == key), None)

    def check(self, properties: Mapping[str, Any]) -> dict[str, Scalar]:
        """The properties as they are stored: known keys in the schema's order, without nulls.

        Raises BadProperties with every issue: unknown field, missing value, type, domain, pattern, range.
        """
        known = {item.key for item in self.fields}
        issues = [
            Issue(key, properties[key], "unknown", _("The layer has no such field."))
            for key in properties
            if key not in known
        ]
        for item in self.fields:
            issues += item.issues_with(properties.get(item.key))
        if issues:
            summary = _("%(count)s values do not fit the layer: %(first)s") % {
                "count": len(issues), "first": f"{issues[0].field}: {issues[0].message}",
            }  # fmt: skip
            raise BadProperties(summary=summary, issues=[issue.as_json() for issue in issues])
        return {
            key: properties[key] for key in (f.key for f in self.fields) if properties.get(key) is not None
        }


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond 1e308
        return False


def _is_moment(text: str, form: re.Pattern[str]) -> bool:
    """Whether the text is a moment in this form that exists; Python alone also takes what PostgreSQL cannot
    cast, such as 2024-W01-1 or +23:00, and one such value would break every query of its field."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return form.fullmatch(text) is not None
