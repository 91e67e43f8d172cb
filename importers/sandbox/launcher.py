"""Starts the process that opens a user's file, listens to it, and ends it: the trusted side of the sandbox.

Nothing here opens a user's file with GDAL, pyogrio or shapely. One child serves all files of one driver.
"""

import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import pyarrow as pa

from gis_core import limits
from gis_core.jobs import progress
from importers.errors import (
    DiskFull,
    EmptyLayer,
    LayerNotInFile,
    NothingLeft,
    OutOfMemory,
    OverLimit,
    ReaderStopped,
    SandboxUnavailable,
    SeveralLayers,
    TimedOut,
)
from importers.readers.source import Dataset, Source, lay_out
from importers.sandbox.ear import Ear, Progress
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

CHILD = ("-m", "importers.sandbox.child")
ROOT = Path(__file__).resolve().parents[2]
_MEMORY_WORDS = ("bad_alloc", "memoryerror", "out of memory", "cannot allocate", "memory allocation of")
_WALL_PER_CPU = 3
_PIPE_BYTES = 1024 * 1024
_PASSED_ON = (
    "max_fields", "max_import_features", "max_vertices", "max_parts", "max_rings", "max_text_length",
    "max_issues", "repair_s", "sandbox_memory_mb", "sandbox_output_mb",
)  # fmt: skip


class Asked(TypedDict, total=False):
    """The caller's wishes, as the request carries them; what is left out is open.

    `layer` may be left out where only one has rows; `crs` (EPSG code) and `encoding` where the file declares them.
    `swap_xy` says whether X and Y stand exchanged (None: find out), `local_srid` the community's own CRS, `area`
    (WKB in hex, EPSG:4326) where its data should lie: the CRS is checked against it, and rows with nothing in it
    are counted and reported, not left out. `geometry_type` Point, LineString or Polygon leaves out rows of another
    kind; "Table" takes a table without geometry. `fields` None takes all. Values of `key_field` (a field's key or
    name) become external keys, each once.
    """

    encoding: str
    crs: str
    swap_xy: bool | None
    local_srid: int | None
    area: str
    layer: str
    fields: Sequence[FieldMapping] | None
    key_field: str
    geometry_type: str


def inspect_file(
    path: Path, *, name: str = "", work: Path | str | None = None, **asked: Unpack[Asked]
) -> FileInspection:
    """Say what a file holds and decide nothing: layers, fields, first rows, CRS and encoding or the question.

    `path` is a zip, a single file with its parts beside it, or a folder; `name` what its sender calls it.
    `work` is a folder of the caller's, in which the unpacked files stay for `convert_file`; without it
    nothing stays. Raises ImportProblem.
    """
    if work is None:
        with tempfile.TemporaryDirectory(prefix="inspect-") as folder:
            return inspect_file(path, name=name, work=folder, **asked)
    source = lay_out(path, work=Path(work), name=name)
    layers, empty = _inspected(source, Path(work), asked)
    if not layers:
        raise EmptyLayer(layer=", ".join(empty[:5]) or source.name)
    return FileInspection(
        name=source.name, format=source.datasets[0].format.name, layers=tuple(layers),
        empty_layers=tuple(empty), ignored=tuple(source.ignored),
    )  # fmt: skip


def convert_file(
    path: Path, *, work: Path | str, name: str = "", on_progress: Progress | None = None, **asked: Unpack[Asked]
) -> Conversion:  # fmt: skip
    """Bring one layer of a file to checked, repaired rows in WGS 84, written to files below `work`.

    `on_progress(rows, of)` is called after each batch and may raise to stop. Raises ImportProblem
    (EncodingUnknown, CrsUnknown and SeveralLayers carry the options); then no file is left behind.
    """
    with converting(
        path, asked, work=Path(work), name=name, on_progress=on_progress, streamed=False
    ) as reader:
        return reader.conversion()


@contextmanager
def converting(
    path: Path, asked: Asked, *, work: Path, name: str = "", on_progress: Progress | None = None,
    streamed: bool = True,
) -> Iterator["Reader"]:  # fmt: skip
    """As `convert_file`, but the rows come from `Reader.batches` while the file is still being read.

    The reading process ends with the block. Ask for `Reader.conversion` when the batches are through; its
    `rows_file` does not exist.
    """
    source = lay_out(path, work=work, name=name)
    datasets = _of_the_layer(source, work, asked)
    out = _fresh(work / "out")
    try:
        with _reader("convert", source, datasets, out, asked, on_progress, streamed=streamed) as reader:
            yield reader
    except NothingLeft:
        raise  # the issues that tell why stay
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise


# --- what to open ---


def _inspected(source: Source, work: Path, asked: Asked) -> tuple[list[LayerInspection], list[str]]:
    """Layers with rows, and the names of empty ones, of all drivers' files."""
    layers: list[LayerInspection] = []
    empty: list[str] = []
    for datasets in _by_driver(source.datasets):
        out = _fresh(work / "look")
        with _reader("inspect", source, datasets, out, asked) as reader:
            answer = reader.answer()
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


def _of_the_layer(source: Source, work: Path, asked: Asked) -> list[Dataset]:
    """The files among which the wanted layer is: all, unless they need different drivers."""
    groups = _by_driver(source.datasets)
    if len(groups) == 1:
        return groups[0]
    found: list[tuple[str, list[Dataset]]] = []
    for datasets in groups:
        layers, _ = _inspected(replace(source, datasets=datasets), work, {**asked, "layer": ""})
        found += [(layer.name, datasets) for layer in layers]
    choices = ", ".join(name for name, _ in found)
    wanted = asked.get("layer", "")
    if wanted:
        found = [item for item in found if item[0] == wanted]
        if not found:
            raise LayerNotInFile(name=source.name, layer=wanted, choices=choices)
    if not found:
        raise EmptyLayer(layer=source.name)
    if len(found) > 1 and not wanted:
        raise SeveralLayers(name=source.name, choices=choices)
    return found[0][1]


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


