"""Staging: rows of an import wait in a bare table until their changeset is applied.

The table has the shape of a partition, so that the first import of a layer becomes its partition
as it stands, and columns that are the same for all rows are its defaults: a load is a COPY of
geometry, properties and key alone.
"""

from collections.abc import Sequence
from typing import Protocol

from django.db import connection
from psycopg2 import sql

from layers.models import Changeset


class SupportsRead(Protocol):
    """What COPY needs of its source."""

    def read(self, size: int = -1, /) -> bytes: ...


COPY_COLUMNS = ("geom", "properties", "external_key")
_CHUNK = 1 << 20  # bytes read from the source at a time


def staging_name(changeset: Changeset) -> str:
    return f"changeset_{changeset.pk}"


def staging_table(changeset: Changeset) -> sql.Composable:
    return sql.Identifier("staging", staging_name(changeset))


def create_staging(changeset: Changeset) -> None:
    """Make the staging table of an import's draft changeset; in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CALL features_create_staging(%s, %s, %s, %s)",
            [staging_name(changeset), changeset.layer_id, changeset.pk, changeset.base_revision + 1],
        )


def copy_binary(changeset: Changeset, source: SupportsRead) -> None:
    """Copy rows in PostgreSQL's binary COPY format, columns COPY_COLUMNS, geometry as EWKB in 4326.

    Raises django.db.IntegrityError where a row breaks a rule of the features table (invalid or
    empty geometry, outside the map), django.db.DataError where it cannot be read.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        staging_table(changeset), sql.SQL(", ").join(map(sql.Identifier, COPY_COLUMNS))
    )
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.cursor.copy_expert(statement.as_string(cursor.cursor), source, size=_CHUNK)


def drop_staging(changeset: Changeset) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(staging_table(changeset)))


def repeated_keys(changeset: Changeset, *, limit: int = 20) -> list[str]:
    """Keys that more than one staged row has, at most `limit` of them, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT external_key FROM {} WHERE external_key IS NOT NULL "
                "GROUP BY external_key HAVING count(*) > 1 ORDER BY external_key LIMIT {}"
            ).format(staging_table(changeset), sql.Literal(limit))
        )
        return [key for (key,) in cursor.fetchall()]


def rows_without_key(changeset: Changeset) -> int:
    """How many staged rows have no key."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT count(*) FROM {} WHERE external_key IS NULL").format(staging_table(changeset))
        )
        (count,) = cursor.fetchone()
    return int(count)


def keep_values(changeset: Changeset, keys: Sequence[str]) -> None:
    """Give staged rows the values of `keys` that the features with the same external key have now."""
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                """
                UPDATE {staged} s
                SET properties = s.properties || (SELECT coalesce(jsonb_object_agg(key, value), '{{}}')
                                                  FROM jsonb_each(f.properties) WHERE key = ANY({keys}))
                FROM layers_feature f
                WHERE f.layer_id = {layer} AND f.external_key = s.external_key
                """
            ).format(
                staged=staging_table(changeset),
                keys=sql.Literal(list(keys)),
                layer=sql.Literal(changeset.layer_id),
            )
        )
