"""What people decided about an import: plain values that a row, a request or a form can carry.

Here only the form of each decision is checked; whether it fits the file and the community is `importers.plan`'s.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gis_core.errors import HromadaError
from layers.models import Changeset
from layers.models.catalogue import AccessLevel, Theme
from layers.schema import SQL_TYPES

INSPECT, PREPARE, APPLY = "inspect", "prepare", "apply"
KEEP, LEAVE_OUT = "keep", "leave_out"
LANGUAGES = ("uk", "en")
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,58}")
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_COMMENT, _MOST_COLUMNS = 200, 200, 500, 2000
_LONGEST_IN_FILE = 1000
_ONE_OF: dict[str, tuple[str, ...]] = {
    "theme": tuple(Theme.values),
    "access_level": tuple(AccessLevel.values),
    "mode": ("", *Changeset.StagingMode.values),
    "unmapped": (KEEP, LEAVE_OUT),
    "until": (INSPECT, PREPARE, APPLY),
}
_TEXT_LENGTHS = {
    "source_layer": _LONGEST_IN_FILE, "key_field": _LONGEST_IN_FILE, "place_column": _LONGEST_IN_FILE, "standard": 40,
    "crs": 40, "encoding": 40, "comment": _LONGEST_COMMENT,
}  # fmt: skip


class BadChoice(HromadaError):
    """A decision that has no meaning. `params["choice"]` names it, as `mapping[2].key` does a part of one."""

    code = "bad-choice"
    status = 422
    message = _("The choice “%(choice)s” cannot be used: %(reason)s")


@dataclass(frozen=True, kw_only=True)
class ColumnChoice:
    """What becomes of one column of the file; "" leaves what was proposed. `keep` False leaves the column out."""

    source: str
    key: str = ""
    type: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    keep: bool = True


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The decisions on one import; what is "" or empty was not decided.

    `layer` is the short name of a layer that exists or is to be made; title, theme, standard, access_level and
    key_field are of a new one. `key_field` None makes it without a key, "" leaves the key to what the columns hold.
    `mapping` tells about single columns; `unmapped` what becomes of the others. `keep_personal` gives the reason
    for which a column with personal data is kept. With `fix_lookalikes` Latin letters in Cyrillic words are put
    right, else only told of. `place_column` is the column of a table without coordinates whose codes say where its
    rows lie. `accept_outside` says that data outside of the community belong there. `until` says
    how far the import goes by itself: inspect, prepare or apply.
    """

    source_layer: str = ""
    layer: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    theme: str = Theme.OTHER.value
    standard: str = ""
    access_level: str = AccessLevel.STAFF.value
    crs: str = ""
    swap_xy: bool | None = None
    encoding: str = ""
    mode: str = ""
    key_field: str | None = ""
    mapping: tuple[ColumnChoice, ...] = ()
    unmapped: str = KEEP
    keep_personal: Mapping[str, str] = field(default_factory=dict)
    fix_lookalikes: bool = False
    place_column: str = ""
    accept_outside: bool = False
    comment: str = ""
    until: str = INSPECT

    @classmethod
    def from_json(cls, found: Any) -> "Choices":
        """Choices from plain JSON. Raises BadChoice for an unknown name or a value that has no meaning."""
        if not isinstance(found, Mapping):
            raise BadChoice(choice="choices", reason=gettext("an object was expected."))
        known = {item.name for item in fields(cls)}
        for name in found:
            if name not in known:
                raise BadChoice(choice=str(name)[:100], reason=gettext("there is no such choice."))
        return cls(**{name: _CHECKS.get(name, _text)(name, value) for name, value in found.items()})

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "mapping": [asdict(item) for item in self.mapping]}

    def with_changes(self, changes: Any) -> "Choices":
        """These choices with those in `changes` (plain JSON) put in. Raises BadChoice."""
        if not isinstance(changes, Mapping):
            raise BadChoice(choice="choices", reason=gettext("an object was expected."))
        return Choices.from_json({**self.to_json(), **changes})

    def changed(self, other: "Choices") -> set[str]:
        """The names of the choices in which the two differ."""
        return {item.name for item in fields(self) if getattr(self, item.name) != getattr(other, item.name)}

    def column(self, source: str) -> ColumnChoice:
        """What was decided about a column; a choice that leaves all open where nothing was."""
        found = next((item for item in self.mapping if item.source == source), None)
        return found or ColumnChoice(source=source, keep=self.unmapped == KEEP)

    def names(self, source: str) -> bool:
        """Whether anything was decided about this very column."""
        return any(item.source == source for item in self.mapping)


def _text(name: str, value: Any, longest: int = 0) -> str:
    return _name_in_file(name, value, longest).strip()


