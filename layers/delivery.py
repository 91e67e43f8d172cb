"""How features leave: rows read by a reader's own source, and who may keep a copy of the answer."""

from typing import Any

from django.db import ProgrammingError, connections
from psycopg2 import errorcodes, extensions, sql

from gis_core.errors import Busy
from gis_core.sqlstates import sqlstate
from layers.access import LayerNotFound, ReadSource, visible_fields
from layers.models.catalogue import AccessLevel
from layers.publications import is_published

_WITHDRAWN = (errorcodes.UNDEFINED_TABLE, errorcodes.INSUFFICIENT_PRIVILEGE)


def is_public_content(source: ReadSource) -> bool:
    """Whether this source gives its reader nothing but what everyone may read."""
    layer = source.layer
    return is_published(layer) and source.fields == visible_fields(layer, AccessLevel.PUBLIC)


def read_rows(
    source: ReadSource, statement: sql.Composable, *, undecoded: bool = False
) -> list[tuple[Any, ...]]:
    """All rows of a statement over the source's alias; with `undecoded` texts are UTF-8 bytes, for what is
    only passed on (decoding and encoding again took a third of a page's time).

    Raises LayerNotFound where the layer was closed since it was found in the catalogue, Busy where its
    fields were changed since.
    """
    try:
        with connections[source.alias].cursor() as cursor:
            if undecoded:
                extensions.register_type(extensions.BYTES, cursor.cursor)
            cursor.execute(statement)
            return list(cursor.fetchall())
    except ProgrammingError as error:
        code = sqlstate(error)
        if code in _WITHDRAWN:
            raise LayerNotFound(layer=source.layer.full_name) from error
        if code == errorcodes.UNDEFINED_COLUMN:
            raise Busy() from error
        raise
