"""The rasters of a community as the map needs them: part of `#map-config`."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from django.urls import reverse

from gis_core.communities import Community
from gis_core.people import User
from layers.models import Raster
from layers.rasters import visible_rasters
from layers.rastertiles.tilejson import tile_path
from layers.rastertiles.tiles import first_zoom, last_zoom
from layers.styles.raster_legend import raster_legend
from layers.styles.raster_reading import style_of_raster

_COLOURS = ("red", "green", "blue", "palette")
MOST = 100


def raster_configs(reader: User | AnonymousUser, community: Community, language: str) -> list[dict[str, Any]]:
    """What `reader` may see, the newest first: it is drawn on top. One query; at most a hundred."""
    newest_first = (F("taken_on").desc(nulls_last=True), "-pk")
    rasters = visible_rasters(reader).filter(community=community).order_by(*newest_first)
    return [_config(it, language) for it in rasters[:MOST]]


def _config(raster: Raster, language: str) -> dict[str, Any]:
    style = style_of_raster(raster)
    band = raster.bands[style.bands[0] - 1]
    measured = style.kind != "rgb" and band["color"] not in _COLOURS
    return {
        "name": raster.full_name,
        "title": raster.local_title,
        "date": raster.taken_on.isoformat() if raster.taken_on else None,
        "tiles": tile_path(raster).replace("{y}", "{y}{r}"),
        "minzoom": first_zoom(raster),
        "maxzoom": last_zoom(raster),
        "bounds": list(raster.footprint.extent),
        "opacity": style.opacity,
        "legend": raster_legend(raster, language, style),
        "values": {"band": style.bands[0], "unit": band["unit"]} if measured else None,
        "pageUrl": reverse("raster", args=[raster.community.slug, raster.slug]),
        "attribution": raster.attribution,
    }
