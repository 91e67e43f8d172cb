"""Rasters over HTTP: send one, list them, look at one, download it (ranges too), delete it."""

import math
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from gis_core.api import params
from gis_core.api.http import may_be_kept
from gis_core.api.parsers import StorableJSONParser
from gis_core.api.problem import problems
from gis_core.api.ranges import file_response
from gis_core.api.reader import reader_of
from gis_core.api.views import ApiView, link
from gis_core.communities import Community
from gis_core.errors import BadParameter, NotAllowed
from gis_core.jobs.models import Job
from gis_core.people import User
from importers.gate import RasterGate
from importers.models import Upload
from importers.rasters.notes import sentence
from importers.rasters.pipeline import RasterRequest
from importers.rasters.tasks import start_raster_import
from importers.uploads import receive_upload
from layers.catalogue import may_create_layers
from layers.models import Raster
from layers.models.catalogue import AccessLevel, Theme, localised
from layers.rasters import (
    access_raster,
    delete_raster,
    describe_raster,
    refuse_taken_name,
    visible_rasters,
)

COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_MOST_FILES = 5


class RasterSerializer(serializers.Serializer[Any]):
    """What to import and where to. Give files (multipart) or the ids of finished uploads."""

    community = serializers.CharField(help_text="KATOTTG code or short name")
    slug = serializers.RegexField(r"^[a-z][a-z0-9_]{0,39}$", help_text="Short name of the new raster")
    uploads = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=_MOST_FILES)
    title_uk = serializers.CharField(default="", allow_blank=True, max_length=200)
    title_en = serializers.CharField(default="", allow_blank=True, max_length=200)
    theme = serializers.ChoiceField(choices=Theme.choices, default=Theme.OTHER)
    access_level = serializers.ChoiceField(choices=AccessLevel.choices, default=AccessLevel.STAFF)
    licence = serializers.CharField(default="CC-BY-4.0", max_length=60)
    attribution = serializers.CharField(default="", allow_blank=True, max_length=300)
    crs = serializers.CharField(
        default="", allow_blank=True, help_text="EPSG code, where the file does not tell"
    )
    nodata = serializers.CharField(default="", allow_blank=True, help_text="A number or “nan”")
    wanted = serializers.CharField(
        default="", allow_blank=True, help_text="Which raster of a zip with several"
    )
    elsewhere = serializers.BooleanField(default=False, help_text="It does belong outside the community")


class RasterDescriptionSerializer(serializers.Serializer[Any]):
    """What may be said anew of a raster; what is not given stays."""

    title_uk = serializers.CharField(allow_blank=True, max_length=200)
    title_en = serializers.CharField(allow_blank=True, max_length=200)
    theme = serializers.ChoiceField(choices=Theme.choices)
    access_level = serializers.ChoiceField(choices=AccessLevel.choices)
    licence = serializers.CharField(max_length=60)
    attribution = serializers.CharField(allow_blank=True, max_length=300)


class StartedSerializer(serializers.Serializer[Any]):
    job = serializers.UUIDField()
    url = serializers.URLField(help_text="Where the job tells its progress and, at the end, the raster")


