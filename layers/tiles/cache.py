"""Tiles that were made already: found, made once, kept, and forgotten in the transaction that changes them.

The rules of decision 9. A tile is kept only while the layer is as it was when its making began, under a lock that
whoever changes the layer holds until the commit. So a kept tile shows every edit that was committed before it was
asked for, on any number of processes, and no time to live is needed.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections
from psycopg2 import Binary, sql

from gis_core import limits
from layers.models import Changeset, Layer
from layers.tiles import bodies
from layers.tiles.asking import Asked, KeptTile
from layers.tiles.mvt import MAX_ZOOM, TILE_PX, TileAddress, is_outside
from layers.tiles.render import render, render_many

logger = logging.getLogger(__name__)

EMPTY = KeptTile("", 0)
_NOTHING = (bodies.IDENTITY, b"")

REACH_PX = 64
"""How far beyond a feature's box tiles may show it, in px: its symbol (16) and, where features are gathered, the
two cells of 16 px between its middle and the point that stands for them."""

MOST_TOUCHED = 5_000
"""Features of a changeset beyond which all tiles of the layer go."""

_MOST_BOXES = 64


def make(asked: Asked, address: TileAddress) -> tuple[bytes, int]:
    """The tile's bytes and its features, from the data: everything else here only keeps what this gives."""
    tile = render(asked.door.source, address)
    return tile.body, tile.features


def obtain(asked: Asked, address: TileAddress, wanted: frozenset[str]) -> tuple[KeptTile, tuple[str, bytes]]:
    """A tile that was not found, and (encoding, body), b"" where it holds nothing.

    It is made by one process, while the others wait for it. Raises Busy where that takes too long (by the codes
    of PostgreSQL, gis_core.api.problem), LayerNotFound.
    """
    if is_outside(asked.layer, address):
        return EMPTY, _NOTHING
    with _claimed(asked, address) as kept:
        if kept is not None:
            found = _with_body(kept, wanted)
            if found is not None:
                return kept, found
        body, features = make(asked, address)
        tile = KeptTile(bodies.tag_of(body), features)
        packed = bodies.pack_new(body, wanted)
        _keep(asked, address, tile, *packed)
    return tile, packed


def obtain_many(every: Sequence[Asked], address: TileAddress) -> list[tuple[KeptTile, bytes]]:
    """What `obtain` gives for each, unpacked; those that nobody keeps yet are made in one statement for each
    database alias. Raises Busy, LayerNotFound."""
    plain = frozenset((bodies.IDENTITY,))
    done: dict[int, tuple[KeptTile, bytes]] = {}
    with ExitStack() as claims:
        missing: dict[str, list[Asked]] = {}
        for asked in sorted(
            every, key=lambda it: it.layer.pk
        ):  # whoever wants several takes them in this order
            kept = asked.kept
            body = _with_body(kept, plain) if kept is not None else None
            if body is None and is_outside(asked.layer, address):
                kept, body = EMPTY, _NOTHING
            if body is None:
                kept = claims.enter_context(_claimed(asked, address))
                body = _with_body(kept, plain) if kept is not None else None
            if kept is not None and body is not None:
                done[asked.layer.pk] = kept, body[1]
            else:
                missing.setdefault(asked.door.source.alias, []).append(asked)
        for wanted in missing.values():
            tiles = render_many([asked.door.source for asked in wanted], address)
            for asked, tile in zip(wanted, tiles, strict=True):
                made = KeptTile(bodies.tag_of(tile.body), tile.features)
                _keep(asked, address, made, *bodies.pack_new(tile.body, frozenset((bodies.GZIP,))))
                done[asked.layer.pk] = made, tile.body
    return [done[asked.layer.pk] for asked in every]


def _with_body(kept: KeptTile, wanted: frozenset[str]) -> tuple[str, bytes] | None:
    return bodies.find(kept.etag, kept.turn, wanted) if kept.etag else _NOTHING


@contextmanager
def _claimed(asked: Asked, address: TileAddress) -> Iterator[KeptTile | None]:
    """Alone with this tile; what others kept of it while we waited, or None where it is to be made."""
    place = [asked.layer.pk, asked.door.audience, address.z, address.x, address.y]
    job = int.from_bytes(hashlib.blake2b(repr(place).encode(), digest_size=8).digest(), signed=True)
    patience = f"{limits.value('tile_wait_ms')}ms"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM tiles.claim(%s, %s, %s, %s::smallint, %s, %s, %s)", [job, patience, *place]
        )
        row = cursor.fetchone()
    if row is not None:
        turn, etag, features = row
        yield KeptTile(etag, features, turn)
        return
    try:
        yield None
    finally:
        # A connection that broke has let go of its locks by itself.
        with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [job])


def _keep(asked: Asked, address: TileAddress, tile: KeptTile, encoding: str, packed: bytes) -> None:
    """Keep a tile for all processes, unless the layer was changed since it was asked for. A tile that cannot be
    kept is a good tile all the same."""
    if _reads_copy(asked):
        return
    values = [
        asked.layer.pk, asked.stamp, asked.door.audience, address.z, address.x, address.y,
        tile.etag, tile.features, encoding, Binary(packed) if packed else None,
    ]  # fmt: skip
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tiles.keep(%s, %s, %s::smallint, %s, %s, %s, %s, %s, %s, %s)", values)
            (kept,) = cursor.fetchone()
    except DatabaseError:
        logger.exception("a tile was not kept: %s %s", asked.layer, address)
        return
    if kept and packed:
        bodies.memory.put(tile.etag, {encoding: packed})
        bodies.make_room()


