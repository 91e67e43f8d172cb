"""`make run` as its user meets it: port, one at a time, a key of its own."""

import fcntl
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import run
from console import Failure

from .conftest import SCRIPTS, clean_environment


def test_a_taken_port_is_passed_over_and_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        port = run.free_port(wanted)
    assert port > wanted
    assert str(wanted) in capsys.readouterr().out


def test_a_second_run_names_the_first_and_how_to_stop_it(tmp_path: Path) -> None:
    with (tmp_path / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711\nhttp://localhost:8000/\n")
        lock.flush()
        second = subprocess.run(
            [sys.executable, SCRIPTS / "run.py"], env=clean_environment(HROMADA_VAR=str(tmp_path)),
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert second.returncode == 1
    assert "4711, http://localhost:8000/" in second.stderr
    assert "make stop" in second.stderr


def test_the_secret_key_is_made_once_and_readable_by_its_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SECRET_KEY_FILE", tmp_path / "secret_key")
    first = run.secret_key()
    assert len(first) >= 50
    assert run.secret_key() == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_environment_s_secret_key_and_database_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "from-outside")
    monkeypatch.setenv("DATABASE_URL", "postgis://u@server/db")
    monkeypatch.delenv("PUBLIC_DATABASE_URL", raising=False)
    environment = run.child_environment()
    assert environment["SECRET_KEY"] == "from-outside"
    assert environment["DATABASE_URL"] == "postgis://u@server/db"


def test_a_failing_step_is_reported_in_the_language_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "uk_UA.UTF-8")
    assert str(Failure("Stop it", "Зупиніть")) == "Зупиніть"
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert str(Failure("Stop it", "Зупиніть")) == "Stop it"
