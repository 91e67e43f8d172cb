"""Rasters over HTTP: tiles, TileJSON, values and styles; who gets them, and what wrong requests are told."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.test import Client

from gis_core.journal import JournalEntry
from gis_core.people import User
from layers.models import Raster
from layers.rastertiles import keeping, reader
from layers.rastertiles.tilejson import tilejson
from layers.rastertiles.tiles import RasterTile, raster_tile
from layers.tiles import bodies
from tests.layers.rasters.making import LADYZHYN, place_of, ramp, tile_at

pytestmark = pytest.mark.django_db
MakeRaster = Callable[..., Raster]
MakeUser = Callable[..., User]


def address(raster: Raster, column: float, row: float, z: int, form: str = "webp") -> str:
    tile, _across, _down = tile_at(*place_of(raster, column, row), z)
    return f"/tiles/raster/{raster.full_name}/{tile.z}/{tile.x}/{tile.y}.{form}"


# --- tiles ---


@pytest.mark.parametrize(
    ("form", "kind", "begins"), [("webp", "image/webp", b"RIFF"), ("png", "image/png", b"\x89PNG")]
)
def test_a_tile_comes_as_a_picture_that_everyone_may_keep(
    raster: MakeRaster, form: str, kind: str, begins: bytes
) -> None:
    answer = Client().get(address(raster(ramp()), 300, 300, 16, form))
    assert (answer.status_code, answer["Content-Type"]) == (200, kind)
    assert answer.content.startswith(begins)
    assert answer["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert answer["Content-Length"] == str(len(answer.content))
    assert not answer.has_header("Vary")


def test_a_client_that_has_the_tile_is_told_so_without_drawing_it(
    raster: MakeRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = address(raster(ramp()), 300, 300, 16)
    first = Client().get(where)
    monkeypatch.setattr("layers.rastertiles.views.tile_body", lambda tile: pytest.fail("it was drawn"))
    again = Client().get(where, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


def test_the_tag_is_the_same_after_a_restart_and_another_after_a_change_of_style(raster: MakeRaster) -> None:
    dem = raster(ramp())
    where = address(dem, 300, 300, 16)
    first = Client().get(where)
    reader.stop_all()
    bodies.memory.clear()
    assert Client().get(where)["ETag"] == first["ETag"]

    Raster.objects.update(style={"version": 1, "renderer": {"type": "ramp", "ramp": "viridis"}})
    other = Client().get(where)
    assert other["ETag"] != first["ETag"]
    assert other.content != first.content

    Raster.objects.update(
        style={"version": 1, "opacity": 0.5, "renderer": {"type": "ramp", "ramp": "viridis"}}
    )
    assert Client().get(where)["ETag"] == other["ETag"]  # opacity is the map's affair


def test_what_one_process_drew_another_finds(raster: MakeRaster, monkeypatch: pytest.MonkeyPatch) -> None:
    heights = ramp()
    heights[:, :, :400] = np.nan
    dem = raster(heights)
    shown, empty = address(dem, 500, 300, 16), address(dem, 100, 300, 19)
    drawn = Client().get(shown)
    assert Client().get(empty).status_code == 204
    bodies.memory.clear()  # as a process that has just begun
    monkeypatch.setattr("layers.rastertiles.keeping.draw", lambda tile: pytest.fail("it was drawn again"))
    assert Client().get(shown).content == drawn.content
    assert Client().get(empty).status_code == 204


def test_many_who_ask_at_once_wait_for_one_drawing(
    raster: MakeRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = raster_tile(raster(ramp()), tile_at(*LADYZHYN, 14)[0])
    drawn: list[str] = []

    def slowly(tile: RasterTile) -> bytes:
        drawn.append(tile.key)
        time.sleep(0.3)
        return b"picture"

    monkeypatch.setattr(keeping, "draw", slowly)
    monkeypatch.setattr(keeping, "_read", lambda tag: None)
    monkeypatch.setattr(keeping, "_keep", lambda tag, body: None)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(keeping.tile_body, [wanted] * 6))
    assert (set(found), drawn) == ({b"picture"}, [wanted.key])


def test_beside_the_raster_and_where_it_is_empty_there_is_nothing(raster: MakeRaster) -> None:
    heights = ramp()
    heights[:, :, :400] = np.nan
    dem = raster(heights)
    for where in (address(dem, -5000, 0, 16), address(dem, 100, 300, 19)):
        answer = Client().get(where)
        assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("tile", "parameter"),
    [
        ("25/0/0.webp", "z"), ("-1/0/0.webp", "z"), ("x/0/0.webp", "z"), ("1e1/0/0.webp", "z"), ("4/16/0.webp", "x"),
        ("4/0/16.webp", "y"), ("4/0/-1.webp", "y"), ("4/0/NaN.webp", "y"), ("4/0/.webp", "y"), ("4/0/0.jpg", "format"),
        ("4/0/0@3x.webp", "format"), ("4/0/0", "format"), (f"4/{'9' * 5000}/0.webp", "x"), ("٤/0/0.webp", "z"),
    ],
)  # fmt: skip
def test_a_wrong_tile_is_refused_with_the_name_of_what_is_wrong(
    raster: MakeRaster, tile: str, parameter: str
) -> None:
    raster(ramp())
    answer = Client().get(f"/tiles/raster/demo.dem/{tile}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_tiles_of_the_whole_world_and_of_one_pixel_are_drawn_too(raster: MakeRaster) -> None:
    dem = raster(ramp())
    for z in (0, 5, 8, 24):
        assert Client().get(address(dem, 300, 300, z)).status_code in (200, 204)
    assert Client().get(address(dem, 300, 300, 24)).status_code == 200


def test_tilejson_tells_where_the_raster_lies_and_how_far_to_zoom(raster: MakeRaster) -> None:
    dem = raster(ramp(), attribution="Держгеокадастр")
    found = Client().get("/tiles/raster/demo.dem.json")
    document = found.json()
    assert document["tilejson"] == "3.0.0"
    assert (document["name"], document["attribution"]) == ("Растр dem", "Держгеокадастр")
    assert document["bounds"] == pytest.approx(dem.footprint.extent)
    assert document["minzoom"] <= 12 < document["maxzoom"] == 17
    [tiles] = document["tiles"]
    tile, _across, _down = tile_at(*place_of(dem, 300, 300), 16)
    asked = tiles.format(z=tile.z, x=tile.x, y=tile.y).removeprefix("http://testserver")
    assert Client().get(asked).status_code == 200
    dem.style = {"version": 1, "renderer": {"type": "hillshade"}}
    assert tilejson(dem, "")["tiles"] != [tiles.removeprefix("http://testserver")]


# --- who gets them ---


def paths(raster: Raster) -> list[str]:
    lon, lat = place_of(raster, 300, 300)
    name = raster.full_name
    return [
        address(raster, 300, 300, 16), f"/tiles/raster/{name}.json", f"/api/rasters/{name}/point?lon={lon}&lat={lat}",
        f"/api/rasters/{name}/profile?line={lon},{lat};{lon + 0.001},{lat}", f"/api/rasters/{name}/style",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "who", "status"),
    [
        ("public", None, 200), ("registered", None, 404), ("staff", None, 404), ("restricted", None, 404),
        ("registered", "stranger", 200), ("staff", "stranger", 404), ("restricted", "stranger", 404),
        ("staff", "viewer", 200), ("restricted", "viewer", 404), ("restricted", "admin", 200),
    ],
)  # fmt: skip
def test_a_raster_is_open_to_whom_its_level_says(
    raster: MakeRaster, user_with_role: MakeUser, client_of: Any, level: str, who: str | None, status: int
) -> None:
    dem = raster(ramp(), access_level=level)
    user = user_with_role(None if who == "stranger" else who) if who else None
    client = client_of(user)
    for path in paths(dem):
        answer = client.get(path)
        assert answer.status_code == status, path
        if status == 200:
            public = level == "public" and not path.endswith("/style")
            assert answer["Cache-Control"].startswith("public" if public else "private")


def test_a_hidden_raster_cannot_be_told_from_a_missing_one(raster: MakeRaster) -> None:
    hidden = raster(ramp(), access_level="restricted")
    for path in paths(hidden):
        missing = path.replace("demo.dem", "demo.mud")
        found, absent = Client().get(path), Client().get(missing)
        assert found.status_code == absent.status_code == 404
        assert found.content.replace(b"demo.dem", b"demo.mud") == absent.content
        assert dict(found.headers) == dict(absent.headers)


def test_a_tile_that_was_drawn_for_a_member_is_not_given_to_others(
    raster: MakeRaster, user_with_role: MakeUser, client_of: Any
) -> None:
    dem = raster(ramp(), access_level="staff")
    where = address(dem, 300, 300, 16)
    drawn = client_of(user_with_role("viewer")).get(where)
    assert drawn.status_code == 200
    for headers in ({}, {"If-None-Match": drawn["ETag"]}, {"If-None-Match": "*"}):
        assert Client().get(where, headers=headers).status_code == 404


# --- values ---


def test_the_value_at_a_point_is_that_of_its_pixel(raster: MakeRaster) -> None:
    dem = raster(ramp())
    lon, lat = place_of(dem, 250.5, 100.5)
    answer = Client().get(f"/api/rasters/demo.dem/point?lon={lon}&lat={lat}").json()
    assert answer["bands"] == [{"band": 1, "title": "", "unit": "", "value": pytest.approx(125.0)}]


def test_a_point_outside_or_without_data_has_no_value(raster: MakeRaster) -> None:
    heights = ramp()
    heights[:, 90:110, 240:260] = np.nan
    dem = raster(heights)
    for column, row in ((250.5, 100.5), (-3, 10), (10, 900)):
        lon, lat = place_of(dem, column, row)
        answer = Client().get(f"/api/rasters/demo.dem/point?lon={lon}&lat={lat}")
        assert (answer.status_code, answer.json()["bands"][0]["value"]) == (200, None)
    assert Client().get("/api/rasters/demo.dem/point?lon=-170&lat=-89").json()["bands"][0]["value"] is None


@pytest.mark.parametrize(
    "query",
    ["", "lon=1", "lon=nan&lat=1", "lon=inf&lat=1", "lon=181&lat=1", "lon=1&lat=91", "lon=1&lat=x", "lon=1&lat=1&z=3",
     "lon=1&lat=1&lat=2", "lon=1e999&lat=0"],
)  # fmt: skip
def test_a_wrong_point_is_refused(raster: MakeRaster, query: str) -> None:
    raster(ramp())
    answer = Client().get(f"/api/rasters/demo.dem/point?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-parameter")


def line_of(raster: Raster, *places: tuple[float, float]) -> str:
    return ";".join(f"{lon},{lat}" for lon, lat in (place_of(raster, *place) for place in places))


def test_a_profile_has_even_steps_and_tells_what_goes_up_and_down(raster: MakeRaster) -> None:
    dem = raster(ramp())
    line = line_of(dem, (50.5, 300.5), (450.5, 300.5), (250.5, 300.5))
    found = Client().get(f"/api/rasters/demo.dem/profile?line={line}&samples=61").json()
    assert len(found["values"]) == len(found["distance_m"]) == len(found["lon"]) == 61
    assert found["length_m"] == pytest.approx(600, rel=0.002)
    assert np.allclose(np.diff(found["distance_m"]), found["length_m"] / 60, atol=0.02)
    assert found["values"][0] == pytest.approx(105, abs=0.2)
    assert max(found["values"]) == pytest.approx(145, abs=0.4)
    assert (found["ascent"], found["descent"]) == (pytest.approx(40, abs=1), pytest.approx(20, abs=1))


def test_a_gap_in_a_profile_is_a_gap(raster: MakeRaster) -> None:
    heights = ramp()
    heights[:, :, 200:300] = -32768
    dem = raster(heights, nodata=-32768)
    found = (
        Client()
        .get(f"/api/rasters/demo.dem/profile?line={line_of(dem, (100, 300), (400, 300))}&samples=31")
        .json()
    )
    gaps = [value is None for value in found["values"]]
    assert 9 <= sum(gaps) <= 12
    assert not gaps[0] and not gaps[-1]  # noqa: PT018
    assert found["min"] > 100


def test_a_profile_beside_the_raster_has_no_values(raster: MakeRaster) -> None:
    raster(ramp())
    found = Client().get("/api/rasters/demo.dem/profile?line=10,10;11,11").json()
    assert set(found["values"]) == {None}
    assert found["min"] is None


def test_a_long_profile_over_a_large_raster_reads_few_blocks(raster: MakeRaster) -> None:
    dem = raster(ramp(4096, 4096), pixel=2.0)
    found = (
        Client()
        .get(f"/api/rasters/demo.dem/profile?line={line_of(dem, (1, 1), (4094, 4094))}&samples=100")
        .json()
    )
    assert found["pixel_m"] >= 8
    assert np.corrcoef(found["distance_m"], found["values"])[0, 1] > 0.999


@pytest.mark.parametrize(
    "query",
    ["", "line=", "line=1,1", "line=1,1;1,1", "line=1,1;2", "line=1,1;nan,1", "line=1,1;200,1", "line=a,b;c,d",
     "line=1,1;2,2&samples=1", "line=1,1;2,2&samples=100000", "line=1,1;2,2&band=2", "line=1,1;2,2&band=0",
     "line=" + ";".join(f"{n / 1000},1" for n in range(10_000))],
)  # fmt: skip
def test_a_wrong_line_is_refused_before_anything_is_read(
    raster: MakeRaster, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    raster(ramp())
    monkeypatch.setattr(reader.Reader, "ask", lambda *given: pytest.fail("it was read"))
    answer = Client().get(f"/api/rasters/demo.dem/profile?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-parameter")


# --- styles ---


def put(client: Client, body: Any) -> Any:
    return client.put("/api/rasters/demo.dem/style", json.dumps(body), content_type="application/json")


VIRIDIS = {"version": 1, "renderer": {"type": "ramp", "ramp": "viridis", "range": [100, 160]}}


def test_an_administrator_changes_the_style_and_the_day(
    raster: MakeRaster, user_with_role: MakeUser, client_of: Any
) -> None:
    raster(ramp())
    admin = user_with_role("admin")
    answer = put(client_of(admin), {"style": VIRIDIS, "taken_on": "2024-05-17"})
    assert answer.status_code == 200, answer.content
    assert answer.json()["taken_on"] == "2024-05-17"
    assert [stop["value"] for stop in answer.json()["legend"]["stops"]] == [100, 112, 124, 136, 148, 160]
    assert Raster.objects.get().style == VIRIDIS
    entry = JournalEntry.objects.get(action="raster-styled")
    assert (entry.actor, entry.subject) == (admin, "demo.dem")


@pytest.mark.parametrize(("role", "own", "status"), [
    ("viewer", False, 403), ("editor", False, 403), ("editor", True, 200), ("admin", False, 200), (None, False, 403),
])  # fmt: skip
def test_who_may_change_a_style(
    raster: MakeRaster, user_with_role: MakeUser, client_of: Any, role: str | None, own: bool, status: int
) -> None:
    raster(ramp())
    user = user_with_role(role)
    if own:
        Raster.objects.update(created_by=user)
    assert put(client_of(user), {"style": VIRIDIS}).status_code == status
    assert Raster.objects.get().style == (VIRIDIS if status == 200 else {})


def test_nobody_changes_a_style_without_signing_in(raster: MakeRaster) -> None:
    raster(ramp())
    assert put(Client(), {"style": VIRIDIS}).status_code in (401, 403)
    assert Raster.objects.get().style == {}


def test_a_wrong_style_is_refused_with_its_place(
    raster: MakeRaster, user_with_role: MakeUser, client_of: Any
) -> None:
    raster(ramp())
    client = client_of(user_with_role("admin"))
    answer = put(
        client, {"style": {"version": 1, "renderer": {"type": "ramp", "band": 7, "ramp": "rainbow"}}}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-style")
    assert answer.json()["place"] == "renderer.band"
    assert put(client, {"style": {}, "colour": 1}).json()["parameter"] == "colour"
    assert put(client, {"taken_on": "yesterday"}).json()["parameter"] == "taken_on"
    assert Raster.objects.get().style == {}
