"""Files that people handed in, and what was reported about them."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models

from gis_core.communities import Community
from layers.models import Changeset


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


class ImportReport(models.Model):
    """What an import did and everything that was found about rows of its file."""

    changeset = models.OneToOneField(
        Changeset, models.CASCADE, primary_key=True, related_name="import_report"
    )
    summary = models.JSONField(help_text="importers.pipeline.ImportSummary")
    issues = models.JSONField(help_text="List of importers.report.RowIssue as objects, in the order found")

    def __str__(self) -> str:
        return f"import #{self.pk}"
