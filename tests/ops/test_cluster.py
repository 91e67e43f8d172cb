"""The private cluster: reachable by its socket only, by its user only, and alive again after any crash."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import dj_database_url
import psycopg2
import pytest
from psycopg2 import extensions

import processes

from .conftest import Checkout

MakeCheckout = Callable[..., Checkout]


def connect(url: str) -> extensions.connection:
    parsed = dj_database_url.parse(url)
    return psycopg2.connect(host=parsed["HOST"], user=parsed["USER"], dbname=parsed["NAME"])


@pytest.fixture
def somebody_on_port_5432() -> Iterator[None]:
    """A PostgreSQL that already runs on this machine; a plain listener where there is none."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", 5432))
        except OSError:
            yield  # a real one is there
            return
        listener.listen()
        yield


def processes_of(checkout: Checkout) -> list[int]:
    return processes.working_in(checkout.var / "pg-test")


def listening_tcp_inodes() -> dict[str, str]:
    """Socket inode -> local address of everything that listens on TCP."""
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                found[fields[9]] = fields[1]
    return found


def test_a_new_cluster_has_postgis_in_a_database_owned_by_the_program(checkout: Checkout) -> None:
    checkout.ensure()
    extensions = checkout.sql("SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension")
    assert extensions == "btree_gist pg_trgm plpgsql postgis unaccent"
    assert checkout.sql("SELECT current_user || ' ' || pg_get_userbyid(datdba) FROM pg_database "
                        "WHERE datname = current_database()") == "hromada_owner hromada_owner"  # fmt: skip
    assert checkout.sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "f"
    assert checkout.sql("SHOW server_encoding") == "UTF8"


def test_ensuring_twice_keeps_the_same_server_and_the_data(checkout: Checkout) -> None:
    checkout.ensure()
    checkout.sql("CREATE TABLE kept_1 AS SELECT 1 AS value")
    before = checkout.postmaster()
    checkout.ensure()
    assert checkout.postmaster() == before
    assert checkout.sql("SELECT value FROM kept_1") == "1"


def test_a_stopped_cluster_starts_again_with_its_data(checkout: Checkout) -> None:
    checkout.ensure()
    checkout.sql("CREATE TABLE kept AS SELECT 1 AS value")
    assert checkout.cluster("stop").returncode == 0
    assert checkout.cluster("status").returncode == 3
    assert not processes_of(checkout)
    checkout.ensure()
    assert checkout.sql("SELECT value FROM kept") == "1"


