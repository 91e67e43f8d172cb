"""Content negotiation of the API: there is one representation, so no Accept header is refused."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request


class GeoJSONRenderer(JSONRenderer):
    media_type = "application/geo+json"
    format = "geojson"


class OneRepresentation(BaseContentNegotiation):
    """Always the first parser and renderer: clients ask for application/geo+json, json or anything."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next((item for item in parsers if _accepts(item.media_type, request.content_type)), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def _accepts(media_type: str, content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == media_type
