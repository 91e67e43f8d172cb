"""The map in one HTML file: complete without a network, and nothing of the data runs in it or on the way to it."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from gis_core.errors import TooLarge
from gis_core.people import User
from layers.exports import ExportOptions, export_layer
from layers.models import Layer
from tests.conftest import square

MakeLayer = Callable[..., Layer]

ATTACKS = {
    "cad_num": '<img src=x onerror="window.attacked=1"></script><script>window.attacked=1</script>',
    "name": "{{ 7919 * 7919 }} {% raise %} {# x #} ${7*7} Кам’янець",
}
TITLE = "{{ 7919 * 7919 }} </title><script>window.attacked=1</script> Ґрунти"
FIELDS = [
    {"key": "cad_num", "title": {"uk": "Номер <b>{{ 7919 * 7919 }}</b>", "en": "Number"}},
    {"key": "name", "title": {"uk": "Назва", "en": "Name"}},
    {"key": "area_ha", "type": "number", "unit": "га"},
    {"key": "leased", "type": "boolean"},
    {"key": "owner", "domain": [{"value": "100", "title": {"uk": "Приватна", "en": "Private"}}]},
]
STYLE = {
    "version": 1, "geometry": "polygon",
    "renderer": {
        "type": "categorized", "field": "owner",
        "classes": [{"value": "100", "label": {"uk": "Приватна </ul>", "en": "Private"}, "fill": "#ff0000"}],
        "other": {"label": {"uk": "Інше", "en": "Other"}, "fill": "#00ff00"},
    },
    "stroke": {"color": "#000000", "width": 1},
}  # fmt: skip


@pytest.fixture
def layer(make_layer: MakeLayer) -> Layer:
    made = make_layer(
        fields=FIELDS, geometry_type="Polygon", style=STYLE, attribution="Джерело <i>{{ 7919 * 7919 }}</i>",
        features=[
            (square(30, 50), {**ATTACKS, "area_ha": 1234.5, "leased": False, "owner": "100"}),
            (square(30.002, 50), {"name": "друга"}),
        ],
    )  # fmt: skip
    made.title = {"uk": TITLE, "en": "Soils"}
    made.save()
    return made


@pytest.fixture
def exported(layer: Layer, user_with_role: Callable[..., User], tmp_path: Path) -> Callable[..., Path]:
    user = user_with_role("viewer")

    def write(language: str = "uk") -> Path:
        options = ExportOptions(language=language)
        out = tmp_path / "map.html"
        return export_layer(user=user, layer=layer, format="html", out=out, options=options).path

    return write


def test_the_file_names_no_outside_address_to_load_from(exported: Callable[..., Path]) -> None:
    html = exported().read_text("utf-8")
    loads = re.findall(r"""(?:src|href|action|data)\s*=\s*["']?([^"'\s>]{0,40})""", html)
    loads += re.findall(r"""(?:url\(|@import|fetch\(|import\()\s*["']?([^"')]{0,40})""", html)
    assert [place for place in loads if not place.startswith(("data:", "x"))] == []
    assert "default-src 'none'" in unescape(html)
    assert "jquery" not in html.lower()
    assert "bootstrap" not in html.lower()


def test_texts_of_users_are_never_taken_for_a_template(exported: Callable[..., Path]) -> None:
    html = exported().read_text("utf-8")
    assert html.count("{{ 7919 * 7919 }}") == 5  # heading, title, attribution, a field's title, a value
    assert "{% raise %}" in html
    assert str(7919 * 7919) not in html


def test_the_data_is_json_that_cannot_end_its_element(exported: Callable[..., Path]) -> None:
    html = exported().read_text("utf-8")
    (text,) = re.findall(r'<script id="content" type="application/json">(.*?)</script>', html, re.DOTALL)
    content = json.loads(text)
    features = content["features"]["features"]
    assert features[0]["properties"]["cad_num"] == ATTACKS["cad_num"]
    assert [content["styles"][feature["s"]]["fillColor"] for feature in features] == ["#ff0000", "#00ff00"]
    assert html.count("window.attacked") == 4  # twice in the data, once in the heading, once in the title
    assert "<script>window" not in html


def test_title_legend_and_source_stand_in_the_page_as_text(exported: Callable[..., Path]) -> None:
    html = exported().read_text("utf-8")
    assert html.startswith('<!DOCTYPE html>\n<html lang="uk">')
    assert "&lt;/title&gt;&lt;script&gt;" in html
    assert "Приватна &lt;/ul&gt;" in html
    assert "Джерело &lt;i&gt;" in html
    assert "user-scalable" not in html
    assert '<html lang="en">' in exported("en").read_text("utf-8")


def test_a_layer_that_a_browser_cannot_draw_is_simplified_and_the_page_says_so(
    exported: Callable[..., Path],
    make_layer: MakeLayer,
    user_with_role: Callable[..., User],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = [[30 + place / 1e6, 50 + place / 1e6] for place in range(1_000)]
    line = {"type": "LineString", "coordinates": steps}
    layer = make_layer("rivers", features=[(line, {})])
    user = user_with_role("editor")
    monkeypatch.setenv("HROMADA_MAX_HTML_VERTICES", "100")
    made = export_layer(user=user, layer=layer, format="html", out=tmp_path / "rivers.html")
    assert (made.count, made.losses) == (1, {"simplified": 1})
    assert "1 м" in made.path.read_text("utf-8")
    monkeypatch.setenv("HROMADA_MAX_HTML_VERTICES", "1")
    with pytest.raises(TooLarge):
        export_layer(user=user, layer=layer, format="html", out=tmp_path / "rivers.html")


@contextmanager
def opened(path: Path) -> Iterator[tuple[Page, list[str]]]:
    """The file in a browser, and every address it asked for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url[:60]))
        page.on("pageerror", lambda error: asked.append(f"error: {error}"))
        page.on("console", lambda message: asked.append(f"console: {message.text}"))
        page.goto(path.as_uri())
        yield page, asked
        browser.close()


@pytest.mark.browser
def test_the_map_opens_from_disk_without_a_request_and_shows_attributes_as_text(
    exported: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    path = exported()
    with opened(path) as (page, asked):
        page.wait_for_selector(".leaflet-container canvas")
        # At zoom 17 a square of 0.001° is 93 px wide: the first of the two lies 47 to 140 px left of the middle.
        page.mouse.click(410, 350)
        popup = page.locator(".leaflet-popup-content")
        popup.wait_for()
        shown = popup.inner_text()
        attacked: Any = page.evaluate("window.attacked")
        heading = page.get_by_role("heading").inner_text()
    assert asked == [path.as_uri()[:60]]
    assert attacked is None
    assert ATTACKS["cad_num"] in shown
    assert ATTACKS["name"] in shown
    assert "Приватна" in shown
    assert re.search(r"1\s234,5 га", shown)
    assert "ні" in shown
    assert heading == TITLE
