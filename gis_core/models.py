"""The models of this app, each defined in the module that is about it."""

from gis_core.communities import AdminUnit, Community
from gis_core.jobs.models import Job
from gis_core.journal import JournalEntry
from gis_core.people import ApiToken, Membership, User

__all__ = ["AdminUnit", "ApiToken", "Community", "Job", "JournalEntry", "Membership", "User"]
