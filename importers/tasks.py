"""Imports in the background: the same pipeline as on the command line, as a job with progress."""

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.jobs.models import Job
from gis_core.jobs.tasks import task
from gis_core.people import User
from importers.models import Upload
from importers.pipeline import import_file
from importers.plan import ImportRequest


@task(title=_("Import of a file"), queue_name="imports")
def run_import(upload_id: int, request: dict[str, Any], actor_id: int | None) -> dict[str, Any]:
    """Import an upload; the job's result is the summary of the import."""
    upload = Upload.objects.select_related("community").get(pk=upload_id)
    actor = User.objects.get(pk=actor_id) if actor_id is not None else None
    summary = import_file(
        file=upload.path,
        name=upload.name,
        community=upload.community,
        actor=actor,
        request=ImportRequest(**request),
    )
    # Issues quote values of the layer, and a job is seen by more people: they are read from the report.
    return {**summary.as_json(), "first_issues": []}


def start_import(*, upload: Upload, request: ImportRequest, actor: User) -> Job:
    """Queue the import of an upload; the job tells progress, then the summary or the failure."""
    queued = run_import.using(owner=actor, community=upload.community, subject=upload.name).enqueue(
        upload.pk, asdict(request), actor.pk
    )
    return Job.objects.get(uuid=queued.id)
