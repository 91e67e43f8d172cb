"""How programs sign in: `Authorization: Bearer <token>`."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from gis_core.people import ApiToken, User, token_digest


class TokenAuthentication(BaseAuthentication):
    """A bearer token made by `create_api_token`. A wrong or expired one is 401, never anonymous."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        found = ApiToken.objects.select_related("user").filter(digest=token_digest(token.strip())).first()
        if (
            found is None
            or not found.user.is_active
            or (found.expires_at and found.expires_at < timezone.now())
        ):
            raise AuthenticationFailed("The token is unknown or has expired.")
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
