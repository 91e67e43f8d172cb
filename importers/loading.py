"""A file becomes staged rows of a changeset: read in the sandbox and copied into the database at once.

    conversion = load(path, changeset=draft, work=work, layer="ділянки", crs="9832", encoding="cp1251")

The reading process works on the next rows while PostgreSQL takes the last ones in, and neither has to keep
them: memory is that of a few batches, whatever the size of the file.
"""

from pathlib import Path
from typing import Unpack

from django.db import transaction

from importers.errors import ReaderStopped
from importers.rows import CopyStream, RowNumbers
from importers.sandbox import Conversion
from importers.sandbox.ear import Progress
from importers.sandbox.launcher import Asked, converting
from layers import staging
from layers.models import Changeset


def refusal_issues(work: Path) -> Path:
    """Where the issues of a NothingLeft lie that `load` raised."""
    return work / "out" / "issues.jsonl"


def load(
    path: Path, *, changeset: Changeset, work: Path | str, name: str = "", on_progress: Progress | None = None,
    numbers: RowNumbers | None = None, **asked: Unpack[Asked],
) -> Conversion:  # fmt: skip
    """Bring one layer of a file into the staging table of a draft changeset, in the caller's transaction.

    `asked` is as for `sandbox.convert_file`, and so is what comes back, but for `rows_file`: there is
    none. `changeset` has an empty staging table (`open_changeset(staging_mode=...)`). `on_progress(rows, of)`
    may raise to stop; so does cancelling the job. `numbers` learns which row of the source each staged row
    was. Raises ImportProblem, Cancelled, what `on_progress` raises, and django.db.IntegrityError or DataError
    for rows that no reader of ours would have given; then the staging table is as before and the reading
    process has ended. Of NothingLeft the issues stay in `work` (`refusal_issues`).
    """
    with (
        transaction.atomic(),
        converting(path, asked, work=Path(work), name=name, on_progress=on_progress) as reader,
    ):
        batches = reader.batches()
        rows = CopyStream(batches if numbers is None else numbers.watched(batches))
        try:
            staging.copy_binary(changeset, rows)
        except Exception:
            if rows.error is not None:  # COPY tells only that reading failed
                raise rows.error from None
            raise
        conversion = reader.conversion()
        if conversion.converted != rows.rows:
            raise ReaderStopped(name=name or path.name)
    return conversion
