"""Tiles of rasters that were drawn already: in this process's memory, and in the database for all processes.

They lie among the bodies of other tiles (layers.tiles.bodies), filed under the hash of all that decides their bytes.
So none can be stale, none has to be forgotten, and what is not asked for goes when room is needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from django.db import DatabaseError, connection, transaction
from psycopg2 import Binary, sql

from gis_core import limits
from gis_core.errors import Busy
from layers.rastertiles.tiles import RasterTile, draw
from layers.tiles.bodies import IDENTITY, RING, make_room, memory

_drawing = Lock()


def tile_body(tile: RasterTile) -> bytes:
    """The tile's bytes, kept or drawn now; b"" where nothing is to be seen. Raises RasterNotFound, Busy.

    Whoever asks has been let in already: a key says nothing about who may see it.
    """
    tag = f"raster {tile.key}"
    body = _remembered(tag)
    if body is None:
        with _alone():
            # Whoever waited finds what the one before has drawn.
            body = _remembered(tag)
            if body is None:
                body = _read(tag)
            if body is None:
                body = draw(tile)
                _keep(tag, body)
            memory.put(tag, {IDENTITY: body})
    return body


def _remembered(tag: str) -> bytes | None:
    kept = memory.get(tag)
    return None if kept is None else kept[IDENTITY]


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time in this process: the process that draws does so one after the other anyway."""
    if not _drawing.acquire(timeout=limits.value("raster_tile_s")):
        raise Busy()
    try:
        yield
    finally:
        _drawing.release()


_BODIES = sql.SQL(" UNION ALL ").join(
    sql.SQL("SELECT body FROM {} WHERE etag = %(tag)s AND encoding = %(encoding)s").format(
        sql.Identifier("tiles", f"body_{number}")
    )
    for number in range(RING)
)


def _read(tag: str) -> bytes | None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("{} LIMIT 1").format(_BODIES), {"tag": tag, "encoding": IDENTITY})
        row = cursor.fetchone()
    return None if row is None else bytes(row[0])


def _keep(tag: str, body: bytes) -> None:
    """A tile that cannot be kept is a good tile all the same."""
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT number FROM tiles.turn")
        (turn,) = cursor.fetchone()
        cursor.execute(
            sql.SQL("INSERT INTO {} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING").format(
                sql.Identifier("tiles", f"body_{turn % RING}")
            ),
            [tag, IDENTITY, Binary(body)],
        )
    make_room()
