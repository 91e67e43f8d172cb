"""`manage.py create_token EMAIL --name QGIS`: a key with which a program acts for a person."""

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gis_core.errors import HromadaError
from gis_core.management.reporting import Report, ReportingCommand
from gis_core.people import User, create_api_token


class PersonNotFound(HromadaError):
    code = "person-not-found"
    status = 404
    message = gettext_lazy(
        "There is no person “%(email)s” on this server. Add them first: manage.py add_member."
    )


class Command(ReportingCommand):
    help = "Make a token for a program: `Authorization: Bearer <token>`. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--name", required=True, help="what the token is for")

    def report(self, **options: Any) -> Report:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise PersonNotFound(email=options["email"])
        token = create_api_token(user=user, name=options["name"])
        return Report([_("Token, shown only now: %s") % token], {"email": user.email, "token": token})
