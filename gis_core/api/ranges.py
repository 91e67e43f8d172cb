"""Whole files and parts of them (RFC 9110, single ranges): how a COG is read over HTTP."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from gis_core.api.http import has_copy, not_modified

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_CHUNK = 256 * 1024


def file_response(
    request: HttpRequest, path: Path, *, etag: str, media_type: str, filename: str
) -> HttpResponseBase:
    """The file, the part of it that Range asks for (206), 304 for who has it, or 416 for a part beyond it.

    `etag` is strong, with its quotes. Several ranges at once are answered with the whole file, as the RFC allows.
    """
    if has_copy(request, etag):
        return not_modified(etag)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    size = os.fstat(handle).st_size
    part = _part(request, size, etag)
    if part == (0, 0) and size:
        os.close(handle)
        response: HttpResponseBase = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        return response
    first, last = part or (0, size)
    response = StreamingHttpResponse(
        _pieces(handle, first, last), status=206 if part else 200, content_type=media_type
    )
    if request.method == "HEAD":
        response = HttpResponse(status=response.status_code, content_type=media_type)
        os.close(handle)
    if part:
        response["Content-Range"] = f"bytes {first}-{last - 1}/{size}"
    response["Content-Length"] = str(last - first)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _part(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """First byte and the one after the last of what is asked for; None: everything; (0, 0): it lies beyond."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or found[1] == found[2] == "" or request.headers.get("If-Range", etag) != etag:
        return None
    if found[1] == "":
        return (max(0, size - int(found[2])), size) if int(found[2]) else (0, 0)
    first = int(found[1])
    last = min(size, int(found[2]) + 1) if found[2] else size
    if found[2] and int(found[2]) < first:
        return None
    return (first, last) if first < size else (0, 0)


def _pieces(handle: int, first: int, last: int) -> Iterator[bytes]:
    with os.fdopen(handle, "rb") as file:
        file.seek(first)
        while first < last and (piece := file.read(min(_CHUNK, last - first))):
            first += len(piece)
            yield piece
