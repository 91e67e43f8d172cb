"""Whether a style can be read by everyone: contrast with the map beneath, and colours for those who see fewer of them.

Contrast: WCAG 2.1, 1.4.11, at least 3:1. Colour vision: Machado, Oliveira and Fernandes, A physiologically-based model
for simulation of color vision deficiency (IEEE TVCG 15, 2009), severity 1.0; distance in CIELAB (CIE 1976, D65).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from layers.styles.recipe import Recipe, Symbol, largest

BACKGROUND = "#f6f5f1"
"""The paper of the map."""
LEAST_CONTRAST = 3.0
LEAST_DISTANCE = 10.0
"""ΔE*ab below which two colours beside each other on a map are easily taken for one; 2.3 is just visible."""

RGB = tuple[float, float, float]

_SIMULATIONS: dict[str, tuple[RGB, RGB, RGB]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Faint:
    """A class that stands out from the map too little: its place among `all_classes`, and the contrast it has."""

    place: int
    contrast: float


@dataclass(frozen=True)
class Alike:
    """Two classes that look the same to those with `vision` (normal, protan, deutan, tritan)."""

    first: int
    second: int
    vision: str
    distance: float


def faint_classes(recipe: Recipe, background: str = BACKGROUND) -> list[Faint]:
    """Classes of which neither inside, outline nor pattern has a contrast of 3:1 with the background."""
    found = []
    for place, item in enumerate(recipe.all_classes):
        best = max((contrast(ink, background) for ink in _inks(recipe, item.symbol, background)), default=1.0)
        if best < LEAST_CONTRAST:
            found.append(Faint(place, math.floor(best * 100) / 100))
    return found


def alike_classes(recipe: Recipe, background: str = BACKGROUND) -> list[Alike]:
    """Pairs of classes that nothing but colour tells apart, and colour not for everyone; the first sense each."""
    found = []
    for (first, one), (second, other) in combinations(enumerate(recipe.all_classes), 2):
        sense = taken_for_one(recipe, one.symbol, other.symbol, background)
        if sense is not None:
            found.append(Alike(first, second, *sense))
    return found


def taken_for_one(
    recipe: Recipe, one: Symbol, other: Symbol, background: str = BACKGROUND
) -> tuple[str, float] | None:
    """The first kind of vision for which nothing tells two symbols apart, and the distance of their colours."""
    if _second_cue(recipe, one) != _second_cue(recipe, other):
        return None
    for vision in _SIMULATIONS:
        distance = _apart(recipe, one, other, vision, background)
        if distance < LEAST_DISTANCE:
            return vision, round(distance, 1)
    return None


def _second_cue(recipe: Recipe, symbol: Symbol) -> tuple[object, ...]:
    """What tells a class from another besides colour."""
    if recipe.geometry == "line":
        return symbol.stroke.dash, largest(symbol.stroke.width)
    if recipe.geometry == "point":
        return symbol.fill is None, 0 if recipe.size else largest(symbol.radius)
    return symbol.pattern, symbol.fill is None, symbol.stroke.dash


def _inks(recipe: Recipe, symbol: Symbol, background: str) -> Iterator[str]:
    faded = symbol.opacity if recipe.geometry == "line" else 1.0
    if largest(symbol.stroke.width) > 0 or symbol.pattern:
        yield blended(symbol.stroke.color, background, faded)
    if recipe.casing and recipe.geometry == "line":
        yield recipe.casing.color
    if recipe.geometry != "line" and symbol.fill:
        yield blended(symbol.fill, background, symbol.opacity)


def _apart(recipe: Recipe, one: Symbol, other: Symbol, vision: str, background: str) -> float:
    """The largest distance between the same parts of two symbols."""
    pairs = []
    if recipe.geometry != "line" and one.fill and other.fill:
        pairs.append(
            (blended(one.fill, background, one.opacity), blended(other.fill, background, other.opacity))
        )
    if largest(one.stroke.width) > 0 and largest(other.stroke.width) > 0:
        pairs.append((one.stroke.color, other.stroke.color))
    return max((distance(first, second, vision) for first, second in pairs), default=0.0)


def contrast(one: str, other: str) -> float:
    """Ratio of the relative luminances of two colours, 1 to 21 (WCAG 2.1)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    red, green, blue = _linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def blended(color: str, background: str, opacity: float) -> str:
    """The colour that is seen where `color` lies on `background`."""
    mixed = (
        round(over * opacity + under * (1 - opacity))
        for over, under in zip(_bytes(color), _bytes(background), strict=True)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)


def distance(one: str, other: str, vision: str = "normal") -> float:
    """ΔE*ab of two colours as people with `vision` see them."""
    return math.dist(_lab_seen(one, vision), _lab_seen(other, vision))


@lru_cache(maxsize=4096)
def _lab_seen(color: str, vision: str) -> RGB:
    return _lab(_seen(_linear(color), vision))


def _bytes(color: str) -> tuple[int, int, int]:
    digits = color[1:] if len(color) == 7 else "".join(letter * 2 for letter in color[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _linear(color: str) -> RGB:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (byte / 255 for byte in _bytes(color))
    )
    return red, green, blue


def _seen(rgb: RGB, vision: str) -> RGB:
    red, green, blue = (
        min(max(sum(share * part for share, part in zip(row, rgb, strict=True)), 0.0), 1.0)
        for row in _SIMULATIONS[vision]
    )
    return red, green, blue


def _lab(rgb: RGB) -> RGB:
    red, green, blue = rgb
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (
        part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116 for part in (x, y, z)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)
