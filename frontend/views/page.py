"""What views share: the community of an address, who may enter, and how a page is rendered."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from frontend.context import role_in, shell
from gis_core.communities import Community
from gis_core.errors import BadParameter, NotAllowed
from gis_core.people import User
from gis_core.roles import roles_that_may


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    community: Community | None = None,
    section: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page in its frame. What it shows depends on who reads, so no proxy may keep it."""
    response = render(request, template, shell(request, community, section) | context, status=status)
    patch_cache_control(response, private=True, no_cache=True)
    return response


def community_named(slug: str) -> Community:
    """Raises CommunityNotFound."""
    return Community.objects.named(slug)


def turned_away(request: HttpRequest, community: Community, action: str) -> HttpResponseRedirect | None:
    """The way to the sign-in page for a stranger; None for whoever may do `action` in the community.

    Raises NotAllowed for a signed-in reader without the right.
    """
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if role_in(request, community) not in roles_that_may(action):
        raise NotAllowed()
    return None


def signed_in(request: HttpRequest) -> User:
    """The person behind the request. Raises NotAllowed for an anonymous one."""
    if not isinstance(request.user, User):
        raise NotAllowed()
    return request.user


def whole_number(request: HttpRequest, name: str) -> int | None:
    """A query parameter as a non-negative bigint; None where it is absent. Raises BadParameter."""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadParameter(parameter=name, reason=_("a whole number was expected."))
    return int(text)


def plain_text(request: HttpRequest, name: str, *, longest: int) -> str:
    """A query parameter as one line of text. Raises BadParameter where it is too long or holds NUL."""
    text = " ".join(request.GET.get(name, "").split())
    if len(text) > longest:
        raise BadParameter(parameter=name, reason=_("at most %s characters are allowed.") % longest)
    if "\x00" in text:
        raise BadParameter(parameter=name, reason=_("it holds a NUL character."))
    return text
