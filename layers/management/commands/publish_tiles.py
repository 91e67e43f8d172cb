"""`manage.py publish_tiles NAME…`: archives of the tiles of public layers and maps."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from gis_core.communities import Community
from gis_core.errors import CommunityNotFound
from gis_core.management.reporting import Report, ReportingCommand
from layers.access import access_layer
from layers.tiles import archives


class Command(ReportingCommand):
    help = (
        "Publish the tiles of public layers (community.layer) and maps (community) as PMTiles. An archive that is "
        "there is brought to the present. Exit code: 0 done, 2 refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("names", nargs="+", metavar="NAME", help="community.layer or community")
        parser.add_argument("--whole", action="store_true", help="make all tiles anew")

    def report(self, **options: Any) -> Report:
        made = {
            name: archives.publish(subject_called(name), whole=options["whole"]) for name in options["names"]
        }
        lines = [_("%(name)s: %(size)d kB") % {"name": name, "size": path.stat().st_size // 1024}
                 for name, path in made.items()]  # fmt: skip
        return Report(lines=lines, document={"archives": {name: str(path) for name, path in made.items()}})


def subject_called(name: str) -> archives.Subject:
    """Raises LayerNotFound, CommunityNotFound, ArchiveNotFound."""
    if "." in name:
        return archives.subject_of_layer(access_layer(AnonymousUser(), name))
    community = Community.objects.filter(slug=name).first()
    if community is None:
        raise CommunityNotFound(community=name)
    return archives.subject_of_map(community)
