"""Archives of tiles as jobs: published in the background, brought to the present, withdrawn."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from gis_core.jobs.models import UNFINISHED, Job
from gis_core.jobs.tasks import task
from layers.models import Layer
from layers.tiles import archives


@task(title=_("Publishing tiles"), queue_name="imports")
def publish_tiles(key: str) -> dict[str, Any]:
    """Make or renew an archive, unless it is not public any more: then there shall be none."""
    subject = subject_of(key)
    if subject is None:
        archives.withdraw(key)
        return {"archive": ""}
    return {"archive": archives.publish(subject).name}


def subject_of(key: str) -> archives.Subject | None:
    """The subject of a file; None for one that is gone or not public."""
    kind, _dash, pk = key.partition("-")
    try:
        if kind == "map":
            return archives.subject_of_map(Community.objects.get(pk=pk))
        return archives.subject_of_layer(Layer.objects.select_related("community").get(pk=pk))
    except (Layer.DoesNotExist, Community.DoesNotExist, archives.ArchiveNotFound):
        return None


def refresh_archives() -> None:
    """Delete archives that nobody may have any more, and have those renewed that are behind their layers; hourly."""
    if not archives.directory().is_dir():
        return
    for key in sorted({path.name.split(".")[0] for path in archives.directory().glob("*.pmtiles")}):
        subject = subject_of(key)
        if subject is None:
            archives.withdraw(key)
        elif archives.is_behind(subject) and not _is_waiting(subject.name):
            community = subject.sources[0].layer.community
            publish_tiles.using(community=community, subject=subject.name).enqueue(key)


def _is_waiting(name: str) -> bool:
    waiting = Job.objects.filter(task_path=publish_tiles.module_path, subject=name, state__in=UNFINISHED)
    return waiting.exists()
