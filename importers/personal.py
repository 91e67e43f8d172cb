"""Personal data of natural persons: how columns that hold them are known, and how their values are hidden.

What is personal: names, tax numbers, passports, telephones, e-mail and home addresses (law No. 2297-VI). Names
and EDRPOU codes of legal entities are not. A column is known by what its values look like, and by its name
where the values do not contradict.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from importers.codes import is_tax_number
from importers.letters import plain_words_of, words_of

HIDDEN = "•••"
KINDS: dict[str, Any] = {
    "name": _("names of persons"),
    "tax-number": _("tax numbers of persons"),
    "passport": _("passports"),
    "phone": _("telephone numbers"),
    "email": _("e-mail addresses"),
    "address": _("home addresses"),
    "birth-date": _("dates of birth"),
}
# Words that mean a tax number and are too short to be compared by their sound: in Cyrillic nothing else, in Latin an
# inn or a metal as well, so that values must have digits enough.
_TAX_WORDS = frozenset({"інн", "инн"})
_TAX_WORDS_OR_OTHERS = frozenset({"inn", "tin"})
_ENTITY_WORDS = frozenset({"єдрпоу", "едрпоу", "edrpou", "zkpo", "окпо"})
_ENOUGH = 0.5
_MOST = 0.8
_SOME = 0.2
# Not the digits of a cadastral number, nor those after a decimal point; but «ІПН:» and a number is one.
_TEXT_TAX_NUMBER = re.compile(r"(?<!\d)(?<!\d[:.,-])[1-4]\d{9}(?![\d:-])")
_TEXT_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_TEXT_PHONE = re.compile(r"(?<![\d:])\+?38[\s(-]*0[\d\s()-]{8,14}\d")
_TEXT_NAME = re.compile(
    r"[А-ЯІЇЄҐ][а-яіїєґ'’-]+\s+[А-ЯІЇЄҐ][а-яіїєґ'’]+\s+[А-ЯІЇЄҐ][а-яіїєґ'’]*(?:вич|вна|ович|івна|ївна|ич)\b"
)


@dataclass(frozen=True)
class _Hint:
    """Names of columns of one kind. `alone`: the name suffices where no value speaks against it."""

    kind: str
    alone: tuple[str, ...]
    supported: tuple[str, ...]
    patterns: tuple[str, ...]


_HINTS = (
    _Hint("tax-number",
          ("рнокпп", "іпн", "ідентифікаційний номер платника", "податковий номер", "облікова картка платника",
           "rnokpp", "ipn", "tax number", "taxnumber", "taxpayer", "drfo", "дрфо"),
          ("idcode", "ідентифікаційний код"), ("tax_number",)),
    _Hint("passport", ("паспорт", "passport", "серія та номер", "паспортні дані", "id card", "unzr", "унзр"), (),
          ("passport", "id_card")),
    _Hint("email", ("email", "e mail", "електронна пошта", "електронна адреса", "ел пошта", "пошта", "mail"), (),
          ("email",)),
    _Hint("phone",
          ("телефон", "тел", "phone", "tel", "telefon", "mobile phone", "моб", "факс", "fax", "контактний номер"),
          ("контакт", "contact", "контакти", "mobile"), ("phone", "number", "integer")),
    _Hint("birth-date", ("дата народження", "рік народження", "birth date", "birthdate", "date of birth", "dob"), (),
          ("date", "year", "integer")),
    _Hint("address",
          ("адреса власника", "адреса проживання", "місце проживання", "адреса реєстрації особи", "owner address",
           "адреса орендаря", "адреса землекористувача", "home address", "owner addr", "adresa vlasnyka"), (), ()),
    _Hint("name",
          ("піб", "прізвище", "по батькові", "pib", "fio", "фіо", "фио", "last name", "lastname", "surname",
           "patronymic", "first name", "firstname", "full name of owner", "імя особи"),
          ("власник", "орендар", "землекористувач", "землевласник", "суборендар", "користувач", "директор", "керівник",
           "голова", "староста", "відповідальний", "відповідальна особа", "контактна особа", "заявник", "замовник",
           "владелец", "owner", "proprietor", "director", "head", "contact person", "applicant", "tenant", "full name",
           "fullname", "lessee", "manager", "vlasnyk", "orendar", "kerivnyk", "автор", "виконавець"),
          ("person", "person_short", "person_words")),
)  # fmt: skip


def personal_kind(name: str, patterns: Mapping[str, float], filled: float) -> str:
    """The kind of personal data (a key of KINDS) that a column holds; "" where it holds none.

    `patterns` are shares of the filled values, as `importers.detect.columns` counts them.
    """
    if not filled:
        return ""
    by_value = _by_values(patterns)
    if by_value:
        return by_value
    if _may_be_tax_numbers(plain_words_of(name), patterns):
        return "tax-number"
    words = words_of(name)
    for hint in _HINTS:
        seen = sum(patterns.get(pattern, 0.0) for pattern in hint.patterns)
        if _is_named(words, hint.alone) and not _speaks_against(hint, patterns, seen):
            return hint.kind
        strong = seen if hint.kind != "phone" else patterns.get("phone", 0.0)
        if _is_named(words, hint.supported) and strong >= _SOME:
            return hint.kind
    return ""


def _by_values(patterns: Mapping[str, float]) -> str:
    full, short = patterns.get("person", 0.0), patterns.get("person_short", 0.0)
    # Names with initials tell less: streets are written so, too.
    if full >= _ENOUGH or full + short >= _MOST:
        return "name"
    if patterns.get("email", 0.0) >= _ENOUGH:
        return "email"
    if patterns.get("passport", 0.0) >= _MOST:
        return "passport"
    koatuu = patterns.get("koatuu_zeros", 0.0)
    if patterns.get("tax_number", 0.0) >= 0.7 and koatuu < _SOME:
        return "tax-number"
    if patterns.get("phone", 0.0) >= _ENOUGH and koatuu < _SOME:
        return "phone"
    return ""


def _speaks_against(hint: _Hint, patterns: Mapping[str, float], seen: float) -> bool:
    """Yes and no under «Паспортні послуги» are no passports; whole addresses under «Адреса власника» are."""
    if _are_none(patterns):
        return True
    if hint.kind in ("name", "address"):
        return patterns.get("number", 0.0) + patterns.get("date", 0.0) >= _ENOUGH
    if hint.kind == "tax-number":
        return _are_no_tax_numbers(patterns)
    return seen < _SOME


def _may_be_tax_numbers(words: frozenset[str], patterns: Mapping[str, float]) -> bool:
    """Whether a short word of the name means tax numbers, or some of the values are ones among others.

    Of numbers of ten digits by chance one in eleven has a right check digit. Columns of codes of legal entities may
    hold a sole trader's, which is told row by row.
    """
    right, ten = patterns.get("tax_number", 0.0), patterns.get("ten_digits", 0.0)
    if right >= _SOME and right >= _ENOUGH * ten and words.isdisjoint(_ENTITY_WORDS):
        return patterns.get("koatuu_zeros", 0.0) < _SOME
    if _are_none(patterns) or _are_no_tax_numbers(patterns):
        return False
    digits = _ten_digits(patterns) or patterns.get("five_digits", 0.0)
    return not words.isdisjoint(_TAX_WORDS) or (bool(digits) and not words.isdisjoint(_TAX_WORDS_OR_OTHERS))


def _are_no_tax_numbers(patterns: Mapping[str, float]) -> bool:
    """Dates, and numbers that are too short or too long: codes of legal entities (8 digits, 12 of value added tax),
    without a single right tax number among them.

    A wrong check digit speaks for nothing: registers are full of mistyped numbers.
    """
    ten = _ten_digits(patterns)
    others = patterns.get("number", 0.0) - ten + patterns.get("date", 0.0)
    return ten < _SOME and others >= _ENOUGH and not patterns.get("tax_number")


def _are_none(patterns: Mapping[str, float]) -> bool:
    """Yes and no, or addresses of pages."""
    return patterns.get("boolean", 0.0) >= _ENOUGH or patterns.get("url", 0.0) >= _ENOUGH


def _ten_digits(patterns: Mapping[str, float]) -> float:
    """The share of numbers of ten digits, or of nine where a table took the leading zero away."""
    return patterns.get("ten_digits", 0.0) + patterns.get("id_card", 0.0)


def _is_named(words: tuple[str, ...], hints: tuple[str, ...]) -> bool:
    """Whether a hint's words stand in the name, in order and side by side; short ones only as whole words."""
    for hint in hints:
        wanted = words_of(hint)
        for start in range(len(words) - len(wanted) + 1):
            if all(_same(words[start + n], word) for n, word in enumerate(wanted)):
                return True
        if len(words) == 1 and "".join(wanted) == words[0]:
            return True
    return False


