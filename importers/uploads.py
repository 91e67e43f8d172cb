"""Receiving files: in one piece, or in pieces that survive a broken line and a restart of the server.

A file lies under a name of ours. What is counted as received was synced to the disk before.
"""

import fcntl
import hashlib
import os
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from gis_core import limits
from gis_core.communities import Community
from gis_core.errors import HromadaError, NotAllowed, NotFound, TooLarge
from gis_core.people import User
from importers.gate import in_megabytes, most_mb, refuse_short_disk, refuse_size
from importers.models import Upload
from layers.access import Reader
from layers.catalogue import may_create_layers

_MB = 1024 * 1024
_PIECE, _SYNCED_EVERY = 256 * 1024, 8 * _MB


class TooManyUploads(HromadaError):
    code = "too-many-uploads"
    status = 429
    message = _(
        "%(count)s files of this community are still being sent, which is as many as may be. Finish or remove "
        "them first."
    )


class WrongOffset(HromadaError):
    code = "wrong-offset"
    status = 409
    message = _(
        "The file goes on at byte %(expected)s, not at %(found)s. Ask where it stands and go on there."
    )


class UploadBusy(HromadaError):
    code = "upload-busy"
    status = 423
    message = _(
        "Another request is sending this file just now. Wait until it ends, then ask where the file stands."
    )


class SupportsRead(Protocol):
    """A body that can be read piece by piece."""

    def read(self, size: int, /) -> bytes: ...


def receive_upload(*, community: Community, owner: User | None, name: str, chunks: Iterable[bytes]) -> Upload:
    """Store a file and its row. Raises TooLarge as soon as the limit is passed; then nothing is kept."""
    upload = Upload(community=community, owner=owner, name=display_name(name), size=0, sha256="")
    part = _folder() / f"{upload.uuid.hex}.part"
    try:
        upload.size, upload.sha256 = _write(part, chunks, upload.name)
        upload.received = upload.size
        part.rename(upload.path)
        _sync_folder(part.parent)
        upload.save()
    except BaseException:
        part.unlink(missing_ok=True)
        upload.path.unlink(missing_ok=True)
        raise
    return upload


def begin_upload(*, community: Community, owner: User, name: str, size: int) -> Upload:
    """Make room for a file that comes in pieces. Raises NotAllowed, TooLarge, TooManyUploads, DiskShort."""
    if not may_create_layers(owner, community):
        raise NotAllowed()
    refuse_size(size, name=display_name(name))
    refuse_short_disk(size)
    most = limits.value("max_unfinished_uploads")
    if Upload.objects.filter(community=community, sha256="").count() >= most:
        raise TooManyUploads(count=most)
    upload = Upload(community=community, owner=owner, name=display_name(name), size=size)
    os.close(os.open(_folder() / upload.uuid.hex, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _sync_folder(upload.path.parent)
    upload.save()
    if size == 0:
        _complete(upload)
    return upload


def append_upload(*, upload: Upload, offset: int, body: SupportsRead) -> Upload:
    """Add the body to the file from `offset` on; what came before the line broke is kept.

    Raises WrongOffset, UploadBusy, TooLarge (more bytes than were announced), DiskShort.
    """
    with _held(upload) as handle:
        upload.refresh_from_db()
        if offset != upload.received:
            raise WrongOffset(expected=upload.received, found=offset)
        refuse_short_disk(upload.size - upload.received)
        os.ftruncate(handle, offset)  # what a killed server wrote after its last sync
        os.lseek(handle, offset, os.SEEK_SET)
        try:
            _take(upload, handle, body)
        finally:
            _keep(upload, handle)
        if upload.received == upload.size and not upload.sha256:
            _complete(upload)
    return upload


def own_upload(user: Reader, uuid: Any) -> Upload:
    """An upload of the user's own. Raises NotFound for one that is absent and for somebody else's alike."""
    found = None
    if isinstance(user, User):
        try:
            found = Upload.objects.select_related("community").filter(owner=user, uuid=uuid).first()
        except ValidationError:
            found = None
    if found is None:
        raise NotFound()
    if not found.sha256 and found.received == found.size:
        _complete_killed(found)
    return found


def discard_upload(upload: Upload) -> None:
    """Remove the row, and the file once the caller's transaction stands: undone, both are still there."""
    path = upload.path
    upload.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def expires_at(upload: Upload) -> datetime:
    """When the upload goes if it is neither finished nor used until then."""
    return upload.created_at + timedelta(hours=limits.value("upload_expires_h"))


def display_name(name: str) -> str:
    """A sender's file name as text: the path's last part, composed letters, no control or direction marks."""
    last = name.replace("\\", "/").rpartition("/")[2]
    composed = unicodedata.normalize("NFC", last)
    shown = "".join(letter for letter in composed if unicodedata.category(letter)[0] != "C")
    stem, dot, ending = shown.strip().rpartition(".")
    ending = (dot + ending)[:20] if dot else ""
    return ((stem if dot else shown.strip())[: 200 - len(ending)] or "file") + ending


def _take(upload: Upload, handle: int, body: SupportsRead) -> None:
    unsynced = 0
    while piece := body.read(_PIECE):
        if upload.received + len(piece) > upload.size:
            limit = f"{upload.size} B"
            raise TooLarge(thing=upload.name, size=f"> {limit}", limit=limit)
        _write_all(handle, piece)
        upload.received += len(piece)
        unsynced += len(piece)
        if unsynced >= _SYNCED_EVERY:
            _keep(upload, handle)
            unsynced = 0


def _keep(upload: Upload, handle: int) -> None:
    """Count as received what is safe on the disk."""
    os.fsync(handle)
    Upload.objects.filter(pk=upload.pk).update(received=upload.received)


def _complete_killed(upload: Upload) -> None:
    """Complete a file whose last byte came and whose server was killed before it said so."""
    with suppress(NotFound, UploadBusy), _held(upload):
        upload.refresh_from_db()
        if not upload.sha256:
            _complete(upload)


def _complete(upload: Upload) -> None:
    with upload.path.open("rb") as file:
        upload.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    upload.save(update_fields=["sha256"])


@contextmanager
def _held(upload: Upload) -> Iterator[int]:
    """A handle on the file that no other request has; the lock ends with the process."""
    try:
        handle = os.open(upload.path, os.O_RDWR)
    except FileNotFoundError as error:
        raise NotFound() from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UploadBusy() from error
        yield handle
    finally:
        os.close(handle)


def _write_all(handle: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(handle, left) :]


def _write(path: Path, chunks: Iterable[bytes], name: str) -> tuple[int, str]:
    limit, size, digest = most_mb(name) * _MB, 0, hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                most = in_megabytes(limit // _MB)
                raise TooLarge(thing=name, size=f"> {most}", limit=most)
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return size, digest.hexdigest()


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
