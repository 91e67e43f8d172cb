#!/usr/bin/env python3
"""What `make run` does after the set-up: database, migrations, demo community, then web and worker together.

Ctrl-C (or SIGTERM) stops all of it and the private cluster, and exits with 0.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import processes
from cluster import ROOT, VAR, Cluster, connection
from console import Failure, pick, report, say, step
from supervisor import MARK, Service, Supervisor, end_orphans, write_line

STEPS = 7
READY_WITHIN_S = 120
LOGINS = VAR / "demo-logins.txt"
SECRET_KEY_FILE = VAR / "secret_key"


def main() -> int:
    (VAR / "static").mkdir(parents=True, exist_ok=True)
    mark = str(VAR.resolve())
    with only_one_at_a_time() as note_address:
        orphans = end_orphans(mark)
        if orphans:
            say(f"      ended {len(orphans)} processes that an earlier run left behind",
                f"      завершено процеси попереднього запуску: {len(orphans)}")  # fmt: skip
        with database():
            environment = child_environment()
            prepare(environment)
            port = free_port(int(os.environ.get("PORT") or 8000))
            note_address(address(port))
            supervisor = Supervisor(services(port), mark=mark, environment=environment)
            supervisor.run(meanwhile=lambda: announce(port, supervisor))
            say("Stopping ...", "Зупиняємо ...")
    say("Stopped.", "Зупинено.")
    return 0


@contextlib.contextmanager
def only_one_at_a_time() -> Iterator[Callable[[str], None]]:
    """Holds var/run.lock, whose content is for people: process and address of the running program."""
    with (VAR / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            who = lock.read().strip().replace("\n", ", ")
            raise Failure(
                f"It is running already ({who}). Stop it there with Ctrl-C, or with: make stop",
                f"Програма вже працює ({who}). Зупиніть її там через Ctrl-C або командою: make stop",
            ) from None

        def note(text: str) -> None:
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n{text}\n")
            lock.flush()

        note("")
        try:
            yield note
        finally:
            lock.truncate(0)


@contextlib.contextmanager
def database() -> Iterator[None]:
    if os.environ.get("DATABASE_URL"):
        step(6, STEPS, "Database: the server in DATABASE_URL", "База даних: сервер із DATABASE_URL")
        yield
        return
    step(6, STEPS, "Database: private PostGIS cluster", "База даних: власний кластер PostGIS")
    cluster = Cluster("run")
    cluster.ensure()
    try:
        yield
    finally:
        cluster.stop()


def child_environment() -> dict[str, str]:
    return os.environ | connection("run") | {"SECRET_KEY": os.environ.get("SECRET_KEY") or secret_key()}


def secret_key() -> str:
    """The key of this installation, made at its first start and readable by its user only."""
    if not SECRET_KEY_FILE.exists():
        descriptor = os.open(SECRET_KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50) + "\n")
    return SECRET_KEY_FILE.read_text().strip()


def prepare(environment: dict[str, str]) -> None:
    with_demo = os.environ.get("DEMO", "yes") != "no"
    if with_demo:
        step(7, STEPS, "Tables and the demo community", "Таблиці та демонстраційна громада")
    else:
        step(7, STEPS, "Tables", "Таблиці")
    manage(environment, "migrate", "--no-input", "--verbosity=0")
    if with_demo:
        manage(environment, "load_demo", "--if-empty")


def manage(environment: dict[str, str], *arguments: str) -> None:
    """Runs a command of manage.py, its output indented under the step."""
    with subprocess.Popen(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            print(f"      {line.rstrip()}", flush=True)
    if process.returncode != 0:
        command = " ".join(arguments)
        raise Failure(
            f"manage.py {command} failed; the reason stands above. The data are as they were before it.",
            f"manage.py {command} не виконано; причина вище. Дані залишилися такими, як були.",
        )


def free_port(wanted: int) -> int:
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host(), port))
            except OSError:
                continue
        if port != wanted:
            say(f"      port {wanted} is taken, using {port}", f"      порт {wanted} зайнятий, беремо {port}")
        return port
    raise Failure(
        f"No free port from {wanted} to {wanted + 49}. Choose another one: PORT=9000 make run",
        f"Немає вільного порту від {wanted} до {wanted + 49}. Вкажіть інший: PORT=9000 make run",
    )


def host() -> str:
    return os.environ.get("HOST") or "127.0.0.1"


def address(port: int) -> str:
    return f"http://{'localhost' if host() in ('127.0.0.1', '0.0.0.0') else host()}:{port}/"  # noqa: S104


def services(port: int) -> list[Service]:
    """Threads beside the worker processes: one slow upload must not hold up a core; queries free the GIL."""
    granian = str(Path(sys.executable).with_name("granian"))
    web = [
        granian, "--interface=wsgi", f"--host={host()}", f"--port={port}",
        f"--workers={os.environ.get('WEB_WORKERS') or os.cpu_count() or 1}", "--blocking-threads=4",
        "--blocking-threads-idle-timeout=600", "--respawn-failed-workers", "--workers-kill-timeout=10",
        "--no-ws", "--log-level=warning", "gis_core.wsgi:application",
    ]  # fmt: skip
    return [Service("web", web), Service("worker", [sys.executable, "manage.py", "run_worker"])]


def answers(port: int) -> bool:
    try:
        reachable = "127.0.0.1" if host() == "0.0.0.0" else host()  # noqa: S104
        connected = http.client.HTTPConnection(reachable, port, timeout=10)
        connected.request("GET", "/")
        return connected.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False


def announce(port: int, supervisor: Supervisor) -> None:
    """Says where the program is, once it answers there."""
    end = time.monotonic() + READY_WITHIN_S
    while not answers(port):
        if supervisor.stopping.wait(0.3):
            return
        if time.monotonic() > end:
            english = f"No answer at {address(port)} after {READY_WITHIN_S} s; the reason should stand above."
            ukrainian = f"За {READY_WITHIN_S} с немає відповіді на {address(port)}; причина має бути вище."
            write_line(pick(english, ukrainian))
            return
    lines = ["", pick(f"Hromada GIS: {address(port)}", f"ГІС громади: {address(port)}")]
    if LOGINS.exists():
        lines += [pick(f"Demo logins ({LOGINS}):", f"Демонстраційні входи ({LOGINS}):")]
        lines += [f"    {line}" for line in LOGINS.read_text().splitlines()]
    lines += [pick("Ctrl-C stops it.", "Ctrl-C зупиняє програму."), ""]
    write_line("\n".join(lines))


def stop_running() -> int:
    """What `make stop` does: ends a running program from another terminal, and a cluster left on its own."""
    with contextlib.suppress(FileNotFoundError), (VAR / "run.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            processes.end_all([int(lock.readline())], grace_s=60)
    end_orphans(str(VAR.resolve()))
    Cluster("run").stop()
    return 0


def interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.chdir(ROOT)
    os.environ.pop(MARK, None)
    for end_signal in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end_signal, interrupt)
    try:
        sys.exit(stop_running() if sys.argv[1:] == ["--stop"] else main())
    except Failure as failure:
        sys.exit(report(failure))
    except KeyboardInterrupt:  # during the preparation; the private cluster has been stopped on the way out
        sys.exit(0)
