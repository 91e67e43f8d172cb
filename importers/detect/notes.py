"""What is said of a file's encoding and coordinate system besides the choice itself: codes, params, sentences.

The reading process finds notes and sends them as code and params; they become sentences here, in the
language of whoever reads them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

MESSAGES: dict[str, Any] = {
    "encoding-contradicted": _(
        "The file says its letters are %(declared)s, but they only make sense as %(found)s: compare “%(as_declared)s” "
        "with “%(as_found)s”."
    ),
    "encoding-letters-lost": _(
        "The text was once saved in a code page without “і”, “ґ” and “Ґ” (CP866): in %(count)s of the values "
        "looked at, letters were replaced, as in “%(sample)s”. They cannot be brought back; ask for the original."
    ),
    "encoding-mojibake": _(
        "The text was damaged before it was sent: %(first)s was read as %(second)s, so that it shows “%(sample)s” "
        "where “%(meant)s” was meant. Ask for the original file."
    ),
    "encoding-mixed": _(
        "Two encodings are mixed in the text: “%(as_utf8)s” is UTF-8 and “%(as_other)s” is %(other)s, as where two "
        "files were put together. Each can be read as what it is; look at the rows."
    ),
    "encoding-mixed-lines": _("In the rarer of the two are %(count)s lines of the file: %(lines)s."),
    "crs-contradicted": _(
        "The file says %(declared)s, but in that system only %(declared_share)s %% of it would lie where the "
        "community is; in %(found)s it is %(found_share)s %%."
    ),
    "crs-guessed": _(
        "The file does not say in which coordinate system it is; %(found)s was chosen because %(found_share)s %% of "
        "it then lie where the community is."
    ),
    "crs-swapped": _("X and Y stand in the wrong order in the file; they are exchanged."),
    "crs-elsewhere": _(
        "By its own coordinate system (%(declared)s) the data lie elsewhere: only %(declared_share)s %% of them "
        "near the community, around %(lon)s; %(lat)s."
    ),
    "crs-near-alternatives": _(
        "Numbers like these would also fit %(alternatives)s; the distance is how far the data would then move."
    ),
}


@dataclass(frozen=True)
class Note:
    """One thing to say: a code of MESSAGES and what fills its placeholders."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        # Not there in the reading process, which writes no sentences.
        from django.utils.formats import localize

        params = {
            name: localize(value) if isinstance(value, float) else value
            for name, value in self.params.items()
        }
        try:
            return str(MESSAGES[self.code]) % params
        except (KeyError, TypeError, ValueError):
            return self.code


def notes_from_json(found: Iterable[Any]) -> tuple[Note, ...]:
    """Notes as another process sent them. Raises KeyError, TypeError or ValueError where they are none."""
    return tuple(
        Note(str(item["code"]), {str(key): value for key, value in dict(item["params"]).items()})
        for item in found
    )


def text_of_notes(notes: Iterable[Note]) -> str:
    """The notes as one text in the active language."""
    return " ".join(str(note) for note in notes)
