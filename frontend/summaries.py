"""What an import did, as the pages of its job and of its changeset tell it."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from frontend.coordinate_systems import encoding_name, system_name
from importers.issues import first_issues
from importers.models import Import
from importers.report import DONE, REJECTED, RowIssue
from layers.access import Reader, ReadSource, read_source, visible_layers
from layers.models import Changeset

COUNTS = ("read", "imported", "repaired", "rejected")
ISSUE_PARTS = ("row", "rule", "done", "field", "value", "params")
SHOWN_ISSUES = 200


def import_summary(result: Any, issues: Sequence[dict[str, Any]] | None = None) -> dict[str, Any] | None:
    """Context for the page, with the first issues or the given ones; None where this is no import's result."""
    if not isinstance(result, dict) or not {"layer", "changeset", *COUNTS} <= set(result):
        return None
    community, _dot, slug = str(result["layer"]).partition(".")
    shown = [_issue(item) for item in (result.get("first_issues", []) if issues is None else issues)]
    return {
        **{name: result[name] for name in COUNTS},
        "layer": result["layer"],
        "layer_url": reverse("layer", args=[community, slug]),
        "changeset_url": reverse("changeset", args=[community, result["changeset"]]),
        "waits_for_review": result.get("status", "applied") != Changeset.Status.APPLIED,
        "crs": result.get("crs", ""),
        "crs_name": system_name(result.get("crs", ""), result.get("crs_name", "")),
        "accuracy_m": result.get("accuracy_m"),
        "encoding": encoding_name(result.get("encoding", "")),
        "issues": shown,
        "more_issues": max(0, int(result.get("issues", 0)) - len(shown)),
    }


def job_summary(result: Any, user: Reader) -> dict[str, Any] | None:
    """The summary of an import's job, with issues for those who may read all of the layer."""
    summary = import_summary(result)
    if summary is None:
        return None
    changeset = Changeset.objects.select_related("layer__community").filter(pk=result["changeset"]).first()
    if changeset is None or not visible_layers(user).filter(pk=changeset.layer_id).exists():
        return summary
    return import_report(changeset, read_source(user, changeset.layer)) or summary


def import_report(changeset: Changeset, source: ReadSource) -> dict[str, Any] | None:
    """The same from what was kept with the changeset, with more issues.

    None where nothing was kept, and for readers from whom a field is closed: issues quote values.
    """
    if len(source.fields) < len(source.layer.schema.fields):
        return None
    importing = Import.objects.filter(changeset=changeset).first()
    return import_summary(importing.summary, first_issues(importing, SHOWN_ISSUES)) if importing else None


def _issue(item: dict[str, Any]) -> dict[str, Any]:
    parts = {name: item[name] for name in ISSUE_PARTS if name in item}
    issue = RowIssue(**{"row": None, "rule": "", "done": "", **parts})
    return {
        "row": issue.row,
        "message": issue.message,
        "done": DONE.get(issue.done, issue.done),
        "is_loss": issue.done == REJECTED,
    }
