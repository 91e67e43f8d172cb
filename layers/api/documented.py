"""The words and shapes of the API's description, apart from the views: one entry an operation."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema

from gis_core.api.views import object_schema

View = TypeVar("View", bound=Callable[..., Any])
GEOJSON = "application/geo+json"


def ref(name: str) -> dict[str, str]:
    """A reference to one of COMPONENTS."""
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_LINKS = {"type": "array", "items": ref("Link")}
COMPONENTS: dict[str, Any] = {
    "Link": object_schema({"href": _TEXT, "rel": _TEXT, "type": _TEXT, "title": _TEXT}, "href", "rel"),
    "Problem": object_schema(
        {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "code": {"type": "string", "description": "Stable; see the list of errors"},
        },
        "type", "title", "status", "detail", "code",
        additionalProperties=True,
    ),
    "Landing": object_schema({"title": _TEXT, "description": _TEXT, "links": _LINKS}, "links"),
    "Conformance": object_schema({"conformsTo": {"type": "array", "items": _TEXT}}, "conformsTo"),
    "Extent": object_schema(
        {
            "spatial": object_schema(
                {
                    "bbox": {
                        "type": "array",
                        "items": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
                    },
                    "crs": _TEXT,
                },
                "bbox",
            )
        }
    ),
    "Field": object_schema(
        {
            "key": _TEXT,
            "title": _TEXT,
            "type": {"enum": ["string", "text", "integer", "number", "boolean", "date", "datetime"]},
            "unit": _TEXT,
            "required": {"type": "boolean"},
            "domain": {"type": "array", "items": {"type": "object"}},
        },
        "key", "type",
    ),
    "Collection": object_schema(
        {
            "id": _TEXT,
            "title": _TEXT,
            "description": _TEXT,
            "attribution": _TEXT,
            "license": _TEXT,
            "itemType": {"const": "feature"},
            "crs": {"type": "array", "items": _TEXT},
            "extent": ref("Extent"),
            "community": _TEXT,
            "theme": _TEXT,
            "geometryType": {"enum": ["Point", "LineString", "Polygon", "Geometry"]},
            "itemCount": {"type": "integer"},
            "revision": {"type": "integer"},
            "keyField": {"type": ["string", "null"]},
            "fields": {"type": "array", "items": ref("Field")},
            "links": _LINKS,
        },
        "id", "links",
    ),
    "Collections": object_schema(
        {"links": _LINKS, "collections": {"type": "array", "items": ref("Collection")}},
        "links", "collections",
    ),
    "Geometry": object_schema(
        {
            "type": {
                "enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
            },
            "coordinates": {"type": "array", "items": {}},
        },
        "type", "coordinates",
    ),
    "Feature": object_schema(
        {
            "type": {"const": "Feature"},
            "id": {"type": "integer", "format": "int64"},
            "version": {"type": "integer"},
            "updated_at": {"type": "string", "format": "date-time"},
            "geometry": ref("Geometry"),
            "properties": {
                "type": "object",
                "additionalProperties": {"type": ["string", "number", "boolean"]},
            },
            "links": _LINKS,
        },
        "type", "id", "geometry", "properties",
    ),
    "FeatureCollection": object_schema(
        {
            "type": {"const": "FeatureCollection"},
            "features": {"type": "array", "items": ref("Feature")},
            "numberReturned": {"type": "integer"},
            "timeStamp": {"type": "string", "format": "date-time"},
            "links": _LINKS,
        },
        "type", "features",
    ),
    "Limits": object_schema(
        {
            "limits": {
                "type": "array",
                "items": object_schema(
                    {"name": _TEXT, "value": _NUMBER, "unit": _TEXT, "help": _TEXT}, "name", "value"
                ),
            }
        },
        "limits",
    ),
    "TileJSON": object_schema(
        {
            "tilejson": {"const": "3.0.0"},
            "name": _TEXT,
            "tiles": {"type": "array", "items": _TEXT},
            "minzoom": {"type": "integer"},
            "maxzoom": {"type": "integer"},
            "bounds": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
            "attribution": _TEXT,
            "vector_layers": {"type": "array", "items": {"type": "object"}},
        },
        "tilejson", "tiles", "vector_layers",
    ),
}  # fmt: skip


def _query(name: str, kind: Any, description: Any, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, "query", description=description, **more)


_LAYER = OpenApiParameter(
    "layer", OpenApiTypes.STR, "path", description=_("Full name of the layer: community.layer")
)
_FEATURE = OpenApiParameter("feature", OpenApiTypes.INT64, "path", description=_("Id of the feature"))
_LIMIT = _query(
    "limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, _("Size of a page")
)
_AFTER = _query("after", OpenApiTypes.STR, _("Where the page begins; taken from the link “next”"))
_COORDINATES = _query(
    "coordinates",
    {"type": "string", "enum": ["short", "full"], "default": "short"},
    _("“short” has 7 decimal places (1 cm), “full” gives back what is stored"),
)
_CRS = _query("crs", {"type": "string", "format": "uri"}, _("Coordinate system of the answer; only CRS84"))
_BBOX = _query(
    "bbox",
    {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6},
    _("west,south,east,north in degrees; features that meet this box"),
    style="form",
    explode=False,
)
_PROPERTIES = _query(
    "properties",
    {"type": "object", "additionalProperties": {"type": "string"}},
    _("Any field of the layer by its key: only features with this value (?cad_num=3220881300:01:001:0001)"),
    style="form",
    explode=True,
)

OPERATIONS: dict[str, dict[str, Any]] = {
    "getLandingPage": {
        "summary": _("Where everything is"),
        "responses": {200: ref("Landing")},
    },
    "getConformanceDeclaration": {
        "summary": _("Which parts of OGC API - Features are kept to"),
        "responses": {200: ref("Conformance")},
    },
    "getCollections": {
        "summary": _("Layers that you may read"),
        "parameters": [
            _query("community", OpenApiTypes.STR, _("Only layers of the community with this short name")),
            _LIMIT,
            _AFTER,
        ],
        "responses": {200: ref("Collections")},
    },
    "describeCollection": {
        "summary": _("One layer: its fields, extent and state"),
        "parameters": [_LAYER],
        "responses": {200: ref("Collection")},
    },
    "getFeatures": {
        "summary": _("Features of a layer, page by page"),
        "description": _(
            "GeoJSON, ordered by id. Follow the link “next” until there is none. "
            "A parameter that is not known is refused."
        ),
        "parameters": [
            _LAYER,
            _BBOX,
            _LIMIT,
            _AFTER,
            _COORDINATES,
            _PROPERTIES,
            _CRS,
            _query(
                "bbox-crs", {"type": "string", "format": "uri"}, _("Coordinate system of bbox; only CRS84")
            ),
            _query("datetime", OpenApiTypes.STR, _("Accepted by the standard; layers have no time yet")),
        ],
        "responses": {(200, GEOJSON): ref("FeatureCollection")},
    },
    "getFeature": {
        "summary": _("One feature"),
        "description": _("Its ETag is “id-version”: hand it back when you change the feature."),
        "parameters": [_LAYER, _FEATURE, _COORDINATES, _CRS],
        "responses": {(200, GEOJSON): ref("Feature")},
    },
    "getLimits": {
        "summary": _("Limits in force on this server"),
        "responses": {200: ref("Limits")},
    },
}


def documented(operation_id: str, **more: Any) -> Callable[[View], View]:
    """Decorates a view method with its entry in OPERATIONS."""
    entry = OPERATIONS[operation_id]
    described = {"description": entry["summary"], **entry}  # or the class's docstring would stand there
    return extend_schema(operation_id=operation_id, tags=["Reading"], **described, **more)
