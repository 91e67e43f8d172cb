"""Starts the process that opens a user's file, listens to it, and ends it: the trusted side of the sandbox.

Nothing here opens a user's file with GDAL, pyogrio or shapely. One child serves all files of one driver.
"""

import json
import logging
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from gis_core import limits
from gis_core.jobs import progress
from importers.errors import (
    DiskFull,
    EmptyLayer,
    LayerNotInFile,
    OutOfMemory,
    OverLimit,
    ReaderStopped,
    SandboxUnavailable,
    SeveralLayers,
    TimedOut,
    by_code,
)
from importers.readers.source import Dataset, Source, lay_out
from importers.sandbox.environment import child_environment
from importers.sandbox.protocol import (
    BadAnswer,
    Conversion,
    DatasetRequest,
    FieldMapping,
    FileInspection,
    LayerInspection,
    Request,
    conversion_from_json,
    layer_from_json,
)

log = logging.getLogger("importers.sandbox")

Progress = Callable[[int, int], None]
Bbox = tuple[float, float, float, float]

CHILD = ("-m", "importers.sandbox.child")
ROOT = Path(__file__).resolve().parents[2]
_WALL_PER_CPU, _TIME_TO_END_S = 3, 10
_LONGEST_LINE, _LONGEST_LOG = 16 * 1024 * 1024, 64 * 1024
_PASSED_ON = (
    "max_fields", "max_import_features", "max_vertices", "max_parts", "max_rings", "max_text_length",
    "max_issues", "repair_s", "sandbox_memory_mb", "sandbox_output_mb",
)  # fmt: skip


def inspect_file(
    path: Path, *, name: str = "", work: Path | str | None = None, encoding: str = "", crs: str = "",
    local_srid: int | None = None, area: str = "", swap_xy: bool | None = None,
) -> FileInspection:  # fmt: skip
    """Say what a file holds and decide nothing: layers, fields, first rows, CRS and encoding or the question.

    `path` is a zip, a single file with its parts beside it, or a folder; `name` what its sender calls it.
    `work` is a folder of the caller's, in which the unpacked files stay for `convert_file`; without it
    nothing stays. `local_srid` is the community's own CRS; `area` WKB in hex (EPSG:4326) of where its data
    should lie, against which the CRS is checked; `swap_xy` whether X and Y stand exchanged (None: find out).
    Raises ImportProblem.
    """
    if work is None:
        with tempfile.TemporaryDirectory(prefix="inspect-") as folder:
            return inspect_file(
                path, name=name, work=folder, encoding=encoding, crs=crs, local_srid=local_srid, area=area,
                swap_xy=swap_xy,
            )  # fmt: skip
    source = lay_out(path, work=Path(work), name=name)
    base = _Asked(encoding=encoding, crs=crs, local_srid=local_srid, area=area, swap_xy=swap_xy)
    layers, empty = _inspected(source, Path(work), base)
    if not layers:
        raise EmptyLayer(layer=", ".join(empty[:5]) or source.name)
    return FileInspection(
        name=source.name, format=source.datasets[0].format.name, layers=tuple(layers),
        empty_layers=tuple(empty), ignored=tuple(source.ignored),
    )  # fmt: skip


def convert_file(
    path: Path, *, work: Path | str, name: str = "", layer: str = "", crs: str = "", encoding: str = "",
    geometry_type: str = "", fields: Iterable[FieldMapping] | None = None, key_field: str = "",
    bbox: Bbox | None = None, local_srid: int | None = None, on_progress: Progress | None = None,
    area: str = "", swap_xy: bool | None = None,
) -> Conversion:  # fmt: skip
    """Bring one layer of a file to checked, repaired rows in WGS 84, written to files below `work`.

    `layer` may be left out where only one has rows; `crs` (EPSG code) and `encoding` where the file declares
    them. `geometry_type` Point, LineString or Polygon leaves out rows of another kind; "Table" takes a table
    without geometry. `fields` None takes all. Values of `key_field` (a field's key or name) become external
    keys, each once. Rows wholly outside `bbox` (w, s, e, n) are counted and reported, not left out.
    `on_progress(rows, of)` is called after each batch and may raise to stop. Raises ImportProblem
    (EncodingUnknown, CrsUnknown and SeveralLayers carry the options); then no file is left behind.
    """
    work = Path(work)
    source = lay_out(path, work=work, name=name)
    asked = _Asked(
        encoding=encoding, crs=crs, local_srid=local_srid, layer=layer, key_field=key_field,
        geometry_type=geometry_type, fields=None if fields is None else list(fields),
        bbox=None if bbox is None else list(bbox), area=area, swap_xy=swap_xy,
    )  # fmt: skip
    datasets = _of_the_layer(source, work, asked)
    out = _fresh(work / "out")
    try:
        answer = _run("convert", source, datasets, out, asked, on_progress or (lambda done, of: None))
        return conversion_from_json(answer, rows_file=out / "rows.arrow", issues_file=out / "issues.jsonl")
    except BadAnswer as error:
        shutil.rmtree(out, ignore_errors=True)
        log.error("answer of the sandbox refused: %s", error)
        raise ReaderStopped(name=source.name) from error
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise


