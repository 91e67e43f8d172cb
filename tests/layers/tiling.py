"""What tile tests share: which tile a place lies in, and what a tile holds."""

import math
from typing import Any

import mapbox_vector_tile
from django.http import HttpResponse
from django.test import Client

from layers.models import Layer


def tile_at(longitude: float, latitude: float, z: int) -> tuple[int, int, int]:
    """The XYZ tile that holds the place."""
    across = 2**z
    y = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * across
    return z, int((longitude + 180) / 360 * across), int(y)


def west_edge(z: int, x: int) -> float:
    """Longitude of the tile's western edge."""
    return x / 2**z * 360 - 180


def get_tile(client: Client, layer: Layer | str, tile: tuple[int, int, int], **headers: str) -> HttpResponse:
    name = layer if isinstance(layer, str) else layer.full_name
    return client.get(f"/tiles/{name}/{tile[0]}/{tile[1]}/{tile[2]}.mvt", headers=headers)  # type: ignore[return-value]


def contents(response: HttpResponse) -> list[dict[str, Any]]:
    """The features of the one layer in a tile, y downwards as on the screen; [] for 204."""
    if response.status_code == 204:
        return []
    assert response.status_code == 200, response.content
    shown, features = decoded(response.content)
    assert response["Hromada-Features"] == str(features)
    return shown


def decoded(body: bytes) -> tuple[list[dict[str, Any]], int]:
    """What a tile draws, and how many features it says are at home in it."""
    if not body:
        return [], 0
    layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    (count,) = layers.pop("hromada")["features"]
    assert count["geometry"] == {"type": "Point", "coordinates": [2048, 2048]}
    assert all(layer["extent"] == 4096 for layer in layers.values())
    assert len(layers) <= 1
    return [feature for layer in layers.values() for feature in layer["features"]], count["properties"][
        "features"
    ]


def ids(response: HttpResponse) -> list[int]:
    return [feature["id"] for feature in contents(response)]


def vertices(feature: dict[str, Any]) -> list[tuple[int, int]]:
    """All vertices of a decoded feature, whatever its type."""

    def walk(value: Any) -> list[tuple[int, int]]:
        if isinstance(value[0], int):
            return [(value[0], value[1])]
        return [vertex for part in value for vertex in walk(part)]

    return walk(feature["geometry"]["coordinates"])
