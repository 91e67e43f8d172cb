"""Who imports, and files in a folder of the test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gis_core.people import User


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")  # the disk of the machine is not the subject
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def planner(user_with_role: Callable[..., User]) -> User:
    return user_with_role("editor", email="planner@example.org")
