"""The import of a raster as a job."""

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.jobs.models import Job
from gis_core.jobs.tasks import task
from gis_core.people import User
from importers.models import Upload
from importers.rasters.pipeline import RasterRequest, import_raster
from importers.rasters.source import Sent
from importers.steps import UploadGone
from importers.uploads import discard_upload


@task(title=_("Import of a raster"), queue_name="imports")
def run_raster_import(upload_ids: list[int], request: dict[str, Any], actor_id: int | None) -> dict[str, Any]:
    """Import uploads as one raster; the uploads go once it stands. The result names the raster.

    Raises UploadGone where another job took one of them, and whatever `import_raster` does.
    """
    by_id = Upload.objects.select_related("community").in_bulk(upload_ids)
    if len(by_id) < len(set(upload_ids)):
        raise UploadGone()
    uploads = [by_id[pk] for pk in upload_ids]
    actor = User.objects.get(pk=actor_id) if actor_id is not None else None
    raster = import_raster(
        sent=[Sent(upload.name, upload.path) for upload in uploads], community=uploads[0].community, actor=actor,
        request=RasterRequest(**request), raster_uuid=uploads[0].uuid,
    )  # fmt: skip
    for upload in uploads:
        if not upload.imports.exists():  # of an import begun meanwhile
            discard_upload(upload)
    return {"raster": raster.full_name, "url": f"/api/rasters/{raster.full_name}"}


def start_raster_import(*, uploads: list[Upload], request: RasterRequest, actor: User | None) -> Job:
    """Queue the import of uploads (the raster and its parts, of one community) as one raster."""
    first = uploads[0]
    queued = run_raster_import.using(owner=actor, community=first.community, subject=first.name).enqueue(
        [upload.pk for upload in uploads], asdict(request), actor.pk if actor else None
    )
    return Job.objects.get(uuid=queued.id)
