"""Every page in a real browser: both languages, wide and narrow, with and without JavaScript."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page

from gis_core.communities import Community
from gis_core.people import User
from tests.browser import pages
from tests.browser.pages import SIZES, Town, Watched, shoot, watch

# Playwright's sync API keeps a loop in this thread, which Django takes for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

PUBLIC = (
    "home",
    "map",
    "layers",
    "layer",
    "search-none",
    "feature",
    "line",
    "point",
    "login",
    "accessibility",
    "missing",
)
MEMBERS = (
    "layers",
    "layer",
    "feature",
    "empty-layer",
    "changeset",
    "import",
    "jobs",
    "job-running",
    "job-done",
    "job-failed",
    "job-asks",
    "job-asks-crs",
)
TOO_WIDE = """
() => [document.documentElement,
       ...document.querySelectorAll(".table-scroll, .panel, .site-header, .site-footer")]
  .filter(element => !(innerWidth > 640 && element.tabIndex === 0))
  .filter(element => element.scrollWidth > element.clientWidth + 1)
  .map(element => `${element.tagName}.${element.className}: ${element.scrollWidth} > ${element.clientWidth}`)
"""
SMALL_TARGETS = """
() => [...document.querySelectorAll("header a, header button, .button, nav a, input, select")]
  .filter(element => element.checkVisibility() && !["hidden", "radio", "checkbox"].includes(element.type))
  .filter(element => element.getBoundingClientRect().height < 44)
  .map(element => `${element.outerHTML.slice(0, 80)} ${element.getBoundingClientRect().height}`)
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pages.browser() as opened:
        yield opened


@pytest.fixture
def town(community: Community, user_with_role: Callable[..., User]) -> Town:
    editor = user_with_role("editor", email="editor@example.org")
    return pages.build_town(community, editor)


