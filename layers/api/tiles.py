"""OGC API - Tiles 1.0: which tilesets a layer has, the scheme that they are cut by, and the tiles.

The tiles are those of /tiles/, byte by byte, and so are their ETags. There is one scheme, WebMercatorQuad of
OGC 17-083r4 (annex D.1), because it is the one that map clients share.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.api import params
from gis_core.api.http import may_be_kept
from gis_core.api.problem import problems
from gis_core.api.views import ApiView, link
from layers.access import ReadSource, access_layer, read_source
from layers.api.tiles_documented import TILE_OPERATIONS
from layers.delivery import is_public_content
from layers.models import Layer
from layers.models.catalogue import GeometryType
from layers.tiles import views
from layers.tiles.address import MAX_ZOOM, WORLD_M, TileAddress, place_down, tile_place
from layers.tiles.mvt import last_tile_zoom, margin_px, tile_fields
from layers.tiles.tilejson import WORLD

SCHEME = "WebMercatorQuad"
SCHEME_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{SCHEME}"
MERCATOR = "http://www.opengis.net/def/crs/EPSG/0/3857"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
TILESETS, TILING_SCHEMES = f"{_REL}tilesets-vector", f"{_REL}tiling-schemes"
_TILING_SCHEME = f"{_REL}tiling-scheme"
_PIXEL_M, _PIXELS = 0.000_28, 256  # of the scheme's definition; a map shows our tiles with twice as many
_CONFORMS = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
CONFORMS_TO = (
    *(_CONFORMS + name for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt")),
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/tilesetmetadata",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilesetmetadata",
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixsetlimits",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixsetlimits",
)
_DIMENSIONS = {GeometryType.POINT: 0, GeometryType.LINE: 1, GeometryType.POLYGON: 2}
_JSON_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}


class SchemesView(ApiView):
    @extend_schema(operation_id="getTileMatrixSetsList", **TILE_OPERATIONS["getTileMatrixSetsList"])
    def get(self, request: Request) -> Response:
        params.check_names(request.GET, ("f",))
        links = [link(request, f"/api/tileMatrixSets/{SCHEME}", _TILING_SCHEME)]
        schemes = [{"id": SCHEME, "title": SCHEME, "uri": SCHEME_URI, "crs": MERCATOR, "links": links}]
        return Response({"tileMatrixSets": schemes})


class SchemeView(ApiView):
    @extend_schema(operation_id="getTileMatrixSet", **TILE_OPERATIONS["getTileMatrixSet"])
    def get(self, request: Request) -> Response:
        params.check_names(request.GET, ("f",))
        return Response(scheme())


class TilesetsView(ApiView):
    @extend_schema(operation_id="getTileSetsList", **TILE_OPERATIONS["getTileSetsList"])
    def get(self, request: Request, layer: str) -> Response:
        source = read_source(request.user, access_layer(request.user, layer))
        params.check_names(request.GET, ("f",))
        path = f"/api/collections/{source.layer.full_name}/tiles"
        links = [
            link(request, f"{path}/{SCHEME}", "self"),
            link(request, f"/api/tileMatrixSets/{SCHEME}", _TILING_SCHEME),
            _tile_link(request, source.layer),
        ]
        described = {key: value for key, value in tileset(source).items() if key in _OF_ITEMS}
        answer = {
            "links": [
                link(request, path, "self"),
                link(request, path.removesuffix("/tiles"), f"{_REL}geodata"),
            ],
            "tilesets": [described | {"links": links}],
        }
        return _kept(Response(answer), source)


class TilesetView(ApiView):
    @extend_schema(operation_id="getTileSet", **TILE_OPERATIONS["getTileSet"])
    def get(self, request: Request, layer: str) -> Response:
        source = read_source(request.user, access_layer(request.user, layer))
        params.check_names(request.GET, ("f",))
        path = f"/api/collections/{source.layer.full_name}"
        links = [
            link(request, f"{path}/tiles/{SCHEME}", "self"),
            link(request, path, f"{_REL}geodata"),
            link(request, f"/api/tileMatrixSets/{SCHEME}", _TILING_SCHEME),
            link(request, f"/tiles/{source.layer.full_name}.json", "describedby", title="TileJSON"),
            _tile_link(request, source.layer),
        ]
        return _kept(Response(tileset(source) | {"links": links}), source)


@problems("GET", "HEAD")
def tile(request: HttpRequest, layer: str, matrix: str, row: str, col: str) -> HttpResponse:
    """The tile of /tiles/{layer}/{matrix}/{col}/{row}.mvt, with its ETag and its rules for caches."""
    zoom = params.integer(matrix, parameter="tileMatrix", high=MAX_ZOOM)
    last = 2**zoom - 1
    y = params.integer(row, parameter="tileRow", high=last)
    x = params.integer(col, parameter="tileCol", high=last)
    return views.answer(request, layer, TileAddress(zoom, x, y))


def _kept(response: Response, source: ReadSource) -> Response:
    may_be_kept(response, public=is_public_content(source))
    return response


def _tile_link(request: Request, layer: Layer) -> dict[str, Any]:
    path = f"/api/collections/{layer.full_name}/tiles/{SCHEME}/"
    href = request.build_absolute_uri(path) + "{tileMatrix}/{tileRow}/{tileCol}"
    return {"href": href, "rel": "item", "type": views.MVT, "templated": True}


_OF_ITEMS = ("title", "dataType", "crs", "tileMatrixSetURI")


def tileset(source: ReadSource) -> dict[str, Any]:
    """What one reader's tiles of a layer hold and where there are any (OGC 17-083r4, 2D Tile Set Metadata)."""
    layer = source.layer
    bounds = layer.extent or WORLD
    zooms = {"minTileMatrix": str(first_zoom(layer)), "maxTileMatrix": str(last_tile_zoom(layer))}
    properties = {
        key: {"type": _JSON_TYPES.get(field.type, "string")}
        for key in tile_fields(source)
        if (field := source.field(key))
    }
    described: dict[str, Any] = {
        "id": layer.full_name,
        "title": layer.local_title,
        "dataType": "vector",
        **zooms,
    }
    if layer.geometry_type in _DIMENSIONS:
        described["geometryDimension"] = _DIMENSIONS[GeometryType(layer.geometry_type)]
    described["propertiesSchema"] = {"type": "object", "properties": properties}
    middle = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2]
    return {
        "title": layer.local_title,
        "description": layer.local_description,
        "attribution": layer.attribution,
        "license": layer.licence,
        "dataType": "vector",
        "crs": MERCATOR,
        "tileMatrixSetURI": SCHEME_URI,
        "tileMatrixSetLimits": tile_limits(layer),
        "boundingBox": {"lowerLeft": bounds[:2], "upperRight": bounds[2:], "crs": params.CRS84},
        "centerPoint": {"coordinates": middle, "crs": params.CRS84, "tileMatrix": zooms["minTileMatrix"]},
        "layers": [described],
    }


