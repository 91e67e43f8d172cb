"""Overview rows: what low zooms are drawn from, made when data change and not when a tile is asked for.

Three things belong to a layer (decision 10):
- spatial indexes of its features by the zoom from which they are drawn as themselves (`drawn_from`), so that
  a low zoom reads the few large ones; the database keeps them;
- the table overviews.layer_<id> of gathered rows: all others, summed by cell and class of the style. It is made
  by `rebuild` and kept by `update`, which gives exactly what `rebuild` would;
- shapes of geometries with very many vertices, as detailed as each low zoom shows them (overview_heavy).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg2 import sql

from layers.access import typed_value
from layers.models import Changeset, Layer
from layers.publications import refresh_overview, withdraw_overview
from layers.tiles import overview_heavy
from layers.tiles.overview_cells import KEY, LAST_ZOOM, SUMS, cells, coarser, measures, summed
from layers.tiles.overview_classes import Classes, made_with, variants

_WORTH_AN_INDEX = 0.6
"""An index of large features alone is kept where it holds fewer than this part of those of the next one."""

_FEW = 2_000
"""Features that are read faster than an index of some of them is worth."""


def rebuild(layer: Layer) -> None:
    """Make the layer's overview anew, in one transaction: indexes and gathered rows."""
    with transaction.atomic(), _room():
        _index_large_features(layer)
        _put_in_place(layer, _make_rows(layer), overview_heavy.make(layer))
        _write_down(layer)


def update(layer: Layer, changeset: Changeset) -> None:
    """Make the overview of a locked layer agree with a changeset that was just carried out in it."""
    touched = changeset.created_count + changeset.updated_count + changeset.deleted_count
    if not is_current(layer) or 2 * touched > layer.feature_count + _FEW:
        rebuild(layer)
    else:
        overview_heavy.keep(layer, changeset)
        _add_and_take_away(layer, changeset)


def refresh(layer: Layer) -> None:
    """Make the overview anew where it was made for another style, or for other access to its fields."""
    if layer.overview_made_with and not is_current(layer):
        with transaction.atomic(), _room():
            _put_in_place(layer, _make_rows(layer))
            _write_down(layer)


def mend() -> None:
    """Make the overviews that are missing, as after the program was renewed; one layer in a transaction. Tiles
    are the same before and after, only slower before."""
    for layer in Layer.objects.filter(revision__gt=0).select_related("community").order_by("feature_count"):
        if is_current(layer):
            continue
        with transaction.atomic():
            rows = Layer.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
            locked = rows.select_related("community").filter(pk=layer.pk).first()
            if locked is not None and not is_current(locked):
                rebuild(locked)


def is_current(layer: Layer) -> bool:
    """Whether the layer has gathered rows, and they are of its present style and access."""
    return layer.overview_made_with == made_with(layer)


def drop(layer: Layer) -> None:
    """Drop the gathered rows. Tiles of low zooms are then gathered from all features, which is slow."""
    withdraw_overview(layer)
    overview_heavy.drop(layer)
    _run(sql.SQL("DROP TABLE IF EXISTS {}").format(table_of(layer)))
    Layer.objects.filter(pk=layer.pk).update(overview_made_with="")
    layer.overview_made_with = ""


def table_of(layer: Layer) -> sql.Identifier:
    return sql.Identifier("overviews", f"layer_{layer.pk}")


def _write_down(layer: Layer) -> None:
    layer.overview_made_with = made_with(layer)
    Layer.objects.filter(pk=layer.pk).update(overview_made_with=layer.overview_made_with)


# --- indexes of large features ---


def _index_large_features(layer: Layer) -> None:
    partition = sql.Identifier("features", f"layer_{layer.pk}")
    if _one("SELECT to_regclass(%s) IS NULL", [f"features.layer_{layer.pk}"]):
        return
    wanted = {"heavy": sql.SQL("drawn_from >= 100")}
    for zoom in _index_zooms(layer):
        wanted[f"from_{zoom}"] = sql.SQL("drawn_from <= {}").format(sql.Literal(zoom))
    prefix = f"layer_{layer.pk}_drawn_"
    found = _column(
        "SELECT relname FROM pg_class WHERE relnamespace = 'features'::regnamespace AND starts_with(relname, %s)",
        [prefix],
    )
    for name in set(found) - {prefix + name for name in wanted}:
        _run(sql.SQL("DROP INDEX {}").format(sql.Identifier("features", name)))
    for name, condition in wanted.items():
        if prefix + name not in found:
            _run(
                sql.SQL("CREATE INDEX {} ON {} USING gist (geom_3857) WHERE {}").format(
                    sql.Identifier(prefix + name), partition, condition
                )
            )


