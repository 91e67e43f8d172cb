"""The bytes of tiles by their hash: in this process's memory, and in the database for all processes.

What a hash stands for never changes, so neither can be stale; whether a reader may have it, and whether it is
still the tile, is asked before (layers.tiles.asking). A body is packed when it is first wanted so: by gzip as fast
as can be when the tile is made, by brotli when it is asked for again.
"""

import gzip
import hashlib
import random
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock

import brotli
from django.db import OperationalError, connection
from django.http import HttpRequest
from psycopg2 import Binary, sql

from gis_core import limits
from gis_core.api.http import GZIP_LEVEL

RING = 8
"""Tables of bodies, see layers/sql/tile_cache.sql."""

IDENTITY, GZIP, BROTLI = "identity", "gzip", "br"
_WORTH_PACKING = 512
_BROTLI_QUALITY = 5  # of 11: as long as gzip's 6, a tenth fewer bytes
_LOOK_EVERY = 16
_OFFERS = {"gzip": GZIP, "x-gzip": GZIP, "br": BROTLI}

Packed = Mapping[str, bytes]
"""One body in one or several encodings."""


def tag_of(body: bytes) -> str:
    """The hash that a body is filed under and that its ETag is made of; "" for an empty body."""
    return hashlib.blake2b(body, digest_size=16).hexdigest() if body else ""


def accepted(request: HttpRequest) -> frozenset[str]:
    """The encodings that the client takes, identity always."""
    given = request.META.get("HTTP_ACCEPT_ENCODING")
    if not given:
        return frozenset((IDENTITY,))
    found = _accepted.get(given)
    if found is None:
        if len(_accepted) >= 100:
            _accepted.clear()
        found = _accepted[given] = frozenset((IDENTITY, *_offers(given)))
    return found


_accepted: dict[str, frozenset[str]] = {}


def _offers(header: str) -> list[str]:
    found = []
    for offer in header.split(","):
        name, _semicolon, weight = offer.strip().partition(";")
        refused = weight.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000")
        if not refused and name.strip().lower() in _OFFERS:
            found.append(_OFFERS[name.strip().lower()])
    return found


def pack_new(body: bytes, wanted: frozenset[str]) -> tuple[str, bytes]:
    """A tile that was just made, as this client takes it: encoding and bytes, the same for the same body."""
    if len(body) >= _WORTH_PACKING:
        if GZIP in wanted:
            return GZIP, gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0)
        if BROTLI in wanted:
            return BROTLI, brotli.compress(body, quality=_BROTLI_QUALITY)
    return IDENTITY, body


def find(tag: str, turn: int, wanted: frozenset[str]) -> tuple[str, bytes] | None:
    """The best encoding of a kept body that the client takes; None where the body is gone."""
    known = memory.get(tag)
    packed = known or _read(tag, turn)
    if not packed:
        return None
    encoding = _best(packed, wanted)
    if encoding not in packed:
        packed = {**packed, encoding: _repacked(packed, encoding)}
        _add(tag, turn, encoding, packed[encoding])
        known = None
    if known is None:
        memory.put(tag, packed)
    return encoding, packed[encoding]


def _best(packed: Packed, wanted: frozenset[str]) -> str:
    """What the client gets: brotli before gzip before nothing, but small bodies as they are."""
    if IDENTITY in packed and len(packed[IDENTITY]) < _WORTH_PACKING:
        return IDENTITY
    return next((encoding for encoding in (BROTLI, GZIP) if encoding in wanted), IDENTITY)


def _repacked(packed: Packed, encoding: str) -> bytes:
    body = _plain(packed)
    if encoding == BROTLI:
        return brotli.compress(body, quality=_BROTLI_QUALITY)
    return gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0) if encoding == GZIP else body


def _plain(packed: Packed) -> bytes:
    if IDENTITY in packed:
        return packed[IDENTITY]
    return gzip.decompress(packed[GZIP]) if GZIP in packed else brotli.decompress(packed[BROTLI])


# ---- the database


def _table(turn: int) -> sql.Composable:
    return sql.Identifier("tiles", f"body_{turn % RING}")


def _read(tag: str, turn: int) -> Packed:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT encoding, body FROM {} WHERE etag = %s").format(_table(turn)), [tag])
        return {encoding: bytes(body) for encoding, body in cursor.fetchall()}


def _add(tag: str, turn: int, encoding: str, body: bytes) -> None:
    """Keep another encoding of a kept body for the other processes, unless it is the plain one."""
    if encoding == IDENTITY:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("INSERT INTO {} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING").format(_table(turn)),
            [tag, encoding, Binary(body)],
        )


def make_room() -> None:
    """Now and then, after a body was added: begin the next turn where this one's share of the disk is used."""
    if random.randrange(_LOOK_EVERY):  # noqa: S311
        return
    share = limits.value("tile_cache_mb") * 2**20 // RING
    # Where a table is being read, the next one tries again.
    with suppress(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT tiles.full_turn(%s)", [share])
        (full,) = cursor.fetchone()
        if full is not None:
            cursor.execute("SELECT tiles.turn_over(%s)", [full])


# ---- memory


class _Memory:
    """The bodies that this process used last, by their hash."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, Packed] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, tag: str) -> Packed | None:
        with self._lock:
            found = self._bodies.get(tag)
            if found is not None:
                self._bodies.move_to_end(tag)
            return found

    def put(self, tag: str, packed: Packed) -> None:
        with self._lock:
            self._drop(self._bodies.pop(tag, {}))
            self._bodies[tag] = packed
            self._bytes += _weight(packed)
            allowed = limits.value("tile_memory_mb") * 2**20
            while self._bytes > allowed and self._bodies:
                self._drop(self._bodies.popitem(last=False)[1])

    def clear(self) -> None:
        with self._lock:
            self._bodies.clear()
            self._bytes = 0

    def _drop(self, packed: Packed) -> None:
        self._bytes -= _weight(packed) if packed else 0


def _weight(packed: Packed) -> int:
    return 200 + sum(len(body) for body in packed.values())


memory = _Memory()
