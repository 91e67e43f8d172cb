"""The words and shapes of tiles in the API's description."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

_LAYER = OpenApiParameter(
    "layer", OpenApiTypes.STR, "path", description=gettext_lazy("Full name of the layer: community.layer")
)


def _reading(summary: str | Promise, *parameters: OpenApiParameter) -> dict[str, Any]:
    return {
        "summary": summary, "description": summary, "tags": ["Tiles"], "parameters": list(parameters),
        "responses": {200: dict},
    }  # fmt: skip


TILE_OPERATIONS: dict[str, dict[str, Any]] = {
    "getTileMatrixSetsList": _reading(gettext_lazy("Schemes that tiles are cut by")),
    "getTileMatrixSet": _reading(
        gettext_lazy("The one scheme of all tiles: Web Mercator, halved at each zoom")
    ),
    "getTileSetsList": _reading(gettext_lazy("Tilesets of a layer"), _LAYER),
    "getTileSet": _reading(
        gettext_lazy("A tileset: its fields, its limits and the address of its tiles"), _LAYER
    ),
}


def tile_paths() -> dict[str, Any]:
    """Paths that are answered beside Django REST framework, so that a tile is not held up by it."""
    layer = path_parameter("layer", {"type": "string"}, _("Full name of the layer: community.layer"))
    numbers = [path_parameter(name, {"type": "integer", "minimum": 0}, "") for name in ("z", "x", "y")]
    ogc = [
        path_parameter(name, {"type": "integer", "minimum": 0}, "")
        for name in ("tileMatrix", "tileRow", "tileCol")
    ]
    community = path_parameter("community", {"type": "string"}, _("Short name of the community"))
    return {
        "/tiles/{layer}/{z}/{x}/{y}.mvt": {"get": _tile("getTile", [layer, *numbers])},
        "/api/collections/{layer}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": {
            "get": _tile("getTileOfTileSet", [layer, *ogc])
        },
        "/tiles/{layer}.json": {
            "get": _document("getTileJSON", _("TileJSON of a layer"), layer, "#/components/schemas/TileJSON")
        },
        "/styles/{community}.json": {
            "get": _document("getMapStyle", _("The map of a community as a style of MapLibre"), community)
        },
    }


def _tile(operation_id: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "summary": _("A vector tile"),
        "tags": ["Tiles"],
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "",
                "content": {"application/vnd.mapbox-vector-tile": {"schema": {"type": "string"}}},
            },
            "204": {"description": _("The layer has nothing here")},
            "304": {"description": _("You have it already (If-None-Match)")},
        },
    }


def _document(operation_id: str, summary: str, parameter: dict[str, Any], shape: str = "") -> dict[str, Any]:
    schema = {"$ref": shape} if shape else {"type": "object"}
    return {
        "operationId": operation_id,
        "summary": summary,
        "tags": ["Tiles"],
        "parameters": [parameter],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}},
    }


def path_parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": description}
