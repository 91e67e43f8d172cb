"""Who may do what in a community: four roles, four actions, one table."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    EDITOR = "editor", _("Editor")
    REVIEWER = "reviewer", _("Reviewer")
    ADMIN = "admin", _("Administrator")


class Action(models.TextChoices):
    READ = "read", _("Read")
    EDIT = "edit", _("Edit")
    REVIEW = "review", _("Review")
    MANAGE = "manage", _("Manage")


ALLOWED: dict[str, frozenset[str]] = {
    Role.VIEWER: frozenset({Action.READ}),
    Role.EDITOR: frozenset({Action.READ, Action.EDIT}),
    Role.REVIEWER: frozenset({Action.READ, Action.EDIT, Action.REVIEW}),
    Role.ADMIN: frozenset({Action.READ, Action.EDIT, Action.REVIEW, Action.MANAGE}),
}


def roles_that_may(action: str) -> list[str]:
    """The roles whose members may do `action`, for a filter in SQL."""
    return [str(role) for role, actions in ALLOWED.items() if action in actions]
