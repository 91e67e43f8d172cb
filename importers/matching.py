"""Whether a column of a file is a field of a layer: how sure, and by what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from importers.domains import Domain
from importers.fields import FieldInfo
from importers.letters import comparable, folded, words_of
from importers.synonyms import SYNONYMS
from layers.schema import Field

_CUT_BYTES = 10
_CODE_FORMS = {
    "cad_num": "cad_num",
    "katottg": "katottg",
    "koatuu": "koatuu_zeros",
    "purpose_code": "purpose_padded",
}
_LIKELY_FORMS = {
    "cad_num": "cad_num",
    "katottg": "katottg",
    "koatuu": "koatuu",
    "purpose_code": "purpose_code",
}
_MOST = 0.8


@dataclass(frozen=True)
class Match:
    """By what (name, synonym, prefix, words or pattern) and how surely, 0 to 1."""

    way: str
    confidence: float


def match(column: FieldInfo, target: Field, *, cut: bool) -> Match | None:
    """The match of a column with a field, None where there is none or the types cannot go together.

    `cut`: names of the format are at most ten bytes long.
    """
    found = _by_name(column.name, target.key, tuple(target.title.values()), cut)
    patterns: Mapping[str, float] = column.profile.get("patterns", {})
    if target.key in _CODE_FORMS and patterns.get(_CODE_FORMS[target.key], 0.0) >= _MOST:
        by_pattern = Match("pattern", 0.85 if target.key == "cad_num" else 0.75)
        found = max((found, by_pattern), key=lambda item: item.confidence if item else 0.0)
    if found is None:
        return None
    trust = _trust(column, target)
    if found.way == "words":
        trust = min(trust, 1.0)  # fitting values make no name of some words
    return Match(found.way, min(1.0, found.confidence * trust)) if trust else None


# --- names ---


@dataclass(frozen=True)
class _Names:
    own: frozenset[str]
    titles: frozenset[str]
    synonyms: frozenset[str]
    plain: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]


@cache
def _names(key: str, titles: tuple[str, ...]) -> _Names:
    known = (key, *titles, *SYNONYMS.get(key, ()))
    return _Names(
        own=frozenset({folded(key)}),
        titles=frozenset(map(folded, titles)),
        synonyms=frozenset(map(folded, SYNONYMS.get(key, ()))),
        plain=tuple(dict.fromkeys(filter(None, map(_plain, known)))),
        words=tuple(dict.fromkeys(words_of(name) for name in known)),
    )


def _by_name(column: str, key: str, titles: tuple[str, ...], cut: bool) -> Match | None:
    names, one = _names(key, titles), folded(column)
    if not one:
        return None
    if one in names.own:
        return Match("name", 1.0)
    if one in names.titles:
        return Match("name", 0.98)
    if one in names.synonyms:
        return Match("synonym", 0.95)
    if cut and _is_cut(column, names):
        return Match("prefix", 0.8)
    return _by_words(words_of(column), names)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _is_cut(column: str, names: _Names) -> bool:
    """A name as long as a DBF allows (a letter of two bytes may be lost at the end) that a known one begins with."""
    if not _CUT_BYTES - 1 <= len(column.encode()) <= _CUT_BYTES and len(column) < _CUT_BYTES - 1:
        return False
    plain, one = _plain(column), folded(column)
    if len(plain) < 4:
        return False
    if any(name.startswith(plain) for name in names.plain):
        return True
    return len(one) >= 6 and any("".join(words).startswith(one[:-1]) for words in names.words)


def _by_words(words: tuple[str, ...], names: _Names) -> Match | None:
    """All words of a known name stand in the column's, or a long one does alone: «Код КОАТУУ закладу»."""
    best = 0.0
    for known in names.words:
        letters = sum(map(len, known))
        if known and letters >= 5 and set(known) <= set(words):
            covered = letters / sum(map(len, words))
            best = max(best, 0.3 + 0.55 * covered)
    return Match("words", best) if best else None


# --- values ---


def _trust(column: FieldInfo, target: Field) -> float:
    """What the values do to the confidence: 0 where they cannot be the field's."""
    profile = column.profile
    if not profile or not profile.get("filled"):
        return 1.0
    patterns: Mapping[str, float] = profile.get("patterns", {})
    form = _LIKELY_FORMS.get(target.key)
    if form:
        share = patterns.get(form, 0.0)
        return 1.05 if share >= _MOST else 1.0 if share >= 0.2 else 0.3
    if target.domain:
        return _domain_trust(profile, target)
    return {
        "integer": _number_trust, "number": _number_trust, "date": _date_trust, "datetime": _date_trust,
        "boolean": _boolean_trust,
    }.get(target.type, _text_trust)(column, patterns)  # fmt: skip


def _number_trust(column: FieldInfo, patterns: Mapping[str, float]) -> float:
    if column.type in ("integer", "number"):
        return 1.0
    if column.type != "string" and column.type != "text":
        return 0.0
    share = patterns.get("number", 0.0) + patterns.get("number_unit", 0.0)
    return 1.0 if share >= 0.9 else 0.9 if share >= 0.5 else 0.0


def _date_trust(column: FieldInfo, patterns: Mapping[str, float]) -> float:
    if column.type in ("date", "datetime"):
        return 1.0
    return 1.0 if patterns.get("date", 0.0) + patterns.get("year", 0.0) >= 0.5 else 0.0


def _boolean_trust(column: FieldInfo, patterns: Mapping[str, float]) -> float:
    return 1.0 if column.type == "boolean" or patterns.get("boolean", 0.0) >= 0.5 else 0.0


def _text_trust(column: FieldInfo, patterns: Mapping[str, float]) -> float:
    """Text takes anything; a column of bare numbers is hardly a name or an address."""
    if patterns.get("boolean", 0.0) >= _MOST and not patterns.get("number"):
        return 0.5
    if column.type == "boolean":
        return 0.5
    return 0.6 if patterns.get("number", 0.0) >= _MOST and column.name.lower() not in ("id",) else 1.0


def _domain_trust(profile: Mapping[str, Any], target: Field) -> float:
    domain = Domain.of(tuple((entry["value"], _titles(entry)) for entry in target.domain))
    values = profile.get("values") or [[sample, 1] for sample in profile.get("samples", ())]
    total = sum(count for _, count in values)
    fitting = sum(count for value, count in values if domain.value_of(comparable(str(value))) is not None)
    share = fitting / total if total else 0.0
    return 1.05 if share >= 0.5 else 0.9 if share > 0 else 0.6


def _titles(entry: Mapping[str, Any]) -> tuple[str, ...]:
    title = entry.get("title", {})
    return tuple(map(str, title.values())) if isinstance(title, Mapping) else (str(title),)
