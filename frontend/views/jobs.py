"""Background jobs: the list, one job with its progress and result, cancel and retry."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from frontend.importing.rasters import is_raster_job
from frontend.summaries import job_summary
from frontend.views import rasters
from frontend.views.page import community_named, page, signed_in, turned_away, whole_number
from gis_core.communities import Community
from gis_core.errors import HromadaError
from gis_core.jobs.control import cancel_job, retry_job
from gis_core.jobs.errors import JobNotFound
from gis_core.jobs.models import Job
from gis_core.jobs.queries import job_view, job_views, visible_job, visible_jobs
from gis_core.roles import Action
from importers.access import visible_imports
from layers.rasters import RasterNotFound, access_raster

PAGE_SIZE = 30
CHIPS = {"done": "good", "failed": "bad", "cancelled": "warn", "running": "info", "ready": ""}


@require_safe
def job_list(request: HttpRequest, community: str) -> HttpResponse:
    owner = community_named(community)
    if away := turned_away(request, owner, Action.READ):
        return away
    before = whole_number(request, "before")
    jobs = visible_jobs(request.user).filter(community=owner).order_by("-pk")
    found = list((jobs.filter(pk__lt=before) if before else jobs)[: PAGE_SIZE + 1])
    context = {
        "jobs": [
            {"view": view, "chip": CHIPS[view.state]} for view in job_views(found[:PAGE_SIZE], request.user)
        ],
        "next_url": f"{request.path}?before={found[PAGE_SIZE - 1].pk}" if len(found) > PAGE_SIZE else "",
        "first_url": request.path if before else "",
    }
    return page(request, "frontend/job_list.html", context, community=owner, section="jobs")


def job_of(request: HttpRequest, community: Community, uuid: UUID) -> Job:
    """A job of this community that the reader may see. Raises JobNotFound."""
    found = visible_job(request.user, uuid)
    if found.community_id != community.pk:
        raise JobNotFound()
    return found


@require_safe
def job_page(request: HttpRequest, community: str, job: UUID) -> HttpResponse:
    owner = community_named(community)
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = job_of(request, owner, job)
    importing = visible_imports(request.user).filter(job=found.uuid).first()
    if importing is not None:
        return redirect("importing", community, importing.uuid)
    return _job_page(request, owner, found)


def _job_page(
    request: HttpRequest, owner: Community, found: Job, *, failure: str = "", status: int = 200
) -> HttpResponse:
    view = job_view(found, request.user)
    raster = is_raster_job(found)
    if raster and view.state == "done":
        with suppress(RasterNotFound):  # deleted in the meantime: the job tells that it was done
            made = access_raster(request.user, view.result["raster"])
            return redirect("raster", made.community.slug, made.slug)
    context: dict[str, Any] = {
        "job": view,
        "chip": CHIPS[view.state],
        "unfinished": view.state in ("ready", "running"),
        "summary": job_summary(view.result, request.user) if view.state == "done" else None,
        "failure": failure,
        "crumbs": [{"title": _("Jobs"), "url": reverse("job-list", args=[owner.slug])}],
        **(rasters.question_context(request, owner, found) if raster else {}),
    }
    return page(request, "frontend/job.html", context, community=owner, section="jobs", status=status)


@require_POST
def answer(request: HttpRequest, community: str, job: UUID) -> HttpResponse:
    """What the import of a raster asked is answered, and it begins again."""
    owner = community_named(community)
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("job", args=[community, job]))
    found = job_of(request, owner, job)
    if not is_raster_job(found):
        raise JobNotFound()
    again = rasters.answer(request, owner, found)
    if again is None:
        return _job_page(request, owner, found, failure=_("Choose one of the answers."), status=422)
    return redirect("job", community, again.uuid)


@require_POST
def cancel(request: HttpRequest, community: str, job: UUID) -> HttpResponse:
    return _controlled(request, community, job, cancel_job, _("The job was asked to stop."))


@require_POST
def retry(request: HttpRequest, community: str, job: UUID) -> HttpResponse:
    return _controlled(request, community, job, retry_job, _("The job was started again."))


def _controlled(request: HttpRequest, community: str, uuid: UUID, act: Any, told: str) -> HttpResponse:
    owner = community_named(community)
    address = reverse("job", args=[community, uuid])
    if not request.user.is_authenticated:
        return redirect_to_login(address)
    job = job_of(request, owner, uuid)
    try:
        act(job=job, actor=signed_in(request))
    except HromadaError as error:
        if error.status != 409:
            raise
        messages.warning(request, str(error))  # it ended in the meantime: the page shows how
    else:
        messages.success(request, told)
    return redirect(address)
