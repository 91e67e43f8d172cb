"""Archives of tiles over HTTP: /tiles/archive/{name}.pmtiles, whole, in ranges, or of an area."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from gis_core import limits
from gis_core.api import params
from gis_core.api.http import weak_etag
from gis_core.api.problem import problems
from gis_core.api.ranges import file_response
from gis_core.api.reader import reader_of
from gis_core.communities import Community
from gis_core.errors import CommunityNotFound, TooLarge
from layers.access import access_layer
from layers.tiles import archives

PMTILES = "application/vnd.pmtiles"
_CACHE_CONTROL = "public, max-age=0, must-revalidate"


@problems("GET", "HEAD")
def archive(request: HttpRequest, name: str) -> Any:
    """The archive of a public layer (community.layer) or map (community); with `bbox` that part of it."""
    params.check_names(request.GET, ("bbox",))
    subject = _subject(request, name)
    path = archives.find(subject)
    if "bbox" in request.GET:
        response: HttpResponseBase = _part(request, archives.Archive(path), name)
    else:
        response = file_response(
            request, path, etag=archives.etag(path), media_type=PMTILES, filename=f"{name}.pmtiles"
        )
    response["Cache-Control"] = _CACHE_CONTROL
    return response


def _subject(request: HttpRequest, name: str) -> archives.Subject:
    if "." in name:
        return archives.subject_of_layer(access_layer(reader_of(request), name))
    community = Community.objects.filter(slug=name.replace("\x00", "")).first()
    if community is None:
        raise CommunityNotFound(community=name[:40])
    return archives.subject_of_map(community)


def _part(request: HttpRequest, archive: archives.Archive, name: str) -> HttpResponse:
    asked = params.bbox(request.GET["bbox"])
    boxes = asked.boxes()
    if len(boxes) != 1:
        raise archives.ArchiveNotFound(name=name)
    size, most = archives.extract_size(archive, boxes[0]), limits.value("max_extract_tiles")
    if size > most:
        raise TooLarge(thing=_("The area"), size=size, limit=most)
    body = archives.extract(archive, boxes[0])
    response = HttpResponse(body, content_type=PMTILES)
    response["ETag"] = weak_etag(body)
    response["Content-Disposition"] = f'attachment; filename="{name}.pmtiles"'
    return response
