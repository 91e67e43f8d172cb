"""The source of a layer: set, fetched now, taken away. What may be is `importers.harvest.schedule`'s."""

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from frontend.importing.sources import SourceForm, source_of
from frontend.views.layers import show_layer
from frontend.views.page import signed_in
from gis_core.errors import HromadaError
from gis_core.roles import Action
from importers.harvest.schedule import remove_source, run_now, set_source
from layers.access import access_layer
from layers.models import Layer


def _managed(request: HttpRequest, community: str, layer: str) -> Layer:
    """Raises LayerNotFound for an absent and for a hidden layer alike, NotAllowed."""
    return access_layer(request.user, f"{community}.{layer}", Action.MANAGE)


@require_POST
def save(request: HttpRequest, community: str, layer: str) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("layer", args=[community, layer]))
    found = _managed(request, community, layer)
    form = SourceForm(request.POST, source=source_of(found))
    if form.is_valid():
        try:
            set_source(layer=found, actor=signed_in(request), **form.attributes())
        except HromadaError as error:
            if error.status >= 500:
                raise
            form.refused(error)
        else:
            messages.success(request, _("The source was saved. It is fetched on its schedule."))
            return _to(found)
    return show_layer(request, found, source_form=form, status=422)


@require_POST
def run(request: HttpRequest, community: str, layer: str) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("layer", args=[community, layer]))
    found = _managed(request, community, layer)
    run_now(layer=found, actor=signed_in(request))
    messages.success(request, _("The source is being fetched. Open the page again in a moment."))
    return _to(found)


@require_POST
def remove(request: HttpRequest, community: str, layer: str) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("layer", args=[community, layer]))
    found = _managed(request, community, layer)
    remove_source(layer=found, actor=signed_in(request))
    messages.success(request, _("The source was taken away. The layer keeps its features."))
    return _to(found)


def _to(layer: Layer) -> HttpResponse:
    return redirect(reverse("layer", args=[layer.community.slug, layer.slug]) + "#source")
