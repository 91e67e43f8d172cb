"""Ukrainian in Latin letters by the official table: Cabinet resolution No. 55 of 27.01.2010."""

import re

_TABLE = {
    "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z",
    "и": "y", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p",
    "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
    "щ": "shch", "ь": "", "ю": "iu", "я": "ia",
    # Not in the table, because not Ukrainian, but met in column names.
    "ё": "io", "ъ": "", "ы": "y", "э": "e",
}  # fmt: skip
_AT_WORD_START = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_LETTER = "[А-Яа-яІіЇїЄєҐґЁё]"
_APOSTROPHE = re.compile(rf"(?<={_LETTER})['’ʼ`´‘′](?={_LETTER})")
_TOKEN = re.compile(rf"[Зз][Гг]|{_LETTER}")


def transliterate(text: str) -> str:
    """`text` with its Ukrainian letters in Latin; everything else stays. “Кам’янець” → “Kamianets”.

    Soft signs and apostrophes inside words are left out; є, ї, й, ю, я are ye, yi, y, yu, ya only at
    the start of a word (a hyphen starts one); зг is zgh.
    """
    joined = _APOSTROPHE.sub("", text)
    return _TOKEN.sub(lambda found: _latin(joined, found), joined)


def _latin(text: str, found: re.Match[str]) -> str:
    token = found.group()
    small = token.lower()
    if small == "зг":
        latin = "zgh"
    else:
        begins = found.start() == 0 or not re.match(_LETTER, text[found.start() - 1])
        latin = _AT_WORD_START.get(small, _TABLE[small]) if begins else _TABLE[small]
    if not token[0].isupper():
        return latin
    return latin.upper() if _in_capitals(text, found) else latin.capitalize()


def _in_capitals(text: str, found: re.Match[str]) -> bool:
    """Whether the capital stands in a word of capitals: so does a neighbour."""
    beside = text[found.start() - 1 : found.start()] + text[found.end() : found.end() + 1]
    return (len(found.group()) > 1 and found.group().isupper()) or any(item.isupper() for item in beside)