def _name_in_file(name: str, value: Any, longest: int = 0) -> str:
    """A name that the file gave, which may begin or end with blanks: it must stay as it is."""
    if not isinstance(value, str):
        raise BadChoice(choice=name, reason=gettext("text was expected."))
    most = longest or _TEXT_LENGTHS.get(name, _LONGEST_NAME)
    if len(value) > most:
        raise BadChoice(choice=name, reason=gettext("it is longer than %s characters.") % most)
    if "\x00" in value:
        raise BadChoice(choice=name, reason=gettext("it holds a NUL character."))
    return value


def _name_or_none(name: str, value: Any) -> str | None:
    return None if value is None else _name_in_file(name, value)


def _one_of(name: str, value: Any) -> str:
    if value not in _ONE_OF[name]:
        known = ", ".join(item for item in _ONE_OF[name] if item)
        raise BadChoice(choice=name, reason=gettext("one of these was expected: %s.") % known)
    return str(value)


def _slug(name: str, value: Any) -> str:
    slug = _text(name, value)
    if slug and not _SLUG.fullmatch(slug):
        reason = gettext("Latin small letters, digits and _ were expected, a letter first, 40 at most.")
        raise BadChoice(choice=name, reason=reason)
    return slug


def _key(name: str, value: Any) -> str:
    key = _text(name, value)
    if key and not _KEY.fullmatch(key):
        reason = gettext("Latin small letters, digits and _ were expected, a letter first, 59 at most.")
        raise BadChoice(choice=name, reason=reason)
    return key


def _texts(name: str, value: Any) -> dict[str, str]:
    """Titles by language; empty ones are left out."""
    if not isinstance(value, Mapping):
        raise BadChoice(choice=name, reason=gettext("an object was expected."))
    for language in value:
        if language not in LANGUAGES:
            raise BadChoice(choice=name, reason=gettext("languages are uk and en."))
    told = {language: _text(f"{name}.{language}", text, _LONGEST_TITLE) for language, text in value.items()}
    return {language: text for language, text in told.items() if text}


def _reasons(name: str, value: Any) -> dict[str, str]:
    """Column -> why its personal data is kept; a decision without a reason is none."""
    if not isinstance(value, Mapping) or len(value) > _MOST_COLUMNS:
        raise BadChoice(choice=name, reason=gettext("an object was expected."))
    told = {
        _name_in_file(name, column, _LONGEST_IN_FILE): _text(name, reason, _LONGEST_COMMENT)
        for column, reason in value.items()
    }
    for column, reason in told.items():
        if not reason:
            raise BadChoice(choice=name, reason=gettext("say why “%s” is kept.") % column)
    return told


def _yes_no_unknown(name: str, value: Any) -> bool | None:
    if value not in (True, False, None) or (isinstance(value, int | float) and not isinstance(value, bool)):
        raise BadChoice(choice=name, reason=gettext("true, false or null was expected."))
    return value


def _yes_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadChoice(choice=name, reason=gettext("true or false was expected."))
    return value


def _columns(name: str, value: Any) -> tuple[ColumnChoice, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST_COLUMNS:
        raise BadChoice(choice=name, reason=gettext("a list was expected."))
    return tuple(_column(f"{name}[{number}]", item) for number, item in enumerate(value))


def _column(place: str, item: Any) -> ColumnChoice:
    if not isinstance(item, Mapping) or not isinstance(item.get("source"), str):
        raise BadChoice(choice=place, reason=gettext("an object with “source” was expected."))
    known = {part.name for part in fields(ColumnChoice)}
    if unknown := sorted(str(part) for part in item if part not in known):
        raise BadChoice(choice=f"{place}.{unknown[0][:60]}", reason=gettext("there is no such choice."))
    kind, keep = item.get("type", ""), item.get("keep", True)
    if kind not in ("", *SQL_TYPES):
        raise BadChoice(
            choice=f"{place}.type", reason=gettext("one of these was expected: %s.") % ", ".join(SQL_TYPES)
        )
    if not isinstance(keep, bool):
        raise BadChoice(choice=f"{place}.keep", reason=gettext("true or false was expected."))
    return ColumnChoice(
        source=_name_in_file(f"{place}.source", item["source"], _LONGEST_IN_FILE),
        key=_key(f"{place}.key", item.get("key", "")), type=kind,
        title=_texts(f"{place}.title", item.get("title", {})), unit=_text(f"{place}.unit", item.get("unit", ""), 30),
        keep=keep,
    )  # fmt: skip


_CHECKS: dict[str, Any] = {
    **dict.fromkeys(_ONE_OF, _one_of),
    "layer": _slug, "source_layer": _name_in_file, "key_field": _name_or_none, "title": _texts,
    "keep_personal": _reasons, "mapping": _columns, "place_column": _name_in_file,
    "swap_xy": _yes_no_unknown, "fix_lookalikes": _yes_no, "accept_outside": _yes_no,
}  # fmt: skip
