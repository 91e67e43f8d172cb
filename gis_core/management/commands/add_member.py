"""`manage.py add_member EMAIL --community KATOTTG --role editor`: gives a person a role in a community."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from gis_core.communities import Community
from gis_core.management.reporting import Report, ReportingCommand
from gis_core.memberships import set_role
from gis_core.people import User
from gis_core.roles import Role


class Command(ReportingCommand):
    help = "Give a person a role in a community. A person who is new here gets a password, shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--community", required=True, help="KATOTTG code or short name")
        parser.add_argument(
            "--role", required=True, choices=[*Role.values, "none"], help="none takes it away"
        )
        parser.add_argument("--name", default="", help="name shown beside the person's changes")

    def report(self, **options: Any) -> Report:
        community = Community.objects.named(options["community"])
        user = User.objects.filter(email=options["email"].lower()).first()
        lines, password = [], ""
        if user is None:
            password = secrets.token_urlsafe(12)
            user = User.objects.create_user(options["email"], password, name=options["name"])
            lines.append(_("Password, shown only now: %s") % password)
        role = "" if options["role"] == "none" else options["role"]
        set_role(user=user, community=community, role=role, actor=None)
        told = Role(role).label if role else _("no role")
        lines.insert(0, _("%(user)s in “%(community)s”: %(role)s.") % {
            "user": user.email, "community": community, "role": told,
        })  # fmt: skip
        return Report(
            lines, {"email": user.email, "community": community.slug, "role": role, "password": password}
        )
