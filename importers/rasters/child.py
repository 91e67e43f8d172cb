"""The process that opens a raster: imports, gives up its rights, then reads. Started by `launcher` only.

    python -m importers.rasters.child < request.json

As `importers.sandbox.child`, with rasterio's GDAL instead of pyogrio's: two in one process would be two of
everything, and slow both.
"""

import json
import os
import resource
import sys
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import Any

import rasterio

from gis_core.sandbox import lockdown
from importers.errors import ImportProblem, OutOfMemory, SandboxUnavailable
from importers.rasters.environment import WRITING
from importers.rasters.protocol import RasterRequest
from importers.rasters.work import convert


def main(*, controls: Collection[str] = lockdown.CONTROLS) -> None:
    """Read a request from stdin, answer it, end. `controls` is for tests of single controls."""
    request = RasterRequest(**json.load(sys.stdin))
    lockdown.die_with_parent(request.parent)
    try:
        with rasterio.Env():
            _only_drivers(request)
            _warm_up()
            _lock_down(request, controls)
            say("answer", convert(request, say))
    except ImportProblem as problem:
        if problem.__cause__ is not None:
            traceback.print_exception(problem.__cause__)
        say("problem", {"code": problem.code, "params": problem.params})
    except MemoryError:
        params = {"name": request.name, "megabytes": request.limits["sandbox_memory_mb"]}
        say("problem", {"code": OutOfMemory.code, "params": params})
    except lockdown.LockdownFailed as error:
        print(f"lockdown failed: {error}", file=sys.stderr)  # noqa: T201
        say("problem", {"code": SandboxUnavailable.code, "params": {}})


def say(event: str, body: Any) -> None:
    """One line to the launcher."""
    sys.stdout.write(json.dumps({event: body}, ensure_ascii=True, allow_nan=False) + "\n")
    sys.stdout.flush()


def _only_drivers(request: RasterRequest) -> None:
    """GDAL must hold the file's driver, those we write with, and none that it gained since we listed them."""
    with rasterio.Env() as env:
        held = set(env.drivers())
    if held != WRITING | {request.driver}:
        raise lockdown.LockdownFailed(f"GDAL holds the drivers {sorted(held)} for {request.driver}")


def _warm_up() -> None:
    """Load what Python and PROJ load on first use, while files can still be opened anywhere."""
    from importers.detect.crs import given, operation

    operation(given("EPSG:6384"), layer="")
    rasterio.crs.CRS.from_epsg(9832)


def _lock_down(request: RasterRequest, controls: Collection[str]) -> None:
    out = Path(request.out)
    allowance = lockdown.Allowance(
        read=(Path(request.read),), write=(out,), cpu_s=request.cpu_s,
        memory_mb=request.limits["sandbox_memory_mb"], output_mb=request.limits["sandbox_output_mb"],
    )  # fmt: skip
    os.chdir(out)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lockdown.apply(allowance, controls=controls)


if __name__ == "__main__":
    main()
