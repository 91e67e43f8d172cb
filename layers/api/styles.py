"""The style of a layer over HTTP: read, changed, classes made from its values, and as SLD."""

from typing import Any

from django.http import HttpResponse
from django.utils.http import parse_etags
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.api import params
from gis_core.api.http import may_be_kept
from gis_core.api.views import ApiView
from gis_core.errors import BadParameter, NotAllowed
from gis_core.people import User
from gis_core.roles import Action
from layers.access import access_layer, read_source
from layers.classifying import METHODS, MOST_CLASSES, classify
from layers.models import Layer
from layers.styles import Recipe, fields_needed, legend, maplibre_layers, read_recipe
from layers.styles.legend import class_titles
from layers.styles.of_layer import latitude_of
from layers.styles.sld import sld
from layers.styles.twins import pattern_twin
from layers.styles.vision import alike_classes, faint_classes
from layers.styling import restyle_layer, seen_recipe, style_tag

_BODY = {
    "type": "object",
    "properties": {"style": {"type": "object", "description": "The recipe; {} is the default style"}},
    "required": ["style"],
}


class LayerStyleView(ApiView):
    @extend_schema(
        operation_id="layerStyle", tags=["Styles"], responses={200: dict},
        parameters=[OpenApiParameter("patterns", bool, description="Marks besides colour for every class")],
    )  # fmt: skip
    def get(self, request: Request, layer: str) -> Response:
        """The recipe that the reader sees, what it compiles to (MapLibre layers, legend), the fields it needs, and
        warnings on contrast and colours. A style that rests on closed fields is not told: the default comes."""
        params.check_names(request.GET, ("patterns",))
        twin = params.choice(request.GET.get("patterns", "false"), ("true", "false"), parameter="patterns")
        return _styled(request, access_layer(request.user, layer), with_patterns=twin == "true")

    @extend_schema(
        operation_id="restyleLayer", tags=["Styles"], request={"application/json": _BODY}, responses={200: dict},
        parameters=[OpenApiParameter("If-Match", str, location="header", description="The ETag it was read with")],
    )  # fmt: skip
    def put(self, request: Request, layer: str) -> Response:
        """Change the style: for those who manage the layer. An unknown construct is refused with its place."""
        params.check_names(request.GET, ())
        found = access_layer(request.user, layer, Action.MANAGE)
        if not isinstance(request.user, User):
            raise NotAllowed()
        body = _body(request, ("style",))
        if not isinstance(body.get("style"), dict):
            raise BadParameter(parameter="style", reason=_("a recipe (a JSON object) was expected."))
        tags = parse_etags(request.headers.get("If-Match", "*"))
        was = None if "*" in tags else next((tag.strip('"') for tag in tags), "")
        changed = restyle_layer(layer=found, actor=request.user, style=body["style"], was=was)
        return _styled(request, changed)


class ClassifyView(ApiView):
    @extend_schema(
        operation_id="classifyLayer", tags=["Styles"], responses={200: dict},
        request={"application/json": {
            "type": "object", "required": ["field", "method"],
            "properties": {
                "field": {"type": "string"}, "method": {"enum": list(METHODS)},
                "classes": {"type": "integer", "minimum": 2, "maximum": MOST_CLASSES},
                "breaks": {"type": "array", "items": {"type": "number"}, "description": "For method manual"},
            },
        }},
    )  # fmt: skip
    def post(self, request: Request, layer: str) -> Response:
        """Breaks or values of a field for classes, and how many features fall into each; of a sample of large layers.
        For those who manage the layer."""
        params.check_names(request.GET, ())
        found = access_layer(request.user, layer, Action.MANAGE)
        body = _body(request, ("field", "method", "classes", "breaks"))
        classes, breaks = body.get("classes", 5), body.get("breaks", [])
        if not isinstance(classes, int) or isinstance(classes, bool):
            raise BadParameter(parameter="classes", reason=_("a whole number was expected."))
        if not isinstance(breaks, list) or len(breaks) >= MOST_CLASSES or not all(map(_is_number, breaks)):
            reason = _("at most %s numbers were expected.") % (MOST_CLASSES - 1)
            raise BadParameter(parameter="breaks", reason=reason)
        made = classify(
            read_source(request.user, found), str(body.get("field", "")), str(body.get("method", "")),
            classes=classes, breaks=breaks,
        )  # fmt: skip
        return may_be_kept(Response(made.as_json()), public=False)  # type: ignore[return-value]


class LayerSldView(ApiView):
    @extend_schema(
        operation_id="layerSld", tags=["Styles"], responses={(200, "application/vnd.ogc.sld+xml"): str}
    )
    def get(self, request: Request, layer: str) -> HttpResponse:
        """The style as SLD 1.1, with titles in the language of the request."""
        params.check_names(request.GET, ())
        found = access_layer(request.user, layer)
        recipe = seen_recipe(found, read_source(request.user, found).fields)
        document = sld(recipe, found.full_name, title=found.local_title, lang=_language())
        response = HttpResponse(document, content_type="application/vnd.ogc.sld+xml; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{found.full_name}.sld"'
        return may_be_kept(response, public=False)


def warnings_of(recipe: Recipe, lang: str) -> list[dict[str, Any]]:
    """What is hard to see in a style: classes without contrast (WCAG 1.4.11), and pairs that look alike."""
    titles = class_titles(recipe, lang)
    faint = [
        {
            "kind": "contrast",
            "classes": [item.place],
            "titles": [titles[item.place]],
            "contrast": item.contrast,
        }
        for item in faint_classes(recipe)
    ]
    alike = [
        {"kind": "alike", "classes": [item.first, item.second], "vision": item.vision, "distance": item.distance,
         "titles": [titles[item.first], titles[item.second]]}
        for item in alike_classes(recipe)
    ]  # fmt: skip
    return faint + alike


def _styled(request: Request, layer: Layer, *, with_patterns: bool = False) -> Response:
    recipe = seen_recipe(layer, read_source(request.user, layer).fields)
    if with_patterns:
        recipe = pattern_twin(recipe)
    known = read_recipe(recipe)
    answer = {
        "style": recipe,
        "layers": maplibre_layers(known, layer.full_name, latitude=latitude_of(layer)),
        "legend": legend(known, _language()),
        "fields": sorted(fields_needed(known)),
        "warnings": warnings_of(known, _language()),
    }
    response = Response(answer)
    if recipe == layer.style or not layer.style:
        response["ETag"] = f'"{style_tag(layer)}"'
    may_be_kept(response, public=False)
    return response


def _body(request: Request, known: tuple[str, ...]) -> dict[str, Any]:
    body = request.data
    if not isinstance(body, dict):
        raise BadParameter(parameter="body", reason=_("a JSON object was expected."))
    for name in sorted(set(body) - set(known)):
        reason = _("it is not known here. Known: %s.") % ", ".join(known)
        raise BadParameter(parameter=str(name)[:100], reason=reason)
    return dict(body)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e15


def _language() -> str:
    return (get_language() or "uk")[:2]
