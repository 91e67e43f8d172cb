"""From values to a picture: colours by the style, shading and slope of heights, WebP or PNG. In the child alone."""

import math
from typing import Any

import numpy as np
from rio_tiler.models import ImageData

from layers.rastertiles import warping
from layers.rastertiles.sources import EARTH_M, WORLD_M, Source
from layers.rastertiles.warping import Canvas

_STEPS = 1024
_WEBP_QUALITY = 80
_PNG_LEVEL = 6
_MAGNIFIED = 2.0
"""Heights are read from a size that is always magnified: made smaller by the warper, a plane comes out in
ripples of two per cent of its slope."""


def tile_canvas(z: int, x: int, y: int, size: int) -> Canvas:
    """The grid of an XYZ tile of `size` pixels a side."""
    side = WORLD_M / 2**z
    west, north = x * side - WORLD_M / 2, WORLD_M / 2 - y * side
    return Canvas((west, north - side, west + side, north), size, size)


def draw(source: Source, canvas: Canvas, style: dict[str, Any], form: str) -> bytes:
    """The encoded picture of a canvas by a style (`RasterStyle.drawing`); b"" where nothing is to be seen."""
    colours, valid = _COLOURED[style["kind"]](source, canvas, style)
    if not valid.any():
        return b""
    return encode(colours, valid, form, lossless=style["kind"] in ("classes", "palette"))


def encode(colours: np.ndarray, valid: np.ndarray, form: str, *, lossless: bool = False) -> bytes:
    """`colours` uint8 (3, rows, columns); what is not valid becomes transparent."""
    opaque = bool(valid.all())
    hidden = np.broadcast_to(~valid, colours.shape)
    image = ImageData(np.ma.MaskedArray(np.where(hidden, 0, colours), mask=hidden))
    if form == "png":
        return image.render(add_mask=not opaque, img_format="PNG", zlevel=_PNG_LEVEL)
    options = {"lossless": "YES"} if lossless else {"quality": _WEBP_QUALITY}
    return image.render(add_mask=not opaque, img_format="WEBP", **options)


# --- kinds of style: each gives uint8 (3, rows, columns) and validity ---

Coloured = tuple[np.ndarray, np.ndarray]


def _rgb(source: Source, canvas: Canvas, style: dict[str, Any]) -> Coloured:
    bands = tuple(style["bands"])
    if not style["ranges"]:
        return warping.picture(source, canvas, bands)
    found, valid = warping.values(source, canvas, bands, mixed=True)
    low = np.array([pair[0] for pair in style["ranges"]], np.float32)[:, None, None]
    high = np.array([pair[1] for pair in style["ranges"]], np.float32)[:, None, None]
    return _bytes((found - low) / (high - low) * 255, valid), valid


def _ramp(source: Source, canvas: Canvas, style: dict[str, Any]) -> Coloured:
    if not style["relief"]:
        found, valid = warping.values(source, canvas, tuple(style["bands"]), mixed=True)
        return _mixed(found[0], valid, style["stops"]), valid
    heights, valid = _heights(source, canvas, style)
    inner = heights[1:-1, 1:-1]
    colours = _mixed(inner, valid, style["stops"])
    # Level ground keeps its colour: only what the light makes darker or brighter than that is laid over.
    light = shade(heights, canvas, azimuth=315, altitude=45, exaggeration=style["exaggeration"])
    factor = 1 + style["relief"] * (light / math.sin(math.radians(45)) - 1)
    return _bytes(colours * np.nan_to_num(factor, nan=1.0), valid), valid


def _classes(source: Source, canvas: Canvas, style: dict[str, Any]) -> Coloured:
    found, valid = warping.values(source, canvas, tuple(style["bands"]), mixed=False)
    rows = sorted((value, _parts(color)) for value, color in style["classes"])
    known = np.array([value for value, _color in rows], np.float32)
    place = np.clip(np.searchsorted(known, found[0]), 0, len(known) - 1)
    belongs = valid & (known[place] == found[0])
    colours = np.array([color for _value, color in rows], np.uint8)[place]
    if style["other"] is not None:
        colours[~belongs] = _parts(style["other"])
        belongs = valid
    return np.moveaxis(colours, -1, 0), belongs


def _palette(source: Source, canvas: Canvas, style: dict[str, Any]) -> Coloured:
    """The file's own colours. One that it calls transparent is."""
    band = style["bands"][0]
    table = source.full.colormap(band)
    colours = np.zeros((max(table) + 1, 4), np.uint8)
    for value, color in table.items():
        colours[value] = color
    found, valid = warping.values(source, canvas, (band,), mixed=False)
    place = np.where(valid, found[0], 0).astype(np.int64)
    valid &= (place >= 0) & (place < len(colours))
    drawn = colours[np.clip(place, 0, len(colours) - 1)]
    return np.moveaxis(drawn[..., :3], -1, 0), valid & (drawn[..., 3] > 0)


