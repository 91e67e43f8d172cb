"""Which row of a table holds the names of its columns: above it people put titles, orders and signatures."""

import re
from collections import Counter
from collections.abc import Sequence

LOOK_AT = 40
_LONGEST_NAME = 200
_NUMBER = re.compile(r"[+-]?[\d\s]*[.,]?\d+%?|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}.*")
_CODE = re.compile(r"UA\d{17}|\d{10}:\d{2}:\d{3}:\d{4}")


def header_place(rows: Sequence[Sequence[str]]) -> int:
    """Index of the row of names among the first rows of a table; 0 where nothing speaks for another.

    It is the first row with about as many cells as most rows have, of which at least half are words.
    """
    looked = rows[:LOOK_AT]
    widths = Counter(len(_filled(row)) for row in looked)
    usual = max((width for width, times in widths.items() if times > 1), default=0) or max(widths, default=0)
    for place, row in enumerate(looked):
        filled = _filled(row)
        if len(filled) >= max(2, 0.7 * usual) and _are_names(filled):
            below = looked[place + 1] if place + 1 < len(looked) else []
            return place + 1 if _names_more(filled, _filled(below)) else place
    return next((place for place, row in enumerate(looked) if _filled(row)), 0)


def _filled(row: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in row if cell.strip()]


def _are_names(cells: list[str]) -> bool:
    """Words rather than values: a year may be a name, a date or a code is none."""
    words = [cell for cell in cells if not _NUMBER.fullmatch(cell) and not _CODE.fullmatch(cell)]
    short = all(len(cell) <= _LONGEST_NAME for cell in cells)
    several = len(set(cells)) >= max(2, len(cells) / 2)  # a title over merged cells repeats itself
    return short and several and 2 * len(words) >= len(cells)


def _names_more(upper: list[str], lower: list[str]) -> bool:
    """Whether the row below is the lower storey of the header: the upper one repeats words, it does not."""
    repeats = len(set(upper)) < len(upper)
    words = [cell for cell in lower if not _NUMBER.fullmatch(cell) and not _CODE.fullmatch(cell)]
    return repeats and len(words) == len(set(lower)) == len(lower) >= len(upper)


def is_numbering(row: Sequence[str]) -> bool:
    """A row `1 2 3 4 …` below the header, as official forms have it."""
    filled = _filled(row)
    return len(filled) > 2 and filled == [str(number) for number in range(1, len(filled) + 1)]


def column_names(row: Sequence[str]) -> list[str]:
    """The names of the columns: on one line, and never empty."""
    return [" ".join(cell.split())[:_LONGEST_NAME] or f"column {place}" for place, cell in enumerate(row, 1)]
