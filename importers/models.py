"""Files that people handed in. What became of one is told by its job and its changeset."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models

from gis_core.communities import Community


class Upload(models.Model):
    """One file as it was received. It lies under a name of ours; the sender's name is only text."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    community = models.ForeignKey(Community, models.CASCADE, related_name="uploads")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="uploads")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["community", "-id"], name="upload_by_community")]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT) / self.uuid.hex
