"""The only door to a user's file: it is opened in a process that has given up every other right.

    with tempfile.TemporaryDirectory() as work:
        inspection = inspect_file(path, name="ділянки.zip", work=work, local_srid=9832) conversion =
        convert_file(path, name="ділянки.zip", work=work, layer="ділянки", crs="9832", encoding="cp1251") for
        batch in read_rows(conversion.rows_file): ... for issue in read_issues(conversion.issues_file): ...

What the file does not say (CRS, encoding, which layer) is asked as an exception with options, never guessed.

Names are found when they are asked for: the process that opens the file imports this package too, twice an
import, and needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_ELSEWHERE = {
    "read_issues": "importers.report",
    "read_rows": "importers.sandbox.handover",
    "convert_file": "importers.sandbox.launcher",
    "inspect_file": "importers.sandbox.launcher",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ELSEWHERE.get(name, "importers.sandbox.protocol")), name)
