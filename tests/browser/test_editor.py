"""The map editor in a real browser: what a planner draws is in the database and on the map."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from gis_core.people import User
from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Feature, Layer
from tests.browser.pages import PARCEL_FIELDS, Watched, shoot
from tests.conftest import square

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

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
        from math import log, pi, radians, tan

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


@pytest.fixture
def window_of(window: Callable[..., Watched]) -> WindowOf:
    """`window_of(user, "en", "phone")`: a window where `user` is signed in; other hosts cannot be reached."""

    def make(user: User | None, lang: str = "uk", size: str = "wide", **options: Any) -> Watched:
        opened = window({}, lang, size, user=user, **options)
        local = (opened.origin, "data:", "blob:")
        opened.page.context.route(lambda url: not url.startswith(local), lambda route: route.abort())
        return opened

    return make


@pytest.fixture
def planner(user_with_role: MakeUser) -> User:
    return user_with_role("editor", email="planner@example.org")


@pytest.fixture
def parcels(make_layer: MakeLayer) -> Layer:
    return make_layer(
        geometry_type="Polygon", fields=PARCEL_FIELDS, key_field="cad_num", theme="land",
        features=[(square(WEST, SOUTH, SIZE), {"cad_num": CADASTRAL, "ownership": "100"})],
    )  # fmt: skip


def change(layer: Layer, feature: Feature, geometry: dict[str, Any], **properties: Any) -> None:
    """Somebody else's edit."""
    draft = ChangeDraft("U", feature.pk, feature.version, geometry, {**feature.properties, **properties})
    changeset = open_changeset(layer=layer, author=None, comment="Уточнення", changes=[draft])
    apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)


def quiet(page: Page) -> None:
    page.wait_for_load_state("networkidle")


def test_a_drawn_polygon_with_its_form_is_a_changeset_and_is_on_the_map(
    window_of: WindowOf, planner: User, make_layer: MakeLayer
) -> None:
    layer = make_layer(geometry_type="Polygon", fields=PARCEL_FIELDS, theme="land")
    here = Map(window_of(planner))
    card = here.edit()
    expect(card.get_by_label("Шар")).to_have_value("demo.parcels")
    east, north = WEST + SIZE, SOUTH + SIZE
    here.draw((WEST, SOUTH), (east, SOUTH), (east, north), (WEST, north))
    expect(card.get_by_role("heading", name="Новий об’єкт")).to_be_focused()

    here.save()
    expect(card.get_by_role("alert").filter(has_text="Спершу виправте 1 значення")).to_be_visible()
    number = card.get_by_label("Кадастровий номер")
    expect(number).to_be_focused()
    expect(number).to_have_accessible_description(re.compile("Заповніть це поле"))
    number.fill(CADASTRAL)
    card.get_by_label("Форма власності").select_option(label="Комунальна власність")
    card.get_by_label("Площа за документами").fill("0,1234")
    card.get_by_label("В оренді").select_option(label="так")
    card.get_by_label("Дата реєстрації").fill("2024-03-09")
    card.get_by_label(re.compile("^Що й чому змінено")).fill("Нова ділянка за рішенням сесії")
    shoot(here.page, "editor-form-wide-uk")
    here.save()
    here.saved()

    feature = Feature.objects.get(layer=layer)
    changeset = Changeset.objects.get()
    assert (changeset.comment, changeset.source, changeset.author) == (
        "Нова ділянка за рішенням сесії", "edit", planner,
    )  # fmt: skip
    assert feature.properties == {
        "cad_num": CADASTRAL, "ownership": "200", "area_ha": 0.1234,
        "registered": "2024-03-09", "is_leased": True,
    }  # fmt: skip
    assert feature.geom.geom_type == "Polygon"
    assert feature.geom.num_coords == 5
    assert feature.geom.extent == pytest.approx((WEST, SOUTH, east, north), abs=2e-5)
    link = card.get_by_role("link", name=f"Набір змін № {changeset.pk}")
    assert link.get_attribute("href") == f"/demo/changesets/{changeset.pk}/"
    quiet(here.page)
    here.select(*CENTRE)  # picked out of the new tile
    expect(card.get_by_label("Кадастровий номер")).to_have_value(CADASTRAL)


