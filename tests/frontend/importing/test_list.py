"""The list of imports."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.frontend.html import Document
from tests.frontend.importing.wizard import give, imported
from tests.importers import files

pytestmark = pytest.mark.django_db


def queries(client: Client) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get("/demo/imports/").status_code == 200
    return len(asked)


def test_the_list_asks_as_much_of_many_imports_as_of_few(client: Client, tmp_path: Path) -> None:
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = files.shapefile(folder, files.parcels(number + 1))
        if number % 2:
            imported(client, file, title_uk=f"Шар {number}")
        else:
            give(client, file)
        if number == 1:
            few = queries(client)
    assert queries(client) == few


def test_layers_of_one_file_are_told_apart(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "plan.gpkg"
    for name in ("parking", "schools"):
        files.parcels(1).to_file(file, layer=name, driver="GPKG")
    wizard = give(client, file)
    wizard.choose("layers", source_layer=["parking", "schools"])
    listed = Document(client.get("/demo/imports/").content.decode())
    assert {"plan.gpkg: parking", "plan.gpkg: schools"} <= set(listed.links())
    assert wizard.page.words_of("h1") == ["plan.gpkg: parking"]
