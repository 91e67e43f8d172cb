"""What an import would change and what was found in its rows, over HTTP: lists, tables and maps."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.api import params
from gis_core.api.views import ApiView
from gis_core.errors import NotAllowed, NotFound
from gis_core.people import User
from importers import review
from importers.access import may_steer, visible_import
from importers.issues import issue_of, issues_after
from importers.models import Import, ImportIssue
from importers.report import DONE
from layers.diff import KINDS
from layers.exports.table import cell

TAGS = ["Imports"]
_MOST_ON_A_MAP = 5000
_KIND = OpenApiParameter("kind", str, enum=list(KINDS))
_PAGE = [OpenApiParameter("limit", int), OpenApiParameter("after", str, description="From “next”")]


class AcceptSerializer(serializers.Serializer[Any]):
    """Accept or refuse differences: those of a kind, single rows, or (with neither) all."""

    accepted = serializers.BooleanField()
    kind = serializers.ChoiceField(choices=list(KINDS), required=False)
    rows = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=params.BIGINT_MAX), required=False,
        max_length=10_000,
    )  # fmt: skip


class Diff(ApiView):
    @extend_schema(
        operation_id="getImportDiff", tags=TAGS, parameters=[_KIND, *_PAGE], responses={200: dict}
    )  # fmt: skip
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """Rows of what the import would change: before and after, changed attributes, accepted or not."""
        importing = visible_import(request.user, uuid)
        query = request._request.GET
        params.check_names(query, ("kind", "limit", "after"))
        limit, after = params.limit(query.get("limit")), params.decode_cursor(query.get("after"))
        kind = params.choice(query["kind"], KINDS, parameter="kind") if "kind" in query else None
        rows = review.rows(importing, cast(User, request.user), kind=kind, limit=limit + 1, after=after)
        shown = rows[:limit]
        more = params.encode_cursor(shown[-1].id) if len(rows) > limit else None
        return Response({
            "counts": review.counts(importing), "rows": [asdict(row) for row in shown], "next": more,
        })  # fmt: skip

    @extend_schema(
        operation_id="acceptImportDiff", tags=TAGS, request=AcceptSerializer, responses={200: dict}
    )
    def patch(self, request: Request, uuid: UUID) -> HttpResponse:
        """Accepts or refuses differences; what is refused is not applied."""
        importing, actor = visible_import(request.user, uuid), cast(User, request.user)
        if not may_steer(actor, importing):
            raise NotAllowed()
        body = AcceptSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent = body.validated_data
        concerned = review.accept(
            importing, kind=sent.get("kind"), ids=sent.get("rows"), accepted=sent["accepted"]
        )
        return Response({"counts": review.counts(importing), "concerned": concerned})


@extend_schema(
    operation_id="getImportDiffMap", tags=TAGS, responses={200: dict},
    parameters=[_KIND, OpenApiParameter("bbox", str), OpenApiParameter("limit", int)],
    description="GeoJSON of what differs, geometries before and after.",
)  # fmt: skip
@api_view(["GET"])
def diff_geojson(request: Request, uuid: UUID) -> HttpResponse:
    importing = visible_import(request.user, uuid)
    query = request._request.GET
    params.check_names(query, ("kind", "bbox", "limit"))
    kinds = [params.choice(query["kind"], KINDS, parameter="kind")] if "kind" in query else list(KINDS)
    box = params.bbox(query["bbox"]).boxes()[:1] if "bbox" in query else []
    limit = params.integer(query.get("limit", str(_MOST_ON_A_MAP)), parameter="limit", low=1)
    text = review.features(
        importing, kinds=kinds, bbox=box[0] if box else None, limit=min(limit, _MOST_ON_A_MAP)
    )
    return HttpResponse(text, content_type="application/geo+json", headers={"Cache-Control": "no-store"})


@extend_schema(
    operation_id="getImportIssues", tags=TAGS, responses={200: dict},
    parameters=[OpenApiParameter("rule", str), *_PAGE],
    description="What was found in the rows of the file, in its order: row, field, value, rule, what to do.",
)  # fmt: skip
@api_view(["GET"])
def issues(request: Request, uuid: UUID) -> HttpResponse:
    importing = _with_issues(request, uuid)
    query = request._request.GET
    params.check_names(query, ("rule", "limit", "after"))
    limit, after = params.limit(query.get("limit")), params.decode_cursor(query.get("after"))
    found = issues_after(importing, rule=_rule(request), after=after)[: limit + 1]
    page = list(found)
    more = params.encode_cursor(page[limit - 1].pk) if len(page) > limit else None
    return Response({
        "counts": importing.issue_counts, "issues": [_document(item) for item in page[:limit]], "next": more,
    })  # fmt: skip


@extend_schema(
    operation_id="getImportIssuesTable", tags=TAGS, responses={(200, "text/csv"): str},
    parameters=[OpenApiParameter("rule", str)],
    description="The same as a table for spreadsheets (UTF-8 with BOM), in the language of Accept-Language.",
)  # fmt: skip
@api_view(["GET"])
def issues_csv(request: Request, uuid: UUID) -> HttpResponse:
    importing = _with_issues(request, uuid)
    params.check_names(request._request.GET, ("rule",))
    language = translation.get_language() or "uk"
    lines = _table(importing, _rule(request), language)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{importing.uuid}-issues.csv"'
    answer["Cache-Control"] = "no-store"
    return cast(HttpResponse, answer)


@extend_schema(
    operation_id="getImportIssuesMap", tags=TAGS, responses={200: dict},
    parameters=[OpenApiParameter("rule", str), OpenApiParameter("limit", int)],
    description="GeoJSON points of issues whose place is known.",
)  # fmt: skip
@api_view(["GET"])
def issues_geojson(request: Request, uuid: UUID) -> HttpResponse:
    importing = _with_issues(request, uuid)
    query = request._request.GET
    params.check_names(query, ("rule", "limit"))
    limit = params.integer(query.get("limit", str(_MOST_ON_A_MAP)), parameter="limit", low=1)
    limit = min(limit, _MOST_ON_A_MAP)
    placed = issues_after(importing, rule=_rule(request), after=0).filter(point__isnull=False)
    found = list(placed[: limit + 1])
    features = [
        {"type": "Feature", "id": item.pk, "geometry": {"type": "Point", "coordinates": list(item.point.coords)},
         "properties": {**_document(item), "point": None}}
        for item in found[:limit] if item.point
    ]  # fmt: skip
    body = {"type": "FeatureCollection", "truncated": len(found) > limit, "features": features}
    return HttpResponse(
        json.dumps(body, ensure_ascii=False), content_type="application/geo+json",
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip


def _with_issues(request: Request, uuid: UUID) -> Import:
    """The import, for readers who see every field of its layer: issues quote values. Raises NotFound."""
    importing = visible_import(request.user, uuid)
    if not review.sees_all(importing, cast(User, request.user)):
        raise NotFound()
    return importing


def _rule(request: Request) -> str:
    """The rule that is asked for; "" for all. PostgreSQL keeps no NUL, so no rule has one."""
    return request._request.GET.get("rule", "").replace("\x00", "\ufffd")


def _document(item: ImportIssue) -> dict[str, Any]:
    return {
        "id": item.pk, "row": item.row, "rule": item.rule, "done": item.done,
        "done_label": str(DONE.get(item.done, item.done)), "field": item.field, "value": item.value,
        "message": issue_of(item).message, "params": item.params,
        "point": list(item.point.coords) if item.point else None,
    }  # fmt: skip


class _Echo:
    """What csv writes to: gives each line back."""

    def write(self, line: str) -> str:
        return line


def _table(importing: Import, rule: str, language: str) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    with translation.override(language):
        head = [
            _("Row"),
            _("Field"),
            _("Value"),
            _("What was found"),
            _("What was done"),
            _("Rule"),
            "lon",
            "lat",
        ]
    yield "\ufeff" + cast(str, writer.writerow(head))
    for item in issues_after(importing, rule=rule, after=0).iterator(chunk_size=2000):
        with translation.override(language):
            found = [
                item.row,
                item.field,
                item.value,
                issue_of(item).message,
                str(DONE.get(item.done, item.done)),
            ]
        place = item.point.coords if item.point else ("", "")
        yield cast(str, writer.writerow([cell(value) for value in (*found, item.rule, *place)]))