# --- what to open ---


@dataclass(frozen=True)
class _Asked:
    """The caller's wishes, as the request carries them."""

    encoding: str = ""
    crs: str = ""
    local_srid: int | None = None
    layer: str = ""
    key_field: str = ""
    geometry_type: str = ""
    fields: list[FieldMapping] | None = None
    bbox: list[float] | None = None
    area: str = ""
    swap_xy: bool | None = None


def _inspected(source: Source, work: Path, asked: _Asked) -> tuple[list[LayerInspection], list[str]]:
    """Layers with rows, and the names of empty ones, of all drivers' files."""
    layers: list[LayerInspection] = []
    empty: list[str] = []
    for datasets in _by_driver(source.datasets):
        out = _fresh(work / "look")
        answer = _run("inspect", source, datasets, out, asked, lambda done, of: None)
        shutil.rmtree(out, ignore_errors=True)
        try:
            layers += [layer_from_json(item) for item in answer["layers"]]
            empty += [str(item) for item in answer["empty"]]
        except (BadAnswer, KeyError, TypeError) as error:
            log.error("answer of the sandbox refused: %s", error)
            raise ReaderStopped(name=source.name) from error
    return layers, empty


def _by_driver(datasets: Iterable[Dataset]) -> list[list[Dataset]]:
    groups: dict[str | None, list[Dataset]] = {}
    for dataset in datasets:
        groups.setdefault(dataset.format.driver, []).append(dataset)
    return list(groups.values())


def _of_the_layer(source: Source, work: Path, asked: _Asked) -> list[Dataset]:
    """The files among which the wanted layer is: all, unless they need different drivers."""
    groups = _by_driver(source.datasets)
    if len(groups) == 1:
        return groups[0]
    found: list[tuple[str, list[Dataset]]] = []
    for datasets in groups:
        layers, _ = _inspected(replace(source, datasets=datasets), work, replace(asked, layer=""))
        found += [(layer.name, datasets) for layer in layers]
    choices = ", ".join(name for name, _ in found)
    if asked.layer:
        found = [item for item in found if item[0] == asked.layer]
        if not found:
            raise LayerNotInFile(name=source.name, layer=asked.layer, choices=choices)
    if not found:
        raise EmptyLayer(layer=source.name)
    if len(found) > 1 and not asked.layer:
        raise SeveralLayers(name=source.name, choices=choices)
    return found[0][1]


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


# --- the child ---


def _run(
    action: str, source: Source, datasets: list[Dataset], out: Path, asked: _Asked, on_progress: Progress
) -> Any:
    """Start a child for the datasets, pass its progress on, return its answer. Raises what it found wrong."""
    cpu_s = limits.value("sandbox_inspect_cpu_s" if action == "inspect" else "sandbox_cpu_s")
    request = _request(action, datasets, out, asked, cpu_s)
    child = subprocess.Popen(
        [sys.executable, "-s", "-B", *CHILD],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=ROOT, start_new_session=True, env=child_environment(datasets[0].format.driver, scratch=out),
    )  # fmt: skip
    ear = _Ear(child, on_progress)
    try:
        with progress.child_process(child):
            ear.send(request)
            ear.listen(time.monotonic() + _WALL_PER_CPU * cpu_s)
    finally:
        child.kill()
        child.wait()
        ear.close()
    if ear.heard:
        level = logging.INFO if ear.answer is not None else logging.WARNING
        log.log(level, "sandbox on %s: %s", source.name, ear.heard)
    if ear.answer is not None:
        return ear.answer
    progress.check_cancelled()
    raise ear.problem or _how_it_ended(child.returncode, ear, source.name, cpu_s)


