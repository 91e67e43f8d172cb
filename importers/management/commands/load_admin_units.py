"""`manage.py load_admin_units`: loads the KATOTTG register and joins polygons of its units to it."""

from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from gis_core.katottg import RegisterLoad, load_register, packaged_codifier, read_codifier
from gis_core.management.reporting import Report, ReportingCommand

_SHOWN = 20


class Command(ReportingCommand):
    help = "Load the register of administrative units (KATOTTG). Run again, it changes only what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--file", type=Path, help="the ministry's workbook (default: the release installed with us)"
        )

    def report(self, **options: Any) -> Report:
        path = options["file"] or packaged_codifier()
        self.progress(_("Reading the register from %s …") % path.name)
        register = read_codifier(path)
        self.progress(_("Comparing %s units with the database …") % len(register.units))
        loaded = load_register(register=register)
        left_out = (
            _("Rows left out: %s. Correct them in the workbook and run the command again.")
            % len(loaded.rejected)
            if loaded.rejected
            else ""
        )
        return Report(_register_lines(loaded), {"register": asdict(loaded)}, left_out)


def _register_lines(loaded: RegisterLoad) -> list[str]:
    lines = [
        _("Register: read %(read)s, created %(created)s, updated %(updated)s, unchanged %(unchanged)s.")
        % vars(loaded),
        _("Names cleaned of stray spaces and letters: %s.") % loaded.cleaned_names,
    ]
    if not loaded.with_koatuu:
        lines.append(_("The release has no KOATUU codes; those in the database are left as they are."))
    for row in loaded.rejected[:_SHOWN]:
        lines.append(_("Row %(row)s (%(value)s) is left out: %(reason)s.") % vars(row))
    if loaded.missing:
        lines.append(
            _("The database has %(count)s units that this release lacks; they stay: %(codes)s")
            % {"count": len(loaded.missing), "codes": _shortened(loaded.missing)}
        )
    return lines


def _shortened(items: list[str]) -> str:
    return ", ".join(items[:_SHOWN]) + (" …" if len(items) > _SHOWN else "")
