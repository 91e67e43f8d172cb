"""How manage.py, typed by hand, finds this installation's database and key."""

import os
from pathlib import Path

import dj_database_url
import psycopg2
import pytest

from gis_core.environment import load_environment

from .conftest import Checkout

NAMES = ("DATABASE_URL", "PUBLIC_DATABASE_URL", "SECRET_KEY")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what the test sets is undone
        monkeypatch.delenv(name)


def test_by_hand_the_private_cluster_and_the_key_of_the_installation_are_used(
    tmp_path: Path,
) -> None:
    (tmp_path / "run.env").write_text("DATABASE_URL=postgis://a@/x\nPUBLIC_DATABASE_URL=postgis://b@/x\n")
    (tmp_path / "secret_key").write_text("made-at-the-first-start\n")
    load_environment(tmp_path, profile="run")
    assert [os.environ[name] for name in NAMES] == [
        "postgis://a@/x",
        "postgis://b@/x",
        "made-at-the-first-start",
    ]


def test_what_the_environment_says_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.env").write_text("DATABASE_URL=postgis://a@/x\nPUBLIC_DATABASE_URL=postgis://b@/x\n")
    (tmp_path / "secret_key").write_text("made-at-the-first-start\n")
    for name in NAMES:
        monkeypatch.setenv(name, "given")
    load_environment(tmp_path, profile="run")
    assert [os.environ[name] for name in NAMES] == ["given"] * 3


def test_one_given_database_url_holds_the_public_alias_to_the_public_role(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkout.ensure()
    checkout.sql("CREATE TABLE closed AS SELECT 1 AS value")
    monkeypatch.setenv("DATABASE_URL", checkout.url())
    load_environment(tmp_path, profile="run")
    parsed = dj_database_url.parse(os.environ["PUBLIC_DATABASE_URL"])
    with (
        psycopg2.connect(
            host=parsed["HOST"], user=parsed["USER"], dbname=parsed["NAME"], **parsed["OPTIONS"]
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT current_user, current_setting('statement_timeout')")
        assert cursor.fetchone() == ("public_read", "5s")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT value FROM closed")
