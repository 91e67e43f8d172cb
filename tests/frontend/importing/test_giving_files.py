"""The page that takes files: what it refuses before anything is stored."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gis_core.people import User
from importers.models import Import, Upload
from layers.models import Layer
from tests.conftest import square
from tests.frontend.html import Document
from tests.frontend.importing.wizard import give
from tests.importers import files

pytestmark = pytest.mark.django_db


def test_the_target_is_chosen_before_the_file_is_given(
    client: Client, make_layer: Callable[..., Layer], tmp_path: Path
) -> None:
    make_layer("parcels", features=[(square(), {"name": "була"})])
    page = Document(client.get("/demo/import/?layer=parcels").content.decode())
    assert any("Шар parcels" in text for text in page.words_of("p"))
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)), layer="parcels")
    assert wizard.form("target")["layer"] == "parcels"


def test_a_file_must_be_sent(client: Client) -> None:
    response = client.post("/demo/import/", {})
    assert response.status_code == 422
    assert not Import.objects.exists()


def test_an_upload_beyond_the_limit_is_refused_before_it_is_stored(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_UPLOAD_MB", "1")
    big = tmp_path / "big.zip"
    for size in (3 * 1024 * 1024, 1024 * 1024 + 5000):
        big.write_bytes(b"x" * size)
        response = client.post("/demo/import/", {"file": SimpleUploadedFile(big.name, big.read_bytes())})
        assert response.status_code == 413
        assert "1 МБ" in response.content.decode()
    assert not Upload.objects.exists()


def test_the_form_cannot_be_sent_from_another_site(editor: User, tmp_path: Path) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    file = files.shapefile(tmp_path, files.parcels(1))
    response = client.post("/demo/import/", {"file": SimpleUploadedFile(file.name, file.read_bytes())})
    assert response.status_code == 403
    assert not Upload.objects.exists()
