"""The style of a layer as a form: works without scripts; with them, the map shows each change at once."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from frontend.map_config import language
from frontend.naming import field_title
from frontend.styling import actions, rows
from frontend.styling.conditions import number_of
from frontend.styling.sheet import Json, base_of, read_sheet, wanted_renderer
from frontend.views.importing import small_map
from frontend.views.page import page, signed_in
from gis_core.errors import BadParameter, NotFound
from gis_core.roles import Action
from layers.access import ReadSource, access_layer, read_source
from layers.api.styles import warnings_of
from layers.classifying import MOST_CLASSES
from layers.models import Layer
from layers.styles import InvalidRecipe, default_recipe, maplibre_layers, read_recipe
from layers.styles.classifiers import presets_for
from layers.styles.of_layer import latitude_of
from layers.styles.palettes import FOR_KINDS, FOR_NUMBERS, PALETTES
from layers.styles.presets import geometry_of
from layers.styles.recipe import Recipe
from layers.styling import StyleMovedOn, check_style, restyle_layer, seen_recipe, style_tag
from layers.tiles.mvt import last_tile_zoom
from layers.tiles.render import render
from layers.tiles.views import MVT, tile_address

KEPT_DRAFTS = 3
_DRAFTS = "style_drafts"


def _managed(request: HttpRequest, community: str, layer: str) -> Layer:
    """Raises LayerNotFound for an absent and for a hidden layer alike, NotAllowed."""
    return access_layer(request.user, f"{community}.{layer}", Action.MANAGE)


@require_http_methods(["GET", "HEAD", "POST"])
def editor(request: HttpRequest, community: str, layer: str) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = _managed(request, community, layer)
    source = read_source(request.user, found)
    if request.method != "POST":
        return _Page(request, found, source, seen_recipe(found, source.fields)).response()
    post: dict[str, str] = {key: str(value) for key, value in request.POST.items()}
    recipe, failure = _asked(post, found, source)
    if post.get("do") == "preview":
        return _Page(request, found, source, recipe, failure=failure).preview()
    if post.get("do") != "save" or failure:
        status = 422 if failure else 200
        return _Page(request, found, source, recipe, failure=failure, was=post.get("was")).response(status)
    return _save(request, found, source, recipe, post.get("was", ""))


def _save(request: HttpRequest, layer: Layer, source: ReadSource, recipe: Json, was: str) -> HttpResponse:
    try:
        restyle_layer(layer=layer, actor=signed_in(request), style=recipe, was=was)
    except InvalidRecipe:
        return _Page(request, layer, source, recipe, was=was).response(422)
    except StyleMovedOn as error:
        return _Page(request, layer, source, recipe, failure=str(error), was=was).response(409)
    messages.success(request, _("The style was saved. The map shows it from now on."))
    return redirect("layer-style", layer.community.slug, layer.slug)


def _asked(post: dict[str, str], layer: Layer, source: ReadSource) -> tuple[Json, str]:
    """The recipe after what the form and the pressed button ask for, and why that could not be done."""
    base = base_of(post, geometry_type=layer.geometry_type, seed=layer.full_name)
    fields = {item.key: item for item in source.fields}
    recipe, do = read_sheet(post, base, fields), post.get("do", "")
    kind, field = wanted_renderer(post, base)
    changed = (kind, field) != (base["renderer"].get("type"), str(base["renderer"].get("field") or ""))
    if kind in ("single", "rules"):
        changed = kind != base["renderer"].get("type")
    try:
        if do == "classify" or (changed and do in ("", "save", "show")):
            count = number_of(post.get("count", "")) or 5
            recipe = actions.drawn_as(
                recipe, kind, field, source, method=post.get("method", "quantile"), count=int(count),
                palette=post.get("palette", "") if kind == base["renderer"].get("type") else "",
            )  # fmt: skip
            return recipe, _("Classes were made anew: look at them, then save.") if do == "save" else ""
    except BadParameter as error:
        return recipe, str(error.params.get("reason", error))
    if do == "preset":
        return actions.with_preset(recipe, post.get("preset", ""), layer.geometry_type), ""
    if do == "recolour":
        return actions.recoloured(recipe, post.get("palette", "")), ""
    if do == "reset":
        return default_recipe(layer.geometry_type, seed=layer.full_name), ""
    return actions.act(recipe, do), ""


class _Page:
    """The editor with a recipe in it, which may be wrong."""

    def __init__(
        self, request: HttpRequest, layer: Layer, source: ReadSource, recipe: Json,
        *, failure: str = "", was: str | None = None,
    ) -> None:  # fmt: skip
        self.request, self.layer, self.source = request, layer, source
        self.recipe, self.failure = recipe, failure
        self.was = style_tag(layer) if was is None else was
        self.known: Recipe | None = None
        self.problems: list[Json] = []
        try:
            check_style(layer, recipe)
            self.known = read_recipe(recipe)
        except InvalidRecipe as error:
            self.problems = rows.places_of(error.params["problems"])

    def response(self, status: int = 200) -> HttpResponse:
        community = self.layer.community
        links = [
            {"title": _("Layers"), "url": reverse("layer-list", args=[community.slug])},
            {
                "title": self.layer.local_title,
                "url": reverse("layer", args=[community.slug, self.layer.slug]),
            },
        ]
        context = {
            **self._form(), **self._seen(), "layer": self.layer, "crumbs": links, "failure": self.failure,
            "map_config": self._map_config(),
        }  # fmt: skip
        return page(
            self.request, "frontend/layer_style.html", context, community=community, section="layers", status=status
        )  # fmt: skip

    def preview(self) -> JsonResponse:
        """What the map and the legend show of the form as it is: without saving it."""
        seen = self._seen() | {"layer": self.layer, "problems": self.problems, "failure": self.failure}
        answer = {
            "html": render_to_string("frontend/parts/style_seen.html", seen, request=self.request),
            "source": self._tile_source() if self.known else None,
        }
        response = JsonResponse(answer)
        response["Cache-Control"] = "private, no-store"
        return response

    def _seen(self) -> Json:
        """Legend and warnings; empty where the recipe is wrong."""
        if self.known is None:
            return {"legend": [], "warnings": [], "problems": self.problems}
        return {
            "legend": rows.legend_rows(self.known, language(), self.layer.local_title),
            "warnings": _warnings(self.known), "problems": self.problems,
        }  # fmt: skip

    def _form(self) -> Json:
        fields = {item.key: item for item in self.source.fields}
        renderer = self.recipe["renderer"]
        return {
            "draft": json.dumps(self.recipe, ensure_ascii=False), "was": self.was,
            "kind": renderer.get("type"), "kinds": _kinds(), "field": renderer.get("field") or "",
            "geometry": self.recipe.get("geometry"), "method": renderer.get("method") or "quantile",
            "methods": [(key, str(title)) for key, title in actions.METHODS],
            "count": (len(renderer.get("classes") or []) if renderer.get("type") == "graduated" else 0) or 5,
            "palette": FOR_NUMBERS if renderer.get("type") == "graduated" else FOR_KINDS, "most_classes": MOST_CLASSES,
            "rows": rows.rows_of(self.recipe, self.known, fields, language()),
            "other": rows.other_row(self.recipe), "single": {"name": "s", **rows.symbol_row(renderer, self.recipe)},
            "fields": _field_choices(self.source, "categorized"),
            "numbers": _field_choices(self.source, "graduated"),
            "relations": rows.relations(), "patterns": rows.pattern_choices(),
            "palettes": [(item.key, str(item.title)) for item in PALETTES.values()],
            "presets": _presets(self.layer, fields), "common": self._common(),
        }  # fmt: skip

    def _common(self) -> Json:
        label, scale, size = (self.recipe.get(key) or {} for key in ("label", "scale", "sizeBy"))
        whole = rows.symbol_row({}, {**self.recipe, "renderer": {"type": "single"}})
        opacity = self.recipe.get("opacity", 1)
        values, radii = size.get("values") or [None, None], size.get("radii") or [3, 12]
        return {
            "opacity": round(opacity * 100) if isinstance(opacity, int | float) else 100, "width": whole["width"],
            "radius": whole["radius"], "label_field": label.get("field", ""), "label_size": label.get("size", 11),
            "label_scale": label.get("minScale", 5000), "scale_min": scale.get("min") or "",
            "scale_max": scale.get("max") or "", "size_field": size.get("field", ""), "size_low": values[0],
            "size_high": values[-1], "size_small": radii[0], "size_large": radii[-1],
        }  # fmt: skip

    def _map_config(self) -> Json:
        config = small_map(self.request, self.layer.community)
        beneath = [item for item in config["layers"] if item["base"] and item["name"] != self.layer.full_name]
        extent = self.layer.extent
        return {
            **config,
            "layers": beneath,
            "bounds": extent or config["bounds"],
            "source": self._tile_source(),
        }

    def _tile_source(self) -> Json | None:
        """The layer as the map draws it by this recipe, which is kept for the tiles that the map then asks for."""
        if self.known is None:
            return None
        drafts: dict[str, Any] = self.request.session.get(_DRAFTS, {})
        drafts.pop(str(self.layer.pk), None)
        kept = dict(list(drafts.items())[-(KEPT_DRAFTS - 1) :])
        self.request.session[_DRAFTS] = {**kept, str(self.layer.pk): self.recipe}
        name, slug = self.layer.full_name, self.layer.community.slug
        path = reverse("layer-style", args=[slug, self.layer.slug])
        return {
            "name": name, "tiles": f"{path}tiles/{{z}}/{{x}}/{{y}}.mvt", "version": _hash(self.recipe),
            "minzoom": self.layer.min_zoom, "maxzoom": last_tile_zoom(self.layer), "bounds": self.layer.extent,
            "base": False, "visible": True, "opacity": 1,
            "style": maplibre_layers(self.known, name, latitude=latitude_of(self.layer)),
        }  # fmt: skip


def _hash(recipe: Json) -> str:
    return style_tag(Layer(style=recipe))


def _kinds() -> list[tuple[str, str, str]]:
    return [
        ("single", _("All alike"), _("one colour for the whole layer")),
        ("categorized", _("By value"), _("a colour for each value of a field")),
        ("graduated", _("By number"), _("a scale of colours for ranges of a number")),
        ("rules", _("By rules"), _("conditions in their order; the first that holds draws")),
    ]


def _field_choices(source: ReadSource, kind: str) -> list[tuple[str, str]]:
    return [(item.key, field_title(item)) for item in actions.fields_for(kind, source.fields)]


def _presets(layer: Layer, fields: Any) -> list[tuple[str, str]]:
    lang = language()
    found = []
    for preset, field in presets_for(geometry_of(layer.geometry_type), fields):
        title = preset.title.get(lang) or preset.title["uk"]
        name = (
            f"{title} ({field_title(fields[field])})" if field else _("%s: as in the standard layer") % title
        )
        found.append((f"{preset.key}:{field}", name))
    return found


def _warnings(known: Recipe) -> list[str]:
    """What is hard to see, in sentences; of many pairs the first five."""
    told, pairs = [], 0
    visions = {
        "normal": _("for everyone"), "protan": _("for people who do not see red"),
        "deutan": _("for people who do not see green"), "tritan": _("for people who do not see blue"),
    }  # fmt: skip
    for item in warnings_of(known, language()):
        titles = [title or _("the whole layer") for title in item["titles"]]
        if item["kind"] == "contrast":
            told.append(
                _("“%(title)s” hardly stands out from the map: contrast %(contrast)s to 1, at least 3 to 1 is needed. "
                  "Give it a darker outline or colour.")
                % {"title": titles[0], "contrast": number_format(item["contrast"], 1)}
            )  # fmt: skip
            continue
        pairs += 1
        if pairs <= 5:
            told.append(
                _("“%(one)s” and “%(other)s” look the same %(whom)s.")
                % {"one": titles[0], "other": titles[1], "whom": visions[item["vision"]]}
            )
    if pairs > 5:
        text = ngettext(
            "%(count)s more pair looks the same.", "%(count)s more pairs look the same.", pairs - 5
        )
        told.append(text % {"count": pairs - 5})
    return told


@require_safe
def preview_tile(request: HttpRequest, community: str, layer: str, z: str, x: str, y: str) -> HttpResponse:
    """A tile of the layer as the form that its manager is filling in would have it drawn; never kept."""
    found = _managed(request, community, layer)
    address = tile_address(z, x, y)
    draft = request.session.get(_DRAFTS, {}).get(str(found.pk))
    if draft is None:
        raise NotFound()
    check_style(found, draft)
    found.style = draft
    body = render(read_source(request.user, found), address).body
    response = HttpResponse(body, content_type=MVT) if body else HttpResponse(status=204)
    response["Cache-Control"] = "private, no-store"
    return response
