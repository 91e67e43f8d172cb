"""Hears the process that opens a file: JSON lines, its log, its rows; never more of them than it can hold."""

import json
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Any

import pyarrow as pa

from importers.errors import ReaderStopped, by_code
from importers.sandbox import handover
from importers.sandbox.protocol import Request

Progress = Callable[[int, int], None]

_TIME_TO_END_S = 10
_LONGEST_LINE, _LONGEST_LOG = 16 * 1024 * 1024, 64 * 1024
_PIECE = 65_536


class Ear:
    """Listens to a child until the deadline (seconds of the monotonic clock): `late` is true then.

    `rows` is the reading end of the pipe into which the child writes its rows, if it does; the ear closes it.
    """

    def __init__(
        self, child: "subprocess.Popen[bytes]", on_progress: Progress, *, deadline: float, rows: int = -1
    ) -> None:
        self._child, self._on_progress = child, on_progress
        self._deadline, self._rows = deadline, rows
        self._selector = selectors.DefaultSelector()
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ)
        self._log = bytearray()
        self._line = bytearray()
        self.answer: Any = None
        self.problem: Exception | None = None
        self.late = False
        self.rows_ended = False

    @property
    def heard(self) -> str:
        """What the child wrote to stderr; for the log only, it names paths."""
        return self._log.decode("utf-8", "replace").strip()

    def send(self, request: Request) -> None:
        assert self._child.stdin is not None  # noqa: S101 - for the type checker
        with suppress(BrokenPipeError):  # it died at once: its exit code says why
            self._child.stdin.write(json.dumps(request.to_json()).encode())
            self._child.stdin.close()

    def listen(self) -> None:
        """Until the child has ended, or the deadline."""
        while self._selector.get_map() and not self.late:
            self._wait()
        if not self.late:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(_TIME_TO_END_S)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The child's rows as they come; while nobody asks for them the child waits, once the pipe is full.

        `rows_ended` is true if the child said that they were all; otherwise it died or was late. Raises
        ReaderStopped for what are no rows.
        """
        self._selector.register(self._rows, selectors.EVENT_READ)
        try:
            yield from handover.frames(self._exactly)
            self.rows_ended = True
        except EOFError:
            pass
        finally:
            self._selector.unregister(self._rows)

    def close(self) -> None:
        self._selector.close()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()
        if self._rows >= 0:
            os.close(self._rows)
            self._rows = -1

    def _exactly(self, size: int) -> memoryview:
        """So many bytes of the rows; raises EOFError where the child ends or the deadline passes before."""
        content = memoryview(bytearray(size))
        filled = 0
        while filled < size:
            if self._rows in self._wait():
                read = os.readv(self._rows, [content[filled:]])
                if not read:
                    raise EOFError
                filled += read
            if self.late:
                raise EOFError
        return content

    def _wait(self) -> list[Any]:
        """Hear whatever comes first; gives the pipes that had something."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            self.late = True
            return []
        ready = [key.fileobj for key, _ in self._selector.select(min(left, 1.0))]
        for pipe in ready:
            if pipe is not self._rows and pipe != self._rows:
                self._hear(pipe)  # type: ignore[arg-type]
        return ready

    def _hear(self, pipe: IO[bytes]) -> None:
        piece = os.read(pipe.fileno(), _PIECE)
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
