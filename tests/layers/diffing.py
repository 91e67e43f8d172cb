"""Imports up to their differences: prepared, looked at, made true."""

from collections.abc import Sequence
from typing import Any

from gis_core.people import User
from layers import staging
from layers.diff import DiffRow, compute_diff, diff_counts, diff_rows
from layers.edits import apply_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Layer
from tests.layers.loading import Row, binary_copy


def prepared(
    layer: Layer, mode: str, rows: Sequence[Row], *, keep: Sequence[str] = (), author: User | None = None
) -> Changeset:
    """An import whose differences are known and which waits for their review."""
    changeset = open_changeset(layer=layer, author=author, source="import", staging_mode=mode)
    staging.copy_binary(changeset, binary_copy(rows))
    staging.keep_values(changeset, keep)
    compute_diff(changeset)
    return changeset


def carry_out(changeset: Changeset) -> Changeset:
    author = changeset.author
    return apply_changeset(changeset=submit_changeset(changeset=changeset, actor=author), actor=author)


def seen(changeset: Changeset, kind: str | None = None) -> list[DiffRow]:
    return diff_rows(changeset, kind=kind, limit=1000, fields=changeset.layer.schema)


def told(changeset: Changeset) -> list[tuple[Any, ...]]:
    """Each difference in short: kind, before, after, changed keys, whether it moved."""
    return [(row.kind, row.before, row.after, row.changed, row.geometry_changed) for row in seen(changeset)]


def numbers(changeset: Changeset) -> tuple[int, int, int, int]:
    found = diff_counts(changeset)
    return found.added, found.changed, found.removed, found.unchanged


def row(place: float | str, key: str | None = None, **properties: Any) -> Row:
    return place, ({"cad_num": key} if key else {}) | properties, key
