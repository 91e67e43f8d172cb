"""OGC API - Tiles: what it says of a layer, and that its tiles are those of /tiles/."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gis_core.people import User
from layers.models import Layer
from tests.conftest import FIELDS, point, square
from tests.layers.tiling import get_tile, tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
TILES = "/api/collections/demo.parcels/tiles"
QUAD = f"{TILES}/WebMercatorQuad"
FEATURES = [(square(30 + n / 2000, 50.0, 0.0004), {"name": f"Дім № {n}"}) for n in range(20)]
Z, X, Y = TILE = tile_at(30.005, 50.0002, 14)


@pytest.fixture
def anonymous() -> Client:
    return Client(headers={"accept-language": "en"})


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_a_tile_is_the_same_bytes_under_both_addresses(
    make_layer: MakeLayer, anonymous: Client, encoding: str
) -> None:
    layer = make_layer(features=FEATURES)
    ours = get_tile(anonymous, layer, TILE, accept_encoding=encoding)
    theirs = anonymous.get(f"{QUAD}/{Z}/{Y}/{X}", headers={"accept-encoding": encoding})
    assert (theirs.status_code, theirs.content) == (200, ours.content)
    assert ours.content
    for name in ("ETag", "Cache-Control", "Vary", "Content-Type", "Hromada-Features"):
        assert theirs[name] == ours[name]
    assert theirs["Cache-Control"].startswith("public")
    assert theirs["Vary"] == "Accept-Encoding"
    again = anonymous.get(f"{QUAD}/{Z}/{Y}/{X}", headers={"if-none-match": ours["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_tile_that_one_address_made_is_kept_for_the_other(make_layer: MakeLayer, anonymous: Client) -> None:
    get_tile(anonymous, make_layer(features=FEATURES), TILE)
    with CaptureQueriesContext(connections["public"]) as features:
        assert anonymous.get(f"{QUAD}/{Z}/{Y}/{X}").status_code == 200
    assert len(features) == 0


@pytest.mark.parametrize(
    ("address", "parameter"),
    [("x/0/0", "tileMatrix"), ("30/0/0", "tileMatrix"), ("3/8/0", "tileRow"), ("3/0/-1", "tileCol")],
)
def test_a_nonsense_number_is_named_as_the_standard_calls_it(
    make_layer: MakeLayer, anonymous: Client, address: str, parameter: str
) -> None:
    make_layer(features=FEATURES)
    response = anonymous.get(f"{QUAD}/{address}")
    assert (response.status_code, response.json()["parameter"]) == (400, parameter)


def test_the_tileset_tells_where_tiles_are_and_which_are_not_empty(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(
        features=FEATURES, geometry_type="Polygon", min_zoom=11, key_field="cad_num",
        fields=[*FIELDS, {"key": "owner", "access": "staff"}],
    )  # fmt: skip
    document = anonymous.get(QUAD).json()
    assert document["dataType"] == "vector"
    assert document["tileMatrixSetURI"].endswith("/WebMercatorQuad")
    assert document["crs"].endswith("/3857")
    assert document["layers"][0]["id"] == layer.full_name
    assert document["layers"][0]["geometryDimension"] == 2
    assert list(document["layers"][0]["propertiesSchema"]["properties"]) == ["cad_num"]
    limits = {int(item["tileMatrix"]): item for item in document["tileMatrixSetLimits"]}
    assert list(limits) == list(range(11, 17))
    assert (limits[14]["minTileCol"], limits[14]["maxTileCol"]) == (tile_at(30, 50, 14)[1], X)
    (item,) = [found for found in document["links"] if found["rel"] == "item"]
    assert item["templated"] is True
    address = item["href"].format(tileMatrix=Z, tileRow=Y, tileCol=X)
    assert anonymous.get(address.removeprefix("http://testserver")).status_code == 200


def test_no_tile_outside_of_the_limits_holds_anything(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer("dots", features=[(point(30, 50), {}), (point(30.3, 50.2), {})], geometry_type="Point")
    quad = "/api/collections/demo.dots/tiles/WebMercatorQuad"
    for item in anonymous.get(quad).json()["tileMatrixSetLimits"][8:12]:
        z = int(item["tileMatrix"])
        rows = range(item["minTileRow"] - 1, item["maxTileRow"] + 2)
        cols = range(item["minTileCol"] - 1, item["maxTileCol"] + 2)
        filled = [
            (r, c) for r in rows for c in cols if anonymous.get(f"{quad}/{z}/{r}/{c}").status_code == 200
        ]
        assert filled
        assert all(r in rows[1:-1] and c in cols[1:-1] for r, c in filled)


def test_every_link_of_the_documents_leads_somewhere(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=FEATURES)
    seen = 0
    for address in ("/api/tileMatrixSets", TILES, QUAD, "/api/collections/demo.parcels"):
        document = anonymous.get(address).json()
        nested = [entry for key in ("tilesets", "tileMatrixSets") for entry in document.get(key, [])]
        for link in (link for part in (document, *nested) for link in part.get("links", [])):
            if not link.get("templated"):
                found = anonymous.get(link["href"].removeprefix("http://testserver"))
                assert found.status_code == 200, link
                seen += 1
    assert seen > 10


def test_the_scheme_is_that_of_the_standard(anonymous: Client, community: Any) -> None:
    matrices = anonymous.get("/api/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"]
    # OGC 17-083r4, annex D.1.
    assert matrices[0]["scaleDenominator"] == pytest.approx(559082264.028717, rel=1e-12)
    assert matrices[14]["cellSize"] == pytest.approx(9.55462853563415, rel=1e-11)
    assert matrices[0]["pointOfOrigin"] == pytest.approx([-20037508.3427892, 20037508.3427892])
    assert [item["matrixWidth"] for item in matrices[:3]] == [1, 2, 4]


def test_a_hidden_layer_has_no_tilesets_just_as_a_missing_one(
    make_layer: MakeLayer, anonymous: Client, user_with_role: Callable[..., User], client_of: Any
) -> None:
    make_layer(features=FEATURES, access_level="staff")
    for address in (TILES, QUAD, f"{QUAD}/{Z}/{Y}/{X}"):
        hidden, missing = anonymous.get(address), anonymous.get(address.replace("parcels", "missing"))
        assert hidden.status_code == missing.status_code == 404
        assert hidden.content.replace(b"parcels", b"missing") == missing.content
        member = client_of(user_with_role("viewer", email=f"{len(address)}@example.org")).get(address)
        assert member.status_code == 200
        assert member["Cache-Control"].startswith("private")


def test_gdal_reads_the_tiles_as_ogc_api_tiles(make_layer: MakeLayer, live_server: Any) -> None:
    make_layer(features=FEATURES, geometry_type="Polygon")
    source = f"OGCAPI:{live_server.url}{TILES.removesuffix('/tiles')}"
    read = "import sys, pyogrio; known = pyogrio.raw.read(sys.argv[1], API='TILES');print(len(known[2]) > 0)"
    # The GDAL of the program itself, in a process of its own; that of Debian 12 does not know the scheme.
    found = subprocess.run(
        [sys.executable, "-c", read, source], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout == "True\n"


def test_gdal_reads_a_tile(make_layer: MakeLayer, live_server: Any) -> None:
    layer = make_layer(features=FEATURES, geometry_type="Polygon")
    found = gdal(f"MVT:{live_server.url}/tiles/{layer.full_name}/{Z}/{X}/{Y}.mvt", "demo.parcels")
    assert "Feature Count: 20" in found


def gdal(*arguments: str) -> str:
    """What ogrinfo says; in a process of its own, because it would not let this one's server answer."""
    command = ["ogrinfo", "-ro", "-al", "-so", *arguments]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout
