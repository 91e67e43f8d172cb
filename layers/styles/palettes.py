"""Colours to give to classes: ramps for numbers, sets for kinds. All can be told apart with fewer colours, too.

Viridis, Cividis: matplotlib, CC0 (S. van der Walt, N. Smith; J. Nuñez and others). Eight kinds: M. Okabe, K. Ito, Color
Universal Design (2008). Nine kinds: P. Tol, Colour Schemes, SRON/EPS/TN/09-002 (muted). The other ramps are our own.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Palette:
    """`ramp`: colours between the stops are mixed; else they are used in turn."""

    key: str
    title: Promise
    stops: tuple[str, ...]
    ramp: bool

    def colours(self, count: int) -> list[str]:
        """`count` colours; a set begins again at its end."""
        if not self.ramp:
            return [self.stops[place % len(self.stops)] for place in range(count)]
        if count == 1:
            return [self.stops[len(self.stops) // 2]]
        return [self._at(place / (count - 1)) for place in range(count)]

    def _at(self, share: float) -> str:
        place = share * (len(self.stops) - 1)
        low = min(int(place), len(self.stops) - 2)
        parts = (
            round(start + (end - start) * (place - low))
            for start, end in zip(_rgb(self.stops[low]), _rgb(self.stops[low + 1]), strict=True)
        )
        return "#" + "".join(f"{part:02x}" for part in parts)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


PALETTES: dict[str, Palette] = {
    item.key: item
    for item in (
        Palette("wheat", _("Wheat: light to dark brown"), ("#fff3b0", "#f0a830", "#a34a10", "#4a1504"), True),
        Palette("water", _("Water: light to dark blue"), ("#d9eef7", "#6fb3d9", "#1f6aa8", "#08284f"), True),
        Palette("meadow", _("Meadow: light to dark green"), ("#e8f4c0", "#8fc456", "#2a7a3a", "#08301c"), True),
        Palette(
            "viridis", _("Viridis: yellow to violet"),
            ("#fde725", "#5ec962", "#21918c", "#3b528b", "#440154"), True,
        ),
        Palette(
            "cividis", _("Cividis: yellow to dark blue"),
            ("#fee838", "#bcae6c", "#7c7b78", "#414d6b", "#00224e"), True,
        ),
        Palette(
            "balance", _("Balance: brown, light, blue"),
            ("#7a3b0c", "#d9a662", "#f4f1ea", "#7fb2cf", "#12486e"), True,
        ),
        Palette(
            "kinds8", _("Eight kinds (Okabe – Ito)"),
            ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#6b6b6b"), False,
        ),
        Palette(
            "kinds9", _("Nine kinds, muted (Tol)"),
            ("#cc6677", "#332288", "#ddcc77", "#117733", "#88ccee", "#882255", "#44aa99", "#999933", "#aa4499"), False,
        ),
    )
}  # fmt: skip
FOR_NUMBERS, FOR_KINDS = "wheat", "kinds8"
