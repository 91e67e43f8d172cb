"""The SQL that turns gathered rows into what a tile draws: squares, short lines and circles with a count.

Areas: a cell that is half full is a whole square, and equal squares beside each other become one; a cell with
less is a square as large as the areas in it, in their middle. Lines: from the cell of the one end to that of
the other, so that networks stay connected. Points: a circle in their middle; a single one is itself.
Of the classes in a cell the one with the most area, length or points is drawn, and stands for all.
"""

from dataclasses import dataclass
from functools import cached_property

from psycopg2 import sql

from layers.access import ReadSource
from layers.models.catalogue import GeometryType
from layers.publications import published_heavy, published_overview
from layers.tiles import overview_heavy
from layers.tiles.address import EXTENT, UNITS_PER_PX, TileAddress
from layers.tiles.overview import is_current, table_of
from layers.tiles.overview_cells import CELL_PX, LAST_ZOOM, NEAR_LINE_CELLS, cells, measures, summed
from layers.tiles.overview_classes import Classes, variant_of

SMALLEST_PX = 1.5
"""Side of the square for areas that are hardly there."""

FULL = 0.5
"""A cell of which this part is covered is drawn whole."""

LAST_COARSE_ZOOM = 18
"""Beyond it positions are finer than the units in which rows add them up."""


@dataclass(frozen=True)
class Gathering:
    """What a tile shows in place of features that are too small. `coarse` n: too small are those that would be
    drawn as themselves 1 to n zooms later only, and cells are 2^n times larger."""

    source: ReadSource
    tile: TileAddress
    coarse: int = 0

    @property
    def is_needed(self) -> bool:
        return self.tile.z <= LAST_ZOOM or self.coarse > 0

    @property
    def drawn_until(self) -> int:
        """Features are drawn as themselves whose `drawn_from` is at most this."""
        return self.tile.z - self.coarse

    @cached_property
    def _variant(self) -> tuple[int, Classes]:
        return variant_of(self.source)

    @property
    def classes(self) -> Classes:
        return self._variant[1]

    @cached_property
    def has_rows(self) -> bool:
        """Whether the layer's overview was made, as its style and access now are."""
        return self.tile.z <= LAST_ZOOM and is_current(self.source.layer)

    @property
    def heavy(self) -> sql.Composable:
        """Where this reader finds prepared shapes of geometries with very many vertices."""
        layer = self.source.layer
        return published_heavy(layer) if self.source.alias == "public" else overview_heavy.table_of(layer)

    def features(self) -> sql.Composed:
        """SELECT of what is drawn: kind, class, geom (in tile units; NULL where the map does not draw the class),
        n (features that it stands for), own (of them at home in this tile), feature (the one that it is, or NULL),
        line and place (an order)."""
        z, side = self.tile.z, 30 - self.tile.z
        cell_px = CELL_PX[2] << self.coarse
        steps, results = _PARTS[GeometryType(self.source.layer.geometry_type)]
        if self.classes.hidden:
            results = (*results, _HIDDEN)
        return sql.SQL("".join((_LED, *steps, " UNION ALL ".join(results)))).format(
            cells=self._cells(),
            hidden=sql.SQL(", ").join(map(sql.Literal, self.classes.hidden or (None,))),
            west=sql.Literal(self.tile.x << side), north=sql.Literal(self.tile.y << side),
            fine=sql.Literal(LAST_COARSE_ZOOM - z),
            left=sql.Literal(self.tile.x * EXTENT), top=sql.Literal(self.tile.y * EXTENT),
            line_side=sql.Literal(CELL_PX[1] * UNITS_PER_PX << self.coarse),
            side=sql.Literal(cell_px * UNITS_PER_PX),
            px=sql.Literal(UNITS_PER_PX),
            cell_m2=sql.Literal((cell_px * self.tile.px_m) ** 2),
            full=sql.Literal(FULL),
            smallest=sql.Literal(SMALLEST_PX / cell_px),
        )  # fmt: skip

    def _cells(self) -> sql.Composable:
        """SELECT of one row a cell and class, its sums as double precision: whole numbers that it holds exactly.

        Stored rows of areas are that already, in the order of their index; lines at the tile's edge come from
        two tiles, and coarser cells are sums of cells.
        """
        if self.has_rows and not self.coarse and not self._shows_neighbours:
            return sql.SQL(_AS_STORED).format(rows=self._rows())
        return sql.SQL(_COARSER).format(rows=self._rows(), coarse=sql.Literal(self.coarse))

    @property
    def _shows_neighbours(self) -> bool:
        """Whether circles or lines of the next tile may reach into this one; squares lie within theirs."""
        return self.source.layer.geometry_type != GeometryType.POLYGON

    def _rows(self) -> sql.Composable:
        """Gathered rows of the tile and those of its neighbours that reach into it, with `mine` for the former."""
        parts = self._stored_rows() if self.has_rows else []
        if self.coarse or not self.has_rows:
            parts.append(self._rows_made_now())
        every = sql.SQL("({}) AS rows").format(sql.SQL(" UNION ALL ").join(parts))
        if not self._shows_neighbours:
            return every
        x, y = self.tile.x, self.tile.y
        return sql.SQL(_REACHING).format(
            rows=every,
            left=sql.Literal(x << 8), right=sql.Literal((x + 1) << 8),
            top=sql.Literal(y << 8), bottom=sql.Literal((y + 1) << 8),
            point=sql.Literal(1 << 4), line=sql.Literal(NEAR_LINE_CELLS),
        )  # fmt: skip

    def _stored_rows(self) -> list[sql.Composable]:
        layer = self.source.layer
        z, x, y = self.tile.z, self.tile.x, self.tile.y
        given = {
            "relation": published_overview(layer) if self.source.alias == "public" else table_of(layer),
            "variant": sql.Literal(self._variant[0]), "z": sql.Literal(z), "x": sql.Literal(x), "y": sql.Literal(y),
            "xs": sql.Literal([x - 1, x, x + 1]), "ys": sql.Literal([y - 1, y, y + 1]),
        }  # fmt: skip
        parts = [sql.SQL(_MINE).format(**given)]
        if self._shows_neighbours:
            parts.append(sql.SQL(_NEAR).format(**given))
        return parts

    def _rows_made_now(self) -> sql.Composable:
        """The same rows for what `coarse` adds to them, or for all where the layer has no rows."""
        z, x, y = map(sql.Literal, (self.tile.z, self.tile.x, self.tile.y))
        small = [sql.SQL("drawn_from % 100 > {}").format(sql.Literal(self.drawn_until))]
        if self.has_rows:
            small.append(sql.SQL("drawn_from % 100 <= {}").format(z))
        elif self.tile.z > LAST_ZOOM:
            small = [sql.SQL("({} OR ST_Dimension(geom_3857) = 0)").format(small[0])]
        reach = CELL_PX[0] * 2 * UNITS_PER_PX  # of cells of this zoom, however coarse they become
        near = sql.SQL("(SELECT * FROM {} WHERE geom_3857 && {} AND {}) AS near").format(
            self.source.relation, self.tile.envelope(buffer=reach), sql.SQL(" AND ").join(small)
        )
        measured = measures(near, [self.classes], lambda field: self.source.column(field.key))
        rows = summed(sql.SQL("({}) AS single").format(cells(_aliased(measured, "m"), z, 0)))
        return sql.SQL(
            "SELECT {}, x = {} AND y = {} AS mine FROM {} WHERE is_near OR x = {} AND y = {}"
        ).format(sql.SQL(_COLUMNS), x, y, _aliased(rows, "made"), x, y)


