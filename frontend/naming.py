"""What a feature is called, and its values as rows of a table or a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from frontend.templatetags.hromada import value_text
from layers.models import Layer
from layers.models.catalogue import localised
from layers.schema import Field

LONG_TEXT = 60


@dataclass(frozen=True)
class Cell:
    label: str
    text: str
    is_number: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.text

    @property
    def is_long(self) -> bool:
        """Too long for a column of a table."""
        return len(self.text) > LONG_TEXT


def naming_field(layer: Layer, fields: Sequence[Field]) -> Field | None:
    """The visible field that names features: the map's label, the key, a field called name; else None."""
    visible = {item.key: item for item in fields}
    label = (layer.style.get("label") or {}).get("field", "")
    return next((visible[key] for key in (label, layer.key_field, "name", "title") if key in visible), None)


def feature_name(field: Field | None, feature_id: int, properties: Mapping[str, Any]) -> str:
    """The value of the naming field, else the feature's number."""
    text = value_text(field, properties.get(field.key)) if field else ""
    return text or _("No. %s") % feature_id


def field_title(field: Field) -> str:
    return localised(dict(field.title)) or field.key


def cells(fields: Sequence[Field], properties: Mapping[str, Any], *, short: bool = False) -> list[Cell]:
    """The values of `fields` as people read them, in the schema's order; `short` for tables."""
    return [
        Cell(
            field_title(item),
            value_text(item, properties.get(item.key), short=short),
            item.type in ("integer", "number") and not item.domain,
        )
        for item in fields
    ]


def differences(
    fields: Sequence[Field], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[dict[str, str]]:
    """The fields whose value differs, with both values as text; "–" for no value."""
    old, new = before or {}, after or {}
    return [
        {
            "label": field_title(item),
            "before": value_text(item, old.get(item.key)) or "–",
            "after": value_text(item, new.get(item.key)) or "–",
        }
        for item in fields
        if old.get(item.key) != new.get(item.key)
    ]
