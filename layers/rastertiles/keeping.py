"""Tiles that were drawn are kept: their key is the hash of all that decides their bytes, so none is ever stale."""

from collections import OrderedDict
from threading import Lock

from gis_core import limits
from layers.rastertiles.tiles import RasterTile, draw

_MB = 1024 * 1024


def tile_body(tile: RasterTile) -> bytes:
    """The tile's bytes, kept or drawn now; b"" where nothing is to be seen. Raises RasterNotFound, Busy.

    Whoever asks has been let in already: a key says nothing about who may see it.
    """
    key = tile.key
    body = _kept.get(key)
    if body is None:
        body = draw(tile)
        _kept.put(key, body)
    return body


class _Memory:
    """The tiles that this process drew last, up to `raster_memory_mb`."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            body = self._bodies.get(key)
            if body is not None:
                self._bodies.move_to_end(key)
            return body

    def put(self, key: str, body: bytes) -> None:
        with self._lock:
            self._size += len(body) - len(self._bodies.pop(key, b""))
            self._bodies[key] = body
            while self._size > limits.value("raster_memory_mb") * _MB:
                self._size -= len(self._bodies.popitem(last=False)[1])

    def clear(self) -> None:
        with self._lock:
            self._bodies.clear()
            self._size = 0


_kept = _Memory()
