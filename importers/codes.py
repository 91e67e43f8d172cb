"""Codes of the state's registers: their form, and how the ways in which people write them come to it.

Forms: cadastral number (CMU resolution 749/2010; exchange file XSD), KATOTTG (order of Minregion No. 290 of
26.11.2020), KOATUU (ДК 014-97), purpose of land КВЦПЗ (CMU resolution 821 of 28.07.2021), EDRPOU, tax number.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_SEPARATORS = re.compile(r"[\s\u00a0:;.,\-–—_/\\]+")
_OBLASTS_WITH_ZERO = "157"  # 01, 05, 07: tables take the zero away
_CYRILLIC_CODE = str.maketrans("АаВСЕНКМОРТХ", "AaBCEHKMOPTX")
# How many codes each section of the classifier of purposes has; sections 16 to 19 are those of 2010.
_PURPOSES = dict(zip(range(1, 16), (19, 12, 20, 11, 2, 5, 9, 5, 5, 16, 8, 13, 6, 4, 11), strict=True))
_LONGEST = 100  # characters; no way of writing a code is longer
_LEGACY_SECTIONS = range(16, 20)
_PURPOSE_FORM = "|".join(
    rf"{section:02d}\.(?:{'|'.join(f'{number:02d}' for number in range(1, most + 1))})"
    for section, most in (*_PURPOSES.items(), *((section, 19) for section in _LEGACY_SECTIONS))
)


@dataclass(frozen=True)
class Code:
    """A kind of code: its form (for RE2 and `re` alike) and what brings a text to it, None where nothing does."""

    form: str
    normalised: Callable[[str], str | None]


def cadastral_number(text: str) -> str | None:
    """`0510600000:01:001:0001` of the ways it is written: bare digits, spaces, dots, dashes, a lost zero."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    parts = re.split(r"\s*[:;]\s*", text)
    if len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts):
        head = parts[0].zfill(10) if len(parts[0]) == 9 and parts[0][0] in _OBLASTS_WITH_ZERO else parts[0]
        found = (head, parts[1].zfill(2), parts[2].zfill(3), parts[3].zfill(4))
        return ":".join(found) if tuple(map(len, found)) == (10, 2, 3, 4) else None
    digits = _SEPARATORS.sub("", text)
    if not digits.isascii() or not digits.isdigit():
        return None
    if len(digits) == 18 and digits[0] in _OBLASTS_WITH_ZERO:
        digits = f"0{digits}"
    if len(digits) != 19:
        return None
    return f"{digits[:10]}:{digits[10:12]}:{digits[12:15]}:{digits[15:]}"


def katottg(text: str) -> str | None:
    """`UA` and 17 digits; small or Cyrillic letters and spaces are put right."""
    plain = _SEPARATORS.sub("", text).translate(_CYRILLIC_CODE).upper()
    if re.fullmatch(r"\d{17}", plain, re.ASCII):
        plain = f"UA{plain}"
    return plain if re.fullmatch(r"UA\d{17}", plain, re.ASCII) else None


def koatuu(text: str) -> str | None:
    """10 digits; a lost leading zero is put back."""
    plain = _SEPARATORS.sub("", re.sub(r"\.0+$", "", text.strip()))
    if re.fullmatch(rf"[{_OBLASTS_WITH_ZERO}]\d{{8}}", plain, re.ASCII):
        plain = f"0{plain}"
    return plain if re.fullmatch(r"\d{10}", plain, re.ASCII) else None


def purpose_code(text: str) -> str | None:
    """`02.01`, from "2.1", "02,01" or a code with its title; None where the classifier has no such code."""
    match = re.match(r"\s*(\d{1,2})\s*[.,]\s*(\d{1,2})\.?(?:\s|$)", text, re.ASCII)
    if not match:
        return None
    section, number = int(match[1]), int(match[2])
    known = 1 <= number <= _PURPOSES.get(section, 0) or (section in _LEGACY_SECTIONS and number < 20)
    return f"{section:02d}.{number:02d}" if known else None


def edrpou(text: str) -> str | None:
    """8 digits; up to two lost leading zeros are put back."""
    plain = _SEPARATORS.sub("", re.sub(r"\.0+$", "", text.strip()))
    return plain.zfill(8) if re.fullmatch(r"\d{6,8}", plain, re.ASCII) else None


CODES: dict[str, Code] = {
    "cad_num": Code(r"\d{10}:\d{2}:\d{3}:\d{4}", cadastral_number),
    "katottg": Code(r"UA\d{17}", katottg),
    "koatuu": Code(r"\d{10}", koatuu),
    "purpose_code": Code(_PURPOSE_FORM, purpose_code),
    "edrpou": Code(r"\d{8}", edrpou),
}


def is_tax_number(text: str) -> bool:
    """Whether 10 digits are a registration number of a taxpayer (РНОКПП): its tenth is a check digit.

    The sum of the digits times -1, 5, 7, 9, 4, 6, 10, 5, 7, modulo 11, modulo 10. The first five count the days
    from 31.12.1899 to the day of birth, so a fifth ten thousand of them begins in 2036.
    """
    if len(text) != 10 or not text.isascii() or not text.isdigit() or text == "0000000000" or text[0] > "4":
        return False
    weights = (-1, 5, 7, 9, 4, 6, 10, 5, 7)
    total = sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))
    return total % 11 % 10 == int(text[9])
