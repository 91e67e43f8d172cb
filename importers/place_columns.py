"""Which column of a table without coordinates says by its codes where the rows lie: what is proposed, what is asked.

What joins the most rows comes first, and of those the most specific: a parcel before a unit, a settlement before the
hromada that it is in (it has more different codes). A person may choose another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from importers.errors import FieldNotInFile, PlaceColumnNeeded
from importers.sandbox.protocol import LayerInspection

KATOTTG, KOATUU, CAD_NUM = "katottg", "koatuu", "cad_num"
KINDS: dict[str, Any] = {
    CAD_NUM: _("cadastral number"),
    KATOTTG: _("KATOTTG code"),
    KOATUU: _("KOATUU code"),
}
"""The most exact first."""
# The share of a column's filled values that must have the form of a code; forms as in detect.columns.
_SURE = 0.8
_FORMS = {CAD_NUM: ("cad_num", "cad_num_exact"), KATOTTG: ("katottg",), KOATUU: ("koatuu_zeros", "koatuu")}
_NAMES = {CAD_NUM: ("кадастр", "cad"), KATOTTG: ("катоттг", "katot"), KOATUU: ("коатуу", "koatuu")}
# Of the rows that the fullest column has, this share is “most”; from this one on a column is worth asking about.
_MOST, _MANY = 0.9, 0.5
_AS_SPECIFIC = 0.8


@dataclass(frozen=True)
class CodeColumn:
    """A column of a table (its name in the source and its key) whose values are codes of `kind`: `share` of the filled
    ones, which are `filled` of the rows; `distinct` different ones in the sample."""

    source: str
    key: str
    kind: str
    share: float
    filled: float = 1.0
    distinct: int = 0

    @property
    def rows(self) -> float:
        """The share of the rows that it could give a place."""
        return self.share * self.filled


def code_columns(layer: LayerInspection) -> list[CodeColumn]:
    """The columns of a table by which it could be joined, the proposed one first; [] for a layer with geometry."""
    if layer.geometry_type:
        return []
    found = [
        CodeColumn(
            item.name, item.key, kind, share,
            float(item.profile.get("filled", 1.0)), int(item.profile.get("distinct", 0)),
        )
        for item in layer.fields
        for kind in KINDS
        if (share := _share(item.name, item.profile, kind)) >= _SURE
    ]  # fmt: skip
    return _ordered(found)


def _ordered(found: Sequence[CodeColumn]) -> list[CodeColumn]:
    most = _MOST * max((item.rows for item in found), default=0.0)
    kinds = list(KINDS)
    return sorted(found, key=lambda item: (item.rows < most, kinds.index(item.kind), -item.distinct))


def _share(name: str, profile: Mapping[str, Any], kind: str) -> float:
    """Share of the values with the form of the kind; ten digits are a KOATUU only where the name says so, too."""
    patterns = profile.get("patterns", {})
    share = max((float(patterns.get(form, 0.0)) for form in _FORMS[kind]), default=0.0)
    named = any(part in name.lower() for part in _NAMES[kind])
    return share if kind != KOATUU or named else 0.0


def chosen_column(found: Sequence[CodeColumn], wanted: str, *, layer: str) -> CodeColumn | None:
    """The column that a person named, else the proposed one; None where no column has codes, or none is needed.
    Raises FieldNotInFile for one without codes."""
    if not wanted or not found:
        return found[0] if found else None
    for item in found:
        if item.source == wanted:
            return item
    raise FieldNotInFile(layer=layer, field=wanted, choices=", ".join(item.source for item in found))


def refuse_undecided_column(found: Sequence[CodeColumn], *, layer: str) -> None:
    """Raises PlaceColumnNeeded where several columns could say where the rows lie and none is clearly the one."""
    if len(found) > 1 and any(_competes(item, found[0]) for item in found[1:]):
        raise PlaceColumnNeeded(layer=layer, choices=", ".join(item.source for item in found))


def _competes(other: CodeColumn, first: CodeColumn) -> bool:
    """Codes of the same kind that are about as many, of as many rows (from and to where?); or that are more exact,
    but of fewer rows."""
    if other.rows < _MANY:
        return False
    if other.rows < _MOST * first.rows:
        return other.kind == first.kind and other.distinct > first.distinct
    return other.kind == first.kind and other.distinct >= _AS_SPECIFIC * first.distinct


def place_options(found: Sequence[CodeColumn], layer: LayerInspection, wanted: str) -> list[dict[str, Any]]:
    """The columns to choose from, for a form: the proposed one first; `chosen` is what counts as things are."""
    profiles = {item.name: item.profile for item in layer.fields}
    named = wanted in {item.source for item in found}
    return [
        {
            "source": item.source,
            "kind": item.kind,
            "kind_label": str(KINDS[item.kind]),
            "filled": round(item.filled, 3),
            "distinct": item.distinct,
            "samples": list(profiles[item.source].get("samples", ())),
            "chosen": item.source == wanted if named else place == 0,
        }
        for place, item in enumerate(found)
    ]
