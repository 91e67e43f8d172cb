"""The page of the map: what it is given of layers, and where it opens."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from frontend.map_config import bounds
from gis_core.communities import Community
from gis_core.people import User
from layers.models import Layer
from tests.conftest import FIELDS, square
from tests.frontend.pages import SECRET, get, parcels

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


def config_of(client: Client, address: str = "/demo/") -> dict[str, Any]:
    page = get(client, address)
    (script,) = [tag for tag in page.all("script") if tag.attributes.get("id") == "map-config"]
    return dict(json.loads(script.words))


def test_the_map_gets_the_layers_with_their_styles_and_addresses(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    make_layer(features=parcels(2), geometry_type="Polygon", theme="land", key_field="cad_num")
    config = config_of(client)
    (layer,) = config["layers"]
    assert config["community"] == {"slug": "demo", "title": "Демонстраційна громада"}
    assert config["editorAvailable"] is False
    assert layer["tiles"] == "/tiles/demo.parcels/{z}/{x}/{y}.mvt"
    assert layer["version"] == 1
    assert layer["labelField"] == "cad_num"
    assert layer["pageUrl"] == "/demo/layers/parcels/{id}/"
    assert {item["source-layer"] for item in layer["style"]} == {"demo.parcels"}
    assert [item["key"] for item in layer["fields"]] == ["cad_num", "name", "area_ha"]
    west, south, east, north = config["bounds"]
    assert west < 30.01 < east
    assert south < 50.0005 < north


def test_only_editors_are_offered_the_editor(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    make_layer()
    for role, allowed in (("viewer", False), ("editor", True), (None, False)):
        config = config_of(client_of(user_with_role(role)))
        assert config["editorAvailable"] is allowed
        assert [layer["canEdit"] for layer in config["layers"]] == [allowed]


def test_a_style_resting_on_a_hidden_field_is_not_given_to_those_who_may_not_see_it(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    style = {
        "version": 1,
        "geometry": "polygon",
        "fill": "#eeeeee",
        "renderer": {
            "type": "categorized",
            "field": "owner",
            "classes": [{"value": "Шевченко", "label": {"uk": "Шевченко"}, "fill": "#ff0000"}],
        },
    }
    make_layer(fields=[*FIELDS, SECRET], style=style, geometry_type="Polygon")
    assert "Шевченко" not in json.dumps(config_of(client_of(None)), ensure_ascii=False)
    assert "Шевченко" not in client_of(None).get("/demo/layers/").content.decode()
    assert "Шевченко" in json.dumps(config_of(client_of(user_with_role("viewer"))), ensure_ascii=False)


def test_a_layer_of_the_whole_country_or_in_a_wrong_place_does_not_move_the_map(
    community: Community, make_layer: Callable[..., Layer]
) -> None:
    town = make_layer("town", features=[(square(29.24, 48.68), {})])
    sea = make_layer("sea", features=[(square(-33.0, 29.0), {})])
    country = make_layer("country", features=[(square(23.0, 47.0, 9.0), {})])
    opened = bounds(community, [town, sea, country])
    assert opened == pytest.approx([29.24, 48.68, 29.241, 48.681], abs=0.001)
