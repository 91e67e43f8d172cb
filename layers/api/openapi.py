"""The OpenAPI 3.1 document, made from the views by drf-spectacular, and the page people read it on."""

import functools
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from gis_core import limits
from gis_core.api.http import has_copy, not_modified, packed, weak_etag
from gis_core.api.problem import TITLES, problems
from gis_core.errors import HromadaError
from layers.api.collections import OPENAPI
from layers.api.documented import COMPONENTS, ref
from layers.api.tiles_documented import tile_paths

_PROBLEM = {
    "description": gettext_lazy("What went wrong, as a problem of RFC 9457"),
    "content": {"application/problem+json": {"schema": ref("Problem")}},
}


class BearerToken(OpenApiAuthenticationExtension):
    """How the document names the key of a program."""

    target_class = "gis_core.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class Generator(SchemaGenerator):
    """Adds what DRF does not know: shared shapes, the answer to every failure, and the tiles."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        document: dict[str, Any] = super().get_schema(request, public)
        shapes = document.setdefault("components", {}).setdefault("schemas", {})
        shapes |= {name: shape for name, shape in COMPONENTS.items() if name not in shapes}
        document["paths"] |= tile_paths()
        for path in document["paths"].values():
            for method, operation in path.items():
                if method != "parameters":
                    operation["responses"].setdefault("default", _PROBLEM)
                    _say_largest_page(operation)
        document["servers"] = [{"url": "/"}]
        return document


def _say_largest_page(operation: dict[str, Any]) -> None:
    """Puts the limit in force where clients look for it (GDAL asks for pages of this size)."""
    if "Reading" in operation.get("tags", []):
        for parameter in operation.get("parameters", []):
            if parameter["name"] == "limit":
                parameter["schema"]["maximum"] = limits.value("max_page")


@functools.cache
def document_json(language: str) -> bytes:
    """The document in the language in force, which the caller names for the cache's sake."""
    document = Generator().get_schema(request=None, public=True)
    return json.dumps(document, default=str, ensure_ascii=False).encode()


@problems("GET", "HEAD")
def openapi_document(request: HttpRequest) -> HttpResponse:
    body = document_json(get_language() or "uk")
    etag = weak_etag(body)
    response = not_modified(etag) if has_copy(request, etag) else packed(request, body, OPENAPI)
    response["ETag"] = etag
    response["Cache-Control"] = "public, no-cache"
    patch_vary_headers(response, ["Accept-Language"])
    return response


@problems("GET", "HEAD")
def docs(request: HttpRequest) -> HttpResponse:
    """The document as a page: plain HTML, one section an operation, the errors and limits as tables."""
    document = json.loads(document_json(get_language() or "uk"))
    context = {
        "title": document["info"]["title"],
        "version": document["info"]["version"],
        "operations": [
            _shown(path, method, operation)
            for path, methods in sorted(document["paths"].items())
            for method, operation in methods.items()
            if method != "parameters"
        ],
        "errors": sorted(_named_errors(), key=lambda error: (error["status"], error["code"])),
        "limits": limits.in_force(),
    }
    return render(request, "layers/api_docs.html", context)


def _shown(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {**parameter, "kind": _kind(parameter.get("schema", {}))}
        for parameter in operation.get("parameters", [])
    ]
    answers = [
        {
            "status": status,
            "types": ", ".join(answer.get("content", {})),
            "text": answer.get("description", ""),
        }
        for status, answer in operation["responses"].items()
    ]
    summary, description = operation.get("summary", ""), operation.get("description", "")
    accepted = ", ".join(operation.get("requestBody", {}).get("content", {}))
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": summary,
        "description": description if description != summary else "",
        "accepted": accepted,
        "parameters": parameters,
        "answers": answers,
    }


def _kind(schema: dict[str, Any]) -> str:
    """A parameter's type in few words: “integer, 1–1000, default 100”."""
    words = [str(schema.get("format") or schema.get("type") or "")]
    if "enum" in schema:
        words = [" | ".join(map(str, schema["enum"]))]
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']}–{schema['maximum']}")
    if "default" in schema:
        words.append(_("default %s") % schema["default"])
    return ", ".join(word for word in words if word)


def _named_errors() -> list[dict[str, Any]]:
    """Every named failure of the system with its code, status and sentence."""
    found: dict[str, dict[str, Any]] = {}
    waiting: list[type[HromadaError]] = list(HromadaError.__subclasses__())
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        title = str(TITLES.get(error.status, ""))
        found[error.code] = {
            "code": error.code, "status": error.status, "title": title, "text": str(error.message),
        }  # fmt: skip
    return list(found.values())
