"""The style document of a community's map: valid, complete, and no more than its reader may see."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gis_core.people import User
from layers.models import Layer
from tests.conftest import FIELDS, point, square

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
SPEC = Path("frontend/node_modules/@maplibre/maplibre-gl-style-spec")
NODE = Path(".venv/bin/node")
CATEGORIES = {
    "version": 1, "geometry": "polygon", "label": {"field": "name"},
    "renderer": {
        "type": "categorized", "field": "name",
        "classes": [{"values": ["a"], "label": {"uk": "А"}, "symbol": {"fill": "#aa0000", "pattern": "hatch"}}],
        "other": {"symbol": {"fill": "#00aa00"}},
    },
}  # fmt: skip


def style_of(client: Client) -> dict[str, Any]:
    response = client.get("/styles/demo.json")
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def full_map(make_layer: MakeLayer) -> None:
    make_layer("land", features=[(square(), {"name": "a"})], geometry_type="Polygon", position=1)
    make_layer("dots", features=[(point(), {"name": "a"})], geometry_type="Point", position=3, fields=FIELDS)
    make_layer("any", features=[(point(), {"name": "a"})], position=2)
    make_layer("secret", features=[(point(), {"name": "a"})], access_level="staff", position=4)


def test_maplibre_finds_no_fault_with_the_style(full_map: None, client: Client, tmp_path: Path) -> None:
    if not NODE.exists() or not SPEC.exists():
        pytest.skip("needs the tools of the frontend: make frontend")
    document = style_of(client)
    for text, faults in ((document, 0), (document | {"version": 7}, 1)):
        path = tmp_path / "style.json"
        path.write_text(json.dumps(text), encoding="utf-8")
        found = subprocess.run(
            [NODE, SPEC / "dist/gl-style-validate.mjs", path],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert bool(found.stdout + found.stderr) is bool(faults), found.stdout + found.stderr


def test_layers_come_in_the_maps_order_each_from_its_own_tiles(full_map: None, client: Client) -> None:
    document = style_of(client)
    order = list(dict.fromkeys(layer["source"] for layer in document["layers"][1:]))
    assert order == ["demo.land", "demo.any", "demo.dots"]
    assert len({layer["id"] for layer in document["layers"]}) == len(document["layers"])
    for name, source in document["sources"].items():
        tilejson = client.get(source["url"].removeprefix("http://testserver")).json()
        assert tilejson["tilejson"] == "3.0.0"
        assert [layer["id"] for layer in tilejson["vector_layers"]] == [name]


def test_it_needs_neither_glyphs_nor_a_sprite(full_map: None, client: Client) -> None:
    document = style_of(client)
    assert "glyphs" not in document
    assert "sprite" not in document
    assert "fill-pattern" not in json.dumps(document)


def test_a_hidden_layer_is_in_nobodys_style_but_its_readers(
    full_map: None, client: Client, user_with_role: Callable[..., User], client_of: Any
) -> None:
    assert "secret" not in json.dumps(style_of(client))
    assert "demo.secret" in style_of(client_of(user_with_role("viewer")))["sources"]
    assert client.get("/styles/demo.json")["Cache-Control"] == "private, no-cache"


def test_a_style_that_rests_on_a_closed_field_is_not_told(make_layer: MakeLayer, client: Client) -> None:
    fields = [{"key": "owner", "access": "staff"}]
    style = {
        "version": 1, "geometry": "polygon",
        "renderer": {"type": "categorized", "field": "owner", "classes": [{"values": ["Шевченко"], "label": {}}]},
    }  # fmt: skip
    make_layer(
        features=[(square(), {"owner": "Шевченко"})], fields=fields, style=style, geometry_type="Polygon"
    )
    text = json.dumps(style_of(client), ensure_ascii=False)
    assert "owner" not in text
    assert "Шевченко" not in text


def test_a_map_of_many_layers_costs_no_more_queries(
    make_layer: MakeLayer, user_with_role: Callable[..., User], client_of: Any
) -> None:
    reader = client_of(user_with_role("viewer"))
    counts = []
    for number in range(1, 7):
        make_layer(f"layer{number}")
        if number in (2, 6):
            with CaptureQueriesContext(connection) as queries:
                style_of(reader)
            counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_community_that_does_not_exist_is_named(client: Client, community: Any) -> None:
    for name in ("missing", "%00", "x" * 300):
        response = client.get(f"/styles/{name}.json")
        assert (response.status_code, response.json()["code"]) == (404, "community-not-found")
