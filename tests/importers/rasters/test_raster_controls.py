"""Each control of the process that opens rasters stops something that happens without it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from gis_core.sandbox.lockdown import CONTROLS
from importers.errors import ImportProblem, ReaderStopped
from importers.rasters import launcher
from importers.rasters.environment import raster_environment
from importers.rasters.launcher import _check, convert_raster
from importers.rasters.protocol import raster_from_json
from importers.rasters.source import Sent
from importers.rasters.tiff import BadTiff, read_tiff
from importers.sandbox.launcher import ROOT
from importers.sandbox.protocol import BadAnswer
from tests.importers.rasters.odd import ramp, with_overview_elsewhere, write

CANARY = "canary-5b1f"
_OPEN = """
import json, sys
import rasterio
from pathlib import Path
from gis_core.sandbox import lockdown

given = json.load(sys.stdin)
with rasterio.Env() as env:
    rasterio.crs.CRS.from_epsg(9832)
    lockdown.apply(lockdown.Allowance(
        read=(Path(given["folder"]),), write=(Path(given["out"]),), memory_mb=2048, cpu_s=60, output_mb=10
    ), controls=set(given["controls"]))
    try:
        with rasterio.open(given["path"]) as found:
            print(found.driver, found.overviews(1), found.read(1).tobytes()[:200])
    except Exception as error:
        print(type(error).__name__)
"""


def opened(
    path: Path, out: Path, *, controls: Collection[str] = CONTROLS, driver: str | None = "GTiff"
) -> str:
    """What a bare reader tells of the file with these controls; `driver` None leaves all of GDAL's on."""
    environment = raster_environment(driver or "GTiff", scratch=out)
    if driver is None:
        del environment["GDAL_SKIP"]
        environment["GDAL_VRT_ENABLE_RAWRASTERBAND"] = "YES"
    out.mkdir(exist_ok=True)
    asked = {"folder": str(path.parent), "out": str(out), "controls": sorted(controls), "path": str(path)}
    done = subprocess.run(
        [sys.executable, "-s", "-B", "-c", _OPEN], input=json.dumps(asked), env=environment, cwd=ROOT,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout


def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "secret.txt").write_text(CANARY * 10)
    return folder / "secret.txt"


def raw_band(folder: Path, other: Path) -> Path:
    """A VRT called .tif that shows another file's bytes as pixels."""
    folder.mkdir()
    (folder / "map.tif").write_text(
        f'<VRTDataset rasterXSize="10" rasterYSize="10"><VRTRasterBand dataType="Byte" band="1" '
        f'subClass="VRTRawRasterBand"><SourceFilename relativeToVRT="0">{other}</SourceFilename>'
        "<ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>10</LineOffset></VRTRasterBand></VRTDataset>"
    )
    return folder / "map.tif"


def test_a_raster_that_is_a_program_reads_another_file_unless_its_driver_is_off(tmp_path: Path) -> None:
    path = raw_band(tmp_path / "sent", secret(tmp_path))

    assert CANARY in opened(path, tmp_path / "out", controls=(), driver=None)
    assert CANARY not in opened(path, tmp_path / "out", controls=())


def test_a_raster_that_is_a_program_reads_another_file_unless_landlock_is_on(tmp_path: Path) -> None:
    path = raw_band(tmp_path / "sent", secret(tmp_path))

    assert CANARY in opened(path, tmp_path / "out", controls=CONTROLS - {"landlock"}, driver=None)
    assert CANARY not in opened(path, tmp_path / "out", driver=None)


def test_a_geotiff_opens_another_file_as_its_overviews_unless_landlock_is_on(tmp_path: Path) -> None:
    """Why the driver list is not enough: the driver that is needed does it."""
    (tmp_path / "private").mkdir()
    (tmp_path / "sent").mkdir()
    other = write(tmp_path / "private" / "other.tif", ramp(size=150))
    path = with_overview_elsewhere(tmp_path / "sent", other)

    assert "GTiff [2]" in opened(path, tmp_path / "out", controls=())
    assert "GTiff []" in opened(path, tmp_path / "out")


def test_the_skeleton_tells_a_reference_to_another_file_before_gdal_sees_it(tmp_path: Path) -> None:
    assert read_tiff(with_overview_elsewhere(tmp_path)).pages[0].names_another_file
    assert not read_tiff(write(tmp_path / "plain.tif", ramp())).pages[0].names_another_file


