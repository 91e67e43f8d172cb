"""What a changeset did, by whom, and the way back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from frontend.context import role_in
from frontend.forms import RevertForm
from frontend.naming import differences, feature_name, naming_field
from frontend.reading import ChangeRow, changes_of
from frontend.summaries import import_report
from frontend.views.page import page, signed_in, whole_number
from gis_core.errors import HromadaError, NotFound
from gis_core.roles import Action
from layers.access import LayerNotFound, ReadSource, access_layer, may, may_see_history, read_source
from layers.edits import revert_changeset
from layers.models import Changeset, Layer

PAGE_SIZE = 100
CHIPS = {"applied": "good", "rejected": "bad", "needs_changes": "warn", "submitted": "info"}


def visible_changeset(request: HttpRequest, community: str, number: int) -> Changeset:
    """A changeset of a layer the reader may read, for members alone; of a withdrawn layer for its editors.

    Raises NotFound for an absent and for a hidden one alike.
    """
    changeset = (
        Changeset.objects.select_related("layer__community", "author", "reviewer", "reverts")
        .filter(pk=number, layer__community__slug=community)
        .first()
    )
    if changeset is None or not role_in(request, changeset.layer.community):
        raise NotFound()
    try:
        access_layer(request.user, changeset.layer.full_name)
    except LayerNotFound as error:
        # A withdrawn layer is not there for anybody, and comes back by a changeset of it alone.
        if not may_see_history(request.user, changeset.layer):
            raise NotFound() from error
    return changeset


@require_safe
def changeset_page(request: HttpRequest, community: str, changeset: int) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = visible_changeset(request, community, changeset)
    return _shown(request, found, RevertForm())


def _shown(
    request: HttpRequest, changeset: Changeset, form: RevertForm, *, failure: str = ""
) -> HttpResponse:
    layer = changeset.layer
    source = read_source(request.user, layer)
    after = whole_number(request, "after") or 0
    rows = changes_of(changeset, source, size=PAGE_SIZE + 1, after=after)
    undone_by = changeset.reverted_by_set.filter(status=Changeset.Status.APPLIED).first()
    applied = changeset.status == Changeset.Status.APPLIED
    context = {
        "here": _address(changeset),  # also after a form of this page was sent
        "changeset": changeset,
        "layer": layer,
        "layer_url": _layer_address(layer),
        "chip": CHIPS.get(changeset.status, ""),
        "crumbs": [
            {"title": _("Layers"), "url": reverse("layer-list", args=[layer.community.slug])},
            {"title": layer.local_title, "url": _layer_address(layer)},
        ],
        "changes": [_row(row, source) for row in rows[:PAGE_SIZE]],
        "next_url": f"{_address(changeset)}?after={rows[PAGE_SIZE - 1].feature_id}"
        if len(rows) > PAGE_SIZE
        else "",
        "summary": import_report(changeset, source) if changeset.is_staged else None,
        "undone_by": undone_by,
        "may_revert": applied and undone_by is None and may(request.user, layer, Action.EDIT),
        "form": form,
        "failure": failure,
    }
    status = 409 if failure else 200
    return page(
        request,
        "frontend/changeset.html",
        context,
        community=layer.community,
        section="layers",
        status=status,
    )


def _layer_address(layer: Layer) -> str:
    """The layer's page; the list of layers for one that is withdrawn, which has no page."""
    community = layer.community.slug
    return (
        reverse("layer-list", args=[community])
        if layer.is_draft
        else reverse("layer", args=[community, layer.slug])
    )


def _address(changeset: Changeset) -> str:
    return reverse("changeset", args=[changeset.layer.community.slug, changeset.pk])


def _row(row: ChangeRow, source: ReadSource) -> dict[str, Any]:
    layer = source.layer
    naming = naming_field(layer, source.fields)
    changed = (
        differences(source.fields, row.before, row.after) if row.op == "U" and row.before is not None else []
    )
    if row.moved:
        changed.append({"label": _("Geometry"), "text": _("changed")})
    address = reverse("feature", args=[layer.community.slug, layer.slug, row.feature_id])
    return {
        "op": row.op,
        "op_title": {"C": _("created"), "U": _("changed"), "D": _("deleted")}[row.op],
        "name": feature_name(naming, row.feature_id, row.after or row.before or {}),
        "url": address if row.exists else "",
        "differences": changed,
    }


@require_POST
def revert(request: HttpRequest, community: str, changeset: int) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("changeset", args=[community, changeset]))
    found = visible_changeset(request, community, changeset)
    form = RevertForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, form)
    try:
        why = form.cleaned_data["comment"]
        inverse = revert_changeset(changeset=found, actor=signed_in(request), comment=why)
    except HromadaError as error:
        if error.status != 409:
            raise
        return _shown(request, found, form, failure=str(error))
    if inverse.status == Changeset.Status.APPLIED:
        messages.success(request, _("Changeset %s was undone.") % found.pk)
    else:
        messages.info(request, _("The undoing of changeset %s waits for review.") % found.pk)
    if inverse.layer.is_draft:  # it was made by what is undone now, and is out of sight
        return redirect("layer-list", community)
    return redirect(_address(inverse))
