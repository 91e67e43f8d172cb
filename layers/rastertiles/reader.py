"""Asks the process that opens rasters: starts it when it is first needed, and anew when it has ended.

One for each web process; its requests wait their turn. rasterio is not imported here.
"""

import atexit
import json
import logging
import os
import selectors
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

from django.conf import settings

from gis_core import limits
from gis_core.errors import Busy, HromadaError

log = logging.getLogger("layers.rastertiles")

CHILD = ("-m", "layers.rastertiles.child")
ROOT = Path(__file__).resolve().parents[2]
_START_S = 60.0
_LONGEST_LINE, _LONGEST_BODY = 4 * 1024 * 1024, 16 * 1024 * 1024
_GDAL = {
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_CACHEMAX": "128",
    "GDAL_NUM_THREADS": "1",
    "PROJ_NETWORK": "OFF",
}
_ONE_THREAD = {  # Landlock binds the thread that asks for it
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMEXPR_MAX_THREADS": "1",
}

# The child asks the kernel to end with its parent, and the kernel means the thread that started it: one that stays.
_starter = ThreadPoolExecutor(1, thread_name_prefix="raster-reader")


class RasterGone(HromadaError):
    """The file is not there: the raster was deleted a moment ago. Callers say that there is no such raster."""


class _Ended(Exception):
    """The process ended, or did not answer in time."""


class Reader:
    """A process for the rasters of `folder`. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._asked = False

    def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The answer and its bytes. Raises RasterGone, or Busy where there was no answer in `raster_tile_s`."""
        wait_s = float(limits.value("raster_tile_s"))
        if not self._lock.acquire(timeout=wait_s):
            raise Busy()
        try:
            answer, body = self._asked_twice(json.dumps(request).encode() + b"\n", wait_s)
        except (_Ended, OSError) as error:
            self.stop()
            log.error("no answer about %s %s: %s", request.get("file"), request.get("tile", ""), error)
            raise Busy() from error
        finally:
            self._lock.release()
        if answer.get("problem") == "gone":
            raise RasterGone()
        if "problem" in answer:
            log.error("raster %s: %s", request.get("file"), answer.get("reason"))
            raise Busy()
        return answer, body

    def _asked_twice(self, line: bytes, wait_s: float) -> tuple[dict[str, Any], bytes]:
        """A process that has answered before may have ended for good reason: then a new one is asked."""
        if self._child is not None and self._asked:
            with suppress(_Ended, OSError):
                if self._child.poll() is None:
                    return self._answer(self._child, line, wait_s)
            if self._child is not None and self._child.poll() is None:
                raise _Ended("too slow")
        self.stop()
        self._child = self._started()
        return self._answer(self._child, line, wait_s)

    def _answer(
        self, child: "subprocess.Popen[bytes]", line: bytes, wait_s: float
    ) -> tuple[dict[str, Any], bytes]:
        assert child.stdin is not None  # noqa: S101 - for the type checker
        assert child.stdout is not None  # noqa: S101
        child.stdin.write(line)
        child.stdin.flush()
        heard = _heard(child.stdout, time.monotonic() + wait_s)
        self._asked = True
        return heard

    def _started(self) -> "subprocess.Popen[bytes]":
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        memory_mb = limits.value("raster_reader_memory_mb")
        child = _starter.submit(
            subprocess.Popen,
            [sys.executable, "-s", "-B", *CHILD, str(self.folder), str(os.getpid()), str(memory_mb)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", **_GDAL, **_ONE_THREAD},
        ).result()  # fmt: skip
        self._asked = False
        assert child.stdout is not None  # noqa: S101 - for the type checker
        try:
            _heard(child.stdout, time.monotonic() + _START_S)
        except _Ended:
            child.kill()
            child.wait()
            raise
        return child

    def stop(self) -> None:
        """End the process, if there is one."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _heard(pipe: IO[bytes], deadline: float) -> tuple[dict[str, Any], bytes]:
    """One answer and its bytes. Raises _Ended where the process ends, is too slow, or says what is no answer."""
    held = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)

        def more() -> None:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise _Ended("too slow")
            piece = os.read(pipe.fileno(), 1 << 20)
            if not piece:
                raise _Ended("the process ended")
            held.extend(piece)

        while b"\n" not in held:
            if len(held) > _LONGEST_LINE:
                raise _Ended("an endless line")
            more()
        line, _end, rest = bytes(held).partition(b"\n")
        try:
            answer = json.loads(line)
            size = int(answer["bytes"])
        except (ValueError, KeyError, TypeError) as error:
            raise _Ended("no answer of ours") from error
        if not 0 <= size <= _LONGEST_BODY:
            raise _Ended("an endless body")
        held = bytearray(rest)
        while len(held) < size:
            more()
    return answer, bytes(held)


_readers: dict[Path, Reader] = {}
_readers_lock = Lock()


def reader() -> Reader:
    """The reader of this web process for the rasters of this installation."""
    folder = Path(settings.MEDIA_ROOT) / "rasters"
    with _readers_lock:
        if folder not in _readers:
            stop_all()
            _readers[folder] = Reader(folder)
        return _readers[folder]


def stop_all() -> None:
    """End the processes of this one; for its end, and for tests."""
    for item in _readers.values():
        item.stop()
    _readers.clear()


atexit.register(stop_all)
