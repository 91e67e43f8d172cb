"""What a raster tile shows: the raster's values at their places, in the style's colours, clear where there are none."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from layers.models import Raster
from layers.rastertiles.tiles import draw, raster_tile
from tests.layers.rasters.making import pixels, place_of, ramp, tile_at

pytestmark = pytest.mark.django_db
MakeRaster = Callable[..., Raster]

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (240, 240, 240)
SK_42, UTM, WEB, DEGREES, MSK = 28405, 32635, 3857, 4326, 9832


def quarters(side: int = 600) -> np.ndarray:
    """A photograph of four quarters: red, green over blue, white."""
    half = side // 2
    photo = np.zeros((3, side, side), np.uint8)
    for color, rows, columns in ((RED, 0, 0), (GREEN, 0, half), (BLUE, half, 0), (WHITE, half, half)):
        photo[:, rows : rows + half, columns : columns + half] = np.array(color, np.uint8)[:, None, None]
    return photo


def seen(raster: Raster, column: float, row: float, *, z: int, **options: Any) -> tuple[int, ...]:
    """Red, green, blue, opacity of the tile's pixel at a place of the grid."""
    address, across, down = tile_at(*place_of(raster, column, row), z)
    picture = pixels(draw(raster_tile(raster, address, form="png", **options)))
    side = len(picture)
    return tuple(int(part) for part in picture[int(down * side), int(across * side)])


def styled(raster: Raster, **renderer: Any) -> Raster:
    raster.style = {"version": 1, "renderer": renderer}
    return raster


@pytest.mark.parametrize("epsg", [MSK, SK_42, UTM, WEB, DEGREES])
@pytest.mark.parametrize("z", [12, 15, 18])
def test_the_quarters_of_a_photo_are_seen_where_they_lie(raster: MakeRaster, epsg: int, z: int) -> None:
    photo = raster(quarters(), epsg=epsg, pixel=1e-5 if epsg == DEGREES else 1.0)
    for color, column, row in ((RED, 150, 150), (GREEN, 450, 150), (BLUE, 150, 450), (WHITE, 450, 450)):
        found = seen(photo, column, row, z=z)
        assert found[3] == 255
        assert np.abs(np.array(found[:3]) - color).max() <= 6


@pytest.mark.parametrize("epsg", [MSK, SK_42, WEB])
def test_an_edge_is_drawn_within_a_pixel_of_its_place(raster: MakeRaster, epsg: int) -> None:
    """The way from the tile to the raster is taken as straight in pieces; here are its worst places."""
    bars = np.zeros((1, 2048, 2048), np.uint8)
    bars[:, :, 1024:] = 200
    bars[:, 1024:, :] += 50
    plan = styled(raster(bars, epsg=epsg, pixel=8.0), type="ramp", stops=[[0, "#000000"], [250, "#fafafa"]])
    for z in (9, 11, 13):
        _address, across, down = tile_at(*place_of(plan, 1024, 1024), z)
        address, _across, _down = tile_at(*place_of(plan, 1024, 1024), z)
        grey = pixels(draw(raster_tile(plan, address, scale=2, form="png")))[..., 0].astype(int)
        column, row = across * 512, down * 512
        near = 12  # pixels off the corner, along both edges
        line = grey[int(row) - near, :]
        edge = (
            int(np.argmax(np.diff(line[max(0, int(column) - 8) : int(column) + 8])))
            + max(0, int(column) - 8)
            + 1
        )
        lean = place_of(plan, 1024, 1024 - 5)  # the edge leans with the system's grid
        shift = (
            (tile_at(*lean, z)[1] - across) * 512 * near / max(1e-9, abs(tile_at(*lean, z)[2] - down) * 512)
        )
        assert abs(edge - (column + shift)) <= 1.5


