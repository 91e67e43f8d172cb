"""The table that lists what differs between staged rows and their layer: made, filled and decided upon.

It is read by layers.diff. Rows are written once; a verdict about very many of them writes the table anew,
which takes less than half the time of an UPDATE that has to enter each row into both indexes again.
"""

from django.db import connection, transaction
from psycopg2 import sql

from layers import staging
from layers.models import Changeset

# From so many rows on, writing the table anew is the faster way.
_MANY = 20_000
_COLUMNS = "id, op, feature_id, base_version, attributes_changed, geometry_changed"


def create(changeset: Changeset, *, accepted: bool = True) -> None:
    """Make the empty table; rows that are filled in are accepted, or are not."""
    _create(staging.diff_table(changeset), accepted=accepted)


def fill(changeset: Changeset, differences: sql.Composable) -> None:
    """Fill it from a query of id, op, feature_id, base_version, attributes_changed and geometry_changed."""
    table = staging.diff_table(changeset)
    _run(f"INSERT INTO {{}} ({_COLUMNS}) {{}}", table, differences)
    _index(table)


def decide(changeset: Changeset, where: sql.Composable, *, accepted: bool) -> int:
    """Accept or refuse the rows that meet `where`; their number."""
    table, verdict = staging.diff_table(changeset), sql.Literal(accepted)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(table))
        cursor.execute(
            sql.SQL("SELECT count(*), count(*) FILTER (WHERE accepted <> {}) FROM {} WHERE {}").format(
                verdict, table, where
            )
        )
        concerned, other = cursor.fetchone()
        if other >= _MANY:
            _write_anew(changeset, where, verdict)
        elif other:
            _run("UPDATE {} SET accepted = {} WHERE accepted <> {} AND {}", table, verdict, verdict, where)
    return int(concerned)


def _write_anew(changeset: Changeset, where: sql.Composable, verdict: sql.Composable) -> None:
    table, name = staging.diff_table(changeset), staging.diff_name(changeset)
    made = sql.Identifier("staging", f"{name}_next")
    _create(made, accepted=True)
    copied = f"INSERT INTO {{}} ({_COLUMNS}, accepted) SELECT {_COLUMNS}, CASE WHEN {{}} THEN {{}} ELSE accepted END"
    _run(copied + " FROM {}", made, where, verdict, table)
    _index(made)
    _run("DROP TABLE {}", table)
    _run("ALTER TABLE {} RENAME TO {}", made, sql.Identifier(name))


def _create(table: sql.Composable, *, accepted: bool) -> None:
    _run(
        "CREATE TABLE {} (id bigint, op char(1), feature_id bigint, base_version integer,"
        " attributes_changed boolean, geometry_changed boolean, accepted boolean DEFAULT {})",
        table, sql.Literal(accepted),
    )  # fmt: skip


def _index(table: sql.Composable) -> None:
    _run("SET LOCAL maintenance_work_mem = '128MB'")
    _run("ALTER TABLE {} ADD PRIMARY KEY (id)", table)
    _run("CREATE INDEX ON {} (op, id)", table)
    _run("ANALYZE {}", table)


def _run(statement: str, *parts: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*parts))
