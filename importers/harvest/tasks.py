"""The rounds of sources as jobs."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.jobs.tasks import task
from importers.harvest.run import run_round
from importers.harvest.schedule import plan_next
from importers.models import LayerSource


@task(title=_("Fetching a layer's source"), queue_name="imports")
def harvest_layer(source_id: int, turn: int, force: bool = False) -> dict[str, Any]:
    """One round; plans the next one in the same transaction. A job whose turn is over does nothing."""
    found = LayerSource.objects.select_related("layer__community", "owner", "last_import")
    source = found.select_for_update(of=("self",)).filter(pk=source_id, turn=turn).first()
    if source is None:
        return {}
    run_round(source, force=force)
    plan_next(source)
    return {
        "layer": source.layer.full_name, "outcome": source.outcome,
        "import": str(source.last_import.uuid) if source.last_import else None, "problem": source.problem,
    }  # fmt: skip