def test_a_tile_of_twice_the_pixels_shows_the_same_in_more_detail(raster: MakeRaster) -> None:
    photo = raster(quarters())
    address, _across, _down = tile_at(*place_of(photo, 300, 300), 16)
    single = pixels(draw(raster_tile(photo, address, form="png")))
    double = pixels(draw(raster_tile(photo, address, scale=2, form="png")))
    assert (single.shape, double.shape) == ((256, 256, 4), (512, 512, 4))
    mean = double.reshape(256, 2, 256, 2, 4).mean(axis=(1, 3))
    assert np.abs(mean - single).mean() < 3


def test_what_has_no_data_is_clear_and_so_is_what_lies_beside_the_raster(raster: MakeRaster) -> None:
    heights = ramp()
    heights[:, 200:400, 200:400] = -9999
    dem = raster(heights, nodata=-9999)
    assert seen(dem, 300, 300, z=17)[3] == 0
    assert seen(dem, 100, 100, z=17)[3] == 255
    assert seen(dem, -20, 100, z=17)[3] == 0


def test_a_masked_photo_has_no_dark_fringe(raster: MakeRaster) -> None:
    photo, mask = np.full((3, 600, 600), 200, np.uint8), np.full((600, 600), 255, np.uint8)
    photo[:, :, 300:] = 0
    mask[:, 300:] = 0
    masked = raster(photo, mask=mask)
    address, _across, _down = tile_at(*place_of(masked, 300, 300), 17)
    picture = pixels(draw(raster_tile(masked, address, form="png")))
    shown = picture[picture[..., 3] > 0]
    assert 0 < len(shown) < 256 * 256
    assert shown[:, :3].min() >= 190


def test_a_tile_without_a_single_valid_pixel_is_empty(raster: MakeRaster) -> None:
    heights = ramp()
    heights[:, :, :400] = np.nan
    dem = raster(heights)
    address, _across, _down = tile_at(*place_of(dem, 150, 300), 19)
    assert draw(raster_tile(dem, address)) == b""


def test_values_between_two_stops_are_mixed_and_those_outside_keep_the_last_colour(
    raster: MakeRaster,
) -> None:
    dem = styled(raster(ramp()), type="ramp", stops=[[110, "#000000"], [130, "#ffffff"]])
    assert seen(dem, 50, 300, z=18)[:3] == (0, 0, 0)
    assert abs(seen(dem, 200.5, 300, z=18)[0] - 128) <= 2
    assert seen(dem, 500, 300, z=18)[:3] == (255, 255, 255)


def test_classes_are_never_mixed_and_what_is_of_none_is_left_out(raster: MakeRaster) -> None:
    plan = np.ones((1, 600, 600), np.uint8)
    plan[:, :, 200:] = 3
    plan[:, :, 400:] = 2
    classes = [{"value": 1, "color": "#00ff00"}, {"value": 3, "color": "#0000ff"}]
    found = styled(raster(plan), type="classes", classes=classes)
    address, _across, _down = tile_at(*place_of(found, 300, 300), 16)
    picture = pixels(draw(raster_tile(found, address, form="png")))
    colours = {tuple(int(part) for part in colour) for colour in picture.reshape(-1, 4)}
    assert colours == {(0, 255, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)}
    assert seen(found, 500, 300, z=17)[3] == 0
    webp = pixels(draw(raster_tile(found, address, form="webp")))
    assert np.array_equal(webp[webp[..., 3] > 0], picture[picture[..., 3] > 0])


def test_a_file_with_colours_of_its_own_is_drawn_in_them(raster: MakeRaster) -> None:
    plan = np.zeros((1, 600, 600), np.uint8)
    plan[:, :, 300:] = 7
    found = raster(plan, colors={0: (10, 20, 30, 255), 7: (200, 100, 50, 255)})
    assert seen(found, 150, 300, z=17) == (10, 20, 30, 255)
    assert seen(found, 450, 300, z=17) == (200, 100, 50, 255)


def test_other_bands_may_be_shown_as_red_green_and_blue(raster: MakeRaster) -> None:
    bands = np.stack([np.full((600, 600), value, np.uint16) for value in (1000, 2000, 3000, 4000)])
    found = styled(raster(bands), type="rgb", bands=[4, 1, 2], rescale=[[0, 4000], [0, 4000], [0, 4000]])
    assert seen(found, 300, 300, z=17) == (255, 64, 128, 255)


