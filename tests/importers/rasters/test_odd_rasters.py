"""Odd rasters: each is read with a note or refused with a reason, and what is kept is a sound COG."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from django.utils import translation

from importers.errors import ImportProblem
from importers.rasters.launcher import convert_raster
from importers.rasters.notes import NOTES, sentence
from importers.rasters.protocol import ConvertedRaster
from importers.rasters.source import with_siblings
from tests.importers.data import REAL, needs_real_data
from tests.importers.rasters.odd import LADYZHYN, READ, REFUSED, Odd, at_ladyzhyn, ramp, write

FORBIDDEN = re.compile(r"/tmp|/vsi|Traceback|source\.|plain\.tif")


def converted(path: Path, tmp_path: Path, **options: str) -> tuple[ConvertedRaster, Path]:
    work = tmp_path / "work"
    work.mkdir()
    return convert_raster(with_siblings(path), work=work, local_srid=9832, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", READ, ids=lambda odd: odd.name)
def test_an_odd_raster_is_read_and_what_was_done_is_told(odd: Odd, tmp_path: Path) -> None:
    made, stored = converted(odd.make(tmp_path), tmp_path)

    assert {note["code"] for note in made.notes} >= set(odd.notes)
    west, south = LADYZHYN
    points = [point for polygon in made.footprint for ring in polygon for point in ring]
    assert all(abs(lon - west) < 0.02 and abs(lat - south) < 0.02 for lon, lat in points)
    assert len(made.statistics) == len(made.bands)
    with rasterio.open(stored) as cog:
        assert (cog.width, cog.height, cog.count) == (made.width, made.height, len(made.bands))
        assert cog.block_shapes[0] == (512, 512)
        assert cog.transform.b == cog.transform.d == 0
        assert cog.transform.e < 0 < cog.transform.a
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert cog.crs.to_epsg() == 9832
        if made.statistics[0].count and not made.lossy:
            values = cog.read(1, masked=True).compressed()
            assert made.statistics[0].min == values.min()
            assert made.statistics[0].max == values.max()
            assert made.statistics[0].mean == pytest.approx(values.mean(), rel=1e-5)
            assert made.statistics[0].count == len(values)


@pytest.mark.parametrize("odd", REFUSED, ids=lambda odd: odd.name)
def test_a_raster_that_cannot_be_read_is_refused_with_a_reason_in_both_languages(
    odd: Odd, tmp_path: Path
) -> None:
    path = odd.make(tmp_path)

    with pytest.raises(ImportProblem) as caught:
        converted(path, tmp_path)

    assert caught.value.code == odd.code
    told = {}
    for language in ("uk", "en"):
        with translation.override(language):
            told[language] = str(caught.value)
            assert not FORBIDDEN.search(told[language])
    assert re.search("[а-яіїєґ]", told["uk"])
    assert not re.search("[а-яіїєґ]", told["en"])
    assert not FORBIDDEN.search(json.dumps(caught.value.params))
    assert not (tmp_path / "work" / "out").exists()


def test_a_turned_picture_stands_where_it_stood(tmp_path: Path) -> None:
    turned = at_ladyzhyn() * rasterio.Affine.rotation(30)
    values = np.zeros((1, 300, 300), "uint8")
    values[0, 200, 100] = 250

    _made, stored = converted(write(tmp_path / "a.tif", values, transform=turned, nodata=1), tmp_path)

    with rasterio.open(stored) as cog:
        found = np.argwhere(cog.read(1) == 250)
        x, y = cog.transform * (found[0][1] + 0.5, found[0][0] + 0.5)
    wanted = turned * (100.5, 200.5)
    assert abs(x - wanted[0]) <= 0.75
    assert abs(y - wanted[1]) <= 0.75


def test_a_black_frame_round_a_photo_becomes_a_mask_and_a_black_band_does_not(tmp_path: Path) -> None:
    values = ramp(3, size=600)
    values[:, :300] = 0
    values[0, 300:] = 0

    made, stored = converted(write(tmp_path / "a.tif", values, photometric="rgb", nodata=0), tmp_path)

    with rasterio.open(stored) as cog:
        mask = cog.dataset_mask()
        assert cog.compression.name == "jpeg"
    assert (mask[:296] == 0).all()
    assert (mask[304:] == 255).all()
    assert made.lossy


def test_a_missing_value_is_named_by_a_person(tmp_path: Path) -> None:
    values = ramp(dtype="int16")
    values[0, :100] = -9999

    made, _ = converted(write(tmp_path / "dem.tif", values), tmp_path, nodata="-9999")

    assert made.nodata == -9999
    assert made.statistics[0].min == 1
    assert made.statistics[0].count == 200 * 300


@needs_real_data
@pytest.mark.parametrize(
    ("name", "code", "size", "bands", "nodata", "low", "high"),
    [
        ("etopo1_dem_ukraine_0.1deg.tif", "EPSG:4326", (186, 86), 1, -32768, -2422, 2126),
        ("landsat_RGB.byte.tif", "EPSG:32618", (791, 718), 3, None, 1, 255),
        ("srtm_shade_3857.tif", "EPSG:3857", (1024, 1024), 1, 255, 0, 0),
    ],
)
def test_a_real_raster_is_what_its_readme_says(
    name: str, code: str, size: tuple[int, int], bands: int, nodata: float | None, low: float, high: float,
    tmp_path: Path,
) -> None:  # fmt: skip
    made, stored = converted(REAL / "rasters" / name, tmp_path)

    assert made.crs.code == code
    assert (made.width, made.height) == size
    assert len(made.bands) == bands
    assert made.nodata == nodata
    assert (made.statistics[0].min, made.statistics[0].max) == (low, high)
    with rasterio.open(REAL / "rasters" / name) as source, rasterio.open(stored) as cog:
        assert cog.transform.almost_equals(source.transform, 1e-6)
        if not made.lossy:
            assert (cog.read() == source.read()).all()
        else:
            apart = np.abs(cog.read().astype(int) - source.read())[:, source.dataset_mask() > 0]
            assert apart.mean() < 4
        assert (cog.dataset_mask() > 0).sum() == (source.dataset_mask() > 0).sum()


def test_every_note_has_a_ukrainian_sentence() -> None:
    with translation.override("uk"):
        assert [str(text) for text in NOTES.values() if not re.search("[а-яіїєґ]", str(text))] == []
        assert "20" in sentence({"code": "straightened", "params": {"degrees": 20.0}})
