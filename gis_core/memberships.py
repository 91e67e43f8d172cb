"""Giving and taking roles in communities."""

from django.db import transaction

from gis_core import journal
from gis_core.communities import Community
from gis_core.people import Membership, User


def set_role(*, user: User, community: Community, role: str, actor: User | None) -> None:
    """Give `user` the role in the community, or take it away with "". Holds from their next request on.

    `actor` None is the server's own command line.
    """
    with transaction.atomic():
        if role:
            Membership.objects.update_or_create(user=user, community=community, defaults={"role": role})
        else:
            Membership.objects.filter(user=user, community=community).delete()
        journal.record(
            action="role-set", subject=user.email, actor=actor, community=community, role=role or "none"
        )
