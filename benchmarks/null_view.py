"""The least that Django does for a request: a view that answers with 43 kB, behind the middleware of tiles.

granian --interface wsgi benchmarks.null_view:application
"""

import os
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

BODY = os.urandom(43_000)


def null(request: HttpRequest, **_numbers: Any) -> HttpResponse:
    return HttpResponse(BODY, content_type="application/vnd.mapbox-vector-tile")


urlpatterns = [path("tiles/<str:layer>/<str:z>/<str:x>/<str:y>.mvt", null)]

settings.configure(
    SECRET_KEY="only-for-measuring",  # noqa: S106
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware"],
)
application = get_wsgi_application()
