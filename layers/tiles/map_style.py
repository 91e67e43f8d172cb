"""The map of a community as one style of MapLibre (style specification 8), which QGIS and MapLibre load unchanged.

Of what our own map draws, patterns are left out: they would need a sprite in every colour. Texts name no glyphs:
without them MapLibre takes the fonts of the device (style specification, `glyphs`), as QGIS always does.
"""

from typing import Any

from gis_core.communities import Community
from gis_core.people import Membership
from layers.access import Reader, ReadSource, cleared_level, source_at, visible_layers
from layers.models import LayerGrant
from layers.models.catalogue import Theme
from layers.rasters import visible_rasters
from layers.rastertiles.tiles import SIZE_PX
from layers.styles import maplibre_layers, read_recipe
from layers.styles.of_layer import latitude_of
from layers.styles.raster_reading import style_of_raster
from layers.styling import seen_recipe

_HIDDEN_AT_FIRST = (Theme.PLANNING, Theme.CONNECTIVITY)
"""Themes that cover the whole territory and would hide what lies beneath, as on our own map."""

_PAPER = "#f7f5f0"
MOST_RASTERS = 100


def map_sources(user: Reader, community: Community) -> list[ReadSource]:
    """The layers of a community that `user` may read, each as they read it, in the legend's order: the lowest
    drawn first. Three queries at most."""
    layers = list(visible_layers(user).filter(community=community))
    if not user.is_authenticated:
        return [source_at(layer, None) for layer in layers]
    role = Membership.objects.filter(user=user, community=community).values_list("role", flat=True).first()
    granted = set(LayerGrant.objects.filter(user=user).values_list("layer_id", flat=True))
    return [
        source_at(
            layer, cleared_level(role, granted=layer.pk in granted, is_superuser=bool(user.is_superuser))
        )
        for layer in layers
    ]


def map_style(user: Reader, community: Community, base_url: str) -> dict[str, Any]:
    """The style of what `user` may see of a community's map; `base_url` is this server's address, without a slash
    at its end. Whole numbers of zoom are those of tiles of 512 pixels."""
    sources = map_sources(user, community)
    document: dict[str, Any] = {
        "version": 8,
        "name": community.title,
        "sources": {},
        "layers": [{"id": "background", "type": "background", "paint": {"background-color": _PAPER}}],
    }
    _add_rasters(document, user, community, base_url)
    for source in sources:
        name = source.layer.full_name
        document["sources"][name] = {"type": "vector", "url": f"{base_url}/tiles/{name}.json"}
        document["layers"] += _layers(source)
    boxes = [source.layer.extent for source in sources if source.layer.extent]
    if community.boundary:
        boxes = [list(community.boundary.extent)]
    if boxes:
        west, south = min(box[0] for box in boxes), min(box[1] for box in boxes)
        east, north = max(box[2] for box in boxes), max(box[3] for box in boxes)
        document |= {"center": [(west + east) / 2, (south + north) / 2], "zoom": 11}
    return document


def _layers(source: ReadSource) -> list[dict[str, Any]]:
    layer = source.layer
    recipe = read_recipe(seen_recipe(layer, source.fields))
    drawn = maplibre_layers(recipe, layer.full_name, latitude=latitude_of(layer))
    drawn = [item for item in drawn if "fill-pattern" not in item["paint"]]
    if layer.theme in _HIDDEN_AT_FIRST:
        drawn = [item | {"layout": item.get("layout", {}) | {"visibility": "none"}} for item in drawn]
    return drawn


def _add_rasters(document: dict[str, Any], user: Reader, community: Community, base_url: str) -> None:
    """Rasters lie lowest and are switched on by who wants to see them: each covers what is beneath."""
    for raster in visible_rasters(user).filter(community=community)[:MOST_RASTERS]:
        name = raster.full_name
        document["sources"][name] = {
            "type": "raster", "url": f"{base_url}/tiles/raster/{name}.json", "tileSize": SIZE_PX,
        }  # fmt: skip
        document["layers"].append({
            "id": name, "type": "raster", "source": name, "layout": {"visibility": "none"},
            "paint": {"raster-opacity": style_of_raster(raster).opacity},
        })  # fmt: skip
