"""What is told about single rows of a file: every issue, what it was, and what was done about it.

The reading process writes issues as JSON lines while it goes (`IssueLog`); we read them back with
`read_issues`.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
from django.utils.translation import gettext_lazy as _

REJECTED, REPAIRED, CHANGED, NULLED, KEPT = "rejected", "repaired", "changed", "nulled", "kept"
DONE = {
    REJECTED: _("row left out"),
    REPAIRED: _("geometry repaired"),
    CHANGED: _("changed"),
    NULLED: _("value left empty"),
    KEPT: _("kept as it is"),
}

# Rule code: what is said about the row. Placeholders are filled from the issue's params, field and value.
RULES: dict[str, Any] = {
    "geometry-missing": _("The row has no geometry. Draw it, or leave the row out of the export."),
    "geometry-unreadable": _("The geometry is damaged and cannot be read. Draw it anew."),
    "geometry-curved": _("The geometry has arcs. Convert curves to straight segments and export it again."),
    "geometry-type": _(
        "The geometry is a %(found)s, the layer holds %(expected)s. Import it into another layer."
    ),
    "geometry-reduced": _("The geometry mixes kinds; the parts that are %(expected)s were kept."),
    "geometry-invalid": _(
        "The geometry was not valid (%(reason)s near %(lon)s; %(lat)s) and was repaired; its area changed "
        "from %(area_before_m2)s to %(area_after_m2)s m². Compare it with the original."
    ),
    "geometry-collapsed": _("Nothing was left of the geometry after repair (%(reason)s). Draw it anew."),
    "repair-too-long": _(
        "The geometry is not valid and its repair takes too long (%(vertices)s vertices). Simplify it."
    ),
    "coordinates-not-finite": _(
        "The geometry has coordinates that are no numbers (NaN or infinite). Draw it anew."
    ),
    "coordinates-out-of-range": _(
        "The geometry lies outside the Earth after transformation (x %(x)s, y %(y)s in the file). Check the "
        "coordinate system."
    ),
    "outside-area": _("The feature lies outside the area of the community. Check its coordinates."),
    "too-many-vertices": _(
        "The geometry has %(found)s vertices, allowed are %(allowed)s. Simplify or split it."
    ),
    "too-many-parts": _("The geometry has %(found)s parts, allowed are %(allowed)s. Split it."),
    "too-many-rings": _("The geometry has %(found)s rings, allowed are %(allowed)s. Split it."),
    "nested-too-deep": _("The geometry is a collection nested more than %(allowed)s deep. Take it apart."),
    "dimensions-dropped": _(
        "Heights or measures (Z, M) of the geometries are not stored; X and Y were kept."
    ),
    "axes-swapped": _("X and Y stand in the wrong order in the whole file; they were put right."),
    "axes-look-swapped": _("X and Y of this feature look exchanged. Check its coordinates."),
    "index-rebuilt": _("The .shx part was missing or damaged and was made anew from the .shp."),
    "value-not-a-number": _(
        "“%(value)s” in “%(field)s” is no number. Correct it or import the field as text."
    ),
    "value-not-whole": _(
        "“%(value)s” in “%(field)s” is no whole number. Import the field as a number with decimals."
    ),
    "value-not-finite": _("The number in “%(field)s” is not finite (NaN or infinite)."),
    "value-not-a-date": _("“%(value)s” in “%(field)s” is no date. Write dates as 2024-03-31 or 31.03.2024."),
    "value-not-boolean": _("“%(value)s” in “%(field)s” is neither yes nor no."),
    "text-too-long": _(
        "The text in “%(field)s” has %(found)s characters, allowed are %(allowed)s. Shorten it."
    ),
    "text-damaged": _(
        "Letters of “%(value)s” in “%(field)s” cannot be decoded. Check the encoding of the file."
    ),
    "control-characters": _("Invisible control characters were taken out of “%(field)s” in %(count)s rows."),
    "nested-value": _("“%(field)s” holds lists or objects; they are stored as JSON text."),
    "field-dropped": _("“%(field)s” holds binary data, which is not imported."),
    "key-missing": _("The key field “%(field)s” is empty. The feature is imported without a key."),
    "key-duplicate": _(
        "The key “%(value)s” stands in an earlier row too. The feature is imported without a key; correct "
        "one of them."
    ),
    "codes-mostly-unknown": _(
        "Only %(joined)s of %(rows)s rows found a place by the codes in “%(field)s”. Choose another column for the "
        "places, if the codes of the objects stand there, or check the codes."
    ),
    "code-missing": _("The row has no code in “%(field)s”, so there is no telling where it lies."),
    "code-ambiguous": _(
        "Several have the code “%(value)s”; the row was given the place of the one that was there first. Check it."
    ),
    "code-not-found": _(
        "No place is known for the code “%(value)s” in “%(field)s”. Check the code, or import what it names first."
    ),
    "code-no-geometry": _(
        "The code “%(value)s” in “%(field)s” is known, but there is no boundary for it. Import the boundary first."
    ),
    "boundary-open": _(
        "The boundary of “%(value)s” does not close, or a line or point of it is missing in the file. Export the "
        "object again."
    ),
    "cell-error": _(
        "“%(value)s” in “%(field)s” is an error of the spreadsheet, no value. Correct the formula there."
    ),
    "cadastral-number-form": _(
        "“%(value)s” in “%(field)s” is no cadastral number such as 0510600000:01:001:0001. It was kept; "
        "correct it."
    ),
    "katottg-form": _(
        "“%(value)s” in “%(field)s” is no KATOTTG code (UA and 17 digits). It was kept; correct it."
    ),
    "koatuu-form": _("“%(value)s” in “%(field)s” is no KOATUU code (10 digits). It was kept; correct it."),
    "purpose-code-form": _(
        "“%(value)s” in “%(field)s” is no purpose code of the classifier (such as 02.01). It was kept; "
        "correct it."
    ),
    "edrpou-form": _("“%(value)s” in “%(field)s” is no EDRPOU code (8 digits). It was kept; correct it."),
    "code-normalised": _(
        "%(count)s codes in “%(field)s” were brought to the usual form, such as “%(value)s” to “%(after)s”."
    ),
    "cadastral-number-koatuu": _(
        "In %(count)s cadastral numbers of “%(field)s” the code of the council does not end in 00, such "
        "as “%(value)s”. Check them."
    ),
    "other-hromada": _(
        "The code “%(value)s” in “%(field)s” belongs to another hromada. It was kept; check it."
    ),
    "value-recognised": _(
        "%(count)s values of “%(field)s” were recognised as values of the list, such as “%(value)s” as "
        "“%(after)s”."
    ),
    "value-not-in-domain": _(
        "“%(value)s” is not among the allowed values of “%(field)s” (%(allowed)s). It was kept; correct "
        "it or add it to the list."
    ),
    "value-not-of-form": _(
        "“%(value)s” in “%(field)s” does not have the form that the layer asks for. It was kept; correct it."
    ),
    "value-too-small": _(
        "%(value)s in “%(field)s” is less than the least allowed, %(allowed)s. It was kept; check it and "
        "its unit."
    ),
    "value-too-large": _(
        "%(value)s in “%(field)s” is more than the most allowed, %(allowed)s. It was kept; check it and "
        "its unit."
    ),
    "value-required": _(
        "“%(field)s” is empty, and the layer requires it. The row was kept; fill the value in."
    ),
    "lookalike-letters": _(
        "“%(value)s” in “%(field)s” mixes Latin and Cyrillic letters that look alike; right would be "
        "“%(corrected)s”."
    ),
    "personal-in-text": _(
        "“%(field)s” holds a tax number of a person. Take it out of the data, or leave the column out."
    ),
    "word-for-nothing": _(
        "%(count)s values of “%(field)s” say that there is none, such as “%(value)s”; they were left empty."
    ),
    "unit-in-value": _(
        "%(count)s values of “%(field)s” were read as numbers with a unit or with separated thousands, "
        "such as “%(value)s”."
    ),
    "unit-converted": _("%(count)s numbers of “%(field)s” were multiplied by %(factor)s to be in %(unit)s."),
    "date-guessed": _(
        "%(count)s values of “%(field)s” are a year or a serial number, such as “%(value)s”, and were "
        "read as dates. Check them."
    ),
    "area-differs": _(
        "The documented area, %(documented_ha)s ha, differs from the area of the geometry, "
        "%(measured_ha)s ha. Both were kept; check which is right."
    ),
    "row-malformed": _(
        "The row has %(found)s columns instead of %(expected)s. Check quotation marks and separators."
    ),
}

# What GEOS says of an invalid geometry, and the kinds of geometry, as people say it.
_WORDS: dict[str, Any] = {
    "Self-intersection": _("the border crosses itself"),
    "Ring Self-intersection": _("a ring touches itself"),
    "Hole lies outside shell": _("a hole lies outside"),
    "Holes are nested": _("a hole lies in a hole"),
    "Nested holes": _("a hole lies in a hole"),
    "Nested shells": _("a part lies in another"),
    "Interior is disconnected": _("a hole cuts the area apart"),
    "Duplicate Rings": _("a ring is there twice"),
    "Too few points in geometry component": _("too few different points"),
    "Point": _("point"),
    "LineString": _("line"),
    "Polygon": _("polygon"),
    "collection": _("collection"),
}


@dataclass(frozen=True)
class RowIssue:
    """One finding. `row` counts the source's rows from 1; None: it concerns the whole file or field.

    `point` is where the row's feature lies (lon, lat), None where that is not known. `params["named"]` is by what
    people know the row, where that was found out.
    """

    row: int | None
    rule: str
    done: str
    field: str = ""
    value: str = ""
    params: dict[str, Any] = dataclass_field(default_factory=dict)
    point: tuple[float, float] | None = None

    @property
    def message(self) -> str:
        """The finding as a sentence in the reader's language."""
        template = str(RULES.get(self.rule, self.rule))
        try:
            params = {name: _in_words(value) for name, value in self.params.items()}
            said = template % {**params, "field": self.field, "value": self.value}
        except (KeyError, TypeError, ValueError):
            return template
        return f"{params['named']}: {said}" if params.get("named") else said


