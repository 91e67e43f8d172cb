"""A short path for tiles: no language in their headers, no messages, no CSRF, no frame options.

Stands right after SecurityMiddleware. A public tile then varies by nothing but its encoding, so that one
copy in a shared cache serves everybody; the whole chain would add `Vary: Accept-Language, Cookie`.
"""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from gis_core.api.problem import problem_response
from gis_core.errors import NotFound

PREFIX = "/tiles/"
_TILE = re.compile(r"/tiles/([^/]+)/([^/]+)/([^/]+)/([^/]+)\.mvt")
_OGC_TILE = re.compile(r"/api(/collections/[^/]+/tiles/[^/]+/[^/]+/[^/]+/[^/]+)")
"""Tiles by their address of OGC API - Tiles: the same tiles."""


class TilePath:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.tile = import_module("layers.tiles.views").tile

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(PREFIX):
            path, urlconf = request.path_info.removeprefix("/tiles"), "layers.tiles.urls"
        elif found := _OGC_TILE.fullmatch(request.path_info):
            path, urlconf = found[1], "layers.api.urls"
        else:
            return self.get_response(request)
        request.user = user_of(request)
        with translation.override(_language_of(request)):
            # Nearly all requests; going through the list of addresses costs as much as the answer.
            tile = _TILE.fullmatch(request.path_info)
            if tile is not None:
                answer: HttpResponseBase = self.tile(request, *tile.groups())
                return answer
            try:
                match = resolve(path, urlconf=urlconf)
            except Resolver404:
                return problem_response(NotFound())
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response


def _language_of(request: HttpRequest) -> str:
    """The language of what may have to be said, by the reader's choice or their browser's."""
    said = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME), request.META.get("HTTP_ACCEPT_LANGUAGE")
    if said not in _languages:
        if len(_languages) >= 1000:
            _languages.clear()
        _languages[said] = translation.get_language_from_request(request)
    return _languages[said]


_languages: dict[tuple[str | None, str | None], str] = {}


def user_of(request: HttpRequest) -> AnonymousUser:
    """The session's user, read only when asked for and only if there is a session cookie at all."""
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not session_key:
        return AnonymousUser()
    return SimpleLazyObject(lambda: _signed_in(request, session_key))  # type: ignore[return-value]


def _signed_in(request: HttpRequest, session_key: str) -> Any:
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request)
