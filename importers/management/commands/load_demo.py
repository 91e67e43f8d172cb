"""`manage.py load_demo`: a small invented community, put in through the real importer."""

import os
import secrets
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import transaction
from django.utils.translation import gettext as _

from gis_core.communities import AdminUnit, Community
from gis_core.management.reporting import Report, ReportingCommand
from gis_core.people import Membership, User
from gis_core.roles import Role
from importers import demo
from importers.pipeline import import_file
from importers.plan import ImportRequest
from layers.models.catalogue import AccessLevel
from layers.standards import standard_layers

LOGINS = (
    (Role.ADMIN, "admin"),
    (Role.REVIEWER, "reviewer"),
    (Role.EDITOR, "planner"),
    (Role.VIEWER, "viewer"),
)


class Command(ReportingCommand):
    help = "Make the demo community: generated Shapefiles as communities send them, imported like any others."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--if-empty", action="store_true", help="do nothing where any community exists")

    def report(self, **options: Any) -> Report:
        existing = Community.objects.order_by("pk").first()
        if existing and options["if_empty"]:
            return Report([_("Community “%s” exists; the demo is not needed.") % existing], {"loaded": []})
        with transaction.atomic():
            community = make_community()
            loaded = self._load_layers(community)
            logins = make_logins(community)
        path = write_logins(logins)
        lines = [
            _("Demo community: %(layers)s layers, %(features)s features.")
            % {"layers": len(loaded), "features": sum(loaded.values())},
            _("Logins are in %s") % path,
        ]
        return Report(lines, {"loaded": loaded})

    def _load_layers(self, community: Community) -> dict[str, int]:
        loaded = {}
        with tempfile.TemporaryDirectory() as folder:
            for file in demo.write_demo(Path(folder)):
                summary = import_file(
                    file=file.path, name=file.path.name, community=community, actor=None,
                    request=ImportRequest(
                        slug=file.slug, standard=file.slug, field_map=file.field_map, crs=file.crs or "",
                        encoding=file.encoding or "",
                        access_level=standard_layers()[file.slug].get("access_level", AccessLevel.STAFF),
                        comment=_("Demo data"), keep_personal=demo.KEPT_PERSONAL,
                    ),
                )  # fmt: skip
                loaded[summary.layer] = summary.imported
                self.progress(f"{summary.layer}: {summary.imported}")
        return loaded


def make_community() -> Community:
    """The demo's units and community. Their codes begin with UA99, which the register does not use."""
    for item in demo.UNITS:
        AdminUnit.objects.get_or_create(
            katottg=item.katottg,
            defaults={
                "parent_id": item.parent, "level": item.level, "category": item.category,
                "name_uk": item.name_uk, "name_en": item.name_en, "koatuu": [item.koatuu],
            },
        )  # fmt: skip
    return Community.objects.create(
        slug="demo", admin_unit_id=demo.KATOTTG, name_uk=demo.NAME_UK, name_en=demo.NAME_EN,
        local_srid=demo.LOCAL_SRID, boundary=cast(MultiPolygon, GEOSGeometry(demo.boundary_wkt(), srid=4326)),
    )  # fmt: skip


def make_logins(community: Community) -> list[tuple[str, str]]:
    """A user for each role, with a random password that only this server knows."""
    logins = []
    for role, name in LOGINS:
        password = secrets.token_urlsafe(12)
        user = User.objects.create_user(f"{name}@demo.example", password)
        Membership.objects.create(user=user, community=community, role=role)
        logins.append((user.email, password))
    return logins


def write_logins(logins: list[tuple[str, str]]) -> Path:
    """Keep the passwords for the person at this machine, readable by nobody else."""
    path = Path(settings.VAR_DIR) / "demo-logins.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.writelines(f"{email} {password}\n" for email, password in logins)
    return path
