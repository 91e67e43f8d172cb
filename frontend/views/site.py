"""Pages about the site itself."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from frontend.views.page import page

ROBOTS = """User-agent: *
Disallow: /accounts/
Disallow: /api/
Disallow: /tiles/
Disallow: /*/import/
Disallow: /*/jobs/
Disallow: /*/changesets/
Disallow: /*?*after=
"""


@require_safe
@cache_control(max_age=3600, public=True)
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, "text/plain; charset=utf-8")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return page(request, "frontend/accessibility.html", {})
