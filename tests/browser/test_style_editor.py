"""The style editor in a real browser: the map and the legend follow the form, with scripts and without."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gis_core.people import User
from layers.models import Layer
from tests.browser.on_map import wait_for_tiles
from tests.browser.pages import PARCEL_FIELDS, PARCEL_STYLE, Watched, _parcel, shoot
from tests.browser.test_pages_axe import AXE, RULES
from tests.conftest import add_features, point

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]
PLACES = {
    "style": "/demo/layers/parcels/style/", "points": "/demo/layers/lamps/style/", "layer": "/demo/layers/parcels/",
}  # fmt: skip


@pytest.fixture
def parcels(make_layer: Any) -> Layer:
    fields = [*PARCEL_FIELDS, {"key": "purpose_code", "title": {"uk": "Код КВЦПЗ", "en": "Purpose code"}}]
    made: Layer = make_layer(fields=fields, style=PARCEL_STYLE, geometry_type="Polygon", theme="land")
    rows = []
    for number in range(120):
        geometry, properties = _parcel(number)
        rows.append((geometry, {**properties, "purpose_code": f"{number % 15 + 1:02}.01"}))
    add_features(made, rows)
    make_layer(
        "lamps", fields=[{"key": "power_w", "type": "number", "title": {"uk": "Потужність", "en": "Power"}}],
        geometry_type="Point", features=[(point(29.24 + n / 1000, 48.68), {"power_w": n * 10}) for n in range(12)],
    )  # fmt: skip
    made.refresh_from_db()
    return made


@pytest.fixture
def planner(
    window: Callable[..., Watched], parcels: Layer, user_with_role: Callable[..., User]
) -> Callable[..., Watched]:
    admin = user_with_role("admin")

    def make(lang: str = "uk", size: str = "wide", **options: Any) -> Watched:
        return window(PLACES, lang, size, user=admin, **options)

    return make


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def test_the_map_and_the_legend_follow_the_form_before_it_is_saved(planner: Any, parcels: Layer) -> None:
    page = planner().open("style")
    wait_for_tiles(page)
    shoot(page, "style-values")
    with page.expect_response(lambda answer: "/style/tiles/" in answer.url):
        page.get_by_label("Назва українською").first.fill("Моя земля")
        page.locator("#c0-fill").fill("#0000ff")
        expect(page.locator(".style-legend")).to_contain_text("Моя земля")
    parcels.refresh_from_db()
    assert parcels.style == PARCEL_STYLE
    press(page, "Зберегти стиль")
    parcels.refresh_from_db()
    assert parcels.style["renderer"]["classes"][0]["fill"] == "#0000ff"
    expect(page.get_by_text("Стиль збережено")).to_be_visible()


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_every_way_of_drawing_is_made_with_the_buttons(planner: Any, size: str) -> None:
    page = planner("uk", size).open("style")
    page.get_by_label("Класифікатори та стандартні шари").select_option("purpose:purpose_code")
    press(page, "Взяти цей стиль")
    wait_for_tiles(page)
    expect(page.locator(".style-legend")).to_contain_text("02 Житлова забудова")
    shoot(page, f"style-rules-{size}")
    page.get_by_label("За числом").check()
    page.get_by_label("Поле (для значень і чисел)").select_option("area_ha")
    press(page, "Скласти класи")
    expect(page.locator(".style-classes > li")).to_have_count(5)
    expect(page.locator(".style-legend li")).to_have_count(6)
    wait_for_tiles(page)
    shoot(page, f"style-numbers-{size}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
def test_the_editor_breaks_no_rule_of_accessibility(planner: Any, size: str, scheme: str) -> None:
    reader = planner("uk", size, color_scheme=scheme, bypass_csp=True)
    for name in ("style", "points"):
        page = reader.open(name)
        wait_for_tiles(page)
        shoot(page, f"style-{name}-{size}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        assert [
            f"{name} {item['id']}: {item['nodes'][0]['html'][:300]}" for item in found["violations"]
        ] == []


def test_the_editor_works_without_scripts(planner: Any, parcels: Layer) -> None:
    page = planner("en", "wide", java_script_enabled=False)
    page.page.goto(page.origin + PLACES["style"])
    shown = page.page
    shown.get_by_label("By rules").check()
    press(shown, "Make the classes")
    shown.locator("[name=c0-0-field]").select_option("ownership")
    shown.locator("[name=c0-0-value]").fill("100")
    press(shown, "Show without saving")
    expect(shown.locator(".style-legend")).to_contain_text("ownership = 100")
    shoot(shown, "style-no-script")
    press(shown, "Save the style")
    parcels.refresh_from_db()
    assert parcels.style["renderer"]["type"] == "rules"
