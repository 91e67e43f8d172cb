"""Imports over HTTP: send a file, get a job; the job's result is the summary."""

from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from gis_core.communities import Community
from gis_core.errors import NotAllowed
from gis_core.people import User
from importers.access import visible_import
from importers.documents import import_document
from importers.plan import ImportRequest, Mode
from importers.tasks import start_import
from importers.uploads import receive_upload
from layers.catalogue import may_create_layers
from layers.models.catalogue import AccessLevel, Theme


class ImportSerializer(serializers.Serializer[Any]):
    """What to import and where to. Only `community`, `layer` and `file` are needed."""

    file = serializers.FileField()
    community = serializers.CharField(help_text="KATOTTG code or short name")
    layer = serializers.RegexField(
        r"^[a-z][a-z0-9_]{0,39}$", help_text="Short name of a new or existing layer"
    )
    title_uk = serializers.CharField(default="", allow_blank=True, max_length=200)
    title_en = serializers.CharField(default="", allow_blank=True, max_length=200)
    theme = serializers.ChoiceField(choices=Theme.choices, default=Theme.OTHER)
    access_level = serializers.ChoiceField(choices=AccessLevel.choices, default=AccessLevel.STAFF)
    crs = serializers.CharField(
        default="", allow_blank=True, help_text="EPSG code, where the file does not tell"
    )
    encoding = serializers.CharField(default="", allow_blank=True)
    source_layer = serializers.CharField(default="", allow_blank=True)
    key_field = serializers.CharField(default="", allow_blank=True)
    mode = serializers.ChoiceField(choices=Mode.choices, default="", allow_blank=True)
    comment = serializers.CharField(default="", allow_blank=True, max_length=500)


class StartedImportSerializer(serializers.Serializer[Any]):
    job = serializers.UUIDField()
    url = serializers.URLField(help_text="Where the job tells its progress and, at the end, the summary")


@extend_schema(
    operation_id="startImport", tags=["Imports"], request={"multipart/form-data": ImportSerializer},
    responses={202: StartedImportSerializer},
    parameters=[OpenApiParameter("Authorization", str, "header", description="Bearer token of a program")],
    description="Takes a file in and queues its import. 202 with the job; it fails with a named question "
    "(crs-unknown, encoding-unknown, several-layers, mode-needed) where a decision is missing.",
)  # fmt: skip
@api_view(["POST"])
@parser_classes([MultiPartParser])
def imports(request: Request) -> Response:
    if not request.user.is_authenticated:
        raise NotAllowed()
    body = ImportSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    sent: dict[str, Any] = body.validated_data
    community = Community.objects.named(sent["community"])
    if not may_create_layers(request.user, community):
        raise NotAllowed()
    upload = receive_upload(
        community=community, owner=request.user, name=sent["file"].name or "", chunks=sent["file"].chunks()
    )
    job = start_import(upload=upload, request=import_request(sent), actor=request.user)
    url = reverse("api-job", args=[job.uuid], request=request)
    return Response({"job": job.uuid, "url": url}, status=status.HTTP_202_ACCEPTED, headers={"Location": url})


def import_request(sent: dict[str, Any]) -> ImportRequest:
    """The decisions in a form or a request; titles that are empty are left to the file's own name."""
    title = {"uk": sent.get("title_uk", ""), "en": sent.get("title_en", "")}
    names = set(asdict(ImportRequest(slug="")))
    chosen = {name: value for name, value in sent.items() if name in names}
    return ImportRequest(
        **chosen, slug=sent["layer"], title={language: text for language, text in title.items() if text}
    )


@extend_schema(operation_id="getImport", tags=["Imports"], responses={200: dict})
@api_view(["GET"])
def importing(request: Request, uuid: UUID) -> Response:
    found = visible_import(request.user, uuid)
    return Response(import_document(found, cast(User, request.user)))
