"""Private clusters and supervised programs in directories of their own, removed afterwards."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))  # they run without the packages, by the system's python3 if need be


def clean_environment(**extra: str) -> dict[str, str]:
    """The caller's environment without another installation's database, key and address."""
    others = ("DATABASE_URL", "PUBLIC_DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "PORT", "HOST")
    inherited = {key: value for key, value in os.environ.items() if key not in others}
    return inherited | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | extra


class Checkout:
    """A var/ directory with its own clusters, driven through the command line as a person would."""

    def __init__(self, var: Path, state: Path) -> None:
        self.var = var
        self.environment = clean_environment(HROMADA_VAR=str(var), HROMADA_STATE=str(state))

    def cluster(self, *arguments: str, profile: str = "test") -> subprocess.CompletedProcess[str]:
        command = self.command(*arguments, profile=profile)
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    @staticmethod
    def command(action: str, *options: str, profile: str = "test") -> list[str]:
        return [sys.executable, str(SCRIPTS / "cluster.py"), action, "--profile", profile, *options]

    def ensure(self, profile: str = "test") -> None:
        done = self.cluster("ensure", profile=profile)
        assert done.returncode == 0, done.stderr

    def sql(self, query: str, profile: str = "test") -> str:
        done = self.cluster("psql", "--", "-XAtc", query, profile=profile)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def url(self, profile: str = "test") -> str:
        return self.cluster("url", profile=profile).stdout.strip()

    def postmaster(self, profile: str = "test") -> int:
        """Process of the running server, as `status` names it."""
        said = self.cluster("status", profile=profile).stdout
        return int(said.split("process ")[1].split(",")[0])

    def remove(self) -> None:
        for profile in ("test", "run"):
            self.cluster("remove", profile=profile)


@pytest.fixture(scope="module")
def make_checkout() -> Iterator[Callable[..., Checkout]]:
    """`make_checkout("deep/path")`: a checkout below a directory anyone may enter (pytest's own are 0700).

    One module shares what it makes: a new cluster costs seconds.
    """
    base = Path(tempfile.mkdtemp(prefix="hg-"))
    base.chmod(0o755)
    made: list[Checkout] = []

    def make(below: str = "var", *, mode: int = 0o755) -> Checkout:
        var = base / below
        var.mkdir(parents=True)
        var.chmod(mode)
        made.append(Checkout(var, state=base / "state"))
        return made[-1]

    yield make
    for checkout in made:
        checkout.remove()
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="module")
def checkout(make_checkout: Callable[..., Checkout]) -> Checkout:
    return make_checkout()
