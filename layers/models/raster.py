"""Rasters: orthophotos, elevation models, scanned maps; each is one COG on disk and one row here."""

import uuid
from pathlib import Path

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from gis_core.people import User
from layers.models.catalogue import AccessLevel, Theme, localised

SLUG = RegexValidator(r"^[a-z][a-z0-9_]{0,39}$", _("Latin small letters, digits and _, a letter first"))


class Raster(models.Model):
    """A Cloud Optimized GeoTIFF of a community, in the coordinate system it came in, north up.

    The file is `path`: tiles of 512, overviews, no data of the sender but the values. `nodata` may be NaN;
    null means that every pixel counts, or that a mask in the file says which do.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    community = models.ForeignKey(Community, models.PROTECT, related_name="rasters")
    slug = models.CharField(max_length=40, validators=[SLUG])
    theme = models.CharField(max_length=20, choices=Theme.choices, default=Theme.OTHER)
    title = models.JSONField(default=dict, help_text='{"uk": …, "en": …}')
    description = models.JSONField(default=dict, blank=True, help_text='{"uk": …, "en": …}')
    access_level = models.CharField(max_length=12, choices=AccessLevel.choices, default=AccessLevel.STAFF)
    licence = models.CharField(max_length=60, default="CC-BY-4.0")
    attribution = models.CharField(max_length=300, blank=True)
    taken_on = models.DateField(null=True, blank=True, help_text="The day that it shows")
    style = models.JSONField(
        default=dict, blank=True, help_text="layers.styles.raster_reading; {}: the default"
    )
    source_name = models.CharField(max_length=200, blank=True, help_text="What the sender called the file")
    size = models.BigIntegerField(editable=False, help_text="bytes")
    sha256 = models.CharField(max_length=64, editable=False)
    srid = models.PositiveIntegerField(null=True, editable=False, help_text="EPSG code; null: it has none")
    crs_name = models.CharField(max_length=200, editable=False)
    crs_wkt = models.TextField(editable=False)
    operation = models.CharField(max_length=200, editable=False, help_text="How it comes to WGS 84")
    accuracy_m = models.FloatField(editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    transform = ArrayField(models.FloatField(), size=6, editable=False, help_text="a, b, c, d, e, f")
    resolution_m = models.FloatField(editable=False, help_text="Longer side of a pixel in the middle")
    bands = models.JSONField(editable=False, help_text="[{index, dtype, color, description, unit}]")
    nodata = models.FloatField(null=True, editable=False)
    compression = models.CharField(max_length=10, editable=False)
    lossy = models.BooleanField(default=False, editable=False)
    footprint = models.MultiPolygonField(srid=4326, editable=False, help_text="Round the valid pixels")
    statistics = models.JSONField(editable=False, help_text="A list, one object a band")
    notes = models.JSONField(default=list, editable=False, help_text='[{"code", "params"}]')
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["community", "slug"], name="raster_slug_once")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """The name every address uses: `community.slug`, as of layers."""
        return f"{self.community.slug}.{self.slug}"

    @property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT) / "rasters" / f"{self.uuid.hex}.tif"

    @property
    def local_title(self) -> str:
        return localised(self.title) or self.slug
