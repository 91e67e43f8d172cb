"""Geometries with very many vertices, made ready for each low zoom at which they are drawn.

A tile of a low zoom would read every vertex of them to draw the few that can be seen. So their shapes are
kept as detailed as each zoom shows them, in overviews.layer_<id>_heavy: no query but that one knows of it.
"""

from django.db import connection
from psycopg2 import sql

from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType
from layers.tiles.address import TILE_PX, WORLD_M
from layers.tiles.overview_cells import LAST_ZOOM


def table_of(layer: Layer) -> sql.Identifier:
    return sql.Identifier("overviews", f"layer_{layer.pk}_heavy")


def make(layer: Layer) -> sql.Composable:
    """A new table of them, beside that which readers see; in the caller's transaction."""
    fresh = sql.Identifier("overviews", f"layer_{layer.pk}_heavy_new")
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(fresh))
        cursor.execute(sql.SQL("CREATE TABLE {} AS {}").format(fresh, _shapes(layer, sql.SQL("true"))))
        for columns in ("USING gist (shape)", "(feature_id)"):
            cursor.execute(sql.SQL("CREATE INDEX ON {} {}").format(fresh, sql.SQL(columns)))
        cursor.execute(sql.SQL("ANALYZE {}").format(fresh))
    return fresh


def keep(layer: Layer, changeset: Changeset) -> None:
    """Make the table agree with a changeset that was just carried out."""
    parts = {
        "table": table_of(layer), "layer": sql.Literal(layer.pk), "changeset": sql.Literal(changeset.pk),
        "shapes": _shapes(layer, sql.SQL("changeset_id = {}").format(sql.Literal(changeset.pk))),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_GONE).format(**parts))
        cursor.execute(sql.SQL("INSERT INTO {table} {shapes}").format(**parts))


def drop(layer: Layer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table_of(layer)))


_GONE = """
    DELETE FROM {table} WHERE feature_id IN (
        SELECT feature_id FROM layers_featureversion WHERE layer_id = {layer} AND ended_by_id = {changeset})"""


def _shapes(layer: Layer, condition: sql.Composable) -> sql.Composed:
    """SELECT of feature_id, z and shape, each as tiles of zoom z would make it of the whole (layers.tiles.mvt): areas
    on a grid, without the vertices on straight lines; what is in other layers simplified by half a pixel."""
    how = {GeometryType.POLYGON: 2, GeometryType.POINT: 0}.get(GeometryType(layer.geometry_type), 1)
    return sql.SQL(_SHAPES).format(
        how=sql.Literal(how), layer=sql.Literal(layer.pk), condition=condition, last=sql.Literal(LAST_ZOOM),
        edge=sql.Literal(WORLD_M / 2), half_px=sql.Literal(WORLD_M / TILE_PX / 2),
    )  # fmt: skip


_SHAPES = """
    SELECT id AS feature_id, z::smallint AS z,
           CASE {how}
               WHEN 2 THEN coalesce(
                   ST_Simplify(ST_SnapToGrid(geom_3857, -{edge}, {edge}, {half_px} / 2 ^ z, {half_px} / 2 ^ z),
                               0, true),
                   geom_3857)
               WHEN 1 THEN ST_Simplify(geom_3857, {half_px} / 2 ^ z, true)
               ELSE geom_3857 END::geometry(Geometry, 3857) AS shape
    FROM layers_feature, generate_series(drawn_from - 100, {last}) AS zoom (z)
    WHERE layer_id = {layer} AND drawn_from >= 100 AND {condition}"""
