"""What the map needs to know, as one JSON document in the page: `#map-config`."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import get_language

from frontend.context import role_in
from frontend.naming import naming_field
from frontend.raster_config import raster_configs
from frontend.reading import clearances, may_edit_in
from gis_core.communities import Community
from layers.access import visible_fields, visible_layers
from layers.models import Layer
from layers.models.catalogue import localised
from layers.schema import Field
from layers.styles import InvalidRecipe, default_recipe, fields_needed, legend, maplibre_layers, read_recipe
from layers.styles.of_layer import latitude_of
from layers.tiles.mvt import last_tile_zoom

UKRAINE = [22.1, 44.3, 40.3, 52.4]
LARGEST_DEG = 1.5  # the widest community is about a degree across
MARGIN = 0.04
HIDDEN_AT_FIRST = frozenset({"planning", "connectivity"})
"""Themes that cover the whole territory and would hide each other and the land beneath."""


def map_config(request: HttpRequest, community: Community) -> dict[str, Any]:
    """Three or four queries, however many layers there are."""
    role = role_in(request, community)
    layers = list(visible_layers(request.user).filter(community=community))
    levels = clearances(request.user, layers)
    return {
        "lang": language(),
        "community": {"slug": community.slug, "title": community.title},
        "bounds": bounds(community, layers),
        "layers": [
            _layer(layer, visible_fields(layer, levels[layer.pk]), can_edit=may_edit_in(role))
            for layer in layers
        ],
        "rasters": raster_configs(request.user, community, language()),
        "editorAvailable": may_edit_in(role),
        "csrfToken": get_token(request) if may_edit_in(role) else "",
        "person": request.user.pk if may_edit_in(role) else None,
        "urls": {
            "api": "/api/",
            "layers": reverse("layer-list", args=[community.slug]),
            "login": f"{reverse('login')}?next={reverse('community-map', args=[community.slug])}",
            "accessibility": reverse("accessibility"),
            "changeset": f"/{community.slug}/changesets/{{id}}/",
        },
    }


def language() -> str:
    return (get_language() or "uk")[:2]


def bounds(community: Community, layers: Sequence[Layer]) -> list[float]:
    """West, south, east, north to open the map at: the boundary, else the layers' extents, else Ukraine."""
    boxes = [community.boundary.extent] if community.boundary else _local_boxes(layers)
    if not boxes:
        return UKRAINE
    west, south = min(box[0] for box in boxes), min(box[1] for box in boxes)
    east, north = max(box[2] for box in boxes), max(box[3] for box in boxes)
    pad_x, pad_y = (east - west) * MARGIN or 0.005, (north - south) * MARGIN or 0.005
    return [round(side, 6) for side in (west - pad_x, south - pad_y, east + pad_x, north + pad_y)]


def _local_boxes(layers: Sequence[Layer]) -> list[Sequence[float]]:
    """Extents that can be a community's own: neither of the whole country nor, by a wrong coordinate
    system, at the other end of the world. All of them where none is."""
    boxes: list[Sequence[float]] = [item.extent for item in layers if item.extent]
    west, south, east, north = UKRAINE
    inside = [
        box for box in boxes if west <= box[0] and box[2] <= east and south <= box[1] and box[3] <= north
    ]
    local = [box for box in inside if box[2] - box[0] <= LARGEST_DEG and box[3] - box[1] <= LARGEST_DEG]
    return local or inside or boxes


def reader_recipe(layer: Layer, fields: Sequence[Field]) -> dict[str, Any]:
    """The layer's style if it is sound and rests only on fields the reader sees, else a plain one.

    A class of a hidden field would tell its values, in the legend and in the colours.
    """
    plain = default_recipe(layer.geometry_type, seed=layer.full_name)
    if not layer.style:
        return plain
    try:
        needed = fields_needed(read_recipe(layer.style))
    except InvalidRecipe:
        return plain
    return layer.style if needed <= {item.key for item in fields} else plain


def _layer(layer: Layer, fields: Sequence[Field], *, can_edit: bool) -> dict[str, Any]:
    name, slug = layer.full_name, layer.community.slug
    recipe = reader_recipe(layer, fields)
    page = reverse("layer", args=[slug, layer.slug])
    return {
        "name": name,
        "title": layer.local_title,
        "theme": layer.theme,
        "themeTitle": str(layer.get_theme_display()),
        "tiles": f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt",
        "version": layer.revision,
        "minzoom": layer.min_zoom,
        "maxzoom": last_tile_zoom(layer),
        "geometryType": layer.geometry_type,
        "extent": layer.extent,
        "count": layer.feature_count,
        "base": layer.is_base,
        "visible": layer.theme not in HIDDEN_AT_FIRST,
        "canEdit": can_edit,
        "style": maplibre_layers(recipe, name, latitude=latitude_of(layer)),
        "legend": legend(recipe, language()),
        "itemUrl": f"/api/collections/{name}/items/{{id}}",
        "pageUrl": f"{page}{{id}}/",
        "layerUrl": page,
        "attribution": layer.attribution,
        "labelField": naming.key if (naming := naming_field(layer, fields)) else None,
        "fields": [_field(item) for item in fields],
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "key": field.key,
        "title": localised(dict(field.title)) or field.key,
        "type": field.type,
        "unit": field.unit,
        "domain": [
            {"value": entry["value"], "title": localised(entry.get("title") or {}) or str(entry["value"])}
            for entry in field.domain
        ],
        "required": field.required,
        "pattern": field.pattern,
        "min": field.min,
        "max": field.max,
    }
