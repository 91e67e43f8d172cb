"""Uploading a file on the page, from the form to features on the map."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gis_core.communities import Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.jobs.models import Job
from gis_core.people import User
from importers.models import Upload
from layers.models import Changeset, Layer
from tests.conftest import square
from tests.frontend.html import Document
from tests.importers import files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def editor(community: Community, user_with_role: Callable[..., User]) -> User:
    return user_with_role("editor")


@pytest.fixture
def client(editor: User, client_of: Callable[..., Client]) -> Client:
    return client_of(editor)


def send(client: Client, file: Path | None, **fields: str) -> Any:
    body: dict[str, Any] = {"target": "new", "title_uk": "Ділянки", **fields}
    if file is not None:
        body["file"] = SimpleUploadedFile(file.name, file.read_bytes())
    return client.post("/demo/import/", body)


def words(client: Client, address: str) -> str:
    return " ".join(Document(client.get(address).content.decode()).words_of("main"))


def errors(response: Any) -> list[str]:
    assert response.status_code == 422
    return Document(response.content.decode()).words_of("li")


def test_a_shapefile_becomes_a_layer_and_the_job_tells_it(client: Client, tmp_path: Path) -> None:
    response = send(
        client, files.shapefile(tmp_path, files.parcels(3)),
        title_en="Land parcels", theme="land", access_level="public",
    )  # fmt: skip
    job = Job.objects.get()
    assert response.headers["Location"] == f"/demo/jobs/{job.uuid}/"
    (ended,) = run_ready_jobs()
    assert ended.state == "done", ended.error_text
    layer = Layer.objects.get()
    assert (layer.slug, layer.theme, layer.access_level, layer.feature_count) == (
        "land_parcels",
        "land",
        "public",
        3,
    )
    assert layer.title == {"uk": "Ділянки", "en": "Land parcels"}
    page = Document(client.get(f"/demo/jobs/{job.uuid}/").content.decode())
    assert page.links()["Показати шар"] == "/demo/layers/land_parcels/"
    assert "вул. Кам'янецька, 1 ґ є і ї" in words(client, "/demo/layers/land_parcels/")


def test_the_question_about_letters_is_answered_on_the_page_and_the_import_goes_on(
    client: Client, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3), without=(".cpg",))
    unclear = _without_language_byte(file, tmp_path)
    send(client, unclear)
    (asked,) = run_ready_jobs()
    assert asked.error_code == "encoding-unknown"
    assert not Layer.objects.exists()
    answered = client.post(f"/demo/jobs/{asked.uuid}/answer/", {"answer": "cp1251"})
    (ended,) = run_ready_jobs()
    assert answered.headers["Location"] == f"/demo/jobs/{ended.uuid}/"
    assert ended.state == "done", ended.error_text
    assert Upload.objects.count() == 1, "the same file, not sent again"
    assert "вул. Кам'янецька, 1 ґ є і ї" in words(client, "/demo/layers/dilianky/")


def _without_language_byte(archive: Path, folder: Path) -> Path:
    """The same shapefile whose .dbf does not name its code page."""
    made = folder / "unclear.zip"
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            content = bytearray(source.read(name))
            if name.endswith(".dbf"):
                content[29] = 0
            target.writestr(name, bytes(content))
    return made


def test_the_question_about_the_system_offers_the_communitys_own(client: Client, tmp_path: Path) -> None:
    send(client, files.shapefile(tmp_path, files.parcels(2), without=(".prj",)))
    (asked,) = run_ready_jobs()
    page = Document(client.get(f"/demo/jobs/{asked.uuid}/").content.decode())
    offered = [tag.attributes["value"] for tag in page.all("input") if tag.attributes.get("name") == "answer"]
    assert "EPSG:9832" in offered
    client.post(f"/demo/jobs/{asked.uuid}/answer/", {"answer": "EPSG:9832"})
    (ended,) = run_ready_jobs()
    assert ended.state == "done", ended.error_text
    extent = Layer.objects.get().extent
    assert extent is not None
    assert extent[:2] == pytest.approx([29.24, 48.68], abs=1e-6)


def test_an_existing_layer_is_chosen_and_what_becomes_of_its_features_is_asked(
    client: Client, make_layer: Callable[..., Layer], tmp_path: Path
) -> None:
    make_layer("parcels", features=[(square(), {"name": "була"})])
    file = files.shapefile(tmp_path, files.parcels(2))
    page = Document(client.get("/demo/import/?layer=parcels").content.decode())
    chosen = [tag for tag in page.all("option") if "selected" in tag.attributes]
    assert "parcels" in [tag.attributes["value"] for tag in chosen]
    refused = send(client, file, target="existing", layer="parcels")
    assert any("Зазначте, що з ними зробити" in text for text in errors(refused))
    assert send(client, file, target="existing", layer="parcels", mode="append").status_code == 302


def test_the_communitys_own_system_stands_first_in_the_list(client: Client, community: Community) -> None:
    page = Document(client.get("/demo/import/").content.decode())
    values = [tag.attributes["value"] for tag in page.all("option")]
    first = next(value for value in values if value.startswith("EPSG:"))
    assert first == f"EPSG:{community.local_srid}"
    assert "МСК-05, Вінницька область" in page.words_of("option")


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"title_uk": ""}, "Дайте новому шару назву"),
     ({"slug": "Має-бути-латиною"}, "Коротка назва"),
     ({"slug": "taken"}, "Шар із такою короткою назвою вже є"),
     ({"crs_code": "EPSG:abc"}, "EPSG"),
     ({"theme": "nonsense"}, "Тема"),
     ({"target": "existing", "layer": "closed"}, "Шар"),
     ({"target": "existing"}, "Виберіть шар, до якого належить файл")],
)  # fmt: skip
def test_a_form_that_does_not_hold_together_is_shown_again_with_its_errors(
    client: Client, make_layer: Callable[..., Layer], tmp_path: Path, fields: dict[str, str], told: str
) -> None:
    make_layer("taken")
    make_layer("closed", access_level="restricted")
    response = send(client, files.shapefile(tmp_path, files.parcels(1)), **fields)
    assert any(told in text for text in errors(response))
    assert not Job.objects.exists()
    assert not Upload.objects.exists()


def test_a_file_must_be_sent(client: Client) -> None:
    assert any("Файл" in text for text in errors(send(client, None)))


def test_an_upload_beyond_the_limit_is_refused_before_it_is_stored(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_UPLOAD_MB", "1")
    big = tmp_path / "big.zip"
    big.write_bytes(b"x" * 3 * 1024 * 1024)
    response = send(client, big)
    assert response.status_code == 413
    assert "1 MB" in response.content.decode()
    assert "multipart/form-data" not in response.content.decode(), "its body was not even read"
    big.write_bytes(b"x" * (1024 * 1024 + 5000))
    response = send(client, big)
    assert response.status_code == 413, "the gate lets the form's own bytes pass, the receiver counts"
    assert "Виправте" in response.content.decode()
    assert not Upload.objects.exists()


def test_titles_that_sound_alike_get_short_names_of_their_own(client: Client, tmp_path: Path) -> None:
    for _ in range(2):
        send(client, files.shapefile(tmp_path, files.parcels(1)))
        run_ready_jobs()
    assert sorted(Layer.objects.values_list("slug", flat=True)) == ["dilianky", "dilianky_2"]


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), (None, 403)])
def test_only_editors_import(
    community: Community,
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
    role: str,
    status: int,
) -> None:
    client = client_of(user_with_role(role))
    assert client.get("/demo/import/").status_code == status
    assert client.post("/demo/import/", {}).status_code == status
    assert client_of(None).post("/demo/import/", {}).headers["Location"].startswith("/accounts/login/")


def test_the_form_cannot_be_sent_from_another_site(editor: User, tmp_path: Path) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert send(client, files.shapefile(tmp_path, files.parcels(1))).status_code == 403
    assert not Upload.objects.exists()


def test_the_changeset_of_an_import_keeps_what_was_noticed(client: Client, tmp_path: Path) -> None:
    frame = files.parcels(3)
    frame.loc[1, "geometry"] = None
    send(client, files.shapefile(tmp_path, frame))
    run_ready_jobs()
    changeset = Changeset.objects.get()
    text = client.get(f"/demo/changesets/{changeset.pk}/").content.decode()
    assert "Що помічено у файлі" in text
    layer = Layer.objects.get()
    layer.fields[0]["access"] = "restricted"
    layer.save()
    assert "Що помічено у файлі" not in words(client, f"/demo/changesets/{changeset.pk}/"), "it quotes values"
    assert "Імпорт цілого файлу" in text
