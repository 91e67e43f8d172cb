"""`manage.py import_raster FILE --community KATOTTG --slug SLUG`: a raster file becomes a COG of the community."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from gis_core.communities import Community
from gis_core.jobs import progress
from gis_core.management.reporting import Report, ReportingCommand
from importers.rasters.notes import sentence
from importers.rasters.pipeline import RasterRequest, import_raster
from importers.rasters.source import with_siblings
from layers.models import Raster
from layers.models.catalogue import AccessLevel, Theme


class Command(ReportingCommand):
    help = (
        "Import a GeoTIFF, JPEG 2000, or a JPEG or PNG with its world file (beside it or in one zip) as a raster. "
        "Exit code: 0 done, 2 refused and nothing changed."
    )
    answered_with = {
        "crs-unknown": "--crs", "crs-inexact": "--crs", "several-layers": "--wanted",
        "raster-elsewhere": "--elsewhere",
    }  # fmt: skip

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "file", type=Path, help="the raster or a zip; its world file and .prj beside it are read"
        )
        parser.add_argument("--community", required=True, help="KATOTTG code or short name")
        parser.add_argument("--slug", required=True, help="short name of the new raster")
        parser.add_argument("--title", default="", help="title in Ukrainian")
        parser.add_argument("--title-en", default="", help="title in English")
        parser.add_argument("--theme", choices=Theme.values, default=Theme.OTHER)
        parser.add_argument("--access", choices=AccessLevel.values, default=AccessLevel.STAFF)
        parser.add_argument("--attribution", default="", help="whom to name wherever it is shown")
        parser.add_argument("--licence", default="CC-BY-4.0")
        parser.add_argument("--crs", default="", help="EPSG code, where the file does not tell")
        parser.add_argument("--nodata", default="", help="the value that means no data, or nan")
        parser.add_argument("--wanted", default="", help="which raster of a zip that holds several")
        parser.add_argument("--elsewhere", action="store_true", help="it does belong outside the community")

    def report(self, **options: Any) -> Report:
        title = {"uk": options["title"], "en": options["title_en"]}
        request = RasterRequest(
            slug=options["slug"], title={language: text for language, text in title.items() if text},
            theme=options["theme"], access_level=options["access"], licence=options["licence"],
            attribution=options["attribution"], crs=options["crs"], nodata=options["nodata"],
            wanted=options["wanted"], elsewhere=options["elsewhere"],
        )  # fmt: skip
        with progress.observed(lambda share, text: self.progress(f"{share or 0:4.0%} {text}")):
            raster = import_raster(
                sent=with_siblings(options["file"]), actor=None, request=request,
                community=Community.objects.named(options["community"]),
            )  # fmt: skip
        return report_of(raster)


def report_of(raster: Raster) -> Report:
    """The raster as lines for people and a document for machines."""
    size = f"{raster.size / 1_048_576:.1f}"
    lines = [
        _("New raster %(name)s: %(width)s × %(height)s pixels of %(resolution)s m, %(size)s MB.")
        % {"name": raster.full_name, "width": raster.width, "height": raster.height, "size": size,
           "resolution": f"{raster.resolution_m:.3g}"},
        _("Coordinate system: %(crs)s %(name)s (%(operation)s%(accuracy)s).")
        % {"crs": f"EPSG:{raster.srid}" if raster.srid else "", "name": raster.crs_name,
           "operation": raster.operation, "accuracy": f", ±{raster.accuracy_m:g} {_('m')}"},
        *(f"  {sentence(note)}" for note in raster.notes),
        _("Who may read it: %s.") % AccessLevel(raster.access_level).label,
    ]  # fmt: skip
    document = {
        "raster": raster.full_name, "width": raster.width, "height": raster.height, "srid": raster.srid,
        "resolution_m": raster.resolution_m, "size": raster.size, "sha256": raster.sha256, "notes": raster.notes,
    }  # fmt: skip
    return Report(lines, document)
