"""Importing: a form that hands a file to a job, and the answer to what a job had to ask."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from frontend.forms import ImportForm
from frontend.questions import question_of
from frontend.uploads import UploadGate
from frontend.views.jobs import job_of
from frontend.views.page import community_named, page, signed_in, turned_away
from gis_core import limits
from gis_core.communities import Community
from gis_core.errors import HromadaError, NotAllowed
from gis_core.jobs.models import Job
from gis_core.jobs.queries import job_view
from gis_core.roles import Action
from importers.models import Upload
from importers.plan import ImportRequest
from importers.tasks import start_import
from importers.uploads import receive_upload
from layers.access import visible_layers
from layers.models import Layer


@csrf_exempt  # the inner view checks: reading the body must wait until the gate stands before it
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest, community: str) -> HttpResponse:
    request.upload_handlers.insert(0, UploadGate(request))
    return _import_page(request, community)


@csrf_protect
def _import_page(request: HttpRequest, community: str) -> HttpResponse:
    owner = community_named(community)
    if away := turned_away(request, owner, Action.EDIT):
        return away
    layers = editable_layers(request, owner)
    if request.method != "POST":
        return _form_page(
            request, owner, ImportForm(community=owner, layers=layers, initial=_initial(request, layers))
        )
    form = ImportForm(request.POST, request.FILES, community=owner, layers=layers)
    if not form.is_valid():
        return _form_page(request, owner, form, status=422)
    try:
        job = _start(request, owner, form)
    except HromadaError as error:
        form.add_error("file", str(error))
        return _form_page(request, owner, form, status=error.status)
    return redirect("job", community, job.uuid)


def editable_layers(request: HttpRequest, community: Community) -> list[Layer]:
    """The layers a member who may edit at all sees: roles are per community, so each of them."""
    return list(visible_layers(request.user).filter(community=community))


def _initial(request: HttpRequest, layers: list[Layer]) -> dict[str, Any]:
    wanted = request.GET.get("layer", "")
    known = wanted in {layer.slug for layer in layers}
    return {"target": ImportForm.EXISTING, "layer": wanted} if known else {}


def _form_page(
    request: HttpRequest, community: Community, form: ImportForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "max_mb": limits.value("max_upload_mb"), "has_layers": bool(form.layers)}
    return page(
        request, "frontend/import.html", context, community=community, section="import", status=status
    )


def _start(request: HttpRequest, community: Community, form: ImportForm) -> Job:
    file = form.cleaned_data["file"]
    sender = signed_in(request)
    upload = receive_upload(community=community, owner=sender, name=file.name, chunks=file.chunks())
    return start_import(upload=upload, request=ImportRequest(**form.decisions()), actor=sender)


@require_POST
def answer(request: HttpRequest, community: str, job: UUID) -> HttpResponse:
    """Import the same file again with the decision that was missing; the asking job stays as it is."""
    owner = community_named(community)
    address = reverse("job", args=[community, job])
    if not request.user.is_authenticated:
        return redirect_to_login(address)
    asking = job_of(request, owner, job)
    if not job_view(asking, request.user).can_retry:
        raise NotAllowed()
    question = question_of(asking, owner)
    given = question.form(request.POST) if question else None
    if question is None or given is None or not given.is_valid():
        messages.error(request, _("Choose one of the answers."))
        return redirect(address)
    upload_id, decided, *_rest = asking.arguments["args"]
    upload = Upload.objects.select_related("community").get(pk=upload_id, community=owner)
    wanted = ImportRequest(**{**decided, question.decides: given.cleaned_data["answer"]})
    started = start_import(upload=upload, request=wanted, actor=signed_in(request))
    return redirect("job", community, started.uuid)
