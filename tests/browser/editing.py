"""The map editor as a planner meets it, for the tests that draw, change and save with it."""

import re
from collections.abc import Callable
from math import log, pi, radians, tan
from typing import Any

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from gis_core.people import User
from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Feature, Layer
from tests.browser.pages import Watched

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
WindowOf = Callable[..., Watched]

WEST, SOUTH, SIZE = 29.2400, 48.6800, 0.002
CENTRE = (WEST + SIZE / 2, SOUTH + SIZE / 2)
CADASTRAL = "0510600000:01:001:0001"


class Map:
    """The map page with the editor, as a planner meets it: by roles and labels."""

    def __init__(self, window: Watched, zoom: int = 17) -> None:
        self.window, self.page = window, window.page
        self.zoom = zoom
        self.page.goto(f"{window.origin}/demo/#map={zoom}/{CENTRE[1]}/{CENTRE[0]}")
        self.surface = self.page.get_by_role("application")
        self.surface.wait_for()

    def edit(self, layer: str | None = None) -> Locator:
        """Open the editor, on a layer where there are several; its card."""
        self.button("Редагувати карту").click()
        card = self.page.get_by_role("region", name="Редагування карти")
        card.wait_for()
        if layer:
            card.get_by_label("Шар").select_option(label=layer)
        return card

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    def pixel(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a place is on the page, by Web Mercator."""
        box = self.surface.bounding_box()
        assert box is not None
        world = 256 * 2**self.zoom

        def y_of(degrees: float) -> float:
            return (1 - log(tan(pi / 4 + radians(degrees) / 2)) / pi) / 2 * world

        x = (longitude - CENTRE[0]) / 360 * world + box["x"] + box["width"] / 2
        return x, y_of(latitude) - y_of(CENTRE[1]) + box["y"] + box["height"] / 2

    def click(self, longitude: float, latitude: float) -> None:
        self.page.mouse.move(*self.pixel(longitude, latitude))
        self.page.mouse.click(*self.pixel(longitude, latitude))

    def select(self, longitude: float, latitude: float, title: str = CADASTRAL) -> None:
        """Click a feature until the map, which may still be painting, knows it; then its form is open."""
        heading = self.page.get_by_role("heading", name=title)
        for _attempt in range(15):
            self.click(longitude, latitude)
            try:
                heading.wait_for(timeout=1_000)
            except PlaywrightTimeout:
                continue
            return
        heading.wait_for()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self.pixel(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.pixel(*end), steps=6)
        self.page.mouse.up()

    def draw(self, *corners: tuple[float, float]) -> None:
        self.button("Намалювати полігон").click()
        for corner in corners:
            self.click(*corner)
        self.page.keyboard.press("Enter")

    def save(self) -> None:
        self.button(re.compile("^Зберегти ")).click()

    def refused(self, status: str) -> None:
        """The browser itself notes failed requests in its console: this one was meant to fail."""
        noted = self.window.console
        assert [line for line in noted if status not in line] == []
        noted.clear()

    def saved(self) -> None:
        expect(self.page.get_by_role("status").filter(has_text="Збережено")).to_be_visible()


def change(layer: Layer, feature: Feature, geometry: dict[str, Any], **properties: Any) -> None:
    """Somebody else's edit."""
    draft = ChangeDraft("U", feature.pk, feature.version, geometry, {**feature.properties, **properties})
    changeset = open_changeset(layer=layer, author=None, comment="Уточнення", changes=[draft])
    apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)


def quiet(page: Page) -> None:
    page.wait_for_load_state("networkidle")


def tab_to(page: Page, target: Locator, most: int = 40) -> None:
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {target}")
