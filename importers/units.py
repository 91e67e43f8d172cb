"""Units of measure of columns: from the name, from the values, else from the magnitude of the numbers."""

import re
from collections.abc import Mapping
from typing import Any

# Unit -> (what it measures, how many of the first unit of its kind it is, how people write it).
_UNITS: dict[str, tuple[str, float, str]] = {
    "м²": ("area", 1.0, r"м2|м²|m2|m²|кв\.?\s?м\.?|м\s?/\s?кв\.?|sqm|sq m|square met\w+|м кв"),
    "га": ("area", 1e4, r"га|ha|гектар\w*|hectares?"),
    "км²": ("area", 1e6, r"км2|км²|km2|km²|кв\.?\s?км\.?|sqkm|sq km"),
    "м": ("length", 1.0, r"м|m|метр\w*|meters?|metres?|п\.?\s?м\.?"),
    "км": ("length", 1e3, r"км|km|кілометр\w*"),
    "мм": ("length", 1e-3, r"мм|mm|міліметр\w*"),
    "см": ("length", 1e-2, r"см|cm"),
    "кВ": ("voltage", 1.0, r"кв|kv"),
    "В": ("voltage", 1e-3, r"в|v|вольт"),
    "Вт": ("power", 1.0, r"вт|w|watt"),
    "кВт": ("power", 1e3, r"квт|kw"),
    "грн": ("money", 1.0, r"грн\.?|uah|гривень|гривня"),
    "тис. грн": ("money", 1e3, r"тис\.?\s?грн\.?"),
    "%": ("share", 1.0, r"%|відсот\w*|pct|percent"),
    "осіб": ("people", 1.0, r"осіб|чол\.?|ос\.?"),
}
# Area by magnitude: whole numbers with a median above 50 are square metres, not hectares; so is what no parcel
# of a community reaches in hectares.
_WHOLE_M2_ABOVE, _ANY_M2_ABOVE = 50, 1_000
_HA_BELOW = 5
_LONGEST_NUMBER = 60  # characters; the patterns below take time that grows with the square of the length


def factor(unit: str, target: str) -> float | None:
    """What a number in `unit` is multiplied by to be in `target`; None where they measure different things."""
    if unit == target:
        return 1.0
    one, other = _UNITS.get(unit), _UNITS.get(target)
    if one is None or other is None or one[0] != other[0]:
        return None
    return one[1] / other[1]


def unit_of(text: str) -> str:
    """The unit that is written like this, "" where none is: «м/кв» -> м²."""
    plain = text.strip().lower()
    for unit, (_, _, written) in _UNITS.items():
        if unit == text.strip() or re.fullmatch(written, plain):
            return unit
    return ""


def source_unit(name: str, profile: Mapping[str, Any], target: str) -> str:
    """The unit of a column that goes into a field in `target`: named, written in its values, or judged."""
    if target not in _UNITS:
        return target
    kind = _UNITS[target][0]
    said = named_unit(name, profile, kind)
    if said:
        return said
    return _area_by_magnitude(profile, target) if kind == "area" else target


def named_unit(name: str, profile: Mapping[str, Any], kind: str = "") -> str:
    """The unit that the column's name or its values say, of the kind that is wanted; "" where they say none."""
    for sample in profile.get("samples", ()):
        match = re.fullmatch(r"\s*[+-]?\d[\d\s\u00a0]*(?:[.,]\d+)?\s*([^\d\s].*)", str(sample))
        unit = unit_of(match[1]) if match else ""
        if unit and kind in ("", _UNITS[unit][0]):
            return unit
    plain = re.sub(r"[_,;()\[\]]+", " ", name.lower())
    for unit in ("км²", "м²", "га", "тис. грн", "кВт", "мм", "см", "км", "кВ", "грн", "%", "м"):
        of_kind, _, written = _UNITS[unit]
        if kind in ("", of_kind) and re.search(rf"(?:^|\s)(?:{written})(?:$|\s)", plain):
            return unit
    return ""


def _area_by_magnitude(profile: Mapping[str, Any], target: str) -> str:
    median, whole = profile.get("median"), bool(profile.get("whole"))
    if median is None:
        return target
    if target == "га" and ((median > _WHOLE_M2_ABOVE and whole) or median > _ANY_M2_ABOVE):
        return "м²"
    if target == "м²" and median < _HA_BELOW and not whole:
        return "га"
    return target


def number_in_text(text: str, target: str = "", scale: float = 1.0) -> float | None:
    """The number of a text such as “12,5 га”, “1.234,56” or “25 537 м/кв”; None where it is no number with a unit.

    A number whose unit is of the kind of `target` comes back so that times `scale` it is in `target`.
    """
    if len(text) > _LONGEST_NUMBER:
        return None
    match = re.fullmatch(r"\s*([+-]?\d[\d\s\u00a0\u202f\u2009'.,]*?)\s*([^\d\s.,'].*|%)?", text)
    if match is None:
        return None
    number = _plain_number(re.sub(r"[\s\u00a0\u202f\u2009']", "", match[1]))
    if number is None or match[2] is None:
        return number
    unit = unit_of(match[2])
    if not unit:
        return None
    to_target = factor(unit, target)
    return number if to_target is None else number * to_target / scale


def _plain_number(text: str) -> float | None:
    """A number with a decimal comma or point; the other one, and repeated ones, divide thousands."""
    decimal = max(text.rfind("."), text.rfind(","))
    separators = [letter for letter in text if letter in ".,"]
    if len(separators) == 1:
        return float(text.replace(",", "."))
    if len(set(separators)) == 1 and separators:  # 1.234.567
        return (
            float(text.replace(separators[0], ""))
            if re.fullmatch(r"[+-]?\d{1,3}([.,]\d{3})+", text)
            else None
        )
    if separators.count(text[decimal]) > 1 if separators else False:
        return None
    whole = re.sub(r"[.,]", "", text[:decimal]) if separators else text
    return float(f"{whole}.{text[decimal + 1 :]}") if separators else float(whole)
