"""What the API says there is: landing page, layers, limits, the OpenAPI document and its page."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openapi_spec_validator import validate

from gis_core.people import User
from layers.models import Layer
from tests.conftest import FIELDS, make_community, point, square
from tests.layers.goldens import check_golden

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
GOLDEN = Path(__file__).parents[1] / "golden" / "api"
PUBLIC = pytest.mark.django_db(transaction=True, databases=["default", "public"])


@pytest.fixture
def anonymous() -> Client:
    return Client(headers={"accept-language": "en"})


@pytest.mark.django_db
def test_the_landing_page_leads_to_everything_else(anonymous: Client) -> None:
    document = anonymous.get("/api/").json()
    links = {item["rel"]: item for item in document["links"]}
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= set(links)
    for item in document["links"]:
        response = anonymous.get(item["href"].removeprefix("http://testserver"))
        assert response.status_code == 200, item
        assert response["Content-Type"].startswith(item["type"].partition(";")[0]), item


@pytest.mark.django_db
def test_the_conformance_page_names_features_and_tiles(anonymous: Client) -> None:
    classes = anonymous.get("/api/conformance").json()["conformsTo"]
    named = [name.rpartition("/spec/")[2] for name in classes]
    assert {"ogcapi-features-1/1.0/conf/core", "ogcapi-features-1/1.0/conf/geojson"} <= set(named)
    assert {
        "ogcapi-tiles-1/1.0/conf/core",
        "ogcapi-tiles-1/1.0/conf/tileset",
        "tms/2.0/conf/tilematrixset",
    } <= set(named)


@pytest.mark.django_db
def test_the_limits_in_force_are_published(anonymous: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HROMADA_MAX_PAGE", "77")
    limits = {item["name"]: item["value"] for item in anonymous.get("/api/limits").json()["limits"]}
    assert limits["max_page"] == 77
    assert limits["max_upload_mb"] == 200


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/api/", "/api/conformance", "/api/limits", "/api/collections"])
def test_an_unknown_parameter_is_named(anonymous: Client, address: str) -> None:
    response = anonymous.get(f"{address}?surprise=1")
    assert (response.status_code, response.json()["parameter"]) == (400, "surprise")


def test_a_collection_says_what_a_client_needs(make_layer: MakeLayer, anonymous: Client) -> None:
    fields = [
        *FIELDS,
        {"key": "use", "domain": [{"value": "1", "title": {"uk": "Житло", "en": "Housing"}}, {"value": "2"}]},
        {"key": "owner", "access": "staff"},
    ]
    layer = make_layer(features=[(square(), {})], fields=fields, key_field="cad_num", geometry_type="Polygon")
    document = anonymous.get("/api/collections/demo.parcels").json()
    assert document["id"] == "demo.parcels"
    assert document["title"] == "Layer parcels"
    assert document["extent"]["spatial"]["bbox"] == [layer.extent]
    assert (document["itemCount"], document["revision"], document["itemType"]) == (1, 1, "feature")
    assert document["keyField"] == "cad_num"
    assert [field["key"] for field in document["fields"]] == ["cad_num", "name", "area_ha", "use"]
    assert document["fields"][3]["domain"] == [
        {"value": "1", "title": "Housing"},
        {"value": "2", "title": "2"},
    ]
    assert document["fields"][2]["unit"] == "га"
    assert {item["rel"] for item in document["links"]} >= {"self", "items", "tiles"}


def test_a_key_field_that_is_closed_is_not_named(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(fields=[{"key": "owner", "access": "staff"}], key_field="owner")
    assert b"owner" not in anonymous.get("/api/collections/demo.parcels").content


def test_an_empty_layer_has_no_extent(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer()
    assert "extent" not in anonymous.get("/api/collections/demo.parcels").json()


def test_the_list_of_layers_comes_in_pages_and_by_community(make_layer: MakeLayer, anonymous: Client) -> None:
    other = make_community("other", "UA99000000000000002")
    for number in range(5):
        make_layer(f"layer{number}", owner=other if number == 2 else None)
    seen: list[str] = []
    address: str | None = "/api/collections?limit=2"
    while address:
        document = anonymous.get(address.removeprefix("http://testserver")).json()
        seen += [item["id"] for item in document["collections"]]
        address = next((item["href"] for item in document["links"] if item["rel"] == "next"), None)
    assert seen == ["demo.layer0", "demo.layer1", "other.layer2", "demo.layer3", "demo.layer4"]
    listed = anonymous.get("/api/collections?community=other").json()["collections"]
    assert [item["id"] for item in listed] == ["other.layer2"]
    assert anonymous.get("/api/collections?community=%00").json()["collections"] == []


def test_a_list_of_many_layers_costs_one_query(make_layer: MakeLayer, anonymous: Client) -> None:
    for number in range(4):
        make_layer(f"layer{number}")
    with CaptureQueriesContext(connection) as queries:
        assert len(anonymous.get("/api/collections").json()["collections"]) == 4
    assert len(queries) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["uk", "en"])
def test_the_openapi_document_is_valid_3_1_in_both_languages(language: str) -> None:
    response = Client().get("/api/openapi.json", headers={"accept-language": language})
    document = json.loads(response.content)
    assert document["openapi"].startswith("3.1")
    validate(document)
    summary = document["paths"]["/api/collections/{layer}/items"]["get"]["summary"]
    assert ("Об'єкти" in summary) is (language == "uk")


@pytest.mark.django_db
def test_every_operation_tells_how_it_fails_and_has_a_name_of_its_own() -> None:
    document = json.loads(Client().get("/api/openapi.json").content)
    operations = [
        item for path in document["paths"].values() for name, item in path.items() if name != "parameters"
    ]
    assert all("application/problem+json" in item["responses"]["default"]["content"] for item in operations)
    names = [item["operationId"] for item in operations]
    assert len(names) == len(set(names))


@pytest.mark.django_db
def test_the_reading_part_of_the_openapi_document_is_as_blessed() -> None:
    document = json.loads(Client().get("/api/openapi.json", headers={"accept-language": "en"}).content)
    reading = {
        path: methods
        for path, methods in document["paths"].items()
        if any("Editing" not in item.get("tags", []) for item in methods.values())
        and not re.search("job|import|upload|raster|source", path)
    }  # fmt: skip
    check_golden(GOLDEN / "openapi_reading.json", json.dumps(reading, ensure_ascii=False, indent=1) + "\n")


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["uk", "en"])
def test_the_docs_page_lists_every_operation_error_and_limit_without_anything_from_outside(
    language: str,
) -> None:
    client = Client(headers={"accept-language": language})
    page = client.get("/api/docs/").content.decode()
    document = json.loads(client.get("/api/openapi.json").content)
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    for text in ("stale-edit", "layer-not-found", "bad-parameter", "max_page"):
        assert text in page
    assert f'<html lang="{language}">' in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert " style=" not in page


@PUBLIC
def test_gdal_reads_the_api_as_ogc_api_features(
    committed: None, make_layer: MakeLayer, live_server: Any
) -> None:
    place = {"cad_num": "0510600000:01:001:0001", "name": "вул. Їжакевича, 5", "area_ha": 1.5}
    make_layer(features=[(square(30 + n / 100), place | {"cad_num": str(n)}) for n in range(250)])
    make_layer("hidden", access_level="staff", features=[(point(), {})])
    command = ["ogrinfo", "-ro", "-al", "-so", f"OAPIF:{live_server.url}/api"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stderr
    assert "demo.parcels" in found.stdout
    assert "hidden" not in found.stdout
    assert "Feature Count: 250" in found.stdout
    command = ["ogr2ogr", "-f", "CSV", "/vsistdout/", f"OAPIF:{live_server.url}/api", "demo.parcels",
               "-spat", "30.0955", "49.9", "30.1005", "50.1"]  # fmt: skip
    rows = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert rows.count("вул. Їжакевича, 5") == 1
