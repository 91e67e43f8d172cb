"""Short names of the findings of `importers.report`, and what to do where no row of a file was left."""

from typing import Any

from django.utils.translation import gettext_lazy as _

TITLES: dict[str, Any] = {
    "geometry-missing": _("no geometry"),
    "geometry-unreadable": _("damaged geometry"),
    "geometry-curved": _("arcs in the geometry"),
    "geometry-type": _("geometry of another kind"),
    "geometry-reduced": _("geometry of mixed kinds"),
    "geometry-invalid": _("invalid geometry, repaired"),
    "geometry-collapsed": _("nothing left of the geometry after repair"),
    "repair-too-long": _("geometry too intricate to repair"),
    "coordinates-not-finite": _("coordinates that are no numbers"),
    "coordinates-out-of-range": _("coordinates outside the Earth"),
    "outside-area": _("outside the community"),
    "too-many-vertices": _("too many vertices"),
    "too-many-parts": _("too many parts"),
    "too-many-rings": _("too many rings"),
    "nested-too-deep": _("collection nested too deep"),
    "dimensions-dropped": _("heights or measures left out"),
    "axes-swapped": _("X and Y exchanged in the whole file"),
    "axes-look-swapped": _("X and Y that look exchanged"),
    "index-rebuilt": _(".shx part made anew"),
    "value-not-a-number": _("not a number"),
    "value-not-whole": _("not a whole number"),
    "value-not-finite": _("infinite number"),
    "value-not-a-date": _("not a date"),
    "value-not-boolean": _("neither yes nor no"),
    "text-too-long": _("text too long"),
    "text-damaged": _("damaged letters"),
    "control-characters": _("invisible characters taken out"),
    "nested-value": _("lists or objects as text"),
    "field-dropped": _("binary data left out"),
    "key-missing": _("no key"),
    "key-duplicate": _("key that stands there twice"),
    "codes-mostly-unknown": _("codes of no known place in most rows"),
    "code-missing": _("no code in the row"),
    "code-ambiguous": _("code of several places"),
    "code-not-found": _("code of no known place"),
    "code-no-geometry": _("code of a place without a boundary"),
    "boundary-open": _("boundary that does not close"),
    "cell-error": _("error of the spreadsheet"),
    "cadastral-number-form": _("not a cadastral number"),
    "katottg-form": _("not a KATOTTG code"),
    "koatuu-form": _("not a KOATUU code"),
    "purpose-code-form": _("not a purpose code"),
    "edrpou-form": _("not an EDRPOU code"),
    "code-normalised": _("codes brought to the usual form"),
    "cadastral-number-koatuu": _("unusual cadastral number"),
    "other-hromada": _("code of another hromada"),
    "value-recognised": _("values recognised as values of the list"),
    "value-not-in-domain": _("value that is not in the list"),
    "value-not-of-form": _("value of another form"),
    "value-too-small": _("value too small"),
    "value-too-large": _("value too large"),
    "value-required": _("required value missing"),
    "lookalike-letters": _("Latin letters in Ukrainian words"),
    "personal-in-text": _("tax number of a person"),
    "word-for-nothing": _("words that mean “none”"),
    "unit-in-value": _("numbers with a unit"),
    "unit-converted": _("numbers brought to another unit"),
    "date-guessed": _("dates that were guessed"),
    "area-differs": _("documented area differs"),
    "row-malformed": _("wrong number of columns"),
}
"""Rule code to what it finds, as people call it: for headings, lists and sentences about many rows."""

_ADVICE: tuple[tuple[tuple[str, ...], Any], ...] = (
    (
        ("code-missing", "code-not-found", "code-no-geometry", "code-ambiguous"),
        _("Check which column holds the codes, and whether the places they name are on the map already."),
    ),
    (
        ("geometry-missing",),
        _(
            "Check which columns hold the coordinates, or which column holds codes by which a place is known "
            "(cadastral numbers, KATOTTG)."
        ),
    ),
    (
        ("coordinates-not-finite", "coordinates-out-of-range", "outside-area", "axes-look-swapped"),
        _("Choose another coordinate system."),
    ),
    (
        ("geometry-type", "geometry-reduced"),
        _("Import it into a layer that holds geometry of that kind, or into a new one."),
    ),
)
_LOOK = _("Look at the findings, correct the file and send it again.")


def rule_title(rule: str) -> str:
    """What the rule finds, in the reader's language; the code itself for a rule that is not known."""
    return str(TITLES.get(rule, rule))


def advice_after(rule: str) -> str:
    """What to do where all rows were left out, most of them by this rule: a sentence."""
    return str(next((advice for rules, advice in _ADVICE if rule in rules), _LOOK))