def first_zoom(layer: Layer) -> int:
    return min(layer.min_zoom, last_tile_zoom(layer))


def tile_limits(layer: Layer) -> list[dict[str, Any]]:
    """Rows and columns, of each zoom, beyond which no tile holds anything; [] for an empty layer."""
    if not layer.extent:
        return []
    west, south, east, north = layer.extent
    found = []
    for zoom in range(first_zoom(layer), last_tile_zoom(layer) + 1):
        reach = margin_px(layer) / 512
        found.append({
            "tileMatrix": str(zoom),
            "minTileRow": tile_place(place_down(north), zoom, -reach),
            "maxTileRow": tile_place(place_down(south), zoom, reach),
            "minTileCol": tile_place((west + 180) / 360, zoom, -reach),
            "maxTileCol": tile_place((east + 180) / 360, zoom, reach),
        })  # fmt: skip
    return found


def scheme() -> dict[str, Any]:
    """WebMercatorQuad as OGC 17-083r4 defines it, to the last zoom that tiles may be asked for."""
    return {
        "id": SCHEME,
        "title": "Google Maps Compatible for the World",
        "uri": SCHEME_URI,
        "crs": MERCATOR,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(zoom) for zoom in range(MAX_ZOOM + 1)],
    }


def _matrix(zoom: int) -> dict[str, Any]:
    cell_m = WORLD_M / _PIXELS / 2**zoom
    return {
        "id": str(zoom), "scaleDenominator": cell_m / _PIXEL_M, "cellSize": cell_m, "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-WORLD_M / 2, WORLD_M / 2], "tileWidth": _PIXELS, "tileHeight": _PIXELS,
        "matrixWidth": 2**zoom, "matrixHeight": 2**zoom,
    }  # fmt: skip
