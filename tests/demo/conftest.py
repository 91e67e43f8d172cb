"""The demo hromada is built once for all its tests: it takes seconds, and it is always the same."""

from pathlib import Path

import pytest

from importers.demo.tables import Table
from importers.demo.town import Town, build
from importers.demo.writer import DemoFile, tables_of, write_tables


@pytest.fixture(scope="session")
def town() -> Town:
    return build()


@pytest.fixture(scope="session")
def tables(town: Town) -> dict[str, Table]:
    return {table.layer: table for table in tables_of(town)}


@pytest.fixture(scope="session")
def files(tables: dict[str, Table], tmp_path_factory: pytest.TempPathFactory) -> dict[str, DemoFile]:
    written = write_tables(list(tables.values()), tmp_path_factory.mktemp("demo"))
    return {file.slug: file for file in written}


@pytest.fixture(scope="session")
def demo_folder(files: dict[str, DemoFile]) -> Path:
    return next(iter(files.values())).path.parent