def test_a_feature_is_reshaped_by_its_vertices_and_undone_and_redone(
    window_of: WindowOf, planner: User, parcels: Layer
) -> None:
    here = Map(window_of(planner))
    here.edit()
    here.select(*CENTRE)
    here.drag((WEST + SIZE, SOUTH + SIZE), (WEST + SIZE * 1.2, SOUTH + SIZE * 1.2))
    expect(here.button("Зберегти 1 зміну")).to_be_visible()
    shoot(here.page, "editor-reshape-wide-uk")
    here.page.keyboard.press("Control+z")
    expect(here.button("Зберегти 1 зміну")).to_be_hidden()
    redo = here.button(f"Повторити: змінено форму «{CADASTRAL}»")
    redo.click()
    here.save()
    here.saved()
    feature = Feature.objects.get(layer=parcels)
    assert feature.version == 2
    corners = sorted(feature.geom.coords[0][:-1])
    assert corners[-1] == pytest.approx((WEST + SIZE * 1.2, SOUTH + SIZE * 1.2), abs=2e-5)
    # What was not touched is what it was: to a thousandth of a millimetre and beyond.
    assert corners[0] == pytest.approx((WEST, SOUTH), abs=1e-13)
    assert corners[2] == pytest.approx((WEST + SIZE, SOUTH), abs=1e-13)
    assert feature.properties["ownership"] == "100"


def test_a_border_drawn_near_a_neighbours_snaps_to_it_exactly(
    window_of: WindowOf, planner: User, make_layer: MakeLayer
) -> None:
    layer = make_layer(
        geometry_type="Polygon", theme="land", features=[(square(WEST, SOUTH, SIZE), {"name": "Сусід"})]
    )
    here = Map(window_of(planner))
    card = here.edit()
    here.select(*CENTRE, title="Сусід")
    card.get_by_role("button", name="Готово").click()
    quiet(here.page)
    east, north, near = WEST + SIZE, SOUTH + SIZE, 0.00005
    here.draw(
        (east + near, SOUTH - near), (east + SIZE, SOUTH), (east + SIZE, north), (east + near, north + near)
    )
    card.get_by_label("Назва").fill("Нова")
    here.save()
    here.saved()
    neighbour = Feature.objects.get(layer=layer, properties__name="Сусід").geom
    drawn = Feature.objects.get(layer=layer, properties__name="Нова").geom
    shared = neighbour.intersection(drawn)
    assert shared.geom_type == "LineString", "they touch along the whole border, and nowhere overlap"
    assert shared.length == pytest.approx(SIZE, abs=1e-9)


def test_a_vertex_is_moved_and_removed_by_keyboard(
    window_of: WindowOf, planner: User, parcels: Layer
) -> None:
    here = Map(window_of(planner))
    here.edit()
    quiet(here.page)
    here.surface.focus()
    here.page.keyboard.press("Enter")  # what is in the centre
    vertex = here.button(re.compile("^Вершина 1 із 4"))
    vertex.focus()
    here.page.keyboard.press("Shift+ArrowLeft")
    here.page.keyboard.press("ArrowLeft")
    here.button(re.compile("^Вершина . із 4")).nth(2).focus()
    here.page.keyboard.press("Delete")
    expect(here.button(re.compile("^Вершина . із 3"))).to_have_count(3)
    here.save()
    here.saved()
    ring = Feature.objects.get(layer=parcels).geom.coords[0]
    assert len(ring) == 4
    assert min(x for x, _y in ring) == pytest.approx(WEST - 11 * 360 / (256 * 2**17), abs=1e-6)


