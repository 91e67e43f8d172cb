"""The jobs of layers: what is too large to be done while somebody waits for an answer."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.jobs.tasks import task
from gis_core.people import User
from layers.edits import apply_changeset
from layers.models import Changeset


@task(title=_("Applying approved changes"), queue_name="imports")
def apply_approved(changeset_id: int, reviewer_id: int) -> dict[str, Any]:
    """Make a changeset true, unless the approval was taken back or somebody has applied it since."""
    changeset = Changeset.objects.get(pk=changeset_id)
    if changeset.status == Changeset.Status.SUBMITTED and changeset.reviewer_id == reviewer_id:
        reviewer = User.objects.get(pk=reviewer_id)
        changeset = apply_changeset(changeset=changeset, actor=reviewer)
    return {"changeset": changeset_id, "status": str(changeset.status)}
