"""Jobs over HTTP: look at one, list them, cancel one, start one again."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core import limits
from gis_core.api import params
from gis_core.api.http import may_be_kept
from gis_core.api.views import ApiView, link
from gis_core.errors import NotAllowed
from gis_core.jobs.control import cancel_job, retry_job
from gis_core.jobs.models import Job, JobState
from gis_core.jobs.plain import plain_text
from gis_core.jobs.queries import job_view, job_views, visible_job, visible_jobs
from gis_core.people import User

PAGE = 20
PARAMETERS = ("community", "state", "limit", "after")


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


class LinkSerializer(serializers.Serializer[Any]):
    href = serializers.URLField()
    rel = serializers.CharField()
    type = serializers.CharField()


class JobPageSerializer(serializers.Serializer[Any]):
    """A page of jobs, newest first; the link "next" leads to the page after it."""

    jobs = JobSerializer(many=True)
    links = LinkSerializer(many=True)


class JobsView(ApiView):
    @extend_schema(
        operation_id="jobs",
        tags=["jobs"],
        parameters=[
            OpenApiParameter("community", str, description="Only jobs of the community with this short name"),
            OpenApiParameter("state", str, enum=JobState.values),
            OpenApiParameter("limit", int, description=f"Jobs on a page, {PAGE} unless told"),
            OpenApiParameter("after", str, description="Taken from the link “next”"),
        ],
        responses=JobPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """The jobs you may see, newest first: your own, and those of the communities you edit."""
        params.check_names(request.query_params, PARAMETERS)
        limit = _limit(request)
        found = list(_asked_for(request)[: limit + 1])
        views = job_views(found[:limit], request.user)
        links = [link(request, request.get_full_path(), "self")]
        if len(found) > limit:
            query = request.query_params.copy()
            query["after"] = params.encode_cursor(found[limit - 1].pk)
            links.append(link(request, f"{request.path}?{query.urlencode()}", "next"))
        return _private(Response(JobPageSerializer({"jobs": views, "links": links}).data))


class JobView(ApiView):
    @extend_schema(operation_id="job", tags=["jobs"], responses=JobSerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        """One job: its state, progress, message, and in the end its result or error."""
        return _answer(request, visible_job(request.user, uuid))


class JobCancelView(ApiView):
    @extend_schema(operation_id="job_cancel", tags=["jobs"], request=None, responses={202: JobSerializer})
    def post(self, request: Request, uuid: UUID) -> Response:
        """Cancel a waiting job, or ask a running one to stop: nothing it did will be saved."""
        job = visible_job(request.user, uuid)
        return _answer(request, cancel_job(job=job, actor=_person(request)), status=202)


class JobRetryView(ApiView):
    @extend_schema(operation_id="job_retry", tags=["jobs"], request=None, responses={202: JobSerializer})
    def post(self, request: Request, uuid: UUID) -> Response:
        """Start a failed or cancelled job again."""
        job = visible_job(request.user, uuid)
        return _answer(request, retry_job(job=job, actor=_person(request)), status=202)


def _asked_for(request: Request) -> QuerySet[Job]:
    asked = request.query_params
    found = visible_jobs(request.user).order_by("-pk")
    if "community" in asked:
        found = found.filter(community__slug=plain_text(asked["community"]))
    if "state" in asked:
        found = found.filter(state=params.choice(asked["state"], JobState.values, parameter="state"))
    if "after" in asked:
        found = found.filter(pk__lt=params.decode_cursor(asked["after"]))
    return found


def _limit(request: Request) -> int:
    most = limits.value("max_jobs_page")
    text = request.query_params.get("limit")
    return PAGE if text is None else min(most, params.integer(text, parameter="limit", low=1))


def _person(request: Request) -> User:
    """The signed-in user. `visible_job` shows jobs to nobody else, so this only satisfies the types."""
    if not isinstance(request.user, User):
        raise NotAllowed()
    return request.user


def _answer(request: Request, found: Job, *, status: int = 200) -> Response:
    return _private(Response(JobSerializer(job_view(found, request.user)).data, status=status))


def _private(response: Response) -> Response:
    may_be_kept(response, public=False)
    return response
