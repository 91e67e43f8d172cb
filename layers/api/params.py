"""What may be asked of a collection's items, parsed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from gis_core.api import params
from gis_core.errors import BadParameter
from layers.access import ReadSource
from layers.schema import Field

_FARTHEST_ZONE = timedelta(hours=16)  # from here on PostgreSQL refuses an offset
PAGING = ("limit", "after")
ITEMS = (*PAGING, "bbox", "bbox-crs", "crs", "datetime", "coordinates")
COORDINATES = {"short": 7, "full": 15}
"""Decimal places of degrees: 7 are 1 cm, enough to draw; 15 give back what is stored, for editors."""


@dataclass(frozen=True)
class ItemsQuery:
    """One page of items: those after the id `after`, at most `limit`, within `bbox`, equal in `filters`."""

    limit: int
    after: int
    bbox: params.BBox | None
    digits: int
    filters: tuple[tuple[Field, Any], ...]


def items_query(query: QueryDict, source: ReadSource) -> ItemsQuery:
    """Raises BadParameter. A field that the reader may not see is refused like one that does not exist."""
    params.check_names(query, [*ITEMS, *(item.key for item in source.fields)])
    given = {name: str(text) for name, text in query.items()}
    for name in ("crs", "bbox-crs"):
        if name in given:
            params.crs(given[name], parameter=name)
    if "datetime" in given:
        params.interval(given["datetime"])  # layers have no time yet, so every feature is of any time
    wanted = [item for item in source.fields if item.key in given and item.key not in ITEMS]
    return ItemsQuery(
        limit=params.limit(given.get("limit")),
        after=params.decode_cursor(given.get("after")),
        bbox=params.bbox(given["bbox"]) if "bbox" in given else None,
        digits=digits(given),
        filters=tuple((item, field_value(item, given[item.key])) for item in wanted),
    )


def digits(query: Mapping[str, Any]) -> int:
    """Decimal places asked for by `coordinates`."""
    chosen = params.choice(query.get("coordinates", "short"), COORDINATES, parameter="coordinates")
    return COORDINATES[chosen]


def field_value(field: Field, text: str) -> Any:
    """The value that `text` means for a field. Raises BadParameter named like the field."""
    if "\x00" in text:
        raise BadParameter(parameter=field.key, reason=_("text without NUL characters was expected."))
    read = _READERS.get(field.type)
    return read(text, field.key) if read else text


def _integer(text: str, key: str) -> int:
    return params.integer(text, parameter=key, low=-params.BIGINT_MAX)


def _number(text: str, key: str) -> float:
    return params.number(text, parameter=key)


def _boolean(text: str, key: str) -> bool:
    return params.choice(text, ("true", "false"), parameter=key) == "true"


def _date(text: str, key: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadParameter(parameter=key, reason=_("a date like 2026-11-22 was expected.")) from None


def _datetime(text: str, key: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or abs(found.utcoffset() or timedelta()) >= _FARTHEST_ZONE:
        raise BadParameter(parameter=key, reason=_("a time like 2026-11-22T12:00:00Z was expected."))
    return found


_READERS: dict[str, Callable[[str, str], Any]] = {
    "integer": _integer, "number": _number, "boolean": _boolean, "date": _date, "datetime": _datetime,
}  # fmt: skip
