#!/usr/bin/env python3
"""The private PostgreSQL/PostGIS cluster of this checkout.

It listens on a unix socket only, in a directory that nobody else may enter, and lives under `var/`;
a PostgreSQL that already runs on the machine is neither used nor touched. There are three of them: `run`
keeps the data, `test` trades safety on a power cut for speed, `bench` is as durable as `run` but lets its
owner make databases. PostgreSQL refuses to run as root, so when root starts it, it runs as `postgres`.

    scripts/cluster.py ensure|start|stop|status|url|env|psql|remove [--profile run|test|bench] [-- PSQL OPTIONS]
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import processes
from cluster_settings import postgresql_conf, roles_and_databases
from console import Failure, report, say

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("HROMADA_VAR") or ROOT / "var").absolute()
STATE = Path(os.environ.get("HROMADA_STATE") or "/var/lib/hromada-gis")
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107  # bytes: sun_path is 108 with its closing zero
SUPPORTED = range(15, 18)  # majors of PostgreSQL the migrations are tested on; newer ones only if alone


@dataclass(frozen=True)
class Binaries:
    major: int
    directory: Path

    def __getitem__(self, name: str) -> str:
        return str(self.directory / name)


def _installed_binaries() -> dict[int, Binaries]:
    """Every PostgreSQL on the machine that has PostGIS, by major version."""
    found = {}
    for directory in Path("/usr/lib/postgresql").glob("*/bin"):
        major = directory.parent.name
        has_postgis = Path(f"/usr/share/postgresql/{major}/extension/postgis.control").exists()
        if major.isdigit() and has_postgis and (directory / "initdb").exists():
            found[int(major)] = Binaries(int(major), directory)
    return found


def choose_binaries(data: Path) -> Binaries:
    """The version that made the data directory, or the newest supported one. Raises Failure when absent."""
    installed = _installed_binaries()
    version_file = data / "PG_VERSION"
    if version_file.exists():
        major = int(version_file.read_text())
        if major not in installed:
            raise Failure(
                f"The data in {data} were written by PostgreSQL {major} with PostGIS, which is missing. "
                f"Install it: apt-get install postgresql-{major}-postgis-3",
                f"Дані в {data} записано PostgreSQL {major} з PostGIS, якої не встановлено. "
                f"Встановіть її: apt-get install postgresql-{major}-postgis-3",
            )
        return installed[major]
    usable = [major for major in installed if major in SUPPORTED]
    usable = usable or [major for major in installed if major > SUPPORTED[-1]]
    if not usable:
        raise Failure(
            "PostgreSQL 15 or newer with PostGIS is not installed. Run: make setup",
            "PostgreSQL 15 або новішої з PostGIS не встановлено. Виконайте: make setup",
        )
    return installed[max(usable)]


def _owner_of(path: Path) -> pwd.struct_passwd:
    return pwd.getpwuid(path.stat().st_uid)


def choose_account(data: Path) -> pwd.struct_passwd:
    """Who runs the cluster: never root; whoever owns the data, where there are data."""
    me = pwd.getpwuid(os.geteuid())
    if data.exists():
        owner = _owner_of(data)
        if owner.pw_uid != 0 and me.pw_uid in (0, owner.pw_uid):
            return owner
        if me.pw_uid != 0:
            raise Failure(
                f"{data} belongs to {owner.pw_name}, because the program was first started that way. "
                f"Start it again as root (sudo make run).",
                f"{data} належить {owner.pw_name}, бо програму спершу запущено саме так. "
                f"Запустіть її знову від root (sudo make run).",
            )
    if me.pw_uid != 0:
        return me
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise Failure(
            "There is no system user postgres, so root has nobody to run the database as. Run: make setup",
            "Немає системного користувача postgres, а від root база не запускається. Виконайте: make setup",
        ) from None


def _as_user(account: pwd.struct_passwd) -> dict[str, Any]:
    """Arguments of subprocess.run that give up root for this user; none when there is nothing to give up."""
    if os.geteuid() != 0:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Cluster:
    """One private cluster: where it is, who runs it, and how to start, stop and reach it."""

    def __init__(self, profile: str, var: Path = VAR) -> None:
        self.profile = profile
        self.var = var
        self.name = "pg" if profile == "run" else f"pg-{profile}"
        var.mkdir(parents=True, exist_ok=True)
        self.data = self._place_of_data()
        self.account = choose_account(self.data)
        self.sockets = self._place_of_sockets()

    # -- where it lies

    @property
    def _remembered(self) -> Path:
        """Says where data outside of var/ are, so that a checkout that is moved finds them again."""
        return self.var / f"{self.name}.place"

    @property
    def _key(self) -> str:
        return hashlib.sha256(str(self.var.resolve()).encode()).hexdigest()[:12]

    def _place_of_data(self) -> Path:
        """Under var/, unless root started us where the database's user cannot go (such as /root, 0700)."""
        inside = self.var / self.name
        if inside.exists():
            return inside
        if self._remembered.exists():
            data, _, var = self._remembered.read_text().strip().partition("\n")
            is_a_copy = Path(var) != self.var.resolve() and (Path(var) / self._remembered.name).exists()
            if Path(data).is_dir() and not is_a_copy:
                return Path(data)
        if os.geteuid() != 0 or self._may_enter(choose_account(inside), self.var):
            return inside
        return STATE / self._key / self.name

    @staticmethod
    def _may_enter(account: pwd.struct_passwd, directory: Path) -> bool:
        asked = subprocess.run(["test", "-x", directory], **_as_user(account), cwd="/", check=False)
        return asked.returncode == 0

    def _place_of_sockets(self) -> Path:
        beside = self.data.parent / f"{self.name}-socket"
        if len(os.fsencode(beside / SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
            return beside
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        mine = self.account.pw_uid == os.geteuid()
        base = Path(runtime) if mine and runtime and os.access(runtime, os.W_OK) else Path("/tmp")  # noqa: S108
        return base / f"hromada-gis-{self._key}-{self.name}"

    # -- how it is reached

    def url(self, role: str = "hromada_owner", database: str = "hromada") -> str:
        return f"postgis://{role}@{quote(str(self.sockets), safe='')}/{database}"

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url(), "PUBLIC_DATABASE_URL": self.url("public_read")}

    @property
    def environment_file(self) -> Path:
        """Where `manage.py` run by hand finds the connection (see `gis_core.environment`)."""
        return self.var / f"{self.profile}.env"

    # -- what it does

    def ensure(self) -> bool:
        """Creates what is missing, recovers from a crash, starts. True when it was not running before."""
        with self._alone():
            fresh = not self.data.exists()
            if fresh:
                self._create()
            started = self._start()
            try:
                self._run_sql(roles_and_databases(self.profile))
            except Failure:
                if fresh:
                    self._stop()
                raise
            self._write_environment_file()
        return started

    def start(self) -> bool:
        with self._alone():
            return self._start()

    def stop(self) -> bool:
        """Stops it cleanly, whoever started it. False when it was not running."""
        with self._alone():
            return self._stop()

    def remove(self) -> None:
        """Deletes the cluster with all its data."""
        with self._alone():
            self._stop()
            for directory in (self.data, self.sockets):
                shutil.rmtree(directory, ignore_errors=True)
            if self.data.parent != self.var:
                with contextlib.suppress(OSError):
                    self.data.parent.rmdir()
            for left in (self.environment_file, self._remembered):
                left.unlink(missing_ok=True)

    def postmaster(self) -> int | None:
        """The running server's process, or None. A pid file alone proves nothing after a crash."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if pid in processes.working_in(self.data) else None

    def _create(self) -> None:
        """Made aside and moved into place when complete: an interrupted start leaves no half of one."""
        unfinished = self.data.with_name(f"{self.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._make_private(unfinished)
        if self.data.parent != self.var:
            self._remembered.write_text(f"{self.data}\n{self.var.resolve()}\n")
            say(
                f"      {self.account.pw_name} cannot enter {self.var}: the data are kept in {self.data}",
                f"      {self.account.pw_name} не може зайти в {self.var}: дані зберігаються в {self.data}",
            )
        options = ["--no-sync"] if self.profile == "test" else ["--data-checksums"]
        self._command(
            "initdb", f"--pgdata={unfinished}", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8",
            "--auth-local=trust", "--auth-host=reject", *options,
        )  # fmt: skip
        with (unfinished / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'hromada.conf'\n")
        unfinished.rename(self.data)

    def _start(self) -> bool:
        self._make_private(self.sockets)
        if self.postmaster() is not None:
            return False
        self._clear_after_crash()
        conf = self.data / "hromada.conf"
        conf.write_text(postgresql_conf(self.profile, self.sockets))
        os.chown(conf, self.account.pw_uid, self.account.pw_gid)
        log = self.data / "start.log"
        try:
            self._pg_ctl("start", f"--log={log}", "--timeout=300")
        except Failure as failure:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            failure.details = f"{failure.details}\n{tail}".strip()
            raise
        return True

    def _stop(self) -> bool:
        if self.postmaster() is None:
            return False
        self._pg_ctl("stop", "--mode=fast", "--timeout=120")
        return True

    def _clear_after_crash(self) -> None:
        """Ends server processes that outlived their postmaster, then drops the lock files they left.

        Only in this order: while such a process lives, the lock file is what keeps a second server out.
        """
        leftovers = processes.working_in(self.data)
        if leftovers:
            processes.end_all(leftovers, grace_s=1)
        if processes.working_in(self.data):
            raise Failure(
                f"Processes {leftovers} of an earlier run in {self.data} do not end. Restart the machine.",
                f"Процеси {leftovers} попереднього запуску в {self.data} не завершуються. "
                f"Перезавантажте машину.",
            )
        socket = self.sockets / SOCKET_NAME
        for left in (self.data / "postmaster.pid", socket, socket.with_name(f"{SOCKET_NAME}.lock")):
            left.unlink(missing_ok=True)

    # -- the tools

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands at once (a test run beside a test run) take turns."""
        with (self.var / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_private(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), self.account.pw_uid):
            raise Failure(
                f"{directory} belongs to somebody else. Remove it, or set HROMADA_VAR to another directory.",
                f"{directory} належить комусь іншому. Вилучіть його або вкажіть інший каталог у HROMADA_VAR.",
            )
        directory.chmod(0o700)
        os.chown(directory, self.account.pw_uid, self.account.pw_gid)

    def _pg_ctl(self, action: str, *options: str) -> None:
        self._command("pg_ctl", action, f"--pgdata={self.data}", "--wait", "--silent", *options)

    def _command(self, name: str, *arguments: str, text: str = "") -> None:
        """Runs one of PostgreSQL's programs as the cluster's user, without the caller's PG* variables."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
        environment |= {"LANG": "C.UTF-8", "HOME": self.account.pw_dir}
        done = subprocess.run(
            [choose_binaries(self.data)[name], *arguments],
            input=text, capture_output=True, text=True, cwd="/", env=environment, umask=0o077, check=False,
            **_as_user(self.account),
        )  # fmt: skip
        if done.returncode != 0:
            raise Failure(
                f"PostgreSQL's {name} failed in {self.data}; it says why above. Settle that and try again.",
                f"{name} (PostgreSQL) не вдалося виконати в {self.data}; причина вище. "
                f"Усуньте її та повторіть команду.",
                details=(done.stdout + done.stderr)[-4000:],
            )

    def _run_sql(self, sql: str) -> None:
        self._command(
            "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1", "--username=postgres",
            f"--host={self.sockets}", "--dbname=postgres", "--file=-", text=sql,
        )  # fmt: skip

    def _write_environment_file(self) -> None:
        lines = "".join(f"{name}={value}\n" for name, value in self.environment().items())
        self.environment_file.write_text(lines)


def connection(profile: str) -> dict[str, str]:
    """DATABASE_URL and PUBLIC_DATABASE_URL for the profile: the environment's, or the private cluster's."""
    if os.environ.get("DATABASE_URL"):
        given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "PUBLIC_DATABASE_URL")}
        return {name: value for name, value in given.items() if value}
    return Cluster(profile).environment()


def open_psql(cluster: Cluster, arguments: list[str]) -> None:
    url = cluster.url().replace("postgis://", "postgresql://", 1)
    program = choose_binaries(cluster.data)["psql"]
    os.execv(program, [program, "--dbname", url, *arguments])  # noqa: S606


def status(cluster: Cluster) -> int:
    pid = cluster.postmaster()
    if pid is None:
        say(f"not running ({cluster.data})", f"не працює ({cluster.data})")
        return 3
    say(f"running as {_owner_of(cluster.data).pw_name}, process {pid}, {cluster.data}",
        f"працює від {_owner_of(cluster.data).pw_name}, процес {pid}, {cluster.data}")  # fmt: skip
    return 0


def _split_at_dashes(words: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "command", choices=["ensure", "start", "stop", "status", "url", "env", "psql", "remove"]
    )
    parser.add_argument("--profile", choices=["run", "test", "bench"], default="run")
    parser.add_argument("--public", action="store_true", help="with url: the one for role public_read")
    own, rest = _split_at_dashes(sys.argv[1:])
    arguments = parser.parse_args(own)
    arguments.rest = rest
    return arguments


def main() -> int:
    arguments = _arguments()
    cluster = Cluster(arguments.profile)
    match arguments.command:
        case "ensure":
            cluster.ensure()
        case "start":
            cluster.start()
        case "stop":
            cluster.stop()
        case "status":
            return status(cluster)
        case "remove":
            cluster.remove()
        case "url":
            name = "PUBLIC_DATABASE_URL" if arguments.public else "DATABASE_URL"
            print(connection(arguments.profile)[name])
        case "env":
            for name, value in connection(arguments.profile).items():
                print(f"export {name}={shlex.quote(value)}")
        case "psql":
            open_psql(cluster, arguments.rest)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(report(failure))