def _same(word: str, hint: str) -> bool:
    """One word, or one with another ending where it is long enough to tell: «телефону», «власника»."""
    return word == hint or (len(hint) >= 6 and word.startswith(hint[:-1]) and len(word) <= len(hint) + 4)


# --- text ---


def without_personal(text: str) -> str:
    """`text` with tax numbers, telephones, e-mail addresses and full names hidden."""
    text = _TEXT_TAX_NUMBER.sub(_hide_tax_number, text)
    for pattern in (_TEXT_EMAIL, _TEXT_PHONE, _TEXT_NAME):
        text = pattern.sub(HIDDEN, text)
    return text


def without_persons(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Encoding options with the samples hidden that show a person in one of the readings.

    The same value stands at the same place in each; a wrong reading could be turned back into the right one.
    """
    lists = [list(option.get("samples", ())) for option in options]
    telling = {
        place
        for texts in lists
        for place, text in enumerate(texts)
        if without_personal(str(text)) != str(text)
    }
    return [
        {**option, "samples": [HIDDEN if place in telling else text for place, text in enumerate(texts)]}
        for option, texts in zip(options, lists, strict=True)
    ]


def tax_numbers_in(text: str) -> int:
    """How many tax numbers with a right check digit stand in the text."""
    return sum(is_tax_number(found) for found in _TEXT_TAX_NUMBER.findall(text))


def _hide_tax_number(found: re.Match[str]) -> str:
    return HIDDEN if is_tax_number(found.group()) else found.group()
