"""Rasters on the public map in a real browser: switched, ordered, asked for values, cut along and compared."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from gis_core.communities import Community
from gis_core.people import User
from layers.models import Layer, Raster
from layers.rastertiles import reader
from layers.tiles import bodies
from tests.browser.on_map import colour, on_screen, wait_for_address, wait_for_colour, wait_for_tiles
from tests.browser.pages import PARCEL_FIELDS, PARCEL_STYLE, Watched, shoot
from tests.browser.test_pages_axe import AXE, RULES
from tests.conftest import square
from tests.layers.rasters.making import make_raster, place_of

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed", "land"),
]
EARLY, LATE = (90, 140, 60), (170, 150, 110)
VIEW = "#map=16/48.6775/29.2440"
HERE = (29.2432, 48.6782)
RELIEF = {"version": 1, "renderer": {"type": "ramp", "ramp": "relief", "range": [150, 230], "relief": 0.6}}


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_the_test(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    bodies.memory.clear()
    yield
    reader.stop_all()


def hills(side: int = 700) -> np.ndarray:
    """Two hills and a valley between them, metres."""
    down, across = np.mgrid[0:side, 0:side] / side
    first = 60 * np.exp(-(((across - 0.3) ** 2 + (down - 0.4) ** 2) / 0.03))
    second = 40 * np.exp(-(((across - 0.75) ** 2 + (down - 0.6) ** 2) / 0.02))
    ripple = 2 * np.sin(across * 60) * np.sin(down * 45)
    return (160 + first + second + ripple)[None].astype(np.float32)


def photo(color: tuple[int, int, int], seed: int, side: int = 700) -> np.ndarray:
    """Fields of about one colour."""
    fields = np.random.default_rng(seed).integers(-12, 13, (1, side // 70, side // 70))
    shade = np.repeat(np.repeat(fields, 70, 1), 70, 2)
    return np.clip(np.array(color)[:, None, None] + shade, 0, 255).astype(np.uint8)


@pytest.fixture
def land(community: Community, tmp_path: Path, make_layer: Callable[..., Layer]) -> dict[str, Raster]:
    make_layer(
        features=[(square(29.2425, 48.6765, 0.0015), {"cad_num": "0510600000:01:001:0001", "ownership": "200"})],
        fields=PARCEL_FIELDS, style=PARCEL_STYLE, geometry_type="Polygon", theme="land", key_field="cad_num",
    )  # fmt: skip
    made = {
        "early": make_raster(
            community, tmp_path, photo(EARLY, 1), slug="ortho2019", taken_on="2019-06-02", jpeg=True
        ),
        "late": make_raster(
            community, tmp_path, photo(LATE, 2), slug="ortho2024", taken_on="2024-05-17", jpeg=True
        ),
        "dem": make_raster(community, tmp_path, hills(), slug="dem", style=RELIEF),
    }
    titles = {"early": "Ортофотоплан", "late": "Ортофотоплан", "dem": "Рельєф"}
    for key, title in titles.items():
        made[key].title = {"uk": title, "en": {"Рельєф": "Terrain"}.get(title, "Orthophoto")}
    made["dem"].bands[0]["unit"] = "m"
    made["dem"].community.boundary = None
    for it in made.values():
        it.save()
    return made


@pytest.fixture
def opened(window: Callable[..., Watched]) -> Callable[..., Page]:
    """`opened("uk", "phone")`: the map where the rasters are."""

    def make(lang: str = "uk", size: str = "wide", *, address: str = VIEW, **options: Any) -> Page:
        page = window({"map": f"/demo/{address}"}, lang, size, **options).open("map")
        wait_for_tiles(page)
        if size == "phone":
            page.get_by_role("button", name="Шари" if lang == "uk" else "Layers").click()
        expect(
            page.get_by_text("Знімки та рельєф" if lang == "uk" else "Imagery and terrain")
        ).to_be_visible()
        return page

    return make


def box(page: Page, title: str) -> Any:
    return page.get_by_role("checkbox", name=title)


def settings_of(page: Page, title: str, date: str = "") -> Any:
    """Opens the settings of a raster; its row."""
    row = page.locator(".hm-layer", has_text=title)
    if date:
        row = row.filter(has_text=date)
    row.get_by_role("button", name=re.compile("^Налаштування")).click()
    return row


def near(found: tuple[int, ...], wanted: tuple[int, ...], by: int = 22) -> bool:
    return all(abs(a - b) <= by for a, b in zip(found, wanted, strict=True))


def wait_until_about(page: Page, place: tuple[float, float], wanted: tuple[int, ...]) -> None:
    for _ in range(100):
        if near(colour(page, place), wanted):
            return
        page.wait_for_timeout(100)
    assert colour(page, place) == wanted


def test_rasters_lie_beneath_the_layers_and_the_uppermost_is_seen(opened: Callable[..., Page]) -> None:
    page = opened()
    before = colour(page, HERE)
    box(page, "Ортофотоплан 2 червня 2019").check()
    wait_until_about(page, HERE, EARLY)
    box(page, "Ортофотоплан 17 травня 2024").check()
    wait_until_about(page, HERE, LATE)  # the newer one is on top
    assert not near(colour(page, (29.2430, 48.6770)), LATE)  # the parcel lies over them
    wait_for_address(page, r"r=demo\.ortho2024,demo\.ortho2019")
    row = settings_of(page, "Ортофотоплан", "2024")
    row.get_by_role("button", name="Пересунути растр «Ортофотоплан» нижче").click()
    wait_until_about(page, HERE, EARLY)
    expect(page.locator("[role=status]").first).to_contain_text("тепер 2-й зверху")
    row.get_by_role("slider").fill("50")
    wait_for_address(page, r"r=demo\.ortho2019,demo\.ortho2024\*50")
    box(page, "Ортофотоплан 2 червня 2019").uncheck()
    box(page, "Ортофотоплан 17 травня 2024").uncheck()
    wait_for_colour(page, HERE, before)
    expect(page).not_to_have_url(re.compile("r="))


def test_an_address_shows_the_rasters_that_it_names(opened: Callable[..., Page]) -> None:
    page = opened(address=f"{VIEW}&r=demo.ortho2019,demo.nothing,demo.dem*40")
    wait_until_about(page, HERE, EARLY)
    expect(box(page, "Рельєф")).to_be_checked()
    expect(page.locator(".hm-rasters__compare")).to_be_visible()
    titles = page.locator(".hm-group").first.locator(".hm-layer__title").all_inner_texts()
    assert titles[0].startswith("Ортофотоплан 2 червня 2019")
    assert titles[1] == "Рельєф"


def test_the_value_under_the_pointer_is_told_and_by_keyboard_that_of_the_centre(
    opened: Callable[..., Page], land: dict[str, Raster]
) -> None:
    page = opened()
    box(page, "Рельєф").check()
    x, y = on_screen(page, place_of(land["dem"], 210, 280))
    page.mouse.move(x, y)
    expect(page.locator(".hm-readout")).to_have_text(re.compile(r"^Рельєф: 2[12]\d(,\d)?\sм$"))
    page.mouse.move(*on_screen(page, (29.2390, 48.6790)))
    expect(page.locator(".hm-readout")).to_have_text("Рельєф: тут даних немає")
    row = settings_of(page, "Рельєф")
    row.get_by_role("button", name="Значення в центрі карти").press("Enter")
    expect(page.locator("[role=status]").first).to_have_text(re.compile(r"^Рельєф: \d+(,\d)?\sм$"))


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_a_profile_is_cut_between_two_presses_and_can_be_read_as_a_table(
    opened: Callable[..., Page], land: dict[str, Raster], size: str
) -> None:
    page = opened(size=size, bypass_csp=True, has_touch=size == "phone")
    box(page, "Рельєф").check()
    row = settings_of(page, "Рельєф")
    row.get_by_role("button", name="Профіль уздовж лінії").click()
    panel = page.get_by_role("region", name="Профіль: Рельєф")
    if size == "wide":
        for column, line in ((330, 200), (600, 200)):
            page.mouse.click(*on_screen(page, place_of(land["dem"], column, line)))
        assert len(panel.get_by_label("Точки лінії").input_value().split("\n")) == 2
    else:
        ends = [place_of(land["dem"], 100, 280), place_of(land["dem"], 600, 420)]
        panel.get_by_label("Точки лінії").fill("\n".join(f"{lat}, {lon}" for lon, lat in ends))
        panel.get_by_role("button", name="Побудувати").click()
    chart = panel.get_by_role("img", name=re.compile("Профіль растра «Рельєф». Довжина"))
    expect(chart).to_be_visible()
    expect(panel.get_by_role("status")).to_contain_text("угору")
    chart.hover()
    expect(panel.locator(".hm-profile__at")).not_to_be_empty()
    shoot(page, f"raster-profile-{size}")
    panel.get_by_text("Показати дані").click()
    assert panel.get_by_role("row").count() == 26
    accessible(page)
    panel.get_by_role("button", name="Закрити профіль").click()
    expect(panel).to_have_count(0)
    expect(page.locator(".hm-line-ink")).to_have_count(0)


def test_wrong_points_of_a_profile_are_told_in_their_place(opened: Callable[..., Page]) -> None:
    page = opened()
    settings_of(page, "Рельєф").get_by_role("button", name="Профіль уздовж лінії").click()
    panel = page.get_by_role("region", name="Профіль: Рельєф")
    panel.get_by_label("Точки лінії").fill("48.68, 29.24\n148, 29")
    panel.get_by_role("button", name="Побудувати").click()
    expect(panel.get_by_role("status")).to_contain_text("Рядок 2")
    panel.get_by_label("Точки лінії").fill("48.68, 29.24")
    panel.get_by_role("button", name="Побудувати").click()
    expect(panel.get_by_role("status")).to_contain_text("щонайменше дві")
    panel.get_by_label("Точки лінії").fill("10, 10\n11, 11")
    panel.get_by_role("button", name="Побудувати").click()
    expect(panel.get_by_role("status")).to_contain_text("не має даних")


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_two_dates_are_compared_along_an_edge_that_a_slider_moves(
    opened: Callable[..., Page], size: str
) -> None:
    page = opened(size=size, bypass_csp=True)
    box(page, "Ортофотоплан 2 червня 2019").check()
    box(page, "Ортофотоплан 17 травня 2024").check()
    page.get_by_role("button", name="Порівняти…").click()
    slider = page.get_by_role("slider", name=re.compile("^Межа порівняння"))
    expect(slider).to_be_focused()
    expect(slider).to_have_accessible_name(re.compile("ліворуч 2 червня 2019 р., Ортофотоплан"))
    west, east = (29.2424, 48.6785), (29.2456, 48.6785)
    wait_until_about(page, west, EARLY)
    wait_until_about(page, east, LATE)
    shoot(page, f"raster-compare-{size}")
    slider.fill("90")
    wait_until_about(page, east, EARLY)
    slider.press("Home")
    wait_until_about(page, west, LATE)
    accessible(page)
    page.get_by_label("Ліворуч", exact=True).select_option("Карта без растра")
    slider.fill("50")
    assert not near(colour(page, west), EARLY)
    page.get_by_role("button", name="Закінчити порівняння").click()
    wait_until_about(page, west, LATE)


def test_two_layers_are_compared_and_come_back_into_the_picture(
    opened: Callable[..., Page], make_layer: Callable[..., Layer]
) -> None:
    plain = {"version": 1, "geometry": "polygon", "stroke": None}
    for slug, fill in (("before", "#2040a0"), ("after", "#a02040")):
        make_layer(
            slug, features=[(square(29.2400, 48.6740, 0.009), {"name": slug})], geometry_type="Polygon",
            theme="other", style={**plain, "renderer": {"type": "single", "fill": fill}},
        )  # fmt: skip
    page = opened()
    west, east = (29.2424, 48.6785), (29.2470, 48.6785)
    before, after = (0x20, 0x40, 0xA0), (0xA0, 0x20, 0x40)
    wait_until_about(page, east, before)  # it lies over the other
    page.get_by_role("button", name="Порівняти…").click()
    page.get_by_label("Ліворуч", exact=True).select_option("Шар before")
    page.get_by_label("Праворуч", exact=True).select_option("Шар after")
    wait_until_about(page, west, before)
    wait_until_about(page, east, after)
    shoot(page, "layers-compare-wide")
    page.get_by_role("button", name="Закінчити порівняння").click()
    wait_until_about(page, west, before)
    wait_until_about(page, east, before)


@pytest.mark.parametrize(("lang", "size"), [("uk", "wide"), ("en", "phone")])
def test_the_legend_with_rasters_is_accessible(opened: Callable[..., Page], lang: str, size: str) -> None:
    page = opened(lang, size, bypass_csp=True)
    box(page, "Рельєф" if lang == "uk" else "Terrain").check()
    page.locator(".hm-layer__more").first.click()
    expect(page.locator(".hm-raster-tiles img:not(.leaflet-tile-loaded)")).to_have_count(0)
    accessible(page)
    shoot(page, f"raster-legend-{lang}-{size}")


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_the_look_of_a_raster_is_chosen_on_its_page_and_seen_on_the_map(
    window: Callable[..., Watched], user_with_role: Callable[..., User], size: str
) -> None:
    admin = user_with_role("admin")
    page = window({"raster": "/demo/rasters/dem/"}, "uk", size, user=admin, bypass_csp=True).open("raster")
    page.get_by_text("Вигляд на карті").click()
    page.get_by_label("Вигляд", exact=True).select_option("Відмивка рельєфу (за висотами)")
    page.get_by_label("День, який на ньому видно").fill("2023-03-01")
    accessible(page)
    shoot(page, f"raster-look-{size}")
    page.get_by_role("button", name="Зберегти вигляд").click()
    expect(page.get_by_text("Вигляд збережено.")).to_be_visible()
    page.get_by_role("link", name="Показати на карті").click()
    wait_for_tiles(page)
    expect(page.locator(".hm-raster-tiles img").first).to_be_attached()
    expect(page.locator(".hm-raster-tiles img:not(.leaflet-tile-loaded)")).to_have_count(0)
    red, green, blue = colour(page, HERE)
    assert red == green == blue
    shoot(page, f"raster-hillshade-{size}")


def accessible(page: Page) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert [
        (item["id"], [node["html"][:120] for node in item["nodes"]]) for item in found["violations"]
    ] == []