def _reads_copy(asked: Asked) -> bool:
    """Whether the tile was made from a replica, which may lag behind the stamp that it would be kept under."""
    ours, theirs = (connections[alias].settings_dict for alias in ("default", asked.door.source.alias))
    return any(ours[part] != theirs[part] for part in ("HOST", "PORT", "NAME"))


# ---- forgetting


def invalidate(layer: Layer, changeset: Changeset) -> None:
    """Forget the tiles that show what an applied changeset touched, as it was and as it is, at every zoom; in the
    transaction that applies it. After a large one all tiles of the layer go."""
    touched = changeset.created_count + changeset.updated_count + changeset.deleted_count
    with connection.cursor() as cursor:
        # In a statement of its own: the next one must see what others kept before they let go of the lock.
        cursor.execute("SELECT pg_advisory_xact_lock(tiles.layer_lock(%s))", [layer.pk])
        if touched > MOST_TOUCHED:
            cursor.execute("DELETE FROM tiles.tile WHERE layer_id = %s", [layer.pk])
            cursor.execute(
                "INSERT INTO tiles.change (layer_id, revision) VALUES (%s, %s)" + _NEWEST,  # noqa: S608
                [layer.pk, changeset.revision],
            )
            return
        cursor.execute(
            sql.SQL(_FORGET).format(
                layer=sql.Literal(layer.pk), changeset=sql.Literal(changeset.pk),
                revision=sql.Literal(changeset.revision), most=sql.Literal(_MOST_BOXES),
                world=sql.Literal(TILE_PX * 2**_FINEST), finest=sql.Literal(_FINEST),
                reach=sql.Literal(REACH_PX), newest=sql.SQL(_NEWEST),
            )
        )  # fmt: skip


_FINEST = MAX_ZOOM
"""The zoom whose pixels are counted."""

_NEWEST = """
    ON CONFLICT ON CONSTRAINT change_pkey DO UPDATE SET boxes = EXCLUDED.boxes, made_at = EXCLUDED.made_at"""

# The box as float4, as the index keeps it, is rounded outwards: it costs no reading of the vertices.
# A tile's side is 2^9 px, so columns and rows are the pixels shifted by 9, and a zoom less is one shift more.
_FORGET = """
    WITH box AS MATERIALIZED (
        SELECT greatest(ST_XMin(b), -180) AS west, least(greatest(ST_YMin(b), -85.06), 85.06) AS south,
               least(ST_XMax(b), 180) AS east, least(greatest(ST_YMax(b), -85.06), 85.06) AS north
        FROM (SELECT box2d(geom)::box3d AS b FROM layers_feature
              WHERE layer_id = {layer} AND changeset_id = {changeset}
              UNION ALL
              SELECT box2d(geom)::box3d FROM layers_featureversion
              WHERE layer_id = {layer} AND ended_by_id = {changeset}) AS state
    ), whole AS (
        SELECT min(west) AS west, min(south) AS south, max(east) AS east, max(north) AS north, count(*) AS n
        FROM box
    ), gathered AS (
        SELECT min(b.west) AS west, min(b.south) AS south, max(b.east) AS east, max(b.north) AS north
        FROM (SELECT *, row_number() OVER () AS number FROM box) AS b, whole w
        GROUP BY CASE WHEN w.n <= {most} THEN b.number ELSE
            width_bucket(b.west, w.west, w.east + 1e-9, 8) * 100 + width_bucket(b.south, w.south, w.north + 1e-9, 8)
        END
    ), told AS (
        INSERT INTO tiles.change (layer_id, revision, boxes)
        SELECT {layer}, {revision}, coalesce(array_agg(ARRAY[west, south, east, north]), '{{}}') FROM gathered
        {newest}
    ), pixels AS MATERIALIZED (
        SELECT DISTINCT floor((west + 180) / 360 * {world})::bigint AS west,
               floor((east + 180) / 360 * {world})::bigint AS east,
               floor((1 - asinh(tan(radians(north))) / pi()) / 2 * {world})::bigint AS north,
               floor((1 - asinh(tan(radians(south))) / pi()) / 2 * {world})::bigint AS south
        FROM box
    ), tiles_of AS (
        SELECT DISTINCT z, ((west >> ({finest} - z)) - {reach}) >> 9 AS west,
               ((east >> ({finest} - z)) + {reach}) >> 9 AS east,
               ((north >> ({finest} - z)) - {reach}) >> 9 AS north,
               ((south >> ({finest} - z)) + {reach}) >> 9 AS south
        FROM pixels, generate_series(0, {finest}) AS zoom (z)
        WHERE EXISTS (SELECT FROM tiles.tile t WHERE t.layer_id = {layer} AND t.z = zoom.z)
    )
    SELECT tiles.forget({layer}, array_agg(z), array_agg(west::int), array_agg(east::int),
                        array_agg(north::int), array_agg(south::int))
    FROM tiles_of
"""


def forget(layer: Layer) -> None:
    """Forget all tiles of a layer whose rows did not change but whose tiles do, in the caller's transaction:
    touches the row, so that tiles which are being made now are not kept either."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_layer SET updated_at = clock_timestamp() WHERE id = %s", [layer.pk])
        cursor.execute("SELECT tiles.forget_layer(%s)", [layer.pk])


def tidy() -> None:
    """Let go of tiles whose bytes are gone, and of changes that nobody asks for any more; hourly."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM tiles.tile WHERE turn <= (SELECT number FROM tiles.turn) - %s", [bodies.RING]
        )
        cursor.execute("DELETE FROM tiles.change WHERE made_at < now() - interval '1 day'")
