"""What was found in a file, in words: formats, encodings and coordinate systems as choices between samples."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from frontend.coordinate_systems import encoding_name, system_name
from frontend.importing.notes import notes_of
from frontend.templatetags.hromada import number
from importers.readers.formats import FORMATS
from layers.models.catalogue import GeometryType

MOST_CARDS = 3
MOST_SAMPLES = 3
SURE = 0.9
"""From this confidence on the choice is told, and can be changed, but is not asked about."""


@dataclass(frozen=True)
class Card:
    """One possible answer with what it would make of the file. `mark` is its sign on the map."""

    value: str
    label: str
    lines: Sequence[str] = ()
    note: str = ""
    good: bool = False
    chosen: bool = False
    mark: str = ""


@dataclass(frozen=True)
class SourceLayer:
    name: str
    rows: int
    kind: str
    chosen: bool


@dataclass(frozen=True)
class Found:
    """`encodings` and `systems` are the possible answers, likeliest first; `asks_…` that one must be given;
    `has_places` is false for a table without coordinates."""

    format: str
    rows: int
    kind: str
    has_places: bool
    encoding: str
    encoding_sure: str
    asks_encoding: bool
    doubts_encoding: bool
    encodings: Sequence[Card]
    system: str
    system_sure: str
    asks_system: bool
    doubts_system: bool
    systems: Sequence[Card]
    notes: Sequence[str] = field(default_factory=tuple)


def source_of(document: dict[str, Any]) -> dict[str, Any] | None:
    """The layer of the file that is meant; None while nothing is known, or several are to choose from."""
    layers = (document["inspection"] or {}).get("layers", [])
    wanted = document["choices"]["source_layer"]
    if not wanted and len(layers) != 1:
        return None
    return next((item for item in layers if not wanted or item["name"] == wanted), None)


def layers_of(document: dict[str, Any]) -> list[SourceLayer]:
    """What the file holds."""
    wanted = document["choices"]["source_layer"]
    return [
        SourceLayer(item["name"], item["rows"], kind_name(item["geometry_type"]), item["name"] == wanted)
        for item in (document["inspection"] or {}).get("layers", [])
    ]


def found_in(
    source: dict[str, Any], choices: dict[str, Any], question: dict[str, Any] | None, *, bounded: bool
) -> Found:
    """`question` is what the import asks just now: it may doubt what was found. `bounded`: the community has
    a boundary, which scores were measured against; else Ukraine was."""
    asked = (question or {}).get("code", "")
    encoding = choices["encoding"] or source["encoding"]
    system = source["crs"]
    chosen = choices["crs"] or (system or {}).get("code", "")
    encodings = _encodings(source, encoding)
    systems = _systems(source, chosen, _swapped(source, choices), bounded=bounded)
    asks_encoding = not encoding or asked == "encoding-unknown"
    asks_system = bool(source["geometry_type"]) and (
        not (chosen or system) or asked in ("crs-unknown", "crs-inexact")
    )
    confidence, score = source.get("encoding_confidence", 0.0), source.get("crs_score")
    return Found(
        format=format_title(source["format"]),
        rows=source["rows"],
        kind=kind_name(source["geometry_type"]),
        has_places=bool(source["geometry_type"]),
        encoding=encoding_name(encoding) if encoding else "",
        encoding_sure=_how_sure_of_letters(confidence, chosen=bool(choices["encoding"])),
        asks_encoding=asks_encoding and bool(encodings),
        doubts_encoding=not choices["encoding"] and 0 < confidence < SURE and len(encodings) > 1,
        encodings=encodings,
        system=system_name(chosen, (system or {}).get("name", "")),
        system_sure=_how_sure_of_place(source, chosen=bool(choices["crs"]), bounded=bounded),
        asks_system=asks_system and bool(systems),
        doubts_system=not choices["crs"] and score is not None and score < SURE and len(systems) > 1,
        systems=systems,
        notes=notes_of(source),
    )  # fmt: skip


def format_title(name: str) -> str:
    """The format's own name: “Shapefile”."""
    return next((item.title for item in FORMATS if item.name == name), name)


def kind_name(geometry_type: str) -> str:
    kind = geometry_type.removeprefix("Multi")
    if not kind:
        return _("table without geometry")
    return str(GeometryType(kind).label) if kind in GeometryType.values else str(GeometryType.ANY.label)


def system_value(code: str, *, swapped: bool) -> str:
    """A coordinate system and the order of its axes as one value of a radio button."""
    return f"{code} yx" if swapped else code


def _swapped(source: dict[str, Any], choices: dict[str, Any]) -> bool:
    wanted = choices.get("swap_xy")
    return bool(source.get("swap_xy") if wanted is None else wanted)


