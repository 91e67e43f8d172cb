"""What the detectives say of a layer: its encoding and its coordinate system, or the question to ask."""

from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from importers.detect import crs as crs_detect
from importers.detect import encoding as encoding_detect
from importers.detect.crs_candidates import Surroundings
from importers.detect.crs_verdict import CrsVerdict, judge, judge_axes
from importers.detect.encoding import Verdict
from importers.detect.notes import Note
from importers.errors import CrsInexact, CrsUnknown, EncodingUnknown
from importers.personal import HIDDEN
from importers.readers import opened
from importers.readers.vector import LayerFacts
from importers.sandbox.protocol import Request
from importers.sandbox.sampling import vertices

_SERIOUS, _ROWS_SHOWN, _ROWS_LOOKED_AT, _LONGEST_TEXT = 3, 3, 200, 200
# Made UTF-8 by GDAL from the character set that the file names.
_RECODED = frozenset({"tab", "mif", "dxf"})
_QUICKLY_OPENED = 100_000
_QUOTED = frozenset({"sample", "meant", "as_declared", "as_found", "as_utf8", "as_other"})


@dataclass(frozen=True)
class Decided:
    """The encoding of a layer: a codec, or "" with the options among which a person must choose."""

    codec: str
    verdict: Verdict


def encoding_of(request: Request, layer: LayerFacts) -> Decided:
    """The codec to read text with: the person's, else the one that declaration and bytes speak for."""
    if request.encoding:
        codec = encoding_detect.codec_of(request.encoding)
        return Decided(codec, Verdict(codec, 1.0))
    verdict = layer.verdict
    if layer.dataset.format == "csv" and layer.foreign and verdict.encoding != "utf-8":  # it was read through
        readable = [item for item in verdict.candidates if item.encoding != "utf-8"]
        verdict = replace(verdict, candidates=readable)
    if layer.halves is not None:
        count, lines = layer.halves.rarer
        shown = ", ".join(map(str, lines)) + (" …" if count > len(lines) else "")
        note = Note("encoding-mixed-lines", {"count": count, "lines": shown})
        verdict = replace(verdict, notes=[*verdict.notes, note])
    if not layer.foreign and (layer.dataset.format in _RECODED or layer.rows <= _QUICKLY_OPENED):
        verdict = _of_text(layer, verdict)
    return Decided(verdict.encoding, verdict)


def _of_text(layer: LayerFacts, verdict: Verdict) -> Verdict:
    """Formats that say they are UTF-8, or that GDAL makes UTF-8 of, fail to be where they name no character
    set or a wrong one: bytes that are not UTF-8 are judged, text that was damaged before is named."""
    try:
        rows = opened.samples(layer, verdict.encoding, _ROWS_LOOKED_AT)
    except EncodingUnknown as question:
        options = [encoding_detect.Candidate(**item) for item in question.params["options"]]
        best = options[0].confidence if options else 0.0
        return Verdict(str(question.params.get("encoding", "")), best, options)
    texts = [
        value for row in rows for value in row.values() if isinstance(value, str) and not value.isascii()
    ]
    notes = encoding_detect.judge([text.encode("utf-8", "replace") for text in texts], "utf-8").notes
    return replace(verdict, notes=[note for note in notes if note.code != "encoding-contradicted"])


