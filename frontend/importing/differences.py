"""The differences of an import as a table and a bar, and the findings about its rows by rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, Min, Q, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from frontend.naming import differences, feature_name, naming_field
from gis_core.people import User
from importers import review
from importers.issues import issue_of
from importers.models import Import
from importers.report import DONE, REJECTED, RULES
from importers.rule_titles import rule_title
from layers.diff import DiffRow
from layers.models import Layer

KINDS = ("added", "changed", "removed")
PAGE_SIZE = 25
MOST_FACTS = 6
MOST_ISSUES = 20


@dataclass(frozen=True)
class Part:
    """One piece of the bar. `share` is of the whole, 0 to 100; a kind that is there is never thinner than 1."""

    kind: str
    title: str
    count: int
    share: float


@dataclass(frozen=True)
class Row:
    id: int
    kind: str
    kind_title: str
    name: str
    accepted: bool
    feature_id: int | None
    changes: Sequence[Mapping[str, str]]
    facts: Sequence[Mapping[str, str]]
    moved: bool


@dataclass(frozen=True)
class Rule:
    """All findings of one kind: what it is called, how often (0 where `text` says it), what it says of the first,
    what was done."""

    rule: str
    title: str
    count: int
    text: str
    done: str
    is_loss: bool


def kind_title(kind: str) -> str:
    return {
        "added": pgettext("differences", "added"),
        "changed": pgettext("differences", "changed"),
        "removed": pgettext("differences", "removed"),
        "unchanged": pgettext("differences", "unchanged"),
        "invalid": pgettext("differences", "left out"),
    }[kind]


def bar_of(diff: Mapping[str, int]) -> list[Part]:
    total = sum(diff.get(kind, 0) for kind in (*KINDS, "unchanged", "invalid")) or 1
    parts = []
    for kind in (*KINDS, "unchanged", "invalid"):
        count = diff.get(kind, 0)
        share = max(round(100 * count / total, 1), 1.0) if count else 0.0
        parts.append(Part(kind, kind_title(kind), count, share))
    return parts


def rows_of(importing: Import, actor: User, *, kind: str, after: int) -> list[Row]:
    """A page of differences and one more, if there is more; in the fields that the reader may see and those
    that the layer is about to gain."""
    if importing.changeset is None:
        return []
    layer, fields = importing.changeset.layer, list(review.shown_fields(importing, actor))
    found = review.rows(importing, actor, kind=kind or None, limit=PAGE_SIZE + 1, after=after)
    return [_row(item, layer, fields) for item in found]


def _row(item: DiffRow, layer: Layer, fields: list[Any]) -> Row:
    state = item.after or item.before or {}
    facts = [] if item.kind == "changed" else differences(fields, None, state)
    naming = naming_field(layer, fields)
    name = item.key or (
        feature_name(naming, item.feature_id or 0, state) if naming and state.get(naming.key) else ""
    )
    return Row(
        id=item.id,
        kind=item.kind,
        kind_title=kind_title(item.kind),
        name=name or (_("No. %s") % item.feature_id if item.feature_id else _first(facts)),
        accepted=item.accepted,
        feature_id=item.feature_id,
        changes=differences(fields, item.before, item.after) if item.kind == "changed" else [],
        facts=facts[:MOST_FACTS],
        moved=item.geometry_changed,
    )  # fmt: skip


def _first(facts: Sequence[Mapping[str, str]]) -> str:
    return facts[0]["after"] if facts else _("new feature")


_SUMMED = Sum(
    Cast(KeyTextTransform("count", "params"), BigIntegerField()),
    filter=Q(row__isnull=True, params__has_key="count"),
)
"""Some findings are noted once for a field, with how many of its values they are of."""


def rules_of(importing: Import) -> list[Rule]:
    """The findings by rule, losses first, then the most frequent."""
    firsts = importing.issues.values("rule").annotate(count=Count("pk"), first=Min("pk"), sums=_SUMMED)
    listed = list(firsts)
    samples = {it.pk: it for it in importing.issues.filter(pk__in=[it["first"] for it in listed])}
    rules = []
    for item in listed:
        it = samples[item["first"]]
        issue = issue_of(it)
        told_once = item["sums"] and item["count"] == 1  # the sentence says how many
        count = 0 if told_once else item["sums"] or importing.issue_counts.get(it.rule, item["count"])
        done = str(DONE.get(it.done, it.done))
        rules.append(
            Rule(it.rule, _capital(rule_title(it.rule)), count, issue.message, done, it.done == REJECTED)
        )
    return sorted(rules, key=lambda rule: (not rule.is_loss, -rule.count))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def issues_of(importing: Import, rule: str) -> list[dict[str, Any]]:
    """The first findings of a rule, or of all, as rows of a table."""
    found = importing.issues.order_by("pk")
    if rule in RULES:
        found = found.filter(rule=rule)
    shown = []
    for it in found[:MOST_ISSUES]:
        issue = issue_of(it)
        shown.append({
            "row": it.row, "message": issue.message, "done": str(DONE.get(it.done, it.done)),
            "is_loss": it.done == REJECTED, "point": issue.point,
        })  # fmt: skip
    return shown
