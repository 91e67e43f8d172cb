"""Overview rows: what low zooms are drawn from stays exactly what it would be if it were made anew."""

import json
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from gis_core.people import User
from layers.access import read_source
from layers.catalogue import update_layer
from layers.edits import ChangeDraft, apply_changeset, open_changeset, revert_changeset, submit_changeset
from layers.models import Changeset, Feature, Layer
from layers.tiles import overview
from layers.tiles.address import TileAddress
from layers.tiles.render import render
from tests.conftest import FIELDS, add_features, point, square
from tests.layers.loading import load
from tests.layers.tiling import decoded, tile_at
from tests.soak import amount

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
Made = tuple[dict[str, Any], dict[str, Any]]

WEST, SOUTH = 30.0, 50.0
USES = ("01.01", "01.03", "02.01", None, "")
FIELDS_OF_USE = [*FIELDS, {"key": "use"}, {"key": "storeys", "type": "integer"}]


def by_use(geometry: str) -> dict[str, Any]:
    """Three classes, one of them of the features without a value, and none for the rest."""
    classes = [
        {"value": "01.01", "fill": "#ffcc00"},
        {"value": ["01.03", "zz"], "fill": "#00cc00"},
        {"value": None, "fill": "#888888"},
    ]
    return {
        "version": 1, "geometry": geometry, "stroke": {"color": "#000000", "width": 1},
        "renderer": {"type": "categorized", "field": "use", "classes": classes},
    }  # fmt: skip


class Maker:
    """Features of one kind, of all sizes, thick in one place and thin around it."""

    def __init__(self, kind: str, seed: int, *, heavy: float = 0.03) -> None:
        self.kind = kind
        self.heavy = heavy
        self.random = random.Random(f"{kind} {seed}")

    def feature(self) -> Made:
        kind = (
            self.random.choice(["Point", "LineString", "Polygon"]) if self.kind == "Geometry" else self.kind
        )
        spread = self.random.choice([0.001, 0.02, 1.0])
        west, south = (start + self.random.uniform(0, spread) for start in (WEST, SOUTH))
        size = 10 ** self.random.uniform(-5, -1)
        return self._geometry(kind, west, south, size), self.properties()

    def properties(self) -> dict[str, Any]:
        use = self.random.choice(USES)
        return {"storeys": self.random.randint(1, 9)} | ({} if use is None else {"use": use})

    def _geometry(self, kind: str, west: float, south: float, size: float) -> dict[str, Any]:
        if kind == "Point":
            return point(west, south)
        if kind == "Polygon" and self.random.random() < self.heavy:
            return shore(coast(west, south, size), size)
        if kind == "Polygon":
            thin = square(west, south, size)
            thin["coordinates"][0][2][1] = thin["coordinates"][0][3][1] = south + size * self.random.choice(
                [1, 0.05]
            )
            return thin
        if self.random.random() < self.heavy:
            return coast(west, south, size)
        steps = [(west + size * n / 3, south + self.random.uniform(0, size)) for n in range(4)]
        return {"type": "LineString", "coordinates": [list(step) for step in steps]}


def coast(west: float, south: float, size: float, count: int = 2_100) -> dict[str, Any]:
    """A line of very many vertices."""
    places = [[west + size * n / count, south + size * math.sin(n / 7) * (n % 5) / 9] for n in range(count)]
    return {"type": "LineString", "coordinates": places}


def shore(line: dict[str, Any], size: float) -> dict[str, Any]:
    """The land below a coast."""
    (west, south), (east, _north) = line["coordinates"][0], line["coordinates"][-1]
    corners = [[east, south - size], [west, south - size], [west, south]]
    return {"type": "Polygon", "coordinates": [[*line["coordinates"], *corners]]}


def rows_of(layer: Layer) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM overviews.layer_{layer.pk}")
        return sorted(cursor.fetchall())


def shapes_of(layer: Layer) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT feature_id, z, ST_AsText(shape) FROM overviews.layer_{layer.pk}_heavy")
        return sorted(cursor.fetchall())


