"""The main job: a planner gives a zipped shapefile, and a resident sees it on the public map."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from tests.browser.on_map import click_on, panel, wait_for_tiles
from tests.browser.pages import Watched, shoot
from tests.conftest import PASSWORD
from tests.importers import files

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]
ADDRESSES = {"import": "/demo/import/", "map": "/demo/"}


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def planner(user_with_role: Callable[..., User]) -> User:
    return user_with_role("editor", email="planner@example.org")


def sign_in(page: Page, user: User) -> None:
    expect(page.get_by_role("heading", name="Увійти")).to_be_visible()
    page.get_by_label("Електронна пошта").fill(user.email)
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Увійти").click()


def send(page: Page, file: Path, *, seen_by: str) -> None:
    page.get_by_label("Файл", exact=True).set_input_files(file)
    page.get_by_label("Назва українською").fill("Земельні ділянки")
    page.get_by_label("Назва англійською").fill("Land parcels")
    page.get_by_label("Хто може бачити").select_option(label=seen_by)
    page.get_by_role("button", name="Завантажити та імпортувати").click()
    expect(page).to_have_url(re.compile("/demo/jobs/[0-9a-f-]{36}/$"))


def expect_all_three_rows(page: Page) -> None:
    expect(page.get_by_role("heading", name="Результат")).to_be_visible()
    figures = page.locator(".facts > div", has=page.locator(".figure-number"))
    expect(figures).to_have_text(
        [re.compile(rf"{word}\s*{count}") for word, count in
         (("Прочитано рядків", 3), ("Імпортовано", 3), ("Виправлено", 0), ("Відхилено", 0))]
    )  # fmt: skip


def test_a_planner_uploads_a_shapefile_and_a_resident_reads_it_on_the_map(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    page = window(ADDRESSES).open("import")
    sign_in(page, planner)
    expect(page).to_have_url(re.compile("/demo/import/$"))
    send(page, files.shapefile(tmp_path, files.parcels(3)), seen_by="Усі")
    expect(page.get_by_role("progressbar")).to_be_visible()
    [job] = run_ready_jobs()
    assert job.state == "done"
    expect_all_three_rows(page)
    expect(page.get_by_role("main")).to_contain_text("EPSG:9832")
    shoot(page, "main-job-summary")
    page.get_by_role("link", name="Показати шар").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Земельні ділянки")

    resident = window(ADDRESSES)
    tiles: list[str] = []
    resident.page.on(
        "response",
        lambda answer: tiles.append(answer.headers["content-type"]) if "/tiles/" in answer.url else None,
    )
    page = resident.open("map")
    expect(page.get_by_role("checkbox", name="Земельні ділянки")).to_be_checked()
    wait_for_tiles(page)
    assert "application/vnd.mapbox-vector-tile" in tiles
    west, south = files.LADYZHYN
    click_on(page, (west + 0.0013, south + 0.0003))
    expect(panel(page)).to_contain_text("вул. Кам'янецька, 2 ґ є і ї")
    expect(panel(page)).to_contain_text("0510600000:01:001:0002")
    shoot(page, "main-job-map")


def test_letters_that_the_file_does_not_explain_are_asked_about_and_then_read(
    planner: User, window: Callable[..., Watched], tmp_path: Path
) -> None:
    page = window(ADDRESSES, user=planner).open("import")
    send(page, files.shapefile(tmp_path, files.parcels(3), without=[".cpg"]), seen_by="Усі")
    run_ready_jobs()
    expect(page.get_by_role("heading", name="Потрібне ваше рішення")).to_be_visible()
    answer = page.locator(".choice", has_text="Кам'янецька")
    expect(answer).to_have_count(1)
    answer.get_by_role("radio").check()
    page.get_by_role("button", name="Імпортувати з цією відповіддю").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    run_ready_jobs()
    expect_all_three_rows(page)
