"""The process that opens rasters for the web: it has no rights, and its end is nobody else's."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from django.test import Client

from gis_core.errors import Busy
from layers.models import Raster
from layers.rasters import RasterNotFound
from layers.rastertiles.reader import _GDAL, _ONE_THREAD, ROOT, reader
from layers.rastertiles.values import at_point
from tests.layers.rasters.making import place_of, ramp

pytestmark = pytest.mark.django_db
MakeRaster = Callable[..., Raster]

_UNLOCKED = """
import sys
from gis_core.sandbox import lockdown
lockdown.apply = lambda *given, **more: None
sys.argv = ["child", *sys.argv[1:]]
from layers.rastertiles import child
child._skip_drivers = lambda: None
child.main()
"""


def asked_directly(raster: Raster, file: str, *, locked: bool) -> dict[str, Any]:
    """What the process says to a request for the value in `file`, whatever that is."""
    start = ("-m", "layers.rastertiles.child") if locked else ("-c", _UNLOCKED)
    lon, lat = place_of(raster, 10, 10)
    request = json.dumps({"do": "point", "file": file, "crs": raster.crs_wkt, "at": [lon, lat]})
    done = subprocess.run(
        [sys.executable, "-s", "-B", *start, str(raster.path.parent), str(os.getpid()), "2048"],
        input=request.encode() + b"\n", capture_output=True, cwd=ROOT, timeout=120, check=False,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **_GDAL, **_ONE_THREAD},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert json.loads(lines[0]) == {"ready": True, "bytes": 0}, done.stderr
    found: dict[str, Any] = json.loads(lines[1])
    return found


def test_a_file_outside_the_folder_opens_only_with_the_controls_off(
    raster: MakeRaster, tmp_path: Path
) -> None:
    dem = raster(ramp())
    outside = tmp_path / "elsewhere.tif"
    outside.write_bytes(dem.path.read_bytes())
    (dem.path.parent / "link.tif").symlink_to(outside)
    for name in ("link.tif", str(outside)):
        assert asked_directly(dem, name, locked=False)["values"] == [pytest.approx(101, abs=0.2)]
        assert asked_directly(dem, name, locked=True)["problem"] == "failed"
    assert asked_directly(dem, dem.path.name, locked=True)["values"] == [pytest.approx(101, abs=0.2)]


def test_a_file_that_is_no_geotiff_is_not_opened(raster: MakeRaster) -> None:
    dem = raster(ramp())
    instruction = f"""<VRTDataset rasterXSize="600" rasterYSize="600"><VRTRasterBand dataType="Float32" band="1">
      <SimpleSource><SourceFilename>{dem.path}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""
    (dem.path.parent / "vrt.tif").write_text(instruction)
    assert asked_directly(dem, "vrt.tif", locked=True)["problem"] == "failed"


_LOADED = """
import sys

import django

django.setup()
import gis_core.urls

print([name for name in ("rasterio", "rio_tiler", "httpx2") if name in sys.modules])
"""


def test_the_web_process_loads_no_gdal_that_opens_rasters() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, cwd=ROOT, check=True, timeout=120,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "gis_core.settings.test"},
    )  # fmt: skip
    assert told.stdout.strip() == "[]"


def test_a_process_that_was_killed_is_replaced(raster: MakeRaster) -> None:
    dem = raster(ramp())
    place = place_of(dem, 10, 10)
    before = at_point(dem, *place)
    child = reader()._child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert at_point(dem, *place) == before


def test_the_process_outlives_the_thread_that_first_asked_it(raster: MakeRaster) -> None:
    dem = raster(ramp())
    request = {"do": "point", "file": dem.path.name, "crs": dem.crs_wkt, "at": list(place_of(dem, 10, 10))}
    first = Thread(target=reader().ask, args=(request,))
    first.start()
    first.join()
    child = reader()._child
    assert child is not None
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=1)
    reader().ask(request)
    assert reader()._child is child


def test_a_process_that_does_not_answer_is_ended_and_the_client_asked_to_come_again(
    raster: MakeRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    dem = raster(ramp())
    place = place_of(dem, 10, 10)
    at_point(dem, *place)
    child = reader()._child
    assert child is not None
    monkeypatch.setenv("HROMADA_RASTER_TILE_S", "1")
    os.kill(child.pid, signal.SIGSTOP)
    answer = Client().get(f"/api/rasters/demo.dem/point?lon={place[0]}&lat={place[1]}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert child.poll() is not None
    monkeypatch.delenv("HROMADA_RASTER_TILE_S")
    assert at_point(dem, *place)


def test_a_damaged_file_is_a_busy_answer_and_the_next_raster_is_read(raster: MakeRaster) -> None:
    good, bad = raster(ramp()), raster(np.random.default_rng(1).normal(0, 1, (1, 600, 600)), slug="bad")
    content = bytearray(bad.path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    bad.path.write_bytes(content)
    with pytest.raises(Busy):
        for row in range(10, 600, 40):
            at_point(bad, *place_of(bad, 300, row))
    assert at_point(good, *place_of(good, 10, 10))


def test_a_raster_whose_file_went_a_moment_ago_is_not_there(raster: MakeRaster) -> None:
    dem = raster(ramp())
    dem.path.unlink()
    with pytest.raises(RasterNotFound):
        at_point(dem, *place_of(dem, 10, 10))
