"""The source of a layer over HTTP, for those who manage the layer: its address may hold a key."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from gis_core.api import params
from gis_core.api.http import may_be_kept
from gis_core.api.views import ApiView
from gis_core.errors import NotAllowed
from gis_core.jobs.messages import error_sentence
from gis_core.people import User
from gis_core.roles import Action
from importers.harvest.schedule import remove_source, run_now, set_source, source_of
from importers.models import LayerSource
from layers.access import access_layer
from layers.models import Layer


class SourceSerializer(serializers.Serializer[Any]):
    """Where a layer is fetched from, how often, and how much a round may change by itself."""

    kind = serializers.ChoiceField(choices=LayerSource.Kind.choices)
    url = serializers.CharField(max_length=2000)
    source_layer = serializers.CharField(
        default="", allow_blank=True, max_length=200, help_text="WFS: type name"
    )
    choices = serializers.DictField(
        default=dict, help_text="As of an import: mode, crs, encoding, mapping, …"
    )
    every_minutes = serializers.IntegerField(default=1440, min_value=1)
    enabled = serializers.BooleanField(default=True)
    max_changes = serializers.IntegerField(default=1000, min_value=0, max_value=2_000_000_000)
    max_removed_percent = serializers.IntegerField(default=5, min_value=0, max_value=100)


class SourceView(ApiView):
    @extend_schema(operation_id="layerSource", tags=["Sources"], responses={200: dict})
    def get(self, request: Request, layer: str) -> Response:
        """The source of a layer and how its last round went."""
        params.check_names(request.GET, ())
        found, _user = _managed(request, layer)
        return _answer(request, source_of(found))

    @extend_schema(
        operation_id="setLayerSource", tags=["Sources"], request=SourceSerializer, responses={200: dict}
    )
    def put(self, request: Request, layer: str) -> Response:
        """Give the layer a source, or change it; the first round is due at once."""
        found, user = _managed(request, layer)
        body = SourceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        set_source(layer=found, actor=user, **body.validated_data)
        return _answer(request, source_of(found))

    @extend_schema(operation_id="removeLayerSource", tags=["Sources"], request=None, responses={204: None})
    def delete(self, request: Request, layer: str) -> Response:
        """Take the source away; the layer keeps its features."""
        found, user = _managed(request, layer)
        remove_source(layer=found, actor=user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SourceRunView(ApiView):
    @extend_schema(operation_id="runLayerSource", tags=["Sources"], request=None, responses={202: dict})
    def post(self, request: Request, layer: str) -> Response:
        """Fetch now, also what has not changed."""
        found, user = _managed(request, layer)
        run_now(layer=found, actor=user)
        return _answer(request, source_of(found), code=status.HTTP_202_ACCEPTED)


def _managed(request: Request, name: str) -> tuple[Layer, User]:
    layer = access_layer(request.user, name, Action.MANAGE)
    if not isinstance(request.user, User):
        raise NotAllowed()
    return layer, request.user


def described(request: Request, source: LayerSource) -> dict[str, Any]:
    """The source as a program sees it; times in ISO 8601."""
    told, note = None, ""
    if source.problem:
        code, found = source.problem["code"], source.problem["params"]
        told = {"code": code, "detail": error_sentence(code, found, code)}
    if source.failures and not source.enabled:
        note = str(_("Switched off after too many failures in a row."))
    job = reverse("api-job", args=[source.job], request=request) if source.job else None
    waiting = source.last_import
    return {
        "layer": source.layer.full_name, "kind": source.kind, "url": source.url,
        "source_layer": source.source_layer, "choices": source.choices, "every_minutes": source.every_minutes,
        "enabled": source.enabled, "max_changes": source.max_changes,
        "max_removed_percent": source.max_removed_percent,
        "outcome": source.outcome, "outcome_label": str(source.get_outcome_display()),
        "problem": told, "note": note,
        "failures": source.failures, "last_run_at": source.last_run_at, "next_run_at": source.next_run_at,
        "import": f"/api/imports/{waiting.uuid}" if waiting else None, "job": job,
    }  # fmt: skip


def _answer(request: Request, source: LayerSource, *, code: int = 200) -> Response:
    response = Response(described(request, source), status=code)
    may_be_kept(response, public=False)
    return response
