"""The only door to a user's file: it is opened in a process that has given up every other right.

    with tempfile.TemporaryDirectory() as work:
        inspection = inspect_file(path, name="ділянки.zip", work=work, local_srid=9832) conversion =
        convert_file(path, name="ділянки.zip", work=work, layer="ділянки", crs="9832", encoding="cp1251") for
        batch in read_rows(conversion.rows_file): ... for issue in read_issues(conversion.issues_file): ...

What the file does not say (CRS, encoding, which layer) is asked as an exception with options, never guessed.
"""

from importers.report import read_issues
from importers.sandbox.handover import read_rows
from importers.sandbox.launcher import convert_file, inspect_file
from importers.sandbox.protocol import (
    Conversion,
    CrsInfo,
    CrsOption,
    EncodingOption,
    FieldMapping,
    FileInspection,
    LayerInspection,
)

__all__ = [
    "Conversion",
    "CrsInfo",
    "CrsOption",
    "EncodingOption",
    "FieldMapping",
    "FileInspection",
    "LayerInspection",
    "convert_file",
    "inspect_file",
    "read_issues",
    "read_rows",
]
