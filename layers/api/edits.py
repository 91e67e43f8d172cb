"""Writing over HTTP: changesets are sent, read and reverted; a feature's history is read."""

from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.api.params import BIGINT_MAX
from gis_core.errors import BadParameter, NotAllowed, NotFound
from gis_core.people import User
from gis_core.roles import Action
from layers.access import access_layer, may, may_see_history
from layers.edits import VERDICTS, ChangeDraft, revert_changeset, send_changes
from layers.models import Change, Changeset
from layers.queries import feature_history
from layers.verdicts import give_verdict

_NEEDED = {
    "C": ("geometry",),
    "U": ("id", "base_version", "geometry", "properties"),  # without properties all would be erased
    "D": ("id", "base_version"),
}


class GeoJsonGeometry(serializers.JSONField):
    """A GeoJSON geometry in EPSG:4326; `layers.edits` checks it."""


class ChangeSerializer(serializers.Serializer[Any]):
    op = serializers.ChoiceField(choices=Change.Op.choices, help_text="C create, U update, D delete")
    id = serializers.IntegerField(
        required=False, min_value=1, max_value=BIGINT_MAX, help_text="The feature, for U and D"
    )
    base_version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="The version the change was made on"
    )
    geometry = GeoJsonGeometry(required=False, help_text="GeoJSON geometry, lon/lat, for C and U")
    properties = serializers.DictField(required=False, help_text="All properties, for C and U")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        needed = _NEEDED[attrs["op"]]
        missing = [name for name in needed if attrs.get(name) is None]
        if missing:
            raise BadParameter(parameter=missing[0], reason=_("op %s needs it.") % attrs["op"])
        return attrs


class ChangesetRequestSerializer(serializers.Serializer[Any]):
    comment = serializers.CharField(max_length=500, allow_blank=True, default="")
    changes = ChangeSerializer(many=True, allow_empty=False)


class ChangesetSerializer(serializers.ModelSerializer[Changeset]):
    layer = serializers.CharField(source="layer.full_name")
    author = serializers.SerializerMethodField()
    reviewer = serializers.SerializerMethodField()
    created = serializers.IntegerField(source="created_count")
    updated = serializers.IntegerField(source="updated_count")
    deleted = serializers.IntegerField(source="deleted_count")
    created_ids = serializers.SerializerMethodField()
    reverted_by = serializers.SerializerMethodField()

    class Meta:
        model = Changeset
        fields = (
            "id", "layer", "status", "source", "comment", "author", "reviewer", "review_comment", "revision",
            "created", "updated", "deleted", "created_ids", "created_at", "applied_at",
            "reverts", "reverted_by",
        )  # fmt: skip

    def get_author(self, changeset: Changeset) -> str | None:
        return str(changeset.author) if changeset.author else None

    def get_reviewer(self, changeset: Changeset) -> str | None:
        return str(changeset.reviewer) if changeset.reviewer else None

    def get_created_ids(self, changeset: Changeset) -> list[int]:
        """Ids of the created features, in the order in which they were sent."""
        created = changeset.changes.filter(op=Change.Op.CREATE).order_by("id")
        return list(created.values_list("feature_id", flat=True))

    def get_reverted_by(self, changeset: Changeset) -> int | None:
        return (
            changeset.reverted_by_set.filter(status=Changeset.Status.APPLIED)
            .values_list("pk", flat=True)
            .first()
        )


@extend_schema(
    operation_id="sendChangeset", tags=["Editing"], request=ChangesetRequestSerializer,
    responses={201: ChangesetSerializer, 202: ChangesetSerializer},
    description=(
        "Sends changes as one changeset: all are applied or none. 201 when applied, 202 when the layer's "
        "changes wait for review. A stale `base_version` is 409 `stale-edit` with both versions."
    ),
    examples=[
        OpenApiExample(
            "Rename one feature", request_only=True,
            value={"comment": "Нова назва", "changes": [
                {"op": "U", "id": 12, "base_version": 1, "properties": {"name": "ЦНАП"},
                 "geometry": {"type": "Point", "coordinates": [29.24, 48.68]}}]},
        )
    ],
)  # fmt: skip
@api_view(["POST"])
def send_changeset(request: Request, layer: str) -> Response:
    target = access_layer(request.user, layer, Action.EDIT)
    planner = cast(User, request.user)  # nobody anonymous may edit
    body = ChangesetRequestSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    source = Changeset.Source.API if request.auth else Changeset.Source.EDIT
    changeset = send_changes(
        layer=target, author=planner, comment=body.validated_data["comment"], source=source,
        changes=[_draft(change) for change in body.validated_data["changes"]],
    )  # fmt: skip
    return _answer(changeset)


