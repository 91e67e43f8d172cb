"""Checks the stored style of a raster and gives its typed form; every problem is named with its place.

    {"version": 1, "opacity": 0.8,
     "renderer": {"type": "ramp", "band": 1, "ramp": "relief", "range": [120, 310], "relief": 0.5}}

- `rgb`: `bands` (three), and `rescale`: for each the values drawn darkest and brightest.
- `ramp`: `band`; a named `ramp` (with `reverse`) over `range`, or `stops` [[value, colour], …] that rise;
  `relief` 0 to 1 lays shading over the colours, where the values are heights in metres.
- `classes`: `band`, and `classes` of `value`, `color`, `label`; `other` is the colour of what has none.
- `palette`: the colours that the file itself brought.
- `hillshade`: `band` of heights, `azimuth` of the light from north over east and its `altitude`, degrees;
  `exaggeration` of the heights. `slope`: degrees, coloured as by `ramp`.

What is left out is taken from the raster's statistics: ranges are its 2nd to 98th percentile.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from gis_core import limits
from layers.models import Raster
from layers.styles.raster_recipe import (
    KINDS,
    OF_HEIGHTS,
    RAMPS,
    Range,
    RasterClass,
    RasterStyle,
    Stop,
    stops_of,
)
from layers.styles.reading import InvalidRecipe, _Reader

_KEYS: dict[str, set[str]] = {
    "rgb": {"type", "bands", "rescale"},
    "ramp": {"type", "band", "ramp", "reverse", "range", "stops", "relief"},
    "classes": {"type", "band", "classes", "other"},
    "palette": {"type", "band"},
    "hillshade": {"type", "band", "azimuth", "altitude", "exaggeration"},
    "slope": {"type", "band", "ramp", "reverse", "range", "stops", "exaggeration"},
}
_MOST = 1e30
_STEEP_DEG = 45.0
_COLOURS = ("red", "green", "blue")
_LOW, _HIGH = "2", "98"  # percentiles


@dataclass(frozen=True)
class Bands:
    """What a style may know of its raster: the bands as the model keeps them."""

    bands: Sequence[Mapping[str, Any]]
    statistics: Sequence[Mapping[str, Any]]

    @property
    def count(self) -> int:
        return len(self.bands)

    def range_of(self, band: int) -> Range:
        """The values between which the band is drawn: the middle 96 % of them; never an empty range."""
        known = self.statistics[band - 1]
        percentiles = known.get("percentiles") or {}
        low = percentiles.get(_LOW, known.get("min"))
        high = percentiles.get(_HIGH, known.get("max"))
        if low is None or high is None:
            return 0.0, 1.0
        if low >= high:
            low, high = known["min"], known["max"]
        return (float(low), float(high)) if low < high else (float(low) - 0.5, float(low) + 0.5)

    @property
    def is_eight_bit(self) -> bool:
        return all(band["dtype"] == "uint8" for band in self.bands)


def bands_of(raster: Raster) -> Bands:
    return Bands(raster.bands, raster.statistics)


def style_of_raster(raster: Raster) -> RasterStyle:
    """The style that a raster is drawn by: its own, else the default. One that does not fit gives way to it."""
    if raster.style:
        try:
            return read_raster_style(raster.style, bands_of(raster))
        except InvalidRecipe:
            pass
    return default_raster_style(bands_of(raster))


def default_raster_style(known: Bands) -> RasterStyle:
    """Photographs as they are, a file's own colours, and everything else in grey over its usual values."""
    colours = [band["color"] for band in known.bands]
    if "palette" in colours:
        return RasterStyle("palette", (colours.index("palette") + 1,))
    if known.count >= 3:
        found = tuple(colours.index(item) + 1 for item in _COLOURS if item in colours)
        bands = found if len(found) == 3 else (1, 2, 3)
        return RasterStyle("rgb", bands, ranges=_ranges(known, bands))
    return RasterStyle("ramp", (1,), stops=stops_of("grey", *known.range_of(1)))


def _ranges(known: Bands, bands: tuple[int, ...]) -> tuple[Range, ...]:
    return () if known.is_eight_bit else tuple(known.range_of(band) for band in bands)


def read_raster_style(style: Any, known: Bands) -> RasterStyle:
    """The typed form of `style`. Raises InvalidRecipe with the first problem in its text, all in `problems`."""
    reader = _RasterReader(known)
    result = reader.style(style)
    if result is None or reader.problems:
        problems = [{"place": item.place, "reason": item.reason} for item in reader.problems]
        raise InvalidRecipe(**problems[0], count=len(problems), problems=problems)
    return result


