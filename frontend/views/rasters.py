"""Rasters: what is asked before one is imported, the page of one, and its deletion."""

import math
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from frontend.context import role_in
from frontend.coordinate_systems import crs_choices, system_name
from frontend.importing import rasters
from frontend.importing.rasters import RasterForm
from frontend.raster_styles import OWN, RasterStyleForm, initial_of
from frontend.views.importing import small_map
from frontend.views.page import community_named, page, signed_in, turned_away
from gis_core.communities import Community
from gis_core.errors import NotAllowed, NotFound
from gis_core.jobs.models import Job
from gis_core.people import User
from gis_core.roles import Action
from importers.models import Upload
from importers.rasters.notes import sentence
from importers.rasters.pipeline import RasterRequest
from importers.rasters.tasks import start_raster_import
from importers.steps import UploadNotComplete
from importers.uploads import own_upload
from layers.models import Raster
from layers.rasters import access_raster, delete_raster, may_change, style_raster
from layers.styles import InvalidRecipe

MARGIN = 0.15


@require_http_methods(["GET", "HEAD", "POST"])
def new_raster(request: HttpRequest, community: str) -> HttpResponse:
    """The raster's title and who may see it; then its import begins. `upload` names what was sent."""
    owner = community_named(community)
    if away := turned_away(request, owner, Action.EDIT):
        return away
    uploads = uploads_of(request, owner)
    if request.method != "POST":
        names = [upload.name for upload in uploads]
        form = RasterForm(initial=rasters.initial_of(names), community=owner)
        return _form_page(request, owner, uploads, form)
    form = RasterForm(request.POST, community=owner)
    if not form.is_valid():
        return _form_page(request, owner, uploads, form, status=422)
    job = start_raster_import(uploads=uploads, request=form.request(), actor=signed_in(request))
    return redirect("job", community, job.uuid)


def uploads_of(request: HttpRequest, community: Community) -> list[Upload]:
    """The reader's own uploads that the request names, all here and part of no import yet. Raises NotFound,
    UploadNotComplete."""
    named = request.POST.getlist("upload") or request.GET.getlist("upload")
    uploads = [own_upload(request.user, uuid) for uuid in dict.fromkeys(named)]
    if not uploads or any(it.community_id != community.pk or it.imports.exists() for it in uploads):
        raise NotFound()
    for upload in uploads:
        if not upload.is_complete:
            raise UploadNotComplete(name=upload.name)
    return uploads


def _form_page(
    request: HttpRequest, community: Community, uploads: list[Upload], form: RasterForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "uploads": uploads,
        "form": form,
        "crumbs": [{"title": _("Import a file"), "url": reverse("import", args=[community.slug])}],
    }
    return page(
        request, "frontend/raster_new.html", context, community=community, section="import", status=status
    )


def question_context(request: HttpRequest, community: Community, job: Job) -> dict[str, Any]:
    """What the page of a raster's failed job asks those who can answer: whoever sent it and may still edit."""
    question = rasters.question_of(job, bounded=community.boundary is not None)
    if question is None or _sent_with(request, community, job) is None:
        return {}
    return {
        "question": question,
        "crs_choices": crs_choices(community.local_srid)[1:],
        "map_config": small_map(request, community) if question.points else None,
    }


def _sent_with(request: HttpRequest, community: Community, job: Job) -> list[Upload] | None:
    """The uploads of the job, while the reader may have them imported once more; else None."""
    user, (wanted, _request) = request.user, rasters.asked_of(job)
    if not isinstance(user, User) or turned_away_from_editing(request, community):
        return None
    mine = {it.pk: it for it in Upload.objects.filter(pk__in=wanted, owner=user, community=community)}
    return [mine[pk] for pk in wanted] if set(mine) == set(wanted) else None


def turned_away_from_editing(request: HttpRequest, community: Community) -> bool:
    try:
        return turned_away(request, community, Action.EDIT) is not None
    except NotAllowed:
        return True


def answer(request: HttpRequest, community: Community, job: Job) -> Job | None:
    """Import the same files once more, with the answer that was sent; None where none was.

    Raises NotFound where nothing was asked, or not of this reader.
    """
    uploads = _sent_with(request, community, job)
    if uploads is None or rasters.question_of(job, bounded=False) is None:
        raise NotFound()
    wanted = rasters.answered(rasters.asked_of(job)[1], request.POST, job.error_code)
    if wanted is None:
        return None
    return start_raster_import(uploads=uploads, request=RasterRequest(**wanted), actor=signed_in(request))