# --- the child ---


class Reader:
    """A child at work on the datasets of one source. Made by `_reader`, which also ends it."""

    def __init__(
        self, child: "subprocess.Popen[bytes]", ear: Ear, *, name: str, out: Path, cpu_s: int
    ) -> None:
        self._child, self._ear = child, ear
        self._name, self._out, self._cpu_s = name, out, cpu_s

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows (`handover.SCHEMA`) as the child finds them; it waits while nobody takes them.

        Raises the child's own ImportProblem where it ends before its rows do, OverLimit where they are more
        bytes than a reader may write, ReaderStopped, Cancelled.
        """
        most, read = limits.value("sandbox_output_mb"), 0
        for batch in self._ear.batches():
            progress.check_cancelled()
            read += batch.nbytes
            if read > most * 1024 * 1024:
                raise _too_much(self._name, most)
            yield batch
        if not self._ear.rows_ended:
            self.answer()  # tells why
            raise ReaderStopped(name=self._name)

    def answer(self) -> Any:
        """What the child says at its end. Raises what it found wrong, or what its end tells."""
        ear = self._ear
        ear.listen()
        self._child.kill()
        self._child.wait()
        if ear.heard:
            level = logging.INFO if ear.answer is not None else logging.WARNING
            log.log(level, "sandbox on %s: %s", self._name, ear.heard)
        if ear.answer is not None:
            return ear.answer
        progress.check_cancelled()
        raise ear.problem or _how_it_ended(self._child.returncode, ear, self._name, self._cpu_s)

    def conversion(self) -> Conversion:
        """The account of a conversion, when the child has ended. Raises as `answer` does."""
        files = {"rows_file": self._out / "rows.hrw", "issues_file": self._out / "issues.jsonl"}
        try:
            return conversion_from_json(self.answer(), **files)
        except BadAnswer as error:
            log.error("answer of the sandbox refused: %s", error)
            raise ReaderStopped(name=self._name) from error


@contextmanager
def _reader(
    action: str, source: Source, datasets: list[Dataset], out: Path, asked: Asked,
    on_progress: Progress | None = None, *, streamed: bool = False,
) -> Iterator[Reader]:  # fmt: skip
    """Start a child for the datasets; it is dead when the block is left, whatever it was doing."""
    cpu_s = limits.value("sandbox_inspect_cpu_s" if action == "inspect" else "sandbox_cpu_s")
    rows, rows_of_child = _wide_pipe() if streamed else (-1, -1)
    request = _request(action, datasets, out, asked, cpu_s, rows_of_child)
    try:
        child = subprocess.Popen(
            [sys.executable, "-s", "-B", *CHILD],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=[rows_of_child] if streamed else [],
            cwd=ROOT, start_new_session=True, env=child_environment(datasets[0].format.driver, scratch=out),
        )  # fmt: skip
    except BaseException:
        if streamed:
            os.close(rows)
        raise
    finally:
        if streamed:
            os.close(rows_of_child)
    deadline = time.monotonic() + _WALL_PER_CPU * cpu_s
    ear = Ear(child, on_progress or (lambda done, of: None), deadline=deadline, rows=rows)
    try:
        with progress.child_process(child):
            ear.send(request)
            yield Reader(child, ear, name=source.name, out=out, cpu_s=cpu_s)
    except ReaderStopped as error:
        if error.params.get("name"):
            raise
        raise ReaderStopped(name=source.name) from error  # whoever listens knows no names
    finally:
        child.kill()
        child.wait()
        ear.close()


def _wide_pipe() -> tuple[int, int]:
    """A pipe that takes in as much as the kernel lets it before the writer has to wait: reader, writer."""
    reader, writer = os.pipe()
    with suppress(OSError):  # then it stays at 64 KB
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reader, writer


def _request(action: str, datasets: list[Dataset], out: Path, asked: Asked, cpu_s: int, rows: int) -> Request:
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
        parent=os.getpid(), rows=rows, limits={name: limits.value(name) for name in _PASSED_ON}, **asked,
    )  # fmt: skip


def _how_it_ended(code: int, ear: Ear, name: str, cpu_s: int) -> Exception:
    """A child that said nothing at the end: its exit code tells which limit it met."""
    log.warning("sandbox on %s ended with %s", name, code)
    if ear.late or code == -signal.SIGXCPU:
        return TimedOut(name=name, seconds=cpu_s)
    if "No space left on device" in ear.heard:
        return DiskFull(name=name)
    if code == -signal.SIGXFSZ or "File too large" in ear.heard:
        return _too_much(name, limits.value("sandbox_output_mb"))
    heard = ear.heard.lower()
    if any(word in heard for word in _MEMORY_WORDS):
        return OutOfMemory(name=name, megabytes=limits.value("sandbox_memory_mb"))
    if "ModuleNotFoundError" in ear.heard or "ImportError" in ear.heard:
        return SandboxUnavailable()
    return ReaderStopped(name=name)


def _too_much(name: str, most_mb: int) -> OverLimit:
    return OverLimit(name=name, limit="sandbox_output_mb", found=f"> {most_mb} MB", allowed=f"{most_mb} MB")
