"""What an import did, in numbers: kept with the import, shown by page, API and command line."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from importers.issues import first_issues
from importers.models import Import
from importers.plan import LayerPlan
from importers.sandbox import Conversion
from importers.surroundings import lies_elsewhere
from layers.diff import DiffCounts
from layers.models import Changeset

_SHOWN_ISSUES = 20


@dataclass(frozen=True, kw_only=True)
class ImportSummary:
    """Counts read to outside are rows of the file; added to unchanged are what differs from the layer as it was;
    created to deleted features, once applied. `changeset` is None where nothing was to change; `issues` is
    the number of things found about rows; as many as the limit `max_issues` are kept as ImportIssue."""

    layer: str
    created_layer: bool
    changeset: int | None
    status: str
    read: int
    imported: int
    repaired: int
    rejected: int
    outside: int
    elsewhere: bool
    crs: str
    crs_name: str
    operation: str
    accuracy_m: float | None
    encoding: str
    access_level: str
    issues: int
    issue_counts: dict[str, int] = field(default_factory=dict)
    new_fields: list[dict[str, Any]] = field(default_factory=list)
    personal: list[dict[str, Any]] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    revision: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    first_issues: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def prepared_summary(
    plan: LayerPlan, conversion: Conversion, changeset: Changeset, counts: DiffCounts
) -> ImportSummary:
    """What is known once the rows are staged."""
    crs = conversion.crs
    return ImportSummary(
        layer=changeset.layer.full_name,
        created_layer=plan.layer is None,
        changeset=changeset.pk,
        status=changeset.status,
        read=conversion.read,
        imported=conversion.converted,
        repaired=conversion.repaired,
        rejected=conversion.rejected,
        outside=conversion.outside,
        elsewhere=lies_elsewhere(conversion),
        crs=crs.code if crs else "",
        crs_name=crs.name if crs else "",
        operation=conversion.operation,
        accuracy_m=conversion.accuracy_m,
        encoding=conversion.encoding,
        access_level=changeset.layer.access_level,
        issues=sum(conversion.issue_counts.values()),
        issue_counts=conversion.issue_counts,
        new_fields=list(plan.new_fields),
        personal=list(plan.personal),
        added=counts.added,
        changed=counts.changed,
        removed=counts.removed,
        unchanged=counts.unchanged,
    )


def with_changeset(summary: dict[str, Any], changeset: Changeset) -> dict[str, Any]:
    """The kept summary with what the changeset came to."""
    return {
        **summary,
        "status": changeset.status,
        "revision": changeset.revision or 0,
        "created": changeset.created_count,
        "updated": changeset.updated_count,
        "deleted": changeset.deleted_count,
    }


def summary_as_it_stands(importing: Import) -> dict[str, Any] | None:
    """The kept summary with what its changeset came to since: a reviewer applies it later than it was handed in."""
    summary, changeset = importing.summary, importing.changeset
    return summary if summary is None or changeset is None else with_changeset(summary, changeset)


def summary_of(importing: Import) -> ImportSummary:
    """What is kept of a prepared import, with the first issues; left-out rows come first."""
    known = {item.name for item in fields(ImportSummary)}
    kept = {name: value for name, value in (importing.summary or {}).items() if name in known}
    return ImportSummary(**{**kept, "first_issues": first_issues(importing, _SHOWN_ISSUES)})
