"""Changing and deleting what is on the map, undoing it, and what the server refuses."""

import re

import pytest
from playwright.sync_api import expect

from gis_core.people import User
from layers.models import Changeset, Feature, Layer
from tests.browser.editing import (
    CADASTRAL,
    CENTRE,
    SIZE,
    SOUTH,
    WEST,
    MakeLayer,
    MakeUser,
    Map,
    WindowOf,
    quiet,
)
from tests.browser.pages import shoot

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


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


def test_a_viewer_and_a_resident_have_no_edit_button(
    window_of: WindowOf, user_with_role: MakeUser, planner: User, parcels: Layer
) -> None:
    for user, count in ((planner, 1), (user_with_role("viewer"), 0), (None, 0)):
        here = Map(window_of(user))
        expect(here.button("Збільшити карту")).to_be_visible()
        expect(here.button("Редагувати карту")).to_have_count(count)


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