# --- heights ---


def slope(east: float, south: float, side: int = 600) -> np.ndarray:
    """A plane that rises by so many metres a pixel."""
    down, across = np.mgrid[0:side, 0:side]
    return (across * east + down * south + 100)[None].astype(np.float32)


def test_level_ground_is_lit_by_the_height_of_the_sun(raster: MakeRaster) -> None:
    flat = styled(raster(slope(0, 0)), type="hillshade", altitude=30)
    grey, _green, _blue, opacity = seen(flat, 300, 300, z=17)
    assert (abs(grey - 127.5) <= 0.5, opacity) == (True, 255)


@pytest.mark.parametrize(
    ("east", "south", "azimuth"), [(0.5, 0.5, 315), (-0.5, 0.5, 45), (-0.5, -0.5, 135), (0.5, -0.5, 225)]
)
def test_a_hillside_is_brightest_when_the_sun_stands_before_it(
    raster: MakeRaster, east: float, south: float, azimuth: float
) -> None:
    """Ground that rises towards the south-east looks to the north-west."""
    hill = raster(slope(east, south))
    before = seen(styled(hill, type="hillshade", azimuth=azimuth), 300, 300, z=17)[0]
    behind = seen(styled(hill, type="hillshade", azimuth=(azimuth + 180) % 360), 300, 300, z=17)[0]
    steep = math.atan(math.hypot(east, south))
    assert abs(before - 255 * math.cos(math.radians(45) - steep)) <= 3
    assert abs(behind - 255 * max(0, math.cos(math.radians(45) + steep))) <= 3


@pytest.mark.parametrize("epsg", [MSK, WEB])
def test_the_slope_is_that_of_the_ground_and_not_of_the_map(raster: MakeRaster, epsg: int) -> None:
    """A metre of Web Mercator is 0.66 m of ground here."""
    rise = 0.1 if epsg == MSK else 0.1 * math.cos(math.radians(48.68))
    hill = styled(raster(slope(rise, 0), epsg=epsg), type="slope", stops=[[0, "#000000"], [10, "#ffffff"]])
    wanted = math.degrees(math.atan(0.1)) / 10 * 255
    for z in (15, 17):
        assert abs(seen(hill, 300, 300, z=z)[0] - wanted) <= 2


def test_shading_runs_on_over_the_edge_of_a_tile(raster: MakeRaster) -> None:
    rough = (
        np.random.default_rng(5).normal(0, 1, (1, 600, 600)).cumsum(axis=1).cumsum(axis=2).astype(np.float32)
    )
    dem = styled(raster(rough / 50), type="hillshade")
    address, _across, _down = tile_at(*place_of(dem, 300, 300), 18)
    upper = pixels(draw(raster_tile(dem, address, form="png")))
    below = type(address)(address.z, address.x, address.y + 1)
    lower = pixels(draw(raster_tile(dem, below, form="png")))
    steps = np.abs(np.diff(upper[..., 0].astype(int), axis=0)).mean()
    seam = np.abs(upper[-1, :, 0].astype(int) - lower[0, :, 0]).mean()
    assert seam <= 2 * steps + 1


def test_relief_laid_over_colours_leaves_level_ground_as_it_is(raster: MakeRaster) -> None:
    stops = [[0, "#808080"], [1000, "#808080"]]
    flat = styled(raster(slope(0, 0)), type="ramp", stops=stops, relief=0.8)
    hill = styled(raster(slope(0.5, 0.5), slug="hill"), type="ramp", stops=stops, relief=0.8)
    assert seen(flat, 300, 300, z=17)[:3] == (128, 128, 128)
    assert seen(hill, 300, 300, z=17)[0] > 140


def test_the_same_tile_has_the_same_bytes(raster: MakeRaster) -> None:
    photo = raster(quarters())
    address, _across, _down = tile_at(*place_of(photo, 300, 300), 16)
    wanted = raster_tile(photo, address)
    assert draw(wanted) == draw(wanted)
    assert draw(wanted)[:4] == b"RIFF"
