"""What the set-up says on the terminal: Ukrainian where the locale asks for it, English otherwise."""

from __future__ import annotations

import os
import sys


def in_ukrainian() -> bool:
    """The first of LC_ALL, LC_MESSAGES and LANG that is set decides, as everywhere on the system."""
    chosen = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    return next(filter(None, chosen), "").lower().startswith("uk")


def pick(english: str, ukrainian: str) -> str:
    return ukrainian if in_ukrainian() else english


def say(english: str, ukrainian: str) -> None:
    print(pick(english, ukrainian), flush=True)


def step(number: int, total: int, english: str, ukrainian: str) -> None:
    print(f"[{number}/{total}] {pick(english, ukrainian)}", flush=True)


class Failure(Exception):
    """Something the reader has to settle: what happened, and what to do about it, in both languages."""

    def __init__(self, english: str, ukrainian: str, details: str = "") -> None:
        super().__init__(pick(english, ukrainian))
        self.details = details.strip()


def report(failure: Failure) -> int:
    """Prints a failure to stderr and returns the exit code that goes with it."""
    print(file=sys.stderr)
    if failure.details:
        print("    " + failure.details.replace("\n", "\n    "), file=sys.stderr)
    print(f"{pick('Stopped', 'Зупинено')}: {failure}", file=sys.stderr, flush=True)
    return 1
