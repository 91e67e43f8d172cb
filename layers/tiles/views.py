"""Tiles and TileJSON over HTTP. Plain Django views: each request is one look at the catalogue, one query."""

import json
from collections import OrderedDict
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from gis_core.api import params
from gis_core.api.http import has_copy, may_be_kept, not_modified, packed, weak_etag
from gis_core.api.problem import problems
from gis_core.api.reader import reader_of
from layers.access import ReadSource, access_layer, read_source
from layers.delivery import is_public_content, read_rows
from layers.tiles.mvt import MAX_ZOOM, TileAddress, is_outside, tile_query
from layers.tiles.tilejson import tilejson

MVT = "application/vnd.mapbox-vector-tile"


@problems("GET", "HEAD")
def tile(request: HttpRequest, layer: str, z: str, x: str, y: str) -> HttpResponse:
    """One vector tile: 200, 304 for a client that has it, 204 where the layer has nothing."""
    address = tile_address(z, x, y)
    source = _source(request, layer)
    public = is_public_content(source)
    if is_outside(source.layer, address):
        return may_be_kept(HttpResponse(status=204), public=public)
    key = _state(source, address)
    known = _etags.get(key)
    if known and has_copy(request, known):
        return may_be_kept(not_modified(known), public=public)
    body, count = render(source, address)
    if not body:
        return may_be_kept(HttpResponse(status=204), public=public)
    etag = weak_etag(body)
    _etags.put(key, etag)
    if has_copy(request, etag):
        return may_be_kept(not_modified(etag), public=public)
    response = packed(request, body, MVT)
    response["ETag"] = etag
    response["Hromada-Features"] = str(count)
    return may_be_kept(response, public=public)


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


def render(source: ReadSource, address: TileAddress) -> tuple[bytes, int]:
    """The tile's bytes and the number of features read for it; b"" where there are none."""
    ((body, count),) = read_rows(source, tile_query(source, address))
    return bytes(body), count


def _source(request: HttpRequest, layer: str) -> ReadSource:
    user = reader_of(request)
    return read_source(user, access_layer(user, layer))


def _state(source: ReadSource, address: TileAddress) -> tuple[Any, ...]:
    """All that decides the bytes of a tile: where, which data, which fields. A tile rendered while an edit
    is committed may be filed under the older revision; nobody asks for that one after the commit."""
    layer = source.layer
    fields = tuple(item.key for item in source.fields)
    return layer.pk, layer.revision, layer.updated_at, fields, address.z, address.x, address.y


class _EtagMemory:
    """The tags of the last tiles that this process made, so that a 304 costs no rendering."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tags: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[Any, ...]) -> str | None:
        return self._tags.get(key)

    def put(self, key: tuple[Any, ...], etag: str) -> None:
        with self._lock:
            self._tags[key] = etag
            while len(self._tags) > self._size:
                self._tags.popitem(last=False)


_etags = _EtagMemory(size=20_000)
