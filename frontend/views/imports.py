"""Importing: the page that takes files, the list of imports, and the steps of one.

What may be done and what it means is `importers.steps`'s; here forms are read and pages made of the document
that programs get too.
"""

import hashlib
import json
from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from frontend.context import role_in
from frontend.forms import FilesForm
from frontend.importing import columns, stages
from frontend.importing.answers import changed_target, place_choice, reading_choices, wanted_layers
from frontend.importing.sources import from_sources
from frontend.importing.target import TargetForm, schema_of
from frontend.views.importing import editable_layers, importing_page
from frontend.views.page import community_named, page, signed_in, turned_away, whole_number
from frontend.views.rasters import uploads_of
from gis_core import limits
from gis_core.communities import Community
from gis_core.errors import BadParameter, HromadaError, NotAllowed, NotFound
from gis_core.people import User
from gis_core.roles import Action, roles_that_may
from importers import steps
from importers.access import steered, visible_import, visible_imports
from importers.choices import INSPECT, PREPARE
from importers.documents import import_document, possible, short_document
from importers.gate import RasterGate, UploadGate
from importers.models import Import, Upload
from importers.rasters.source import Sent, holds_raster
from importers.review import accept
from importers.states import WrongImportStatus, state_of, states_of
from importers.uploads import discard_upload, receive_upload

PAGE_SIZE = 30
MOST_ROWS = 10_000


@csrf_exempt  # the inner view checks: reading the body must wait until the gate stands before it
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest, community: str) -> HttpResponse:
    gate = (
        RasterGate
        if role_in(request, community_named(community)) in roles_that_may(Action.EDIT)
        else UploadGate
    )
    request.upload_handlers.insert(0, gate(request))
    return _import_page(request, community)


@csrf_protect
def _import_page(request: HttpRequest, community: str) -> HttpResponse:
    owner = community_named(community)
    if away := turned_away(request, owner, Action.EDIT):
        return away
    if request.method != "POST":
        return _form_page(request, owner, FilesForm())
    form = FilesForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, owner, form, status=422)
    try:
        return redirect(_start(request, owner, form))
    except HromadaError as error:
        form.add_error("file", str(error))
        return _form_page(request, owner, form, status=error.status)


def _form_page(
    request: HttpRequest, community: Community, form: FilesForm, *, status: int = 200
) -> HttpResponse:
    wanted = request.GET.get("layer", "") or request.POST.get("layer", "")
    target = next((it for it in editable_layers(request, community) if it.slug == wanted), None)
    context = {"form": form, "target": target, **_limits()}
    return page(
        request, "frontend/import.html", context, community=community, section="import", status=status
    )


def _limits() -> dict[str, int]:
    return {"max_mb": limits.value("max_upload_mb"), "max_raster_mb": limits.value("max_raster_upload_mb")}


def _start(request: HttpRequest, community: Community, form: FilesForm) -> str:
    sender = signed_in(request)
    uploads = []
    try:
        for file in form.cleaned_data["file"]:
            received = receive_upload(community=community, owner=sender, name=file.name, chunks=file.chunks())
            uploads.append(received)
        return _begun(community, sender, uploads, layer=form.cleaned_data["layer"])
    except HromadaError:
        for upload in uploads:
            discard_upload(upload)
        raise


def _begun(community: Community, sender: User, uploads: Sequence[Upload], *, layer: str) -> str:
    """The address where it goes on: a raster's form, or the import of a layer, which is begun."""
    if holds_raster([Sent(upload.name, upload.path) for upload in uploads]):
        wanted = urlencode({"upload": [str(upload.uuid) for upload in uploads]}, doseq=True)
        return f"{reverse('import-raster', args=[community.slug])}?{wanted}"
    choices = {"layer": layer} if layer else {}
    begun = steps.start_import(community=community, owner=sender, uploads=uploads, choices=choices)
    return reverse("importing", args=[community.slug, begun.uuid])


