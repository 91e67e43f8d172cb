"""What time takes away: folders of killed processes, files nobody finished sending, imports nobody finished.

Run by a worker when it starts and once an hour after that; nothing that is in use is touched.
"""

import logging
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from gis_core import limits
from importers import steps
from importers.folders import sweep_work_folders
from importers.harvest.schedule import plan_lost_rounds
from importers.models import Import, Upload
from importers.states import ENDED, state_of
from importers.uploads import discard_upload
from layers.rasters import sweep_raster_files

logger = logging.getLogger(__name__)

_LOCK = 0x494D5054  # "IMPT": one process at a time
_AT_ONCE = 500


def tidy() -> dict[str, int]:
    """Do all of it; how many of each went. Does nothing where another process is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return {}
        found = {
            "folders": sweep_work_folders(),
            "imports": _expire_imports(),
            "uploads": _expire_uploads(),
            "files": _remove_strays(),
            "rasters": sweep_raster_files(),
            "sources": plan_lost_rounds(),
        }
    if any(found.values()):
        logger.info("tidied up: %s", found)
    return found


def _expire_imports() -> int:
    """Unfinished imports that nobody touched for long are thrown away, with their files and staged rows."""
    before = timezone.now() - timedelta(days=limits.value("import_expires_d"))
    old = Import.objects.filter(updated_at__lt=before).exclude(status__in=ENDED).order_by("pk")
    gone = 0
    for importing in old.select_related("changeset")[:_AT_ONCE]:
        state = state_of(importing)
        if not state.is_working and state.status not in ENDED:
            steps.discard(importing=importing, actor=None)
            gone += 1
    return gone


def _expire_uploads() -> int:
    """Files of no import that are older than their time, and files of imports that ended long ago."""
    now = timezone.now()
    unused = now - timedelta(hours=limits.value("upload_expires_h"))
    kept = now - timedelta(days=limits.value("import_file_kept_d"))
    still_needed = Import.objects.exclude(status__in=ENDED, updated_at__lt=kept)
    old = Upload.objects.filter(
        Q(imports=None, created_at__lt=unused) | Q(imports__isnull=False, created_at__lt=kept)
    ).exclude(pk__in=Upload.objects.filter(imports__in=still_needed).values("pk"))
    uploads = list(old.distinct()[:_AT_ONCE])
    for upload in uploads:
        discard_upload(upload)
    return len(uploads)


def _remove_strays() -> int:
    """Pieces of files whose request was killed: they belong to no row."""
    before = (timezone.now() - timedelta(hours=limits.value("upload_expires_h"))).timestamp()
    strays = 0
    folder = Path(settings.MEDIA_ROOT)
    for part in folder.glob("*.part") if folder.exists() else ():
        if part.stat().st_mtime < before:
            part.unlink(missing_ok=True)
            strays += 1
    return strays
