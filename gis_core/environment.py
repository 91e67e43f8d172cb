"""What the set-up left under var/ for programs that are started without it in their environment.

`make run` gives web and worker their connection; a person who types `manage.py import_data ...` has none,
and must reach the same private cluster, never a PostgreSQL that happens to run on the machine.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

# With one given DATABASE_URL the public alias is the same login, held to the public role.
_AS_PUBLIC = (
    "-c role=public_read -c default_transaction_read_only=on -c statement_timeout=5s "
    "-c jit=off -c max_parallel_workers_per_gather=0"
)


def load_environment(var_dir: Path, *, profile: str) -> None:
    """Fills in DATABASE_URL, PUBLIC_DATABASE_URL and SECRET_KEY where they are not set.

    `profile` is "run" or "test", as in scripts/cluster.py, which writes `var/<profile>.env`.
    """
    if "DATABASE_URL" not in os.environ:
        for name, value in _pairs(var_dir / f"{profile}.env"):
            os.environ.setdefault(name, value)
    elif "PUBLIC_DATABASE_URL" not in os.environ:
        url = os.environ["DATABASE_URL"]
        separator = "&" if "?" in url else "?"
        os.environ["PUBLIC_DATABASE_URL"] = f"{url}{separator}options={quote(_AS_PUBLIC)}"
    secret_file = var_dir / "secret_key"
    if "SECRET_KEY" not in os.environ and secret_file.exists():
        os.environ["SECRET_KEY"] = secret_file.read_text().strip()


def session_options(database: Mapping[str, Any], usual: str) -> dict[str, Any]:
    """OPTIONS of a database: what its URL says (sslmode, the role to be held to), with `usual` settings of
    each session before the URL's own, which win."""
    given = database.get("OPTIONS", {})
    return {**given, "options": f"{usual} {given.get('options', '')}".strip()}


def _pairs(env_file: Path) -> list[tuple[str, str]]:
    if not env_file.exists():
        return []
    lines = (line.partition("=") for line in env_file.read_text().splitlines() if "=" in line)
    return [(name, value) for name, _, value in lines]
