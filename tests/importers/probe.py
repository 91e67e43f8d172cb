"""A bare reader in a process with chosen controls: what a hostile file could do if one of them were missing.

The product never leaves a control out; the tests do, to show that each is needed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gis_core.sandbox.lockdown import CONTROLS
from importers.sandbox.environment import child_environment
from importers.sandbox.launcher import ROOT

_START = """
import json, os, sys
import importers.sandbox.child, pyogrio
from pathlib import Path
from gis_core.sandbox import lockdown

given = json.load(sys.stdin)
allowance = lockdown.Allowance(
    read=(Path(given["folder"]),), write=(Path(given["out"]),), memory_mb=2048, cpu_s=60, output_mb=10
)
lockdown.apply(allowance, controls=set(given["controls"]))
"""
_READ = """
rows = []
for layer, _ in pyogrio.list_layers(given["path"]):
    try:
        rows += pyogrio.read_arrow(given["path"], layer=layer)[1].to_pylist()
    except Exception as error:
        rows.append(repr(error))
print(rows)
"""
_TRY = """
try:
    result = eval(given["expression"])
except BaseException as error:
    result = type(error).__name__
print(result)
"""


def read_with(path: Path, out: Path, *, controls: Collection[str] = CONTROLS, driver: str | None = "") -> str:
    """All rows of the file as text, read with these controls; `driver` "" leaves all of GDAL's drivers on."""
    return _run(_START + _READ, path.parent, out, controls, driver, path=str(path))


def try_with(expression: str, folder: Path, out: Path, *, controls: Collection[str] = CONTROLS) -> str:
    """The value of a Python expression in the process, or the name of what it raised."""
    return _run(_START + _TRY, folder, out, controls, "", expression=expression)


def _run(
    script: str, folder: Path, out: Path, controls: Collection[str], driver: str | None, **given: Any
) -> str:
    environment = child_environment(driver or None, scratch=out)
    if driver == "":
        del environment["OGR_SKIP"]
    out.mkdir(exist_ok=True)
    asked = {"folder": str(folder), "out": str(out), "controls": sorted(controls), **given}
    done = subprocess.run(
        [sys.executable, "-s", "-B", "-c", script], input=json.dumps(asked), env=environment, cwd=ROOT,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def is_root() -> bool:
    return os.geteuid() == 0
