"""The SQL of vector tiles: one builder for every layer and every reader.

A tile is selected with the same margin that it is clipped with, so that a line drawn over a tile's edge is
whole in both tiles; it carries the feature id and only the fields that drawing needs; and it is ordered,
so that the same data give the same bytes.
"""

from psycopg2 import sql

from gis_core import limits
from layers.access import ReadSource
from layers.models import Layer
from layers.models.catalogue import GeometryType
from layers.styles import fields_needed, label_zoom
from layers.styles.maplibre import CLASS, COUNT
from layers.styles.of_layer import latitude_of, recipe_of
from layers.styles.recipe import MAX_REACH_PX, Recipe
from layers.tiles.address import EXTENT, MAX_ZOOM, TILE_PX, UNITS_PER_PX, WORLD_M, TileAddress
from layers.tiles.overview_cells import LAST_ZOOM
from layers.tiles.overview_tile import Gathering

__all__ = [
    "MAX_ZOOM",
    "TILE_PX",
    "TileAddress",
    "is_outside",
    "last_tile_zoom",
    "margin_px",
    "tile_fields",
    "tile_query",
]

EDITING_ZOOM = 16
"""From this tile zoom on nothing is simplified: simplifying opens shared borders by up to its tolerance.
Tiles of this zoom are also the last ones made; the browser magnifies them (1 unit is 10 cm here)."""

KEY_ZOOM = 15
"""Tiles carry the key (a cadastral number) from here on where no label says otherwise."""


def last_tile_zoom(layer: Layer) -> int:
    """The highest zoom that tiles are made for; beyond it the browser magnifies them."""
    return min(layer.max_zoom, EDITING_ZOOM)


def margin_px(layer: Layer) -> float:
    """How far beyond its edge a tile reaches: as far as a symbol may be drawn from its geometry.

    Half the widest line for lines and areas, the largest circle for points (layers.styles refuses more).
    """
    wide = layer.geometry_type in (GeometryType.POINT, GeometryType.ANY)
    return MAX_REACH_PX if wide else MAX_REACH_PX / 2


def is_outside(layer: Layer, tile: TileAddress) -> bool:
    """Whether the tile is sure to be empty, by the layer's zooms and extent alone."""
    if not layer.extent or not layer.min_zoom <= tile.z <= layer.max_zoom:
        return True
    west, south, east, north = tile.bounds(margin_px=margin_px(layer))
    return (
        layer.extent[0] > east or layer.extent[2] < west or layer.extent[1] > north or layer.extent[3] < south
    )


def tile_fields(source: ReadSource, zoom: int | None = None, *, recipe: Recipe | None = None) -> list[str]:
    """Keys of the fields that a tile of this zoom carries (None: a tile of any zoom), in the schema's order.

    Those that the style colours by; from the label's zoom on also the label and the layer's key. Fields
    that the reader may not see are left out.
    """
    layer = source.layer
    known = recipe or recipe_of(layer)
    labels = zoom is None or _has_labels(known, layer, zoom)
    wanted = fields_needed(known, labels=labels)
    if labels and layer.key_field:
        wanted.add(layer.key_field)
    return [item.key for item in source.fields if item.key in wanted]


def _has_labels(recipe: Recipe, layer: Layer, zoom: int) -> bool:
    """Whether labels are drawn from tiles of this zoom, which are shown until the next zoom begins."""
    begins = label_zoom(recipe, latitude=latitude_of(layer))
    if zoom >= last_tile_zoom(layer):
        return True
    if begins is None:
        return zoom >= KEY_ZOOM
    return zoom + 1 > begins - 0.25  # a map may count the scale at another latitude of the country


def tile_query(source: ReadSource, tile: TileAddress, *, coarse: int = 0) -> sql.Composed:
    """One row: the tile's bytes (empty where there is nothing), how many features are drawn in it, and how many
    are at home in it: those with the middle of their box in it, drawn as themselves or not.

    Draws at most one more than `max_tile_features`, so that the caller sees that there are more; `coarse` then
    gathers what is drawn only from a later zoom on as well (layers.tiles.overview_tile).
    """
    gathering = Gathering(source, tile, coarse)
    fields = tile_fields(source, tile.z)
    shown = [*(sql.SQL("{} AS {}").format(_place(n), sql.Identifier(key)) for n, key in enumerate(fields))]
    rows = _drawn(source, tile, fields, gathering)
    if gathering.is_needed:
        rows = sql.SQL(
            "SELECT * FROM ({} UNION ALL {}) AS every ORDER BY rank, line, place, class, id"
        ).format(_gathered(source, fields, gathering), rows)
        shown.append(sql.SQL("n AS {}").format(sql.Identifier(COUNT)))
        if gathering.classes.recipe.renderer == "rules":
            shown.append(sql.SQL("CASE WHEN rank < 3 THEN class END AS {}").format(sql.Identifier(CLASS)))
    return sql.SQL(
        """SELECT ST_AsMVT(_tile, {name}, {extent}, 'geom', 'id'), count(_row.geom),
                  coalesce(sum(_row.own), 0)::bigint
           FROM ({rows}) AS _row, LATERAL (SELECT {shown}) AS _tile"""
    ).format(
        name=sql.Literal(source.layer.full_name),
        extent=sql.Literal(EXTENT),
        rows=rows,
        shown=sql.SQL(", ").join([sql.SQL("_row.id, _row.geom"), *shown]),
    )


