"""`manage.py set_layer COMMUNITY.SLUG --access public`: opens or closes a layer, renames it, asks for review."""

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from gis_core.management.reporting import Report, ReportingCommand
from layers.access import LayerNotFound
from layers.catalogue import update_layer
from layers.models import Layer
from layers.models.catalogue import AccessLevel, Theme


class Command(ReportingCommand):
    help = "Change who may read a layer, its title or theme, or whether its changes need review."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("layer", help="full name of the layer: community.slug")
        parser.add_argument("--access", choices=AccessLevel.values)
        parser.add_argument("--theme", choices=Theme.values)
        parser.add_argument("--title", help="in Ukrainian")
        parser.add_argument("--title-en", help="in English")
        parser.add_argument(
            "--review", choices=["yes", "no"], help="whether changes are applied after review only"
        )

    def report(self, **options: Any) -> Report:
        community, _dot, slug = options["layer"].partition(".")
        layers = Layer.objects.select_related("community").filter(is_draft=False)
        layer = layers.filter(community__slug=community, slug=slug).first()
        if layer is None:
            raise LayerNotFound(layer=options["layer"])
        layer = update_layer(layer=layer, actor=None, **_changes(layer, options))
        lines = [
            _("Layer %(layer)s: %(title)s.") % {"layer": layer.full_name, "title": layer.local_title},
            _("Who may read it: %s.") % layer.get_access_level_display(),
        ]
        return Report(
            lines, {"layer": layer.full_name, "access_level": layer.access_level, "title": layer.title}
        )


def _changes(layer: Layer, options: dict[str, Any]) -> dict[str, Any]:
    titles = {"uk": options["title"], "en": options["title_en"]}
    wanted = {
        "access_level": options["access"],
        "theme": options["theme"],
        "review_required": None if options["review"] is None else options["review"] == "yes",
        "title": {**layer.title, **{language: text for language, text in titles.items() if text}},
    }
    return {name: value for name, value in wanted.items() if value is not None}