def _in_words(value: Any) -> Any:
    """Words and numbers as the reader's language writes them."""
    from django.utils.formats import number_format  # the process that opens files has little of Django

    if isinstance(value, str):
        return str(_WORDS.get(value, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    exact = float(f"{value:.12g}")  # 0.1 + 0.2 is 0.3 to a reader
    return number_format(int(exact) if exact.is_integer() else exact, use_l10n=True, force_grouping=True)


class IssueLog:
    """Writes issues to a file as they are found and counts them by rule.

    Beyond `most` they are only counted: a file where every row is wrong must not fill the disk.
    """

    _VALUE_LENGTH = 100

    def __init__(self, path: Path, *, most: int) -> None:
        self.counts: Counter[str] = Counter()
        self._file: BinaryIO = path.open("wb")
        self._left = most
        self._once: set[tuple[str, str]] = set()
        self._sums: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._places: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def locate(self, rows: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> None:
        """Where the features of these rows (in ascending order) lie; until the next batch's are told."""
        self._places = (rows, lon, lat)

    def add(
        self, row: int | None, rule: str, done: str, *, field: str = "", value: object = "", **params: Any
    ) -> None:
        """Note one issue."""
        self.counts[rule] += 1
        if self._left > 0:
            self._left -= 1
            text = str(value)[: self._VALUE_LENGTH]
            line: dict[str, Any] = {
                "row": row, "rule": rule, "done": done, "field": field, "value": text, "params": params,
            }  # fmt: skip
            point = self._point(row, params)
            if point is not None:
                line["point"] = point
            self._file.write(
                orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
            )

    def add_once(self, rule: str, done: str, *, field: str = "", **params: Any) -> None:
        """Note what concerns the whole file (or one field) the first time only."""
        if (rule, field) not in self._once:
            self._once.add((rule, field))
            self.add(None, rule, done, field=field, **params)

    def add_sum(
        self, rule: str, done: str, *, field: str, count: int, value: object = "", **params: Any
    ) -> None:
        """Count what happened to many values of a field; noted once, with the whole count, at the end.

        `value` and `params` are an example: those told first are kept.
        """
        if count:
            first = self._sums.setdefault((rule, done, field), {"value": value, "count": 0, **params})
            first["count"] += count

    def add_rows(self, rows: Iterable[int], rule: str, done: str, **params: Any) -> None:
        """Note the same issue for many rows."""
        for row in rows:
            self.add(int(row), rule, done, **params)

    def close(self) -> None:
        """Write the sums and end."""
        for (rule, done, field), found in self._sums.items():
            self.add(None, rule, done, field=field, **found)
        self._sums.clear()
        self._file.close()

    def _point(self, row: int | None, params: dict[str, Any]) -> tuple[float, float] | None:
        """Where the issue is: its own place, else the middle of the row's feature."""
        if isinstance(params.get("lon"), float) and isinstance(params.get("lat"), float):
            return params["lon"], params["lat"]
        if row is None or self._places is None:
            return None
        rows, lon, lat = self._places
        place = int(np.searchsorted(rows, row))
        if place == len(rows) or rows[place] != row:
            return None
        return round(float(lon[place]), 6), round(float(lat[place]), 6)


def read_issues(path: Path) -> Iterator[RowIssue]:
    """Issues that an `IssueLog` wrote, one at a time; lines that are none are passed over.

    The file comes from the process that opened a stranger's data: links are not followed, types are checked.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        for line in iter(lambda: file.readline(65_536), b""):
            issue = _issue(line)
            if issue is not None:
                yield issue


def _issue(line: bytes) -> RowIssue | None:
    try:
        found = json.loads(line)
        row, params = found["row"], found["params"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not (row is None or isinstance(row, int)) or not isinstance(params, dict):
        return None
    rule, done, field, value = (str(found.get(name, "")) for name in ("rule", "done", "field", "value"))
    return RowIssue(row, rule, done, field, value, params, _point(found.get("point")))


def _point(found: object) -> tuple[float, float] | None:
    """A place on the Earth, or None where it is none."""
    if not isinstance(found, list) or len(found) != 2:
        return None
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in found):
        return None
    lon, lat = map(float, found)
    return (lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else None
