"""The catalogue of a community and the page of one layer, with its table."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from frontend.context import role_in
from frontend.importing.sources import SourceForm, source_context
from frontend.map_config import HIDDEN_AT_FIRST, language, reader_recipe
from frontend.naming import cells, feature_name, field_title, naming_field
from frontend.reading import Cursor, Row, clearances, may_edit_in, table_page, with_key
from frontend.views.page import community_named, page, plain_text, whole_number
from frontend.views.rasters import raster_items
from gis_core.errors import BadParameter
from gis_core.roles import Action, roles_that_may
from layers.access import ReadSource, access_layer, read_source, visible_fields, visible_layers
from layers.models import Changeset, Layer
from layers.models.catalogue import AccessLevel, Theme, localised
from layers.rasters import visible_rasters
from layers.schema import Field
from layers.styles import legend

PAGE_SIZE = 30
MAX_COLUMNS = 7
UNSEEN = ("crs_wkt", "statistics", "footprint")
"""Of a raster, large and not shown in a list."""
WHOLE_KEY = 10
"""A query this long that is some feature's key means that feature; a shorter one may be part of many."""


@require_safe
def layer_list(request: HttpRequest, community: str) -> HttpResponse:
    owner = community_named(community)
    listed = list(visible_layers(request.user).filter(community=owner))
    levels = clearances(request.user, listed)
    base = [layer for layer in listed if layer.is_base]
    items = [_item(layer, base, levels[layer.pk]) for layer in listed]
    rasters = raster_items(list(visible_rasters(request.user).filter(community=owner).defer(*UNSEEN)))
    context = {"groups": layer_groups(items), "total": len(items), "rasters": rasters}
    return page(request, "frontend/layer_list.html", context, community=owner, section="layers")


def _item(layer: Layer, base: Sequence[Layer], level: str) -> dict[str, Any]:
    rows = legend(reader_recipe(layer, visible_fields(layer, level)), language())
    return {
        "title": layer.local_title,
        "description": layer.local_description,
        "theme": layer.theme,
        "themeTitle": str(layer.get_theme_display()),
        "count": layer.feature_count,
        "kind": str(layer.get_geometry_type_display()),
        "legend": rows,
        "layerUrl": reverse("layer", args=[layer.community.slug, layer.slug]),
        "mapUrl": map_url(layer, base),
        "access": layer.access_level,
        "accessTitle": str(layer.get_access_level_display()),
        "changed_at": layer.updated_at if layer.revision else None,
    }


