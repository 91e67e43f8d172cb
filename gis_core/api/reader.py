"""Who asks, in a plain Django view."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from gis_core.api.authentication import TokenAuthentication
from gis_core.people import User


def reader_of(request: HttpRequest) -> User | AnonymousUser:
    """The user of the bearer token, else of the session, else nobody.

    Raises rest_framework's AuthenticationFailed for a wrong token.
    """
    if "Authorization" in request.headers:
        found = TokenAuthentication().authenticate(request)  # type: ignore[arg-type]
        if found is not None:
            return found[0]
    return request.user
