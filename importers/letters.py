"""Letters as people mix them: Latin ones inside Cyrillic words, apostrophes, and how names are compared.

Values are stored as they came (or as a person chose to correct them); what is unified here serves comparison.
"""

import re
import unicodedata

from gis_core.transliteration import transliterate

_LATIN = "aceiopxyABCEHIKMOPTXYïÏ"
_CYRILLIC = "асеіорхуАВСЕНІКМОРТХУїЇ"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ`´‘′", "'"))
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`´‘′][^\W\d_]+)*")
_IS_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_IS_LATIN = re.compile(r"[A-Za-zïÏ]")
# As RE2 reads it: a Latin letter beside a Cyrillic one, an apostrophe between them or not.
MIXED = r"\p{Cyrillic}['’ʼ]?[A-Za-zïÏ]|[A-Za-zïÏ]['’ʼ]?\p{Cyrillic}"
# Ways in which people write one sound in Latin letters, brought to one; in this order.
_SPELLINGS = (
    ("shch", "sh"), ("sch", "sh"), ("sc", "sh"), ("kh", "h"), ("ck", "k"), ("ts", "c"), ("tz", "c"),
    ("zh", "z"), ("ya", "ia"), ("ja", "ia"), ("yu", "iu"), ("ju", "iu"), ("ye", "ie"), ("je", "ie"),
    ("yi", "i"), ("ji", "i"), ("y", "i"), ("j", "i"), ("g", "h"), ("w", "v"), ("x", "h"), ("q", "k"),
)  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-zа-яіїєґ0-9])(?=[A-ZА-ЯІЇЄҐ])")


def without_lookalikes(text: str) -> str:
    """`text` with the letters of the other alphabet put right in words that mix Latin and Cyrillic.

    A word changes only where every foreign letter of it looks like one of its own; others stay.
    """
    return _WORD.sub(lambda found: _one_alphabet(found.group()), text)


def _one_alphabet(word: str) -> str:
    cyrillic, latin = len(_IS_CYRILLIC.findall(word)), len(_IS_LATIN.findall(word))
    if not cyrillic or not latin:
        return word
    in_cyrillic, in_latin = word.translate(_TO_CYRILLIC), word.translate(_TO_LATIN)
    candidates = [
        candidate
        for candidate, foreign in ((in_cyrillic, _IS_LATIN), (in_latin, _IS_CYRILLIC))
        if not foreign.search(candidate)
    ]
    if len(candidates) == 2 and latin > cyrillic:
        return in_latin
    return candidates[0] if candidates else word


def comparable(text: str) -> str:
    """The text as it is compared: NFC, small letters, one apostrophe, one space, no look-alikes."""
    plain = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    return " ".join(without_lookalikes(plain).casefold().split())


def plain_words_of(name: str) -> frozenset[str]:
    """The words of a column's name as they are written, in small letters: «INN_VLASN» -> {inn, vlasn}.

    For short words, of which `words_of` would make others: «ИНН» and «in» are one there.
    """
    plain = without_lookalikes(_CAMEL.sub(" ", unicodedata.normalize("NFC", name)))
    return frozenset(word.casefold() for word in re.findall(r"[^\W\d_]+", plain))


def words_of(name: str) -> tuple[str, ...]:
    """The words of a column's name in folded Latin letters: «Кадастровий №», CadNum -> (kadastrovii, nomer).

    Writings of one sound fall together (ploshcha, plosha, ploscha), so the result is for comparison only.
    """
    plain = unicodedata.normalize("NFC", name).translate(_APOSTROPHES).replace("№", " номер ")
    latin = transliterate(without_lookalikes(_CAMEL.sub(" ", plain))).lower().replace("'", "")
    return tuple(_folded(word) for word in re.findall(r"[a-z0-9]+", latin))


def folded(name: str) -> str:
    """The name's words run together, for comparison."""
    return "".join(words_of(name))


def _folded(word: str) -> str:
    for written, one in _SPELLINGS:
        word = word.replace(written, one)
    return re.sub(r"([a-z])\1+", r"\1", word)
