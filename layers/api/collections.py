"""What there is: landing page, conformance, the list of layers, one layer, limits."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core import limits
from gis_core.api import params
from gis_core.api.http import may_be_kept
from gis_core.api.views import ApiView, link
from layers.access import ReadSource, access_layer, read_source, visible_layers
from layers.api import tiles
from layers.api.documented import GEOJSON, documented
from layers.api.params import PAGING
from layers.delivery import is_public_content
from layers.models import Layer
from layers.models.catalogue import localised
from layers.schema import Field

CONFORMS_TO = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    *tiles.CONFORMS_TO,
)
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"


class LandingView(ApiView):
    @documented("getLandingPage")
    def get(self, request: Request) -> Response:
        params.check_names(request.GET, ())
        links = [
            link(request, "/api/", "self"),
            link(request, "/api/openapi.json", "service-desc", media_type=OPENAPI),
            link(request, "/api/docs/", "service-doc", media_type="text/html"),
            link(request, "/api/conformance", "conformance"),
            link(request, "/api/collections", "data"),
            link(request, "/api/tileMatrixSets", tiles.TILING_SCHEMES),
            link(request, "/api/limits", "http://www.iana.org/assignments/relation/describedby"),
        ]
        description = _("Layers of territorial communities: features, tiles and changes.")
        return Response({"title": "Hromada GIS API", "description": description, "links": links})


class ConformanceView(ApiView):
    @documented("getConformanceDeclaration")
    def get(self, request: Request) -> Response:
        params.check_names(request.GET, ())
        return Response({"conformsTo": CONFORMS_TO})


class LimitsView(ApiView):
    @documented("getLimits")
    def get(self, request: Request) -> Response:
        params.check_names(request.GET, ())
        return Response({"limits": limits.in_force()})


class CollectionsView(ApiView):
    @documented("getCollections")
    def get(self, request: Request) -> Response:
        params.check_names(request.GET, ("community", *PAGING))
        size = params.limit(request.GET.get("limit"))
        layers = visible_layers(request.user).filter(pk__gt=params.decode_cursor(request.GET.get("after")))
        if "community" in request.GET:
            layers = layers.filter(community__slug=request.GET["community"].replace("\x00", ""))
        found = list(layers.order_by("pk")[: size + 1])
        links = [link(request, request.get_full_path(), "self")]
        if len(found) > size:
            further = request.GET.copy()
            further["after"] = params.encode_cursor(found[size - 1].pk)
            links.append(link(request, f"/api/collections?{further.urlencode()}", "next"))
        listed = [describe(request, layer) for layer in found[:size]]
        return _kept_by_nobody(Response({"links": links, "collections": listed}))


class CollectionView(ApiView):
    @documented("describeCollection")
    def get(self, request: Request, layer: str) -> Response:
        user = request.user
        source = read_source(user, access_layer(user, layer))
        params.check_names(request.GET, ())
        response = Response(describe(request, source.layer) | _fields(source))
        may_be_kept(response, public=is_public_content(source))
        return response


def _kept_by_nobody(response: Response) -> Response:
    """The list differs from reader to reader, so no cache may keep it."""
    may_be_kept(response, public=False)
    return response


def describe(request: HttpRequest | Request, layer: Layer) -> dict[str, Any]:
    """A layer as a collection of OGC API - Features, titles in the reader's language."""
    path = f"/api/collections/{layer.full_name}"
    extent = {"spatial": {"bbox": [layer.extent], "crs": params.CRS84}} if layer.extent else None
    return {
        "id": layer.full_name,
        "title": layer.local_title,
        "description": layer.local_description,
        "attribution": layer.attribution,
        "license": layer.licence,
        "itemType": "feature",
        "crs": [params.CRS84],
        **({"extent": extent} if extent else {}),
        "community": layer.community.slug,
        "theme": layer.theme,
        "geometryType": layer.geometry_type,
        "itemCount": layer.feature_count,
        "revision": layer.revision,
        "links": [
            link(request, path, "self"),
            link(request, f"{path}/items", "items", media_type=GEOJSON, title=layer.local_title),
            link(request, f"/tiles/{layer.full_name}.json", "tiles"),
            link(request, f"{path}/tiles", tiles.TILESETS),
        ],
    }


def _fields(source: ReadSource) -> dict[str, Any]:
    """The fields that this reader sees, for clients that build tables and forms."""
    shown = {item.key for item in source.fields}
    key = source.layer.key_field
    return {"keyField": key if key in shown else None, "fields": [_field(item) for item in source.fields]}


def _field(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {
        "key": field.key,
        "title": localised(dict(field.title)) or field.key,
        "type": field.type,
        "required": field.required,
    }
    if field.unit:
        described["unit"] = field.unit
    if field.domain:
        described["domain"] = [
            {"value": entry["value"], "title": localised(dict(entry.get("title", {}))) or str(entry["value"])}
            for entry in field.domain
        ]
    return described
