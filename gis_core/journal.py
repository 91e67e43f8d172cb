"""The journal: who did what, when, to which thing. Append-only, held by a trigger in the database."""

from typing import Any

from django.db import models

from gis_core.communities import Community
from gis_core.people import User


class JournalEntry(models.Model):
    """One event. Rows can be added and read; a trigger refuses to change or remove them."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    community = models.ForeignKey(Community, models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "journal entries"
        indexes = [models.Index(fields=["community", "-id"], name="journal_by_community")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.subject}"


def record(
    *, action: str, subject: str, actor: User | None, community: Community | None, **details: Any
) -> None:
    """Add an entry; call it in the transaction of the event itself, so that both stand or fall."""
    JournalEntry.objects.create(
        action=action, subject=subject, actor=actor, community=community, details=details
    )
