"""Reading the map in a browser window: when it is drawn, where a place lies, which colour the screen shows."""

import re
import struct
import zlib
from math import asinh, pi, radians, tan

import pytest
from playwright.sync_api import Locator, Page, expect


def wait_for_tiles(page: Page) -> None:
    """Until every tile shows what it has; layers that are slow to come may still be missing."""
    expect(page.locator(".hm-tiles canvas").first).to_be_attached()
    expect(page.locator(".hm-tiles canvas:not(.leaflet-tile-loaded)")).to_have_count(0)


def wait_for_address(page: Page, pattern: str) -> None:
    """The address follows the map a moment later. (Playwright's wait_for_function needs `eval`, which the
    content policy forbids.)"""
    expect(page).to_have_url(re.compile(pattern))


def panel(page: Page) -> Locator:
    return page.locator("hm-panel section")


def on_screen(page: Page, place: tuple[float, float]) -> tuple[float, float]:
    """Where a place lies in the window, by the view in the address: Web Mercator in 256 px tiles."""
    wait_for_address(page, "#map=")
    view = re.search(r"map=(\d+)/([\d.]+)/([\d.]+)", page.evaluate("location.hash"))
    assert view is not None
    zoom, middle = int(view[1]), (float(view[3]), float(view[2]))
    box = page.locator(".hm-surface").bounding_box()
    assert box is not None
    (x, y), (middle_x, middle_y) = _pixels(place, zoom), _pixels(middle, zoom)
    return box["x"] + box["width"] / 2 + x - middle_x, box["y"] + box["height"] / 2 + y - middle_y


def _pixels(place: tuple[float, float], zoom: int) -> tuple[float, float]:
    longitude, latitude = place
    world = 256 * 2**zoom
    return world * (longitude + 180) / 360, world * (1 - asinh(tan(radians(latitude))) / pi) / 2


def colour(page: Page, place: tuple[float, float]) -> tuple[int, ...]:
    """The colour that the screen shows at a place: a picture of one pixel, its PNG read by hand."""
    x, y = on_screen(page, place)
    png = page.screenshot(clip={"x": round(x), "y": round(y), "width": 1, "height": 1})
    at, packed = 8, b""
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    return tuple(zlib.decompress(packed)[1:4])


def wait_for_colour(page: Page, place: tuple[float, float], wanted: tuple[int, ...]) -> None:
    """Until the screen shows about this colour there; the wait is Playwright's, up to 15 s."""
    for _ in range(150):
        shown = colour(page, place)
        if max(abs(a - b) for a, b in zip(shown, wanted, strict=True)) <= 8:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"the screen shows {shown} at {place}, not {wanted}")


def paper(page: Page) -> tuple[int, ...]:
    """The colour of the map where nothing is drawn."""
    shown = page.locator(".hm-surface").evaluate("element => getComputedStyle(element).backgroundColor")
    return tuple(int(part) for part in re.findall(r"\d+", shown)[:3])


def wait_until_drawn(page: Page, *places: tuple[float, float]) -> None:
    """Until the screen shows something there."""
    for place in places:
        for _ in range(150):
            if colour(page, place) != paper(page):
                break
            page.wait_for_timeout(100)
        else:
            pytest.fail(f"the map stays empty at {place}")


def click_on(page: Page, place: tuple[float, float]) -> None:
    """A click on something that is drawn."""
    wait_until_drawn(page, place)
    page.mouse.click(*on_screen(page, place))


def over(paper: tuple[int, ...], ink: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(round(0.8 * top + 0.2 * below) for top, below in zip(ink, paper, strict=True))