@pytest.fixture
def visitor(chromium: Browser, live_server: Any, town: Town) -> Iterator[Callable[..., Watched]]:
    """`visitor("en", "phone", member=True)`: a browser window of a reader, on no page yet."""
    contexts = []

    def make(lang: str = "uk", size: str = "wide", *, member: bool = False, **options: Any) -> Watched:
        width, height = SIZES[size]
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        cookies = [{"name": settings.LANGUAGE_COOKIE_NAME, "value": lang, "url": live_server.url}]
        if member:
            client = Client()
            client.force_login(town.editor)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            cookies.append({"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url})
        context.add_cookies(cookies)  # type: ignore[arg-type]
        return watch(context, live_server.url, town.addresses)

    yield make
    for context in contexts:
        context.close()


def names(member: bool) -> tuple[str, ...]:
    return MEMBERS if member else PUBLIC


@pytest.mark.parametrize("member", [False, True], ids=["resident", "member"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", ["uk", "en"])
def test_pages_fit_the_screen_and_keep_to_the_content_policy(
    visitor: Callable[..., Watched], lang: str, size: str, member: bool
) -> None:
    reader = visitor(lang, size, member=member)
    for name in names(member):
        page = reader.open(name)
        shoot(page, f"{'member' if member else 'public'}-{name}-{size}-{lang}")
        assert reader.complaints(but="404" if name == "missing" else None) == [], name
        assert page.locator("html").get_attribute("lang") == lang
        assert page.locator("h1").count() == 1, name
        assert page.evaluate(TOO_WIDE) == [], name
        if size == "phone" and name != "map":
            assert page.evaluate(SMALL_TARGETS) == [], name
    assert reader.outside == []


def test_the_layers_are_listed_where_the_map_cannot_run(visitor: Callable[..., Watched]) -> None:
    page = visitor("uk", "phone", java_script_enabled=False).open("map")
    shoot(page, "public-map-without-script")
    footer, last = page.get_by_role("contentinfo"), page.get_by_role("listitem").filter(has_text="Вулиці")
    assert last.bounding_box()["y"] < footer.bounding_box()["y"], "the list does not run under the footer"
    page.get_by_role("link", name="Земельні ділянки").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Земельні ділянки"
    page.get_by_role("link", name="0510600000:01:001:0002").click()
    assert page.get_by_text("Приватна власність").or_(page.get_by_text("Комунальна власність")).count() == 1


def test_everything_is_reached_without_javascript_from_search_to_the_next_page(
    visitor: Callable[..., Watched],
) -> None:
    page = visitor("en", java_script_enabled=False).open("layer")
    page.get_by_role("link", name="Next page").click()
    rows = page.get_by_role("table").first.get_by_role("row")
    assert rows.count() == 31
    page.get_by_role("searchbox").fill("лесі українки, 10")
    page.get_by_role("button", name="Find").click()
    assert rows.count() == 4, "the header, houses 10, 102 and 106 (case does not matter)"
    page.get_by_role("button", name="Українська").click()
    assert page.locator("html").get_attribute("lang") == "uk"
    assert page.get_by_role("searchbox").input_value() == "лесі українки, 10"


def test_the_first_stop_of_the_keyboard_skips_to_the_content(visitor: Callable[..., Watched]) -> None:
    page = visitor("uk").open("layer")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Перейти до вмісту")
    assert skip.evaluate("element => element === document.activeElement")
    assert skip.bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_focus_is_seen_on_every_control_of_the_form(visitor: Callable[..., Watched]) -> None:
    page = visitor("uk", member=True).open("import")
    page.locator("main").focus()
    for _ in range(8):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2, page.evaluate("document.activeElement.outerHTML")


def test_switching_the_language_keeps_the_place_on_the_map(visitor: Callable[..., Watched]) -> None:
    page = visitor("uk").open("accessibility")
    page.evaluate("location.hash = 'map=15/48.68/29.24'")
    page.get_by_role("button", name="English").click()
    page.wait_for_selector("html[lang=en]")
    assert page.evaluate("location.hash") == "#map=15/48.68/29.24"


def test_a_running_job_is_followed_to_its_end(visitor: Callable[..., Watched], town: Town) -> None:
    from gis_core.jobs.models import Job

    reader = visitor("uk", member=True)
    page = reader.open("job-running")
    assert page.get_by_role("progressbar").get_attribute("value") == "0.42"
    running = Job.objects.filter(state="running")
    done = Job.objects.get(state="done")
    running.update(progress=0.8, message_params={"rows": 6000})
    page.wait_for_selector("text=80 %")
    running.update(state="done", progress=1, result=done.result, finished_at=done.finished_at)
    page.wait_for_selector("text=Прочитано рядків")
    assert reader.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_follow_the_colour_scheme_of_the_system(visitor: Callable[..., Watched], scheme: Any) -> None:
    reader = visitor("uk", member=True, color_scheme=scheme)
    brightness = []
    for name in ("layer", "feature", "job-asks", "import"):
        page = reader.open(name)
        shoot(page, f"{scheme}-{name}")
        brightness.append(_brightness(page))
    assert all(value > 0.8 for value in brightness) if scheme == "light" else all(v < 0.2 for v in brightness)


def _brightness(page: Page) -> float:
    text = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in text.removeprefix("rgb(").removesuffix(")").split(",")) / 765


def test_a_printed_page_has_its_table_and_no_controls(visitor: Callable[..., Watched]) -> None:
    page = visitor("uk").open("layer")
    page.emulate_media(media="print")
    shoot(page, "print-layer")
    assert page.get_by_role("table").first.is_visible()
    assert page.get_by_role("searchbox").count() == 0
    assert page.get_by_role("navigation", name="Головна навігація").count() == 0


def test_forced_colours_keep_buttons_and_notices_framed(visitor: Callable[..., Watched]) -> None:
    page = visitor("uk", member=True, forced_colors="active").open("job-failed")
    shoot(page, "forced-colours-job")
    for selector in (".notice", ".chip", ".button"):
        assert page.locator(selector).first.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"
