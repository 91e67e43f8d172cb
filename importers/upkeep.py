"""What time takes away: folders of killed processes, files nobody finished sending, imports nobody finished.

Run by a worker when it starts and once an hour after that; nothing that is in use is touched.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from gis_core import limits
from gis_core.errors import HromadaError
from importers import steps
from importers.folders import sweep_work_folders
from importers.harvest.tasks import plan_lost_rounds
from importers.models import Import, Upload
from importers.states import ENDED, state_of
from importers.uploads import discard_upload
from layers.rasters import sweep_raster_files

logger = logging.getLogger(__name__)

_LOCK = 0x494D5054  # "IMPT": one process at a time
_AT_ONCE = 500
_OURS = re.compile(r"[0-9a-f]{32}|.+\.part")


def tidy() -> dict[str, int]:
    """Do all of it; how many of each went. Does nothing where another process is at it.

    Each part stands by itself: one that fails is logged and undone, and the others are done all the same.
    """
    parts: dict[str, Callable[[], int]] = {
        "folders": sweep_work_folders,
        "imports": _expire_imports,
        "uploads": _expire_uploads,
        "files": _remove_strays,
        "rasters": sweep_raster_files,
        "sources": plan_lost_rounds,
    }
    with _alone() as alone:
        found = {name: _done(name, part) for name, part in parts.items()} if alone else {}
    if any(found.values()):
        logger.info("tidied up: %s", found)
    return found


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process is at it; the lock ends with the connection at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _done(name: str, part: Callable[[], int]) -> int:
    try:
        return part()
    except (HromadaError, DatabaseError, OSError):
        logger.exception("tidying up %s failed", name)
        return 0


def _expire_imports() -> int:
    """Unfinished imports that nobody touched for long are thrown away, with their files and staged rows."""
    before = timezone.now() - timedelta(days=limits.value("import_expires_d"))
    old = Import.objects.filter(updated_at__lt=before).exclude(status__in=ENDED).order_by("pk")
    gone = 0
    for importing in old.select_related("changeset")[:_AT_ONCE]:
        state = state_of(importing)
        if state.is_working or state.status in ENDED:
            continue
        try:
            steps.discard(importing=importing, actor=None)
        except (HromadaError, OperationalError):
            logger.info("import %s is in use and stays", importing.uuid, exc_info=True)
        else:
            gone += 1
    return gone


@transaction.atomic
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
    """Files, and pieces of files, whose request or round was killed: they belong to no row."""
    before = (timezone.now() - timedelta(hours=limits.value("upload_expires_h"))).timestamp()
    folder = Path(settings.MEDIA_ROOT)
    files = folder.iterdir() if folder.exists() else ()
    old = [file for file in files if _OURS.fullmatch(file.name) and file.stat().st_mtime < before]
    names = [file.name for file in old if not file.suffix]
    kept = {uuid.hex for uuid in Upload.objects.filter(uuid__in=names).values_list("uuid", flat=True)}
    strays = [file for file in old if file.is_file() and file.name not in kept]
    for file in strays:
        file.unlink(missing_ok=True)
    return len(strays)
