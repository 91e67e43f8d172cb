"""Dates and times as people write them."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DATES = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%d/%m/%Y",
    "%Y%m%d",
    "%d-%m-%Y",
    "%d.%m.%y",
    "%Y.%m.%d",
    "%d/%m/%y",
)
_DATETIMES = (
    "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M",
)  # fmt: skip
_MONTHS = {
    beginning: number
    for language in (
        "січ лют бер кві тра чер лип сер вер жов лис гру", "янв фев мар апр мая июн июл авг сен окт ноя дек",
        "jan feb mar apr may jun jul aug sep oct nov dec",
    )
    for number, beginning in enumerate(language.split(), 1)
}  # fmt: skip
_IN_WORDS = re.compile(r"[«\"]?(\d{1,2})[»\"]?\s+([^\W\d]{3,10})\.?\s+(\d{4})")
_YEAR_WORD = re.compile(r"\s*(року|рік|р|г|года)\.?$", re.IGNORECASE)
_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$")
_LONGEST = 60  # characters; no date is longer, and patterns take their time over what is
_DAY_ONE = date(1899, 12, 30)  # of Excel's serial dates; right from 1 March 1900 on
# As RE2 reads it: a year alone, a serial number, milliseconds since 1970.
GUESSED = r"^\s*((1[6-9]|20|21)\d{2}\s*(р\.?|року|рік)?|[2-7]\d{4}([.,]\d+)?|\d{12,13})\s*$"


@lru_cache(maxsize=65_536)
def a_date(text: str) -> date | None:
    """The date that a text is: ISO, 31.03.2024, 31 березня 2024 р., a year (its first day), a serial number of a
    spreadsheet, milliseconds since 1970. None where it is none."""
    if len(text) > _LONGEST:
        return None
    plain = _TIME.sub("", _YEAR_WORD.sub("", text.strip())).strip()
    found = next((moment for form in _DATES if (moment := _strptime(plain, form))), None)
    if found is not None:
        return found.date()
    return _of_number(plain) if plain[:1].isdigit() and plain.replace(".", "").isdigit() else _of_words(plain)


def _of_number(plain: str) -> date | None:
    if re.fullmatch(r"(1[6-9]|20|21)\d{2}", plain, re.ASCII):
        return date(int(plain), 1, 1)
    if re.fullmatch(r"[2-7]\d{4}(\.\d+)?", plain, re.ASCII):
        return _DAY_ONE + timedelta(days=int(float(plain)))
    if re.fullmatch(r"\d{12,13}", plain, re.ASCII):
        return (datetime(1970, 1, 1) + timedelta(milliseconds=int(plain))).date()
    return None


def _of_words(plain: str) -> date | None:
    match = _IN_WORDS.fullmatch(plain)
    month = _MONTHS.get(match[2][:3].lower()) if match else None
    if match is None or month is None:
        return None
    try:
        return date(int(match[3]), month, int(match[1]))
    except ValueError:
        return None


@lru_cache(maxsize=65_536)
def a_datetime(text: str) -> str | None:
    """ISO text; a time without zone is Kyiv's."""
    if len(text) > _LONGEST:
        return None
    try:
        found: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        found = next((moment for form in (*_DATETIMES, *_DATES) if (moment := _strptime(text, form))), None)
    if found is None:
        day = a_date(text) if not _TIME.search(text) else None
        found = datetime(day.year, day.month, day.day) if day else None
    if found is None or abs(found.utcoffset() or timedelta()) >= timedelta(hours=16):
        return None  # PostgreSQL reads no such offset, and one value would break every query of the field
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo("Europe/Kyiv"))).isoformat()


def _strptime(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None
