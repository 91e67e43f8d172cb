"""Receiving a file: streamed to disk under a name of ours, safe against a crash half-way."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from gis_core import limits
from gis_core.communities import Community
from gis_core.errors import TooLarge
from gis_core.people import User
from importers.models import Upload

_MB = 1024 * 1024


def receive_upload(
    *,
    community: Community,
    owner: User | None,
    name: str,
    chunks: Iterable[bytes],
    limit: str = "max_upload_mb",
) -> Upload:
    """Store a file and its row. Raises TooLarge as soon as `limit` is passed; then nothing is kept."""
    upload = Upload(community=community, owner=owner, name=display_name(name), size=0, sha256="")
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f"{upload.uuid.hex}.part"
    try:
        upload.size, upload.sha256 = _write(part, chunks, upload.name, limits.value(limit) * _MB)
        upload.received = upload.size
        part.rename(upload.path)
        _sync_folder(folder)
        upload.save()
    except BaseException:
        part.unlink(missing_ok=True)
        upload.path.unlink(missing_ok=True)
        raise
    return upload


def discard_upload(upload: Upload) -> None:
    """Remove the file and its row."""
    upload.path.unlink(missing_ok=True)
    upload.delete()


def display_name(name: str) -> str:
    """A sender's file name as text: the path's last part, composed letters, no control or direction marks."""
    last = name.replace("\\", "/").rpartition("/")[2]
    composed = unicodedata.normalize("NFC", last)
    shown = "".join(letter for letter in composed if unicodedata.category(letter)[0] != "C")
    return shown.strip()[:200] or "file"


def _write(path: Path, chunks: Iterable[bytes], name: str, limit: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise TooLarge(thing=name, size=f"> {limit // _MB} MB", limit=f"{limit // _MB} MB")
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return size, digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
