"""What is refused before a byte of it is stored: files beyond the limit, and any file when the disk is short."""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

from gis_core import limits
from gis_core.errors import TooLarge
from importers.errors import DiskShort
from importers.rasters.formats import is_raster_name

_MB = 1024 * 1024
FORM_BYTES = _MB
"""What the other fields of a form may take besides the file."""


class UploadGate(FileUploadHandler):
    """First of a request's upload handlers; passes every byte on. Raises TooLarge, DiskShort."""

    limit = "max_upload_mb"

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 -- the name is Django's
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        refuse_size(content_length - FORM_BYTES, name=str(_("The file")), limit=self.limit)
        refuse_short_disk(content_length)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class RasterGate(UploadGate):
    """The same for requests that bring rasters."""

    limit = "max_raster_upload_mb"


def most_mb(name: str) -> int:
    """The limit for a file of this name, MB; a raster may be larger than other files."""
    return limits.value("max_raster_upload_mb" if is_raster_name(name) else "max_upload_mb")


def refuse_size(size: int, *, name: str, limit: str = "") -> None:
    """Raises TooLarge for more bytes than an upload may have: `limit`, or what a file of this name may have."""
    limit_mb = limits.value(limit) if limit else most_mb(name)
    if size > limit_mb * _MB:
        raise TooLarge(thing=name, size=in_megabytes(-(-size // _MB)), limit=in_megabytes(limit_mb))


def in_megabytes(count: int) -> str:
    """“200 MB” in the reader's language."""
    return _("%s MB") % count


def refuse_short_disk(size: int) -> None:
    """Raises DiskShort where `size` more bytes would leave the disk of the uploads with too little room: a share
    of it, on a large disk no more than the database needs to go on."""
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    disk = shutil.disk_usage(folder)
    share = disk.total * limits.value("min_free_disk_percent") / 100
    if disk.free - size < min(share, limits.value("min_free_disk_mb") * _MB):
        raise DiskShort()
