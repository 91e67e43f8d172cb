"""Counts how often one letter follows another in Ukrainian and Russian, and prints `letter_statistics.py`.

    python -m importers.detect.count_letters > importers/detect/letter_statistics.py

The text counted is our own Ukrainian translation and street names, and the translations that Django and the
other installed packages bring. Each figure is -2 log2 of the share of the second letter after the first
(with half an occurrence added to every pair), as one digit of base 36.
"""

import gettext
import math
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import django

from importers.demo.names import NAMES

ALPHABET = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяёъыэ"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ROOT = Path(__file__).resolve().parents[2]
_HEADER = '''"""What one letter costs after another, in half bits: a row for the first, a digit (base 36) for the next.

Row and column 0 are everything that is no Cyrillic letter, the others the letters of ALPHABET. Made by
`importers.detect.count_letters`, which says from what text; do not change by hand.
"""

ALPHABET = "{alphabet}"
'''


def main() -> None:
    """Print the module."""
    out = [_HEADER.format(alphabet=ALPHABET)]
    for name, text in (("UKRAINIAN", _ukrainian()), ("RUSSIAN", _translations("ru"))):
        rows = "\n".join(f'    "{row}",' for row in table(text))
        out.append(f"{name} = (\n{rows}\n)")
    sys.stdout.write("\n".join(out) + "\n")


def table(text: str) -> list[str]:
    """A row of digits for the boundary and for each letter of ALPHABET."""
    places = {letter: place for place, letter in enumerate(ALPHABET, 1)}
    classes = [0, *(places.get(letter, 0) for letter in text.lower()), 0]
    pairs = Counter(pairwise(classes))
    size = len(ALPHABET) + 1
    rows = []
    for first in range(size):
        counts = [pairs[first, second] + 0.5 for second in range(size)]
        costs = [round(-2 * math.log2(count / sum(counts))) for count in counts]
        rows.append("".join(DIGITS[min(cost, 35)] for cost in costs))
    return rows


def _ukrainian() -> str:
    own = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(_ROOT.glob("*/locale/uk/LC_MESSAGES/django.po"))
    )
    return f"{_translations('uk')}\n{own}\n{NAMES}"


def _translations(language: str) -> str:
    """All translations into a language that installed packages bring."""
    packages = Path(django.__file__).resolve().parents[1]
    found = []
    for path in sorted(packages.glob(f"**/locale/{language}/LC_MESSAGES/*.mo")):
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        found += [str(text) for key, text in catalogue.items() if key]
    return "\n".join(found)


if __name__ == "__main__":
    main()
