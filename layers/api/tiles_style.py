"""The style document of a community's map over HTTP: /styles/{community}.json."""

import json

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from gis_core.api.http import has_copy, not_modified, packed, weak_etag
from gis_core.api.problem import problems
from gis_core.api.reader import reader_of
from gis_core.communities import Community
from gis_core.errors import CommunityNotFound
from layers.tiles.map_style import map_style


@problems("GET", "HEAD")
def style_document(request: HttpRequest, community: str) -> HttpResponse:
    """The map as this reader sees it: a hidden layer is as absent as a missing one."""
    reader = reader_of(request)
    found = Community.objects.filter(slug=community.replace("\x00", "")).first()
    if found is None:
        raise CommunityNotFound(community=community[:40])
    document = map_style(reader, found, request.build_absolute_uri("/").rstrip("/"))
    body = json.dumps(document, ensure_ascii=False).encode()
    etag = weak_etag(body)
    may_pack = not reader.is_authenticated
    response = (
        not_modified(etag)
        if has_copy(request, etag)
        else packed(request, body, "application/json", may_pack=may_pack)
    )
    response["ETag"] = etag
    # It differs from reader to reader, and an anonymous one may sign in.
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Accept-Language", "Cookie", "Authorization"])
    return response
