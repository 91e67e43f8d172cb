"""Names of fields: from what stands in a file to the keys that a layer's schema and every reader use."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gis_core.transliteration import transliterate

LONGEST_KEY = 59
RESERVED = frozenset(  # as in layers.schema
    [
        "id",
        "geom",
        "geom_3857",
        "properties",
        "version",
        "updated_at",
        "external_key",
        "layer_id",
        "changeset_id",
        "revision",
    ]
)


@dataclass(frozen=True)
class FieldInfo:
    """A field of a source: its name there, its key here, its type in our words, and its declared width (0:
    none).

    Types are string, text, integer, number, boolean, date, datetime (`layers.schema`).
    """

    name: str
    key: str
    type: str
    width: int = 0


def field_key(name: str, taken: Iterable[str] = ()) -> str:
    """A key `[a-z][a-z0-9_]{0,58}` for the field `name`, different from all in `taken`.

    «Кадастровий номер» -> kadastrovyi_nomer; reserved words get `source_` before them.
    """
    key = re.sub(r"[^a-z0-9]+", "_", transliterate(name).lower()).strip("_")
    if key in RESERVED:
        key = f"source_{key}"
    if not key or not key[0].isalpha():
        key = f"field_{key}".rstrip("_")
    key = key[:LONGEST_KEY].rstrip("_")
    return _unique(key, set(taken))


def field_keys(names: Iterable[str]) -> list[str]:
    """Keys for all fields of a layer, in order, each different."""
    keys: list[str] = []
    for name in names:
        keys.append(field_key(name, keys))
    return keys


def _unique(key: str, taken: set[str]) -> str:
    number, found = 2, key
    while found in taken:
        ending = f"_{number}"
        found, number = key[: LONGEST_KEY - len(ending)] + ending, number + 1
    return found
