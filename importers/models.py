"""Files that people handed in, the imports made of them, and what was found about their rows."""

import uuid
from pathlib import Path

from django.conf import settings
from django.contrib.gis.db import models
from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from layers.models import Changeset


class Upload(models.Model):
    """One file as it was received. It lies under a name of ours; the sender's name is only text.

    A file that comes in pieces (tus) has `received` < `size` and no `sha256` until its last byte is here.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    community = models.ForeignKey(Community, models.CASCADE, related_name="uploads")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="uploads")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField(help_text="bytes")
    received = models.BigIntegerField(default=0, help_text="bytes that are here")
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["community", "-id"], name="upload_by_community")]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT) / self.uuid.hex

    @property
    def is_complete(self) -> bool:
        return bool(self.sha256)


class ImportStatus(models.TextChoices):
    """received -> inspecting -> waiting -> preparing -> ready -> applying -> applied -> reverting -> reverted.

    `waiting` with a question cannot go on before it is answered, without one it may be prepared. What is
    stored says what was begun; `importers.states` tells by its job and changeset what came of it.
    """

    RECEIVED = "received", _("received")
    INSPECTING = "inspecting", _("being looked at")
    WAITING = "waiting", _("waits for your decision")
    PREPARING = "preparing", _("being prepared")
    READY = "ready", _("ready for review")
    APPLYING = "applying", _("being applied")
    SUBMITTED = "submitted", _("waits for a reviewer")
    APPLIED = "applied", _("applied")
    UNCHANGED = "unchanged", _("nothing to change")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    REVERTING = "reverting", _("being undone")
    REVERTED = "reverted", _("undone")


class Import(models.Model):
    """One layer of a file on its way into a layer of the community; everything a reload must not lose.

    `inspection` is what the file holds (importers.sandbox.protocol.FileInspection), `choices` what people
    decided (importers.choices.Choices), `question` what must be decided before it goes on, `problem` why it
    ended; both {"code", "params"} of a HromadaError. `changeset` holds the staged rows and their diff.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    community = models.ForeignKey(Community, models.CASCADE, related_name="imports")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="imports")
    name = models.CharField(max_length=200, help_text="What the sender calls the file")
    uploads = models.ManyToManyField(Upload, related_name="imports")
    status = models.CharField(max_length=12, choices=ImportStatus.choices, default=ImportStatus.RECEIVED)
    choices = models.JSONField(default=dict)
    inspection = models.JSONField(null=True)
    question = models.JSONField(null=True)
    problem = models.JSONField(null=True)
    summary = models.JSONField(null=True, help_text="What was prepared and applied, in counts")
    issue_counts = models.JSONField(default=dict, help_text="Number of issues by rule")
    changeset = models.OneToOneField(Changeset, models.SET_NULL, null=True, related_name="import_of")
    job = models.UUIDField(null=True, help_text="The job that works on it, or did last")
    turn = models.PositiveIntegerField(default=0, help_text="Goes up with each job; earlier ones are void")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["community", "-id"], name="import_by_community")]

    def __str__(self) -> str:
        return f"{self.name} {self.uuid}"


class ImportIssue(models.Model):
    """One finding about a row, a field or the whole file; `importers.report.RowIssue` as it is kept."""

    importing = models.ForeignKey(Import, models.CASCADE, related_name="issues", db_column="import_id")
    row = models.BigIntegerField(null=True, help_text="Counts the source's rows from 1; null: the whole file")
    rule = models.CharField(max_length=40)
    done = models.CharField(max_length=10)
    field = models.CharField(max_length=120, blank=True)
    value = models.CharField(max_length=100, blank=True)
    params = models.JSONField(default=dict)
    point = models.PointField(srid=4326, null=True, spatial_index=False, help_text="Where, if that is known")

    class Meta:
        indexes = [models.Index(fields=["importing", "rule", "id"], name="issue_by_rule")]

    def __str__(self) -> str:
        return f"{self.rule} #{self.row}"


class MappingMemory(models.Model):
    """How columns of these names were mapped when such a file was last imported (importers.mapping_memory)."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the columns' names")
    remembered = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "fingerprint"], name="mapping_once_a_source"),
        ]

    def __str__(self) -> str:
        return self.fingerprint[:12]
