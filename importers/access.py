"""Who sees an import, and who may steer it.

An import shows rows of a layer and of a file: its owner sees it, and members who may edit and see all of the
layer it goes into. To everybody else there is no such import.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from gis_core.errors import NotFound
from gis_core.people import Membership, User
from gis_core.roles import Action, roles_that_may
from importers.models import Import
from layers.access import Reader, visible_layers
from layers.models import Layer
from layers.models.catalogue import AccessLevel


def visible_imports(user: Reader) -> QuerySet[Import]:
    """The imports `user` sees, newest first, with what a document of one needs."""
    imports = Import.objects.select_related("community", "owner", "changeset__layer__community").order_by(
        "-pk"
    )
    if not isinstance(user, User):
        return imports.none()
    if user.is_superuser:
        return imports
    edits = Exists(_memberships(user, Action.EDIT))
    same = Layer.objects.filter(
        community=OuterRef("community"), slug=KeyTextTransform("layer", OuterRef("choices")), is_draft=False
    )
    closed = Exists(same.exclude(pk__in=visible_layers(user).order_by().values("pk")))
    restricted = Q(choices__access_level=AccessLevel.RESTRICTED) & ~Exists(_memberships(user, Action.MANAGE))
    return imports.filter(edits).filter(Q(owner=user) | (~closed & ~restricted))


def visible_import(user: Reader, uuid: Any) -> Import:
    """One import. Raises NotFound for one that is absent and for one that is hidden alike."""
    try:
        found = visible_imports(user).filter(uuid=uuid).first()
    except (ValidationError, ValueError):
        found = None
    if found is None:
        raise NotFound()
    return found


def may_steer(user: User | None, importing: Import) -> bool:
    """Whether `user` may decide about, apply, cancel or discard it: its owner while they may edit, and those
    who manage the community. None is the server's own."""
    return importing.pk in steered(user, [importing])


def steered(user: User | None, imports: Sequence[Import]) -> frozenset[int]:
    """The ids of those that `user` may steer; one query, however many there are."""
    if user is None or user.is_superuser:
        return frozenset(item.pk for item in imports)
    communities = {item.community_id for item in imports}
    held = Membership.objects.filter(user=user, community__in=communities)
    roles = set(held.values_list("community", "role"))

    def may(importing: Import) -> bool:
        action = Action.EDIT if importing.owner_id == user.pk else Action.MANAGE
        return any((importing.community_id, role) in roles for role in roles_that_may(action))

    return frozenset(item.pk for item in imports if may(item))


def _memberships(user: User, action: str) -> QuerySet[Membership]:
    return Membership.objects.filter(
        user=user, community=OuterRef("community"), role__in=roles_that_may(action)
    )