def _answer(changeset: Changeset) -> Response:
    """201 for what is done, 202 for what waits for review."""
    applied = changeset.status == Changeset.Status.APPLIED
    code = status.HTTP_201_CREATED if applied else status.HTTP_202_ACCEPTED
    return Response(ChangesetSerializer(changeset).data, status=code)


def _draft(change: dict[str, Any]) -> ChangeDraft:
    return ChangeDraft(
        op=change["op"], feature_id=change.get("id") if change["op"] != "C" else None,
        base_version=change.get("base_version") if change["op"] != "C" else None,
        geometry=change.get("geometry"), properties=change.get("properties", {}),
    )  # fmt: skip


@extend_schema(operation_id="getChangeset", tags=["Editing"], responses=ChangesetSerializer)
@api_view(["GET"])
def get_changeset(request: Request, changeset: int) -> Response:
    return Response(ChangesetSerializer(changeset_of_member(request, changeset)).data)


@extend_schema(
    operation_id="revertChangeset", tags=["Editing"], responses={201: ChangesetSerializer, 202: ChangesetSerializer},
    request=None,
    description="Undoes an applied changeset by a new one. 202 when the layer's changes wait for review.",
)  # fmt: skip
@api_view(["POST"])
def post_revert(request: Request, changeset: int) -> Response:
    found = changeset_of_member(request, changeset)
    comment = str(request.data.get("comment", "")) if isinstance(request.data, dict) else ""
    undone = revert_changeset(changeset=found, actor=cast(User, request.user), comment=comment[:500])
    return _answer(undone)


class VerdictSerializer(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    comment = serializers.CharField(max_length=500, allow_blank=True, default="")


@extend_schema(
    operation_id="reviewChangeset", tags=["Editing"], request=VerdictSerializer,
    responses={200: ChangesetSerializer, 202: ChangesetSerializer},
    description=(
        "A reviewer's verdict about a submitted changeset, not their own where the layer demands review. What is "
        "`approved` is applied: 200; an import by a job: 202, and it is applied when that is done. `needs_changes` "
        "gives it back to its author, `rejected` ends it."
    ),
)  # fmt: skip
@api_view(["POST"])
def post_verdict(request: Request, changeset: int) -> Response:
    found = changeset_of_member(request, changeset)
    body = VerdictSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    reviewed = give_verdict(changeset=found, actor=cast(User, request.user), **body.validated_data)
    being_applied = reviewed.status == Changeset.Status.SUBMITTED
    code = status.HTTP_202_ACCEPTED if being_applied else status.HTTP_200_OK
    return Response(ChangesetSerializer(reviewed).data, status=code)


def changeset_of_member(request: Any, changeset: int) -> Changeset:
    """The changeset, if the reader is a member who may edit its layer; else NotFound, whatever the reason."""
    found = (
        Changeset.objects.select_related("layer__community", "author", "reviewer")
        .filter(pk=changeset)
        .first()
    )
    if found is None or not may_see_history(request.user, found.layer):
        raise NotFound()
    return found


class FeatureStateSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    revision = serializers.IntegerField()
    ended_revision = serializers.IntegerField(allow_null=True)
    changeset = serializers.IntegerField()
    comment = serializers.CharField()
    author = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()
    properties = serializers.DictField()
    geometry = GeoJsonGeometry()


@extend_schema(
    operation_id="getFeatureHistory", tags=["Editing"], responses=FeatureStateSerializer(many=True)
)
@api_view(["GET"])
def get_history(request: Request, layer: str, feature: int) -> Response:
    """All states of a feature, newest first. For those who may edit the layer: the past may hold
    what has been closed since."""
    target = access_layer(request.user, layer, Action.READ)
    if not may(request.user, target, Action.EDIT):
        raise NotAllowed()
    states = feature_history(request.user, target, feature)
    if not states:
        raise NotFound()
    return Response(states)
