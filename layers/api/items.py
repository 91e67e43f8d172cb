"""The features of a collection: pages of GeoJSON built by PostGIS, and single features by DRF-GIS."""

import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.contrib.gis.geos import GEOSGeometry
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from gis_core.api import params
from gis_core.api.http import has_copy, may_be_kept, not_modified, packed, weak_etag
from gis_core.api.negotiation import GeoJSONRenderer
from gis_core.api.views import ApiView, link
from gis_core.errors import HromadaError
from layers.access import ReadSource, access_layer, read_source
from layers.api.documented import documented
from layers.api.params import COORDINATES, ItemsQuery, digits, items_query
from layers.delivery import is_public_content, read_rows
from layers.models import Feature
from layers.queries import in_bbox

GEOJSON = "application/geo+json"


class FeatureNotFound(HromadaError):
    code = "feature-not-found"
    status = 404
    message = _("Layer “%(layer)s” has no feature %(feature)s.")


@dataclass(frozen=True)
class Page:
    """Features as GeoJSON in UTF-8, in the order of their ids; `last_id` where there are more to come."""

    features: list[bytes]
    last_id: int | None


def read_page(source: ReadSource, query: ItemsQuery) -> Page:
    """One page of features, in one query; no feature passes through a serializer."""
    statement = sql.SQL(
        """
        SELECT id, '{{"type":"Feature","id":' || id || ',"version":' || version
            || ',"updated_at":"' || to_char(updated_at AT TIME ZONE 'UTC', {moment})
            || '","geometry":' || ST_AsGeoJSON(geom, {digits})
            || ',"properties":' || ({properties})::text || '}}'
        FROM {relation} WHERE {condition} ORDER BY id LIMIT {limit}
        """
    ).format(
        moment=sql.Literal('YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        digits=sql.Literal(query.digits),
        properties=source.properties,
        relation=source.relation,
        condition=_condition(source, query),
        limit=sql.Literal(query.limit + 1),
    )
    rows = read_rows(source, statement, undecoded=True)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    return Page([text for _id, text in rows], rows[-1][0] if more else None)


def _condition(source: ReadSource, query: ItemsQuery) -> sql.Composable:
    parts: list[sql.Composable] = [sql.SQL("id > {}").format(sql.Literal(query.after))]
    if query.bbox is not None:
        boxes = [_meets(box) for box in query.bbox.boxes()]
        parts.append(sql.SQL("({})").format(sql.SQL(" OR ").join(boxes)) if boxes else sql.SQL("false"))
    for field, value in query.filters:
        if field.key == source.layer.key_field:  # the key has an index of its own
            parts.append(sql.SQL("external_key = {}").format(sql.Literal(str(value))))
        else:
            parts.append(sql.SQL("{} = {}").format(source.column(field.key), sql.Literal(value)))
    return sql.SQL(" AND ").join(parts)


def _meets(box: tuple[float, float, float, float]) -> sql.Composable:
    """Condition that a feature itself, not only its own box, meets the box."""
    return sql.SQL("({} AND ST_Intersects(geom, ST_MakeEnvelope({}, 4326)))").format(
        in_bbox(box), sql.SQL(", ").join(map(sql.Literal, box))
    )


def read_feature(source: ReadSource, feature_id: int) -> Feature:
    """One feature as its reader may see it; not saved anywhere. Raises FeatureNotFound."""
    statement = sql.SQL(
        "SELECT id, ST_AsEWKB(geom), ({})::text, version, revision, updated_at FROM {} WHERE id = {}"
    ).format(source.properties, source.relation, sql.Literal(feature_id))
    rows = read_rows(source, statement)
    if not rows:
        raise FeatureNotFound(layer=source.layer.full_name, feature=feature_id)
    identity, geometry, properties, version, revision, updated_at = rows[0]
    return Feature(
        id=identity, layer=source.layer, geom=GEOSGeometry(geometry), properties=json.loads(properties),
        version=version, revision=revision, updated_at=updated_at,
    )  # fmt: skip


class FeatureSerializer(GeoFeatureModelSerializer):
    """A GeoJSON feature with its version beside the properties, in the same form as in a page of items."""

    geom = GeometryField(precision=COORDINATES["short"])

    class Meta:
        model = Feature
        geo_field = "geom"
        id_field = "id"
        fields = ("id", "geom", "version", "updated_at")

    def get_properties(self, instance: Feature, fields: Any) -> dict[str, Any]:
        return dict(instance.properties)

    def to_representation(self, instance: Feature) -> dict[str, Any]:
        feature: dict[str, Any] = super().to_representation(instance)
        moment = instance.updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {**feature, "version": instance.version, "updated_at": moment}


class ExactFeatureSerializer(FeatureSerializer):
    """The same with the coordinates as they are stored, for editors."""

    geom = GeometryField()


class ItemsView(ApiView):
    renderer_classes = [GeoJSONRenderer]

    @documented("getFeatures")
    def get(self, request: Request, layer: str) -> HttpResponse:
        user = request.user
        source = read_source(user, access_layer(user, layer))
        query = items_query(request.GET, source)
        public = is_public_content(source)
        etag = weak_etag(state_of(source), request.get_full_path().encode())
        if has_copy(request._request, etag):
            return may_be_kept(not_modified(etag), public=public)
        page = read_page(source, query)
        head, tail = b'{"type":"FeatureCollection","features":[', _tail(request, layer, page)
        body = b"".join((head, b",".join(page.features), b"],", tail))
        response = packed(request._request, body, GEOJSON, may_pack=public)
        response["ETag"] = etag
        return may_be_kept(response, public=public)


def state_of(source: ReadSource) -> bytes:
    """All that decides what a reader's page holds, so that a 304 needs no look at the features."""
    layer = source.layer
    seen = ",".join(item.key for item in source.fields)
    return f"{layer.pk} {layer.revision} {layer.updated_at.isoformat()} {seen}".encode()


def _tail(request: Request, layer: str, page: Page) -> bytes:
    """The members of a page that follow its features, up to the closing brace."""
    links = [
        link(request, request.get_full_path(), "self", media_type=GEOJSON),
        link(request, f"/api/collections/{layer}", "collection"),
    ]
    if page.last_id is not None:
        further = request.GET.copy()
        further["after"] = params.encode_cursor(page.last_id)
        links.append(link(request, f"{request.path}?{further.urlencode()}", "next", media_type=GEOJSON))
    members = {
        "numberReturned": len(page.features),
        "timeStamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": links,
    }
    return json.dumps(members, ensure_ascii=False).encode()[1:]


class ItemView(ApiView):
    renderer_classes = [GeoJSONRenderer]

    @documented("getFeature")
    def get(self, request: Request, layer: str, feature: str) -> HttpResponse:
        identity = params.integer(feature, parameter="id", low=1)
        user = request.user
        source = read_source(user, access_layer(user, layer))
        params.check_names(request.GET, ("coordinates", "crs"))
        exact = digits(request.GET) == COORDINATES["full"]
        if "crs" in request.GET:
            params.crs(request.GET["crs"])
        found = read_feature(source, identity)
        public = is_public_content(source)
        etag = feature_etag(found)
        if has_copy(request._request, etag):
            return may_be_kept(not_modified(etag), public=public)
        serializer = ExactFeatureSerializer if exact else FeatureSerializer
        document = {**serializer(found).data, "links": _item_links(request, layer, identity)}
        response = Response(document, content_type=GEOJSON, headers={"ETag": etag})
        may_be_kept(response, public=public)
        return response


def feature_etag(feature: Feature) -> str:
    """The validator that an edit hands back in If-Match: “<id>-<version>”."""
    return f'"{feature.pk}-{feature.version}"'


def _item_links(request: HttpRequest | Request, layer: str, identity: int) -> list[dict[str, str]]:
    collection = f"/api/collections/{layer}"
    return [
        link(request, f"{collection}/items/{identity}", "self", media_type=GEOJSON),
        link(request, collection, "collection"),
    ]