def assert_as_made_anew(layer: Layer) -> None:
    kept = rows_of(layer), shapes_of(layer)
    overview.rebuild(Layer.objects.get(pk=layer.pk))
    assert kept == (rows_of(layer), shapes_of(layer))


def change(layer: Layer, drafts: list[ChangeDraft]) -> Changeset:
    changeset = open_changeset(layer=Layer.objects.get(pk=layer.pk), author=None, changes=drafts)
    return apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)


def changed_at_random(layer: Layer, maker: Maker, past: list[Changeset]) -> None:
    """One random changeset: features made, changed and deleted, an undoing, or a file that replaces all."""
    what = maker.random.random()
    present = list(Feature.objects.filter(layer=layer).values_list("pk", "version"))
    if what < 0.15 and past:
        past.append(revert_changeset(changeset=past.pop(), actor=None))
        return
    if what < 0.3:
        rows = [(wkt(geometry), values, None) for geometry, values in (maker.feature() for _ in range(9))]
        past.append(load(layer, "replace", rows))
        return
    drafts = [ChangeDraft("C", geometry=geometry, properties=values) for geometry, values in some(maker)]
    touched = maker.random.sample(present, min(len(present), 6))
    for pk, version in touched[:2]:
        drafts.append(ChangeDraft("D", pk, version))
    for (pk, version), (geometry, values) in zip(touched[2:], some(maker, 4), strict=False):
        drafts.append(ChangeDraft("U", pk, version, geometry, values))
    past.append(change(layer, drafts))


def some(maker: Maker, count: int = 5) -> list[Made]:
    return [maker.feature() for _ in range(count)]


def wkt(geometry: dict[str, Any]) -> str:
    from django.contrib.gis.geos import GEOSGeometry

    return GEOSGeometry(json.dumps(geometry)).wkt


def features_by_zoom(layer: Layer, zooms: range) -> dict[int, int]:
    """How many features all tiles of each zoom say they stand for."""
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    return {
        z: sum(decoded(render(source, tile).body)[1] for tile in tiles_of(source.layer, z)) for z in zooms
    }


def tiles_of(layer: Layer, z: int) -> list[TileAddress]:
    """The tiles of a zoom that hold a feature's box, and those around them."""
    found = set()
    for feature in Feature.objects.filter(layer=layer):
        west, south, east, north = feature.geom.extent
        (_z, left, bottom), (_z, right, top) = tile_at(west, south, z), tile_at(east, north, z)
        found |= {(x, y) for x in range(left - 1, right + 2) for y in range(top - 1, bottom + 2)}
    return [TileAddress(z, x, y) for x, y in sorted(found) if 0 <= x < 2**z and 0 <= y < 2**z]


KINDS = ("Polygon", "LineString", "Point", "Geometry")
SEEDS = amount(1, 60)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_rows_kept_through_any_edits_are_those_made_anew(make_layer: MakeLayer, kind: str) -> None:
    style = by_use({"Polygon": "polygon", "LineString": "line", "Point": "point"}.get(kind, "mixed"))
    for seed in range(SEEDS):
        maker = Maker(kind, seed)
        layer = make_layer(
            f"l{seed}", features=some(maker, 40), fields=FIELDS_OF_USE, geometry_type=kind, style=style
        )
        past: list[Changeset] = []
        for _step in range(8):
            changed_at_random(layer, maker, past)
            assert_as_made_anew(layer)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_the_tiles_of_a_zoom_stand_for_every_feature_once(make_layer: MakeLayer, kind: str) -> None:
    for seed in range(SEEDS):
        maker = Maker(kind, 100 + seed)
        maker.feature()
        features = some(maker, 25)
        layer = make_layer(f"l{seed}", features=features, fields=FIELDS_OF_USE, geometry_type=kind)
        zooms = range(12 if SEEDS == 1 else 15)
        assert features_by_zoom(layer, zooms) == dict.fromkeys(zooms, 25)


