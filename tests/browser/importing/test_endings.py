"""How an import ends, in a real browser: without success, without a change, and undone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from layers.models import Layer
from tests.browser.importing.steps import ADDRESSES, drop, finish, step, to_differences, upload
from tests.browser.pages import Watched
from tests.importers import files

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


def test_a_page_that_says_why_it_failed_leads_back_to_the_check(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    table = tmp_path / "register.csv"
    table.write_text("katottg,name\nUA99999999999999991,Перша\nUA99999999999999992,Друга\n", encoding="utf-8")
    reader = window(ADDRESSES, user=planner)
    page = reader.open("import")
    drop(page, table)
    upload(page)
    step(page, "Перевірка")
    page.get_by_label("Назва українською").fill("Реєстр")
    page.get_by_role("button", name="Показати відмінності").click()
    finish(page)
    expect(page.get_by_role("heading", name="Імпорт не вдався")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("код, місце якого невідоме")
    page.get_by_role("link", name="Назад до перевірки").click()
    expect(page.get_by_label("Назва українською")).to_have_value("Реєстр")
    expect(page.get_by_role("main")).to_contain_text("Попередня спроба не вдалася")
    assert reader.complaints() == []


def test_the_same_file_again_goes_where_it_went_and_changes_nothing_and_its_undoing_is_told(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3))
    reader = window(ADDRESSES, user=planner)
    page = reader.open("import")
    drop(page, file)
    upload(page)
    step(page, "Перевірка")
    to_differences(page, "Ділянки")
    page.get_by_role("button", name="Застосувати 3 зміни").click()
    run_ready_jobs()
    expect(page.get_by_role("heading", name="Готово")).to_be_visible()
    first = page.url

    reader.open("import")
    drop(page, file)
    upload(page)
    step(page, "Перевірка")
    expect(page.get_by_role("main")).to_contain_text("Цей файл було імпортовано в шар «Ділянки»")
    expect(page.get_by_label("Наявний шар")).to_be_checked()
    page.get_by_role("button", name="Показати відмінності").click()
    finish(page)
    expect(page.get_by_role("heading", name="Змінювати нічого")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("У шарі «Ділянки» усе це вже є. Нічого не змінено.")
    assert Layer.objects.get().feature_count == 3

    page.goto(first)
    page.get_by_text("Скасувати імпорт", exact=True).click()
    page.get_by_role("button", name="Так, скасувати імпорт").click()
    run_ready_jobs()
    expect(page.get_by_role("heading", name="Скасовано")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("шар «Ділянки», який він створив, прибрано")
    expect(page.get_by_role("main")).to_contain_text("Скасовані зміни: 3 об’єкти додано.")
    assert reader.complaints() == []


def test_a_place_far_from_the_rest_is_out_of_sight_until_it_is_asked_for(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    west, south = files.LADYZHYN
    places = [(west + step / 1000, south) for step in range(9)] + [(10.0, 20.0)]
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"№ {at[0]}"},
            "geometry": {"type": "Point", "coordinates": at},
        }
        for at in places
    ]
    file = tmp_path / "stops.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    reader = window(ADDRESSES, user=planner)
    page = reader.open("import")
    drop(page, file)
    upload(page)
    step(page, "Перевірка")
    to_differences(page, "Зупинки")
    show = page.get_by_role("button", name="Показати все")
    show.click()
    expect(show).to_have_count(0)
    expect(page.locator("import-diff-map .hm-surface")).to_be_focused()
    assert reader.complaints() == []
