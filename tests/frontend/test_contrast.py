"""The colours of the design system, measured by WCAG 2.1 in both schemes, from the tokens themselves."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "frontend" / "src" / "styles" / "tokens.css"

TEXT = [
    (ink, paper)
    for ink in ("ink", "ink-soft", "link", "link-hover")
    for paper in ("paper", "surface", "sunken", "brand-soft")
] + [
    ("on-brand", "brand"),
    ("on-brand-soft", "brand"),
    ("on-brand", "brand-deep"),
    ("on-brand-soft", "brand-deep"),
    ("ink", "selection"),
    ("ink", "good-soft"),
    ("ink", "warn-soft"),
    ("ink", "bad-soft"),
    ("ink", "info-soft"),
    ("good", "good-soft"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
    ("info", "info-soft"),
    ("bad", "surface"),
]
EDGES = [
    ("line-strong", "surface"),
    ("line-strong", "paper"),
    ("focus", "paper"),
    ("focus", "surface"),
    ("focus-on-brand", "brand"),
    ("focus-on-brand", "brand-deep"),
    ("wheat", "brand"),
    ("bad", "surface"),
]


def schemes() -> dict[str, dict[str, str]]:
    """Colour tokens of the light and of the dark scheme."""
    text = TOKENS.read_text(encoding="utf-8")
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    colours = re.compile(r"--hm-([a-z-]+): (#[0-9a-f]{6});")
    day = dict(colours.findall(light))
    return {"light": day, "dark": {**day, **dict(colours.findall(dark.split("@media")[0]))}}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), TEXT)
def test_text_is_readable(scheme: str, ink: str, paper: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[ink], colours[paper]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "paper"), EDGES)
def test_borders_of_controls_and_the_focus_are_seen(scheme: str, edge: str, paper: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[edge], colours[paper]) >= 3
