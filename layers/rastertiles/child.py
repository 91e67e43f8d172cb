"""The process that opens rasters for the web: imports, gives up its rights, then answers until it is told to end.

    python -m layers.rastertiles.child FOLDER PARENT MEMORY_MB

A request is a line of JSON on stdin; an answer is a line of JSON on stdout, and as many bytes as its `bytes` says.
"""

import json
import os
import sys
import traceback
from pathlib import Path
from typing import IO, Any

import rasterio

WRITING = frozenset({"GTiff", "MEM", "PNG", "WEBP"})
_ALSO_HELD = frozenset({"Memory"})
ANSWERS = 5_000
"""After so many the process ends and a new one is started: whatever a library keeps is given back."""
_CPU_S = 3_600


def main() -> None:
    folder, parent, memory_mb = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    _skip_drivers()
    # Heavy, so not before the process is sure that it stays.
    from gis_core.sandbox import lockdown
    from layers.rastertiles import drawing, sampling
    from layers.rastertiles.sources import OpenSources

    lockdown.die_with_parent(parent)
    _warm_up(drawing)
    with rasterio.Env():
        lockdown.apply(
            lockdown.Allowance(read=(folder,), write=(), memory_mb=memory_mb, cpu_s=_CPU_S, output_mb=1)
        )
        sources = OpenSources(folder)
        say(sys.stdout.buffer, {"ready": True})
        for _number in range(ANSWERS):
            line = sys.stdin.buffer.readline()
            if not line:
                return
            answer, body = _answered(json.loads(line), sources, drawing, sampling)
            say(sys.stdout.buffer, answer, body)


def _skip_drivers() -> None:
    """GDAL reads the list of what it must not hold when it is loaded: so look at what it holds, and begin anew."""
    with rasterio.Env() as env:
        held = set(env.drivers())
    if held <= WRITING | _ALSO_HELD:
        return
    if "GDAL_SKIP" in os.environ:
        sys.exit(f"GDAL still holds {sorted(held - WRITING)}")
    os.environ["GDAL_SKIP"] = ",".join(sorted(held - WRITING - _ALSO_HELD))
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 -- ourselves, as we were started


def _warm_up(drawing: Any) -> None:
    """Load what Python, PROJ and GDAL load on first use, while files can still be opened anywhere."""
    import numpy as np
    from pyproj import CRS

    from gis_core.geo.crs import operation_between

    operation_between(CRS.from_epsg(6384))
    rasterio.crs.CRS.from_epsg(9832)
    dot = np.zeros((3, 16, 16), np.uint8)
    for form in ("webp", "png"):
        drawing.encode(dot, dot[0] == 0, form)


def _answered(
    asked: dict[str, Any], sources: Any, drawing: Any, sampling: Any
) -> tuple[dict[str, Any], bytes]:
    """What was asked for, or the name of what went wrong; its reason goes to the log of the parent."""
    try:
        source = sources.get(asked["file"], asked["crs"])
        if asked["do"] == "tile":
            canvas = drawing.tile_canvas(*asked["tile"], asked["size"])
            return {}, drawing.draw(source, canvas, asked["style"], asked["form"])
        if asked["do"] == "point":
            return {"values": sampling.at_point(source, *asked["at"])}, b""
        return sampling.along(source, asked["line"], asked["band"], asked["samples"]), b""
    except FileNotFoundError:
        return {"problem": "gone"}, b""
    except Exception:
        return {"problem": "failed", "reason": traceback.format_exc()[-4_000:]}, b""


def say(pipe: IO[bytes], answer: dict[str, Any], body: bytes = b"") -> None:
    pipe.write(json.dumps({**answer, "bytes": len(body)}, allow_nan=False).encode() + b"\n" + body)
    pipe.flush()


if __name__ == "__main__":
    main()