def test_a_deleted_feature_can_be_brought_back_until_it_is_saved(
    window_of: WindowOf, planner: User, parcels: Layer
) -> None:
    here = Map(window_of(planner))
    card = here.edit()
    here.select(*CENTRE)
    card.get_by_role("button", name="Видалити об’єкт").click()
    expect(card.get_by_text("буде видалено, коли ви збережете")).to_be_visible()
    here.page.keyboard.press("Control+z")
    expect(card.get_by_role("button", name="Видалити об’єкт")).to_be_visible()
    here.surface.focus()
    here.page.keyboard.press("Delete")
    here.save()
    here.saved()
    assert not Feature.objects.filter(layer=parcels).exists()
    assert Changeset.objects.latest("id").deleted_count == 1
    quiet(here.page)
    here.click(*CENTRE)
    expect(card.get_by_role("heading", name=CADASTRAL)).to_have_count(0)


def test_a_stale_edit_shows_both_versions_and_the_planner_decides(
    window_of: WindowOf, planner: User, parcels: Layer
) -> None:
    here = Map(window_of(planner))
    card = here.edit()
    here.select(*CENTRE)
    card.get_by_label("Форма власності").select_option(label="Державна власність")
    theirs = square(WEST, SOUTH, SIZE * 0.8)
    change(parcels, Feature.objects.get(layer=parcels), theirs, ownership="200", address="вул. Соборна, 1")
    here.save()
    conflict = card.get_by_role("article", name=CADASTRAL)
    expect(card.get_by_role("heading", name="1 об’єкт тим часом змінив хтось інший")).to_be_focused()
    row = conflict.get_by_role("row", name=re.compile("Форма власності"))
    expect(row.get_by_role("cell")).to_contain_text([re.compile("Державна"), re.compile("Комунальна")])
    expect(here.surface.get_by_text("Ваше", exact=True)).to_be_visible()
    expect(here.surface.get_by_text("Їхнє", exact=True)).to_be_visible()
    here.refused("409")
    quiet(here.page)
    shoot(here.page, "editor-conflict-wide-uk")
    conflict.get_by_role("radio", name=re.compile("Лишити моє")).check()
    card.get_by_role("button", name="Зберегти вибране").click()
    here.saved()
    feature = Feature.objects.get(layer=parcels)
    assert feature.version == 3
    # Mine where both changed; what only they changed stays theirs.
    assert (feature.properties["ownership"], feature.properties["address"]) == ("300", "вул. Соборна, 1")
    assert feature.geom.extent == pytest.approx((WEST, SOUTH, WEST + SIZE * 0.8, SOUTH + SIZE * 0.8))


def test_taking_their_version_drops_mine(window_of: WindowOf, planner: User, parcels: Layer) -> None:
    here = Map(window_of(planner))
    card = here.edit()
    here.select(*CENTRE)
    card.get_by_label("Адреса").fill("вул. Моя, 2")
    change(parcels, Feature.objects.get(layer=parcels), square(WEST, SOUTH, SIZE), address="вул. Їхня, 1")
    here.save()
    card.get_by_role("radio", name=re.compile("Узяти їхнє")).check()
    here.refused("409")
    card.get_by_role("button", name="Зберегти вибране").click()
    expect(card.get_by_role("article")).to_have_count(0)
    feature = Feature.objects.get(layer=parcels)
    assert (feature.version, feature.properties["address"]) == (2, "вул. Їхня, 1")


def test_a_value_that_the_server_refuses_is_told_at_its_field(
    window_of: WindowOf, planner: User, parcels: Layer
) -> None:
    here = Map(window_of(planner))
    card = here.edit()
    here.select(*CENTRE)
    card.get_by_label("Адреса").fill("довга " * 4_000)  # only the server knows how long is too long
    here.save()
    address = card.get_by_label("Адреса")
    expect(address).to_be_focused()
    expect(address).to_have_accessible_description(re.compile("задовгий|занадто довгий|too long", re.I))
    here.refused("422")
    assert Feature.objects.get(layer=parcels).version == 1


