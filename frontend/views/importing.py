"""The page of one import: the step that is due, made of its document."""

from typing import Any

from django.db import ProgrammingError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from frontend.coordinate_systems import crs_choices, encoding_choices, encoding_name, system_name
from frontend.importing import columns, differences, found, outcome, stages
from frontend.importing.target import LOOKALIKES, MODES, TargetForm, schema_of
from frontend.map_config import bounds, map_config
from frontend.templatetags.hromada import number
from frontend.views.page import page, signed_in, whole_number
from gis_core.communities import Community
from importers.documents import import_document
from importers.models import Import, ImportStatus
from importers.review import sees_all
from importers.states import state_of
from layers.access import visible_layers
from layers.diff import NoDiff
from layers.models import Layer

ASKED_ELSEWHERE = frozenset(
    {"several-layers", "layer-needed", "mode-needed", "encoding-unknown", "crs-unknown", "crs-inexact"}
)
"""Questions that the form itself asks; the others are told in words above it."""
SIMPLIFIED_DEG = 0.0005


def editable_layers(request: HttpRequest, community: Community) -> list[Layer]:
    """The layers a member who may edit at all sees: roles are per community, so each of them."""
    return list(visible_layers(request.user).filter(community=community))


def importing_page(
    request: HttpRequest,
    importing: Import,
    *,
    form: TargetForm | None = None,
    failure: str = "",
    status: int = 200,
) -> HttpResponse:
    """`form` and `failure` are of a form that was sent and is shown again."""
    document = import_document(importing, signed_in(request))
    slug = importing.community.slug
    step = _step(request, document)
    context: dict[str, Any] = {
        "here": reverse("importing", args=[slug, importing.uuid]),  # also after a form of this page was sent
        "importing": importing,
        "document": document,
        "step": step,
        "stages": stages.stages_of(document) if step != "check" else stages.stages_of(_as_checked(document)),
        "chip": stages.chip_of(document["status"]),
        "failure": failure,
        "crumbs": [{"title": _("Imports"), "url": reverse("import-list", args=[slug])}],
        "map_config": None,
    }
    parts = {"check": _check, "differences": _differences, "done": _done, "ended": _ended}
    if step in parts:
        try:
            with transaction.atomic():
                context |= parts[step](request, importing, document)
        except (ProgrammingError, NoDiff):
            # The staged rows are gone: it was applied or cancelled while this page was being made.
            if step != "differences" or not _moved(importing):
                raise
            return redirect(context["here"])
    if form is not None:
        context["form"] = form
    return page(
        request, "frontend/importing.html", context, community=importing.community, section="imports", status=status
    )  # fmt: skip


def _moved(importing: Import) -> bool:
    """Whether the import is no longer ready for review, as it was a moment ago."""
    return state_of(Import.objects.get(pk=importing.pk)).status != ImportStatus.READY


def _step(request: HttpRequest, document: dict[str, Any]) -> str:
    """working, check, differences, done or ended; `?step=check` leads back from the differences and the end."""
    status = document["status"]
    back = request.method == "POST" or request.GET.get("step") == "check"
    if status in stages.WORKING:
        return "working"
    if status == "waiting" or (back and stages.may_be_checked(document)):
        return "check"
    if status == "ready":
        return "differences"
    return "ended" if status in ("failed", "cancelled") else "done"


def _as_checked(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "status": "waiting"}


def _check(request: HttpRequest, importing: Import, document: dict[str, Any]) -> dict[str, Any]:
    source = found.source_of(document)
    question = document["question"]
    context: dict[str, Any] = {
        "told": question["message"] if question and question["code"] not in ASKED_ELSEWHERE else "",
        "ignored": (document["inspection"] or {}).get("ignored", []),
        "empty_layers": (document["inspection"] or {}).get("empty_layers", []),
        "source_layers": found.layers_of(document),
    }
    if source is None:
        return {**context, "asks": "layers"}
    bounded = importing.community.boundary is not None
    read = found.found_in(source, document["choices"], question, bounded=bounded)
    asks = "reading" if read.asks_encoding or read.asks_system else ""
    layers = editable_layers(request, importing.community)
    schema = schema_of(document, {layer.slug: layer for layer in layers})
    return {
        **context,
        "asks": asks,
        "found": read,
        "rows_text": found.rows_text(read.rows),
        "letters_found": LOOKALIKES in importing.issue_counts or document["choices"].get("fix_lookalikes"),
        "form": TargetForm(community=importing.community, layers=layers, document=document),
        "modes": [{"value": value, "title": title, "text": text} for value, title, text in MODES],
        "columns": columns.columns_of(document),
        "types": columns.type_choices(),
        "target_fields": columns.field_choices(schema),
        "crs_choices": crs_choices(importing.community.local_srid)[1:],
        "encoding_choices": encoding_choices()[1:],
        "map_config": small_map(request, importing.community) if read.systems else None,
        "crs_points": found.points_of(source.get("crs_options", [])),
    }


