"""What the tests of kept tiles share: a layer's features, a tile of them, an edit."""

from collections.abc import Callable
from typing import Any

from django.db import connection

from gis_core.people import User
from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Layer
from tests.conftest import square
from tests.layers.tiling import tile_at

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
TILE = tile_at(30.005, 50.005, 14)
FEATURES = [(square(30 + n / 4000, 50.0, 0.0002), {"name": f"Дім № {n}"}) for n in range(60)]


def kept() -> list[tuple[Any, ...]]:
    """(z, x, y) of all tiles that are kept."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT z, x, y FROM tiles.tile ORDER BY 1, 2, 3")
        return list(cursor.fetchall())


def edit(layer: Layer, *drafts: ChangeDraft) -> Changeset:
    changeset = open_changeset(layer=layer, author=None, changes=drafts)
    return apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)