def _place(number: int) -> sql.Identifier:
    """The name of a field's value inside the query, where keys could be taken for its own columns."""
    return sql.Identifier(f"field_{number}")


def _drawn(source: ReadSource, tile: TileAddress, fields: list[str], gathering: Gathering) -> sql.Composable:
    """SELECT of the features that are drawn as themselves: at low zooms in two parts, each with its index."""
    buffer = int(margin_px(source.layer) * UNITS_PER_PX)
    columns = [sql.SQL("{} AS {}").format(source.column(key), _place(n)) for n, key in enumerate(fields)]
    if gathering.is_needed:
        columns.append(sql.SQL("NULL::bigint AS n, 3 AS rank, 0 AS line, 0 AS place, 0 AS class"))
    wide = tile.envelope(buffer=buffer)
    parts = [
        sql.SQL("SELECT {columns} FROM {relation} WHERE {box} && {wide}{drawn}").format(
            columns=sql.SQL(", ").join(
                [
                    sql.SQL("id"),
                    sql.SQL("{} AS geom").format(_geometry(source.layer, tile, buffer, shape)),
                    sql.SQL("{} AS own").format(_is_home(tile)),
                    *columns,
                ]
            ),
            relation=relation,
            box=shape,
            wide=wide,
            drawn=drawn,
        )
        for relation, shape, drawn in _relations(gathering)
    ]
    return sql.SQL("({} ORDER BY id LIMIT {})").format(
        sql.SQL(" UNION ALL ").join(parts), sql.Literal(limits.value("max_tile_features") + 1)
    )


def _relations(gathering: Gathering) -> list[tuple[sql.Composable, sql.Composable, sql.Composable]]:
    """Where features are read that are drawn as themselves: relation, its column with the shape, condition."""
    features, shape = gathering.source.relation, sql.Identifier("geom_3857")
    if not gathering.is_needed:
        return [(features, shape, sql.SQL(""))]
    until = sql.Literal(gathering.drawn_until)
    if gathering.tile.z > LAST_ZOOM:
        drawn = sql.SQL(" AND drawn_from % 100 <= {} AND ST_Dimension(geom_3857) > 0")
        return [(features, shape, drawn.format(until))]
    light = sql.SQL(" AND drawn_from <= {}").format(until)
    heavy = sql.SQL(" AND drawn_from >= 100 AND drawn_from <= 100 + {}").format(until)
    if not gathering.has_rows:
        return [(features, shape, light), (features, shape, heavy)]
    # No field's key begins with an underscore.
    shapes = sql.SQL(
        '(SELECT feature_id AS "_feature", shape AS "_shape" FROM {} WHERE z = {}) AS "_heavy"'
        ' JOIN {} ON id = "_feature"'
    ).format(gathering.heavy, sql.Literal(gathering.tile.z), features)
    return [(features, shape, light), (shapes, sql.Identifier("_shape"), heavy)]


def _is_home(tile: TileAddress) -> sql.Composable:
    """SQL of 1 where the middle of a feature's box is in the tile, else 0. Asks the box that is kept beside the
    vertices, and first of all whether it lies within the tile."""
    side = 30 - tile.z
    return sql.SQL(
        "CASE WHEN geom_3857 @ {square} OR"
        " (overview_x((ST_XMin(box2d(geom_3857)) + ST_XMax(box2d(geom_3857))) / 2) >> {side} = {x}"
        " AND overview_y((ST_YMin(box2d(geom_3857)) + ST_YMax(box2d(geom_3857))) / 2) >> {side} = {y})"
        " THEN 1 ELSE 0 END"
    ).format(square=tile.envelope(), side=sql.Literal(side), x=sql.Literal(tile.x), y=sql.Literal(tile.y))


