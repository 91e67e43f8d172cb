"""Tiles and TileJSON over HTTP. A tile that is kept costs one statement, and so does a 304."""

import json

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from gis_core.api import params
from gis_core.api.http import has_copy, may_be_kept, not_modified, packed, weak_etag
from gis_core.api.problem import problems
from gis_core.api.reader import reader_of
from layers.access import ReadSource, access_layer, read_source
from layers.delivery import is_public_content
from layers.tiles import bodies, cache, map_tiles
from layers.tiles.asking import KeptTile, ask_tile
from layers.tiles.mvt import MAX_ZOOM, TileAddress
from layers.tiles.tilejson import tilejson

MVT = "application/vnd.mapbox-vector-tile"
CACHE_CONTROL = {True: "public, max-age=0, must-revalidate", False: "private, no-cache"}
"""By whether everyone may see it. Who has a copy asks each time whether it is still right: a 304 is cheap."""


@problems("GET", "HEAD")
def tile(request: HttpRequest, layer: str, z: str, x: str, y: str) -> HttpResponse:
    """One vector tile: 200, 304 for a client that has it, 204 where the layer has nothing."""
    return answer(request, layer, tile_address(z, x, y))


def answer(request: HttpRequest, layer: str, address: TileAddress) -> HttpResponse:
    """The tile of a layer, whatever its address was called by. Raises LayerNotFound, AuthenticationFailed, Busy."""
    asked = ask_tile(request, layer, address)
    found = asked.kept
    if found is not None and (not found.etag or _has(request, found)):
        return _answer(found, asked.door.is_public, has_copy=True)
    wanted = bodies.accepted(request)
    body = bodies.find(found.etag, found.turn, wanted) if found is not None else None
    if found is None or body is None:
        found, body = cache.obtain(asked, address, wanted)
    return _sent(request, found, body, asked.door.is_public)


@problems("GET", "HEAD")
def map_tile(request: HttpRequest, community: str, z: str, x: str, y: str) -> HttpResponse:
    """One vector tile with several layers of a community: those in `layers`, or all that the reader sees."""
    address = tile_address(z, x, y)
    every = map_tiles.ask_map(request, community, address)
    tile = map_tiles.known(every)
    is_public = all(asked.door.is_public for asked in every)
    if tile is not None and _has(request, tile):
        return _answer(tile, is_public, has_copy=True)
    tile, content = map_tiles.obtain(every, address, bodies.accepted(request))
    return _sent(request, tile, content, is_public)


def _has(request: HttpRequest, tile: KeptTile) -> bool:
    given = request.META.get("HTTP_IF_NONE_MATCH")
    return given is not None and (given == tile.header or has_copy(request, tile.header))


def _sent(request: HttpRequest, tile: KeptTile, content: tuple[str, bytes], is_public: bool) -> HttpResponse:
    encoding, body = content
    response = _answer(tile, is_public, has_copy=_has(request, tile), body=body, encoding=encoding)
    if request.method == "HEAD":
        response.content = b""
    return response


def _answer(
    tile: KeptTile, is_public: bool, *, has_copy: bool, body: bytes = b"", encoding: str = bodies.IDENTITY
) -> HttpResponse:
    if not tile.etag:
        response = HttpResponse(status=204)
    elif has_copy:
        response = not_modified(tile.header)
        response["Vary"] = "Accept-Encoding"
    else:
        response = HttpResponse(body, content_type=MVT)
        response["ETag"] = tile.header
        response["Vary"] = "Accept-Encoding"
        response["Content-Length"] = str(len(body))
        response["Hromada-Features"] = str(tile.features)
        if encoding != bodies.IDENTITY:
            response["Content-Encoding"] = encoding
    response["Cache-Control"] = CACHE_CONTROL[is_public]
    return response


@problems("GET", "HEAD")
def tilejson_document(request: HttpRequest, layer: str) -> HttpResponse:
    """The TileJSON of a layer."""
    source = _source(request, layer)
    document = tilejson(source, request.build_absolute_uri("/").rstrip("/"))
    body = json.dumps(document, ensure_ascii=False).encode()
    etag = weak_etag(body)
    response = not_modified(etag) if has_copy(request, etag) else packed(request, body, "application/json")
    response["ETag"] = etag
    patch_vary_headers(response, ["Accept-Language"])
    return may_be_kept(response, public=is_public_content(source))


def tile_address(z: str, x: str, y: str) -> TileAddress:
    """The tile with these numbers. Raises BadParameter that names the wrong one."""
    zoom = params.integer(z, parameter="z", high=MAX_ZOOM)
    last = 2**zoom - 1
    return TileAddress(
        zoom, params.integer(x, parameter="x", high=last), params.integer(y, parameter="y", high=last)
    )


def _source(request: HttpRequest, layer: str) -> ReadSource:
    user = reader_of(request)
    return read_source(user, access_layer(user, layer))
