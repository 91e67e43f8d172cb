"""The list of imports."""

from pathlib import Path

import pytest
from django.test import Client

from tests.frontend.html import Document
from tests.frontend.importing.wizard import give
from tests.importers import files

pytestmark = pytest.mark.django_db


def test_layers_of_one_file_are_told_apart(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "plan.gpkg"
    for name in ("parking", "schools"):
        files.parcels(1).to_file(file, layer=name, driver="GPKG")
    wizard = give(client, file)
    wizard.choose("layers", source_layer=["parking", "schools"])
    listed = Document(client.get("/demo/imports/").content.decode())
    assert {"plan.gpkg: parking", "plan.gpkg: schools"} <= set(listed.links())
    assert wizard.page.words_of("h1") == ["plan.gpkg: parking"]
