"""The page of a feature: its size, its place and its history."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pyproj import Geod

from gis_core.people import User
from layers.models import Layer
from tests.conftest import point, square
from tests.frontend.pages import get, parcels

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]


def test_a_feature_tells_its_size_on_the_ellipsoid_and_its_place(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    layer = make_layer(features=[(square(30, 50, 0.01), {"name": "Квартал"})], geometry_type="Polygon")
    feature = layer.features.get()
    page = get(client, f"/demo/layers/parcels/{feature.pk}/")
    text = " ".join(page.words_of("main"))
    corners = [(30, 50), (30.01, 50), (30.01, 50.01), (30, 50.01)]
    area_m2, _ = Geod(ellps="WGS84").polygon_area_perimeter(*zip(*corners, strict=True))
    assert f"Площа{area_m2 / 10_000:.4f} га".replace(".", ",") in text
    assert "50.005000, 30.005000" in text
    assert (
        page.links()["Показати на карті"] == f"/demo/#map=15/50.005000/30.005000&f=demo.parcels/{feature.pk}"
    )
    assert page.all("path")[-1].attributes["d"].startswith("M ")


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (point(), "Координати (широта, довгота)50.000000, 30.000000"),
        ({"type": "LineString", "coordinates": [[30, 50], [30, 50.01]]}, "Довжина1,112 км"),
    ],
)
def test_a_point_has_no_size_and_a_line_has_a_length(
    client: Client, make_layer: Callable[..., Layer], geometry: dict[str, Any], words: str
) -> None:
    feature = make_layer(features=[(geometry, {"name": "x"})]).features.get()
    text = " ".join(get(client, f"/demo/layers/parcels/{feature.pk}/").words_of("main"))
    assert words in text
    assert "Площа" not in text


def test_a_feature_in_a_layer_hidden_at_first_is_linked_with_its_layer_switched_on(
    client: Client, make_layer: Callable[..., Layer]
) -> None:
    make_layer("streets", theme="base")
    feature = make_layer("zones", theme="planning", features=[(square(), {"name": "Ж-1"})]).features.get()
    link = get(client, f"/demo/layers/zones/{feature.pk}/").links()["Показати на карті"]
    assert "&l=demo.zones,demo.streets&" in link


def test_the_history_is_for_members_alone(
    make_layer: Callable[..., Layer], client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    feature = make_layer(features=parcels(1)).features.get()
    address = f"/demo/layers/parcels/{feature.pk}/"
    for user, seen in ((None, False), (user_with_role(None), False), (user_with_role("viewer"), True)):
        assert ("Історія" in get(client_of(user), address).words_of("h2")) is seen
