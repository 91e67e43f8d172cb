"""`manage.py create_community KATOTTG`: sets up a community from its code in the register."""

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from gis_core.community_setup import create_community
from gis_core.management.reporting import Report, ReportingCommand


class Command(ReportingCommand):
    help = "Set up a community from its KATOTTG code. Load the register first (load_admin_units)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("katottg", help="the community's code: UA and 17 digits")
        parser.add_argument("--slug", default="", help="short name in addresses, 2-20 of a-z and 0-9")
        parser.add_argument("--name-uk", default="", help="full name in Ukrainian")
        parser.add_argument("--name-en", default="", help="full name in English")

    def report(self, **options: Any) -> Report:
        made = create_community(
            katottg=options["katottg"], slug=options["slug"], name_uk=options["name_uk"],
            name_en=options["name_en"],
        )  # fmt: skip
        lines = [
            _("Community “%(name)s” is set up under the short name “%(slug)s”.")
            % {"name": made.name_uk, "slug": made.slug},
            _("Local coordinate system: EPSG:%s.") % made.local_srid,
            _("Its boundary was taken from the register.")
            if made.boundary
            else _(
                "Its boundary is empty: load polygons with load_admin_units --polygons FILE --code-field NAME."
            ),
        ]
        document = {
            "katottg": made.admin_unit_id, "slug": made.slug,
            "name": {"uk": made.name_uk, "en": made.name_en}, "local_srid": made.local_srid,
            "has_boundary": made.boundary is not None,
        }  # fmt: skip
        return Report(lines, document)
