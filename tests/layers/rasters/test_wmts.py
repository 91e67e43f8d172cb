"""WMTS of rasters: what it tells, to whom, and that GDAL reads it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from django.test import Client

from gis_core.people import User
from layers.models import Raster
from layers.models.catalogue import AccessLevel

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeRaster = Callable[..., Raster]
ADDRESS = "/tiles/wmts/demo.xml"
HEIGHTS = np.linspace(100, 300, 128 * 128, dtype="float32").reshape(1, 128, 128)
NAMES = {"w": "http://www.opengis.net/wmts/1.0", "o": "http://www.opengis.net/ows/1.1"}


@pytest.fixture
def heights(raster: MakeRaster) -> Raster:
    made = raster(HEIGHTS, slug="dem")
    Raster.objects.filter(pk=made.pk).update(access_level=AccessLevel.PUBLIC, title={"uk": "Рельєф <& \x01'"})
    made.refresh_from_db()
    return made


def layers_of(client: Client) -> list[str]:
    response = client.get(ADDRESS)
    assert (response.status_code, response["Content-Type"]) == (200, "application/xml")
    root = ET.fromstring(response.content)  # noqa: S314 -- our own
    return [str(item.text) for item in root.findall(".//w:Layer/o:Identifier", NAMES)]


def test_the_addresses_in_the_capabilities_give_tiles(heights: Raster, client: Client) -> None:
    root = ET.fromstring(client.get(ADDRESS).content)  # noqa: S314 -- our own
    assert root.findtext(".//w:Layer/o:Title", namespaces=NAMES) == "Рельєф <& '"
    limit = root.findall(".//w:TileMatrixLimits", NAMES)[-1]
    known = {child.tag.rpartition("}")[2]: child.text for child in limit}
    for url in root.findall(".//w:ResourceURL", NAMES):
        template = url.attrib["template"].removeprefix("http://testserver")
        places = {
            "TileMatrix": known["TileMatrix"],
            "TileRow": known["MinTileRow"],
            "TileCol": known["MinTileCol"],
        }
        for name, value in places.items():
            template = template.replace(f"{{{name}}}", str(value))
        response = client.get(template)
        assert response.status_code in (200, 204)
        assert response.status_code == 204 or response["Content-Type"] == url.attrib["format"]


def test_a_hidden_raster_is_told_to_its_readers_alone(
    heights: Raster, client: Client, user_with_role: Callable[..., User], client_of: Any
) -> None:
    assert layers_of(client) == ["demo.dem"]
    Raster.objects.update(access_level=AccessLevel.STAFF)
    assert layers_of(client) == []
    assert layers_of(client_of(user_with_role("viewer"))) == ["demo.dem"]
    assert client.get(ADDRESS)["Cache-Control"] == "private, no-store"
    assert client.get("/tiles/wmts/missing.xml").json()["code"] == "community-not-found"


def test_gdal_reads_it_as_wmts(heights: Raster, live_server: Any, tmp_path: Path) -> None:
    source = f"WMTS:{live_server.url}{ADDRESS},layer=demo.dem"
    found = subprocess.run(
        ["gdalinfo", "-checksum", "-oo", "ZOOM_LEVEL=16", source],
        capture_output=True,
        cwd=tmp_path,  # where it keeps what it was sent
        text=True,
        timeout=40,
        check=False,
    )
    if "not recognized" in found.stderr:
        pytest.skip("this GDAL has no driver WMTS")
    assert found.returncode == 0, found.stderr
    assert 'EPSG",3857' in found.stdout
    assert "Checksum=0" not in found.stdout
