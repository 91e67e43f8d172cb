"""The public map in a real browser: what a resident sees, points at, switches and takes along as a link."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gis_core.people import User
from layers.models import Layer
from tests.browser.on_map import (
    click_on,
    colour,
    on_screen,
    over,
    panel,
    paper,
    wait_for_address,
    wait_for_colour,
    wait_for_tiles,
    wait_until_drawn,
)
from tests.browser.pages import PARCEL_FIELDS, PARCEL_STYLE, Watched, shoot
from tests.browser.test_pages_axe import AXE, RULES
from tests.conftest import point, square

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed", "town"),
]

CAD_NUM = "0510600000:01:001:0001"
PRIVATE, COMMUNAL = (0xF0, 0xC9, 0x87), (0x8F, 0xB8, 0xC9)
"""Fill colours of PARCEL_STYLE, drawn at 80 %."""
CORNER = (29.2404, 48.6804)
"""In the first parcel, away from its label."""
NEIGHBOUR = (29.2434, 48.6804)
SCHOOL, SHELTER = (29.241, 48.6835), (29.242, 48.6835)
ADDRESSES = {
    "map": "/demo/",
    "parcel": "/demo/#map=17/48.681/29.241",
    "everything": "/demo/#map=17/48.682/29.241",
    "school": "/demo/#map=17/48.6835/29.241",
}


@pytest.fixture
def town(make_layer: Callable[..., Layer]) -> dict[str, Layer]:
    """Two parcels, a school, and a shelter that only members see."""
    parcels = make_layer(
        features=[
            (square(29.24, 48.68, 0.002), _parcel(CAD_NUM, "200")),
            (square(29.243, 48.68, 0.002), _parcel("0510600000:01:001:0002", "100")),
        ],
        fields=PARCEL_FIELDS,
        style=PARCEL_STYLE,
        geometry_type="Polygon",
        theme="land",
        key_field="cad_num",
    )
    schools = make_layer(
        "schools", features=[(point(*SCHOOL), {"name": "Ліцей імені Ґалаґана"})], geometry_type="Point"
    )
    shelters = make_layer(
        "shelters",
        features=[(point(*SHELTER), {"name": "Укриття № 7"})],
        geometry_type="Point",
        access_level="staff",
    )
    return {"parcels": parcels, "schools": schools, "shelters": shelters}


def _parcel(cad_num: str, ownership: str) -> dict[str, Any]:
    return {
        "cad_num": cad_num,
        "ownership": ownership,
        "area_ha": 1234.5,
        "address": "вул. Лесі Українки, 5",
        "registered": "2024-05-17",
        "is_leased": True,
        "note": "Перевірити межу на місцевості",
    }


@pytest.fixture
def reader(window: Callable[..., Watched]) -> Callable[..., Watched]:
    """`reader("en", "phone", user=editor)`: a window for the map pages of the town."""

    def make(*args: Any, **options: Any) -> Watched:
        return window(ADDRESSES, *args, **options)

    return make


def opened_map(reader: Watched, name: str = "map") -> Page:
    """The map page, its tiles drawn."""
    page = reader.open(name)
    wait_for_tiles(page)
    return page


def asked_for(page: Page) -> list[str]:
    """Addresses that the page asks for from now on; a list that grows."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def test_the_map_draws_the_layers_tiles_and_calls_no_other_host(reader: Callable[..., Watched]) -> None:
    resident = reader("uk")
    asked = asked_for(resident.page)
    page = opened_map(resident, "parcel")
    wait_for_colour(page, CORNER, over(paper(page), COMMUNAL))
    wait_for_colour(page, NEIGHBOUR, over(paper(page), PRIVATE))
    tiles = [address for address in asked if ".mvt" in address]
    assert {address.split("/tiles/")[1].split("/")[0] for address in tiles} == {
        "demo.parcels",
        "demo.schools",
    }
    assert all(address.startswith(resident.origin) for address in asked if address.startswith("http"))
    assert resident.outside == []
    shoot(page, "map-tiles")


def test_a_click_opens_the_attributes_with_titles_units_and_a_link_to_the_page(
    reader: Callable[..., Watched], town: dict[str, Layer]
) -> None:
    page = opened_map(reader("uk"), "parcel")
    expect(panel(page)).to_be_hidden()
    click_on(page, CORNER)
    expect(panel(page).get_by_role("heading", name=CAD_NUM)).to_be_visible()
    rows = panel(page).locator("dl > div")
    expect(rows).to_have_text([
        f"Кадастровий номер{CAD_NUM}",
        "Форма власностіКомунальна власність",
        "Цільове призначенняне заповнено",
        "Площа за документами1 234,5 га",
        "Адресавул. Лесі Українки, 5",
        "Дата реєстрації17 травня 2024 р.",
        "В орендітак",
    ])  # fmt: skip
    expect(panel(page)).to_contain_text("Шар parcels")
    shoot(page, "map-panel")
    panel(page).get_by_role("link", name="Сторінка об’єкта").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(CAD_NUM)
    feature = town["parcels"].features.get(external_key=CAD_NUM)
    assert page.url.endswith(f"/demo/layers/parcels/{feature.pk}/")


