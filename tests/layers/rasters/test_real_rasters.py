"""Rasters that others made, taken in as an import takes them, and drawn where they lie."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gis_core.communities import Community
from importers.rasters.launcher import convert_raster
from importers.rasters.pipeline import _facts, outline_of
from importers.rasters.source import Sent
from layers.models import Raster
from layers.rasters import create_raster
from layers.rastertiles.tiles import RasterTile, draw, first_zoom, last_zoom, raster_tile
from layers.rastertiles.values import at_point, profile
from tests.importers.data import REAL, needs_real_data
from tests.layers.rasters.making import pixels, tile_at

pytestmark = [pytest.mark.django_db, needs_real_data]
SHOTS = os.environ.get("HROMADA_SHOTS", "")
HILLSHADE = {"type": "hillshade", "exaggeration": 20}
RELIEF = {"type": "ramp", "ramp": "relief", "range": [0, 1000], "relief": 0.5}


@pytest.fixture
def real(community: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Raster]:
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")

    def make(name: str, **renderer: Any) -> Raster:
        work = tmp_path / "work"
        work.mkdir()
        made, file = convert_raster([Sent(name, REAL / "rasters" / name)], work=work)
        return create_raster(
            community=community, slug="real", actor=None, title={"uk": name}, file=file,
            footprint=outline_of(made, name), style={"version": 1, "renderer": renderer} if renderer else {},
            **_facts(made),
        )  # fmt: skip

    return make


def middle(raster: Raster) -> tuple[float, float]:
    west, south, east, north = raster.footprint.extent
    return (west + east) / 2, (south + north) / 2


def tile_of(raster: Raster, zoom: int) -> RasterTile:
    return raster_tile(raster, tile_at(*middle(raster), zoom)[0], scale=2, form="png")


def seen(raster: Raster, zoom: int) -> np.ndarray:
    body = draw(tile_of(raster, zoom))
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        (Path(SHOTS) / f"real-{raster.local_title.split('.')[0]}-{zoom}.png").write_bytes(body)
    return pixels(body)


@pytest.mark.parametrize(
    "name", ["etopo1_dem_ukraine_0.1deg.tif", "landsat_RGB.byte.tif", "srtm_shade_3857.tif"]
)
def test_a_real_raster_is_seen_at_each_of_its_zooms(real: Callable[..., Raster], name: str) -> None:
    raster = real(name)
    for zoom in range(first_zoom(raster), last_zoom(raster) + 2):
        picture = seen(raster, zoom)
        shown = picture[picture[..., 3] > 0]
        assert len(shown) > 0, zoom
    if not name.startswith("srtm"):  # which is a mask of shadows: one value, and nothing
        assert shown[:, :3].std() > 3, "there is something to see"


def test_the_heights_of_ukraine_are_those_of_its_places(real: Callable[..., Raster]) -> None:
    raster = real("etopo1_dem_ukraine_0.1deg.tif", **RELIEF)
    [hoverla] = at_point(raster, 24.5, 48.16)
    [steppe] = at_point(raster, 33.5, 46.5)
    [sea] = at_point(raster, 31.5, 44.9)
    assert hoverla is not None
    assert steppe is not None
    assert sea is not None
    assert hoverla > 700 > 100 > steppe > -5
    assert sea < 0
    found = profile(raster, [(22.5, 48.9), (25.5, 47.9)], band=1, samples=200)
    assert found["length_m"] == pytest.approx(248_000, rel=0.02)
    assert max(value for value in found["values"] if value is not None) > 900
    seen(raster, 6)


def test_the_light_on_the_carpathians_comes_from_the_north_west(real: Callable[..., Raster]) -> None:
    raster = real("etopo1_dem_ukraine_0.1deg.tif", **HILLSHADE)
    picture = seen(raster, 6)
    grey = picture[..., 0][picture[..., 3] > 0]
    assert abs(float(np.median(grey)) - 180) < 12, "level ground"
    assert grey.max() > 230 > 120 > grey.min()
