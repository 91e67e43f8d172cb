"""Importing a file (soon)."""

from django.http import HttpRequest, HttpResponse

from frontend.views.page import community_named, page


def import_page(request: HttpRequest, community: str) -> HttpResponse:
    return page(request, "frontend/import.html", {}, community=community_named(community), section="import")
