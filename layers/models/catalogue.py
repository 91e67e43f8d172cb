"""The catalogue: a layer's identity, schema, style, access and state. Its features are elsewhere."""

from functools import cached_property

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from gis_core.people import User
from layers.schema import Schema


class Theme(models.TextChoices):
    BASE = "base", _("Base map")
    LAND = "land", _("Land")
    PLANNING = "planning", _("Planning")
    INFRASTRUCTURE = "infrastructure", _("Infrastructure")
    CONNECTIVITY = "connectivity", _("Connectivity")
    ENVIRONMENT = "environment", _("Environment")
    PARTICIPATION = "participation", _("Participation")
    OTHER = "other", _("Other")


class AccessLevel(models.TextChoices):
    """Who may read: everyone; anyone signed in; members of the community; named people and admins."""

    PUBLIC = "public", _("Everyone")
    REGISTERED = "registered", _("Signed-in people")
    STAFF = "staff", _("Members of the community")
    RESTRICTED = "restricted", _("Named people")


class PublishMode(models.TextChoices):
    """How much of a layer leaves it. Only `full` and `hidden` are served so far; the rest are refused."""

    FULL = "full", _("In full")
    HIDDEN = "hidden", _("Not shown")


class GeometryType(models.TextChoices):
    """The kind of geometry a layer holds; a multi-geometry of the same kind is always welcome."""

    POINT = "Point", _("Points")
    LINE = "LineString", _("Lines")
    POLYGON = "Polygon", _("Areas")
    ANY = "Geometry", _("Any geometry")


class LayerQuerySet(models.QuerySet["Layer"]):
    def withdrawn(self) -> "LayerQuerySet":
        """Those whose import was undone that made them: they keep their history and are as good as not there."""
        return self.filter(is_draft=True, revision__gt=0)

    def named(self) -> "LayerQuerySet":
        """Those that hold their short name: all but withdrawn ones, which give it up to a new layer or raster."""
        return self.exclude(is_draft=True, revision__gt=0)


class Layer(models.Model):
    """A set of features of one kind that belongs to a community."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="layers")
    slug = models.CharField(
        max_length=40,
        validators=[
            RegexValidator(r"^[a-z][a-z0-9_]{0,39}$", _("Latin small letters, digits and _, a letter first"))
        ],
    )
    theme = models.CharField(max_length=20, choices=Theme.choices, default=Theme.OTHER)
    title = models.JSONField(default=dict, help_text='{"uk": …, "en": …}')
    description = models.JSONField(default=dict, blank=True, help_text='{"uk": …, "en": …}')
    geometry_type = models.CharField(max_length=12, choices=GeometryType.choices, default=GeometryType.ANY)
    fields = models.JSONField(default=list, blank=True, help_text="List of fields, see layers.schema.Field")
    key_field = models.CharField(
        max_length=60, blank=True, help_text="The field whose value is unique in the layer"
    )
    style = models.JSONField(default=dict, blank=True, help_text="Style recipe, see layers.styles")
    access_level = models.CharField(max_length=12, choices=AccessLevel.choices, default=AccessLevel.STAFF)
    publish_mode = models.CharField(max_length=12, choices=PublishMode.choices, default=PublishMode.FULL)
    review_required = models.BooleanField(default=False)
    is_draft = models.BooleanField(
        default=False,
        editable=False,
        help_text="Waits for the first import of it, or that one was undone; nobody sees it",
    )
    licence = models.CharField(max_length=60, default="CC-BY-4.0")
    attribution = models.CharField(max_length=300, blank=True)
    min_zoom = models.PositiveSmallIntegerField(default=0)
    max_zoom = models.PositiveSmallIntegerField(default=18)
    position = models.IntegerField(default=0, help_text="Order in the legend, lower first")
    revision = models.BigIntegerField(
        default=0, editable=False, help_text="Goes up by one per applied changeset"
    )
    extent = ArrayField(
        models.FloatField(),
        size=4,
        null=True,
        blank=True,
        editable=False,
        help_text="west, south, east, north",
    )
    feature_count = models.BigIntegerField(default=0, editable=False)
    overview_made_with = models.CharField(
        max_length=24, blank=True, default="", editable=False,
        help_text="What the rows of low zooms were made with; empty: there are none",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = LayerQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["community", "slug"], name="layer_slug_once")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """The name every address uses: `community.slug`."""
        return f"{self.community.slug}.{self.slug}"

    @property
    def is_withdrawn(self) -> bool:
        """See LayerQuerySet.withdrawn."""
        return self.is_draft and self.revision > 0

    @property
    def published_name(self) -> str:
        """Name of the publication in schema `pub`. No two layers share it: community slugs have no `_`."""
        return f"{self.community.slug}_{self.slug}"

    @cached_property
    def schema(self) -> Schema:
        return Schema.from_json(self.fields)

    @property
    def local_title(self) -> str:
        return localised(self.title) or self.slug

    @property
    def local_description(self) -> str:
        return localised(self.description)

    @property
    def is_base(self) -> bool:
        return self.theme == Theme.BASE


def localised(texts: dict[str, str]) -> str:
    """The text in the reader's language, else Ukrainian, else any; "" where there is none."""
    language = (get_language() or "uk")[:2]
    return texts.get(language) or texts.get("uk") or next(iter(texts.values()), "")


class LayerGrant(models.Model):
    """Opens a restricted layer to one named person."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="grants")
    user = models.ForeignKey(User, models.CASCADE, related_name="layer_grants")
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["layer", "user"], name="layer_grant_once")]

    def __str__(self) -> str:
        return f"{self.layer} – {self.user}"