def _index_zooms(layer: Layer) -> list[int]:
    """For which zooms an index of the features drawn at them is worth its keep, highest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT drawn_from %% 100, count(*) FROM layers_feature WHERE layer_id = %s GROUP BY 1",
            [layer.pk],
        )
        counts = dict(cursor.fetchall())
    chosen, last = [], sum(counts.values())
    for zoom in range(LAST_ZOOM, -1, -1):
        drawn = sum(count for own, count in counts.items() if own <= zoom)
        if last > _FEW and drawn < _WORTH_AN_INDEX * last:
            chosen.append(zoom)
            last = drawn
    return chosen


# --- gathered rows ---


def _make_rows(layer: Layer) -> sql.Composable:
    """A new table of gathered rows, beside that which readers see."""
    every = variants(layer)
    fresh = sql.Identifier("overviews", f"layer_{layer.pk}_new")
    _run(sql.SQL("DROP TABLE IF EXISTS {}").format(fresh))
    _run(sql.SQL("CREATE TABLE {} (LIKE overviews.template)").format(fresh))
    _measure(layer, every)
    own = set(_column("SELECT DISTINCT own FROM overview_measures", []))
    first = min(LAST_ZOOM, max(own, default=0) - 1)  # features are drawn as themselves at all zooms after it
    for zoom in range(first, -1, -1):
        enter = zoom == LAST_ZOOM or zoom + 1 in own
        _run(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS {}").format(
                _level(zoom), _rows_of(zoom, every, enter=enter, follow=zoom < first)
            )
        )
        _run(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ORDER BY variant, z, x, y, kind, ay, ax").format(
                fresh, _COLUMNS, _COLUMNS, _level(zoom)
            )
        )
        if zoom < first:
            _run(sql.SQL("DROP TABLE {}").format(_level(zoom + 1)))
    _run(sql.SQL("DROP TABLE IF EXISTS overview_measures, {}").format(_level(0)))
    _run(
        sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(
            fresh, sql.SQL(", ").join(map(sql.Identifier, KEY))
        )
    )
    _run(sql.SQL("CREATE INDEX ON {} (variant, z, x, y) WHERE is_near").format(fresh))
    _run(sql.SQL("ANALYZE {}").format(fresh))
    return fresh


_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, (*KEY, "is_near", *SUMS)))


def _measure(layer: Layer, every: list[Classes]) -> None:
    """What is not drawn as itself at some zoom with gathered rows, measured once."""
    small = sql.SQL("(SELECT * FROM layers_feature WHERE layer_id = {} AND drawn_from % 100 > 0)").format(
        sql.Literal(layer.pk)
    )
    _run(sql.SQL("DROP TABLE IF EXISTS overview_measures"))
    _run(
        sql.SQL("CREATE TEMP TABLE overview_measures ON COMMIT DROP AS {}").format(
            measures(sql.SQL("{} AS small").format(small), every, typed_value)
        )
    )


def _level(zoom: int) -> sql.Composable:
    return sql.Identifier(f"overview_level_{zoom}")


def _rows_of(zoom: int, every: list[Classes], *, enter: bool, follow: bool) -> sql.Composed:
    """The rows of one zoom: those of the next one made coarser (`follow`: there are such), and what becomes too
    small at this one (`enter`)."""
    parts: list[sql.Composable] = [coarser(_level(zoom + 1))] if follow else []
    if enter:
        small = sql.SQL("own > {}" if zoom == LAST_ZOOM else "own = {} + 1").format(sql.Literal(zoom))
        entering = sql.SQL("(SELECT * FROM overview_measures WHERE {}) AS entering").format(small)
        parts += [cells(entering, sql.Literal(zoom), number) for number in range(len(every))]
    return summed(sql.SQL("({}) AS rows").format(sql.SQL(" UNION ALL ").join(parts)))


def _put_in_place(layer: Layer, rows: sql.Composable, shapes: sql.Composable | None = None) -> None:
    """Let readers see new tables in place of the old ones; they wait from here until the commit."""
    withdraw_overview(layer)
    for place, fresh in ((table_of(layer), rows), (overview_heavy.table_of(layer), shapes)):
        if fresh is not None:
            name = sql.Identifier(place.strings[1])  # without the schema
            _run(sql.SQL("DROP TABLE IF EXISTS {}").format(place))
            _run(sql.SQL("ALTER TABLE {} RENAME TO {}").format(fresh, name))
    refresh_overview(layer)


# --- a changeset ---


def _add_and_take_away(layer: Layer, changeset: Changeset) -> None:
    every = variants(layer)
    given = {"layer": sql.Literal(layer.pk), "changeset": sql.Literal(changeset.pk)}
    states = sql.SQL(_STATES).format(**given)
    measured = measures(states, every, typed_value, more="id, sign")
    zooms = sql.SQL("(SELECT * FROM measured, generate_series(0, least(own - 1, {})) AS zoom)").format(
        sql.Literal(LAST_ZOOM)
    )
    parts = [
        cells(sql.SQL("{} AS each").format(zooms), sql.SQL("zoom::smallint"), number, sign="sign")
        for number in range(len(every))
    ]
    rows = summed(sql.SQL("({}) AS rows").format(sql.SQL(" UNION ALL ").join(parts)))
    _run(
        sql.SQL(_CHANGE).format(
            measured=measured,
            rows=rows,
            table=table_of(layer),
            columns=_COLUMNS,
            key=sql.SQL(", ").join(map(sql.Identifier, KEY)),
            same=_each("t.{0} = d.{0}", KEY, " AND "),
            changed=_each("{} <> 0", SUMS, " OR "),
            added=_each("{0} = t.{0} + excluded.{0}", SUMS, ", "),
        )
    )


def _each(form: str, names: tuple[str, ...], between: str) -> sql.Composed:
    return sql.SQL(between).join(sql.SQL(form).format(sql.Identifier(name)) for name in names)


_STATES = """
    (SELECT 1 AS sign, id, geom_3857, drawn_from, properties FROM layers_feature
     WHERE layer_id = {layer} AND changeset_id = {changeset}
     UNION ALL
     SELECT -1, feature_id, ST_Transform(geom, 3857), overview_zoom(geom), properties
     FROM layers_featureversion WHERE layer_id = {layer} AND ended_by_id = {changeset}) AS states"""
_CHANGE = """
    WITH measured AS MATERIALIZED ({measured}),
    difference AS MATERIALIZED (SELECT * FROM ({rows}) AS changed WHERE {changed}),
    gone AS (
        DELETE FROM {table} AS t USING difference d WHERE {same} AND t.n + d.n = 0 AND t.weight + d.weight = 0
        RETURNING t.*)
    INSERT INTO {table} AS t ({columns})
    SELECT {columns} FROM difference d
    WHERE NOT EXISTS (SELECT FROM {table} AS t WHERE {same} AND t.n + d.n = 0 AND t.weight + d.weight = 0)
    ON CONFLICT ({key}) DO UPDATE SET {added}"""


# --- statements ---


@contextmanager
def _room() -> Iterator[None]:
    """Memory and a second core for sorting a large layer; the session is as before afterwards."""
    wanted = {"work_mem": "128MB", "maintenance_work_mem": "256MB", "max_parallel_workers_per_gather": "2"}
    before = {name: _one("SELECT current_setting(%s)", [name]) for name in wanted}
    for name, value in wanted.items():
        _one("SELECT set_config(%s, %s, true)", [name, value])
    yield
    for name, value in before.items():
        _one("SELECT set_config(%s, %s, true)", [name, value])


def _run(statement: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _column(statement: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def _one(statement: str, values: list[Any]) -> Any:
    (found,) = _column(statement, values)
    return found
