"""Drawing in a real browser: what a planner draws is in the database and on the map."""

import re

import pytest
from playwright.sync_api import expect

from gis_core.people import User
from layers.models import Changeset, Feature
from tests.browser.editing import (
    CADASTRAL,
    CENTRE,
    SIZE,
    SOUTH,
    WEST,
    MakeLayer,
    Map,
    WindowOf,
    quiet,
    tab_to,
)
from tests.browser.pages import PARCEL_FIELDS, shoot
from tests.conftest import square

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


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
