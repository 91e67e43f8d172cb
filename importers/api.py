"""Imports over HTTP: begin one, decide, prepare, look at the differences, apply, undo."""

import json
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core import limits
from gis_core.api import params
from gis_core.api.http import has_copy, not_modified, weak_etag
from gis_core.api.parsers import StorableJSONParser
from gis_core.api.views import ApiView
from gis_core.communities import Community
from gis_core.errors import BadParameter, NotAllowed, NotFound
from gis_core.people import User
from importers import steps
from importers.access import visible_import, visible_imports
from importers.choices import APPLY, PREPARE, Choices
from importers.documents import import_document, short_document
from importers.gate import UploadGate
from importers.models import Import
from importers.states import states_of
from importers.uploads import discard_upload, own_upload, receive_upload
from layers.catalogue import may_create_layers
from layers.models import Changeset
from layers.models.catalogue import AccessLevel, Theme

TAGS = ["Imports"]
_STEPS = {
    "prepare": steps.prepare, "apply": steps.apply, "cancel": steps.cancel, "retry": steps.retry,
    "revert": steps.revert, "redo": steps.redo,
}  # fmt: skip


class StartSerializer(serializers.Serializer[Any]):
    """Begin an import of files that were uploaded before."""

    community = serializers.CharField(help_text="KATOTTG code or short name")
    uploads = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, help_text="The parts of one file, or one archive"
    )
    choices = serializers.JSONField(default=dict, help_text="Decisions, see the example; all may be left out")


class ChoicesSerializer(serializers.Serializer[Any]):
    """The decisions that change. `mapping` tells about single columns, `unmapped` what becomes of the others."""

    source_layer = serializers.CharField(required=False, help_text="Layer of the file")
    layer = serializers.CharField(required=False, help_text="Short name of a new or existing layer")
    title = serializers.DictField(required=False, help_text='{"uk": …, "en": …} of a new layer')
    theme = serializers.ChoiceField(choices=Theme.choices, required=False)
    standard = serializers.CharField(
        required=False, help_text="Standard layer that gives a new one its fields"
    )
    access_level = serializers.ChoiceField(choices=AccessLevel.choices, required=False)
    crs = serializers.CharField(required=False, help_text="EPSG code")
    swap_xy = serializers.BooleanField(required=False, allow_null=True)
    encoding = serializers.CharField(required=False)
    mode = serializers.ChoiceField(choices=Changeset.StagingMode.choices, required=False)
    key_field = serializers.CharField(
        required=False, allow_null=True, help_text="Of a new layer; null: none, left out: as proposed"
    )
    mapping = serializers.ListField(
        required=False, help_text="[{source, key, type, title, unit, keep}]", child=serializers.DictField()
    )
    unmapped = serializers.ChoiceField(choices=["keep", "leave_out"], required=False)
    keep_personal = serializers.DictField(required=False, help_text="Column: reason")
    place_column = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False,
        help_text="Of a table without coordinates: the column whose codes say where its rows lie, as in `places`",
    )  # fmt: skip
    fix_lookalikes = serializers.BooleanField(
        required=False, help_text="Put Latin letters in Cyrillic words right; else they are only told of"
    )
    accept_outside = serializers.BooleanField(
        required=False, help_text="Data outside of the community belong there"
    )
    comment = serializers.CharField(required=False)
    until = serializers.ChoiceField(
        choices=["inspect", "prepare", "apply"], required=False, help_text="How far it goes by itself"
    )


def _no_columns() -> Any:
    return []


class ColumnsField(serializers.JSONField):
    """JSON in a field of a form, not nested beyond Python's stack."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except RecursionError:
            self.fail("invalid")


class FileSerializer(serializers.Serializer[Any]):
    """A file and the decisions in one request. Only `file`, `community` and `layer` are needed."""

    file = serializers.FileField(help_text="May be given more than once: the parts of one file")
    community = serializers.CharField(help_text="KATOTTG code or short name")
    layer = serializers.CharField(default="", allow_blank=True)
    title_uk = serializers.CharField(default="", allow_blank=True)
    title_en = serializers.CharField(default="", allow_blank=True)
    theme = serializers.ChoiceField(choices=Theme.choices, default=Theme.OTHER)
    standard = serializers.CharField(default="", allow_blank=True)
    access_level = serializers.ChoiceField(choices=AccessLevel.choices, default=AccessLevel.STAFF)
    crs = serializers.CharField(default="", allow_blank=True)
    encoding = serializers.CharField(default="", allow_blank=True)
    source_layer = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)
    key_field = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)
    mode = serializers.ChoiceField(choices=Changeset.StagingMode.choices, default="", allow_blank=True)
    comment = serializers.CharField(default="", allow_blank=True)
    mapping = ColumnsField(default=_no_columns, help_text="JSON, as in the choices")
    fix_lookalikes = serializers.BooleanField(default=False)
    place_column = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)
    accept_outside = serializers.BooleanField(
        default=False, help_text="Data outside of the community belong there"
    )
    apply = serializers.BooleanField(default=False, help_text="Apply at once, where nothing is to be asked")


class ShortImportSerializer(serializers.Serializer[Any]):
    """An import in a list."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    community = serializers.CharField()
    owner = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    status = serializers.CharField()
    status_label = serializers.CharField()
    progress = serializers.DictField(allow_null=True, help_text="{fraction, message} while work is done")
    job = serializers.UUIDField(allow_null=True)
    links = serializers.DictField()


