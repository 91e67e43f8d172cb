"""Raster tiles and their TileJSON over HTTP: /tiles/raster/{community}.{slug}/{z}/{x}/{y}[@2x].webp|png."""

import json
import re

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from gis_core.api.http import has_copy, may_be_kept, not_modified, packed, weak_etag
from gis_core.api.problem import problems
from gis_core.api.reader import reader_of
from gis_core.errors import BadParameter
from layers.models import Raster
from layers.models.catalogue import AccessLevel
from layers.rasters import access_raster
from layers.rastertiles.keeping import tile_body
from layers.rastertiles.tilejson import tilejson
from layers.rastertiles.tiles import FORMATS, is_outside, raster_tile
from layers.tiles.views import CACHE_CONTROL, tile_address

_LAST = re.compile(r"([^@.]*)(@2x)?\.([a-z]+)")


@problems("GET", "HEAD")
def tile(request: HttpRequest, raster: str, z: str, x: str, last: str) -> HttpResponse:
    """One tile: 200, 304 for a client that has it, 204 where there is nothing to see."""
    y, scale, form = _parts(last)
    address = tile_address(z, x, y)
    found = access_raster(reader_of(request), raster)
    public = _is_public(found)
    wanted = raster_tile(found, address, scale=scale, form=form)
    etag = f'"{wanted.key}"'
    if is_outside(wanted):
        response = HttpResponse(status=204)
    elif has_copy(request, etag):
        response = not_modified(etag)
    elif not (body := tile_body(wanted)):
        response = HttpResponse(status=204)
    else:
        response = HttpResponse(body, content_type=FORMATS[form])
        response["Content-Length"] = str(len(body))
        response["ETag"] = etag
    response["Cache-Control"] = CACHE_CONTROL[public]
    return response


def _parts(last: str) -> tuple[str, int, str]:
    """The row, the scale and the format in the last part of a tile's address. Raises BadParameter."""
    found = _LAST.fullmatch(last)
    if found is None or found[3] not in FORMATS:
        reason = _("one of these was expected: %s.") % ", ".join(sorted(FORMATS))
        raise BadParameter(parameter="format", reason=reason)
    return found[1], 2 if found[2] else 1, found[3]


@problems("GET", "HEAD")
def tilejson_document(request: HttpRequest, raster: str) -> HttpResponse:
    """The TileJSON of a raster."""
    found = access_raster(reader_of(request), raster)
    document = tilejson(found, request.build_absolute_uri("/").rstrip("/"))
    body = json.dumps(document, ensure_ascii=False).encode()
    etag = weak_etag(body)
    response = not_modified(etag) if has_copy(request, etag) else packed(request, body, "application/json")
    response["ETag"] = etag
    patch_vary_headers(response, ["Accept-Language"])
    return may_be_kept(response, public=_is_public(found))


def _is_public(raster: Raster) -> bool:
    return raster.access_level == AccessLevel.PUBLIC
