"""Publications: what everyone may read of a layer, as a view in schema `pub`.

Read by the role `public_read` over the database alias "public", and by QGIS, ogr2ogr or BI tools
that connect with it. What is not in the view is not within an anonymous request's reach.
"""

from django.db import connection
from psycopg2 import sql

from layers.access import typed_value, visible_fields, without_hidden
from layers.models import Layer
from layers.models.catalogue import AccessLevel, PublishMode


def is_published(layer: Layer) -> bool:
    """Whether everyone may read the layer; a draft waits until its first import is applied."""
    open_to_all = layer.access_level == AccessLevel.PUBLIC and layer.publish_mode == PublishMode.FULL
    return open_to_all and not layer.is_draft


def refresh_publication(layer: Layer) -> None:
    """Make schema `pub` agree with the layer's access, schema and name; in the caller's transaction."""
    name = sql.Identifier("pub", layer.published_name)
    withdraw_overview(layer)  # first, as tiles open them: in another order the two would wait for each other
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(name))
        if is_published(layer):
            cursor.execute(_create_view(layer, name))
    refresh_overview(layer)


def withdraw_publication(layer: Layer) -> None:
    """Take the layer out of schema `pub`."""
    withdraw_overview(layer)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(sql.Identifier("pub", layer.published_name)))


def published_overview(layer: Layer) -> sql.Composable:
    """The view of what everyone may see of the layer's gathered rows (layers.tiles.overview)."""
    return sql.Identifier("pub", f"{layer.published_name}.overview")


def published_heavy(layer: Layer) -> sql.Composable:
    """The view of the layer's geometries with very many vertices, simplified (layers.tiles.overview_heavy)."""
    return sql.Identifier("pub", f"{layer.published_name}.heavy")


def refresh_overview(layer: Layer) -> None:
    """Publish the overview of a published layer that has one: rows made for everyone, variant 0, and shapes."""
    withdraw_overview(layer)
    rows, shapes = (sql.Identifier("overviews", f"layer_{layer.pk}{suffix}") for suffix in ("", "_heavy"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"overviews.layer_{layer.pk}"])
        (is_there,) = cursor.fetchone()
        if is_there and is_published(layer):
            view = "CREATE VIEW {} AS SELECT * FROM {} WHERE variant = 0"
            cursor.execute(sql.SQL(view).format(published_overview(layer), rows))
            cursor.execute(
                sql.SQL("CREATE VIEW {} AS SELECT * FROM {}").format(published_heavy(layer), shapes)
            )


def withdraw_overview(layer: Layer) -> None:
    """Take the layer's overview out of schema `pub`."""
    with connection.cursor() as cursor:
        for view in (published_overview(layer), published_heavy(layer)):
            cursor.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(view))


def _create_view(layer: Layer, name: sql.Composable) -> sql.Composable:
    fields = visible_fields(layer, AccessLevel.PUBLIC)
    key_is_public = layer.key_field in {item.key for item in fields}
    columns = [
        sql.SQL("id, geom, geom_3857, drawn_from, version, revision, updated_at"),
        sql.SQL("external_key") if key_is_public else sql.SQL("NULL::text AS external_key"),
        sql.SQL("{} AS properties").format(without_hidden(layer, fields)),
        *(sql.SQL("{} AS {}").format(typed_value(item), sql.Identifier(item.key)) for item in fields),
    ]
    return sql.SQL("CREATE VIEW {} AS SELECT {} FROM layers_feature WHERE layer_id = {}").format(
        name, sql.SQL(", ").join(columns), sql.Literal(layer.pk)
    )
