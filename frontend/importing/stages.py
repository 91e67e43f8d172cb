"""Where an import is, as the line of four steps at the head of its page."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

WORKING = frozenset({"received", "inspecting", "preparing", "applying", "reverting"})
DONE = frozenset({"applied", "submitted", "unchanged", "reverted", "reverting"})
CHIPS = {
    "waiting": "warn", "ready": "warn", "applied": "good", "submitted": "info", "unchanged": "good",
    "failed": "bad", "cancelled": "", "reverted": "", "reverting": "info",
}  # fmt: skip
"""Status to the colour of its chip; what is being worked on is `info`."""
CHECK, DIFFERENCES, FINISH = 1, 2, 3


@dataclass(frozen=True)
class Stage:
    """`state` is done, current or ahead."""

    title: str
    state: str


def place_of(document: dict[str, Any]) -> int:
    """The step that is due: CHECK, DIFFERENCES or FINISH; of a failed or stopped import where it stood."""
    status = document["status"]
    if status in DONE or status == "applying":
        return FINISH
    if status in ("preparing", "ready"):
        return DIFFERENCES
    if status in ("failed", "cancelled") and document["summary"]:
        return DIFFERENCES
    return CHECK


def may_be_checked(document: dict[str, Any]) -> bool:
    """Whether the reader can go back to the check and decide otherwise, whatever came of the decisions so far."""
    known = bool((document["inspection"] or {}).get("layers"))
    return known and document["can"]["decide"] and document["status"] in ("ready", "failed", "cancelled")


def stages_of(document: dict[str, Any]) -> list[Stage]:
    due = place_of(document)
    titles = [_("File"), _("Check"), _("Differences"), _("Done")]
    ended = document["status"] in DONE
    return [
        Stage(title, "done" if number < due or (ended and number == due) else "current" if number == due else "ahead")
        for number, title in enumerate(titles)
    ]  # fmt: skip


def chip_of(status: str) -> str:
    return "info" if status in WORKING else CHIPS.get(status, "")
