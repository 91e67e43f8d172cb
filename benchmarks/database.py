"""A database of its own for the measurements, and what has to be in it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
NAME = "hromada_bench"


@contextmanager
def own_database() -> Iterator[None]:
    """Makes hromada_bench beside the program's database and points the environment at it."""
    from gis_core import settings as _environment  # noqa: F401  (reads what the set-up wrote)

    url = os.environ["DATABASE_URL"]
    public = os.environ["PUBLIC_DATABASE_URL"]
    _drop(url)
    _statement(url, f"CREATE DATABASE {NAME}")
    os.environ["DATABASE_URL"], os.environ["PUBLIC_DATABASE_URL"] = _renamed(url), _renamed(public)
    try:
        yield
    finally:
        from django.db import connections

        connections.close_all()
        _drop(url)
        os.environ["DATABASE_URL"], os.environ["PUBLIC_DATABASE_URL"] = url, public


def _drop(url: str) -> None:
    """Autovacuum belongs to the superuser, so it cannot be driven out; it goes away by itself."""
    for _ in range(600):
        try:
            return _statement(url, f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ObjectInUse):
            time.sleep(1)
    raise RuntimeError(f"database {NAME} is in use")


def _renamed(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{NAME}"))


def connect(url: str = "") -> Any:
    """A connection of psycopg2 for a database URL, by default the one in force."""
    import dj_database_url

    parts = dj_database_url.parse(url or os.environ["DATABASE_URL"])
    given = {"dbname": parts["NAME"], "user": parts["USER"], "password": parts["PASSWORD"],
             "host": parts["HOST"], "port": parts["PORT"]}  # fmt: skip
    connection = psycopg2.connect(**{key: value for key, value in given.items() if value})
    connection.autocommit = True
    return connection


def ogr_name() -> str:
    """The database in force as GDAL names it."""
    given = connect().get_dsn_parameters()
    return "PG:" + " ".join(
        f"{key}={given[key]}" for key in ("dbname", "user", "host", "port") if given.get(key)
    )


def _statement(url: str, statement: str) -> None:
    connection = connect(url)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def server_pids() -> list[int]:
    """The server's first process, to whose account its children's time goes when they end, and those alive."""
    with connect().cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    postmaster = int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


def migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def make_community() -> str:
    """A community in whose area the generated parcels lie; its short name."""
    from gis_core.communities import AdminUnit, Community

    unit = AdminUnit.objects.create(
        katottg="UA99999999999999999", level=3, category="H", name_uk="Вимірювання"
    )
    Community.objects.create(slug="bench", admin_unit=unit, name_uk="Вимірювання", local_srid=6384)
    return "bench"


def load_demo_parcels(folder: Path) -> str:
    """The demo community's parcels as a public layer; its full name."""
    from importers import demo

    file = next(item for item in demo.write_demo(folder / "demo") if item.slug == "parcels")
    return import_layer(file.path, "demo_parcels")


def import_layer(file: Path, slug: str) -> str:
    """Import a file as on the command line, into a new public layer; its full name."""
    subprocess.run(import_command(file, slug), check=True, cwd=ROOT, capture_output=True)
    return f"bench.{slug}"


def import_command(file: Path, slug: str, *options: str) -> list[str]:
    given = ["--community", "bench", "--layer", slug, "--access", "public", "--json", "-v0", *options]
    return [sys.executable, "manage.py", "import_data", str(file), *given]


def drop_table(name: str) -> None:
    _statement("", f"DROP TABLE IF EXISTS {name}")
