"""`manage.py export_data --layer COMMUNITY.SLUG --out FILE`: a layer becomes a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from gis_core.errors import BadParameter
from gis_core.management.reporting import Report, ReportingCommand
from gis_core.people import User
from layers.access import Reader, access_layer
from layers.exports import FORMATS, Export, ExportOptions, export_layer
from layers.exports.export import ENCODINGS, GEOMETRIES, LOSSES, WGS84

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


class Command(ReportingCommand):
    help = (
        "Export a layer as everyone may read it, or with --user as that person may. Exit code: 0 done, "
        "1 done but the format could not hold everything, 2 refused and no file written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--layer", required=True, help="full name of the layer: community.slug")
        parser.add_argument(
            "--out", type=Path, required=True, help="the file to write; replaced if it exists"
        )
        parser.add_argument("--format", choices=FORMATS, help="default: by the ending of the file")
        parser.add_argument(
            "--crs",
            type=int,
            default=WGS84,
            help="EPSG code of the coordinates (gpkg, shp, csv; default: 4326)",
        )
        reader = parser.add_mutually_exclusive_group()
        reader.add_argument("--public", action="store_true", help="what everyone may read (the default)")
        reader.add_argument("--user", default="", metavar="EMAIL", help="what this person may read")
        parser.add_argument(
            "--encoding", choices=ENCODINGS, default="utf-8", help="text of a Shapefile (default: utf-8)"
        )
        parser.add_argument("--delimiter", choices=_DELIMITERS, default="comma", help="of CSV")
        parser.add_argument("--no-bom", action="store_true", help="CSV without the mark that Excel needs")
        parser.add_argument(
            "--geometry", choices=GEOMETRIES, default="auto",
            help="place in CSV: two columns, WKT, or by what the layer holds (default)",
        )  # fmt: skip

    def report(self, **options: Any) -> Report:
        user = _reader(options["user"])
        layer = access_layer(user, options["layer"])
        made = export_layer(
            user=user, layer=layer, format=options["format"] or _format_of(options["out"]),
            out=options["out"],
            options=ExportOptions(
                crs=options["crs"], encoding=options["encoding"], bom=not options["no_bom"],
                delimiter=_DELIMITERS[options["delimiter"]], geometry=options["geometry"],
                language=options["lang"], on_progress=self._show,
            ),
        )  # fmt: skip
        return _report_of(made, layer.full_name)

    def _show(self, rows: int) -> None:
        if rows % 10_000 == 0:
            self.progress(_("%s features written …") % rows)


def _reader(email: str) -> Reader:
    if not email:
        return AnonymousUser()
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    if user is None:
        raise BadParameter(parameter="user", reason=_("nobody signs in with the e-mail %s.") % email)
    return user


def _format_of(out: Path) -> str:
    found = [name for name, (_module, ending) in FORMATS.items() if ending == out.suffix.lower()]
    if not found:
        raise BadParameter(
            parameter="format", reason=_("the ending of %s does not tell it; name it.") % out.name
        )
    return found[0]


def _report_of(made: Export, layer: str) -> Report:
    notes = [f"{LOSSES[kind]}: {count}" for kind, count in made.losses.items()]
    lines = [
        _("Layer %(layer)s: %(count)s features, %(bytes)s bytes, written to %(path)s.")
        % {"layer": layer, "count": made.count, "bytes": made.bytes, "path": made.path},
        *notes,
    ]
    document = {
        "layer": layer, "format": made.format, "path": str(made.path), "count": made.count,
        "bytes": made.bytes, "losses": dict(made.losses),
    }  # fmt: skip
    lost = made.losses.keys() - {"simplified"}
    return Report(lines, document, _("The format could not hold everything; see above.") if lost else "")
