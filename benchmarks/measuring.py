"""How speeds are measured: interleaved rounds, the median of per-round ratios, CPU beside wall time.

The machine may be shared, so a single time means little; the ratio of two things done in turn within
one round means the same on a busy machine and an idle one.
"""

import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Figure:
    """One measured value. `goal` is an upper bound unless `at_least`; None where there is no goal yet."""

    name: str
    value: float
    unit: str
    goal: float | None
    how: str
    at_least: bool = False

    @property
    def ok(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(frozen=True)
class Spent:
    """Wall and processor seconds of one piece of work, and the memory of the processes it started: resident
    at once at its highest, and of the largest of them, MB. What processes share counts for each of them."""

    wall_s: float
    cpu_s: float
    resident_mb: float
    largest_mb: float


def spent(work: Callable[[], object], pids: Callable[[], Sequence[int]] = lambda: ()) -> Spent:
    """Run `work`; count its wall time and the processor time of this process, its children and `pids`."""
    before_others = cpu_of(pids())
    before, started = os.times(), time.perf_counter()
    with _watched_memory() as memory:
        work()
    wall_s, after = time.perf_counter() - started, os.times()
    own = sum(after[:4]) - sum(before[:4])
    cpu_s = own + max(0.0, cpu_of(pids()) - before_others)
    return Spent(wall_s, cpu_s, memory.resident_mb, memory.largest_mb)


def cpu_of(pids: Sequence[int]) -> float:
    """Processor seconds that the processes have used so far, with those of their children that have ended;
    processes that are gone count nothing."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / CLOCK_TICKS


@dataclass
class _Memory:
    resident_mb: float = 0.0
    largest_mb: float = 0.0

    def look(self) -> None:
        """Note what the processes below this one hold now."""
        held = [_resident_mb(pid) for pid in _below(os.getpid())]
        self.resident_mb = max(self.resident_mb, sum(held))
        self.largest_mb = max([self.largest_mb, *held])


@contextmanager
def _watched_memory() -> Iterator[_Memory]:
    memory, ended = _Memory(), threading.Event()

    def watch() -> None:
        while not ended.wait(_LOOK_EVERY_S):
            memory.look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        ended.set()
        watcher.join()


def _below(pid: int) -> list[int]:
    """All processes that a process has started, and those that they have."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_below(child)]
    return found


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES / 2**20
    except OSError:
        return 0.0


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Median of the per-round ratios ours / theirs."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def write_report(figures: Sequence[Figure], path: Path) -> None:
    """Print the table and write it as JSON: name, value, goal, ok, how."""
    width = max((len(figure.name) for figure in figures), default=0)
    for figure in figures:
        bound = "" if figure.goal is None else f"{'>=' if figure.at_least else '<='} {figure.goal:g}"
        mark = {True: "ok", False: "MISSED", None: ""}[figure.ok]
        print(
            f"{figure.name:<{width}}  {figure.value:>10.3f} {figure.unit:<7} {bound:<9} {mark:<7} {figure.how}"
        )
    load = os.getloadavg()
    print(f"load average {load[0]:.2f} {load[1]:.2f} {load[2]:.2f}")
    document = {"load_average": load, "figures": [{**asdict(figure), "ok": figure.ok} for figure in figures]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