class _RasterReader(_Reader):
    def __init__(self, known: Bands) -> None:
        super().__init__(None)
        self.known = known

    def style(self, value: Any) -> RasterStyle | None:
        root = self.mapping(value, "", {"version", "renderer", "opacity"})
        if root.get("version") != 1:
            self.problem("version", _("Version 1 was expected."))
        opacity = self.number(root.get("opacity", 1), "opacity", 0, 1, 1)
        renderer = self.mapping(root.get("renderer"), "renderer", None)
        kind = self.choice(renderer.get("type"), "renderer.type", KINDS)
        if kind is None:
            return None
        self.unknown_keys(renderer, "renderer", _KEYS[kind])
        bands = (
            self.three(renderer) if kind == "rgb" else (self.band(renderer.get("band", 1), "renderer.band"),)
        )
        if not all(bands):
            return None
        self.fits(kind, bands[0])
        return RasterStyle(
            kind, bands, opacity=opacity,
            ranges=self.rescale(renderer.get("rescale"), bands) if kind == "rgb" else (),
            stops=self.stops(renderer, kind, bands[0]) if kind in ("ramp", "slope") else (),
            classes=self.classes(renderer.get("classes")) if kind == "classes" else (),
            other=self.other(renderer.get("other")),
            relief=self.number(renderer.get("relief", 0), "renderer.relief", 0, 1, 0),
            azimuth=self.number(renderer.get("azimuth", 315), "renderer.azimuth", 0, 360, 315),
            altitude=self.number(renderer.get("altitude", 45), "renderer.altitude", 1, 90, 45),
            exaggeration=self.number(renderer.get("exaggeration", 1), "renderer.exaggeration", 0.01, 100, 1),
        )  # fmt: skip

    def three(self, renderer: dict[str, Any]) -> tuple[int, ...]:
        items = self.sequence(renderer.get("bands", [1, 2, 3]), "renderer.bands", 3)
        if len(items) != 3:
            self.problem("renderer.bands", _("Three bands were expected: red, green, blue."))
            return (0,)
        return tuple(self.band(item, f"renderer.bands[{n}]") for n, item in enumerate(items))

    def band(self, value: Any, place: str) -> int:
        """The band's number; 0 where there is none such."""
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= self.known.count:
            return value
        self.problem(place, _("The number of a band was expected, 1 to %d.") % self.known.count)
        return 0

    def fits(self, kind: str, band: int) -> None:
        colour = self.known.bands[band - 1]["color"]
        if kind == "palette" and colour != "palette":
            self.problem("renderer.type", _("The file has no colours of its own for this band."))
        elif kind in OF_HEIGHTS and colour in (*_COLOURS, "palette"):
            self.problem("renderer.band", _("Heights were expected, but this band holds colours."))

    def rescale(self, value: Any, bands: tuple[int, ...]) -> tuple[Range, ...]:
        if value is None:
            return _ranges(self.known, bands)
        items = self.sequence(value, "renderer.rescale", 3)
        if len(items) != 3:
            self.problem("renderer.rescale", _("A range for each of the three bands was expected."))
        return tuple(self.range(item, f"renderer.rescale[{n}]") for n, item in enumerate(items))

    def range(self, value: Any, place: str) -> Range:
        items = self.sequence(value, place, 2)
        if len(items) != 2:
            self.problem(place, _("Two numbers were expected, the lower one first."))
            return 0.0, 1.0
        low, high = (self.finite(item, f"{place}[{n}]") for n, item in enumerate(items))
        if low >= high:
            self.problem(place, _("Two numbers were expected, the lower one first."))
        return low, high

    def finite(self, value: Any, place: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST:
            return float(value)
        self.problem(place, _("A number was expected."))
        return math.nan

    def stops(self, renderer: dict[str, Any], kind: str, band: int) -> tuple[Stop, ...]:
        if "stops" in renderer:
            for key in sorted({"ramp", "range", "reverse"} & set(renderer)):
                self.problem(f"renderer.{key}", _("Either stops or a named ramp, not both."))
            return self.given_stops(renderer["stops"])
        ramp = self.choice(
            renderer.get("ramp", "grey" if kind == "ramp" else "yellow_red"), "renderer.ramp", tuple(RAMPS)
        )
        usual = (0.0, _STEEP_DEG) if kind == "slope" else self.known.range_of(band)
        asked = renderer.get("range")
        low, high = usual if asked is None else self.range(asked, "renderer.range")
        reverse = renderer.get("reverse", False)
        if not isinstance(reverse, bool):
            self.problem("renderer.reverse", _("True or false was expected."))
        return stops_of(ramp or "grey", low, high, reverse=reverse is True)

    def given_stops(self, value: Any) -> tuple[Stop, ...]:
        place = "renderer.stops"
        items = self.sequence(value, place, limits.value("max_style_classes"))
        stops = []
        for n, item in enumerate(items):
            pair = self.sequence(item, f"{place}[{n}]", 2)
            if len(pair) != 2:
                self.problem(f"{place}[{n}]", _("A value and a colour were expected."))
                continue
            stops.append(
                (self.finite(pair[0], f"{place}[{n}][0]"), self.color(pair[1], f"{place}[{n}][1]", "#888888"))
            )
        if len(items) < 2:
            self.problem(place, _("At least two stops were expected."))
        if any(not low[0] < high[0] for low, high in pairwise(stops)):
            self.problem(place, _("The values of the stops must rise."))
        return tuple(stops)

    def classes(self, value: Any) -> tuple[RasterClass, ...]:
        place = "renderer.classes"
        items = self.sequence(value, place, limits.value("max_style_classes"))
        if isinstance(value, list) and not items:
            self.problem(place, _("At least one class was expected."))
        found = [self.one_class(item, f"{place}[{n}]") for n, item in enumerate(items)]
        seen: dict[float, int] = {}
        for n, item in enumerate(found):
            first = seen.setdefault(item.value, n)
            if first != n:
                told = {"value": f"{item.value:g}", "number": first}
                self.problem(
                    f"{place}[{n}].value", _("Value “%(value)s” already belongs to class %(number)d.") % told
                )
        return tuple(found)

    def text(self, value: Any, place: str) -> dict[str, str]:
        words = super().text(value, place)
        if any("\x00" in text for text in words.values()):
            self.problem(place, _("Text without NUL characters was expected."))
            return {}
        return words

    def one_class(self, value: Any, place: str) -> RasterClass:
        item = self.mapping(value, place, {"value", "color", "label"})
        return RasterClass(
            self.finite(item.get("value"), f"{place}.value"),
            self.color(item.get("color"), f"{place}.color", "#888888"),
            self.text(item.get("label"), f"{place}.label"),
        )

    def other(self, value: Any) -> str | None:
        return None if value is None else self.color(value, "renderer.other", "#888888")
