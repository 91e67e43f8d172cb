"""Tables of codes on their way through an import: which column gives the rows their places, and what came of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path

import orjson

from gis_core import limits
from importers.choices import Choices
from importers.errors import NothingLeft, ParcelsNeeded
from importers.joining import CAD_NUM, CodeColumn, code_columns, join_geometry, parcels_layer
from importers.models import Import
from importers.plan import LayerPlan
from importers.report import RowIssue
from importers.rows import RowNumbers
from importers.sandbox import Conversion
from importers.surroundings import area_of
from layers.access import visible_layers
from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType

_AS_POINTS = {GeometryType.POINT: True, GeometryType.POLYGON: False}


def join_column(importing: Import, plan: LayerPlan) -> CodeColumn | None:
    """The stored column of a table without coordinates whose codes give its rows their places, if it has one.

    Raises ParcelsNeeded where cadastral numbers are the only codes and no layer of the community has them.
    """
    keys = {item.source: item.key for item in plan.fields}
    found = [
        replace(item, key=keys[item.source]) for item in code_columns(plan.source) if item.source in keys
    ]
    if found and found[0].kind == CAD_NUM and _parcels(importing) is None:
        found = [item for item in found if item.kind != CAD_NUM]
        if not found:
            raise ParcelsNeeded(layer=plan.source.name)
    return found[0] if found else None


def place_rows(
    importing: Import, plan: LayerPlan, changeset: Changeset, conversion: Conversion, column: CodeColumn,
    numbers: RowNumbers,
) -> Conversion:  # fmt: skip
    """Give the staged rows of a table their geometry; those that get none are left out and told among its issues.

    Raises NothingLeft where that is all of them.
    """
    source, source_key = (_parcels(importing) if column.kind == CAD_NUM else None) or (None, "")
    told = sum(conversion.issue_counts.values())
    tell = partial(_tell, conversion.issues_file, column.source, max(0, limits.value("max_issues") - told))
    result = join_geometry(
        changeset, kind=column.kind, code_key=column.key, source_layer=source, source_key=source_key,
        as_points=_AS_POINTS.get(GeometryType(plan.geometry_type or GeometryType.ANY)), numbers=numbers,
        area=area_of(importing.community), tell=tell,
    )  # fmt: skip
    counts = Counter(conversion.issue_counts) + Counter(result.issue_counts)
    if not result.joined:
        [(rule, _)] = Counter(result.issue_counts).most_common(1)
        raise NothingLeft(layer=plan.source.name, rows=conversion.read, rule=rule, rules=dict(counts))
    return replace(
        conversion, converted=result.joined, rejected=conversion.read - result.joined, outside=result.outside,
        extent=result.extent, geometry_type=result.geometry_type, issue_counts=dict(counts),
    )  # fmt: skip


def _parcels(importing: Import) -> tuple[Layer, str] | None:
    layers = visible_layers(importing.owner) if importing.owner else Layer.objects.filter(is_draft=False)
    target = Choices.from_json(importing.choices).layer
    others = layers.filter(community=importing.community).exclude(slug=target).order_by("pk")
    return parcels_layer(others, reader=importing.owner)


def _tell(file: Path, column: str, most: int, issues: Iterator[RowIssue]) -> None:
    """Add at most so many issues to those that the reading process wrote, with the column's name in the source."""
    with file.open("ab") as lines:
        for issue in islice(issues, most):
            named = replace(issue, field=column) if issue.field else issue
            lines.write(orjson.dumps(asdict(named), option=orjson.OPT_APPEND_NEWLINE))
