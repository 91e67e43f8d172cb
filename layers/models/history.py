"""How features came to be what they are: changesets, the changes in them, and past versions."""

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField, BigIntegerRangeField
from django.contrib.postgres.fields.ranges import RangeStartsWith
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from gis_core.people import User
from layers.models.catalogue import Layer


class Changeset(models.Model):
    """A unit of work on one layer: drafted, submitted, reviewed, applied and reverted as a whole."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        NEEDS_CHANGES = "needs_changes", _("Needs changes")
        REJECTED = "rejected", _("Rejected")
        APPLIED = "applied", _("Applied")

    class Source(models.TextChoices):
        EDIT = "edit", _("Editor")
        IMPORT = "import", _("Import")
        API = "api", _("API")
        REVERT = "revert", _("Revert")

    class StagingMode(models.TextChoices):
        """What staged rows mean for the features already there."""

        APPEND = "append", _("Add every row")
        UPDATE = "update", _("Update by key, add the rest")
        REPLACE = "replace", _("Replace the content")

    layer = models.ForeignKey(Layer, models.PROTECT, related_name="changesets")
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="changesets")
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.EDIT)
    comment = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=15, choices=Status.choices, default=Status.DRAFT)
    staging_mode = models.CharField(max_length=10, choices=StagingMode.choices, blank=True)
    base_revision = models.BigIntegerField(
        default=0, help_text="The layer's revision when this was opened, or when its diff was computed"
    )
    staged_count = models.BigIntegerField(
        null=True, help_text="Staged rows when their diff was computed; null: it was not"
    )
    kept_fields = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="Keys whose values staged rows leave as they are in the features that they update",
    )
    new_fields = models.JSONField(
        default=list, blank=True, help_text="Fields that the layer gains when this is applied"
    )
    makes_layer = models.BooleanField(
        default=False, editable=False, help_text="Its layer was a draft until this was applied"
    )
    review_required = models.BooleanField(default=False)
    reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    review_comment = models.CharField(max_length=500, blank=True)
    revision = models.BigIntegerField(
        null=True, help_text="The revision this made of the layer, once applied"
    )
    reverts = models.ForeignKey("self", models.PROTECT, null=True, related_name="reverted_by_set")
    created_count = models.BigIntegerField(default=0)
    updated_count = models.BigIntegerField(default=0)
    deleted_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["layer", "-id"], name="changeset_by_layer")]
        constraints = [
            models.UniqueConstraint(
                fields=["layer", "revision"],
                condition=Q(revision__isnull=False),
                name="one_changeset_a_revision",
            ),
            models.CheckConstraint(
                condition=Q(status="applied", revision__isnull=False, applied_at__isnull=False)
                | ~Q(status="applied") & Q(revision__isnull=True),
                name="applied_changeset_has_revision",
            ),
            models.CheckConstraint(
                condition=Q(review_required=False) | Q(reviewer__isnull=True) | ~Q(reviewer=F("author")),
                name="reviewer_is_not_the_author",
            ),
            models.CheckConstraint(
                condition=~Q(status="applied") | Q(review_required=False) | Q(reviewer__isnull=False),
                name="applied_after_review_where_required",
            ),
            models.UniqueConstraint(fields=["reverts"], condition=Q(status="applied"), name="reverted_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.status}"

    @property
    def is_staged(self) -> bool:
        """True where the changes sit in a staging table (an import), not in `Change` rows."""
        return bool(self.staging_mode)


class Change(models.Model):
    """One feature's change inside a changeset: create, update or delete, against a base version."""

    class Op(models.TextChoices):
        CREATE = "C", _("Create")
        UPDATE = "U", _("Update")
        DELETE = "D", _("Delete")

    changeset = models.ForeignKey(Changeset, models.CASCADE, related_name="changes")
    op = models.CharField(max_length=1, choices=Op.choices)
    feature_id = models.BigIntegerField(help_text="Given from the features' sequence already when created")
    base_version = models.IntegerField(null=True, help_text="The version this change was made on")
    geom = models.GeometryField(srid=4326, null=True)
    properties = models.JSONField(null=True)
    external_key = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["changeset", "feature_id"], name="one_change_a_feature"),
            models.CheckConstraint(
                condition=Q(op="D") | Q(geom__isnull=False, properties__isnull=False),
                name="change_has_content",
            ),
            models.CheckConstraint(
                condition=Q(op="C") | Q(base_version__isnull=False), name="change_of_existing_has_base"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.op} {self.feature_id}"


class FeatureVersion(models.Model):
    """A past state of a feature and the revisions of its layer in which it was valid.

    Written by the trigger `features_keep_history`, never by the program. `revisions` is [began, ended): a
    feature begins no two states at one revision, and no state ends where it began.
    """

    feature_id = models.BigIntegerField()
    layer = models.ForeignKey(Layer, models.PROTECT, related_name="+", db_constraint=False)
    geom = models.GeometryField(srid=4326, spatial_index=False)
    properties = models.JSONField()
    external_key = models.TextField(null=True)
    version = models.IntegerField()
    revisions = BigIntegerRangeField()
    changeset = models.ForeignKey(Changeset, models.PROTECT, related_name="+", db_constraint=False)
    ended_by = models.ForeignKey(Changeset, models.PROTECT, related_name="+", db_constraint=False)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Not EXCLUDE over the ranges: kept in order it costs three quarters of undoing a large import, and
            # states follow one another anyway, each ended by the revision that began the next (decision 1).
            models.UniqueConstraint(
                models.F("feature_id"), RangeStartsWith(models.F("revisions")), name="one_state_at_a_revision"
            ),
            models.CheckConstraint(condition=Q(revisions__isempty=False), name="state_was_valid_once"),
        ]

    def __str__(self) -> str:
        return f"{self.feature_id} v{self.version}"
