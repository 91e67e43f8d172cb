"""The page of one feature: its values, its size, its place, and for members its history."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import dateparse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from frontend.context import role_in
from frontend.naming import cells, differences, feature_name, naming_field
from frontend.reading import FeatureFacts, feature_facts
from frontend.views.layers import base_layers, map_url, zoom_for
from frontend.views.page import page
from gis_core.errors import NotFound
from layers.access import ReadSource, access_layer, read_source
from layers.models import Layer
from layers.queries import feature_history
from layers.schema import Field

MAX_VERSIONS = 50


@require_safe
def feature_page(request: HttpRequest, community: str, layer: str, feature: int) -> HttpResponse:
    found = access_layer(request.user, f"{community}.{layer}")
    source = read_source(request.user, found)
    facts = feature_facts(source, feature)
    if facts is None:
        raise NotFound()
    name = feature_name(naming_field(found, source.fields), facts.id, facts.properties)
    context = {
        "layer": found,
        "feature": facts,
        "name": name,
        "crumbs": _crumbs(found),
        "attributes": [cell for cell in cells(source.fields, facts.properties) if cell.text],
        "measures": _measures(facts),
        "outline": _outline(facts),
        "map_url": map_url(found, base_layers(request, found), at=_place(facts), feature=facts.id),
        **_history(request, found, source, feature),
    }
    return page(request, "frontend/feature.html", context, community=found.community, section="layers")


def _crumbs(layer: Layer) -> list[dict[str, str]]:
    slug = layer.community.slug
    return [
        {"title": _("Layers"), "url": reverse("layer-list", args=[slug])},
        {"title": layer.local_title, "url": reverse("layer", args=[slug, layer.slug])},
    ]


def _measures(facts: FeatureFacts) -> dict[str, Any]:
    return {
        "area_m2": facts.area_m2,
        "length_m": facts.length_m,
        "is_point": facts.geometry_type == "POINT",
        "position": f"{facts.latitude:.6f}, {facts.longitude:.6f}",
        "geometry_title": geometry_titles().get(facts.geometry_type, facts.geometry_type),
    }


def geometry_titles() -> dict[str, str]:
    return {
        "POINT": _("point"), "MULTIPOINT": _("several points"), "LINESTRING": _("line"),
        "MULTILINESTRING": _("several lines"), "POLYGON": _("area"), "MULTIPOLYGON": _("several areas"),
    }  # fmt: skip


def _outline(facts: FeatureFacts) -> dict[str, Any] | None:
    """The picture of the shape; None for a point, which has none. SVG's y axis points down."""
    if not facts.svg_path:
        return None
    width, height = facts.svg_size_m
    pad = max(width, height, 1.0) * 0.06
    view_box = f"{-pad:.2f} {-pad:.2f} {width + 2 * pad:.2f} {height + 2 * pad:.2f}"
    return {"path": facts.svg_path, "view_box": view_box, "is_line": facts.dimension == 1}


def _place(facts: FeatureFacts) -> str:
    west, south, east, north = facts.box
    zoom = min(18, zoom_for(east - west, north - south))
    return f"{zoom}/{(south + north) / 2:.6f}/{(west + east) / 2:.6f}"


def _history(request: HttpRequest, layer: Layer, source: ReadSource, feature: int) -> dict[str, Any]:
    """The feature's past, newest first. For members alone: it may hold what was closed since."""
    if not role_in(request, layer.community):
        return {"history": None}
    states = feature_history(request.user, layer, feature)
    shown = states[:MAX_VERSIONS]
    events = [
        _event(layer, source.fields, state, states[number + 1] if number + 1 < len(states) else None)
        for number, state in enumerate(shown)
    ]
    return {"history": events, "history_cut": len(states) > MAX_VERSIONS}


def _event(
    layer: Layer, fields: tuple[Field, ...], state: dict[str, Any], earlier: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "title": _("Version %s") % state["version"],
        "is_current": state["ended_revision"] is None,
        "at": dateparse.parse_datetime(state["at"]) if state["at"] else None,
        "author": state["author"],
        "comment": state["comment"],
        "changeset_id": state["changeset"],
        "url": reverse("changeset", args=[layer.community.slug, state["changeset"]]),
        "differences": _changed(fields, state, earlier),
    }


def _changed(
    fields: tuple[Field, ...], state: dict[str, Any], earlier: dict[str, Any] | None
) -> list[dict[str, str]]:
    if earlier is None:
        return []
    changed = differences(fields, earlier["properties"], state["properties"])
    if earlier["geometry"] != state["geometry"]:
        changed.append({"label": _("Geometry"), "text": _("changed")})
    return changed