def encoding_document(
    layer: LayerFacts, decided: Decided, personal: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The fields of LayerInspection about the encoding, with rows as they would read in the serious ones.

    `personal` are names of columns (as the likeliest encoding reads them) whose values must not leave.
    """
    options = [asdict(item) for item in decided.verdict.candidates]
    shown_in = decided.codec or (options[0]["encoding"] if options else "utf-8")
    hidden = frozenset(
        place for place, name in enumerate(layer.names) if layer.decoded_name(name, shown_in) in personal
    )
    notes = [asdict(note) for note in decided.verdict.notes]
    if len(options) > 1:
        _show_rows(layer, options, hidden)
    if hidden:
        _hide_in_notes(notes, options)
    return {
        "encoding": decided.codec,
        "encoding_confidence": decided.verdict.confidence,
        "encoding_options": options,
        "encoding_notes": notes,
    }


def _show_rows(layer: LayerFacts, options: list[dict[str, Any]], hidden: frozenset[int]) -> None:
    """Put the same three whole rows into each serious option; where columns are personal, samples are of the
    others only."""
    telling: list[int] = []
    for number, option in enumerate(options):
        if number >= _SERIOUS:
            option["samples"] = [] if hidden else option["samples"]
            continue
        rows = _rows_in(layer, option["encoding"], hidden)
        telling = telling or _most_letters(rows)
        option["rows"] = [rows[place] for place in telling if place < len(rows)]
        if hidden:
            texts = dict.fromkeys(
                str(v) for row in option["rows"] for v in row.values() if not str(v).isascii()
            )
            option["samples"] = [text for text in texts if text != HIDDEN][:_ROWS_SHOWN]


def _most_letters(rows: list[dict[str, Any]]) -> list[int]:
    """Places of the three rows with most letters beyond ASCII, in the order of the file."""
    letters = [sum(letter >= "\x80" for value in row.values() for letter in str(value)) for row in rows]
    return sorted(sorted(range(len(rows)), key=lambda place: -letters[place])[:_ROWS_SHOWN])


def _rows_in(layer: LayerFacts, codec: str, hidden: frozenset[int]) -> list[dict[str, Any]]:
    """The first rows as they would read, without the values of hidden columns."""
    try:
        rows = opened.samples(layer, codec, _ROWS_LOOKED_AT)
    except EncodingUnknown:
        return []
    closed = {layer.decoded_name(layer.names[place], codec) for place in hidden}
    return [{key: HIDDEN if key in closed else _shown(value) for key, value in row.items()} for row in rows]


def _hide_in_notes(notes: list[dict[str, Any]], options: list[dict[str, Any]]) -> None:
    """Values that a note quotes, unless an option shows them too."""
    shown = {text for option in options for text in option["samples"]}
    for note in notes:
        for name in _QUOTED & note["params"].keys():
            if note["params"][name] not in shown:
                note["params"][name] = HIDDEN


def _shown(value: object) -> Any:
    return value if value is None or isinstance(value, bool | int) else str(value)[:_LONGEST_TEXT]


# --- coordinate systems ---


def crs_of(request: Request, layer: LayerFacts) -> CrsVerdict:
    """The system of a layer: the person's, else what it declares and its vertices speak for."""
    if not layer.geometry_type:
        return CrsVerdict(None)
    surroundings = _surroundings(request.area)
    if request.crs:
        return _given(request, layer, surroundings)
    declared = crs_detect.declared(layer.crs)
    if declared is not None and layer.crs_is_of_the_format:
        declared = replace(declared, how="format")
    sample = vertices(layer)
    verdict = judge(
        sample, declared=declared, surroundings=surroundings, local_srid=request.local_srid,
        swapped=request.swap_xy,
    )  # fmt: skip
    if verdict.crs is None and not verdict.options:
        options = crs_detect.options(layer.bounds, request.local_srid)
        return replace(verdict, options=options)  # type: ignore[arg-type]
    return verdict


def _given(request: Request, layer: LayerFacts, surroundings: Surroundings) -> CrsVerdict:
    crs = crs_detect.given(request.crs)
    swapped = request.swap_xy
    operation = crs_detect.exact_operation(crs)
    if swapped is None and operation is not None:
        swapped = judge_axes(vertices(layer), crs, operation, surroundings)
    return CrsVerdict(crs, swapped)


@cache
def _surroundings(area: str) -> Surroundings:
    return Surroundings.of(area)


def crs_question(
    request: Request, layer: LayerFacts, name: str, verdict: CrsVerdict
) -> CrsUnknown | CrsInexact:
    """What to ask where the verdict leaves the system open."""
    options = [asdict(item) for item in verdict.options]
    choices = "; ".join(f"{item['code']} ({item['name']})" for item in options[:8])
    declared = crs_detect.declared(layer.crs)
    if declared is not None and crs_detect.exact_operation(declared) is None:
        return CrsInexact(layer=name, crs=declared.name, options=options, choices=choices)
    return CrsUnknown(layer=name, options=options, choices=choices)


def crs_document(verdict: CrsVerdict) -> dict[str, Any]:
    """The fields of LayerInspection about the coordinate system."""
    return {
        "crs": asdict(verdict.crs) if verdict.crs else None,
        "crs_score": verdict.score,
        "crs_options": [asdict(item) for item in verdict.options],
        "crs_notes": [asdict(note) for note in verdict.notes],
        "swap_xy": bool(verdict.swapped),
    }
