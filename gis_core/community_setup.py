"""Setting up a community: from its code in the register to a place that layers can belong to."""

import re

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from gis_core import journal
from gis_core.communities import RESERVED_SLUGS, AdminUnit, Community
from gis_core.errors import BadParameter, HromadaError
from gis_core.geo.msk import msk_srid
from gis_core.people import User
from gis_core.transliteration import transliterate

Category = AdminUnit.Category


class UnknownUnit(HromadaError):
    code = "unknown-unit"
    status = 404
    message = _(
        "The register has no unit “%(katottg)s”. Check the code (UA and 17 digits), and load the register "
        "first: manage.py load_admin_units."
    )


class NotACommunity(HromadaError):
    code = "not-a-community"
    status = 422
    message = _(
        "“%(name)s” (%(katottg)s) is a %(category)s, not the territory of a community. Its community is: "
        "%(community)s."
    )


class CommunityExists(HromadaError):
    code = "community-exists"
    status = 409
    message = _("Community %(katottg)s is set up already, under the short name “%(slug)s”.")


class BadSlug(HromadaError):
    code = "bad-slug"
    status = 422
    message = _("“%(slug)s” cannot be a community's short name: %(reason)s Give another one with --slug.")


def create_community(
    *,
    katottg: str,
    actor: User | None = None,
    slug: str = "",
    name_uk: str = "",
    name_en: str = "",
    local_srid: int | None = None,
) -> Community:
    """A community for a unit of the register, which names, local system (МСК) and boundary are taken from.

    An empty `slug` is made from the unit's name by transliteration. The boundary is None where the
    register has no polygon of the unit. Raises UnknownUnit, NotACommunity, CommunityExists, BadSlug,
    BadParameter.
    """
    unit = _unit_of_a_community(katottg)
    with transaction.atomic():
        existing = Community.objects.filter(admin_unit=unit).first()
        if existing:
            raise CommunityExists(katottg=katottg, slug=existing.slug)
        community = Community(
            slug=_checked_slug(slug or default_slug(unit)), admin_unit=unit,
            name_uk=name_uk or _official_name(unit), name_en=name_en or _english_name(unit),
            local_srid=local_srid or _msk_srid(katottg), boundary=unit.geom,
        )  # fmt: skip
        community.save()
        journal.record(
            action="community-created", subject=community.slug, actor=actor, community=community,
            katottg=katottg,
        )  # fmt: skip
    return community


def default_slug(unit: AdminUnit) -> str:
    """The unit's name in Latin small letters and digits, at most 20: “Ладижинська” gives “ladyzhynska”."""
    return re.sub("[^a-z0-9]", "", transliterate(unit.name_uk).lower())[:20]


def _unit_of_a_community(katottg: str) -> AdminUnit:
    unit = AdminUnit.objects.filter(katottg=katottg).first()
    if unit is None:
        raise UnknownUnit(katottg=katottg)
    if unit.category in (Category.HROMADA, Category.SPECIAL_CITY):
        return unit
    above = unit.parent
    while above is not None and above.category not in (Category.HROMADA, Category.SPECIAL_CITY):
        above = above.parent
    raise NotACommunity(
        name=unit.name_uk,
        katottg=katottg,
        category=str(unit.get_category_display()),
        community=str(above or "–"),
    )


def _checked_slug(slug: str) -> str:
    try:
        Community._meta.get_field("slug").run_validators(slug)
    except ValidationError as error:
        raise BadSlug(slug=slug, reason=f"{' '.join(error.messages)}.") from error
    if slug in RESERVED_SLUGS:
        raise BadSlug(slug=slug, reason=_("it is an address of the site itself."))
    if Community.objects.filter(slug=slug).exists():
        raise BadSlug(slug=slug, reason=_("another community has it."))
    return slug


def _msk_srid(katottg: str) -> int:
    try:
        return msk_srid(katottg)
    except KeyError as error:
        reason = _("region %s has no local coordinate system; name one by its EPSG code.") % katottg[2:4]
        raise BadParameter(parameter="local_srid", reason=reason) from error


def _official_name(unit: AdminUnit) -> str:
    if unit.category == Category.SPECIAL_CITY:
        return f"Місто {unit.name_uk}"
    return f"{unit.name_uk} територіальна громада"


def _english_name(unit: AdminUnit) -> str:
    kind = "city" if unit.category == Category.SPECIAL_CITY else "hromada"
    return f"{unit.name_en or transliterate(unit.name_uk)} {kind}"
