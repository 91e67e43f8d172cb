"""The look of a raster, set on its page without a script; and the raster in the map's configuration."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client

from gis_core.communities import Community
from gis_core.people import User
from layers.models import Raster
from tests.frontend.html import Document
from tests.layers.rasters.making import make_raster, ramp

pytestmark = pytest.mark.django_db
MakeUser = Callable[..., User]
PAGE, STYLE = "/demo/rasters/dem/", "/demo/rasters/dem/style/"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def dem(community: Community, tmp_path: Path) -> Raster:
    return make_raster(community, tmp_path, ramp())


@pytest.fixture
def admin(user_with_role: MakeUser, client_of: Callable[..., Client]) -> Client:
    return client_of(user_with_role("admin"))


def words(response: Any) -> str:
    return " ".join(Document(response.content.decode()).words_of("main"))


def config_of(client: Client) -> dict[str, Any]:
    found = re.search(r'id="map-config"[^>]*>(.*?)</script>', client.get("/demo/").content.decode(), re.S)
    assert found is not None
    config: dict[str, Any] = json.loads(found[1])
    return config


@pytest.mark.parametrize(
    ("sent", "renderer"),
    [
        ({"look": "ramp", "ramp": "relief", "low": "100", "high": "160", "shaded": "on"},
         {"type": "ramp", "band": 1, "ramp": "relief", "range": [100, 160], "relief": 0.6}),
        ({"look": "ramp", "ramp": "viridis", "reverse": "on", "band": "1"},
         {"type": "ramp", "band": 1, "ramp": "viridis", "reverse": True}),
        ({"look": "hillshade"}, {"type": "hillshade", "band": 1}),
        ({"look": "slope", "ramp": "yellow_red"}, {"type": "slope", "band": 1, "ramp": "yellow_red"}),
    ],
)  # fmt: skip
def test_a_look_is_chosen_kept_and_shown_again(
    dem: Raster, admin: Client, sent: dict[str, str], renderer: dict[str, Any]
) -> None:
    answer = admin.post(STYLE, {**sent, "taken_on": "2024-05-17", "opacity": "80"})
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    dem.refresh_from_db()
    assert dem.style == {"version": 1, "renderer": renderer, "opacity": 0.8}
    assert str(dem.taken_on) == "2024-05-17"
    shown = admin.get(PAGE)
    assert "Вигляд збережено." in words(shown)
    assert "17 травня 2024" in words(shown)
    again = shown.context["style_form"].initial
    again_sent = shown.context["style_form"].fields
    assert again["look"] == sent["look"]
    assert again["opacity"] == 80
    stored = admin.post(
        STYLE,
        {key: value for key, value in again.items() if key in again_sent and value not in (None, False)},
    )
    assert stored.status_code == 302
    dem.refresh_from_db()
    assert dem.style == {"version": 1, "renderer": renderer, "opacity": 0.8}


def test_a_style_that_the_choices_cannot_say_is_written_as_json(dem: Raster, admin: Client) -> None:
    own = {"version": 1, "renderer": {"type": "ramp", "stops": [[100, "#000000"], [160, "#ffffff"]]}}
    assert admin.post(STYLE, {"look": "own", "own": json.dumps(own)}).status_code == 302
    dem.refresh_from_db()
    assert dem.style == own
    form = admin.get(PAGE).context["style_form"]
    assert (form.initial["look"], json.loads(form.initial["own"])) == ("own", own)
    assert admin.post(STYLE, {"look": ""}).status_code == 302
    dem.refresh_from_db()
    assert dem.style == {}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"look": "own", "own": "{"}, "Це не JSON"),
        ({"look": "own", "own": '{"version": 1, "renderer": {"type": "ramp", "band": 9}}'}, "renderer.band"),
        ({"look": "own", "own": "[" * 40_000}, "Це не JSON"),
        ({"look": "own", "own": '{"version": 1, "renderer": {"type": "\\u0000"}}'}, "renderer.type"),
        ({"look": "ramp", "low": "5", "high": "1"}, "більшим за інше"),
        ({"look": "ramp", "low": "5"}, "обидва значення"),
        ({"look": "rgb"}, "Виберіть"),
        ({"look": "ramp", "band": "7"}, "Виберіть"),
        ({"look": "ramp", "taken_on": "учора"}, "дат"),
    ],
)
def test_what_is_wrong_with_a_look_is_told_and_nothing_is_kept(
    dem: Raster, admin: Client, sent: dict[str, str], told: str
) -> None:
    answer = admin.post(STYLE, sent)
    assert answer.status_code == 422
    assert told in words(answer)
    dem.refresh_from_db()
    assert dem.style == {}


@pytest.mark.parametrize(("role", "status"), [(None, 403), ("viewer", 403), ("editor", 403), ("admin", 302)])
def test_only_who_may_change_a_raster_is_offered_its_look(
    dem: Raster, user_with_role: MakeUser, client_of: Callable[..., Client], role: str | None, status: int
) -> None:
    client = client_of(user_with_role(role))
    assert ("Вигляд на карті" in words(client.get(PAGE))) == (status == 302)
    assert client.post(STYLE, {"look": "hillshade"}).status_code == status
    assert "Вигляд на карті" not in words(Client().get(PAGE))
    assert Client().post(STYLE, {"look": "hillshade"}).status_code in (302, 403)
    dem.refresh_from_db()
    assert bool(dem.style) == (status == 302)


def test_the_map_knows_the_rasters_that_its_reader_may_see_the_newest_on_top(
    community: Community, tmp_path: Path, dem: Raster, admin: Client
) -> None:
    photo = np.full((3, 300, 300), 120, np.uint8)
    make_raster(community, tmp_path, photo, slug="old", taken_on="2019-06-02")
    make_raster(community, tmp_path, photo, slug="new", taken_on="2024-05-17")
    make_raster(community, tmp_path, photo, slug="secret", access_level="restricted", taken_on="2025-01-01")
    assert [it["name"] for it in config_of(Client())["rasters"]] == ["demo.new", "demo.old", "demo.dem"]
    found = config_of(admin)["rasters"]
    assert [it["name"] for it in found] == ["demo.secret", "demo.new", "demo.old", "demo.dem"]
    assert (found[1]["values"], found[1]["legend"]) == (None, {"kind": "picture"})
    assert found[3]["values"] == {"band": 1, "unit": ""}
    assert [stop["color"] for stop in found[3]["legend"]["stops"]] == ["#000000", "#ffffff"]
    assert found[1]["tiles"].startswith("/tiles/raster/demo.new/{z}/{x}/{y}{r}.webp?v=")
    assert "secret" not in Client().get("/demo/").content.decode()


def test_the_page_of_a_raster_leads_to_it_on_the_map(dem: Raster) -> None:
    assert re.search(r'href="/demo/#map=[\d./]+&amp;r=demo.dem"', Client().get(PAGE).content.decode())
