"""Jobs over HTTP: look at one, list them, cancel one, start one again."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core import limits
from gis_core.errors import BadParameter
from gis_core.jobs.control import cancel_job, retry_job
from gis_core.jobs.models import Job, JobState
from gis_core.jobs.plain import plain_text
from gis_core.jobs.queries import job_view, visible_job, visible_jobs

PAGE = 20


class SentenceSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable, for programs")
    params = serializers.DictField()
    text = serializers.CharField(help_text="In the language of the request")


class JobSerializer(serializers.Serializer[Any]):
    """A background job."""

    uuid = serializers.UUIDField()
    title = serializers.CharField(help_text="What is done, in the language of the request")
    subject = serializers.CharField(help_text="What it is done to, such as a file's name")
    state = serializers.ChoiceField(choices=JobState.values)
    state_text = serializers.CharField()
    progress = serializers.FloatField(help_text="0 to 1, shown while the job runs")
    message = SentenceSerializer(allow_null=True)
    result = serializers.JSONField(allow_null=True, help_text="What the task returned, when it is done")
    error = SentenceSerializer(allow_null=True)
    attempts = serializers.IntegerField()
    max_attempts = serializers.IntegerField()
    cancel_requested = serializers.BooleanField()
    can_cancel = serializers.BooleanField()
    can_retry = serializers.BooleanField()
    community = serializers.CharField(allow_null=True, help_text="The community's short name")
    owner = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    heartbeat_at = serializers.DateTimeField(allow_null=True, help_text="When the worker was last heard of")


class JobPageSerializer(serializers.Serializer[Any]):
    """A page of jobs, newest first; `next` is the address of the page after it."""

    jobs = JobSerializer(many=True)
    next = serializers.URLField(allow_null=True)


@extend_schema(operation_id="job", tags=["jobs"], responses=JobSerializer)
@api_view(["GET"])
def job(request: Request, uuid: UUID) -> Response:
    """One job: its state, progress, message, and in the end its result or error."""
    return _answer(request, visible_job(request.user, uuid))


@extend_schema(operation_id="job_cancel", tags=["jobs"], request=None, responses={202: JobSerializer})
@api_view(["POST"])
def job_cancel(request: Request, uuid: UUID) -> Response:
    """Cancel a waiting job, or ask a running one to stop: nothing it did will be saved."""
    return _answer(
        request, cancel_job(job=visible_job(request.user, uuid), actor=_person(request)), status=202
    )


@extend_schema(operation_id="job_retry", tags=["jobs"], request=None, responses={202: JobSerializer})
@api_view(["POST"])
def job_retry(request: Request, uuid: UUID) -> Response:
    """Start a failed or cancelled job again."""
    return _answer(
        request, retry_job(job=visible_job(request.user, uuid), actor=_person(request)), status=202
    )


@extend_schema(
    operation_id="jobs",
    tags=["jobs"],
    parameters=[
        OpenApiParameter("community", str, description="Only jobs of the community with this short name"),
        OpenApiParameter("state", str, enum=JobState.values),
        OpenApiParameter("limit", int, description=f"Jobs on a page, {PAGE} unless told"),
        OpenApiParameter("after", UUID, description="The last job of the page before; follow `next` instead"),
    ],
    responses=JobPageSerializer,
)
@api_view(["GET"])
def jobs(request: Request) -> Response:
    """The jobs you may see, newest first."""
    limit = _limit(request)
    found = list(_asked_for(request)[: limit + 1])
    page = found[:limit]
    views = [job_view(item, request.user) for item in page]
    more = _next_address(request, page[-1]) if len(found) > limit else None
    return _private(Response(JobPageSerializer({"jobs": views, "next": more}).data))


def _asked_for(request: Request) -> Any:
    asked = request.query_params
    found = visible_jobs(request.user).order_by("-pk")
    if "community" in asked:
        found = found.filter(community__slug=plain_text(asked["community"]))
    if "state" in asked:
        if asked["state"] not in JobState.values:
            raise BadParameter(
                parameter="state", reason=_("one of %(known)s") % {"known": ", ".join(JobState.values)}
            )
        found = found.filter(state=asked["state"])
    if "after" in asked:
        found = found.filter(pk__lt=_last_of_page_before(request, asked["after"]))
    return found


def _last_of_page_before(request: Request, text: str) -> int:
    try:
        found = visible_jobs(request.user).filter(uuid=UUID(text)).values_list("pk", flat=True).first()
    except ValueError:
        found = None
    if found is None:
        raise BadParameter(parameter="after", reason=_("the UUID of a job from the page before"))
    return int(found)


def _limit(request: Request) -> int:
    most = limits.value("max_jobs_page")
    text = request.query_params.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise BadParameter(parameter="limit", reason=_("a whole number from 1 to %(most)s") % {"most": most})
    return int(text)


def _next_address(request: Request, last: Job) -> str:
    query = {**request.query_params.dict(), "after": str(last.uuid)}
    return request.build_absolute_uri(f"{reverse('api-jobs')}?{urlencode(query)}")


def _person(request: Request) -> Any:
    """The signed-in user; who sees a job is one, `visible_job` has made sure."""
    return request.user


def _answer(request: Request, found: Job, *, status: int = 200) -> Response:
    return _private(Response(JobSerializer(job_view(found, request.user)).data, status=status))


def _private(response: Response) -> Response:
    response["Cache-Control"] = "private, no-store"
    return response