class ImportSerializer(ShortImportSerializer):
    """An import as it stands: what was found, what was decided, what it would change, what can be done."""

    question = serializers.DictField(allow_null=True, help_text="{code, params, message}: decide this first")
    problem = serializers.DictField(allow_null=True, help_text="{code, params, message}: why it failed")
    inspection = serializers.DictField(allow_null=True, help_text="{name, format, layers: […]}")
    choices = ChoicesSerializer()
    proposal = serializers.ListField(child=serializers.DictField(), help_text="What becomes of each column")
    proposed_key = serializers.CharField(
        help_text="Key of the column that tells rows apart; “” where none does"
    )
    earlier = serializers.DictField(
        allow_null=True,
        help_text="{layer, title, same_file, imported_at, message}: where such a file went before",
    )
    standards = serializers.ListField(child=serializers.DictField(), help_text="[{name, score}]")
    summary = serializers.DictField(allow_null=True, help_text="Counts, CRS, operation, accuracy, encoding")
    diff = serializers.DictField(
        allow_null=True, help_text="added, changed, removed, unchanged, invalid, accepted"
    )
    applied = serializers.DictField(
        allow_null=True, help_text="added, changed, removed: what came of it; refused: differences left out"
    )
    issue_counts = serializers.DictField(help_text="Number of issues by rule")
    changeset = serializers.DictField(allow_null=True)
    layer = serializers.DictField(allow_null=True)
    can = serializers.DictField(
        help_text="decide, prepare, apply, cancel, retry, discard, revert, redo: true or false"
    )


class ImportListSerializer(serializers.Serializer[Any]):
    imports = ShortImportSerializer(many=True)
    next = serializers.CharField(allow_null=True)


_EXAMPLE = OpenApiExample(
    "Parcels into a new layer", request_only=True,
    value={
        "community": "UA99000000000000001", "uploads": ["5f0c…"],
        "choices": {"layer": "parcels", "title": {"uk": "Ділянки"}, "crs": "EPSG:9832", "until": "prepare"},
    },
)  # fmt: skip