def test_a_lost_connection_loses_nothing_and_a_reload_asks_about_the_draft(
    window_of: WindowOf, planner: User, parcels: Layer
) -> None:
    here = Map(window_of(planner))
    card = here.edit()
    here.select(*CENTRE)
    card.get_by_label("Адреса").fill("вул. Соборна, 7")
    here.page.context.set_offline(True)
    here.save()
    expect(card.get_by_role("alert").filter(has_text="Сервер не відповів")).to_be_visible()
    expect(here.button("Зберегти 1 зміну")).to_be_visible()
    here.refused("ERR_INTERNET_DISCONNECTED")
    here.page.context.set_offline(False)
    here.page.reload()
    card = here.edit()
    expect(card.get_by_text("лишилася 1 незбережена зміна")).to_be_visible()
    shoot(here.page, "editor-draft-wide-uk")
    card.get_by_role("button", name="Відновити").click()
    here.save()
    here.saved()
    assert Feature.objects.get(layer=parcels).properties["address"] == "вул. Соборна, 7"
    here.page.reload()
    card = here.edit()
    expect(card.get_by_role("button", name="Відновити")).to_have_count(0)


def test_a_draft_of_one_planner_is_not_offered_to_another_at_the_same_computer(
    window_of: WindowOf, planner: User, user_with_role: MakeUser, parcels: Layer
) -> None:
    here = Map(window_of(planner))
    card = here.edit()
    here.select(*CENTRE)
    card.get_by_label("Адреса").fill("вул. Соборна, 7")
    expect(here.button("Зберегти 1 зміну")).to_be_visible()
    kept = here.page.evaluate("Object.entries(localStorage)")
    assert len(kept) == 1
    other = Map(window_of(user_with_role("editor", email="other@example.org")))
    other.page.evaluate("entries => entries.forEach(([key, text]) => localStorage.setItem(key, text))", kept)
    card = other.edit()
    expect(card.get_by_text("Натисніть об’єкт на карті")).to_be_visible()
    expect(card.get_by_role("button", name="Відновити")).to_have_count(0)


def test_a_viewer_and_a_resident_have_no_edit_button(
    window_of: WindowOf, user_with_role: MakeUser, planner: User, parcels: Layer
) -> None:
    for user, count in ((planner, 1), (user_with_role("viewer"), 0), (None, 0)):
        here = Map(window_of(user))
        expect(here.button("Збільшити карту")).to_be_visible()
        expect(here.button("Редагувати карту")).to_have_count(count)


def test_a_point_is_added_by_keyboard_alone(
    window_of: WindowOf, planner: User, make_layer: MakeLayer
) -> None:
    layer = make_layer("schools", geometry_type="Point", theme="infrastructure")
    here = Map(window_of(planner))
    keys = here.page.keyboard
    here.button("Редагувати карту").focus()
    keys.press("Enter")
    card = here.page.get_by_role("region", name="Редагування карти")
    summary = card.get_by_text("Нова точка за координатами")
    expect(summary).to_be_visible()
    tab_to(here.page, summary)
    keys.press("Enter")
    tab_to(here.page, card.get_by_label("Довгота, °"))
    keys.type("48,681")
    keys.press("Tab")
    keys.type("29,241")
    keys.press("Enter")
    expect(card.get_by_role("alert").filter(has_text="переставлено")).to_be_visible()
    card.get_by_label("Довгота, °").select_text()
    keys.type("29,24105")
    keys.press("Tab")
    card.get_by_label("Широта, °").select_text()
    keys.type("48,6811")
    keys.press("Enter")
    tab_to(here.page, card.get_by_label("Назва"))
    keys.type("Ліцей")
    keys.press("Control+s")
    here.saved()
    feature = Feature.objects.get(layer=layer)
    assert feature.geom.coords == (29.24105, 48.6811)
    assert feature.properties == {"name": "Ліцей"}


