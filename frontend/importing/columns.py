"""The table of columns: what each would become, and what the form with that table decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from frontend.naming import field_title
from importers.personal import KINDS
from layers.models.catalogue import localised
from layers.schema import Schema

LONGEST_SAMPLE = 40


def type_choices() -> list[tuple[str, str]]:
    """The types of fields under the names people know."""
    return [
        ("string", pgettext("type", "text")),
        ("text", pgettext("type", "long text")),
        ("integer", pgettext("type", "whole number")),
        ("number", pgettext("type", "number")),
        ("boolean", pgettext("type", "yes or no")),
        ("date", pgettext("type", "date")),
        ("datetime", pgettext("type", "date and time")),
    ]


@dataclass(frozen=True)
class Column:
    """One column of the file. `how` tells in words how its field was found; `known` that the target has that
    field already; `personal` what was recognised as personal data, "" where nothing was; `reason` why it is
    kept all the same."""

    number: int
    source: str
    samples: Sequence[str]
    key: str
    type: str
    title: str
    unit: str
    how: str
    known: bool
    personal: str
    kept: bool
    reason: str


def columns_of(document: dict[str, Any]) -> list[Column]:
    reasons = document["choices"]["keep_personal"]
    return [_column(place, item, reasons) for place, item in enumerate(document["proposal"])]


def field_choices(schema: Schema | None) -> list[tuple[str, str]]:
    """The fields of a layer that exists or of a standard one, by title; none for a free new layer."""
    return [] if schema is None else [(item.key, field_title(item)) for item in schema]


def decided(post: Mapping[str, Any], document: dict[str, Any], *, known: Sequence[str]) -> dict[str, Any]:
    """The choices `mapping` and `keep_personal` of the sent form; columns the form did not hold stay as
    they are. `known` are keys of the target's fields: there a column keeps the field's own title and type.
    """
    mapping, reasons = [], {}
    for column in columns_of(document):
        name = f"column-{column.number}"
        if post.get(f"{name}-source") != column.source:
            mapping.append(_unchanged(column))
            continue
        key = str(post.get(f"{name}-key", column.key))
        kept = f"{name}-keep" in post
        if column.personal and kept:
            reasons[column.source] = str(post.get(f"{name}-reason", "")).strip()
        choice: dict[str, Any] = {"source": column.source, "keep": kept, "key": key or column.key}
        if key not in known:
            choice |= {
                "type": str(post.get(f"{name}-type", column.type)),
                "unit": str(post.get(f"{name}-unit", column.unit)).strip(),
                "title": _titles(str(post.get(f"{name}-title", "")).strip(), column, document),
            }
        mapping.append(choice)
    return {"mapping": mapping, "keep_personal": {name: why for name, why in reasons.items() if why}}


def without_reason(post: Mapping[str, Any], document: dict[str, Any]) -> list[str]:
    """Columns with personal data that were asked for without saying why."""
    return [
        column.source
        for column in columns_of(document)
        if column.personal
        and f"column-{column.number}-keep" in post
        and not str(post.get(f"column-{column.number}-reason", "")).strip()
    ]


def is_left_out(post: Mapping[str, Any], document: dict[str, Any], *, key: str) -> bool:
    """Whether the column that would become the field `key` is shown by the form and not taken."""
    return any(
        post.get(f"column-{column.number}-source") == column.source
        and f"column-{column.number}-keep" not in post
        for column in columns_of(document)
        if column.key == key
    )


def _unchanged(column: Column) -> dict[str, Any]:
    return {"source": column.source, "keep": column.kept, "key": column.key, "type": column.type}


def _titles(written: str, column: Column, document: dict[str, Any]) -> dict[str, str]:
    """The title in the language of the page; what it was in the other one stays."""
    before = dict(document["proposal"][column.number].get("title") or {})
    language = (get_language() or "uk")[:2]
    if not written or written == column.title:
        return before
    return {**before, language: written}


def _column(place: int, item: dict[str, Any], reasons: Mapping[str, str]) -> Column:
    source = item["source"]
    return Column(
        number=place,
        source=source,
        samples=[_sample(value) for value in item["samples"] if value not in (None, "")],
        key=item["key"],
        type=item["type"],
        title=localised(item["title"]) or source,
        unit=item.get("unit") or "",
        how=str(item.get("how") or ""),
        known=bool(item.get("known")),
        personal=_personal(item.get("personal")),
        kept=bool(item["keep"]),
        reason=reasons.get(source, ""),
    )


def _sample(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    return text if len(text) <= LONGEST_SAMPLE else text[: LONGEST_SAMPLE - 1] + "…"


def _personal(kind: Any) -> str:
    """What kind of personal data was recognised, in words; "" for none."""
    return str(KINDS.get(kind, _("personal data"))) if kind else ""
