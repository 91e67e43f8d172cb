"""Files that people handed in, the imports made of them, and what was found about their rows."""

import uuid
from pathlib import Path

from django.conf import settings
from django.contrib.gis.db import models
from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from layers.models import Changeset, Layer


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
    content = models.CharField(
        max_length=64, blank=True, default="", help_text="SHA-256 of what the sender handed in"
    )
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
        indexes = [
            models.Index(fields=["community", "-id"], name="import_by_community"),
            models.Index(fields=["community", "content"], name="import_by_content"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.uuid}"

    @property
    def title(self) -> str:
        """What tells it from other imports of its file: the file's name, and the layer of it that was chosen."""
        layer = self.choices.get("source_layer", "")
        return f"{self.name}: {layer}" if layer and layer != Path(self.name).stem else self.name


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


class LayerSource(models.Model):
    """The address that a layer is filled from on a schedule (importers.harvest), and how the last round went.

    `etag`, `last_modified` and `sha256` are of the content that was last handled, imported or found unchanged.
    A round that fails counts up `failures` and leaves `problem` ({"code", "params"}); after the limit
    `harvest_failures` the source is switched off.
    """

    class Kind(models.TextChoices):
        GEOJSON = "geojson", _("GeoJSON file")
        CSV = "csv", _("CSV table")
        OGCAPI = "ogcapi", _("OGC API - Features, address of the items")
        WFS = "wfs", _("WFS 2.0")

    class Outcome(models.TextChoices):
        NONE = "", _("not fetched yet")
        UNCHANGED = "unchanged", _("nothing new")
        APPLIED = "applied", _("applied")
        SUBMITTED = "submitted", _("waits for a reviewer")
        WAITING = "waiting", _("waits for your decision")
        FAILED = "failed", _("failed")

    layer = models.OneToOneField(Layer, models.CASCADE, related_name="source")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    url = models.CharField(max_length=2000)
    source_layer = models.CharField(max_length=200, blank=True, help_text="Name of the layer there (WFS)")
    choices = models.JSONField(default=dict, help_text="importers.choices.Choices: mode, crs, mapping, …")
    every_minutes = models.PositiveIntegerField(default=1440)
    enabled = models.BooleanField(default=True)
    max_changes = models.PositiveIntegerField(
        default=1000, help_text="Most features that a round may change by itself"
    )
    max_removed_percent = models.PositiveSmallIntegerField(
        default=5, help_text="Largest share of the layer that a round may remove by itself"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    turn = models.PositiveIntegerField(default=0, help_text="Goes up with each change; earlier jobs are void")
    job = models.UUIDField(null=True, help_text="The job of the next round")
    next_run_at = models.DateTimeField(null=True)
    last_run_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    last_import = models.ForeignKey(Import, models.SET_NULL, null=True, related_name="+")
    failures = models.PositiveSmallIntegerField(default=0)
    problem = models.JSONField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_removed_percent__lte=100), name="source_removed_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.layer} ← {self.url}"
