"""Tables of codes on their way through an import: which column gives the rows their places, and what came of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from gis_core import limits
from importers.choices import Choices
from importers.errors import NothingLeft, ParcelsNeeded
from importers.joining import join_geometry, parcels_layer
from importers.letters import words_of
from importers.mapping import ProposedField, kept
from importers.models import Import
from importers.place_columns import (
    CAD_NUM,
    CodeColumn,
    chosen_column,
    code_columns,
    place_options,
    refuse_undecided_column,
)
from importers.plan import LayerPlan
from importers.report import REJECTED, RowIssue
from importers.rows import RowNumbers
from importers.sandbox import Conversion, LayerInspection
from importers.surroundings import area_of
from layers.access import visible_layers
from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType

MOSTLY_UNKNOWN = "codes-mostly-unknown"
_NAMES = ("назва", "найменування", "name", "nazva", "title")
_NAME_WORDS = frozenset(word for name in _NAMES for word in words_of(name))
_AS_POINTS = {GeometryType.POINT: True, GeometryType.POLYGON: False}


def usable_columns(importing: Import, source: LayerInspection, stored: Mapping[str, str]) -> list[CodeColumn]:
    """The columns by which a table's rows can be given their places, the proposed one first: of those that are stored
    (`stored`: column -> its key), and beside others cadastral numbers only where the community has parcels, or where
    a person named the column."""
    wanted = Choices.from_json(importing.choices).place_column
    found = [replace(item, key=stored[item.source]) for item in code_columns(source) if item.source in stored]
    others = [item for item in found if item.kind != CAD_NUM or item.source == wanted]
    if not others or len(others) == len(found) or _parcels(importing) is not None:
        return found
    return others


def join_column(importing: Import, plan: LayerPlan) -> CodeColumn | None:
    """The stored column of a table without coordinates whose codes give its rows their places, if it has one: the
    chosen or else the proposed one.

    Raises ParcelsNeeded where cadastral numbers are the only codes (or were chosen) and no layer of the community has
    them, FieldNotInFile where the chosen column has no codes or is left out.
    """
    wanted = Choices.from_json(importing.choices).place_column
    column = chosen_column(_usable(importing, plan), wanted, layer=plan.source.name)
    if column is not None and column.kind == CAD_NUM and _parcels(importing) is None:
        raise ParcelsNeeded(layer=plan.source.name)
    return column


def refuse_undecided_place(importing: Import, plan: LayerPlan) -> None:
    """Raises PlaceColumnNeeded for a table of which several columns could say where the rows lie, if nobody chose."""
    if not Choices.from_json(importing.choices).place_column:
        refuse_undecided_column(_usable(importing, plan), layer=plan.source.name)


def _usable(importing: Import, plan: LayerPlan) -> list[CodeColumn]:
    return usable_columns(importing, plan.source, {item.source: item.key for item in plan.fields})


def places_document(
    importing: Import, source: LayerInspection | None, proposed: Sequence[ProposedField]
) -> list[dict[str, Any]]:
    """The columns of a table that could say where its rows lie, as `place_options` gives them."""
    if source is None or source.geometry_type:
        return []
    choices = Choices.from_json(importing.choices)
    stored = {item.source: item.key for item in proposed if kept(item, choices)}
    return place_options(usable_columns(importing, source, stored), source, choices.place_column)


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
        name_key=_name_key(plan), area=area_of(importing.community), tell=tell,
    )  # fmt: skip
    counts = Counter(conversion.issue_counts) + Counter(result.issue_counts)
    if not result.joined:
        [(rule, _)] = Counter(result.issue_counts).most_common(1)
        raise NothingLeft(layer=plan.source.name, rows=conversion.read, rule=rule, rules=dict(counts))
    if result.missing > result.joined:
        told_of = {"joined": result.joined, "rows": result.joined + result.missing}
        _tell(conversion.issues_file, column.source, 1, iter([_warning(column, told_of)]))
        counts[MOSTLY_UNKNOWN] += 1
    return replace(
        conversion, converted=result.joined, rejected=conversion.read - result.joined, outside=result.outside,
        extent=result.extent, geometry_type=result.geometry_type, issue_counts=dict(counts),
    )  # fmt: skip


def _warning(column: CodeColumn, params: dict[str, Any]) -> RowIssue:
    return RowIssue(None, MOSTLY_UNKNOWN, REJECTED, column.source, "", params)


def _name_key(plan: LayerPlan) -> str:
    """The field by which people know a row; "" where there is none, or only one with personal data."""
    personal = {item["source"] for item in plan.personal}
    named = [item for item in plan.fields if item.type in ("string", "text") and item.source not in personal]
    known = [item.key for item in named if item.key in ("name_uk", "name", "title")]
    called = [item.key for item in named if not _NAME_WORDS.isdisjoint(words_of(item.source))]
    return next(iter(known or called), "")


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
