"""Language and failures of the pages that people read."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from frontend.views.errors import error_page
from gis_core.api.problem import as_problem, is_for_programs

Answer = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """Ukrainian, unless the reader chose otherwise. Stands where Django's LocaleMiddleware would,
    after AuthenticationMiddleware.

    The choice is the cookie of the switch in the header, else the signed-in person's own language.
    A browser's Accept-Language is not a choice: the state language comes first (law 2704-VIII). Only
    for programs, which have no switch, Accept-Language decides.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = self._chosen(request) or settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not request.path.startswith("/tiles/"):
            patch_vary_headers(response, self._varies(request))
        return response

    def _chosen(self, request: HttpRequest) -> str | None:
        known = dict(settings.LANGUAGES)
        cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if cookie in known:
            return cookie
        if request.path.startswith("/tiles/"):
            return None  # tiles hold no words; do not load the session for them
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            return user.language if user.language in known else None
        if request.path.startswith("/api/"):
            return translation.get_language_from_request(request)
        return None

    def _varies(self, request: HttpRequest) -> list[str]:
        return ["Cookie", "Accept-Language"] if request.path.startswith("/api/") else ["Cookie"]


class PageErrorsMiddleware:
    """A named failure raised by a page becomes a page: its status, its sentence, a way on."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if is_for_programs(request) or isinstance(exception, Http404 | PermissionDenied):
            return None  # told as a problem, or by the handlers of gis_core.urls
        found = as_problem(exception)
        return None if found is None else error_page(request, found.status, str(found))
