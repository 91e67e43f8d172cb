"""The base of API views."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.views import APIView

from gis_core.api.negotiation import OneRepresentation


class ApiView(APIView):
    """A view with one representation, whatever Accept says."""

    content_negotiation_class = OneRepresentation


def link(
    request: HttpRequest | Request,
    path: str,
    rel: str,
    *,
    media_type: str = "application/json",
    title: str = "",
) -> dict[str, str]:
    """A link object of OGC API; `path` begins with a slash and may have a query."""
    made = {"href": request.build_absolute_uri(path), "rel": rel, "type": media_type}
    return made | {"title": title} if title else made


def object_schema(properties: Mapping[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    """A JSON Schema object, for the OpenAPI document."""
    return {"type": "object", "properties": dict(properties), "required": list(required), **more}
