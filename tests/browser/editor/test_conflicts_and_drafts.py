"""Edits that meet those of somebody else, and edits that were not saved."""

import re

import pytest
from playwright.sync_api import expect

from gis_core.people import User
from layers.models import Feature, Layer
from tests.browser.editing import (
    CADASTRAL,
    CENTRE,
    SIZE,
    SOUTH,
    WEST,
    MakeUser,
    Map,
    WindowOf,
    change,
    quiet,
)
from tests.browser.pages import shoot
from tests.conftest import square

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


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
