"""The typed form of a raster's style: how numbers become colours, with everything that was left open filled in."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Range = tuple[float, float]
Stop = tuple[float, str]

KINDS = ("rgb", "ramp", "classes", "palette", "hillshade", "slope")
OF_HEIGHTS = ("hillshade", "slope")
"""Kinds that are computed from heights in metres."""

# Colours from the lowest value to the highest, evenly spaced. Viridis, cividis and magma are those of
# matplotlib, which read rightly in grey and for the colour-blind; the sequential and diverging ones are
# ColorBrewer's; relief is our own: meadow, field, slope, rock, snow.
RAMPS: dict[str, tuple[str, ...]] = {
    "grey": ("#000000", "#ffffff"),
    "viridis": ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"),
    "cividis": ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"),
    "magma": ("#000004", "#3b0f70", "#8c2981", "#de4968", "#fe9f6d", "#fcfdbf"),
    "relief": ("#3b7d5b", "#86b36b", "#d9d58e", "#c9a25f", "#97704f", "#b9aaa2", "#ffffff"),
    "yellow_red": ("#ffffb2", "#fed976", "#feb24c", "#fd8d3c", "#f03b20", "#bd0026"),
    "blues": ("#eff3ff", "#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c"),
    "greens": ("#edf8e9", "#c7e9c0", "#a1d99b", "#74c476", "#31a354", "#006d2c"),
    "red_green": ("#d73027", "#fc8d59", "#fee08b", "#d9ef8b", "#91cf60", "#1a9850"),
    "brown_teal": ("#8c510a", "#d8b365", "#f6e8c3", "#c7eae5", "#5ab4ac", "#01665e"),
}


@dataclass(frozen=True)
class RasterClass:
    """One value of a classified raster, its colour and its title by language."""

    value: float
    color: str
    label: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RasterStyle:
    """A checked style. `bands` count from 1: three for rgb, one for all others.

    `ranges` (rgb) are the values drawn darkest and brightest, by band; empty: 8-bit values as they are. `stops`
    (ramp, slope) rise; between them colours are mixed, outside the nearest one is taken. `other` (classes)
    draws values of no class; None leaves them out. `relief` (ramp) is the share of shading laid over, 0 to 1.
    `opacity` is for whoever puts the picture on a map: it is not in the tiles.
    """

    kind: str
    bands: tuple[int, ...]
    ranges: tuple[Range, ...] = ()
    stops: tuple[Stop, ...] = ()
    classes: tuple[RasterClass, ...] = ()
    other: str | None = None
    relief: float = 0.0
    azimuth: float = 315.0
    altitude: float = 45.0
    exaggeration: float = 1.0
    opacity: float = 1.0

    @property
    def is_discrete(self) -> bool:
        """Whether a value between two others would mean nothing, so that pixels are never mixed."""
        return self.kind in ("classes", "palette")

    def drawing(self) -> dict[str, Any]:
        """All that decides the pixels, as plain values: neither titles nor opacity."""
        plain = asdict(self)
        del plain["opacity"]
        plain["classes"] = [[item.value, item.color] for item in self.classes]
        return plain


def stops_of(ramp: str, low: float, high: float, *, reverse: bool = False) -> tuple[Stop, ...]:
    """The named ramp laid over low..high. Raises KeyError for an unknown one."""
    colors = RAMPS[ramp][::-1] if reverse else RAMPS[ramp]
    step = (high - low) / (len(colors) - 1)
    return tuple((low + number * step, color) for number, color in enumerate(colors))
