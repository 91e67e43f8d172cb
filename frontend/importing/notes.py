"""What was noted about a file's letters and coordinate system, in the reader's language and the names people use."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from frontend.coordinate_systems import encoding_name, system_name
from importers.detect.notes import Note, notes_from_json

_SYSTEM = re.compile(r"(EPSG:\d{4,6}) ([^,]*?)(?: \((\d+) m\))?(?=,|$)")
"""A system as notes name it: “EPSG:5561 UCS-2000 (94 m)”."""
_ENCODINGS = frozenset({"first", "second", "other"})


def notes_of(source: Mapping[str, Any]) -> list[str]:
    """Sentences about a layer of a file."""
    kept = [*source.get("encoding_notes", ()), *source.get("crs_notes", ())]
    return [str(_named(note)) for note in notes_from_json(kept)]


def _named(note: Note) -> Note:
    about_letters = note.code.startswith("encoding-")
    params = {
        name: _in_words(value, is_encoding=about_letters and name in _ENCODINGS | {"declared", "found"})
        for name, value in note.params.items()
    }
    return replace(note, params=params)


def _in_words(value: Any, *, is_encoding: bool) -> Any:
    if not isinstance(value, str):
        return value
    return encoding_name(value) if is_encoding else _SYSTEM.sub(_system, value)


def _system(found: re.Match[str]) -> str:
    code, registered, metres = found.groups()
    name = system_name(code, registered)
    return _("%(system)s (%(metres)s m)") % {"system": name, "metres": metres} if metres else name