@require_safe
def raster_page(request: HttpRequest, community: str, raster: str) -> HttpResponse:
    owner = community_named(community)
    found = access_raster(request.user, f"{owner.slug}.{raster}")
    return _raster_page(request, owner, found)


def _raster_page(
    request: HttpRequest, owner: Community, found: Raster, *, failure: str = "",
    style_form: RasterStyleForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    may_be_changed = isinstance(request.user, User) and may_change(request.user, found)
    if may_be_changed and style_form is None:
        style_form = RasterStyleForm(initial=initial_of(found), raster=found)
    context: dict[str, Any] = {
        "raster": found,
        "crs": system_name(f"EPSG:{found.srid}" if found.srid else "", found.crs_name),
        "resolution": rasters.pixel_text(found.resolution_m),
        "nodata": rasters.nodata_text(found),
        "bands": rasters.bands_of(found),
        "notes": [text for text in map(sentence, found.notes) if text],
        "file_url": f"/api/rasters/{found.full_name}/file",
        "about_url": f"/api/rasters/{found.full_name}",
        "map_config": {**small_map(request, owner), "bounds": _around(found)},
        "footprint": {"type": "MultiPolygon", "coordinates": found.footprint.coords},
        "may_delete": may_be_changed,
        "style_form": style_form if may_be_changed else None,
        "map_url": f"{reverse('community-map', args=[owner.slug])}#{_view_of(found)}&r={found.full_name}",
        "is_member": bool(role_in(request, owner)),
        "failure": failure,
        "crumbs": [{"title": _("Layers"), "url": reverse("layer-list", args=[owner.slug])}],
    }
    return page(request, "frontend/raster.html", context, community=owner, section="layers", status=status)


def _view_of(raster: Raster) -> str:
    """The part of a map's address that shows all of the raster in an ordinary window."""
    west, south, east, north = raster.footprint.extent
    share = max((east - west) / 360, (north - south) * 1.5 / 360, 1e-9)
    zoom = max(4, min(18, math.floor(math.log2(700 / 256 / share))))
    return f"map={zoom}/{(south + north) / 2:.5f}/{(west + east) / 2:.5f}"


def _around(raster: Raster) -> list[float]:
    """West, south, east, north of the raster with some of what lies about it."""
    west, south, east, north = raster.footprint.extent
    pad = max(east - west, north - south) * MARGIN
    return [west - pad, south - pad, east + pad, north + pad]


@require_POST
def style(request: HttpRequest, community: str, raster: str) -> HttpResponse:
    """Change how the raster is drawn, and the day that it shows."""
    owner = community_named(community)
    found = access_raster(request.user, f"{owner.slug}.{raster}")
    actor = signed_in(request)
    if not may_change(actor, found):
        raise NotAllowed()
    form = RasterStyleForm(request.POST, raster=found)
    if form.is_valid():
        try:
            style_raster(
                raster=found, actor=actor, style=form.style(), taken_on=form.cleaned_data["taken_on"]
            )
        except InvalidRecipe as error:
            form.add_error("own" if form.cleaned_data["look"] == OWN else "look", str(error))
        else:
            messages.success(request, _("The look was kept."))
            return redirect("raster", community, raster)
    return _raster_page(request, owner, found, style_form=form, status=422)


@require_POST
def delete(request: HttpRequest, community: str, raster: str) -> HttpResponse:
    owner = community_named(community)
    found = access_raster(request.user, f"{owner.slug}.{raster}")
    actor = signed_in(request)
    if "sure" not in request.POST:
        told = _("Tick the box to delete the raster.")
        return _raster_page(request, owner, found, failure=told, status=422)
    delete_raster(raster=found, actor=actor)
    messages.success(request, _("The raster “%s” was deleted.") % found.local_title)
    return redirect("layer-list", community)


def raster_items(rows: list[Raster]) -> list[dict[str, Any]]:
    """Rasters as rows of the list of layers."""
    return [
        {
            "title": it.local_title, "url": reverse("raster", args=[it.community.slug, it.slug]),
            "width": it.width, "height": it.height, "resolution_m": it.resolution_m, "size": it.size,
            "access": it.access_level, "accessTitle": str(it.get_access_level_display()),
            "created_at": it.created_at,
        }
        for it in rows
    ]  # fmt: skip
