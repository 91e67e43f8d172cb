"""Polygons of administrative units out of a file of any kind, opened in the sandbox like every other file."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from gis_core.boundaries import BoundaryLoad, load_boundaries
from importers.folders import work_folder
from importers.rows import CopyStream
from importers.sandbox import FieldMapping, convert_file, read_issues
from importers.uploads import display_name


@dataclass(frozen=True)
class PolygonJoin:
    """Rows of the file (`read`, of which `rejected` have no usable polygon: `issues` say why), and what
    became of the others."""

    read: int
    repaired: int
    rejected: int
    issues: list[str]
    units: BoundaryLoad

    def as_json(self) -> dict[str, Any]:
        document = asdict(self)
        return document | document.pop("units")


def join_polygons(
    *,
    file: Path,
    code_field: str,
    prefix_match: bool = False,
    source_layer: str = "",
    crs: str = "",
    encoding: str = "",
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> PolygonJoin:
    """Join the polygons of a file to the register by the codes in its field `code_field`.

    Raises ImportProblem where the file cannot be read; then nothing has changed.
    """
    with work_folder() as work:
        conversion = convert_file(
            file, work=work, name=display_name(file.name), layer=source_layer, crs=crs, encoding=encoding,
            geometry_type="Polygon", fields=[FieldMapping(code_field, "code", "string")],
            on_progress=on_progress,
        )  # fmt: skip
        issues = [
            f"{issue.row}: {issue.message}" for issue in read_issues(conversion.issues_file) if issue.row
        ]
        rows = cast(Any, CopyStream(conversion.rows_file))
        units = load_boundaries(rows=rows, prefix_match=prefix_match)
    return PolygonJoin(conversion.read, conversion.repaired, conversion.rejected, issues, units)
