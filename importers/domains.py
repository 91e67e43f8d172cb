"""Allowed values of a field, known again in the words in which people write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from importers.detect.columns import NO, YES
from importers.letters import comparable

Value = str | int | float | bool

# Other words for the values of the standard layers' domains; titles and values need no entry.
_WORDS: dict[str, tuple[str, ...]] = {
    "communal": ("комунальна власність", "комун"), "state": ("державна власність", "держ"),
    "private": ("приватна власність", "приватна (без фоп)", "приватна (фоп)", "приват", "частная"),
    "school": ("школа", "ліцей", "гімназія", "початкова школа", "ззсо", "зош"),
    "kindergarten": ("дитячий садок", "дитсадок", "днз", "здо", "садок", "ясла-садок"),
    "fap": ("фап", "фп", "фельдшерський пункт"), "ambulatory": ("азпсм", "амбулаторія зпсм"),
    "cnap": ("центр надання адміністративних послуг", "дія центр"), "branch": ("тп", "територіальний підрозділ"),
    "remote_workplace": ("врм", "віддалене робоче місце адміністратора"),
    "storage": ("сховище цивільного захисту",), "anti_radiation": ("пру",),
    "simple": ("найпростіше", "найпростіші укриття"),
    "dual_use": ("подвійного призначення", "споруда подвійного призначення (спп)"),
    "fast_built": ("швидкоспоруджувана", "швидкоспоруджувана захисна споруда", "модульне укриття"),
    "asphalt": ("асфальт", "а/б"), "gravel": ("щебеневе", "гравій"), "ground": ("ґрунтова", "грунт", "ґрунтове"),
    "led": ("лед", "світлодіод"),
    "urban": ("місто", "в межах", "у межах"), "rural": ("за межами", "поза межами"),
    "polyethylene": ("пе", "пнд", "поліетиленовий"), "steel": ("сталева",), "cast_iron": ("чавунна",),
}  # fmt: skip
_ENDINGS = (" власність", " форма власності")
_BEGINNINGS = ("землі ",)


@dataclass(frozen=True)
class Domain:
    """`values` by the compared form of every word that means them."""

    values: Mapping[str, Value]

    @staticmethod
    @cache
    def of(entries: tuple[tuple[Value, tuple[str, ...]], ...]) -> "Domain":
        """From values and their titles. A word that would mean two values means none."""
        found: dict[str, Value] = {}
        doubtful: set[str] = set()
        for value, titles in entries:
            for word in _all_words(value, titles):
                if found.setdefault(word, value) != value:
                    doubtful.add(word)
        for value, _ in entries:  # a value itself is never in doubt
            found[comparable(str(value))] = value
            doubtful.discard(comparable(str(value)))
        return Domain({word: value for word, value in found.items() if word not in doubtful})

    def value_of(self, compared: str) -> Value | None:
        """The value that a text (in its compared form) means, None where it means none."""
        return self.values.get(compared.rstrip("."))


def _all_words(value: Value, titles: tuple[str, ...]) -> set[str]:
    words = {comparable(word) for word in (*titles, *_WORDS.get(str(value), ()))}
    if value == "yes" or value is True:
        words |= set(YES)
    if value == "no" or value is False:
        words |= set(NO)
    words |= {word.removesuffix(ending) for word in words for ending in _ENDINGS}
    words |= {word.removeprefix(beginning) for word in words for beginning in _BEGINNINGS}
    if isinstance(value, str) and value.isdigit():
        words |= {value.lstrip("0") or "0", f"{value}.0"}
    return {word for word in words if word}