def _request(action: str, datasets: list[Dataset], out: Path, asked: _Asked, cpu_s: int) -> Request:
    listed = [
        DatasetRequest(
            item.name,
            item.format.name,
            item.format.title,
            item.format.driver,
            str(item.path),
            item.index_rebuilt,
        )
        for item in datasets
    ]
    return Request(
        action=action, datasets=listed, read=str(datasets[0].path.parents[1]), out=str(out), cpu_s=cpu_s,
        parent=os.getpid(), limits={name: limits.value(name) for name in _PASSED_ON},
        encoding=asked.encoding, crs=asked.crs, local_srid=asked.local_srid, layer=asked.layer,
        fields=asked.fields, key_field=asked.key_field, geometry_type=asked.geometry_type, bbox=asked.bbox,
        area=asked.area, swap_xy=asked.swap_xy,
    )  # fmt: skip


def _how_it_ended(code: int, ear: "_Ear", name: str, cpu_s: int) -> Exception:
    """A child that said nothing at the end: its exit code tells which limit it met."""
    log.warning("sandbox on %s ended with %s", name, code)
    if ear.late or code == -signal.SIGXCPU:
        return TimedOut(name=name, seconds=cpu_s)
    if "No space left on device" in ear.heard:
        return DiskFull(name=name)
    if code == -signal.SIGXFSZ or "File too large" in ear.heard:
        most = limits.value("sandbox_output_mb")
        return OverLimit(name=name, limit="sandbox_output_mb", found=f"> {most} MB", allowed=f"{most} MB")
    heard = ear.heard.lower()
    if any(word in heard for word in ("bad_alloc", "memoryerror", "out of memory", "cannot allocate")):
        return OutOfMemory(name=name, megabytes=limits.value("sandbox_memory_mb"))
    if "ModuleNotFoundError" in ear.heard or "ImportError" in ear.heard:
        return SandboxUnavailable()
    return ReaderStopped(name=name)


class _Ear:
    """Hears a child: JSON lines on its stdout, text on its stderr; never more than it can hold."""

    def __init__(self, child: "subprocess.Popen[bytes]", on_progress: Progress) -> None:
        self._child, self._on_progress = child, on_progress
        self._selector = selectors.DefaultSelector()
        self._log = bytearray()
        self._line = bytearray()
        self.answer: Any = None
        self.problem: Exception | None = None
        self.late = False

    @property
    def heard(self) -> str:
        """What the child wrote to stderr; for the log only, it names paths."""
        return self._log.decode("utf-8", "replace").strip()

    def send(self, request: Request) -> None:
        assert self._child.stdin is not None  # noqa: S101 - for the type checker
        with suppress(BrokenPipeError):  # it died at once: its exit code says why
            self._child.stdin.write(json.dumps(request.to_json()).encode())
            self._child.stdin.close()

    def listen(self, deadline: float) -> None:
        """Until the child has ended, or the deadline (seconds of the monotonic clock): `late` is true then."""
        pipes: list[IO[bytes]] = [
            pipe for pipe in (self._child.stdout, self._child.stderr) if pipe is not None
        ]
        for pipe in pipes:
            self._selector.register(pipe, selectors.EVENT_READ)
        while self._selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                self.late = True
                return
            for key, _ in self._selector.select(min(left, 1.0)):
                self._hear(key.fileobj)  # type: ignore[arg-type]
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_TIME_TO_END_S)

    def close(self) -> None:
        self._selector.close()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()

    def _hear(self, pipe: IO[bytes]) -> None:
        piece = os.read(pipe.fileno(), 65_536)
        if not piece:
            self._selector.unregister(pipe)
        elif pipe is self._child.stderr:
            self._log += piece[: max(0, _LONGEST_LOG - len(self._log))]
        else:
            self._line += piece
            if len(self._line) > _LONGEST_LINE:
                self._child.kill()
                raise ReaderStopped(name="")
            *lines, rest = self._line.split(b"\n")
            self._line = bytearray(rest)
            for line in lines:
                self._understand(bytes(line))

    def _understand(self, line: bytes) -> None:
        try:
            [(event, body)] = json.loads(line).items()
        except (ValueError, AttributeError, RecursionError):
            return
        if event == "answer":
            self.answer = body
        elif event == "problem" and isinstance(body, dict) and isinstance(body.get("params"), dict):
            self.problem = by_code(
                str(body.get("code")), {str(key): value for key, value in body["params"].items()}
            )
        elif event == "progress" and isinstance(body, list) and len(body) == 2:
            self._on_progress(int(body[0]), int(body[1]))
