"""What the values of a column look like: shares of known forms, extent, distinct values, and who may see them.

Runs in the sandbox, on a sample spread over the file. What is personal leaves it as shares only: no value.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importers.codes import CODES, cadastral_number, is_tax_number
from importers.letters import MIXED, words_of
from importers.personal import HIDDEN, personal_kind

SAMPLE_ROWS = 2_000
NULL_WORDS = (
    "NaN", "NA", *dict.fromkeys(
        written
        for word in (
            "null", "<null>", "(null)", "nan", "n/a", "#n/a", "н/д", "#н/д", "н.д.", "немає даних", "нема даних",
            "дані відсутні", "відсутні дані", "даних немає", "не вказано", "нет данных", "no data", "-", "--", "---",
            "–", "—", "...",
        )
        for written in (word, word.upper(), word.capitalize(), word.title())
    )
)  # fmt: skip
YES = (
    "true", "t", "yes", "y", "1", "так", "т", "є", "да", "истина", "істина", "+", "наявний", "наявна", "наявне",
    "есть", "правда", "вірно", "v", "✓", "on",
)  # fmt: skip
NO = (
    "false", "f", "no", "n", "0", "ні", "н", "немає", "нет", "ложь", "хибність", "-", "відсутній", "відсутня",
    "відсутнє", "нема", "неправда", "off",
)  # fmt: skip
_NUMBER = (
    r"^\s*[+-]?\d{1,3}([ \x{a0}\x{202f}']?\d{3})*([.,]\d+)?\s*$|^\s*[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?\s*$"
)
_UNITS = (
    r"(га|ha|м2|м²|m2|m²|кв\.?\s?м\.?|м\s?/\s?кв\.?|км2|км²|км|km|м|m|мм|см|грн\.?|осіб|шт\.?|%|кВ|Вт"
    r"|поверх(и|ів)?)"
)
_CYRILLIC_NAME = r"[А-ЯІЇЄҐ][а-яіїєґ]+(['’ʼ-][А-ЯІЇЄҐ]?[а-яіїєґ]+)*"
_INITIALS = r"[А-ЯІЇЄҐ]\.\s?[А-ЯІЇЄҐ]\."
_FORMS = {
    "katottg": r"^\s*(?i:[UУ][AА])\s?\d{17}\s*$",
    "koatuu": r"^(0[1-9]|[1-7]\d|8[05]|[157])\d{8}$",
    "koatuu_zeros": r"^(0[1-9]|[1-7]\d|8[05]|[157])\d{6}00$",
    "purpose_code": r"^\s*(0?[1-9]|1[0-9])[.,](0?[1-9]|1\d|20)\s*$",
    "purpose_padded": r"^(0[1-9]|1[0-9])\.(0[1-9]|1\d|20)(\s.*)?$",
    "edrpou": r"^\d{8}$",
    "ten_digits": r"^\d{10}$",
    "five_digits": r"\d{5}",
    "leading_zero": r"^[+-]?0\d+$",
    "postcode": r"^\d{4,5}$",
    "four_digits": r"^\d{4,}$",
    "many_digits": r"^\d{16,}$",
    "integer": r"^\s*[+-]?\d{1,18}\s*$",
    "number": _NUMBER,
    "number_comma": r"^\s*[+-]?[\d \x{a0}]+,\d+\s*$",
    "number_unit": rf"^\s*[+-]?\d[\d \x{{a0}}]*([.,]\d+)?\s*(?i:{_UNITS})\s*$",
    "date": r"^\s*(\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2}(\d{2})?)(\s*(р\.?|року))?([T ]\d{1,2}:\d{2}(:\d{2})?.*)?\s*$",  # noqa: E501
    "datetime": r"^\s*(\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4})[T ]\d{1,2}:\d{2}",
    "year": r"^\s*(1[89]|20)\d{2}\s*$",
    "phone": r"^\s*((?i:тел|моб|ф)\w*\.?:?\s*)?(\+?38)?[\s(-]*0[\s()-]*(\d[\s()-]*){9}([,;/\s]+(\+?38)?[\s(-]*0[\s()-]*(\d[\s()-]*){9})*$",  # noqa: E501
    "email": r"^\s*[\w.+-]+@[\w-]+(\.[\w-]+)+\s*$",
    "passport": r"^\s*[А-ЯІЇЄҐA-Z]{2}\s?(№|N)?\s?\d{6}\s*$",
    "id_card": r"^\d{9}$",
    "url": r"^\s*(https?://\S+|www\.\S+|[\w-]+(\.[\w-]+)*\.(ua|com|org|net|info|укр)(/\S*)?)\s*$",
    "uuid": r"^\{?[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?$",
    "person": rf"^\s*((?i:фоп|гр\.?|громадян(ин|ка))\s+)?({_CYRILLIC_NAME}\s+{_CYRILLIC_NAME}\s+[А-ЯІЇЄҐ][а-яіїєґ'’ʼ]*(вич|вна|ич|чна|овна|оглы|огли|кизи)|[А-ЯІЇЄҐ'’ʼ-]+\s+[А-ЯІЇЄҐ'’ʼ]+\s+[А-ЯІЇЄҐ'’ʼ]+(ВИЧ|ВНА|ІЧНА))\s*$",  # noqa: E501
    "person_short": rf"^\s*({_CYRILLIC_NAME}\s+{_INITIALS}|{_INITIALS}\s?{_CYRILLIC_NAME})\s*$",
    "person_words": rf"^\s*{_CYRILLIC_NAME}\s+{_CYRILLIC_NAME}(\s+{_CYRILLIC_NAME})?\s*$",
    "degrees": r"^-?\d{1,3}[.,]\d{2,}$",
    "lookalikes": MIXED,
}
_LOOSE_CADASTRAL = r"^\s*\d{9,10}[\s:.\-–_/]*\d{1,2}[\s:.\-–_/]*\d{1,3}[\s:.\-–_/]*\d{1,4}\s*$"
_NEEDS_DIGIT = frozenset(
    ("katottg", "koatuu", "koatuu_zeros", "purpose_code", "purpose_padded", "edrpou", "ten_digits", "five_digits",
     "leading_zero", "postcode", "four_digits", "many_digits", "integer", "number", "number_comma", "number_unit",
     "date", "datetime", "year", "phone", "passport", "id_card", "degrees", "uuid")
)  # fmt: skip
_NEEDS_CYRILLIC = frozenset(("person", "person_short", "person_words", "lookalikes"))


def _words(*names: str) -> frozenset[str]:
    return frozenset(word for name in names for word in words_of(name))


# Names of what is written in digits and counts nothing; those that say so of a text alone, as “code” does of what a
# program numbered, and those that may as well be a measure.
_CODE_NAMES = _words(
    "zip", "postcode", "postal", "поштовий", "едрпоу", "єдрпоу", "edrpou", "окпо", "коатуу", "koatuu", "катоттг",
    "katottg", "кадастровий", "cadnum", "kadnum", "телефон", "phone", "tel", "моб", "факс", "fax", "рахунок", "account",
    "iban", "мфо", "паспорт", "passport", "рнокпп", "rnokpp",
)  # fmt: skip
_CODE_NAMES_OF_TEXT = _CODE_NAMES | _words("код", "code", "kod", "інвентарний", "шифр")
_INDEX_NAMES = _words("індекс", "index")
_CODES = ("cad_num", "phone", "tax_number")
_LOOKED_AT_LENGTH = 400
_LISTED_VALUES, _SAMPLES, _SAMPLE_LENGTH = 20, 3, 60


def profile(column: pa.Array, name: str, declared: str) -> dict[str, Any]:
    """The column's profile, plain JSON: `rows` looked at; `filled` share of them; `distinct` number; `unique`;
    `words_for_nothing` share ("null", "-"); `patterns` share of the filled values by form, those above zero;
    `type` the narrowest type all fit; `personal` a key of importers.personal.KINDS or ""; and, where they
    are not personal, `min`, `max`, `median` of numbers, `longest` text, `values` [[value, count]] where they
    are few, `samples`.
    """
    text = pc.utf8_slice_codeunits(_as_text(column), 0, _LOOKED_AT_LENGTH)
    nothing = pc.is_in(text, value_set=pa.array(NULL_WORDS))
    counted = pc.value_counts(pc.drop_null(pc.if_else(nothing, None, text)))
    values, counts = counted.field("values"), counted.field("counts").to_numpy(zero_copy_only=False)
    filled, rows = int(counts.sum()), max(len(column), 1)
    patterns = _shares(values, counts, filled)
    personal = personal_kind(name, patterns, filled / rows)
    found: dict[str, Any] = {
        "rows": len(column),
        "filled": round(filled / rows, 4),
        "words_for_nothing": round((pc.sum(nothing).as_py() or 0) / rows, 4),
        "distinct": len(values),
        "unique": filled > 1 and len(values) == filled,
        "patterns": patterns,
        "type": _type(name, declared, patterns, filled, is_text=pa.types.is_string(column.type)),
        "personal": personal,
    }
    if personal:
        return {**found, "samples": [HIDDEN] * min(_SAMPLES, len(values))}
    return {**found, **_extent(values, counts, found["type"]), **_listed(values, counts)}


def hidden_samples(samples: list[dict[str, Any]], personal: frozenset[str]) -> list[dict[str, Any]]:
    """Sample rows with the values of personal columns hidden."""
    return [
        {key: HIDDEN if key in personal and value is not None else value for key, value in row.items()}
        for row in samples
    ]


def _as_text(column: pa.Array) -> pa.StringArray:
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_floating(kind):
        text = pc.replace_substring_regex(column.cast(pa.string()), r"\.0$", "")
        return pc.if_else(pc.is_finite(column), text, None)
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(pc.binary_length(text), 0), None, text)


# --- shares ---


def _shares(values: pa.StringArray, counts: np.ndarray, filled: int) -> dict[str, float]:
    if not filled:
        return {}
    joined = "".join(values.to_pylist())
    has_digit = any(digit in joined for digit in "0123456789")
    has_cyrillic = not joined.isascii()
    masks: dict[str, np.ndarray] = {}
    for form, pattern in _FORMS.items():
        if (form in _NEEDS_DIGIT and not has_digit) or (form in _NEEDS_CYRILLIC and not has_cyrillic):
            continue
        masks[form] = _mask(pc.match_substring_regex(values, pattern))
    if has_digit:
        masks["cad_num"] = _narrowed(
            values, pc.match_substring_regex(values, _LOOSE_CADASTRAL), _is_cadastral
        )
        masks["cad_num_exact"] = _mask(pc.match_substring_regex(values, f"^{CODES['cad_num'].form}$"))
        masks["tax_number"] = _narrowed(values, pa.array(masks["ten_digits"]), is_tax_number)
        masks |= _degrees(values, masks.pop("degrees"))
    masks["boolean"] = _mask(pc.is_in(pc.utf8_lower(values), value_set=pa.array(YES + NO)))
    shares = {form: round(float(counts[mask].sum()) / filled, 4) for form, mask in masks.items()}
    return {form: share for form, share in shares.items() if share}


def _mask(found: pa.BooleanArray) -> np.ndarray:
    mask: np.ndarray = found.to_numpy(zero_copy_only=False)
    return mask


def _narrowed(values: pa.StringArray, found: pa.BooleanArray, is_one: Callable[[str], bool]) -> np.ndarray:
    mask = _mask(found).copy()
    for place in np.flatnonzero(mask):
        mask[place] = is_one(values[int(place)].as_py())
    return mask


def _is_cadastral(text: str) -> bool:
    return cadastral_number(text) is not None


def _degrees(values: pa.StringArray, mask: np.ndarray) -> dict[str, np.ndarray]:
    """Which values may be a longitude or a latitude in Ukraine."""
    numbers = np.full(len(values), np.nan)
    texts = values.take(pa.array(np.flatnonzero(mask))).to_pylist()
    numbers[mask] = [float(text.replace(",", ".")) for text in texts]
    with np.errstate(invalid="ignore"):
        return {"lon": (numbers >= 22) & (numbers <= 40.3), "lat": (numbers >= 44.2) & (numbers <= 52.4)}


# --- type, extent, values ---


def _type(name: str, declared: str, patterns: dict[str, float], filled: int, *, is_text: bool) -> str:
    """The type all values fit; text that only looks like a number (leading zeros, long codes) stays text.

    `is_text`: the values are written as text, so that `declared` is what the table's reader made of their looks.
    """
    if not filled:
        return declared
    if _are_codes(words_of(name), declared, patterns, is_text=is_text):
        return "string" if declared in ("integer", "number") else declared
    if declared not in ("string", "text"):
        return declared
    if patterns.get("number", 0.0) == 1.0 and not patterns.get("leading_zero"):
        if patterns.get("purpose_padded", 0.0) == 1.0:
            return declared
        return "integer" if patterns.get("integer", 0.0) == 1.0 else "number"
    if patterns.get("number", 0.0) + patterns.get("number_unit", 0.0) >= 0.999 and patterns.get(
        "number_unit"
    ):
        return declared if patterns.get("leading_zero") else "number"
    if patterns.get("date", 0.0) == 1.0:
        return "datetime" if patterns.get("datetime", 0.0) == 1.0 else "date"
    return "boolean" if patterns.get("boolean", 0.0) == 1.0 else declared


def _are_codes(words: tuple[str, ...], declared: str, patterns: dict[str, float], *, is_text: bool) -> bool:
    """Whether digits are the letters of a code: a postcode, an EDRPOU, an account, a telephone."""
    if not _INDEX_NAMES.isdisjoint(words) and (declared == "string" or patterns.get("postcode", 0.0) == 1.0):
        return True
    if not is_text:  # a program kept numbers, most of which count something
        return not _CODE_NAMES.isdisjoint(words) and patterns.get("four_digits", 0.0) == 1.0
    if not _CODE_NAMES_OF_TEXT.isdisjoint(words) or patterns.get("many_digits"):
        return True
    forms = (*_CODES, "koatuu_zeros") if declared == "string" else _CODES  # round sums look like KOATUU
    return any(patterns.get(form, 0.0) >= 0.5 for form in forms)


def _extent(values: pa.StringArray, counts: np.ndarray, kind: str) -> dict[str, Any]:
    if not len(values):
        return {}
    found: dict[str, Any] = {"longest": int(pc.max(pc.utf8_length(values)).as_py())}
    if kind in ("integer", "number"):
        plain = pc.replace_substring(pc.replace_substring_regex(values, r"[^\d.,eE+-]", ""), ",", ".")
        good = pc.match_substring_regex(plain, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        numbers = _mask(pc.if_else(good, plain, None).cast(pa.float64()))
        known = ~np.isnan(numbers)
        if known.any():
            repeated = np.repeat(numbers[known], counts[known])
            found |= {
                "min": float(repeated.min()),
                "max": float(repeated.max()),
                "median": float(np.median(repeated)),
            }
            found["whole"] = bool((repeated == np.floor(repeated)).all())
    elif kind in ("date", "datetime"):
        found |= {"min": pc.min(values).as_py(), "max": pc.max(values).as_py()}
    return found


def _listed(values: pa.StringArray, counts: np.ndarray) -> dict[str, Any]:
    order = np.argsort(-counts, kind="stable")
    samples = [values[int(place)].as_py()[:_SAMPLE_LENGTH] for place in order[:_SAMPLES]]
    if len(values) > _LISTED_VALUES:
        return {"samples": samples}
    listed = [[values[int(place)].as_py()[:_SAMPLE_LENGTH], int(counts[place])] for place in order]
    return {"samples": samples, "values": listed}