def test_the_server_listens_on_a_socket_in_a_private_directory_and_on_no_port(
    checkout: Checkout, somebody_on_port_5432: None
) -> None:
    checkout.ensure()
    assert checkout.sql("SHOW listen_addresses") == ""
    links = [os.readlink(entry) for entry in Path(f"/proc/{checkout.postmaster()}/fd").iterdir()]
    inodes = {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:[")}
    assert inodes
    assert not inodes & listening_tcp_inodes().keys()
    sockets = checkout.var / "pg-test-socket"
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert (checkout.var / "pg-test").stat().st_mode & 0o777 == 0o700


def test_no_process_of_the_cluster_runs_as_root(checkout: Checkout) -> None:
    checkout.ensure()
    owner = os.stat(f"/proc/{checkout.postmaster()}").st_uid  # the others are its children
    assert owner != 0
    assert (checkout.var / "pg-test" / "PG_VERSION").stat().st_uid == owner


def test_the_public_role_has_no_right_but_to_connect_and_is_held_to_short_reads(checkout: Checkout) -> None:
    checkout.ensure()
    checkout.sql("CREATE TABLE secret AS SELECT 1 AS value")
    public = checkout.cluster("url", "--public").stdout.strip()
    with connect(public) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('statement_timeout'), current_setting('jit'), "
                       "current_setting('max_parallel_workers_per_gather'), "
                       "current_setting('default_transaction_read_only')")  # fmt: skip
        assert cursor.fetchone() == ("public_read", "5s", "off", "0", "on")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT value FROM secret")


def test_the_test_role_can_make_a_database_that_has_the_extensions(checkout: Checkout) -> None:
    checkout.ensure()
    checkout.sql("CREATE DATABASE another")
    with (
        connect(checkout.url().removesuffix("hromada") + "another") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ST_AsText(ST_Point(30, 50))")
        assert cursor.fetchone() == ("POINT(30 50)",)


def test_the_cluster_that_keeps_data_is_durable_and_its_owner_makes_no_databases(checkout: Checkout) -> None:
    checkout.ensure("run")
    settings = [
        checkout.sql(f"SHOW {name}", "run") for name in ("fsync", "synchronous_commit", "data_checksums")
    ]
    assert settings == ["on", "on", "on"]
    assert checkout.sql("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user", "run") == "f"


def test_after_everything_is_killed_the_next_start_recovers_what_was_committed(checkout: Checkout) -> None:
    checkout.ensure("run")
    checkout.sql("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS value", "run")
    data = checkout.var / "pg"
    for pid in processes.working_in(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert (data / "postmaster.pid").exists()
    checkout.ensure("run")
    assert checkout.sql("SELECT count(*) FROM kept", "run") == "1000"


def test_a_session_that_outlives_its_killed_server_is_ended_before_the_next_start(checkout: Checkout) -> None:
    checkout.ensure()
    busy = connect(checkout.url())
    with busy.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        row = cursor.fetchone()
        assert row is not None
        backend = row[0]
        os.kill(backend, signal.SIGSTOP)  # as one deep in a computation, it does not notice the death
        os.kill(checkout.postmaster(), signal.SIGKILL)
    assert processes.start_time(backend) is not None
    checkout.ensure()
    assert processes.start_time(backend) is None
    assert checkout.sql("SELECT 1") == "1"


def test_a_lock_file_whose_number_belongs_to_another_program_now_does_not_prevent_the_start(
    checkout: Checkout,
) -> None:
    checkout.ensure()
    lock = checkout.var / "pg-test" / "postmaster.pid"
    content = lock.read_text()
    checkout.cluster("stop")
    other = checkout_of_another_server(checkout)
    try:
        lock.write_text(content.replace(content.split("\n")[0], str(other.postmaster()), 1))
        checkout.ensure()
        assert checkout.sql("SELECT 1") == "1"
        assert other.sql("SELECT 1") == "1"
    finally:
        other.remove()


def checkout_of_another_server(checkout: Checkout) -> Checkout:
    other = Checkout(checkout.var.with_name("other"), state=checkout.var.with_name("state"))
    other.var.mkdir(exist_ok=True)
    other.var.chmod(0o755)
    other.ensure()
    return other


def test_a_checkout_in_a_path_too_long_for_a_socket_still_gets_its_cluster(
    make_checkout: MakeCheckout,
) -> None:
    checkout = make_checkout("/".join(["громада-з-довгою-назвою"] * 4 + ["var"]))
    checkout.ensure()
    assert checkout.sql("SELECT 1") == "1"
    parsed = dj_database_url.parse(checkout.url())
    directory = Path(str(parsed["HOST"]))
    assert not directory.is_relative_to(checkout.var)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_socket_directory_that_somebody_else_made_is_refused(make_checkout: MakeCheckout) -> None:
    checkout = make_checkout("/".join(["a" * 30] * 4 + ["var"]))
    directory = Path(str(dj_database_url.parse(checkout.url())["HOST"]))
    directory.symlink_to(checkout.var)
    try:
        done = checkout.cluster("ensure")
    finally:
        directory.unlink()
    assert done.returncode == 1
    assert f"{directory} belongs to somebody else" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give its rights up for another user")
def test_below_a_directory_closed_to_others_the_data_are_kept_elsewhere_and_it_is_said(
    make_checkout: MakeCheckout,
) -> None:
    checkout = make_checkout("closed", mode=0o700)
    done = checkout.cluster("ensure")
    assert done.returncode == 0, done.stderr
    assert "the data are kept in" in done.stdout
    assert not (checkout.var / "pg-test").exists()
    checkout.sql("CREATE TABLE kept AS SELECT 1 AS value")
    checkout.var.chmod(0o755)  # opened later: still the same data
    assert checkout.sql("SELECT value FROM kept") == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give its rights up for another user")
def test_a_moved_checkout_finds_its_data_and_a_copied_one_gets_its_own(make_checkout: MakeCheckout) -> None:
    checkout = make_checkout("first/var", mode=0o700)
    checkout.ensure()
    place = (checkout.var / "pg-test.place").read_text().split("\n")[0]
    state = Path(checkout.environment["HROMADA_STATE"])
    copy = Checkout(checkout.var.parent.with_name("copy") / "var", state)
    shutil.copytree(checkout.var.parent, copy.var.parent)
    assert place not in copy.cluster("status").stdout
    moved = Checkout(checkout.var.parent.with_name("moved") / "var", state)
    checkout.var.parent.rename(moved.var.parent)
    assert place in moved.cluster("status").stdout
    moved.remove()


def test_two_starts_at_once_make_one_server(checkout: Checkout) -> None:
    checkout.cluster("stop")
    starts = [subprocess.Popen(checkout.command("ensure"), env=checkout.environment) for _ in range(3)]
    assert [start.wait(60) for start in starts] == [0, 0, 0]
    assert checkout.sql("SELECT 1") == "1"


def test_without_postgis_on_the_machine_the_message_says_what_to_run(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cluster
    from console import Failure

    monkeypatch.setattr(cluster, "_installed_binaries", dict)
    with pytest.raises(Failure, match="make setup"):
        cluster.choose_binaries(checkout.var / "none")


def test_data_of_another_version_name_the_package_to_install(checkout: Checkout) -> None:
    import cluster
    from console import Failure

    data = checkout.var / "old"
    data.mkdir()
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(Failure, match="apt-get install postgresql-14-postgis-3"):
        cluster.choose_binaries(data)
