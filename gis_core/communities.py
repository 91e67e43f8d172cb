"""The register of administrative units (KATOTTG) and the communities that use the system."""

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from gis_core.errors import CommunityNotFound

RESERVED_SLUGS = frozenset({
    "accounts", "accessibility", "admin", "api", "changesets", "embed", "i18n", "jobs",
    "layers", "maps", "media", "ogc", "robots", "static", "styles", "tiles",
})  # fmt: skip

_LONGEST_ASKED = 100
"""Characters of a name that is asked for, beyond every slug and code: the answer repeats it."""


class AdminUnit(models.Model):
    """One unit of KATOTTG (order of Minregion No. 290 of 26.11.2020), from oblast to city district."""

    class Category(models.TextChoices):
        OBLAST = "O", _("oblast")
        SPECIAL_CITY = "K", _("city with special status")
        RAION = "P", _("raion")
        HROMADA = "H", _("territory of a community")
        CITY = "M", _("city")
        SETTLEMENT = "X", _("settlement")
        VILLAGE = "C", _("village")
        DISTRICT = "B", _("city district")

    katottg = models.CharField(
        max_length=19, primary_key=True, validators=[RegexValidator(r"^UA\d{17}$", _("UA and 17 digits"))]
    )
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    level = models.PositiveSmallIntegerField(help_text="1 oblast … 5 city district, the register's column")
    category = models.CharField(max_length=1, choices=Category.choices)
    name_uk = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    koatuu = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    geom = models.MultiPolygonField(srid=4326, null=True, blank=True)

    class Meta:
        indexes = [GinIndex(fields=["koatuu"], name="adminunit_koatuu_gin")]

    def __str__(self) -> str:
        return f"{self.name_uk} ({self.katottg})"


class CommunityQuerySet(models.QuerySet["Community"]):
    def named(self, name: str) -> "Community":
        """The community with this KATOTTG code or slug. Raises CommunityNotFound."""
        name = name.replace("\x00", "\ufffd")[:_LONGEST_ASKED]
        by_name = models.Q(slug=name) | models.Q(admin_unit_id=name)
        found = self.filter(by_name).select_related("admin_unit").first()
        if found is None:
            raise CommunityNotFound(community=name)
        return found


class Community(models.Model):
    """A territorial community (hromada) that uses the system; everything below belongs to one."""

    slug = models.CharField(
        max_length=20,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z][a-z0-9]{1,19}$", _("2–20 Latin letters or digits, a letter first"))
        ],
    )
    admin_unit = models.OneToOneField(AdminUnit, models.PROTECT, related_name="community")
    name_uk = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    local_srid = models.PositiveIntegerField(
        help_text="EPSG code of the local system (МСК) areas are measured in"
    )
    boundary = models.MultiPolygonField(srid=4326, null=True, blank=True)
    wartime_preset = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CommunityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "communities"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(slug__in=sorted(RESERVED_SLUGS)), name="community_slug_is_free"
            )
        ]

    def __str__(self) -> str:
        return self.name_uk

    @property
    def title(self) -> str:
        """The name in the reader's language, Ukrainian where there is no other."""
        return self.name_en if get_language() == "en" and self.name_en else self.name_uk
