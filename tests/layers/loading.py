"""Layers loaded as imports load them: rows staged, compared and applied, and what then is there."""

import io
import json
import struct
from collections.abc import Sequence
from typing import Any

from django.contrib.gis.geos import GEOSGeometry
from django.db import connection

from layers import staging
from layers.edits import apply_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Feature, Layer

Row = tuple[float | str, dict[str, Any], str | None]
"""Where it lies (a longitude at 50 degrees of latitude, or a geometry as WKT), its properties and its key."""


def binary_copy(rows: Sequence[Row]) -> io.BytesIO:
    """Rows in PostgreSQL's binary COPY format."""
    parts = [b"PGCOPY\n\xff\r\n\0", struct.pack("!ii", 0, 0)]
    for place, properties, key in rows:
        wkt = place if isinstance(place, str) else f"POINT({place} 50)"
        values = [
            bytes(GEOSGeometry(wkt, srid=4326).ewkb),
            b"\x01" + json.dumps(properties).encode(),
            None if key is None else key.encode(),
        ]
        parts.append(struct.pack("!h", len(values)))
        for value in values:
            parts.append(struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value)
    parts.append(struct.pack("!h", -1))
    return io.BytesIO(b"".join(parts))


def stage(layer: Layer, mode: str, rows: Sequence[Row]) -> Changeset:
    changeset = open_changeset(layer=layer, author=None, source="import", staging_mode=mode)
    staging.copy_binary(changeset, binary_copy(rows))
    return submit_changeset(changeset=changeset, actor=None)


def load(layer: Layer, mode: str, rows: Sequence[Row]) -> Changeset:
    changeset = apply_changeset(changeset=stage(layer, mode, rows), actor=None)
    layer.refresh_from_db()
    return changeset


def whole(layer: Layer) -> list[tuple[Any, ...]]:
    """Every feature of the layer with all that a revert restores: id, geometry, properties, key."""
    rows = Feature.objects.filter(layer=layer).order_by("id")
    return [(row.pk, row.geom.hexewkb, row.properties, row.external_key) for row in rows]


def counts(changeset: Changeset) -> tuple[int, int, int]:
    return changeset.created_count, changeset.updated_count, changeset.deleted_count


def staging_tables() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'")
        return int(cursor.fetchone()[0])