def test_sidecars_of_gdal_are_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", ramp(), nodata=None)
    (tmp_path / "a.tif.aux.xml").write_text(
        '<PAMDataset><PAMRasterBand band="1"><NoDataValue>7</NoDataValue></PAMRasterBand></PAMDataset>'
    )
    work = tmp_path / "work"
    work.mkdir()

    made, _ = convert_raster(
        [Sent("a.tif", path), Sent("a.tif.aux.xml", tmp_path / "a.tif.aux.xml")][:1], work=work
    )

    assert made.nodata is None


def test_a_driver_too_many_stops_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def all_on(driver: str, *, scratch: Path) -> dict[str, str]:
        environment = raster_environment(driver, scratch=scratch)
        return {name: value for name, value in environment.items() if name != "GDAL_SKIP"}

    work = tmp_path / "work"
    work.mkdir()
    sent = [Sent("a.tif", write(tmp_path / "a.tif", ramp()))]
    convert_raster(sent, work=work)
    monkeypatch.setattr(launcher, "raster_environment", all_on)
    with pytest.raises(ImportProblem) as caught:
        convert_raster(sent, work=work)
    assert caught.value.code == "sandbox-unavailable"


# --- what the child hands over ---


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A sound answer of the child and its file."""
    work = tmp_path_factory.mktemp("work")
    heard: list[Any] = []

    def overheard(found: Any) -> Any:
        heard.append(found)
        return raster_from_json(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "raster_from_json", overheard)
        _, path = convert_raster([Sent("a.tif", write(work / "a.tif", ramp()))], work=work)
    return heard[0], path


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0}, {"width": 2**40}, {"height": "many"}, {"bands": []}, {"crs": None}, {"transform": [1, 2]},
        {"transform": [float("nan")] * 6}, {"footprint": [[[[500, 0], [1, 1], [2, 2], [500, 0]]]]},
        {"footprint": [[[[1, 1], [2, 2]]]]}, {"footprint": [[[[1, 1]] * 50_000]]}, {"statistics": [{}]},
        {"notes": [{}]}, {"resolution_m": float("inf")},
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_that_no_child_of_ours_gives_is_refused(
    change: dict[str, Any], sound: tuple[dict[str, Any], Path]
) -> None:
    answer, _ = sound
    raster_from_json(answer)

    with pytest.raises(BadAnswer):
        raster_from_json(answer | change)


def test_a_file_that_is_not_what_the_answer_tells_is_refused(
    tmp_path: Path, sound: tuple[dict[str, Any], Path]
) -> None:
    answer, path = sound
    made = raster_from_json(answer)
    _check(path, made)

    with pytest.raises(BadAnswer):
        _check(path, raster_from_json(answer | {"width": made.width + 1}))
    plain = write(tmp_path / "plain.tif", ramp())
    with pytest.raises(BadAnswer):
        _check(plain, made)
    referring = with_overview_elsewhere(tmp_path)
    with pytest.raises(BadAnswer):
        _check(referring, made)
    link = tmp_path / "link.tif"
    link.symlink_to(path)
    with pytest.raises(BadAnswer):
        _check(link, made)
    cut = tmp_path / "cut.tif"
    cut.write_bytes(path.read_bytes()[:500])
    with pytest.raises(BadTiff):
        _check(cut, made)


def test_a_child_that_dies_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "CHILD", ("-c", "import os; os.abort()"))
    work = tmp_path / "work"
    work.mkdir()

    with pytest.raises(ReaderStopped):
        convert_raster([Sent("a.tif", write(tmp_path / "a.tif", ramp()))], work=work)

    assert not (work / "out").exists()
    assert os.listdir(work) == ["in"]


def test_two_thousand_damaged_skeletons_are_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    """The trusted side reads what a taken-over child wrote: the reader must not fall."""
    import random

    source = write(tmp_path / "a.tif", ramp(size=64), tiled=True, blockxsize=64, blockysize=64).read_bytes()
    chance = random.Random(7)
    path = tmp_path / "damaged.tif"
    for _ in range(2000):
        content = bytearray(source)
        for _ in range(chance.randint(1, 12)):
            content[chance.randrange(400)] = chance.randrange(256)
        path.write_bytes(bytes(content[: chance.choice([len(content), chance.randrange(1, len(content))])]))
        with contextlib.suppress(BadTiff):
            read_tiff(path)
