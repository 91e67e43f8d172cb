"""What a tile holds: the right features, whole at its edges, the same bytes for the same data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, connections
from django.test import Client

from gis_core.people import User
from layers.access import read_source
from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Feature, Layer
from layers.tiles.mvt import EDITING_ZOOM, TileAddress, tile_query
from tests.conftest import FIELDS, add_features, point, square
from tests.layers.goldens import check_golden
from tests.layers.tiling import contents, get_tile, ids, tile_at, vertices, west_edge

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
GOLDEN = Path(__file__).parents[1] / "golden" / "tiles"
Z = 14
HOME = tile_at(30.0, 50.0, Z)
EDGE = west_edge(Z, HOME[1])
PX = 360 / 2**Z / 512
"""One pixel of a tile of zoom Z, in degrees of longitude."""

LABELLED: dict[str, Any] = {
    "version": 1,
    "geometry": "polygon",
    "renderer": {"type": "single", "fill": "#aabbcc"},
    "label": {"field": "name", "minScale": 10000},
}


@pytest.fixture
def anonymous() -> Client:
    return Client()


def test_a_parcel_crossing_a_tile_edge_is_drawn_in_both_tiles(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=[(square(EDGE - 0.002, 50.0, 0.004), {})], geometry_type="Polygon")
    wanted = list(Feature.objects.values_list("pk", flat=True))
    right, left = get_tile(anonymous, layer, HOME), get_tile(anonymous, layer, (Z, HOME[1] - 1, HOME[2]))
    assert ids(right) == ids(left) == wanted
    # Each half goes on beyond the edge as far as the margin, so that its outline is not drawn on the edge.
    assert min(x for x, _y in vertices(contents(right)[0])) == -64
    assert max(x for x, _y in vertices(contents(left)[0])) == 4096 + 64


def test_a_tile_shows_neighbours_as_far_as_their_outline_reaches(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    parcels = [(square(EDGE - 0.001 - away * PX, 50.0, 0.001), {"name": str(away)}) for away in (1, 7, 9)]
    layer = make_layer(
        features=[*parcels, (square(EDGE + 0.05, 50.0), {})], geometry_type="Polygon", style=LABELLED
    )
    shown = [feature["properties"]["name"] for feature in contents(get_tile(anonymous, layer, HOME))]
    assert shown == ["1", "7"]
    alone = make_layer("alone", features=parcels[1:2], geometry_type="Polygon")
    assert len(ids(get_tile(anonymous, alone, HOME))) == 1


def test_a_tile_shows_points_as_far_as_the_largest_circle_reaches(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    points = [(point(EDGE - away * PX, 50.0), {"name": str(away)}) for away in (-50, 1, 15, 17)]
    layer = make_layer(features=points, geometry_type="Point", style=LABELLED | {"geometry": "point"})
    shown = [feature["properties"]["name"] for feature in contents(get_tile(anonymous, layer, HOME))]
    assert shown == ["-50", "1", "15"]


def test_the_tile_is_one_layer_named_by_the_full_name_with_feature_ids(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(
        features=[(square(30.0 + n / 1000, 50.0, 0.0005), {"name": f"№ {n}"}) for n in range(5)]
    )
    response = get_tile(anonymous, layer, tile_at(30.001, 50.0002, Z))
    assert ids(response) == list(Feature.objects.order_by("pk").values_list("pk", flat=True))
    assert b"demo.parcels" in response.content
    assert all("id" not in feature["properties"] for feature in contents(response))


def test_a_tile_carries_the_colour_field_always_and_label_and_key_from_the_labels_zoom(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    classes = [{"value": "Ґанок", "fill": "#ff0000"}]
    style = LABELLED | {
        "renderer": {"type": "categorized", "field": "use", "classes": classes, "other": {"fill": "#ffffff"}}
    }
    properties = {
        "cad_num": "0510600000:01:001:0001",
        "name": "вул. Їжакевича",
        "use": "Ґанок",
        "area_ha": 1.5,
    }
    layer = make_layer(
        fields=[*FIELDS, {"key": "use"}], features=[(square(size=0.01), properties)],
        style=style, key_field="cad_num", geometry_type="Polygon",
    )  # fmt: skip
    (far,) = contents(get_tile(anonymous, layer, tile_at(30.005, 50.005, 12)))
    (near,) = contents(get_tile(anonymous, layer, tile_at(30.005, 50.005, 14)))
    assert far["properties"] == {"use": "Ґанок"}
    assert near["properties"] == {key: properties[key] for key in ("cad_num", "name", "use")}


def test_a_field_that_is_closed_is_not_in_the_tile_of_who_may_not_see_it(
    make_layer: MakeLayer, anonymous: Client, user_with_role: Callable[..., User], client_of: Any
) -> None:
    classes = [{"value": "приватний", "fill": "#ff0000"}]
    style = LABELLED | {"renderer": {"type": "categorized", "field": "owner", "classes": classes}}
    layer = make_layer(
        fields=[*FIELDS, {"key": "owner", "access": "staff"}], style=style, geometry_type="Polygon",
        features=[(square(size=0.01), {"name": "Дім", "owner": "приватний"})],
    )  # fmt: skip
    tile = tile_at(30.005, 50.005, Z)
    outside, member = (
        get_tile(anonymous, layer, tile),
        get_tile(client_of(user_with_role("viewer")), layer, tile),
    )
    assert "owner" not in contents(outside)[0]["properties"]
    assert "приватний".encode() not in outside.content
    assert contents(member)[0]["properties"]["owner"] == "приватний"


def test_a_style_that_no_longer_fits_hides_a_colour_and_not_the_layer(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=[(square(size=0.01), {"name": "Дім"})])
    for style in ({"version": 9}, LABELLED | {"label": {"field": "renamed"}}, []):
        Layer.objects.filter(pk=layer.pk).update(style=style)
        assert len(ids(get_tile(anonymous, layer, tile_at(30.005, 50.005, Z)))) == 1
        assert anonymous.get("/tiles/demo.parcels.json").status_code == 200


def test_the_same_data_give_the_same_bytes_whatever_order_the_disk_has(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(
        features=[
            (square(30 + (n * 7 % 30) / 2000, 50 + (n * 11 % 30) / 2000, 0.0004), {}) for n in range(30)
        ]
    )
    tile = tile_at(30.008, 50.008, 13)
    first = get_tile(anonymous, layer, tile)
    table = f"features.layer_{layer.pk}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX shuffled ON {table} (md5(id::text))")
        cursor.execute(f"CLUSTER {table} USING shuffled")
        cursor.execute(f"ANALYZE {table}")
    connection.cursor().execute("DELETE FROM tiles.tile")
    second = get_tile(anonymous, layer, tile)
    assert first.content == second.content
    assert first["ETag"] == second["ETag"]
    assert ids(first) == sorted(ids(first))


def test_below_the_editing_zoom_shapes_are_simplified_by_half_a_pixel_and_at_it_they_are_exact(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    wave = [[30 + n / 5000, 50 + (n % 2) * 2e-6] for n in range(50)]
    layer = make_layer(
        features=[({"type": "LineString", "coordinates": wave}, {})], geometry_type="LineString", max_zoom=18
    )
    (rough,) = contents(get_tile(anonymous, layer, tile_at(30.005, 50.0, 14)))
    (exact,) = contents(get_tile(anonymous, layer, tile_at(30.005, 50.0, EDITING_ZOOM)))
    assert len(vertices(rough)) == 2
    assert len(vertices(exact)) > 20


def test_a_parcel_smaller_than_a_pixel_is_still_in_the_tile(make_layer: MakeLayer, anonymous: Client) -> None:
    pixel = 360 / 2**12 / 512
    layer = make_layer(features=[(square(30.0, 50.0, pixel * 0.6), {})])
    assert len(ids(get_tile(anonymous, layer, tile_at(30.0, 50.0, 12)))) == 1


def test_features_at_the_antimeridian_and_the_ends_of_the_map_are_drawn(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    corners = [(west, south) for west in (-180.0, 179.5) for south in (-85.06, 84.56)]
    features = [(square(west, south, 0.5), {}) for west, south in corners]
    layer = make_layer(features=[*features, (square(-180, -85, 170), {}), (point(180, 85.05), {})])
    for z in range(4):
        last = 2**z - 1
        for x in (0, last):
            for y in (0, last):
                response = get_tile(anonymous, layer, (z, x, y))
                assert response.status_code in (200, 204), (z, x, y, response.content)
        assert ids(get_tile(anonymous, layer, (z, 0, 0)))


def test_an_empty_layer_and_an_empty_place_give_204(make_layer: MakeLayer, anonymous: Client) -> None:
    empty = make_layer("empty")
    corners = make_layer("corners", features=[(square(30.0, 50.0), {}), (square(30.5, 50.5), {})])
    for layer, place in ((empty, (30.0, 50.0)), (corners, (30.25, 50.25)), (corners, (20.0, 40.0))):
        response = get_tile(anonymous, layer, tile_at(*place, Z))
        assert (response.status_code, response.content) == (204, b"")
        assert response["Cache-Control"] == "public, max-age=0, must-revalidate"


def test_a_layer_is_not_drawn_outside_its_zooms(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=[(square(size=0.01), {})], min_zoom=12, max_zoom=14)
    drawn = [z for z in range(10, 18) if ids(get_tile(anonymous, layer, tile_at(30.005, 50.005, z)))]
    assert drawn == [12, 13, 14]


def test_a_tile_shows_an_edit_at_once(make_layer: MakeLayer, anonymous: Client) -> None:
    layer = make_layer(features=[(square(size=0.004), {})])
    tile = tile_at(30.002, 50.002, Z)
    before = get_tile(anonymous, layer, tile)
    (feature,) = Feature.objects.all()
    draft = ChangeDraft("U", feature.pk, 1, square(30.001, 50.0, 0.004), {})
    changeset = open_changeset(layer=layer, author=None, changes=[draft])
    apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)
    after = get_tile(anonymous, layer, tile, if_none_match=before["ETag"])
    assert after.status_code == 200
    assert after["ETag"] != before["ETag"]


def test_an_edit_elsewhere_leaves_a_tile_and_its_etag_as_they_were(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=[(square(size=0.004), {})])
    tile = tile_at(30.002, 50.002, Z)
    before = get_tile(anonymous, layer, tile)
    add_features(layer, [(square(31.0, 51.0), {})])
    assert get_tile(anonymous, layer, tile, if_none_match=before["ETag"]).status_code == 304


def test_the_sql_of_a_tile_is_as_blessed(make_layer: MakeLayer, user_with_role: Callable[..., User]) -> None:
    layer = make_layer(
        fields=[*FIELDS, {"key": "owner", "access": "restricted"}], style=LABELLED, key_field="cad_num",
        geometry_type="Polygon",
    )  # fmt: skip
    texts = []
    for title, user in (("anonymous", AnonymousUser()), ("viewer", user_with_role("viewer"))):
        for z in (12, EDITING_ZOOM):
            source = read_source(user, layer)
            query = tile_query(source, TileAddress(*tile_at(30.0, 50.0, z)))
            with connections[source.alias].cursor() as cursor:
                text = query.as_string(cursor.cursor)
            texts.append(
                f"-- {title}, zoom {z}, over “{source.alias}”\n{text.replace(f'= {layer.pk})', '= <id>)')};\n"
            )
    check_golden(GOLDEN / "tile.sql", "\n".join(texts))