@require_POST
def start(request: HttpRequest, community: str) -> JsonResponse:
    """What was sent in pieces (`upload` once or more) goes on; the answer is {"url"}, or a problem document."""
    owner = community_named(community)
    if turned_away(request, owner, Action.EDIT):
        raise NotAllowed()
    try:
        url = _begun(
            owner, signed_in(request), uploads_of(request, owner), layer=request.POST.get("layer", "")
        )
    except HromadaError as error:
        return JsonResponse({"code": error.code, "detail": str(error)}, status=error.status)
    return JsonResponse({"url": url}, status=201)


@require_safe
def import_list(request: HttpRequest, community: str) -> HttpResponse:
    owner = community_named(community)
    if away := turned_away(request, owner, Action.EDIT):
        return away
    before = whole_number(request, "before")
    imports = visible_imports(request.user).filter(community=owner)
    found = list((imports.filter(pk__lt=before) if before else imports)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    brought, mine = from_sources(shown, owner), steered(signed_in(request), shown)
    listed = [
        {
            "importing": item,
            "from_source": item.pk in brought,
            "document": short_document(item, state),
            "chip": stages.chip_of(state.status),
            "can": possible(item, state, steers=item.pk in mine),
        }
        for item, state in zip(shown, states_of(shown), strict=True)
    ]
    context = {
        "imports": listed,
        "next_url": f"{request.path}?before={shown[-1].pk}" if len(found) > PAGE_SIZE else "",
        "first_url": request.path if before else "",
    }
    return page(request, "frontend/import_list.html", context, community=owner, section="imports")


def import_of(request: HttpRequest, community: str, uuid: UUID) -> Import:
    """An import of this community that the reader may see. Raises NotFound."""
    found = visible_import(request.user, uuid)
    if found.community.slug != community:
        raise NotFound()
    return found


@require_safe
def importing(request: HttpRequest, community: str, importing: UUID) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    return importing_page(request, import_of(request, community, importing))


@require_safe
def state(request: HttpRequest, community: str, importing: UUID) -> HttpResponse:
    """Where an import is, for the page that waits; costs four queries, and nothing to send while it stays."""
    found = import_of(request, community, importing)
    document = short_document(found, state_of(found))
    told = {
        "status": document["status"],
        "label": document["status_label"],
        "working": document["status"] in stages.WORKING,
        "progress": document["progress"],
    }
    body = json.dumps(told, ensure_ascii=False).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    unchanged = get_conditional_response(request, etag=etag)
    response = unchanged or HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_POST
def choose(request: HttpRequest, community: str, importing: UUID) -> HttpResponse:
    """What the check decided: which layers of the file, how it is read, or where it goes and as what."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("importing", args=[community, importing]))
    found = import_of(request, community, importing)
    part = request.POST.get("part", "")
    try:
        if part == "layers":
            return _choose_layers(request, found)
        if part == "reading":
            return _choose_reading(request, found)
        return _choose_target(request, found)
    except HromadaError as error:
        if error.status >= 500:
            raise
        return importing_page(request, found, failure=str(error), status=error.status)


def _choose_layers(request: HttpRequest, importing: Import) -> HttpResponse:
    """The first chosen layer goes on as this import, the others as imports beside it."""
    actor = signed_in(request)
    document = import_document(importing, actor)
    wanted = wanted_layers(request.POST, document)
    if not wanted:
        return importing_page(
            request, importing, failure=_("Choose at least one layer of the file."), status=422
        )
    steps.split(importing=importing, actor=actor, layers=wanted)
    if len(wanted) > 1:
        messages.info(request, _("Each layer is imported by itself: the others wait in the list of imports."))
    return _to(importing)


def _choose_reading(request: HttpRequest, importing: Import) -> HttpResponse:
    """Encoding and coordinate system."""
    choices = reading_choices(request.POST)
    if not choices:
        return importing_page(request, importing, failure=_("Choose one of the answers."), status=422)
    steps.decide(importing=importing, actor=signed_in(request), choices={**choices, "until": INSPECT})
    return _to(importing)


def _choose_target(request: HttpRequest, importing: Import) -> HttpResponse:
    actor = signed_in(request)
    document = import_document(importing, actor)
    layers = editable_layers(request, importing.community)
    form = TargetForm(request.POST, community=importing.community, layers=layers, document=document)
    unexplained = columns.without_reason(request.POST, document)
    if unexplained:
        form.add_error(None, _("Say why the personal data in “%s” are kept.") % "”, “".join(unexplained))
    if form.is_valid() and columns.is_left_out(request.POST, document, key=form.cleaned_data["key_field"]):
        form.add_error("key_field", _("The column of the key is left out. Take it, or choose another key."))
    if not form.is_valid():
        return importing_page(request, importing, form=form, status=422)
    wanted = form.decisions() | place_choice(request.POST)
    if changed_target(wanted, document, {layer.slug for layer in layers}):
        # Other fields to choose from: they are shown before anything is done with them.
        choices = {**wanted, "mapping": [], "until": INSPECT}
        steps.decide(importing=importing, actor=actor, choices=choices)
        messages.info(
            request, _("The columns were matched to the fields of the layer. Look them over and go on.")
        )
        return _to(importing, "#columns")
    schema = schema_of({**document, "choices": {**document["choices"], **wanted}}, form.layers)
    known = [item.key for item in schema] if schema else []
    decided = columns.decided(request.POST, document, known=known)
    steps.decide(importing=importing, actor=actor, choices={**wanted, **decided, "until": PREPARE})
    return _to(importing)


@require_POST
def review(request: HttpRequest, community: str, importing: UUID) -> HttpResponse:
    """Accept or refuse differences: all, those of a kind, or the rows of a page."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("importing", args=[community, importing]))
    found = import_of(request, community, importing)
    document = import_document(found, signed_in(request))
    if not document["can"]["apply"] or found.changeset is None:
        raise WrongImportStatus(status=document["status_label"])
    shown, kept = (_row_ids(request, name) for name in ("shown", "row"))
    match request.POST.get("do", ""):
        case "rows":
            accept(found, kind=None, ids=sorted(shown & kept), accepted=True)
            accept(found, kind=None, ids=sorted(shown - kept), accepted=False)
        case "accept" | "refuse" as verdict:
            kind = request.POST.get("kind", "")
            known = kind if kind in ("added", "changed", "removed") else None
            accept(found, kind=known, ids=None, accepted=verdict == "accept")
    back = request.POST.get("query", "")
    return _to(
        found, f"?{back}#differences" if back.replace("=", "").replace("&", "").isalnum() else "#differences"
    )


def _row_ids(request: HttpRequest, name: str) -> set[int]:
    """Ids of rows of a page. Raises BadParameter."""
    texts = request.POST.getlist(name)
    if len(texts) > MOST_ROWS or not all(it.isascii() and it.isdigit() and len(it) <= 18 for it in texts):
        raise BadParameter(parameter=name, reason=_("a whole number was expected."))
    return {int(text) for text in texts}


_STEPS = {
    "apply": steps.apply, "cancel": steps.cancel, "retry": steps.retry, "revert": steps.revert, "redo": steps.redo,
}  # fmt: skip


@require_POST
def act(request: HttpRequest, community: str, importing: UUID, action: str) -> HttpResponse:
    """Apply, cancel, retry, discard, revert or redo."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("importing", args=[community, importing]))
    found = import_of(request, community, importing)
    actor = signed_in(request)
    try:
        if action == "discard":
            steps.discard(importing=found, actor=actor)
            messages.success(request, _("The import was thrown away. Nothing of it was kept."))
            return redirect("import-list", community)
        _STEPS[action](importing=found, actor=actor)
    except HromadaError as error:
        if error.status != 409:
            raise
        messages.warning(request, str(error))  # it went on in the meantime: the page shows how
    return _to(found)


def _to(importing: Import, rest: str = "") -> HttpResponse:
    return redirect(reverse("importing", args=[importing.community.slug, importing.uuid]) + rest)
