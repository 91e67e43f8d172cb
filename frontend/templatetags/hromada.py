"""How pages write numbers, measures, dates, coordinates and licences in the reader's language."""

from datetime import date, datetime
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

register = template.Library()

LICENCES = {
    "CC-BY-4.0": ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC0-1.0": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "CC-BY-SA-4.0": ("CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "CC-BY-NC-4.0": ("CC BY-NC 4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
    "ODbL-1.0": ("ODbL 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
}
"""SPDX identifier to the name people know and the text itself."""


@register.filter
def number(value: float | None, decimals: int | None = None) -> str:
    """12345.678 as “12 345,678” in Ukrainian; `decimals` fixes the digits after the comma."""
    if value is None:
        return ""
    if decimals is None and isinstance(value, float):
        value = float(f"{value:.12g}")  # 0.1 + 0.2 is 0.3 to a reader
        value = int(value) if value.is_integer() else value
    return formats.number_format(value, decimal_pos=decimals, use_l10n=True, force_grouping=True)


@register.filter
def hectares(area_m2: float) -> str:
    """Square metres as hectares: four digits after the comma, as the cadastre writes them."""
    return f"{number(area_m2 / 10_000, 4)} " + pgettext("unit", "ha")


@register.filter
def square_metres(area_m2: float) -> str:
    return f"{number(area_m2, 1 if area_m2 < 10_000 else 0)} " + pgettext("unit", "m²")


@register.filter
def distance(length_m: float) -> str:
    """Metres with one digit after the comma; kilometres with three from 1 km on."""
    if length_m >= 1000:
        return f"{number(length_m / 1000, 3)} " + pgettext("unit", "km")
    return f"{number(length_m, 1)} " + pgettext("unit", "m")


@register.filter
def day(value: date | datetime | None) -> str:
    """The date in words."""
    if value is None:
        return ""
    local = timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    return date_format(local, _day_format())


@register.filter
def moment(value: datetime | None) -> str:
    """Date and time in words, in the server's time zone."""
    if value is None:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return date_format(local, f"{_day_format()}, H:i")


def _day_format() -> str:
    """Django's own English is American; ours is written in Ukraine: the day first, 24 hours."""
    return "j F Y" if get_language() == "en" else "j E Y р."


@register.filter
def extent(box: list[float]) -> str:
    """West, south, east, north in degrees; five digits are about a metre. Not localised: for copying."""
    return ", ".join(f"{side:.5f}" for side in box)


@register.filter
def unlocalised(value: float) -> str:
    """A number for SVG and other machine-read attributes: always a point, never a grouping."""
    return f"{value:g}"


@register.filter
def times(value: float, factor: float) -> float:
    return value * factor


@register.filter
def percent(fraction: float) -> int:
    return round(fraction * 100)


@register.simple_tag
def licence(identifier: str) -> SafeString | str:
    """The licence as a link to its text, where it is known."""
    known = LICENCES.get(identifier)
    if known is None:
        return identifier
    return format_html('<a href="{}" rel="license">{}</a>', known[1], known[0])


def value_text(field: Any, value: Any, *, short: bool = False) -> str:
    """A field's value as people read it: the domain's title, yes or no, a date in words, number and unit.

    `short` is for tables: dates in digits.
    """
    if value is None or value == "":
        return ""
    for entry in field.domain:
        if entry["value"] == value:
            return _local(entry.get("title") or {}) or str(value)
    if field.type == "boolean":
        return _("yes") if value else _("no")
    if field.type in ("date", "datetime"):
        return _date_text(field.type, value, short)
    if field.type in ("integer", "number") and isinstance(value, int | float):
        return f"{number(value)} {field.unit}".strip()
    return f"{value} {field.unit}".strip()


def _date_text(kind: str, value: Any, short: bool) -> str:
    try:
        read = date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return str(value)
    if short:
        return date_format(read, "j M Y" if get_language() == "en" else "d.m.Y")
    return moment(read) if isinstance(read, datetime) else day(read)


def _local(texts: dict[str, str]) -> str:
    from layers.models.catalogue import localised

    return localised(texts)
