"""Staging: rows of an import wait in a bare table until their changeset is applied.

The table has the shape of a partition, so that the first import of a layer becomes its partition
as it stands, and columns that are the same for all rows are its defaults: a load is a COPY of
geometry, properties and key alone. Beside it lies, once it was computed, what differs from the layer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

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


def diff_name(changeset: Changeset) -> str:
    """What differs between staged rows and the layer (layers.diff)."""
    return f"changeset_{changeset.pk}_diff"


def diff_table(changeset: Changeset) -> sql.Composable:
    return sql.Identifier("staging", diff_name(changeset))


def inverse_name(changeset: Changeset) -> str:
    """What undoes a large changeset (layers.reverts)."""
    return f"changeset_{changeset.pk}_inverse"


def inverse_table(changeset: Changeset) -> sql.Composable:
    return sql.Identifier("staging", inverse_name(changeset))


def has_table(name: str) -> bool:
    """Whether schema `staging` has a table of this name, which is one of ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"staging.{name}"])
        (found,) = cursor.fetchone()
    return bool(found)


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
    """Drop whatever waits for this changeset in schema `staging`."""
    tables = (staging_table(changeset), diff_table(changeset), inverse_table(changeset))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.SQL(", ").join(tables)))


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


def gain_fields(changeset: Changeset, fields: Sequence[Mapping[str, Any]]) -> None:
    """Let the layer gain these fields (the JSON form of layers.schema) when the changeset is applied."""
    changeset.new_fields = [dict(item) for item in fields]
    changeset.save(update_fields=["new_fields"])


def keep_values(changeset: Changeset, keys: Sequence[str]) -> None:
    """Let staged rows leave the values of `keys` as they are in the features that they update: fields of
    which the file knows nothing. Those that the changeset's author does not see are kept in any case."""
    changeset.kept_fields = list(keys)
    changeset.save(update_fields=["kept_fields"])
