"""Rasters in a folder of the test."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gis_core.communities import Community
from layers.models import Raster
from layers.rastertiles import reader
from layers.tiles import bodies
from tests.layers.rasters.making import make_raster


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    bodies.memory.clear()
    yield
    reader.stop_all()


@pytest.fixture
def raster(community: Community, tmp_path: Path) -> Callable[..., Raster]:
    """`raster(values, slug="dem", epsg=9832, …)`: a raster of the community at Ladyzhyn."""
    return partial(make_raster, community, tmp_path)
