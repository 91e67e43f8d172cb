"""What every page needs besides its own content: the community, the reader's place in it, the language."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from gis_core.communities import Community
from gis_core.people import Membership
from gis_core.roles import Action, Role, roles_that_may


def shell(request: HttpRequest, community: Community | None, section: str) -> dict[str, Any]:
    """The header's part of a page's context. Asks one query for a signed-in reader, none else."""
    role = role_in(request, community)
    return {
        "community": community,
        "section": section,
        "here": request.get_full_path(),
        "here_path": request.path,
        "other_language": other_language(),
        "is_member": bool(role),
        "may_import": role in roles_that_may(Action.EDIT),
    }


def role_in(request: HttpRequest, community: Community | None) -> str:
    """The reader's role in the community, "" for none; a superuser counts as its administrator."""
    user = request.user
    if community is None or not user.is_authenticated:
        return ""
    if user.is_superuser:
        return Role.ADMIN
    known: dict[int, str] = request.__dict__.setdefault("_roles", {})  # asked for once a request
    if community.pk not in known:
        found = Membership.objects.filter(user=user, community=community).values_list("role", flat=True)
        known[community.pk] = found.first() or ""
    return known[community.pk]


def other_language() -> dict[str, str]:
    """The language that the switch in the header leads to."""
    current = (get_language() or settings.LANGUAGE_CODE)[:2]
    code, name = next((item for item in settings.LANGUAGES if item[0] != current), settings.LANGUAGES[0])
    return {"code": code, "name": str(name)}
