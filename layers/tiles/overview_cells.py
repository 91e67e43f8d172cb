"""The SQL of gathered rows: features that are too small to be drawn, summed by cell and class.

Cells are powers of two of a tile, and everything in them is a sum of whole numbers. So the cells of a zoom
are made from those of the next one, a change adds and takes away, and the same features give the same rows
in whatever order they came. See layers/sql/overview.sql for the columns.
"""

from collections.abc import Sequence

from psycopg2 import sql

from layers.styles.recipe import MAX_REACH_PX
from layers.tiles.overview_classes import Classes, Column

LAST_ZOOM = 13
"""The last zoom with gathered rows; from the next one on tiles hold every feature as itself."""

CELL_PX = (32, 2, 4)
"""Side of a cell by the dimension of the features in it: points, lines, areas."""

KEY = ("variant", "z", "x", "y", "kind", "ay", "ax", "dy", "dx", "class")
SUMS = ("n", "weight", "sum_x", "sum_y", "sum_id")
_BITS = "(ARRAY[4, 8, 7])[kind + 1]"
NEAR_LINE_CELLS = int(MAX_REACH_PX) // 2 // CELL_PX[1]


def measures(
    rows: sql.Composable, every: Sequence[Classes], column: Column, *, more: str = "id"
) -> sql.Composed:
    """SELECT of what each feature adds to rows of any zoom: own (the zoom from which it is drawn as itself),
    kind, x, y (the middle of its box), ax, ay, bx, by (a line's ends; of an area two places two thirds of the way
    from its middle to vertices that lie far apart), is_long (the area is spread over the three), weight, class_0, …

    `rows` has id, geom_3857, drawn_from and whatever `column` names; `more` are columns to pass on.
    """
    classes = [
        sql.SQL("({})::smallint AS {}").format(classes.number(column), sql.Identifier(f"class_{number}"))
        for number, classes in enumerate(every)
    ]
    numbers = sql.SQL(", ").join(sql.Identifier(f"class_{number}") for number in range(len(every)))
    return sql.SQL(_MEASURES).format(
        rows=rows, more=sql.SQL(more), classes=sql.SQL(", ").join(classes), numbers=numbers
    )


# OFFSET 0 keeps each step from being written out wherever the next one names it, and computed as often.
_MEASURES = """
    SELECT *, kind = 2 AND weight >= 3 AND first IS NOT NULL AND long > 1 << greatest(24 - own, 0) AS is_long,
           CASE WHEN first IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(first))
                ELSE x + (overview_x(ST_X(first)) - x) * 2 / 3 END AS ax,
           CASE WHEN first IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(first))
                ELSE y + (overview_y(ST_Y(first)) - y) * 2 / 3 END AS ay,
           CASE WHEN last IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(last))
                ELSE x + (overview_x(ST_X(last)) - x) * 2 / 3 END AS bx,
           CASE WHEN last IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(last))
                ELSE y + (overview_y(ST_Y(last)) - y) * 2 / 3 END AS by
    FROM (
        SELECT {more}, own, kind, {numbers}, (west + east) / 2 AS x, (north + south) / 2 AS y,
               greatest(east - west, south - north) AS long,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_StartPoint(line) ELSE ST_PointN(line, 1) END AS first,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_EndPoint(line)
                   ELSE ST_PointN(line, ST_NPoints(line) / 2 + 1) END AS last,
               greatest(CASE kind WHEN 2 THEN ST_Area(geom_3857) WHEN 1 THEN ST_Length(geom_3857) END, 1)::bigint
                   AS weight
        FROM (
            SELECT {more}, drawn_from % 100 AS own, geom_3857, kind, {numbers},
                   overview_x(ST_XMin(geom_3857)) AS west, overview_x(ST_XMax(geom_3857)) AS east,
                   overview_y(ST_YMin(geom_3857)) AS south, overview_y(ST_YMax(geom_3857)) AS north,
                   CASE kind WHEN 1 THEN ST_GeometryN(geom_3857, 1)
                       WHEN 2 THEN ST_ExteriorRing(ST_GeometryN(geom_3857, 1)) END AS line
            FROM (SELECT {more}, drawn_from, ST_Dimension(geom_3857) AS kind, {classes},
                         -- Very many vertices are unpacked once, not by each function that asks them.
                         CASE WHEN drawn_from < 100 THEN geom_3857 ELSE ST_Force2D(geom_3857) END AS geom_3857
                  FROM {rows} OFFSET 0) AS measured OFFSET 0
        ) AS placed OFFSET 0
    ) AS ended"""