def _encodings(source: dict[str, Any], chosen: str) -> list[Card]:
    cards = []
    for place, item in enumerate(source.get("encoding_options", [])[:MOST_CARDS]):
        lines = [_row_line(row) for row in item.get("rows", ())] or list(item["samples"])
        sure = item.get("confidence", 0.0)
        cards.append(
            Card(
                item["encoding"],
                encoding_name(item["encoding"]),
                [line for line in lines if line][:MOST_SAMPLES],
                good=place == 0 and sure >= 0.5,
                chosen=item["encoding"] == chosen,
            )
        )
    return cards


def _row_line(row: dict[str, Any]) -> str:
    """The words of a row; its numbers read the same in every encoding."""
    words = [str(value).strip() for value in row.values() if isinstance(value, str)]
    return " · ".join(word for word in words if word and not word.isascii())


MARKS = ("circle", "square", "triangle")
_IN_COMMUNITY: dict[str, Any] = {
    "Point": gettext_lazy("%(share)s %% of the points lie in the community or beside it"),
    "LineString": gettext_lazy("%(share)s %% of the lines lie in the community or beside it"),
    "Polygon": gettext_lazy("%(share)s %% of the polygons lie in the community or beside it"),
    "": gettext_lazy("%(share)s %% of the features lie in the community or beside it"),
}
_IN_UKRAINE: dict[str, Any] = {
    "Point": gettext_lazy("%(share)s %% of the points lie in Ukraine"),
    "LineString": gettext_lazy("%(share)s %% of the lines lie in Ukraine"),
    "Polygon": gettext_lazy("%(share)s %% of the polygons lie in Ukraine"),
    "": gettext_lazy("%(share)s %% of the features lie in Ukraine"),
}


def _systems(source: dict[str, Any], chosen: str, swapped: bool, *, bounded: bool) -> list[Card]:
    options = source.get("crs_options", [])[:MOST_CARDS]
    return systems_of(options, chosen, swapped, kind=source["geometry_type"], bounded=bounded)


def systems_of(
    options: Sequence[dict[str, Any]],
    chosen: str = "",
    swapped: bool = False,
    *,
    kind: str = "",
    bounded: bool,
) -> list[Card]:
    """At most three possible systems as answers to choose from."""
    cards = []
    for mark, item in zip(MARKS, options, strict=False):
        code, turned = item["code"], bool(item.get("swapped"))
        label = system_name(code, item["name"])
        score = item.get("score")
        cards.append(
            Card(
                system_value(code, swapped=turned),
                _("%(system)s, with X and Y exchanged") % {"system": label} if turned else label,
                _place_lines(item, kind=kind, bounded=bounded),
                note=code,
                good=score is not None and score >= SURE,
                chosen=code == chosen and turned == swapped,
                mark=mark,
            )
        )
    return cards


def points_of(options: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where points of the file lie by each of these systems, for the map beside the answers."""
    return [
        {"value": system_value(item["code"], swapped=bool(item.get("swapped"))), "mark": mark,
         "points": item.get("points") or _middle(item)}
        for mark, item in zip(MARKS, options[:MOST_CARDS], strict=False)
    ]  # fmt: skip


def _middle(item: dict[str, Any]) -> list[list[float]]:
    return [[item["lon"], item["lat"]]] if item.get("lon") is not None and item.get("lat") is not None else []


def _place_lines(item: dict[str, Any], *, kind: str, bounded: bool) -> list[str]:
    lines = []
    score = item.get("score")
    if score is not None:
        lines.append(_share(score, kind=kind, bounded=bounded))
    if item.get("lon") is not None and item.get("lat") is not None:
        place = {"lat": number(item["lat"], 4), "lon": number(item["lon"], 4)}
        lines.append(_("latitude %(lat)s, longitude %(lon)s") % place)
    if item.get("accuracy_m"):
        lines.append(_("exact to about %(metres)s m") % {"metres": number(item["accuracy_m"])})
    return lines


def _how_sure_of_letters(confidence: float, *, chosen: bool) -> str:
    if chosen:
        return _("you chose it")
    if confidence >= SURE:
        return _("sure: the words read as Ukrainian")
    return _("probably") if confidence else ""


def _how_sure_of_place(source: dict[str, Any], *, chosen: bool, bounded: bool) -> str:
    score = source.get("crs_score")
    if chosen:
        return _("you chose it")
    if score is None:
        return _("as the file says") if source["crs"] else ""
    return _share(score, kind=source["geometry_type"], bounded=bounded)


def _share(score: float, *, kind: str, bounded: bool) -> str:
    """`kind`: what the file holds, a geometry type; what is counted is called after it."""
    shown = {"share": round(score * 100)}
    single = kind.removeprefix("Multi")
    if bounded:
        return str(_IN_COMMUNITY.get(single, _IN_COMMUNITY[""])) % shown
    return str(_IN_UKRAINE.get(single, _IN_UKRAINE[""])) % shown


def rows_text(count: int) -> str:
    """“3 443 рядки”."""
    return ngettext("%(shown)s row", "%(shown)s rows", count) % {"shown": number(count)}
