"""Folders in which files are unpacked and converted: each is held by a lock that ends with its process.

A lock (flock) on the folder itself says that its process is alive; what a killed process left is recognised
by the lock being free, and swept.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from importers.models import Import

_PREFIX = "import-"
_LONGEST_NAME = 200  # bytes; file systems take 255


@contextmanager
def work_folder() -> Iterator[str]:
    """A folder that goes away with everything in it, on the disk of the uploads."""
    with _held(_parent(), fcntl.LOCK_SH):  # so that a sweep never sees a folder before its lock
        folder = Path(tempfile.mkdtemp(dir=_parent(), prefix=_PREFIX))
        handle = _locked(folder)
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep_work_folders() -> int:
    """Remove the folders of processes that are gone; how many it was."""
    swept = 0
    with _held(_parent(), fcntl.LOCK_EX):
        for folder in _parent().glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):  # in use, or just gone
                handle = _locked(folder)
                try:
                    shutil.rmtree(folder, ignore_errors=True)
                    swept += 1
                finally:
                    os.close(handle)
    return swept


def files_of(importing: Import, work: Path) -> Path:
    """What the sender handed in as one path: the only file, or a folder with all parts under their names.

    Below `work`, as links. Several files with one name are told apart by a number.
    """
    uploads = list(importing.uploads.order_by("pk"))
    if len(uploads) == 1:
        return uploads[0].path
    sent = work / "sent"
    shutil.rmtree(sent, ignore_errors=True)
    sent.mkdir(parents=True, mode=0o700)
    for number, upload in enumerate(uploads, 1):
        name = _short(upload.name)
        at = sent / name if not (sent / name).exists() else sent / f"{number}-{name}"
        os.link(upload.path, at)
    return sent


def _short(name: str) -> str:
    """A name that a file system takes, with its extension."""
    stem, dot, ending = name.replace("/", "_").lstrip(".").rpartition(".")
    ending = (dot + ending)[:20]
    room = _LONGEST_NAME - len(ending.encode())
    return (stem.encode()[:room].decode("utf-8", "ignore") + ending) or "file"


def _parent() -> Path:
    parent = Path(settings.VAR_DIR) / "work"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return parent


def _locked(folder: Path) -> int:
    """A handle that holds the folder until it is closed. Raises OSError where another process has it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


@contextmanager
def _held(folder: Path, kind: int) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)
