"""Failures with a name: one table from error class to HTTP status, code and sentence.

Every message says what happened, to which thing, and what to do next. It is a template filled from
`params`, translated when it is read, so that one failure can be shown in both languages.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _


class HromadaError(Exception):
    """Base of every failure that a person or a program is told about.

    Subclasses set `code` (stable, kebab-case), `status` (HTTP) and `message` (a translated template
    with named placeholders); instances carry `params`, which are also sent to machines.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    message: ClassVar[Any] = _("The request could not be carried out.")

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(params)

    def __str__(self) -> str:
        return self.sentence(self.params)

    @classmethod
    def sentence(cls, params: Mapping[str, Any]) -> str:
        """The message filled from `params`, in the active language. Raises KeyError where one is missing."""
        text = str(cls.message)
        return text % params if params or "%(" in text else text


class BadParameter(HromadaError):
    code = "bad-parameter"
    message = _("Parameter “%(parameter)s” is wrong: %(reason)s")


class NotAllowed(HromadaError):
    code = "not-allowed"
    status = 403
    message = _("Your role in this community does not allow this. Ask its administrator.")


class NotFound(HromadaError):
    code = "not-found"
    status = 404
    message = _("There is nothing at this address, or it is not open to you.")


class CommunityNotFound(HromadaError):
    code = "community-not-found"
    status = 404
    message = _(
        "There is no community “%(community)s” on this server. Give its KATOTTG code (UA and 17 digits) or its "
        "short name, or set it up first: manage.py create_community."
    )


class TooLarge(HromadaError):
    code = "too-large"
    status = 413
    message = _("%(thing)s is larger than allowed: %(size)s, the limit is %(limit)s.")


class Busy(HromadaError):
    code = "busy"
    status = 503
    message = _("The server is busy with this just now. Try again in a few seconds.")


class DatabaseFull(HromadaError):
    code = "database-full"
    status = 507
    message = _(
        "The database has no room left on its disk. Nothing of this was saved. Ask the administrator of the server to "
        "make room, then do it again."
    )
