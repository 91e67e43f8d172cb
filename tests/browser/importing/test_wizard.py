"""The wizard in a real browser: from a file dropped on the page to features on the map, and back again."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from importers.models import Import, Upload
from layers.models import Layer
from tests.browser.importing.steps import ADDRESSES, drop, finish, step, to_differences, upload
from tests.browser.on_map import click_on, panel, wait_for_tiles
from tests.browser.pages import Watched, shoot
from tests.browser.test_pages_axe import AXE, RULES
from tests.importers import files

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]
REAL = Path(__file__).parents[4] / "shared/data/encodings_crs/addresses_cp1251_nocpg_noldid_lcs05.zip"


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]]


def test_the_check_asks_only_about_the_chosen_target(
    planner: User, window: Callable[..., Watched], make_layer: Callable[..., Layer], tmp_path: Path
) -> None:
    make_layer("plots", geometry_type="Polygon")
    page = window(ADDRESSES, user=planner).open("import")
    drop(page, files.shapefile(tmp_path, files.parcels(3)))
    upload(page)
    step(page, "Перевірка")
    title, mode = page.get_by_label("Назва українською"), page.get_by_label("Замінити все")
    expect(title).to_be_visible()
    expect(mode).to_be_hidden()
    page.get_by_label("Наявний шар").check()
    expect(title).to_be_hidden()
    expect(mode).to_be_visible()


def test_a_dropped_shapefile_is_checked_compared_applied_seen_and_undone(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    page = window(ADDRESSES, user=planner).open("import")
    drop(page, files.shapefile(tmp_path, files.parcels(3)))
    expect(page.get_by_role("listitem").filter(has_text="parcels.zip")).to_be_visible()
    upload(page)
    step(page, "Перевірка")
    shoot(page, "wizard-check")
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("3 рядки")
    to_differences(page, "Земельні ділянки")
    expect(page.locator("import-diff-map .hm-surface")).to_be_visible()
    expect(page.locator("import-diff-map path.hm-sketch--added")).to_have_count(3)
    page.reload()
    shoot(page, "wizard-differences")
    page.get_by_role("button", name="Застосувати 3 зміни").click()
    run_ready_jobs()
    expect(page.get_by_role("heading", name="Готово")).to_be_visible()
    shoot(page, "wizard-done")
    done = page.url
    page.get_by_role("link", name="Показати на карті").click()
    wait_for_tiles(page)
    west, south = files.LADYZHYN
    click_on(page, (west + 0.0013, south + 0.0003))
    expect(panel(page)).to_contain_text("вул. Кам'янецька, 2 ґ є і ї")
    page.goto(done)
    page.get_by_text("Скасувати імпорт", exact=True).click()
    page.get_by_role("button", name="Так, скасувати імпорт").click()
    run_ready_jobs()
    expect(page.get_by_role("heading", name="Скасовано")).to_be_visible()
    assert Layer.objects.get().feature_count == 0


def test_a_row_that_is_not_wanted_is_left_out_at_once(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    page = window(ADDRESSES, user=planner).open("import")
    drop(page, files.shapefile(tmp_path, files.parcels(3)))
    upload(page)
    step(page, "Перевірка")
    to_differences(page, "Ділянки")
    page.locator("import-review input[name=row]").first.uncheck()
    page.get_by_role("button", name="Застосувати 2 зміни").click()
    run_ready_jobs()
    expect(page.get_by_role("heading", name="Готово")).to_be_visible()
    assert Layer.objects.get().feature_count == 2


def test_an_upload_goes_on_after_the_connection_was_lost_and_after_a_reload(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    reader = window(ADDRESSES, user=planner)
    page = reader.open("import")
    file = files.shapefile(tmp_path, files.parcels(3))
    with file.open("ab") as end:
        end.write(bytes(600_000))  # behind the archive's end: it is read all the same, in three pieces
    pieces = {"let": 1}

    def sometimes(route: Any) -> None:
        if route.request.method != "PATCH" or pieces["let"] > 0:
            pieces["let"] -= route.request.method == "PATCH"
            route.continue_()
        else:
            route.abort()

    page.route("**/api/uploads/*", sometimes)
    drop(page, file)
    page.get_by_role("button", name="Завантажити та перевірити").click()
    expect(page.get_by_role("status").filter(has_text="немає зв’язку")).to_be_visible()
    page.reload()
    assert 0 < Upload.objects.get().received < file.stat().st_size
    pieces["let"] = 99
    drop(page, file)
    upload(page)
    assert Upload.objects.get().received == file.stat().st_size, "one upload, continued"
    reader.console.clear()  # the lost connection


def test_the_whole_way_is_gone_with_the_keyboard_alone(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    page = window(ADDRESSES, user=planner).open("import")
    page.get_by_label("Виберіть файл").set_input_files(files.shapefile(tmp_path, files.parcels(2)))

    def press(name: str) -> None:
        """Tab to the button, as somebody without a mouse does, and press it."""
        for _ in range(120):
            page.keyboard.press("Tab")
            if page.evaluate("(document.activeElement.textContent ?? '').trim()") == name:
                return page.keyboard.press("Enter")
        pytest.fail(f"Tab does not reach “{name}”")

    press("Завантажити та перевірити")
    expect(page).to_have_url(re.compile(r"/demo/imports/[0-9a-f-]{36}/$"))
    step(page, "Перевірка")
    press("Показати відмінності")
    step(page, "Відмінності")
    press("Застосувати 2 зміни")
    finish(page)
    expect(page.get_by_role("heading", name="Готово")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme", "lang"), [("wide", "light", "uk"), ("phone", "dark", "en")])
def test_no_step_breaks_a_rule_of_accessibility(
    planner: User, window: Callable[..., Watched], tmp_path: Path, size: str, scheme: Any, lang: str
) -> None:
    # The content policy is set aside for axe itself, which no page loads.
    page = window(ADDRESSES, lang, size, user=planner, color_scheme=scheme, bypass_csp=True).open("import")
    drop(page, files.shapefile(tmp_path, files.parcels(2)))
    found = {"file": violations(page)}
    page.locator("import-upload .button--primary").click()
    expect(page.locator("import-progress")).to_be_visible()
    found["working"] = violations(page)
    run_ready_jobs()
    expect(page.locator("import-target")).to_be_visible()
    found["check"] = violations(page)
    page.locator("import-target .button--primary").click()
    expect(page.locator("import-progress")).to_be_visible()
    run_ready_jobs()
    expect(page.locator("import-diff-map .hm-surface")).to_be_visible()
    found["differences"] = violations(page)
    page.locator("[data-apply]").click()
    run_ready_jobs()
    expect(page.locator("details.undo")).to_be_visible()
    found["done"] = violations(page)
    page.goto(page.url.partition("/demo/")[0] + ADDRESSES["imports"])
    found["list"] = violations(page)
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.skipif(not REAL.exists(), reason="the shared data set is not here")
def test_the_real_addresses_without_cpg_and_language_byte_need_no_code(
    planner: User, window: Callable[..., Watched]
) -> None:
    page = window(ADDRESSES, user=planner).open("import")
    drop(page, REAL)
    upload(page)
    run_ready_jobs()
    expect(page.locator("import-progress")).to_have_count(0)
    expect(page.get_by_role("button", name="Далі")).to_have_count(0)  # neither letters nor place are asked
    expect(page.get_by_role("main")).to_contain_text("3 443 рядки".replace(" ", "\u00a0", 1))
    expect(page.get_by_role("main")).to_contain_text("вул.Слобода")
    to_differences(page, "Адреси")
    page.get_by_role("button", name=re.compile("Застосувати 3.443 зміни")).click()
    run_ready_jobs()
    expect(page.get_by_role("heading", name="Готово")).to_be_visible()
    layer = Layer.objects.get()
    assert layer.feature_count == 3443
    assert (Import.objects.get().summary or {})["crs"] == "EPSG:9832"
