"""A raster dropped on the page for files, in a real browser: named, kept, and shown where it lies."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from playwright.sync_api import Page, expect

from gis_core.communities import Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from tests.browser.importing.steps import drop
from tests.browser.pages import Watched, shoot
from tests.browser.test_pages_axe import AXE, RULES
from tests.importers.rasters.odd import LADYZHYN, ramp, write

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


def surround(community: Community, lon: float, lat: float) -> None:
    community.boundary = MultiPolygon(
        Polygon.from_bbox((lon - 0.02, lat - 0.02, lon + 0.02, lat + 0.02)), srid=4326
    )
    community.save()


def accessible(page: Page) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert [item["id"] for item in found["violations"]] == []


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_a_raster_is_dropped_asked_about_and_shown(
    window: Callable[..., Watched],
    user_with_role: Callable[..., User],
    community: Community,
    tmp_path: Path,
    size: str,
) -> None:
    surround(community, 24.0, 49.8)
    reader = window(
        {"import": "/demo/import/", "layers": "/demo/layers/"},
        "uk",
        size,
        user=user_with_role("admin"),
        bypass_csp=True,
    )
    page = reader.open("import")
    drop(page, write(tmp_path / "ортофото_lcs05.tif", ramp(3)))
    page.get_by_role("button", name="Завантажити та перевірити").click()
    expect(page).to_have_url(re.compile(r"/demo/import/raster/\?upload="))
    expect(page.get_by_label("Назва українською")).to_have_value("Ортофото")
    accessible(page)
    shoot(page, f"raster-1-form-{size}")
    page.get_by_role("button", name="Перевірити й зберегти").click()
    expect(page.locator("[data-job]")).to_be_visible()
    run_ready_jobs()
    expect(page.get_by_text("Він справді належить туди")).to_be_visible()
    page.get_by_label(
        "Він справді належить туди"
    ).scroll_into_view_if_needed()  # the map begins when it is seen
    expect(page.locator("import-points-map canvas").first).to_be_visible()
    accessible(page)
    shoot(page, f"raster-2-question-{size}")
    surround(community, *LADYZHYN)
    page.get_by_label("Він справді належить туди").check()
    page.get_by_role("button", name="Далі").click()
    expect(page.locator("[data-job]")).to_be_visible()
    run_ready_jobs()
    expect(page.get_by_role("heading", name="Ортофото", level=1)).to_be_visible()
    page.get_by_role("heading", name="Де лежить").scroll_into_view_if_needed()
    page.mouse.wheel(0, 300)
    expect(page.locator("raster-footprint-map .hm-sketch--outline")).to_be_visible()
    accessible(page)
    shoot(page, f"raster-3-page-{size}")
    reader.open("layers")
    shoot(page, f"raster-4-list-{size}")
    accessible(page)


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_the_form_of_a_source_is_accessible(
    window: Callable[..., Watched],
    user_with_role: Callable[..., User],
    make_layer: Callable[..., Any],
    size: str,
) -> None:
    make_layer("trees")
    reader = window(
        {"layer": "/demo/layers/trees/"}, "uk", size, user=user_with_role("admin"), bypass_csp=True
    )
    page = reader.open("layer")
    page.get_by_text("Додати джерело").click()
    page.get_by_label("Адреса").fill("http://example.org:22/trees.geojson")
    page.get_by_role("button", name="Зберегти джерело").click()
    expect(page.get_by_label("Адреса")).to_have_attribute("aria-invalid", "true")
    reader.console.clear()  # the browser notes that a form was refused
    accessible(page)
    shoot(page, f"source-1-refused-{size}")
    page.get_by_label("Адреса").fill("https://data.example.org/trees.geojson?key=1234567890")
    page.get_by_role("button", name="Зберегти джерело").click()
    expect(page.get_by_role("button", name="Оновити зараз")).to_be_visible()
    accessible(page)
    shoot(page, f"source-2-set-{size}")
