"""What came of an import, in a sentence and in figures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from frontend.templatetags.hromada import number


@dataclass(frozen=True)
class Figure:
    """A number with what it counts."""

    title: str
    count: int


def sentence(document: dict[str, Any]) -> str:
    """What came of it, in a sentence or two."""
    layer = document["layer"] or {}
    told = {"layer": layer.get("title") or layer.get("slug", "")}
    match document["status"]:
        case "unchanged":
            return _("The layer “%(layer)s” holds all of it already. Nothing was changed.") % told
        case "submitted":
            return _(
                "The differences wait for a reviewer. They are on the map once somebody else approved them."
            )
        case "reverted":
            return _undone(document, told)
    what = changes_text(document["applied"] or {})
    return _("Layer “%(layer)s”: %(what)s.") % {**told, "what": what or _("nothing changed")}


def _undone(document: dict[str, Any], told: dict[str, str]) -> str:
    if not (document["summary"] or {}).get("created_layer"):
        undone = _("The import was undone: the layer “%(layer)s” is as it was before.")
    elif (document["layer"] or {}).get("withdrawn"):
        undone = _(
            "The import was undone, and the layer “%(layer)s”, which it made, is withdrawn: nobody sees it, and its "
            "short name is free."
        )
    elif (document["layer"] or {}).get("exists"):
        undone = _("The import was undone. The layer “%(layer)s”, which it made, is left without features.")
    else:
        undone = _("The import was undone, and the layer “%(layer)s”, which it made, is gone with it.")
    undone = undone % told
    what = changes_text(document["applied"] or {})
    return f"{undone} {_('Taken back: %s.') % what}" if what else undone


def changes_text(applied: dict[str, int]) -> str:
    """“3 features added, 1 changed”; "" where nothing was."""
    words: dict[str, Callable[[int], str]] = {
        "added": lambda n: ngettext("%(shown)s feature added", "%(shown)s features added", n),
        "changed": lambda n: ngettext("%(shown)s changed", "%(shown)s changed", n),
        "removed": lambda n: ngettext("%(shown)s deleted", "%(shown)s deleted", n),
    }
    counts = {name: applied.get(name, 0) for name in words}
    return ", ".join(words[name](count) % {"shown": number(count)} for name, count in counts.items() if count)


def figures(document: dict[str, Any]) -> list[Figure]:
    """What became of the file's rows, of those kinds that there are; of an undone import nothing."""
    summary, diff = document["summary"], document["diff"]
    if not summary or not diff or document["status"] in ("reverted", "reverting"):
        return []
    applied = document["applied"]
    counted = applied or diff
    refused = (
        applied["refused"]
        if applied
        else diff["added"] + diff["changed"] + diff["removed"] - diff["accepted"]
    )
    known = [
        Figure(_("Features added"), counted["added"]),
        Figure(_("Features changed"), counted["changed"]),
        Figure(_("Features deleted"), counted["removed"]),
        Figure(_("Differences not taken"), refused),
        Figure(_("As they were already"), diff["unchanged"]),
        Figure(_("Geometries repaired"), summary["repaired"]),
        Figure(_("Rows left out"), summary["rejected"]),
    ]
    return [Figure(_("Rows read"), summary["read"]), *(it for it in known if it.count)]
