"""A reviewer's verdict and what follows from it: what is approved is applied, without another word."""

from django.db import transaction

from gis_core.people import User
from layers.edits import APPROVED, apply_changeset, review_changeset
from layers.models import Changeset
from layers.reverts import is_listed
from layers.tasks import apply_approved


def give_verdict(*, changeset: Changeset, actor: User, verdict: str, comment: str = "") -> Changeset:
    """Review a changeset and, where it is approved, apply it: at once, or by a job where it is an import or undoes
    one; it is then still submitted, with its reviewer.

    Raises what `review_changeset` and `apply_changeset` raise; then no verdict stands.
    """
    with transaction.atomic():
        changeset = review_changeset(changeset=changeset, actor=actor, verdict=verdict, comment=comment)
        if verdict != APPROVED:
            return changeset
        if not changeset.is_staged and not is_listed(changeset):
            return apply_changeset(changeset=changeset, actor=actor)
        layer = changeset.layer
        job = apply_approved.using(owner=actor, community=layer.community, subject=layer.local_title)
        job.enqueue(changeset.pk, actor.pk)
    return changeset