def cells(measured: sql.Composable, z: sql.Composable, variant: int, *, sign: str = "1") -> sql.Composed:
    """SELECT of one row a feature and zoom, in the shape of the table without is_near: the key at zoom `z`
    (SQL) and what it adds, times `sign` (SQL)."""
    return sql.SQL(_CELLS).format(
        variant=sql.Literal(variant),
        z=z,
        number=sql.Identifier(f"class_{variant}"),
        sign=sql.SQL(sign),
        bits=sql.SQL(_BITS),
        measured=measured,
    )


_CELLS = """
    SELECT {variant}::smallint AS variant, z, x, y, kind, class,
           CASE WHEN swapped THEN bx ELSE ax END AS ax, CASE WHEN swapped THEN by ELSE ay END AS ay,
           CASE WHEN swapped THEN ax - bx ELSE bx - ax END AS dx,
           CASE WHEN swapped THEN ay - by ELSE by - ay END AS dy, n, weight, sum_x, sum_y, sum_id
    FROM (
        SELECT *, (bx, by) < (ax, ay) AS swapped
        FROM (
            SELECT z, kind, class, x >> (30 - z) AS x, y >> (30 - z) AS y,
                   (CASE kind WHEN 1 THEN ax ELSE x END) >> fine AS ax,
                   (CASE kind WHEN 1 THEN ay ELSE y END) >> fine AS ay,
                   (CASE kind WHEN 1 THEN bx ELSE x END) >> fine AS bx,
                   (CASE kind WHEN 1 THEN by ELSE y END) >> fine AS by,
                   {sign} AS n, {sign} * (weight - CASE WHEN is_long THEN weight / 3 * 2 ELSE 0 END) AS weight,
                   {sign} * x::bigint AS sum_x, {sign} * y::bigint AS sum_y, {sign} * id AS sum_id
            FROM (SELECT *, {z} AS z, {number} AS class, 30 - {z} - {bits} AS fine FROM {measured}) AS measured
            UNION ALL
            SELECT z, kind, class, px >> (30 - z), py >> (30 - z), px >> fine, py >> fine, px >> fine, py >> fine,
                   0, {sign} * (weight / 3), 0, 0, 0
            FROM (SELECT *, {z} AS z, {number} AS class, 30 - {z} - {bits} AS fine FROM {measured}
                  WHERE is_long) AS measured,
                 LATERAL (VALUES (ax, ay), (bx, by)) AS place (px, py)
        ) AS shifted
    ) AS ends"""


def coarser(rows: sql.Composable) -> sql.Composed:
    """SELECT of the rows of one zoom as rows of the zoom before it, not yet summed."""
    return sql.SQL(_COARSER).format(rows=rows)


_COARSER = """
    SELECT variant, z, x, y, kind, class,
           CASE WHEN swapped THEN bx ELSE ax END AS ax, CASE WHEN swapped THEN by ELSE ay END AS ay,
           CASE WHEN swapped THEN ax - bx ELSE bx - ax END AS dx,
           CASE WHEN swapped THEN ay - by ELSE by - ay END AS dy, n, weight, sum_x, sum_y, sum_id
    FROM (
        SELECT *, (bx, by) < (ax, ay) AS swapped
        FROM (
            SELECT variant, z - 1 AS z, x >> 1 AS x, y >> 1 AS y, kind, class, ax >> 1 AS ax, ay >> 1 AS ay,
                   (ax + dx) >> 1 AS bx, (ay + dy) >> 1 AS by, n, weight, sum_x, sum_y, sum_id
            FROM {rows}
        ) AS shifted
    ) AS ends"""


def summed(rows: sql.Composable) -> sql.Composed:
    """SELECT of rows summed by their key, in the shape of the table but for the widths of its numbers."""
    return sql.SQL(_SUMMED).format(rows=rows, near=sql.Literal(NEAR_LINE_CELLS))


# A circle of MAX_REACH_PX, or a line half as wide, may reach into the next tile.
_SUMMED = """
    SELECT variant, z, x, y, kind, class, ax, ay, dx, dy,
           CASE kind
               WHEN 0 THEN ax & 15 IN (0, 15) OR ay & 15 IN (0, 15)
               WHEN 1 THEN least(ax, ax + dx) - (x << 8) < {near}
                        OR greatest(ax, ax + dx) - (x << 8) >= 256 - {near}
                        OR least(ay, ay + dy) - (y << 8) < {near}
                        OR greatest(ay, ay + dy) - (y << 8) >= 256 - {near}
               ELSE false END AS is_near,
           sum(n)::bigint AS n, sum(weight)::bigint AS weight, sum(sum_x)::bigint AS sum_x,
           sum(sum_y)::bigint AS sum_y, sum(sum_id)::bigint AS sum_id
    FROM {rows} GROUP BY variant, z, x, y, kind, class, ax, ay, dx, dy"""
