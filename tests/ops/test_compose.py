"""docker-compose.yml: what it asks for, what it opens, and that a Compose client accepts it."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg2
import pytest
import yaml

from .conftest import ROOT, Checkout, clean_environment

COMPOSE_FILE = ROOT / "docker-compose.yml"
SECRETS = ("POSTGRES_PASSWORD", "DB_OWNER_PASSWORD", "DB_PUBLIC_PASSWORD", "SECRET_KEY")
FILLED_IN = dict.fromkeys(SECRETS, "only-for-this-test") | {"ALLOWED_HOSTS": "gis.example.org"}


def services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(COMPOSE_FILE.read_text())["services"])


def compose_client() -> list[str]:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            asked = subprocess.run([*command, "version"], capture_output=True, check=False)
            if asked.returncode == 0:
                return command
    pytest.skip("no Docker Compose client on this machine: the file is only read, not checked by Compose")


def compose_config(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*compose_client(), "--file", COMPOSE_FILE, "--env-file", os.devnull, "config", "--quiet"],
        env=clean_environment(**environment), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_compose_accepts_the_file_once_the_secrets_are_set() -> None:
    done = compose_config(**FILLED_IN)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", [*SECRETS, "ALLOWED_HOSTS"])
def test_compose_refuses_to_start_without_a_secret_and_names_it(missing: str) -> None:
    done = compose_config(**{name: value for name, value in FILLED_IN.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_has_a_default_and_the_example_names_it_empty(name: str) -> None:
    uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", COMPOSE_FILE.read_text())
    assert uses
    assert all(use.startswith(":?") for use in uses)
    assert f"\n{name}=\n" in (ROOT / "docker" / "env.example").read_text()


def test_only_the_proxy_can_be_reached_and_only_it_has_a_way_out() -> None:
    opened = {name for name, service in services().items() if service.get("ports")}
    outside = {name for name, service in services().items() if service["networks"] != ["inside"]}
    assert opened == outside == {"proxy"}
    assert yaml.safe_load(COMPOSE_FILE.read_text())["networks"]["inside"] == {"internal": True}


def test_everything_but_the_database_runs_read_only_and_without_capabilities() -> None:
    for name, service in services().items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if name != "db":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name


def test_the_image_runs_as_a_user_of_its_own_and_installs_only_pinned_packages() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    final = dockerfile.rpartition("\nFROM ")[2]
    assert re.search(r"^USER hromada$", final, re.MULTILINE)
    assert dockerfile.count("pip install") == dockerfile.count("--require-hashes") == 2


def test_the_containers_database_has_the_same_roles_as_the_private_cluster(checkout: Checkout) -> None:
    checkout.ensure("run")
    query = (
        "SELECT string_agg(concat_ws(' ', rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, "
        "rolbypassrls, rolconfig), E'\\n' ORDER BY rolname) FROM pg_roles "
        "WHERE rolname IN ('hromada_owner', 'public_read')"
    )
    private = checkout.sql(query, "run")
    extensions = "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension"
    private_extensions = checkout.sql(extensions, "run")
    socket = str(dj_database_url.parse(checkout.url("run"))["HOST"])
    _start_anew(socket)
    made = subprocess.run(
        ["/bin/sh", ROOT / "docker" / "roles.sh"], capture_output=True, text=True, check=False, timeout=60,
        env=clean_environment(
            PATH=f"{_psql_directory()}:{os.environ['PATH']}", PGHOST=socket, POSTGRES_USER="postgres",
            DB_OWNER_PASSWORD="it's", DB_PUBLIC_PASSWORD='a "quoted" one',
        ),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert checkout.sql(query, "run") == private
    assert checkout.sql(extensions, "run") == private_extensions


def _psql_directory() -> Path:
    from cluster import choose_binaries

    return choose_binaries(Path("/nonexistent")).directory


def _start_anew(socket: str) -> None:
    connection = psycopg2.connect(host=socket, user="postgres", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE hromada")
        cursor.execute("DROP ROLE hromada_owner")
        cursor.execute("DROP ROLE public_read")
    connection.close()
