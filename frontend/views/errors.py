"""Error pages: what happened and where to go from here, in the reader's language.

Named as handlers in gis_core.urls; addresses of programs get the problem of gis_core.api instead.
"""

import logging

from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from frontend.context import other_language
from gis_core.api import problem
from gis_core.errors import HromadaError, NotAllowed

logger = logging.getLogger(__name__)

TEMPLATES = frozenset({400, 403, 404, 500})


def error_page(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    """The page of an error. Asks the database at most who reads, and that only where nothing broke: the page
    must work when the database is what failed."""
    title, usual = _words(status)
    context = {
        "status": status,
        "title": title,
        "sentence": sentence or usual,
        "other_language": other_language(),
        "here": "/" if status >= 500 else request.get_full_path(),
        "may_sign_in": status in (403, 404) and not _is_signed_in(request),
    }
    try:
        body = render_to_string(f"{status if status in TEMPLATES else 400}.html", context, request)
    except Exception:
        logger.exception("the error page itself failed")
        return HttpResponse(f"{title}. {context['sentence']}", "text/plain; charset=utf-8", status)
    response = HttpResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = "5"
    return response


def _is_signed_in(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    try:
        return user is not None and user.is_authenticated
    except DatabaseError:
        return False


def _words(status: int) -> tuple[str, str]:
    """The heading of a status, and the sentence for when there is nothing more exact to say."""
    return {
        403: (
            _("This is not open to you"),
            _("You have no right to do this here. Ask the administrator of the community for it."),
        ),
        404: (
            _("There is no such page"),
            _("There is nothing at this address, or it is not open to you. Check it, or start from the map."),
        ),
        500: (
            _("Something broke on our side"),
            _(
                "The server met a fault it did not expect. What you sent was not saved. "
                "Try again in a minute."
            ),
        ),
        503: (_("The server is busy"), _("Try again in a few seconds.")),
    }.get(status, (_("The request cannot be carried out"), _("The server did not understand the request.")))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if problem.is_for_programs(request):
        return problem.problem_response(HromadaError())
    sentence = str(exception) if isinstance(exception, BadRequest) else ""
    return error_page(request, 400, sentence)


def permission_denied(request: HttpRequest, exception: PermissionDenied) -> HttpResponseBase:
    if problem.is_for_programs(request):
        return problem.problem_response(NotAllowed())
    return error_page(request, 403)


def page_not_found(request: HttpRequest, exception: Http404) -> HttpResponseBase:
    return problem.not_found(request) if problem.is_for_programs(request) else error_page(request, 404)


def server_error(request: HttpRequest) -> HttpResponseBase:
    return problem.server_error(request) if problem.is_for_programs(request) else error_page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was sent from elsewhere, or cookies are off."""
    return error_page(
        request,
        403,
        _("The form could not be checked. Allow cookies for this site, reload the page and send it again."),
    )
