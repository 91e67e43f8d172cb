"""Starts the process that opens a raster, and checks what it wrote: the trusted side.

Nothing here opens a raster with GDAL; the result is judged by its skeleton (`tiff`), which is read in Python.
"""

import logging
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gis_core import limits
from gis_core.jobs import progress
from importers.errors import ReaderStopped
from importers.rasters import errors  # noqa: F401 -- so that `by_code` knows them
from importers.rasters.environment import raster_environment
from importers.rasters.protocol import ConvertedRaster, RasterRequest, raster_from_json
from importers.rasters.source import RasterSource, Sent, lay_out
from importers.rasters.tiff import BadTiff, read_tiff
from importers.sandbox.ear import Ear
from importers.sandbox.launcher import ROOT, Reader
from importers.sandbox.protocol import BadAnswer

log = logging.getLogger("importers.sandbox")

CHILD = ("-m", "importers.rasters.child")
RESULT = "raster.tif"
_WALL_PER_CPU = 3
_PASSED_ON = (
    "max_raster_megapixels", "max_raster_decoded_mb", "max_raster_block_mb", "max_raster_bands",
    "sandbox_memory_mb", "sandbox_output_mb",
)  # fmt: skip

Progress = Callable[[int, int], None]


def convert_raster(
    sent: Sequence[Sent], *, work: Path | str, crs: str = "", nodata: str = "", wanted: str = "",
    local_srid: int | None = None, area: str = "", on_progress: Progress | None = None,
) -> tuple[ConvertedRaster, Path]:  # fmt: skip
    """Make what was sent (a raster with its parts, or a zip of them) a COG below `work`: its account and path.

    `crs` and `nodata` (a number or "nan") answer what the file leaves open, `wanted` names the raster where a
    zip holds several; `area` is where it should lie (hex WKB, 4326), by which a missing system is found out.
    `on_progress(rows, of)` may raise to stop. Raises ImportProblem; CrsUnknown carries the options. Then no
    result is left behind; the caller removes `work`.
    """
    work = Path(work)
    source = lay_out(sent, work=work, wanted=wanted)
    out = work / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(mode=0o700)
    try:
        asked = {"crs": crs, "nodata": nodata, "local_srid": local_srid, "area": area}
        answer = _run(source, out, on_progress or (lambda done, of: None), asked)
        made = raster_from_json(answer)
        _check(out / RESULT, made)
    except (BadAnswer, BadTiff, OSError) as error:
        shutil.rmtree(out, ignore_errors=True)
        log.error("answer of the sandbox refused: %s", error)
        raise ReaderStopped(name=source.name) from error
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
    return made, out / RESULT


def _run(source: RasterSource, out: Path, on_progress: Progress, asked: dict[str, Any]) -> Any:
    cpu_s = limits.value("sandbox_cpu_s")
    request = RasterRequest(
        name=source.name, driver=source.format.driver, path=str(source.path), read=str(source.path.parent),
        out=str(out), cpu_s=cpu_s, parent=os.getpid(), limits={name: limits.value(name) for name in _PASSED_ON},
        world=source.world, prj=source.prj, **asked,
    )  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-s", "-B", *CHILD],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=ROOT, start_new_session=True, env=raster_environment(source.format.driver, scratch=out),
    )  # fmt: skip
    ear = Ear(child, on_progress, deadline=time.monotonic() + _WALL_PER_CPU * cpu_s)
    try:
        with progress.child_process(child):
            ear.send(request)  # type: ignore[arg-type]
            return Reader(child, ear, name=source.name, out=out, cpu_s=cpu_s).answer()
    finally:
        child.kill()
        child.wait()
        ear.close()


def _check(path: Path, made: ConvertedRaster) -> None:
    """Whether the file is the COG that the account tells of. Raises BadAnswer, BadTiff, OSError."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise BadAnswer("the result is no file")
    pages = read_tiff(path).pages
    first = pages[0]
    if (first.width, first.height, first.bands) != (made.width, made.height, len(made.bands)):
        raise BadAnswer("the result has another size than was told")
    if any(page.names_another_file or page.tile != (512, 512) for page in pages):
        raise BadAnswer("the result is not laid out as a COG of ours")
