"""Archives of tiles (PMTiles): what they hold, who gets them, and how they are brought to the present."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pmtiles.reader import MemorySource, Reader, all_tiles

from gis_core.jobs.models import Job
from layers.archiving import refresh_archives
from layers.catalogue import update_layer
from layers.models import Layer
from layers.tiles import archives
from tests.conftest import FIELDS, add_features, point, square
from tests.layers.tiling import get_tile

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
ARCHIVE = "/tiles/archive/demo.parcels.pmtiles"


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def parcels_layer(make_layer: MakeLayer) -> Layer:
    features = [(square(30 + n / 300, 50.0, 0.0015), {"name": f"Дім № {n}"}) for n in range(20)]
    return make_layer(features=features, geometry_type="Polygon", max_zoom=14)


def publish(layer: Layer, **how: bool) -> Path:
    layer.refresh_from_db()
    return archives.publish(archives.subject_of_layer(layer), **how)


def tiles_of(body: bytes) -> dict[tuple[int, int, int], bytes]:
    return {zxy: gzip.decompress(tile) for zxy, tile in all_tiles(MemorySource(body))}


def body_of(client: Client, address: str = ARCHIVE, **headers: str) -> bytes:
    response = client.get(address, headers=headers)
    assert response.status_code in (200, 206), response.content
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_every_tile_of_the_archive_is_that_of_the_server_and_none_is_missing(
    parcels_layer: Layer, client: Client
) -> None:
    publish(parcels_layer)
    body = body_of(client)
    header = Reader(MemorySource(body)).header()
    assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (0, 14, True)
    found = tiles_of(body)
    assert len(found) > 20
    for (z, x, y), tile in found.items():
        assert tile == get_tile(client, parcels_layer, (z, x, y)).content
    quad = f"/api/collections/{parcels_layer.full_name}/tiles/WebMercatorQuad"
    for limit in client.get(quad).json()["tileMatrixSetLimits"]:
        for x in range(limit["minTileCol"], limit["maxTileCol"] + 1):
            for y in range(limit["minTileRow"], limit["maxTileRow"] + 1):
                address = int(limit["tileMatrix"]), x, y
                assert found.get(address, b"") == get_tile(client, parcels_layer, address).content


def test_the_same_data_give_the_same_archive(parcels_layer: Layer) -> None:
    first = publish(parcels_layer)
    body = first.read_bytes()
    assert publish(parcels_layer, whole=True).read_bytes() == body
    assert [path.name for path in archives.directory().iterdir()] == [first.name]


def test_after_an_edit_only_touched_tiles_are_made_and_the_archive_is_what_a_whole_one_would_be(
    parcels_layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(parcels_layer)
    before = tiles_of(archives.find(archives.subject_of_layer(parcels_layer)).read_bytes())
    add_features(parcels_layer, [(square(30.01, 50.004, 0.001), {"name": "новий"})])
    made = []
    render = archives._body
    monkeypatch.setattr(archives, "_body", lambda subject, tile: made.append(tile) or render(subject, tile))
    after = publish(parcels_layer).read_bytes()
    assert 0 < len(made) < len(before)
    assert publish(parcels_layer, whole=True).read_bytes() == after
    assert tiles_of(after) != before


def test_where_changes_are_not_known_any_more_all_tiles_are_made(parcels_layer: Layer) -> None:
    publish(parcels_layer)
    add_features(parcels_layer, [(square(30.2, 50.1), {})])
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tiles.change")
    body = publish(parcels_layer).read_bytes()
    assert publish(parcels_layer, whole=True).read_bytes() == body


def test_an_archive_is_read_in_ranges_with_a_strong_etag(parcels_layer: Layer, client: Client) -> None:
    whole = publish(parcels_layer).read_bytes()
    head = client.get(ARCHIVE, headers={"range": "bytes=0-126"})
    assert (head.status_code, head["Content-Range"]) == (206, f"bytes 0-126/{len(whole)}")
    assert b"".join(head.streaming_content) == whole[:127]
    assert head["ETag"].startswith('"')
    assert head["Cache-Control"].startswith("public")
    assert "Content-Encoding" not in head
    assert client.get(ARCHIVE, headers={"if-none-match": head["ETag"]}).status_code == 304


def test_a_part_of_an_archive_holds_the_tiles_of_its_box(parcels_layer: Layer, client: Client) -> None:
    publish(parcels_layer)
    whole, part = tiles_of(body_of(client)), tiles_of(body_of(client, f"{ARCHIVE}?bbox=30,50,30.001,50.001"))
    assert 0 < len(part) < len(whole)
    assert all(whole[zxy] == tile for zxy, tile in part.items())
    assert list(tiles_of(body_of(client, f"{ARCHIVE}?bbox=-100,10,-99,11"))) == [(0, 0, 0)]
    assert client.get(f"{ARCHIVE}?bbox=x").json()["parameter"] == "bbox"


def test_a_layer_that_is_closed_has_no_archive_from_the_commit_on(
    parcels_layer: Layer, client: Client, user_with_role: Any, client_of: Any
) -> None:
    publish(parcels_layer)
    assert client.get(ARCHIVE).status_code == 200
    update_layer(layer=parcels_layer, actor=None, access_level="staff")
    missing = client.get(ARCHIVE.replace("parcels", "missing"))
    assert client.get(ARCHIVE).content == missing.content.replace(b"missing", b"parcels")
    assert client_of(user_with_role("admin")).get(ARCHIVE).json()["code"] == "archive-not-found"


def test_an_archive_with_a_field_that_was_closed_since_is_given_to_nobody(
    parcels_layer: Layer, client: Client
) -> None:
    publish(parcels_layer)
    closed = [{**field, "access": "staff"} if field["key"] == "name" else field for field in FIELDS]
    update_layer(layer=parcels_layer, actor=None, fields=closed)
    assert client.get(ARCHIVE).status_code == 404
    publish(parcels_layer)
    assert client.get(ARCHIVE).status_code == 200


def test_a_map_is_published_with_all_its_public_layers(
    parcels_layer: Layer, make_layer: MakeLayer, client: Client
) -> None:
    make_layer("dots", features=[(point(), {"name": "a"})], geometry_type="Point", max_zoom=12)
    make_layer("secret", features=[(point(), {"name": "таємниця"})], access_level="staff", max_zoom=12)
    call_command("publish_tiles", "demo", "--json")
    body = body_of(client, "/tiles/archive/demo.pmtiles")
    named = [layer["id"] for layer in Reader(MemorySource(body)).metadata()["vector_layers"]]
    assert named == ["demo.parcels", "demo.dots"]
    assert not any(b"secret" in tile for tile in tiles_of(body).values())
    for (z, x, y), tile in tiles_of(body).items():
        assert tile == client.get(f"/tiles/map/demo/{z}/{x}/{y}.mvt").content
    make_layer("later", features=[(point(), {})])
    assert client.get("/tiles/archive/demo.pmtiles").status_code == 404


def test_gdal_reads_the_archive(parcels_layer: Layer) -> None:
    path = publish(parcels_layer)
    read = (
        "import sys, pyogrio\n"
        "if 'PMTiles' not in pyogrio.list_drivers(): sys.exit(77)\n"
        "print(len(pyogrio.raw.read(sys.argv[1], layer='demo.parcels')[2]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", read, path], capture_output=True, text=True, timeout=60, check=False
    )
    if found.returncode == 77:
        pytest.skip("this GDAL is older than 3.8 and has no driver PMTiles")
    assert found.returncode == 0, found.stderr
    assert int(found.stdout) >= 20


def test_upkeep_deletes_what_is_not_public_any_more_and_has_the_rest_brought_to_the_present(
    parcels_layer: Layer, make_layer: MakeLayer
) -> None:
    closed = make_layer("dots", features=[(point(), {})], max_zoom=10)
    path = publish(closed)
    update_layer(layer=closed, actor=None, access_level="staff")
    present = publish(parcels_layer)
    refresh_archives()
    assert not path.exists()
    assert not Job.objects.exists()
    add_features(parcels_layer, [(square(30.01, 50.004, 0.001), {"name": "новий"})])
    refresh_archives()
    assert present.exists()
    (job,) = Job.objects.all()
    assert job.subject == "demo.parcels"
    refresh_archives()
    assert Job.objects.count() == 1