def _aliased(select: sql.Composable, name: str) -> sql.Composed:
    return sql.SQL("({}) AS {}").format(select, sql.Identifier(name))


_COLUMNS = "kind, class, ax, ay, dx, dy, n, weight, sum_x, sum_y, sum_id"
_MINE = (
    f"SELECT {_COLUMNS}, true AS mine FROM {{relation}}"  # noqa: S608 -- a constant
    " WHERE variant = {variant} AND z = {z} AND x = {x} AND y = {y}"
)
_NEAR = (
    f"SELECT {_COLUMNS}, false AS mine FROM {{relation}}"  # noqa: S608 -- a constant
    " WHERE is_near AND variant = {variant} AND z = {z} AND x = ANY({xs}) AND y = ANY({ys})"
    " AND NOT (x = {x} AND y = {y})"
)

# Cells of points and lines alike are counted in those of lines, 2^8 to a tile.
_REACHING = """
    (SELECT * FROM (SELECT *, CASE kind WHEN 0 THEN 4 ELSE 0 END AS up,
                           CASE kind WHEN 0 THEN {point} ELSE {line} END AS m FROM {rows}) AS fine
     WHERE mine OR (greatest(ax, ax + dx) << up >= {left} - m AND least(ax, ax + dx) << up < {right} + m
                    AND greatest(ay, ay + dy) << up >= {top} - m AND least(ay, ay + dy) << up < {bottom} + m)
    ) AS reaching"""
_AS_STORED = """
    SELECT kind, class, ay, ax, dy, dx, n::float8 AS n, n::float8 AS own, weight::float8 AS weight,
           sum_x::float8 AS sum_x, sum_y::float8 AS sum_y, sum_id::float8 AS sum_id
    FROM {rows}"""
_COARSER = """
    SELECT kind, class, (a >> 32)::integer AS ay, (a & 4294967295)::integer AS ax,
           ((b >> 32) - (a >> 32))::integer AS dy, ((b & 4294967295) - (a & 4294967295))::integer AS dx,
           sum(n::float8) AS n, sum(n::float8) FILTER (WHERE mine) AS own, sum(weight::float8) AS weight,
           sum(sum_x::float8) AS sum_x, sum(sum_y::float8) AS sum_y, sum(sum_id::float8) AS sum_id
    FROM (
        SELECT *, least(one, other) AS a, greatest(one, other) AS b
        FROM (
            SELECT *, (ay >> {coarse})::bigint << 32 | (ax >> {coarse}) AS one,
                   (ay + dy >> {coarse})::bigint << 32 | (ax + dx >> {coarse}) AS other
            FROM {rows}
        ) AS ends
    ) AS keyed
    GROUP BY kind, class, a, b"""