def layer_groups(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Layers by theme, in the order of the themes but the base map last: people come for the rest."""
    order = [theme for theme in Theme.values if theme != Theme.BASE] + [Theme.BASE]
    groups = ((theme, [item for item in items if item["theme"] == theme]) for theme in order)
    return [
        {"key": theme, "title": found[0]["themeTitle"], "layers": found} for theme, found in groups if found
    ]


def map_url(layer: Layer, base: Sequence[Layer], *, at: str = "", feature: int | None = None) -> str:
    """The map opened at a layer or at one of its features: the hash that src/state/hash.ts reads.

    A layer that is hidden at first is shown alone on the `base` layers.
    """
    place = at or (_middle(layer.extent) if layer.extent else "")
    parts = [f"map={place}"] if place else []
    if layer.theme in HIDDEN_AT_FIRST:
        parts.append("l=" + ",".join(item.full_name for item in (layer, *base)))
    if feature is not None:
        parts.append(f"f={layer.full_name}/{feature}")
    address = reverse("community-map", args=[layer.community.slug])
    return f"{address}#{'&'.join(parts)}" if parts else address


def base_layers(request: HttpRequest, layer: Layer) -> list[Layer]:
    """The base map's layers, asked for only where a link to `layer` names them."""
    if layer.theme not in HIDDEN_AT_FIRST:
        return []
    return list(visible_layers(request.user).filter(community=layer.community_id, theme=Theme.BASE))


def _middle(extent: Sequence[float]) -> str:
    west, south, east, north = extent
    return f"{zoom_for(east - west, north - south)}/{(south + north) / 2:.5f}/{(west + east) / 2:.5f}"


def zoom_for(width_deg: float, height_deg: float) -> int:
    """A zoom at which so many degrees fit into some 500 px, 19 at most."""
    span = max(width_deg, height_deg * 1.6, 1e-9)
    zoom = 19
    while zoom > 5 and span * 2**zoom * 256 / 360 > 500:
        zoom -= 1
    return zoom


@require_safe
def layer_page(request: HttpRequest, community: str, layer: str) -> HttpResponse:
    return show_layer(request, access_layer(request.user, f"{community}.{layer}"))


def show_layer(
    request: HttpRequest, found: Layer, *, source_form: SourceForm | None = None, status: int = 200
) -> HttpResponse:
    """The page of a layer that the reader may see; `source_form` is one that was refused, with `status`."""
    community = found.community.slug
    source = read_source(request.user, found)
    member = bool(role := role_in(request, found.community))
    table = _Table(request, found, source)
    context = {
        "layer": found,
        "crumbs": [{"title": _("Layers"), "url": reverse("layer-list", args=[community])}],
        "map_url": map_url(found, base_layers(request, found)) if found.feature_count else "",
        "may_edit": may_edit_in(role),
        "fields": [_field(item) for item in source.fields],
        "last_change": _last_change(found) if member else None,
        "changed_at": found.updated_at,
        "is_open": found.access_level == AccessLevel.PUBLIC,
        **table.context(),
        "here_path": table.path,
    }
    context["may_manage"] = role in roles_that_may(Action.MANAGE)
    if context["may_manage"]:
        context |= source_context(found, source_form)
    return page(
        request, "frontend/layer.html", context, community=found.community, section="layers", status=status
    )


def _last_change(layer: Layer) -> dict[str, Any] | None:
    found = Changeset.objects.filter(layer=layer, revision=layer.revision).only("id", "applied_at").first()
    return {"id": found.pk, "applied_at": found.applied_at} if found else None


class _Table:
    """One page of the layer's table as the address asks for it: `q`, `sort`, `after`, `after_key`."""

    def __init__(self, request: HttpRequest, layer: Layer, source: ReadSource) -> None:
        self.path = reverse("layer", args=[layer.community.slug, layer.slug])
        self.layer = layer
        self.source = source
        self.query = plain_text(request, "q", longest=100)
        self.sort = self._sort(request)
        self.after = self._cursor(request)
        self.naming = naming_field(layer, source.fields)
        others = [item for item in source.fields if item != self.naming]
        self.columns, self.hidden = others[: MAX_COLUMNS - 1], others[MAX_COLUMNS - 1 :]

    def _sort(self, request: HttpRequest) -> str:
        sort = request.GET.get("sort", "")
        if sort not in ("", "key"):
            raise BadParameter(parameter="sort", reason=_("only “key” can be sorted by."))
        return sort if self.source.field(self.layer.key_field) else ""

    def _cursor(self, request: HttpRequest) -> Cursor | None:
        after = whole_number(request, "after")
        key = plain_text(request, "after_key", longest=500) or None
        return None if after is None else Cursor(after, key)

    def context(self) -> dict[str, Any]:
        found = self._rows()
        more, rows = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
        return {
            "query": self.query,
            "sort": self.sort,
            "search_hint": _("%s or another text") % field_title(self.naming) if self.naming else "",
            "columns": self._headers(),
            "rows": [self._row(row) for row in rows],
            "hidden_columns": len(self.hidden),
            "next_url": self._url(after=rows[-1]) if more else "",
            "first_url": self._url() if self.after else "",
        }

    def _rows(self) -> list[Row]:
        """One row more than fits, if there is one. A whole key, such as a cadastral number, is found by its index."""
        if len(self.query) >= WHOLE_KEY and (found := with_key(self.source, self.query)):
            return found
        return table_page(
            self.source, size=PAGE_SIZE + 1, after=self.after, by_key=bool(self.sort), query=self.query
        )

    def _headers(self) -> list[dict[str, Any]]:
        name = field_title(self.naming) if self.naming else _("Feature")
        shown = [(self.naming, name), *((item, field_title(item)) for item in self.columns)]
        return [
            {
                "title": title,
                "is_number": item is not None and item.type in ("integer", "number") and not item.domain,
                **self._sorting(item),
            }
            for item, title in shown
        ]

    def _sorting(self, item: Field | None) -> dict[str, Any]:
        if item is None or item.key != self.layer.key_field:
            return {}
        return {"sorted": self.sort == "key", "sort_url": self._url(sort="" if self.sort else "key")}

    def _row(self, row: Row) -> dict[str, Any]:
        return {
            "url": reverse("feature", args=[self.layer.community.slug, self.layer.slug, row.id]),
            "name": feature_name(self.naming, row.id, row.properties),
            "cells": cells(self.columns, row.properties, short=True),
        }

    def _url(self, *, after: Row | None = None, sort: str | None = None) -> str:
        sort = self.sort if sort is None else sort
        wanted: dict[str, Any] = {"q": self.query, "sort": sort}
        if after:
            wanted |= {"after": after.id, "after_key": after.external_key if sort else ""}
        query = urlencode({key: value for key, value in wanted.items() if value})
        return f"{self.path}?{query}" if query else self.path


def _field(field: Field) -> dict[str, Any]:
    return {
        "title": field_title(field),
        "key": field.key,
        "type_title": type_titles()[field.type],
        "unit": field.unit,
        "rules": _rules(field),
        "values": [
            {"code": entry["value"], "title": localised(entry.get("title") or {}) or str(entry["value"])}
            for entry in field.domain
        ],
    }


def type_titles() -> dict[str, str]:
    return {
        "string": _("text"), "text": _("long text"), "integer": _("whole number"), "number": _("number"),
        "boolean": _("yes or no"), "date": _("date"), "datetime": _("date and time"),
    }  # fmt: skip


def _rules(field: Field) -> list[str]:
    rules = [_("required")] if field.required else []
    if field.min is not None:
        rules.append(_("at least %s") % f"{field.min:g}")
    if field.max is not None:
        rules.append(_("at most %s") % f"{field.max:g}")
    if field.pattern:
        rules.append(_("form: %s") % field.pattern)
    return rules