def test_a_click_beside_everything_closes_the_panel(reader: Callable[..., Watched]) -> None:
    page = opened_map(reader("uk"), "parcel")
    click_on(page, CORNER)
    expect(panel(page)).to_be_visible()
    page.mouse.click(*on_screen(page, (29.241, 48.6794)))
    expect(panel(page)).to_be_hidden()


def test_the_legend_hides_and_shows_a_layer_and_a_reload_keeps_it(reader: Callable[..., Watched]) -> None:
    page = opened_map(reader("uk"), "parcel")
    filled = over(paper(page), COMMUNAL)
    wait_for_colour(page, CORNER, filled)
    switch = page.get_by_role("checkbox", name="Шар parcels")
    switch.uncheck()
    wait_for_colour(page, CORNER, paper(page))
    wait_for_address(page, "&l=demo.schools$")
    asked = asked_for(page)
    page.reload()
    expect(switch).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="Шар schools")).to_be_checked()
    wait_for_tiles(page)
    assert colour(page, CORNER) == paper(page)
    assert not [address for address in asked if "/tiles/demo.parcels/" in address]
    switch.check()
    wait_for_colour(page, CORNER, filled)
    wait_for_address(page, "#map=[^&]*$")


def test_a_reload_keeps_the_place_on_the_map(reader: Callable[..., Watched]) -> None:
    page = opened_map(reader("uk"), "parcel")
    page.locator(".hm-surface").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Збільшити карту").click()
    wait_for_address(page, "#map=18/")
    moved = page.evaluate("location.hash")
    place = (29.2415, 48.6804)
    filled = over(paper(page), COMMUNAL)
    wait_for_colour(page, place, filled)
    page.reload()
    wait_for_tiles(page)
    assert page.evaluate("location.hash") == moved
    wait_for_colour(page, place, filled)


def test_a_link_to_a_feature_opens_it(reader: Callable[..., Watched], town: dict[str, Layer]) -> None:
    resident = reader("uk")
    school = town["schools"].features.get()
    resident.addresses["link"] = f"/demo/#f=demo.schools/{school.pk}"
    page = opened_map(resident, "link")
    expect(panel(page).get_by_role("heading", name="Ліцей імені Ґалаґана")).to_be_visible()


def test_the_keyboard_reaches_the_map_and_inspects_its_centre(reader: Callable[..., Watched]) -> None:
    page = opened_map(reader("uk"), "parcel")
    wait_for_colour(page, CORNER, over(paper(page), COMMUNAL))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link that skips the header
    page.keyboard.press("Tab")
    surface = page.get_by_role("application", name="Карта: Демонстраційна громада")
    expect(surface).to_be_focused()
    page.keyboard.press("Enter")
    heading = panel(page).get_by_role("heading", level=2)
    expect(heading).to_have_text(CAD_NUM)
    expect(heading).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(surface).to_be_focused()


def test_the_keyboard_steps_from_feature_to_feature_and_hears_their_names(
    reader: Callable[..., Watched],
) -> None:
    page = opened_map(reader("uk"), "everything")
    wait_until_drawn(page, CORNER, NEIGHBOUR, SCHOOL)
    page.get_by_role("application").focus()
    said = page.locator("hm-map [aria-live]")
    names = []
    for number in (1, 2, 3):
        page.keyboard.press("]")
        expect(said).to_contain_text(f"Об’єкт {number} із 3")
        names.append(said.inner_text().split(":", 1)[1].split(". Об’єкт")[0].strip())
    assert sorted(names) == [CAD_NUM, "0510600000:01:001:0002", "Ліцей імені Ґалаґана"]
    expect(page.get_by_role("application")).to_be_focused()


def test_a_staff_layer_is_neither_in_a_residents_page_nor_asked_for(reader: Callable[..., Watched]) -> None:
    resident = reader("uk")
    asked = asked_for(resident.page)
    page = opened_map(resident, "school")
    expect(page.get_by_role("checkbox", name="Шар schools")).to_be_checked()
    page.evaluate("location.hash = '#map=17/48.6835/29.241&l=demo.shelters,demo.schools'")
    click_on(page, SCHOOL)
    expect(panel(page).get_by_role("heading")).to_have_text("Ліцей імені Ґалаґана")
    assert not [
        word for word in ("shelters", "Укриття", "Перевірити межу", "Примітка") if word in page.content()
    ]
    assert not [address for address in asked if "shelters" in address]
    status = page.evaluate("fetch('/tiles/demo.shelters/16/38091/22594.mvt').then(answer => answer.status)")
    assert status == 404
    resident.console.clear()  # the browser itself notes that answer