# The class of a cell is that with the greatest weight, the first of equals: both are in one number.
_LED = """
    WITH cell AS ({cells}),
    led AS (
        SELECT kind, 510 - (best & 511)::integer AS class, ay, ax, ay + dy AS by, ax + dx AS bx, n, own, weight,
               coalesce(floor(sum_x / nullif(n, 0))::bigint - {west} >> {fine}, ax * {side} + {side} / 2 - {left}) AS x,
               coalesce(floor(sum_y / nullif(n, 0))::bigint - {north} >> {fine}, ay * {side} + {side} / 2 - {top}) AS y,
               CASE WHEN n = 1 THEN sum_id END::bigint AS feature, best < 512 AS hidden
        FROM (
            SELECT kind, ay, ax, dy, dx, sum(n) AS n, sum(own) AS own, sum(weight) AS weight, sum(sum_x) AS sum_x,
                   sum(sum_y) AS sum_y, sum(sum_id) AS sum_id,
                   max(CASE WHEN class IN ({hidden}) THEN 0 ELSE weight::bigint << 9 END | 510 - class) AS best
            FROM cell GROUP BY kind, ay, ax, dy, dx
        ) AS summed
    )"""
_RUNS = """,
    runs AS (
        SELECT class, ay, min(ax) AS first, max(ax) + 1 AS last, sum(n) AS n, sum(own) AS own, max(feature) AS feature
        FROM (SELECT *, ax - row_number() OVER (PARTITION BY ay, class ORDER BY ax) AS run FROM led
              WHERE kind = 2 AND NOT hidden AND weight >= {full} * {cell_m2}) AS whole
        GROUP BY class, ay, run
    )"""
_JOINTS = """,
    joints AS (
        SELECT (ay::bigint << 32) | ax AS place FROM led WHERE kind = 1 AND (ax, ay) <> (bx, by) AND NOT hidden
        UNION
        SELECT (by::bigint << 32) | bx FROM led WHERE kind = 1 AND (ax, ay) <> (bx, by) AND NOT hidden
    )"""
_SQUARES = """
    SELECT 2 AS kind, class, n::bigint AS n, own::bigint AS own, CASE WHEN n = 1 THEN feature END AS feature,
           ay AS line, first AS place,
           ST_Reverse(ST_MakeEnvelope(first * {side} - {left}, ay * {side} - {top},
                                      last * {side} - {left}, (ay + 1) * {side} - {top})) AS geom
    FROM runs
    UNION ALL
    SELECT 2, class, n::bigint, own::bigint, feature, ay, ax,
           ST_Reverse(ST_MakeEnvelope(round(x - half), round(y - half), round(x + half), round(y + half)))
    FROM (SELECT *, greatest({smallest}, sqrt(weight / {cell_m2}::double precision)) * {side} / 2 AS half
          FROM led WHERE kind = 2 AND NOT hidden AND weight < {full} * {cell_m2}) AS sparse"""
# NOT IN is answered by a hash table; a join with a step whose size nobody knows becomes a nested loop.
_LINES = """
    SELECT 1 AS kind, class, n::bigint AS n, own::bigint AS own, feature, ay AS line,
           (ax::bigint << 16) | ((by - ay + 128) << 8) | (bx - ax + 128) AS place,
           CASE WHEN (ax, ay) <> (bx, by)
               THEN ST_MakeLine(
                   ST_Point(ax * {line_side} + {line_side} / 2 - {left}, ay * {line_side} + {line_side} / 2 - {top}),
                   ST_Point(bx * {line_side} + {line_side} / 2 - {left}, by * {line_side} + {line_side} / 2 - {top}))
           WHEN ((ay::bigint << 32) | ax) NOT IN (SELECT place FROM joints)
               THEN ST_MakeLine(ST_Point(x - {px}, y), ST_Point(x + {px}, y)) END AS geom
    FROM led WHERE kind = 1 AND NOT hidden"""
_CIRCLES = """
    SELECT 0 AS kind, class, n::bigint AS n, own::bigint AS own, feature, ay AS line, ax AS place,
           ST_Point(x, y) AS geom
    FROM led WHERE kind = 0 AND NOT hidden"""
_HIDDEN = """
    SELECT kind, class, n::bigint, own::bigint, NULL, ay, ax, NULL FROM led WHERE hidden"""
_PARTS = {
    GeometryType.POLYGON: ((_RUNS,), (_SQUARES,)),
    GeometryType.LINE: ((_JOINTS,), (_LINES,)),
    GeometryType.POINT: ((), (_CIRCLES,)),
    GeometryType.ANY: ((_RUNS, _JOINTS), (_SQUARES, _LINES, _CIRCLES)),
}
"""Steps and results by what a layer holds: planning the whole takes as long as a small tile."""
