"""Refuses a request that is larger than an upload may be before it is read to the disk."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

from gis_core import limits
from gis_core.errors import TooLarge

FORM_BYTES = 1024 * 1024
"""What the other fields of the form may take besides the file."""


class UploadGate(FileUploadHandler):
    """First of a request's upload handlers; passes every byte on. Raises TooLarge."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 -- the name is Django's
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        limit_mb = limits.value("max_upload_mb")
        if content_length > limit_mb * 1024 * 1024 + FORM_BYTES:
            size = f"{content_length // (1024 * 1024)} MB"
            raise TooLarge(thing=str(_("The file")), size=size, limit=f"{limit_mb} MB")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
