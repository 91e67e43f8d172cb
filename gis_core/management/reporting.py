"""What our commands have in common: a report for people or machines, and what the exit code means.

0  done, 1  done, but something in the input was left out, 2  refused: nothing has changed
"""

import json
import logging
import sys
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override

from gis_core.errors import HromadaError

_TRACEBACK = "--traceback"


@dataclass(frozen=True)
class Report:
    """How a command ended: `lines` for people, `document` for machines, `left_out` a sentence where the
    input was not used in full."""

    lines: list[str]
    document: dict[str, Any]
    left_out: str = ""


@contextmanager
def _log_kept_back(verbosity: int) -> Iterator[None]:
    """Who asks a command reads its report, not the log beneath it; from `-v 2` on they read both."""
    root = logging.getLogger()
    before = root.level
    if verbosity < 2:
        root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)


class ReportingCommand(BaseCommand, ABC):
    """Base of commands that end with a report. Subclasses have `report(**options)`, and tell with which
    option a question, known by its error's code, is answered."""

    answered_with: dict[str, str] = {}

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
        parser.add_argument(
            "--lang", choices=[code for code, _name in settings.LANGUAGES], default=settings.LANGUAGE_CODE,
            help="language of the messages (default: %(default)s)",
        )  # fmt: skip

    @abstractmethod
    def report(self, **options: Any) -> Report:
        """Do it, and say how it ended. Raises HromadaError where it is refused."""

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options.pop("json")
        self.quiet = as_json or options["verbosity"] == 0
        with override(options["lang"]), _log_kept_back(options["verbosity"]):
            try:
                report = self.report(**options)
            except HromadaError as error:
                detail = str(error)
                if as_json:
                    self._print({"status": "refused", "code": error.code, "detail": detail, **error.params})
                elif option := self.answered_with.get(error.code):
                    detail = f"{detail} ({option})"
                raise CommandError(detail, returncode=2) from error
            if as_json:
                self._print({"status": "incomplete" if report.left_out else "done", **report.document})
            else:
                self.stdout.write("\n".join(report.lines))
            if report.left_out:
                raise CommandError(str(report.left_out), returncode=1)

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django's, but the message is all that is printed, without the name of a Python class before it."""
        try:
            super().run_from_argv(argv if _TRACEBACK in argv else [*argv, _TRACEBACK])
        except CommandError as ended:
            if _TRACEBACK in argv:
                raise
            self.stderr.write(str(ended))
            sys.exit(ended.returncode)

    def progress(self, text: str) -> None:
        """Tell how far it is, on stderr, so that stdout holds the report alone."""
        if not self.quiet:
            self.stderr.write(self.style.NOTICE(text))

    def _print(self, document: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(document, ensure_ascii=False, default=str))
