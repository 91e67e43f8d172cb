"""The process that opens a user's file: imports, gives up its rights, then reads. Started by `launcher` only.

    python -m importers.sandbox.child < request.json

Progress and the answer go to stdout as JSON lines; what GDAL says goes to stderr, for the log.
"""

import importlib.abc
import json
import os
import resource
import sys
import traceback
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any


class _NotHere(importlib.abc.MetaPathFinder):
    """pyogrio and pyarrow load pandas wherever they find it, which costs more time than all the rest."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in ("pandas", "geopandas"):
            raise ModuleNotFoundError(name)


def _speak_no_language() -> None:
    """Only codes leave this process; Django, which would put them into words, takes long to load."""
    silent = ModuleType("django.utils.translation")
    vars(silent).update(gettext_lazy=str, gettext=str)
    for name in ("django", "django.utils"):
        sys.modules[name] = ModuleType(name)
    sys.modules[silent.__name__] = silent


sys.meta_path.insert(0, _NotHere())
if "django" not in sys.modules:  # as it is where a test imports this module
    _speak_no_language()

import pyogrio  # noqa: E402

from gis_core.sandbox import lockdown  # noqa: E402
from importers.errors import ImportProblem, OutOfMemory, SandboxUnavailable  # noqa: E402
from importers.sandbox.protocol import Request  # noqa: E402
from importers.sandbox.work import convert, inspect  # noqa: E402


def main(*, controls: Collection[str] = lockdown.CONTROLS) -> None:
    """Read a request from stdin, answer it, end. `controls` is for tests of single controls."""
    request = Request.from_json(json.load(sys.stdin))
    lockdown.die_with_parent(request.parent)
    try:
        _only_driver(request)
        _warm_up()
        _lock_down(request, controls)
        say("answer", (inspect if request.action == "inspect" else convert)(request, say))
    except ImportProblem as problem:
        if problem.__cause__ is not None:
            traceback.print_exception(problem.__cause__)
        say("problem", {"code": problem.code, "params": problem.params})
    except MemoryError:
        params = {"name": request.datasets[0].name, "megabytes": request.limits["sandbox_memory_mb"]}
        say("problem", {"code": OutOfMemory.code, "params": params})
    except lockdown.LockdownFailed as error:
        print(f"lockdown failed: {error}", file=sys.stderr)  # noqa: T201
        say("problem", {"code": SandboxUnavailable.code, "params": {}})


def say(event: str, body: Any) -> None:
    """One line to the launcher."""
    sys.stdout.write(json.dumps({event: body}, ensure_ascii=True, allow_nan=False) + "\n")
    sys.stdout.flush()


def _only_driver(request: Request) -> None:
    """GDAL must hold the driver asked for and none that it gained since we listed them."""
    wanted = {dataset.driver for dataset in request.datasets} - {None}
    held = set(pyogrio.list_drivers())
    if held != wanted:
        raise lockdown.LockdownFailed(
            f"GDAL holds the drivers {sorted(held)}, not {sorted(map(str, wanted))}"
        )


def _warm_up() -> None:
    """Load what Python and PROJ load on first use, while files can still be opened anywhere."""
    from importers.detect.crs import given, operation

    operation(given("EPSG:6384"), layer="")


def _lock_down(request: Request, controls: Collection[str]) -> None:
    out = Path(request.out)
    allowance = lockdown.Allowance(
        read=(Path(request.read),), write=(out,), cpu_s=request.cpu_s,
        memory_mb=request.limits["sandbox_memory_mb"],
        output_mb=request.limits["sandbox_output_mb"],
    )  # fmt: skip
    os.chdir(out)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lockdown.apply(allowance, controls=controls)


if __name__ == "__main__":
    main()
