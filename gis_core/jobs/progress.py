"""What a task may say and ask while it runs: how far it is, and whether it should stop.

    progress.report(0.4, ROWS_WRITTEN, rows=1200)
    progress.check_cancelled()
    with progress.child_process(sandbox):  # killed at once when the job is cancelled
        ...

Outside a job all of this does nothing, so the same function serves tests and the command line.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from gis_core.jobs.messages import sentence


class Cancelled(BaseException):
    """The job was cancelled. Not an Exception, so that `except Exception` in a task cannot swallow it."""


class Killable(Protocol):
    """A child process: subprocess.Popen or multiprocessing.Process."""

    def kill(self) -> None: ...


class Reporter(Protocol):
    """Where progress goes. The worker's writes to the job, the command line's to the terminal."""

    def report(self, fraction: float | None, code: str, params: dict[str, Any]) -> None: ...

    def check_cancelled(self) -> None: ...

    def child_started(self, child: Killable) -> None: ...

    def child_ended(self, child: Killable) -> None: ...


class Silent:
    """The reporter where nobody listens."""

    def report(self, fraction: float | None, code: str, params: dict[str, Any]) -> None:
        pass

    def check_cancelled(self) -> None:
        pass

    def child_started(self, child: Killable) -> None:
        pass

    def child_ended(self, child: Killable) -> None:
        pass


class _Observer(Silent):
    def __init__(self, callback: Callable[[float | None, str], None]) -> None:
        self._callback = callback

    def report(self, fraction: float | None, code: str, params: dict[str, Any]) -> None:
        self._callback(fraction, sentence(code, params))


_current: ContextVar[Reporter] = ContextVar("job_reporter", default=Silent())  # noqa: B039  (it has no state)


def report(fraction: float | None = None, message: str = "", **params: Any) -> None:
    """Tell how far the job is: `fraction` 0 to 1 (None: unchanged), `message` a code from
    `messages.define` with its parameters. Cheap: a job writes at most four times a second."""
    _current.get().report(fraction, message, params)


def check_cancelled() -> None:
    """Raises Cancelled when the job should stop. Costs nothing; call it in every loop."""
    _current.get().check_cancelled()


@contextmanager
def child_process(child: Killable) -> Iterator[None]:
    """While the block runs, cancelling the job kills `child`; so does any exception that leaves the block."""
    reporter = _current.get()
    reporter.child_started(child)
    try:
        yield
    except BaseException:
        child.kill()
        raise
    finally:
        reporter.child_ended(child)


@contextmanager
def using(reporter: Reporter) -> Iterator[None]:
    """Progress inside the block goes to `reporter`."""
    token = _current.set(reporter)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def observed(callback: Callable[[float | None, str], None]) -> Iterator[None]:
    """Progress inside the block goes to `callback(fraction, sentence)`; for the command line."""
    with using(_Observer(callback)):
        yield
