"""Whoever looks at the map sees an import as soon as it is applied, and no more of it once it was undone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from gis_core.communities import Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User
from layers.models import Feature, Layer
from tests.importers import files
from tests.importers.test_import_api import send
from tests.layers.tiling import get_tile, ids, tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]
GATHERED, DRAWN = (8, 12), 14


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")


def applied(planner: Client, folder: Path, parcels: Any, **fields: Any) -> str:
    """The address of an import of these parcels, applied."""
    folder.mkdir()
    answer = send(planner, files.shapefile(folder, parcels), layer="parcels", apply="true", **fields)
    run_ready_jobs()
    assert planner.get(answer["Location"]).json()["status"] == "applied"
    return str(answer["Location"])


def tiles_of(layer: Layer, **headers: str) -> list[HttpResponse]:
    """The tiles in which the first parcel lies, as somebody unknown gets them."""
    west, south = files.LADYZHYN
    return [
        get_tile(Client(), layer, tile_at(west + 0.0005, south + 0.0005, zoom), **headers)
        for zoom in (*GATHERED, DRAWN)
    ]


def counts(tiles: list[HttpResponse]) -> list[int]:
    """For how many features each tile stands."""
    return [int(tile["Hromada-Features"]) for tile in tiles]


def test_tiles_follow_an_import_and_its_undoing(
    community: Community,
    user_with_role: Callable[..., User],
    client_of: Callable[..., Client],
    tmp_path: Path,
) -> None:
    planner = client_of(user_with_role("admin"))
    applied(planner, tmp_path / "first", files.parcels(3), access_level="public")
    layer = Layer.objects.get()
    first = tiles_of(layer)
    before = set(Feature.objects.values_list("pk", flat=True))
    assert counts(first[:-1]) == [3] * len(GATHERED)
    assert set(ids(first[-1])) == before

    again = applied(planner, tmp_path / "second", files.parcels(5), mode="replace")
    after = set(Feature.objects.values_list("pk", flat=True))
    assert before < after
    new = [tiles_of(layer, if_none_match=old["ETag"])[number] for number, old in enumerate(first)]
    assert [tile.status_code for tile in new] == [200] * len(new)
    assert counts(new[:-1]) == [5] * len(GATHERED)
    assert set(ids(new[-1])) == after

    assert planner.post(f"{again}/revert").status_code == 202
    run_ready_jobs()
    assert set(Feature.objects.values_list("pk", flat=True)) == before
    for old, now in zip(first, tiles_of(layer), strict=True):
        assert (now.content, now["ETag"]) == (old.content, old["ETag"])