def test_drawing_on_a_phone_leaves_the_map_free_and_needs_no_exact_finger(
    window_of: WindowOf, planner: User, make_layer: MakeLayer
) -> None:
    layer = make_layer(geometry_type="Polygon", theme="land")
    here = Map(window_of(planner, "uk", "phone", has_touch=True))
    card = here.edit()
    here.button("Намалювати полігон").click()
    shoot(here.page, "editor-drawing-phone-uk")
    box, surface = card.bounding_box(), here.surface.bounding_box()
    assert box is not None
    assert surface is not None
    assert box["height"] < surface["height"] / 3
    here.page.touchscreen.tap(*here.pixel(WEST, SOUTH + SIZE))
    here.page.touchscreen.tap(*here.pixel(WEST + SIZE, SOUTH + SIZE))
    here.button("Поставити в центрі карти").click()
    here.button("Завершити").click()
    card.get_by_label("Назва").fill("Сквер")
    here.save()
    here.saved()
    polygon = Feature.objects.get(layer=layer).geom
    assert polygon.num_coords == 4
    assert min(y for _x, y in polygon.coords[0]) == pytest.approx(CENTRE[1], abs=1e-5)


def tab_to(page: Page, target: Locator, most: int = 40) -> None:
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {target}")


def test_a_line_is_drawn_without_a_mouse(window_of: WindowOf, planner: User, make_layer: MakeLayer) -> None:
    layer = make_layer("pipes", geometry_type="LineString", theme="infrastructure")
    here = Map(window_of(planner))
    here.edit()
    here.button("Намалювати лінію").click()
    keys = here.page.keyboard
    keys.press("Space")
    keys.press("ArrowRight")
    here.page.wait_for_timeout(600)
    keys.press("Space")
    keys.press("Enter")
    here.save()
    here.saved()
    line = Feature.objects.get(layer=layer).geom
    assert (line.geom_type, line.num_coords) == ("LineString", 2)
    assert line.coords[0] == pytest.approx(CENTRE, abs=1e-5)
    assert line.coords[1][0] > CENTRE[0]


@pytest.mark.parametrize("lang", ["uk", "en"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_the_editor_fits_the_screen(
    window_of: WindowOf, planner: User, parcels: Layer, make_layer: MakeLayer, lang: str, size: str
) -> None:
    make_layer("schools", geometry_type="Point", theme="infrastructure")
    here = Map(window_of(planner, lang, size, has_touch=size == "phone"), zoom=16)
    page = here.page
    page.get_by_role("button", name={"uk": "Редагувати карту", "en": "Edit the map"}[lang]).click()
    card = page.get_by_role("region", name={"uk": "Редагування карти", "en": "Editing the map"}[lang])
    shoot(page, f"editor-open-{size}-{lang}")
    card.get_by_label({"uk": "Шар", "en": "Layer"}[lang], exact=True).select_option("demo.parcels")
    quiet(page)
    here.select(CENTRE[0], CENTRE[1] + 0.0009)
    shoot(page, f"editor-feature-{size}-{lang}")
    small = card.evaluate(
        """card => [...card.querySelectorAll("button, a, summary, select, input:not([type=radio]), textarea")]
        .filter(element => element.checkVisibility() && !element.closest(".hm-sheet__handle, .hm-segment"))
        .filter(element => element.getBoundingClientRect().height < 43.5)
        .map(element => element.outerHTML.slice(0, 90))"""
    )
    assert small == []
    wide = card.evaluate(
        """card => [...card.querySelectorAll("*")]
        .filter(element => element.scrollWidth > element.clientWidth + 1)
        .filter(element => !element.closest(".visually-hidden"))
        .filter(element => getComputedStyle(element).overflowX !== "visible")
        .map(element => element.className)"""
    )
    assert wide == []