class Imports(ApiView):
    parser_classes = [StorableJSONParser, MultiPartParser]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Before anything reads the body, the gate stands before it: a session's CSRF check reads it already."""
        request.upload_handlers.insert(0, UploadGate(request))
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(
        operation_id="listImports", tags=TAGS, responses=ImportListSerializer,
        parameters=[
            OpenApiParameter("community", str, description="KATOTTG code or short name"),
            OpenApiParameter("limit", int), OpenApiParameter("after", str, description="From the link “next”"),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponse:
        """Imports that you may see, newest first."""
        return _list(request)

    @extend_schema(
        operation_id="startImport", tags=TAGS, examples=[_EXAMPLE],
        request={"application/json": StartSerializer, "multipart/form-data": FileSerializer},
        responses={202: ImportSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> HttpResponse:
        """Begins an import: of uploads (JSON), or of files in the request itself (multipart), which is then prepared
        and, with `apply`, applied by itself unless something has to be asked. 202 with its document."""
        if not request.user.is_authenticated:
            raise NotAllowed()
        owner = request.user
        if request.content_type.startswith("multipart/"):
            started = _start_with_files(request, owner)
        else:
            started = _start_with_uploads(request, owner)
        address = request.build_absolute_uri(reverse("api-import", args=[started.uuid]))
        return Response(
            import_document(started, owner), status=status.HTTP_202_ACCEPTED, headers={"Location": address}
        )


def _list(request: Request) -> HttpResponse:
    query = request._request.GET
    params.check_names(query, ("community", "limit", "after"))
    limit = params.limit(query.get("limit"))
    after = params.decode_cursor(query.get("after"))
    found = visible_imports(request.user)
    if "community" in query:
        found = found.filter(community=Community.objects.named(query["community"]))
    if after:
        found = found.filter(pk__lt=after)
    page = list(found.defer("inspection")[: limit + 1])
    shown = page[:limit]
    documents = [short_document(item, state) for item, state in zip(shown, states_of(shown), strict=True)]
    more = params.encode_cursor(shown[-1].pk) if len(page) > limit else None
    return Response({"imports": documents, "next": more})


def _start_with_uploads(request: Request, owner: User) -> Import:
    body = StartSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    sent = body.validated_data
    _refuse_many(sent["uploads"])
    uploads = [own_upload(owner, uuid) for uuid in dict.fromkeys(sent["uploads"])]
    community = _editable(sent["community"], owner)
    return steps.start_import(community=community, owner=owner, uploads=uploads, choices=sent["choices"])


def _start_with_files(request: Request, owner: User) -> Import:
    body = FileSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    sent = body.validated_data
    files = request._request.FILES.getlist("file")
    _refuse_many(files)
    community = _editable(sent["community"], owner)
    choices = _choices_in(sent)
    uploads = []
    try:
        for file in files:
            uploads.append(
                receive_upload(community=community, owner=owner, name=file.name or "", chunks=file.chunks())
            )
        return steps.start_import(community=community, owner=owner, uploads=uploads, choices=choices)
    except BaseException:
        for upload in uploads:
            discard_upload(upload)
        raise


def _choices_in(sent: dict[str, Any]) -> Choices:
    title = {"uk": sent["title_uk"], "en": sent["title_en"]}
    names = (
        "layer", "theme", "standard", "access_level", "crs", "encoding", "source_layer", "key_field", "mode",
        "comment", "mapping", "fix_lookalikes", "place_column", "accept_outside",
    )  # fmt: skip
    until = APPLY if sent["apply"] else PREPARE
    return Choices.from_json({**{name: sent[name] for name in names}, "title": title, "until": until})


def _refuse_many(files: Any) -> None:
    most = limits.value("max_import_files")
    if len(files) > most:
        raise BadParameter(parameter="uploads", reason=_("%s files form one import at most.") % most)


def _editable(name: str, owner: User) -> Community:
    community = Community.objects.named(name)
    if not may_create_layers(owner, community):
        raise NotAllowed()
    return community


class OneImport(ApiView):
    @extend_schema(operation_id="getImport", tags=TAGS, responses=ImportSerializer)
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """An import as it stands. Ask again with If-None-Match: 304 while nothing has changed."""
        importing = visible_import(request.user, uuid)
        document = import_document(importing, cast(User, request.user))
        language = (translation.get_language() or "uk").encode()
        # Not orjson: what was found in a file may be a number of any length.
        etag = weak_etag(json.dumps(document, default=str).encode(), language)
        if has_copy(request._request, etag):
            return not_modified(etag)
        return Response(document, headers={"ETag": etag, "Cache-Control": "private, no-cache"})

    @extend_schema(
        operation_id="decideImport", tags=TAGS, request=ChoicesSerializer, responses=ImportSerializer,
        examples=[OpenApiExample("Another system", request_only=True, value={"crs": "EPSG:9832"})],
    )  # fmt: skip
    def patch(self, request: Request, uuid: UUID) -> HttpResponse:
        """Changes decisions; the import goes back to the step that they touch."""
        importing, actor = visible_import(request.user, uuid), cast(User, request.user)
        importing = steps.decide(importing=importing, actor=actor, choices=cast(dict[str, Any], request.data))
        return Response(import_document(importing, actor))

    @extend_schema(operation_id="discardImport", tags=TAGS, responses={204: None})
    def delete(self, request: Request, uuid: UUID) -> HttpResponse:
        """Throws an import away that changed nothing, with its files."""
        importing = visible_import(request.user, uuid)
        steps.discard(importing=importing, actor=cast(User, request.user))
        return HttpResponse(status=204)


class SplitSerializer(serializers.Serializer[Any]):
    source_layers = serializers.ListField(
        child=serializers.CharField(trim_whitespace=False, max_length=1000), min_length=1, max_length=100
    )


@extend_schema(
    operation_id="splitImport", tags=TAGS, request=SplitSerializer, responses={200: ImportListSerializer},
    description="Imports several layers of the file: this import takes the first, each other gets its own, without "
    "sending or inspecting the file again.",
)  # fmt: skip
@api_view(["POST"])
def split(request: Request, uuid: UUID) -> HttpResponse:
    importing, actor = visible_import(request.user, uuid), cast(User, request.user)
    body = SplitSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    made = steps.split(importing=importing, actor=actor, layers=body.validated_data["source_layers"])
    documents = [short_document(item, state) for item, state in zip(made, states_of(made), strict=True)]
    return Response({"imports": documents, "next": None})


@extend_schema(
    operation_id="stepImport", tags=TAGS, request=None, responses={202: ImportSerializer},
    parameters=[OpenApiParameter("step", str, "path", enum=list(_STEPS))],
    description="Begins a step: prepare, apply, cancel, retry, revert or redo. 202 with the import as it then is.",
)  # fmt: skip
@api_view(["POST"])
def take_step(request: Request, uuid: UUID, step: str) -> HttpResponse:
    if step not in _STEPS:
        raise NotFound()
    importing, actor = visible_import(request.user, uuid), cast(User, request.user)
    _STEPS[step](importing=importing, actor=actor)
    return Response(
        import_document(visible_import(request.user, uuid), actor), status=status.HTTP_202_ACCEPTED
    )