def _differences(request: HttpRequest, importing: Import, document: dict[str, Any]) -> dict[str, Any]:
    kind = request.GET.get("kind", "")
    kind = kind if kind in differences.KINDS else ""
    after = whole_number(request, "after") or 0
    rows = differences.rows_of(importing, signed_in(request), kind=kind, after=after)
    diff = document["diff"]
    differing = sum(diff[name] for name in differences.KINDS)
    more = len(rows) > differences.PAGE_SIZE
    query = f"kind={kind}" if kind else ""
    return {
        "bar": differences.bar_of(diff),
        "diff": diff,
        "differing": differing,
        "kind": kind,
        "rows": rows[: differences.PAGE_SIZE],
        "query": "&".join(filter(None, [query, f"after={after}" if after else ""])),
        "next_query": "&".join(filter(None, [query, f"after={rows[differences.PAGE_SIZE - 1].id}"]))
        if more
        else "",
        "first_query": query if after else None,
        "apply_text": apply_text(diff["accepted"]),
        "summary": _reading(document),
        "map_config": small_map(request, importing.community),
        **_issues(request, importing, document),
    }


def apply_text(count: int) -> str:
    shown = {"shown": number(count)}
    return ngettext("Apply %(shown)s change", "Apply %(shown)s changes", count) % shown


def _done(request: HttpRequest, importing: Import, document: dict[str, Any]) -> dict[str, Any]:
    layer = document["layer"] or {}
    slug = importing.community.slug
    changeset = importing.changeset
    stored = changeset.layer if changeset else None
    return {
        "summary": _reading(document),
        "sentence": outcome.sentence(document),
        "figures": outcome.figures(document),
        "layer": stored if stored and not stored.is_draft else None,
        "layer_title": layer.get("title") or layer.get("slug", ""),
        "map_url": _map_url(importing.community, stored),
        "changeset_url": reverse("changeset", args=[slug, changeset.pk]) if changeset else "",
        **_issues(request, importing, document),
    }


def _ended(request: HttpRequest, importing: Import, document: dict[str, Any]) -> dict[str, Any]:
    return {"may_check": stages.may_be_checked(document), **_issues(request, importing, document)}


def _issues(request: HttpRequest, importing: Import, document: dict[str, Any]) -> dict[str, Any]:
    rule = request.GET.get("rule", "")
    if not sees_all(importing, signed_in(request)):
        return {"rules": [], "issues": [], "issues_total": 0}
    placed = importing.issues.filter(point__isnull=False).exists()
    return {
        "issues_map": placed,
        **({"map_config": small_map(request, importing.community)} if placed else {}),
        "rules": differences.rules_of(importing),
        "rule": rule,
        "issues": differences.issues_of(importing, rule),
        "issues_total": sum(importing.issue_counts.values()),
        "may_fix_letters": LOOKALIKES in importing.issue_counts
        and not document["choices"].get("fix_lookalikes"),
    }


def _reading(document: dict[str, Any]) -> dict[str, Any]:
    summary = document["summary"] or {}
    crs, name = summary.get("crs", ""), summary.get("crs_name", "")
    letters = encoding_name(summary.get("encoding", ""))
    return {**summary, "crs_name": system_name(crs, name), "encoding": letters}


def _map_url(community: Community, layer: Layer | None) -> str:
    """The map, opened on the layer."""
    address = reverse("community-map", args=[community.slug])
    if layer is None or not layer.extent:
        return address
    west, south, east, north = layer.extent
    zoom = 15 if max(east - west, north - south) < 0.05 else 12
    return f"{address}#map={zoom}/{(south + north) / 2:.5f}/{(west + east) / 2:.5f}"


def small_map(request: HttpRequest, community: Community) -> dict[str, Any]:
    """What a map beside a form needs: the boundary, and layers to find one's way: the base layers, or where
    there are none what the community's map shows at first."""
    whole = map_config(request, community)
    beneath = [layer for layer in whole["layers"] if layer["base"]]
    boundary = None
    if community.boundary is not None:
        boundary = community.boundary.simplify(SIMPLIFIED_DEG, preserve_topology=True).json
    return {
        "lang": whole["lang"],
        "bounds": bounds(community, editable_layers(request, community)),
        "layers": beneath or [layer for layer in whole["layers"] if layer["visible"]],
        "boundary": boundary,
    }
