"""Named failures behind PostgreSQL's error codes (appendix A of its manual), wherever SQL is run."""

from psycopg2 import errorcodes

from gis_core.errors import Busy, DatabaseFull, HromadaError

_NAMED: dict[str, type[HromadaError]] = {
    errorcodes.QUERY_CANCELED: Busy,
    errorcodes.LOCK_NOT_AVAILABLE: Busy,
    errorcodes.DISK_FULL: DatabaseFull,
}


def sqlstate(error: BaseException) -> str:
    """The code of an error of Django's or of the driver's own, which copy_expert raises; "" of any other."""
    return getattr(error, "pgcode", None) or getattr(error.__cause__, "pgcode", None) or ""


def named(error: BaseException) -> HromadaError | None:
    """What people are told of a database's error that nobody who wrote the program can prevent."""
    found = _NAMED.get(sqlstate(error))
    return None if found is None else found()