class RastersView(ApiView):
    parser_classes = [StorableJSONParser, MultiPartParser]

    @extend_schema(
        operation_id="rasters", tags=["Rasters"], responses={200: dict},
        parameters=[
            OpenApiParameter("community", str, description="Only rasters of the community with this short name"),
            OpenApiParameter("limit", int), OpenApiParameter("after", str, description="From the link “next”"),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The rasters you may read, oldest first."""
        params.check_names(request.GET, ("community", "limit", "after"))
        size = params.limit(request.GET.get("limit"))
        rasters = visible_rasters(request.user).filter(pk__gt=params.decode_cursor(request.GET.get("after")))
        if "community" in request.GET:
            rasters = rasters.filter(community__slug=request.GET["community"].replace("\x00", ""))
        found = list(rasters.defer("crs_wkt", "statistics", "footprint")[: size + 1])
        links = [link(request, request.get_full_path(), "self")]
        if len(found) > size:
            further = request.GET.copy()
            further["after"] = params.encode_cursor(found[size - 1].pk)
            links.append(link(request, f"/api/rasters?{further.urlencode()}", "next"))
        listed = [summary(request, raster) for raster in found[:size]]
        return _private(Response({"rasters": listed, "links": links}))

    @extend_schema(
        operation_id="importRaster", tags=["Rasters"], responses={202: StartedSerializer},
        request={"application/json": RasterSerializer, "multipart/form-data": RasterSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Queue the import of a raster. The job fails with a named question (crs-unknown, raster-elsewhere,
        several-layers) where a decision is missing; send it again with the answer."""
        if not isinstance(request.user, User):
            raise NotAllowed()
        body = RasterSerializer(data=_plain(request))
        body.is_valid(raise_exception=True)
        sent: dict[str, Any] = body.validated_data
        community = Community.objects.named(sent["community"])
        if not may_create_layers(request.user, community):
            raise NotAllowed()
        refuse_taken_name(community, sent["slug"])
        uploads = _uploads(request, request.user, community, sent.get("uploads") or [])
        return _started(request, start_raster_import(
            uploads=uploads, request=raster_request(sent), actor=request.user
        ))  # fmt: skip


@problems("GET", "HEAD", "POST", "OPTIONS")
def rasters(request: HttpRequest) -> Any:
    """Before anything reads the body, the gate stands before it: a session's CSRF check reads it already."""
    request.upload_handlers.insert(0, RasterGate(request))
    return _rasters(request)


rasters.csrf_exempt = True  # type: ignore[attr-defined]  # the inner view checks
_rasters = RastersView.as_view()


class RasterView(ApiView):
    @extend_schema(operation_id="raster", tags=["Rasters"], responses={200: dict})
    def get(self, request: Request, raster: str) -> Response:
        """One raster: what it is, where it lies (footprint in GeoJSON), its values."""
        params.check_names(request.GET, ())
        found = access_raster(request.user, raster)
        response = Response(described(request, found))
        may_be_kept(response, public=found.access_level == AccessLevel.PUBLIC)
        return response

    @extend_schema(
        operation_id="describeRaster",
        tags=["Rasters"],
        request=RasterDescriptionSerializer,
        responses={200: dict},
    )
    def patch(self, request: Request, raster: str) -> Response:
        """Change what is said of a raster, and who may see it: publish it when it was looked at. Administrators
        any, editors their own."""
        found = access_raster(request.user, raster)
        if not isinstance(request.user, User):
            raise NotAllowed()
        body = RasterDescriptionSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        sent: dict[str, Any] = dict(body.validated_data)
        titles = {name: sent.pop(f"title_{name}") for name in ("uk", "en") if f"title_{name}" in sent}
        if titles:
            title = {**found.title, **titles}
            sent["title"] = {language: text for language, text in title.items() if text}
        changed = describe_raster(raster=found, actor=request.user, **sent)
        return _private(Response(described(request, changed)))

    @extend_schema(operation_id="deleteRaster", tags=["Rasters"], request=None, responses={204: None})
    def delete(self, request: Request, raster: str) -> Response:
        """Delete a raster and its file: administrators any, editors their own."""
        found = access_raster(request.user, raster)
        if not isinstance(request.user, User):
            raise NotAllowed()
        delete_raster(raster=found, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


@problems("GET", "HEAD")
def raster_file(request: HttpRequest, raster: str) -> Any:
    """The COG itself, for QGIS and GDAL (/vsicurl/) too: single ranges are answered."""
    found = access_raster(reader_of(request), raster)
    response = file_response(
        request, found.path, etag=f'"{found.sha256}"', media_type=COG, filename=f"{found.full_name}.tif"
    )
    may_be_kept(response, public=found.access_level == AccessLevel.PUBLIC)  # type: ignore[arg-type]
    return response


def raster_request(sent: dict[str, Any]) -> RasterRequest:
    """The decisions in a validated request; titles that are empty are left to the file's own name."""
    title = {"uk": sent["title_uk"], "en": sent["title_en"]}
    names = set(asdict(RasterRequest(slug=""))) - {"title"}
    chosen = {name: value for name, value in sent.items() if name in names}
    return RasterRequest(**chosen, title={language: text for language, text in title.items() if text})


def summary(request: Request, raster: Raster) -> dict[str, Any]:
    """A raster as it stands in a list."""
    path = f"/api/rasters/{raster.full_name}"
    return {
        "id": raster.full_name, "title": raster.local_title, "community": raster.community.slug,
        "theme": raster.theme, "accessLevel": raster.access_level, "license": raster.licence,
        "attribution": raster.attribution, "width": raster.width, "height": raster.height,
        "bands": len(raster.bands), "resolution_m": raster.resolution_m, "size": raster.size,
        "createdAt": raster.created_at.isoformat(),
        "links": [
            link(request, path, "self"),
            link(request, f"{path}/file", "enclosure", media_type=COG, title=raster.local_title),
        ],
    }  # fmt: skip


def described(request: Request, raster: Raster) -> dict[str, Any]:
    """Everything about a raster. Numbers that JSON has none for (NaN) are the text "nan"."""
    west, south, east, north = raster.footprint.extent
    nodata = raster.nodata
    return summary(request, raster) | {
        "description": localised(raster.description),
        "sha256": raster.sha256,
        "crs": {"code": f"EPSG:{raster.srid}" if raster.srid else "", "name": raster.crs_name,
                "wkt": raster.crs_wkt, "operation": raster.operation, "accuracy_m": raster.accuracy_m},
        "transform": raster.transform,
        "nodata": "nan" if nodata is not None and math.isnan(nodata) else nodata,
        "compression": raster.compression, "lossy": raster.lossy,
        "bands": [band | {"statistics": found} for band, found in zip(raster.bands, raster.statistics, strict=True)],
        "bbox": [west, south, east, north],
        "footprint": {"type": "MultiPolygon", "coordinates": raster.footprint.coords},
        "notes": [{"code": note["code"], "text": sentence(note)} for note in raster.notes],
    }  # fmt: skip


def _plain(request: Request) -> dict[str, Any]:
    """The body without the files, whether it is JSON or a form."""
    if isinstance(request.data, QueryDict):
        plain: dict[str, Any] = {
            key: request.data[key] for key in request.data if key not in ("file", "uploads")
        }
        return plain | ({"uploads": request.data.getlist("uploads")} if "uploads" in request.data else {})
    return request.data if isinstance(request.data, dict) else {}


def _uploads(request: Request, owner: User, community: Community, wanted: list[Any]) -> list[Upload]:
    """The raster first, then its parts: as files of this request, or as uploads of the same sender."""
    files = request.FILES.getlist("file")
    if len(files) > _MOST_FILES or bool(files) == bool(wanted):
        reason = _("from 1 to %(most)s files were expected, or the ids of uploads.") % {"most": _MOST_FILES}
        raise BadParameter(parameter="file", reason=reason)
    if files:
        return [
            receive_upload(community=community, owner=owner, name=file.name or "", chunks=file.chunks())
            for file in files
        ]  # fmt: skip
    mine = Upload.objects.filter(community=community, owner=owner, uuid__in=wanted, imports=None)
    by_uuid = {upload.uuid: upload for upload in mine.exclude(sha256="")}
    if missing := [str(item) for item in wanted if item not in by_uuid]:
        reason = _("no finished upload of yours that is free for a raster: %(missing)s.")
        raise BadParameter(parameter="uploads", reason=reason % {"missing": ", ".join(missing)})
    return [by_uuid[item] for item in wanted]


def _started(request: Request, job: Job) -> Response:
    url = reverse("api-job", args=[job.uuid], request=request)
    return Response({"job": job.uuid, "url": url}, status=status.HTTP_202_ACCEPTED, headers={"Location": url})


def _private(response: Response) -> Response:
    may_be_kept(response, public=False)
    return response
