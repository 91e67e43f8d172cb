"""What was found about the rows of a file, kept as rows of ImportIssue."""

import io
import json
import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Case, QuerySet, When

from gis_core.jobs.plain import plain_json, plain_text
from importers.models import Import, ImportIssue
from importers.report import REJECTED, RowIssue, read_issues

_COLUMNS = ("import_id", "row", "rule", "done", "field", "value", "params", "point")
_POINT_4326 = "0101000020E6100000"  # EWKB: little-endian point with SRID 4326
_BATCH, _CHUNK = 1000, 1 << 20
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def keep_issues(importing: Import, file: Path) -> None:
    """Copy the issues that the sandbox wrote (JSON lines) into the database; memory stays flat."""
    add_issues(importing, read_issues(file))


def add_issues(importing: Import, issues: Iterable[RowIssue]) -> None:
    """Copy issues into the database, beside those that are there."""
    statement = f"COPY importers_importissue ({', '.join(_COLUMNS)}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.cursor.copy_expert(statement, _CopyText(importing.pk, iter(issues)), size=_CHUNK)


class _CopyText(io.RawIOBase):
    """A readable file of COPY's text format, made a batch at a time."""

    def __init__(self, import_id: int, issues: Iterator[RowIssue]) -> None:
        self._import_id = import_id
        self._issues = issues
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            self._rest = "".join(map(self._line, islice(self._issues, _BATCH))).encode()
            if not self._rest:
                return b""
        given, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return given

    def _line(self, issue: RowIssue) -> str:
        texts = (issue.rule[:40], issue.done[:10], issue.field[:120], issue.value[:100])
        params = json.dumps(plain_json(issue.params), ensure_ascii=False)
        cells = [
            str(self._import_id),
            "\\N" if issue.row is None else str(issue.row),
            *(plain_text(text).translate(_ESCAPES) for text in texts),
            params.translate(_ESCAPES),
            "\\N" if issue.point is None else _POINT_4326 + struct.pack("<dd", *issue.point).hex(),
        ]
        return "\t".join(cells) + "\n"


def first_issues(importing: Import, limit: int) -> list[dict[str, Any]]:
    """The first issues as the parts of a RowIssue; what left many rows out comes first, then each that was."""
    losses_first = Case(When(done=REJECTED, row=None, then=0), When(done=REJECTED, then=1), default=2)
    found = importing.issues.order_by(losses_first, "pk")[:limit]
    return [
        {
            "row": it.row, "rule": it.rule, "done": it.done, "field": it.field, "value": it.value,
            "params": it.params, "point": it.point.coords if it.point else None,
        }
        for it in found
    ]  # fmt: skip


def issues_after(importing: Import, *, rule: str = "", after: int = 0) -> QuerySet[ImportIssue]:
    """The issues of one rule or of all, with an id above `after`, in the order in which they were found."""
    found = importing.issues.filter(pk__gt=after).order_by("pk")
    return found.filter(rule=rule) if rule else found


def issue_of(item: ImportIssue) -> RowIssue:
    """What is kept, as it was found."""
    point = (item.point.x, item.point.y) if item.point else None
    return RowIssue(item.row, item.rule, item.done, item.field, item.value, item.params, point)
