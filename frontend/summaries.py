"""The result of an import as its job's page tells it."""

from typing import Any

from django.urls import reverse

from frontend.coordinate_systems import crs_name, encoding_name
from importers.report import DONE, RowIssue

ISSUE_PARTS = ("row", "rule", "done", "field", "value", "params")
COUNTS = ("read", "imported", "repaired", "rejected")


def import_summary(result: Any) -> dict[str, Any] | None:
    """Context for the page; None where the result is not that of an import."""
    if not isinstance(result, dict) or not {"layer", "changeset", *COUNTS} <= set(result):
        return None
    community, _dot, slug = str(result["layer"]).partition(".")
    issues = [_issue(item) for item in result.get("first_issues", [])]
    return {
        **{name: result[name] for name in COUNTS},
        "layer": result["layer"],
        "layer_url": reverse("layer", args=[community, slug]),
        "changeset": result["changeset"],
        "changeset_url": reverse("changeset", args=[community, result["changeset"]]),
        "waits_for_review": result.get("revision") is None,
        "crs": result.get("crs", ""),
        "crs_name": _crs_name(result.get("crs", ""), result.get("crs_name", "")),
        "accuracy_m": result.get("accuracy_m"),
        "encoding": encoding_name(result.get("encoding", "")),
        "issues": issues,
        "more_issues": max(0, int(result.get("issues", 0)) - len(issues)),
    }


def _crs_name(code: str, registered: str) -> str:
    """Our name for the system, else the one it has in the register."""
    number = code.removeprefix("EPSG:")
    ours = crs_name(int(number)) if number.isdigit() else ""
    return registered if not ours or ours == code else ours


def _issue(item: dict[str, Any]) -> dict[str, Any]:
    issue = RowIssue(
        **{"row": None, "rule": "", "done": "", **{k: item[k] for k in ISSUE_PARTS if k in item}}
    )
    return {
        "row": issue.row,
        "field": issue.field,
        "message": issue.message,
        "done": DONE.get(issue.done, issue.done),
        "is_loss": issue.done == "rejected",
    }
