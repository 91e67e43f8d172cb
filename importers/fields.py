"""Names of fields: from what stands in a file to the keys that a layer's schema and every reader use."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gis_core.transliteration import transliterate

LONGEST_KEY = 59
RESERVED = frozenset(  # as in layers.schema
    [
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
    ]
)


@dataclass(frozen=True)
class FieldRule:
    """What is asked of a field's values beside their type, and how they are brought to form.

    `domain` holds each allowed value with the other words it is written in (titles). `normaliser` names a
    kind of code of `importers.codes`; `prefix` is what a KATOTTG code of the community begins with. Numbers
    are multiplied by `scale`; `unit` is the unit of the stored number. `area_ha` is the number of hectares
    in one stored unit where the field is a parcel's documented area, to be held against its geometry.
    """

    required: bool = False
    domain: tuple[tuple[str | int | float | bool, tuple[str, ...]], ...] = ()
    pattern: str = ""
    min: float | None = None
    max: float | None = None
    scale: float = 1.0
    unit: str = ""
    normaliser: str = ""
    prefix: str = ""
    area_ha: float | None = None
    fix_lookalikes: bool = False

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "FieldRule":
        domain = tuple((value, tuple(words)) for value, words in found.get("domain", ()))
        return cls(**{**found, "domain": domain})


@dataclass(frozen=True)
class FieldInfo:
    """A field of a source: its name there, its key here, its type in our words, and its declared width (0:
    none).

    Types are string, text, integer, number, boolean, date, datetime (`layers.schema`). `profile` is what
    its values look like (`importers.detect.columns.profile`), known after an inspection only.
    """

    name: str
    key: str
    type: str
    width: int = 0
    rule: FieldRule | None = None
    profile: Mapping[str, Any] = field(default_factory=dict, compare=False)


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