def test_a_member_sees_a_staff_layer_on_the_same_map(
    reader: Callable[..., Watched], user_with_role: Callable[..., User]
) -> None:
    member = reader("uk", user=user_with_role("viewer"))
    asked = asked_for(member.page)
    page = opened_map(member, "school")
    expect(page.get_by_role("checkbox", name="Шар shelters")).to_be_checked()
    click_on(page, SHELTER)
    expect(panel(page).get_by_role("heading")).to_have_text("Укриття № 7")
    assert [address for address in asked if "/tiles/demo.shelters/" in address]


def test_the_map_is_ukrainian_by_default_and_english_on_request(reader: Callable[..., Watched]) -> None:
    page = opened_map(reader(locale="en-GB"), "parcel")
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    expect(page.get_by_role("heading", name="Шари карти")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Шар parcels")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Map layers")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Layer parcels")).to_be_visible()
    assert page.evaluate("location.hash").startswith("#map=17/")
    wait_for_colour(page, CORNER, over(paper(page), COMMUNAL))
    click_on(page, CORNER)
    expect(panel(page)).to_contain_text("Documented area1,234.5 га")
    expect(panel(page)).to_contain_text("OwnershipCommunal")
    expect(panel(page).get_by_role("link", name="Page of the feature")).to_be_visible()
    shoot(page, "map-panel-en")


def test_on_a_phone_the_attributes_come_as_a_sheet_from_below(reader: Callable[..., Watched]) -> None:
    page = opened_map(reader("uk", "phone", has_touch=True, is_mobile=True), "parcel")
    expect(page.get_by_role("heading", name="Шари карти")).to_be_hidden()
    wait_for_colour(page, CORNER, over(paper(page), COMMUNAL))
    page.touchscreen.tap(*on_screen(page, CORNER))
    expect(panel(page).get_by_role("heading", name=CAD_NUM)).to_be_visible()
    whole, sheet = page.locator("hm-map").bounding_box(), panel(page).bounding_box()
    assert whole is not None
    assert sheet is not None
    assert (sheet["x"], sheet["width"]) == (whole["x"], whole["width"])
    assert sheet["y"] + sheet["height"] == pytest.approx(whole["y"] + whole["height"], abs=1)
    assert sheet["y"] > whole["y"] + whole["height"] * 0.3, "the map above it stays to be seen"
    shoot(page, "map-sheet")
    handle = panel(page).get_by_role("button", name="Висота панелі: половина екрана. Змінити")
    handle.press("ArrowUp")
    expect(panel(page).get_by_role("button", name="Висота панелі: весь екран. Змінити")).to_be_visible()
    panel(page).get_by_role("button", name="Закрити відомості").tap()
    expect(panel(page)).to_be_hidden()


def test_on_a_phone_the_legend_opens_and_switches_a_layer(reader: Callable[..., Watched]) -> None:
    page = opened_map(reader("uk", "phone", has_touch=True, is_mobile=True), "parcel")
    page.get_by_role("button", name="Шари", exact=True).tap()
    expect(page.get_by_role("heading", name="Шари карти")).to_be_visible()
    page.get_by_text("Шар parcels").tap()
    wait_for_address(page, "&l=demo.schools$")
    shoot(page, "map-legend-phone")


@pytest.mark.parametrize("lang", ["uk", "en"])
def test_the_content_policy_is_strict_and_the_map_keeps_to_it(
    reader: Callable[..., Watched], lang: str
) -> None:
    resident = reader(lang)
    policies: list[str] = []
    resident.page.on(
        "response",
        lambda answer: policies.append(answer.headers.get("content-security-policy", "")),
    )
    page = opened_map(resident, "parcel")
    wait_for_colour(page, CORNER, over(paper(page), COMMUNAL))
    click_on(page, CORNER)
    expect(panel(page).get_by_role("heading", name=CAD_NUM)).to_be_visible()
    assert resident.complaints() == []
    assert "default-src" in policies[0]
    assert "unsafe-inline" not in policies[0]
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in resident.console)
    resident.console.clear()


@pytest.mark.parametrize(("lang", "size"), [("uk", "wide"), ("en", "phone")])
def test_the_open_panel_and_legend_break_no_rule_of_accessibility(
    reader: Callable[..., Watched], lang: str, size: str
) -> None:
    # The content policy is set aside for axe itself, which no page loads.
    page = opened_map(reader(lang, size, bypass_csp=True), "parcel")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    click_on(page, CORNER)
    expect(panel(page).get_by_role("heading", name=CAD_NUM)).to_be_visible()
    expect(panel(page).locator("dl")).to_be_visible()
    assert broken_rules(page) == []
    if size == "phone":
        page.get_by_role("button", name="Layers", exact=True).click()
        expect(panel(page)).to_be_hidden()
    page.locator(".hm-layer__more").first.click()
    expect(page.get_by_role("slider")).to_be_visible()
    assert broken_rules(page) == []


def broken_rules(page: Page) -> list[str]:
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]]