def _hillshade(source: Source, canvas: Canvas, style: dict[str, Any]) -> Coloured:
    heights, valid = _heights(source, canvas, style)
    light = shade(
        heights,
        canvas,
        azimuth=style["azimuth"],
        altitude=style["altitude"],
        exaggeration=style["exaggeration"],
    )
    valid = valid & np.isfinite(light)
    grey = _bytes(light * 255, valid)
    return np.broadcast_to(grey, (3, *grey.shape)), valid


def _slope(source: Source, canvas: Canvas, style: dict[str, Any]) -> Coloured:
    heights, valid = _heights(source, canvas, style)
    east, south = gradient(heights, canvas, exaggeration=style["exaggeration"])
    steep = np.degrees(np.arctan(np.hypot(east, south)))
    valid = valid & np.isfinite(steep)
    return _mixed(steep, valid, style["stops"]), valid


_COLOURED = {
    "rgb": _rgb, "ramp": _ramp, "classes": _classes, "palette": _palette, "hillshade": _hillshade, "slope": _slope,
}  # fmt: skip


# --- heights ---


def _heights(source: Source, canvas: Canvas, style: dict[str, Any]) -> Coloured:
    """Heights of the canvas and one pixel round it, so that tiles fit together; validity of the canvas alone."""
    found, valid = warping.values(
        source, canvas.grown(1), tuple(style["bands"]), mixed=True, coarser=_MAGNIFIED
    )
    return found[0], valid[1:-1, 1:-1]


def gradient(heights: np.ndarray, canvas: Canvas, *, exaggeration: float) -> tuple[np.ndarray, np.ndarray]:
    """Rise per metre of ground towards the east and the south (Horn 1981), for the inner pixels of `heights`.

    A missing neighbour counts as level with the pixel itself, so that edges are drawn too.
    """
    middle = heights[1:-1, 1:-1]

    def at(down: int, across: int) -> np.ndarray:
        rows, columns = heights.shape
        near = heights[1 + down : rows - 1 + down, 1 + across : columns - 1 + across]
        return np.where(np.isnan(near), middle, near)

    ground_m = canvas.pixel_m * _shrinkage(canvas)[:, None]
    west = at(-1, -1) + 2 * at(0, -1) + at(1, -1)
    east = at(-1, 1) + 2 * at(0, 1) + at(1, 1)
    north = at(-1, -1) + 2 * at(-1, 0) + at(-1, 1)
    south = at(1, -1) + 2 * at(1, 0) + at(1, 1)
    by = exaggeration / (8 * ground_m)
    return (east - west) * by, (south - north) * by


def _shrinkage(canvas: Canvas) -> np.ndarray:
    """Ground metres in a metre of Web Mercator, row by row: the cosine of the latitude."""
    y = canvas.box[3] - (np.arange(canvas.height) + 0.5) * canvas.pixel_m
    return 1 / np.cosh(y / EARTH_M)


def shade(
    heights: np.ndarray, canvas: Canvas, *, azimuth: float, altitude: float, exaggeration: float
) -> np.ndarray:
    """Light on each inner pixel, 0 to 1, of a sun at `azimuth` (from north over east) and `altitude`, degrees."""
    east, south = gradient(heights, canvas, exaggeration=exaggeration)
    way, above = math.radians(azimuth), math.radians(altitude)
    # The normal of the ground is (-east, south, 1) in (east, north, up); the light comes from the sun.
    along = -east * math.sin(way) + south * math.cos(way)
    light = (math.sin(above) + math.cos(above) * along) / np.sqrt(1 + east**2 + south**2)
    return np.clip(light, 0, 1)


# --- colours ---


def _mixed(found: np.ndarray, valid: np.ndarray, stops: list[Any]) -> np.ndarray:
    """Colours between the stops, 1024 steps from the first to the last."""
    places = np.array([value for value, _color in stops])
    parts = np.array([_parts(color) for _value, color in stops], float)
    steps = np.linspace(places[0], places[-1], _STEPS)
    table = np.stack([np.interp(steps, places, parts[:, part]) for part in range(3)]).round().astype(np.uint8)
    share = (np.where(valid, found, places[0]) - places[0]) / (places[-1] - places[0])
    return table[:, np.clip(share * (_STEPS - 1) + 0.5, 0, _STEPS - 1).astype(np.int64)]


def _parts(color: str) -> tuple[int, int, int]:
    digits = color.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _bytes(found: np.ndarray, valid: np.ndarray) -> np.ndarray:
    return np.clip(np.where(valid, found, 0) + 0.5, 0, 255).astype(np.uint8)
