"""One shape for every failure over HTTP: `application/problem+json` (RFC 9457) with a stable code.

Machines read `code` and the parameters beside it, people read `detail`. DRF views get it by the setting
EXCEPTION_HANDLER, plain views by the decorator `problems`.
"""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions

from gis_core import sqlstates
from gis_core.errors import HromadaError, NotAllowed, NotFound

MEDIA_TYPE = "application/problem+json"

TITLES: dict[int, Any] = {
    400: _("The request is wrong"),
    401: _("Sign-in is needed"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Method not allowed"),
    406: _("Format not available"),
    409: _("Conflict"),
    413: _("Too large"),
    415: _("Format not accepted"),
    422: _("The content does not fit"),
    428: _("A condition is needed"),
    429: _("Too many requests"),
    500: _("Internal error"),
    503: _("Busy"),
    507: _("No room left"),
}


class Unauthenticated(HromadaError):
    code = "unauthenticated"
    status = 401
    message = _("The token is unknown or has expired, or sign-in is needed. Make a new token or sign in.")


class MethodNotAllowed(HromadaError):
    code = "method-not-allowed"
    status = 405
    message = _("Method %(method)s is not possible here. Possible: %(allowed)s.")


class BadBody(HromadaError):
    code = "bad-body"
    message = _("The body of the request cannot be read. Send valid JSON in UTF-8.")


class InvalidBody(HromadaError):
    """The body is JSON of another form; `params["issues"]` names every wrong part by its place."""

    code = "invalid-body"
    message = _("The body does not have the expected form. %(place)s: %(reason)s")


class ForgeryCheckFailed(HromadaError):
    code = "forgery-check-failed"
    status = 403
    message = _("The page is too old to send from it. Load it again and repeat.")


class UnsupportedMediaType(HromadaError):
    code = "unsupported-media-type"
    status = 415
    message = _("The body has a type that is not accepted here. Send application/json.")


class TooManyRequests(HromadaError):
    code = "too-many-requests"
    status = 429
    message = _("Too many requests. Wait a little and try again.")


class InternalError(HromadaError):
    code = "internal-error"
    status = 500
    message = _("Something went wrong on the server. It has been written down; try again later.")


_OF_REST_FRAMEWORK: tuple[tuple[type[exceptions.APIException], type[HromadaError]], ...] = (
    (exceptions.AuthenticationFailed, Unauthenticated),
    (exceptions.NotAuthenticated, Unauthenticated),
    (exceptions.PermissionDenied, NotAllowed),
    (exceptions.NotFound, NotFound),
    (exceptions.ParseError, BadBody),
    (exceptions.UnsupportedMediaType, UnsupportedMediaType),
    (exceptions.Throttled, TooManyRequests),
)


def problem_document(error: HromadaError) -> dict[str, Any]:
    """The members of a problem: RFC 9457's, `code`, and the error's own parameters beside them."""
    document = {
        "type": f"/api/docs/#{error.code}",
        "title": str(TITLES.get(error.status, TITLES[400])),
        "status": error.status,
        "detail": str(error),
        "code": error.code,
    }
    return {**error.params, **document}


def problem_response(error: HromadaError) -> HttpResponse:
    """The answer for `error`, in the language in force. Never cached: what is wrong now may be right soon."""
    body = json.dumps(problem_document(error), cls=_Encoder, ensure_ascii=False)
    response = HttpResponse(body, status=error.status, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    response["Content-Language"] = get_language() or "uk"
    patch_vary_headers(response, ["Accept-Language"])
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if error.status == 503:
        response["Retry-After"] = "5"
    if isinstance(error, MethodNotAllowed):
        response["Allow"] = error.params["allowed"]
    return response


_LONGEST_REASON = 300


def as_problem(error: Exception) -> HromadaError | None:
    """The named failure behind an exception; None for one that nobody foresaw (a bug)."""
    if isinstance(error, HromadaError):
        return error
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return NotAllowed()
    if isinstance(error, DatabaseError) and (failure := sqlstates.named(error)):
        return failure
    if isinstance(error, exceptions.ValidationError):
        issues = list(_issues(error.detail, ""))
        return InvalidBody(**issues[0], issues=issues)
    if isinstance(error, exceptions.PermissionDenied) and str(error.detail).startswith("CSRF"):
        return ForgeryCheckFailed()
    for theirs, ours in _OF_REST_FRAMEWORK:
        if isinstance(error, theirs):
            return ours()
    return None


def _issues(detail: Any, place: str) -> Iterator[dict[str, str]]:
    """What DRF's serializers found, flat, with places like `changes[2].op`."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _issues(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            is_text = isinstance(inner, str)
            yield from _issues(inner, place if is_text else f"{place}[{number}]")
    else:
        reason = str(detail)  # which may repeat what was sent
        shown = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"
        yield {"place": place[:_LONGEST_REASON] or "body", "reason": shown}


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """For DRF's EXCEPTION_HANDLER; None lets an unforeseen exception through to Django's 500."""
    if isinstance(error, exceptions.MethodNotAllowed):
        allowed = ", ".join(context["view"].allowed_methods)
        return problem_response(MethodNotAllowed(method=context["request"].method, allowed=allowed))
    found = as_problem(error)
    return None if found is None else problem_response(found)


def problems(*methods: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Decorates a plain view: only `methods` are let in, and named failures become problems."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if request.method not in methods:
                    raise MethodNotAllowed(method=request.method, allowed=", ".join(methods))
                return view(request, *args, **kwargs)
            except Exception as error:
                found = as_problem(error)
                if found is None:
                    raise
                return problem_response(found)

        return answer

    return decorate


def is_for_programs(request: HttpRequest) -> bool:
    """Whether the address is one that programs call, so that failures are told as problems."""
    return request.path.startswith(("/api/", "/tiles/"))


def not_found(request: HttpRequest) -> HttpResponseBase:
    """For a handler404: the problem for an address that does not exist."""
    return problem_response(NotFound())


def server_error(request: HttpRequest) -> HttpResponseBase:
    """For a handler500: says nothing about the cause, which is in the log."""
    return problem_response(InternalError())


class _Encoder(DjangoJSONEncoder):
    """Parameters may be lazy texts, sets or anything else a message is made of."""

    def default(self, value: Any) -> Any:
        try:
            return super().default(value)
        except TypeError:
            return str(value)