def _gathered(source: ReadSource, fields: list[str], gathering: Gathering) -> sql.Composable:
    """SELECT of what stands for the features that are too small, in the columns of `_drawn`."""
    style_field = gathering.classes.field
    own_values = source.layer.geometry_type in (GeometryType.POINT, GeometryType.ANY) and bool(fields)
    values = []
    for number, key in enumerate(fields):
        known: sql.Composable = sql.SQL("NULL")
        if style_field is not None and key == style_field.key:
            known = gathering.classes.value_of(sql.SQL("g.class"))
        if own_values:
            known = sql.SQL("CASE WHEN single.id IS NULL THEN {} ELSE single.{} END").format(
                known, _place(number)
            )
        values.append(sql.SQL("{} AS {}").format(known, _place(number)))
    single = _single_points(source, fields) if own_values else sql.SQL("")
    return sql.SQL("SELECT {columns} FROM ({features}) AS g {single}").format(
        columns=sql.SQL(", ").join(
            [
                sql.SQL("g.feature AS id, g.geom, g.own"),
                *values,
                sql.SQL(
                    "CASE WHEN g.kind > 0 OR g.n > 1 THEN g.n END AS n, g.kind AS rank, g.line, g.place, g.class"
                ),
            ]
        ),
        features=gathering.features(),
        single=single,
    )


def _single_points(source: ReadSource, fields: list[str]) -> sql.Composable:
    """A point that is alone in its cell is drawn as itself, with its own values."""
    columns = [sql.SQL("{} AS {}").format(source.column(key), _place(n)) for n, key in enumerate(fields)]
    return sql.SQL(
        "LEFT JOIN (SELECT id, {} FROM {}) AS single ON g.kind = 0 AND single.id = g.feature"
    ).format(sql.SQL(", ").join(columns), source.relation)


def _geometry(layer: Layer, tile: TileAddress, buffer: int, column: sql.Composable) -> sql.Composable:
    """SQL of the feature's shape in tile units. What lies within the tile needs no clipping: it is only scaled
    and rounded, at a fifth of the price of ST_AsMVTGeom. Very many vertices are clipped before all else."""
    wide = tile.envelope(buffer=buffer)
    shape, grid = _shape(layer, tile, column)
    scaled = sql.SQL("ST_TransScale({shape}, {west}, {north}, {scale}, -{scale})").format(
        shape=shape,
        west=sql.Literal(WORLD_M / 2 - tile.x * EXTENT / tile.units_a_m),
        north=sql.Literal(tile.y * EXTENT / tile.units_a_m - WORLD_M / 2),
        scale=sql.Literal(tile.units_a_m),
    )
    rounded = sql.SQL("ST_SnapToGrid({}, {})").format(scaled, sql.Literal(grid))
    if grid > 1:
        rounded = sql.SQL("ST_Simplify({}, 0, true)").format(rounded)  # vertices on a straight line
    if tile.z > LAST_ZOOM:
        near = tile.envelope(buffer=buffer + 8 * UNITS_PER_PX)
        part = sql.SQL("CASE WHEN drawn_from < 100 THEN {0} ELSE ST_ClipByBox2D({0}, {1}) END").format(
            column, near
        )
        shape = _shape(layer, tile, part)[0]
    return sql.SQL(
        "CASE WHEN {column} @ {wide} THEN coalesce(ST_ForcePolygonCCW({rounded}), {clipped}) ELSE {clipped} END"
    ).format(
        column=column,
        wide=wide,
        rounded=rounded,
        clipped=sql.SQL("ST_AsMVTGeom({}, {}, {}, {}, true)").format(
            _on_grid(shape, tile, grid), tile.envelope(), sql.Literal(EXTENT), sql.Literal(buffer)
        ),
    )


def _shape(layer: Layer, tile: TileAddress, column: sql.Composable) -> tuple[sql.Composable, int]:
    """SQL of the geometry as detailed as this zoom shows it, and the grid of tile units its vertices go to.

    At low zooms that grid is half a pixel for areas: vertices that neighbours share stay shared, so no gap opens
    between them. From the next zoom on they are simplified one by one, by at most half a pixel.
    """
    if tile.z >= last_tile_zoom(layer) or layer.geometry_type == GeometryType.POINT:
        return column, 1
    if tile.z <= LAST_ZOOM and layer.geometry_type == GeometryType.POLYGON:
        return column, UNITS_PER_PX // 2
    return sql.SQL("ST_Simplify({}, {}, true)").format(column, sql.Literal(tile.px_m / 2)), 1


def _on_grid(shape: sql.Composable, tile: TileAddress, grid: int) -> sql.Composable:
    if grid == 1:
        return shape
    side = grid / tile.units_a_m
    corner = (tile.x * EXTENT / tile.units_a_m - WORLD_M / 2, WORLD_M / 2 - tile.y * EXTENT / tile.units_a_m)
    return sql.SQL("coalesce(ST_SnapToGrid({0}, {1}), {0})").format(
        shape, sql.SQL(", ").join(map(sql.Literal, (*corner, side, side)))
    )
