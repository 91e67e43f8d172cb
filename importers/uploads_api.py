"""Uploads in pieces: tus 1.0.0 (https://tus.io/protocols/resumable-upload), core with the extensions creation,
termination and expiration."""

import base64
import binascii
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from gis_core import limits
from gis_core.api.params import integer
from gis_core.api.problem import UnsupportedMediaType
from gis_core.api.views import ApiView
from gis_core.communities import Community
from gis_core.errors import BadParameter, HromadaError, NotAllowed
from importers.models import Upload
from importers.uploads import append_upload, begin_upload, discard_upload, expires_at, own_upload

VERSION, EXTENSIONS = "1.0.0", "creation,termination,expiration"
MEDIA_TYPE = "application/offset+octet-stream"
_TAGS = ["Uploads"]


class TusVersion(HromadaError):
    code = "tus-version"
    status = 412
    message = _("The header Tus-Resumable: 1.0.0 is missing; other versions of tus are not spoken here.")


class UploadInUse(HromadaError):
    code = "upload-in-use"
    status = 409
    message = _("The file belongs to an import. Throw the import away, and the file goes with it.")


class RawBody(BaseParser):
    """Leaves the body where it is: it is read as a stream."""

    media_type = MEDIA_TYPE

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return None


class TusView(ApiView):
    """Speaks one version of tus and says so in every answer."""

    parser_classes = [RawBody]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
            raise TusVersion()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(response, HttpResponse):
            response["Tus-Resumable"] = VERSION
            response.setdefault("Cache-Control", "no-store")
            if response.status_code == 412:
                response["Tus-Version"] = VERSION
            return response
        return super().finalize_response(request, response, *args, **kwargs)


_RESUMABLE = OpenApiParameter("Tus-Resumable", str, "header", required=True, description="1.0.0")


class Uploads(TusView):
    @extend_schema(operation_id="describeUploads", tags=_TAGS, responses={204: None})
    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """What this server takes: version, extensions and the largest file in bytes."""
        answer = HttpResponse(status=204)
        answer["Tus-Version"], answer["Tus-Extension"] = VERSION, EXTENSIONS
        answer["Tus-Max-Size"] = str(_largest_mb() * 1024 * 1024)
        return answer

    @extend_schema(
        operation_id="createUpload", tags=_TAGS, request=None,
        parameters=[
            _RESUMABLE,
            OpenApiParameter("Upload-Length", int, "header", required=True, description="Bytes of the file"),
            OpenApiParameter(
                "Upload-Metadata", str, "header", required=True,
                description="`filename <base64>,community <base64>`: its name, KATOTTG code or short name",
            ),
        ],
        responses={201: OpenApiResponse(description="Location: where the bytes go")},
    )  # fmt: skip
    def post(self, request: Request) -> HttpResponse:
        """Announces a file. It is refused here, before any byte, where it is too large or the disk is short."""
        if not request.user.is_authenticated:
            raise NotAllowed()
        told = _metadata(request.headers.get("Upload-Metadata", ""))
        if "community" not in told:
            raise BadParameter(parameter="Upload-Metadata", reason=gettext("“community” is missing."))
        size = integer(request.headers.get("Upload-Length", ""), parameter="Upload-Length")
        upload = begin_upload(
            community=Community.objects.named(told["community"]), owner=request.user,
            name=told.get("filename", ""), size=size,
        )  # fmt: skip
        answer = HttpResponse(status=201)
        answer["Location"] = request.build_absolute_uri(reverse("api-upload", args=[upload.uuid]))
        return _standing(answer, upload)


class OneUpload(TusView):
    @extend_schema(operation_id="getUploadOffset", tags=_TAGS, parameters=[_RESUMABLE], responses={200: None})
    def head(self, request: Request, uuid: UUID) -> HttpResponse:
        """Where the file stands: Upload-Offset of Upload-Length."""
        upload = own_upload(request.user, uuid)
        answer = _standing(HttpResponse(status=200), upload)
        answer["Upload-Length"] = str(upload.size)
        return answer

    @extend_schema(
        operation_id="sendUploadBytes", tags=_TAGS,
        request={MEDIA_TYPE: {"type": "string", "format": "binary"}},
        parameters=[
            _RESUMABLE,
            OpenApiParameter("Upload-Offset", int, "header", required=True, description="Where these bytes go"),
        ],
        responses={204: OpenApiResponse(description="Upload-Offset: where it stands now")},
    )  # fmt: skip
    def patch(self, request: Request, uuid: UUID) -> HttpResponse:
        """Adds bytes. 409 `wrong-offset` where they do not begin at the end of what is here."""
        upload = own_upload(request.user, uuid)
        if request.content_type.partition(";")[0].strip() != MEDIA_TYPE:
            raise UnsupportedMediaType()
        offset = integer(request.headers.get("Upload-Offset", ""), parameter="Upload-Offset")
        upload = append_upload(upload=upload, offset=offset, body=request._request)
        return _standing(HttpResponse(status=204), upload)

    @extend_schema(operation_id="removeUpload", tags=_TAGS, parameters=[_RESUMABLE], responses={204: None})
    def delete(self, request: Request, uuid: UUID) -> HttpResponse:
        """Removes the file. One that belongs to an import goes with the import."""
        upload = own_upload(request.user, uuid)
        if upload.imports.exists():
            raise UploadInUse()
        discard_upload(upload)
        return HttpResponse(status=204)


def _largest_mb() -> int:
    """The limit for the kind of file that may be largest; others are refused when they are announced."""
    return max(limits.value("max_upload_mb"), limits.value("max_raster_upload_mb"))


def _standing(answer: HttpResponse, upload: Upload) -> HttpResponse:
    answer["Upload-Offset"] = str(upload.received)
    if not upload.is_complete:
        answer["Upload-Expires"] = http_date(expires_at(upload).timestamp())
    return answer


def _metadata(header: str) -> dict[str, str]:
    """`key base64,key base64` as a mapping. Raises BadParameter."""
    told = {}
    try:
        for pair in filter(None, (part.strip() for part in header.split(","))):
            name, _space, value = pair.partition(" ")
            told[name] = base64.b64decode(value.strip(), validate=True).decode("utf-8").replace("\x00", "")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        reason = gettext("pairs of a name and base64 were expected, separated by commas.")
        raise BadParameter(parameter="Upload-Metadata", reason=reason) from error
    return told
