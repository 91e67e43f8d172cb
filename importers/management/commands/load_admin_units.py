"""`manage.py load_admin_units`: loads the KATOTTG register and joins polygons of its units to it."""

from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from gis_core.errors import BadParameter
from gis_core.katottg import RegisterLoad, load_register, packaged_codifier, read_codifier
from gis_core.management.reporting import Report, ReportingCommand
from importers.admin_polygons import PolygonJoin, join_polygons

_SHOWN = 20


class Command(ReportingCommand):
    help = "Load the register of administrative units (KATOTTG). Run again, it changes only what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--file", type=Path, help="the ministry's workbook (default: the release installed with us)"
        )

        polygons = parser.add_argument_group("polygons", "boundaries of units, joined by code")
        polygons.add_argument("--polygons", type=Path, help="a file of areas: GeoJSON, zipped Shapefile, …")
        polygons.add_argument("--code-field", default="", help="the field with the KATOTTG code")
        polygons.add_argument(
            "--prefix-match", action="store_true",
            help="codes are beginnings of KATOTTG codes, as ADM3_PCODE of COD-AB (9 characters) is",
        )  # fmt: skip
        polygons.add_argument("--source-layer", default="", help="which layer, where the file has several")
        polygons.add_argument("--crs", default="", help="EPSG code, where the file does not tell")
        polygons.add_argument("--encoding", default="", help="encoding, where the file does not tell")

    def report(self, **options: Any) -> Report:
        if options["polygons"] and not options["code_field"]:
            raise BadParameter(parameter="code-field", reason=_("name the field of the file with the codes."))
        loaded = self._load_register(options)
        lines, document, left_out = _register_lines(loaded), {"register": asdict(loaded)}, []
        if loaded.rejected:
            left_out.append(
                _("Rows left out: %s. Correct them in the workbook and run the command again.")
                % len(loaded.rejected)
            )
        if options["polygons"]:
            joined = self._join_polygons(options)
            lines += _polygon_lines(joined)
            document["polygons"] = joined.as_json()
            if unused := joined.rejected + joined.units.without_code + len(joined.units.unmatched):
                left_out.append(_("Polygons without a unit, and rows without a polygon: %s.") % unused)
        return Report(lines, document, " ".join(left_out))

    def _load_register(self, options: dict[str, Any]) -> RegisterLoad:
        path = options["file"] or packaged_codifier()
        self.progress(_("Reading the register from %s …") % path.name)
        register = read_codifier(path)
        self.progress(_("Comparing %s units with the database …") % len(register.units))
        return load_register(register=register)

    def _join_polygons(self, options: dict[str, Any]) -> PolygonJoin:
        self.progress(_("Reading polygons from %s …") % options["polygons"].name)
        return join_polygons(
            file=options["polygons"], code_field=options["code_field"], prefix_match=options["prefix_match"],
            source_layer=options["source_layer"], crs=options["crs"], encoding=options["encoding"],
        )  # fmt: skip


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


def _polygon_lines(joined: PolygonJoin) -> list[str]:
    units = joined.units
    lines = [
        _("Polygons: read %(read)s, repaired %(repaired)s, without a usable area %(rejected)s.")
        % vars(joined),
        _(
            "Boundaries: matched %(matched)s, created %(created)s, updated %(updated)s, unchanged %(unchanged)s."
        )
        % vars(units),
    ]
    lines += [_("Row %s") % issue for issue in joined.issues[:_SHOWN]]
    if units.merged:
        lines.append(_("Units with several polygons, which were joined into one: %s.") % units.merged)
    if units.without_code:
        lines.append(_("Polygons without a code: %s.") % units.without_code)
    if units.unmatched:
        lines.append(
            _("Codes that the register does not have (%(count)s): %(codes)s")
            % {"count": len(units.unmatched), "codes": _shortened(units.unmatched)}
        )
    if units.communities:
        lines.append(_("Communities that got their boundary: %s.") % units.communities)
    return lines


def _shortened(items: list[str]) -> str:
    return ", ".join(items[:_SHOWN]) + (" …" if len(items) > _SHOWN else "")
