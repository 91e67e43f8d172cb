"""Sees every opening of files that nobody may open, by whatever process: inotify(7), which needs no rights."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ACCESS, _OPEN = 0x1, 0x20
_EVENT = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """What was opened or read since it began."""

    def __init__(self, *paths: Path) -> None:
        self._handle = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._names: dict[int, str] = {}
        for path in paths:
            number = _libc.inotify_add_watch(self._handle, os.fsencode(path), _OPEN | _ACCESS)
            if number < 0:
                raise OSError(ctypes.get_errno(), f"inotify_add_watch {path}")
            self._names[number] = path.name

    def opened(self) -> set[str]:
        """Names of the watched files, and of those in watched folders, that were opened."""
        found: set[str] = set()
        try:
            while events := os.read(self._handle, 65_536):
                at = 0
                while at < len(events):
                    number, _mask, _cookie, length = _EVENT.unpack_from(events, at)
                    at += _EVENT.size
                    inner = events[at : at + length].rstrip(b"\x00").decode()
                    found.add(inner or self._names[number])
                    at += length
        except BlockingIOError:
            pass
        return found

    def close(self) -> None:
        os.close(self._handle)


@contextmanager
def watching(*paths: Path) -> Iterator[Watch]:
    watch = Watch(*paths)
    try:
        yield watch
    finally:
        watch.close()
