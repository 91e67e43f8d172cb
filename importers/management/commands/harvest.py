"""`manage.py harvest COMMUNITY.LAYER`: fetch a layer's source now, in this process."""

from argparse import ArgumentParser
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from gis_core.jobs import progress
from gis_core.jobs.messages import error_sentence
from gis_core.management.reporting import Report, ReportingCommand
from importers.harvest.run import run_round
from importers.harvest.schedule import held_source
from importers.harvest.tasks import plan_next
from importers.models import LayerSource
from layers.access import LayerNotFound
from layers.models import Layer


class Command(ReportingCommand):
    help = (
        "Fetch the source of a layer now and import it as the schedule would. Exit code: 0 done or nothing new, "
        "1 fetched and waiting for a decision, or failed, 2 refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("layer", help="community.layer")
        parser.add_argument("--force", action="store_true", help="import also what has not changed")

    def report(self, **options: Any) -> Report:
        community, _dot, slug = options["layer"].partition(".")
        layer = Layer.objects.select_related("community").filter(community__slug=community, slug=slug).first()
        if layer is None:
            raise LayerNotFound(layer=options["layer"])
        with (
            progress.observed(lambda share, text: self.progress(f"{share or 0:4.0%} {text}")),
            transaction.atomic(),
        ):
            source = run_round(held_source(layer), force=options["force"])
            plan_next(source)
        return report_of(source)


def report_of(source: LayerSource) -> Report:
    """How the round went, as lines for people and a document for machines."""
    problem = source.problem or {}
    told = error_sentence(problem["code"], problem["params"], problem["code"]) if problem else ""
    lines = [_("Source of %(layer)s: %(outcome)s.") % {
        "layer": source.layer.full_name, "outcome": source.get_outcome_display(),
    }]  # fmt: skip
    document = {
        "layer": source.layer.full_name, "outcome": source.outcome, "problem": problem or None,
        "import": str(source.last_import.uuid) if source.last_import else None,
    }  # fmt: skip
    return Report(lines, document, told)