def test_features_at_the_ends_of_the_map_are_counted_too(make_layer: MakeLayer) -> None:
    corners = [point(x, y) for x in (-180.0, 180.0) for y in (-85.06, 85.06)]
    layer = make_layer(features=[(corner, {}) for corner in corners], geometry_type="Point")
    assert features_by_zoom(layer, range(6)) == dict.fromkeys(range(6), 4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_without_rows_gives_the_same_tiles_slowly(make_layer: MakeLayer, kind: str) -> None:
    style = by_use({"Polygon": "polygon", "LineString": "line", "Point": "point"}.get(kind, "mixed"))
    layer = make_layer(
        features=some(Maker(kind, 7, heavy=0), 120), fields=FIELDS_OF_USE, geometry_type=kind, style=style
    )
    addresses = [TileAddress(*tile_at(WEST + 0.0005, SOUTH + 0.0005, z)) for z in range(14)]
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    kept = [render(source, address) for address in addresses]
    overview.drop(source.layer)
    assert [render(source, address) for address in addresses] == kept


def test_nearly_equal_neighbours_are_gathered_and_none_is_lost(make_layer: MakeLayer) -> None:
    side = 0.0004
    parcels = [
        (square(WEST + x * side, SOUTH + y * side, side), {"use": "01.01"})
        for x in range(12)
        for y in range(12)
    ]
    layer = make_layer(
        features=parcels, fields=FIELDS_OF_USE, geometry_type="Polygon", style=by_use("polygon")
    )
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    shown, features = decoded(render(source, TileAddress(*tile_at(WEST + 0.002, SOUTH + 0.002, 9))).body)
    assert features == 144
    assert sum(item["properties"]["_n"] for item in shown) == 144
    assert {item["properties"]["use"] for item in shown} == {"01.01"}
    assert 1 <= len(shown) <= 12


def test_the_class_with_the_most_area_stands_for_a_cell(make_layer: MakeLayer) -> None:
    few = [(square(WEST, SOUTH, 0.0003), {"use": "01.03"})]
    many = [(square(WEST + 0.0004, SOUTH, 0.0001), {"use": "01.01"}) for _ in range(5)]
    layer = make_layer(
        features=few + many, fields=FIELDS_OF_USE, geometry_type="Polygon", style=by_use("polygon")
    )
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    (cell,), features = decoded(render(source, TileAddress(*tile_at(WEST, SOUTH, 8))).body)
    assert (cell["properties"], features) == ({"use": "01.03", "_n": 6}, 6)


def test_what_the_style_does_not_draw_is_counted_and_not_drawn(make_layer: MakeLayer) -> None:
    layer = make_layer(
        features=[(square(WEST, SOUTH, 0.0003), {"use": "02.01"})], fields=FIELDS_OF_USE,
        geometry_type="Polygon", style=by_use("polygon"),
    )  # fmt: skip
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    assert decoded(render(source, TileAddress(*tile_at(WEST, SOUTH, 8))).body) == ([], 1)


def test_points_in_one_place_are_one_circle_with_their_number_and_a_lonely_one_is_itself(
    make_layer: MakeLayer,
) -> None:
    crowd = [(point(WEST + n / 100_000, SOUTH), {"name": f"№ {n}", "use": "01.01"}) for n in range(7)]
    lonely = (point(WEST + 0.1, SOUTH), {"name": "Самотня", "use": "01.03"})
    style = by_use("point") | {"label": {"field": "name", "minScale": 1_000_000}}
    layer = make_layer(features=[*crowd, lonely], fields=FIELDS_OF_USE, geometry_type="Point", style=style)
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    shown, features = decoded(render(source, TileAddress(*tile_at(WEST + 0.1, SOUTH, 9))).body)
    by_count = {item["properties"].get("_n"): item for item in shown}
    assert features == 8
    assert by_count[7]["properties"] == {"use": "01.01", "_n": 7}
    assert by_count[None]["properties"] == {"name": "Самотня", "use": "01.03"}
    assert by_count[None]["id"] == Feature.objects.get(properties__name="Самотня").pk


def test_a_network_of_short_lines_stays_connected(make_layer: MakeLayer) -> None:
    """Each joint of the roads is one place, also across the edge of a tile."""
    step = 0.0012
    roads = [
        (
            {"type": "LineString", "coordinates": [[WEST + n * step, SOUTH], [WEST + (n + 1) * step, SOUTH]]},
            {},
        )
        for n in range(-60, 60)
    ]
    layer = make_layer(features=roads, geometry_type="LineString")
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    z = 10
    for tile in tiles_of(layer, z):
        shown, _features = decoded(render(source, tile).body)
        spans = sorted(sorted(x for x, _y in item["geometry"]["coordinates"]) for item in shown)
        assert all(spans[n + 1][0] <= spans[n][1] for n in range(len(spans) - 1)), tile
        reaches = [edge for span in spans for edge in span]
        inside = [x for x in reaches if 0 <= x <= 4096]
        if inside:
            assert min(reaches) <= 0 or min(reaches) == min(inside)
    left = TileAddress(*tile_at(WEST, SOUTH, z))
    edges = []
    for tile in (left, TileAddress(z, left.x + 1, left.y), TileAddress(z, left.x - 1, left.y)):
        shown, _features = decoded(render(source, tile).body)
        edges.append([x for item in shown for x, _y in item["geometry"]["coordinates"]])
    present = [xs for xs in edges if xs]
    assert len(present) >= 1


def test_a_closed_style_field_does_not_show_through_at_any_zoom(make_layer: MakeLayer) -> None:
    """Two layers that differ in nothing but the closed values give everyone the same bytes."""
    fields = [*FIELDS, {"key": "use", "access": "staff"}]
    features = some(Maker("Polygon", 3), 60)
    bodies = []
    for swap in ({}, {"01.01": "01.03", "01.03": "02.01", "02.01": "01.01"}):
        layer = make_layer(
            f"parcels{len(bodies)}", fields=fields, geometry_type="Polygon", style=by_use("polygon"),
            features=[
                (geometry, {"use": swap.get(values.get("use"), values.get("use")) or "02.01"})
                for geometry, values in features
            ],
        )  # fmt: skip
        source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
        tiles = [TileAddress(*tile_at(WEST + 0.0005, SOUTH + 0.0005, z)) for z in range(14)]
        first = Feature.objects.filter(layer=layer).order_by("pk").values_list("pk", flat=True)[0]
        bodies.append([without_ids(render(source, tile).body, first) for tile in tiles])
    assert bodies[0] == bodies[1]
    assert any(drawn for drawn, _features in bodies[0])


def without_ids(body: bytes, first: int) -> tuple[list[dict[str, Any]], int]:
    shown, features = decoded(body)
    return [item | {"id": item["id"] - first if item["id"] else 0} for item in shown], features


def test_members_see_the_classes_that_everyone_does_not(
    make_layer: MakeLayer, user_with_role: Callable[..., User]
) -> None:
    layer = make_layer(
        fields=[*FIELDS, {"key": "use", "access": "staff"}], geometry_type="Polygon", style=by_use("polygon"),
        features=[(square(WEST, SOUTH, 0.0003), {"use": "01.01"})],
    )  # fmt: skip
    layer = Layer.objects.select_related("community").get(pk=layer.pk)
    tile = TileAddress(*tile_at(WEST, SOUTH, 8))
    seen = [
        decoded(render(read_source(user, layer), tile).body)[0][0]["properties"]
        for user in (AnonymousUser(), user_with_role("viewer"))
    ]
    assert seen == [{"_n": 1}, {"_n": 1, "use": "01.01"}]


def test_a_change_of_the_classes_makes_the_rows_anew_and_a_change_of_colours_does_not(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer(
        features=some(Maker("Polygon", 5), 30), fields=FIELDS_OF_USE, geometry_type="Polygon",
        style=by_use("polygon"),
    )  # fmt: skip
    before, made_with = rows_of(layer), layer.overview_made_with
    colours = json.loads(json.dumps(by_use("polygon")).replace("#ffcc00", "#123456"))
    layer = update_layer(layer=layer, actor=None, style=colours)
    assert (rows_of(layer), layer.overview_made_with) == (before, made_with)
    layer = update_layer(layer=layer, actor=None, style=by_use("polygon") | {"renderer": {"type": "single"}})
    assert rows_of(layer) != before
    assert {row[5] for row in rows_of(layer)} == {-1}
    assert layer.overview_made_with not in ("", made_with)
    graded = {"type": "graduated", "field": "storeys", "breaks": [3, 6], "classes": [{}, {}, {}]}
    layer = update_layer(layer=layer, actor=None, style=by_use("polygon") | {"renderer": graded})
    assert {row[5] for row in rows_of(layer)} == {0, 1, 2}
    assert_as_made_anew(layer)


def test_closing_the_style_field_makes_rows_for_those_who_do_not_see_it(make_layer: MakeLayer) -> None:
    layer = make_layer(
        features=some(Maker("Polygon", 5), 30), fields=FIELDS_OF_USE, geometry_type="Polygon",
        style=by_use("polygon"),
    )  # fmt: skip
    assert {row[0] for row in rows_of(layer)} == {0}
    closed = [item | {"access": "staff"} if item["key"] == "use" else item for item in layer.fields]
    layer = update_layer(layer=layer, actor=None, fields=closed)
    assert {row[0] for row in rows_of(layer)} == {0, 1}
    assert {row[5] for row in rows_of(layer) if row[0] == 0} == {2}  # the class of features without a value


def test_everyone_reads_of_gathered_rows_only_those_made_for_everyone(make_layer: MakeLayer) -> None:
    from django.db import connections

    layer = make_layer(
        fields=[*FIELDS, {"key": "use", "access": "staff"}, {"key": "storeys", "type": "integer"}],
        geometry_type="Polygon", style=by_use("polygon"),
        features=some(Maker("Polygon", 5), 30),
    )  # fmt: skip
    with connections["public"].cursor() as cursor:
        cursor.execute('SELECT DISTINCT variant FROM pub."demo_parcels.overview"')
        assert cursor.fetchall() == [(0,)]
        cursor.execute("SELECT has_schema_privilege('overviews', 'usage')")
        assert cursor.fetchone() == (False,)
    update_layer(layer=layer, actor=None, access_level="staff")
    with connections["public"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_views WHERE schemaname = 'pub'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("z", [8, 12, 15])
def test_a_crowded_tile_is_drawn_coarser_within_the_limits_and_tells_all_its_features(
    make_layer: MakeLayer, monkeypatch: pytest.MonkeyPatch, z: int
) -> None:
    monkeypatch.setenv("HROMADA_MAX_TILE_FEATURES", "40")
    px = 360 / 2**z / 512
    side = 6 * px
    parcels = [
        (square(WEST + x * side, SOUTH + y * side / 2, side * 0.5), {"use": ("01.01", "01.03")[(x + y) % 2]})
        for x in range(16) for y in range(16)
    ]  # fmt: skip
    layer = make_layer(
        features=parcels, fields=FIELDS_OF_USE, geometry_type="Polygon", style=by_use("polygon")
    )
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    total = 0
    for tile in tiles_of(layer, z):
        made = render(source, tile)
        shown, features = decoded(made.body)
        total += features
        assert len(shown) <= 40
        assert bool(shown) == bool(features)
        assert render(source, tile) == made
    assert total == 256


def test_a_tile_too_large_in_bytes_is_drawn_coarser(
    make_layer: MakeLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = [
        (square(WEST + x / 2e4, SOUTH + y / 2e4, 2e-5), {"use": "01.01"})
        for x in range(20)
        for y in range(20)
    ]
    layer = make_layer(
        features=features, fields=FIELDS_OF_USE, geometry_type="Polygon", style=by_use("polygon")
    )
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    tile = TileAddress(*tile_at(WEST + 0.0005, SOUTH + 0.0005, 15))
    whole = render(source, tile)
    monkeypatch.setenv("HROMADA_MAX_TILE_KB", "1")
    small = render(source, tile)
    assert len(whole.body) > 6_000
    assert len(small.body) < len(whole.body)
    assert small.features == whole.features


def test_neighbours_share_their_corners_at_zooms_where_they_are_simplified(make_layer: MakeLayer) -> None:
    """Parcels with crooked borders in common: each corner that both have is at one place in the tile."""
    maker = random.Random(4)
    corner = {(x, y): (WEST + (x + maker.uniform(-0.3, 0.3)) / 100, SOUTH + (y + maker.uniform(-0.3, 0.3)) / 150)
              for x in range(7) for y in range(7)}  # fmt: skip
    parcels = []
    for x in range(6):
        for y in range(6):
            ring = [corner[x, y], corner[x + 1, y], corner[x + 1, y + 1], corner[x, y + 1], corner[x, y]]
            parcels.append(({"type": "Polygon", "coordinates": [[list(place) for place in ring]]}, {}))
    layer = make_layer(features=parcels, geometry_type="Polygon")
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    for z in (11, 12, 13):
        for tile in tiles_of(layer, z):
            shown, _features = decoded(render(source, tile).body)
            inside = [
                item for item in shown if all(0 < c < 4096 for ring in rings(item) for p in ring for c in p)
            ]
            places = {tuple(place) for item in inside for ring in rings(item) for place in ring}
            assert len(places) <= len(corner)
            for one in places:
                assert all(one == two or math.dist(one, two) > 4 for two in places), (tile, one)


def rings(item: dict[str, Any]) -> list[Any]:
    return item["geometry"]["coordinates"] if item["geometry"]["type"] == "Polygon" else []


def test_the_first_features_of_a_layer_make_its_rows_and_the_last_leave_none(make_layer: MakeLayer) -> None:
    layer = make_layer(geometry_type="Polygon")
    assert layer.overview_made_with == ""
    ids = add_features(layer, [(square(WEST, SOUTH, 0.0003), {})])
    layer.refresh_from_db()
    assert rows_of(layer)
    change(layer, [ChangeDraft("D", ids[0], 1)])
    assert rows_of(layer) == []


def test_an_overview_that_is_missing_is_made_by_the_next_worker(make_layer: MakeLayer) -> None:
    layer = make_layer(features=some(Maker("Polygon", 5), 30), fields=FIELDS_OF_USE, geometry_type="Polygon")
    before = rows_of(layer)
    overview.drop(layer)
    overview.mend()
    layer.refresh_from_db()
    assert overview.is_current(layer)
    assert rows_of(layer) == before


@pytest.mark.parametrize("kind", ["Polygon", "LineString"])
def test_very_many_vertices_are_drawn_and_counted_as_few_are_without_being_read(
    make_layer: MakeLayer, kind: str
) -> None:
    """At low zooms their shapes are those that the whole geometry would give; beyond they are clipped first."""
    line = coast(WEST, SOUTH, 0.2, 6_000)
    shape = line if kind == "LineString" else shore(line, 0.3)
    layer = make_layer(features=[(shape, {"name": "Берег"})], geometry_type=kind)
    source = read_source(AnonymousUser(), Layer.objects.select_related("community").get(pk=layer.pk))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT z, ST_NPoints(shape) FROM overviews.layer_{layer.pk}_heavy ORDER BY z")
        sizes = dict(cursor.fetchall())
    assert max(sizes) == 13
    assert sizes[min(sizes)] < 300
    for z in (min(sizes), 10, 13, 14, 16):
        around = [tile_at(WEST + step, SOUTH - step / 10, z) for step in (0.001, 0.05, 0.1, 0.15)]
        drawn = [decoded(render(source, TileAddress(*tile)).body) for tile in around]
        assert any(shown and shown[0]["id"] for shown, _features in drawn), z
    zooms = range(5, 12)
    assert features_by_zoom(layer, zooms) == dict.fromkeys(zooms, 1)
