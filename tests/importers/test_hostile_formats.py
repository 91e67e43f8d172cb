"""Hostile tables, exchange files and drawings end as those of `test_hostile_files` do."""

from pathlib import Path

import pytest

from tests.importers.corpus import Hostile
from tests.importers.hostile_formats import HOSTILE_FORMATS
from tests.importers.test_hostile_files import (
    test_a_hostile_file_is_refused_clearly_and_shows_nothing as refuse,
)


@pytest.mark.parametrize("item", HOSTILE_FORMATS, ids=lambda item: item.name)
def test_a_hostile_file_of_the_newer_formats_is_refused_clearly(item: Hostile, tmp_path: Path) -> None:
    refuse(item, tmp_path)
