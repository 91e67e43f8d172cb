"""Rasters as plain pages: one is given, what is unclear is asked, then it has a page and can be deleted."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from frontend.importing.names import title_from
from gis_core.communities import Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.jobs.models import Job
from gis_core.people import User
from importers.models import Import, Upload
from layers.models import Raster
from tests.frontend.html import HOSTILE, Document, values
from tests.importers import files
from tests.importers.rasters.odd import LADYZHYN, at_ladyzhyn, png_with_world, ramp, write

pytestmark = pytest.mark.django_db
MakeUser = Callable[..., User]


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")  # the disk of the machine is not the subject
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def near(community: Community) -> Community:
    return bounded(community, *LADYZHYN)


@pytest.fixture
def editor(near: Community, user_with_role: MakeUser) -> User:
    return user_with_role("editor")


@pytest.fixture
def client(editor: User, client_of: Callable[..., Client]) -> Client:
    return client_of(editor)


def bounded(community: Community, lon: float, lat: float) -> Community:
    box = Polygon.from_bbox((lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1))
    community.boundary = MultiPolygon(box, srid=4326)
    community.save()
    return community


def words(response: Any) -> str:
    return " ".join(Document(response.content.decode()).words_of("main"))


def given(client: Client, *paths: Path) -> str:
    """The address of the raster's form after the files were given without a script."""
    body = {"file": [SimpleUploadedFile(it.name, it.read_bytes()) for it in paths]}
    response = client.post("/demo/import/", body)
    assert response.status_code == 302, words(response)
    return str(response.headers["Location"])


def sent(client: Client, address: str, **changed: str) -> Any:
    """The form as it stands, with what was changed; its job is done."""
    source = client.get(address).content.decode()
    start = source.index('name="upload"')
    uploads = address.partition("?upload=")[2].split("&upload=")
    form = values(source[start : source.index("</form>", start)])
    response = client.post("/demo/import/raster/", {**form, "upload": uploads, **changed})
    run_ready_jobs()
    return response


def kept(client: Client, *paths: Path, **changed: str) -> Raster:
    response = sent(client, given(client, *paths), **changed)
    assert response.status_code == 302, words(response)
    followed = client.get(response.headers["Location"])
    assert followed.status_code == 302, words(followed)
    return Raster.objects.get(slug=followed.headers["Location"].split("/")[-2])


def tif(folder: Path, name: str = "ортофото_2024_lcs05.tif", **options: Any) -> Path:
    return write(folder / name, ramp(3), **options)


def test_a_raster_is_given_named_and_kept_without_a_script(client: Client, tmp_path: Path) -> None:
    address = given(client, tif(tmp_path))
    assert address.startswith("/demo/import/raster/?upload=")
    assert 'value="Ортофото 2024"' in client.get(address).content.decode(), "without what a machine put there"
    response = sent(client, address, access_level="public")
    followed = client.get(response.headers["Location"])
    assert followed.headers["Location"] == "/demo/rasters/ortofoto_2024/"
    told = words(client.get("/demo/rasters/ortofoto_2024/"))
    assert all(text in told for text in ("Ортофото 2024", "300 × 300", "МСК-05", "1 м", "червоний"))
    assert not Import.objects.exists()
    assert not Upload.objects.exists()


def test_a_raster_and_its_world_file_and_a_zip_of_them_find_the_same_way(
    client: Client, tmp_path: Path
) -> None:
    scan = png_with_world(tmp_path)
    parts = [scan, scan.with_suffix(".pgw"), scan.with_suffix(".prj")]
    assert "Scan" in kept(client, *parts).local_title
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as target:
        for part in parts:
            target.write(part, part.name)
    assert kept(client, packed, title_uk="З архіву").source_name == "packed.zip"


def test_a_zip_with_layers_and_a_picture_is_an_import_of_layers(client: Client, tmp_path: Path) -> None:
    packed = files.shapefile(tmp_path, files.parcels(1))
    with zipfile.ZipFile(packed, "a") as target:
        target.write(tif(tmp_path), "photo.tif")
    assert "/imports/" in given(client, packed)


def test_a_picture_in_no_known_place_asks_where_it_lies(
    client: Client, tmp_path: Path, near: Community
) -> None:
    near.boundary = None
    near.save()
    response = sent(client, given(client, tif(tmp_path, crs=None)), access_level="public")
    job = client.get(response.headers["Location"])
    assert "Потрібне ваше рішення" in words(job)
    address = f"{response.headers['Location']}answer/"
    nothing = client.post(address, {})
    assert nothing.status_code == 422
    assert "Виберіть одну з відповідей" in words(nothing)
    answered = client.post(address, {"crs_code": "9832"})
    run_ready_jobs()
    [raster] = Raster.objects.all()
    assert (raster.srid, raster.access_level) == (9832, "public"), "what was said before is kept"
    assert client.get(answered.headers["Location"]).headers["Location"] == f"/demo/rasters/{raster.slug}/"


def test_a_picture_that_lies_elsewhere_is_kept_when_it_belongs_there(
    client: Client, tmp_path: Path, near: Community
) -> None:
    bounded(near, 24.0, 49.8)
    response = sent(client, given(client, tif(tmp_path)))
    assert "Він справді належить туди" in words(client.get(response.headers["Location"]))
    assert not Raster.objects.exists()
    client.post(f"{response.headers['Location']}answer/", {"elsewhere": "on"})
    run_ready_jobs()
    assert Raster.objects.count() == 1


def test_one_raster_of_an_archive_is_chosen_by_name(client: Client, tmp_path: Path) -> None:
    packed = tmp_path / "two.zip"
    with zipfile.ZipFile(packed, "w") as target:
        for name in ("a.tif", "b.tif"):
            target.write(tif(tmp_path, name), name)
    response = sent(client, given(client, packed))
    assert {"a.tif", "b.tif"} <= set(
        Document(client.get(response.headers["Location"]).content.decode()).words_of("label")
    )
    client.post(f"{response.headers['Location']}answer/", {"wanted": "b.tif"})
    run_ready_jobs()
    assert Raster.objects.count() == 1


def test_a_picture_without_a_place_says_what_to_send_with_it(client: Client, tmp_path: Path) -> None:
    photo = write(tmp_path / "photo.jpg", ramp(3), driver="JPEG", crs=None, transform=None)
    told = words(client.get(sent(client, given(client, photo)).headers["Location"]))
    assert ".jgw" in told
    assert "Потрібне ваше рішення" not in told


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"title_uk": ""}, "Назва українською"),
     ({"slug": "taken"}, "Шар або растр"),
     ({"nodata": "мінус"}, "Очікувалося число")],
)  # fmt: skip
def test_a_form_that_does_not_hold_together_is_shown_again(
    client: Client, tmp_path: Path, make_layer: Callable[..., Any], changed: dict[str, str], told: str
) -> None:
    make_layer("taken")
    response = sent(client, given(client, tif(tmp_path)), **changed)
    assert response.status_code == 422
    assert told in words(response)
    assert not Job.objects.exists()


# --- who may see and do what ---


def test_a_hidden_raster_answers_as_an_absent_one(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: MakeUser
) -> None:
    hidden = kept(client, tif(tmp_path), access_level="staff")
    for reader in (Client(), client_of(user_with_role(""))):
        for page in ("", "delete/"):
            ask = reader.post if page else reader.get
            seen = ask(f"/demo/rasters/{hidden.slug}/{page}")
            absent = ask(f"/demo/rasters/absent/{page}")
            assert (seen.status_code, absent.status_code) == (404, 404)
            assert words(seen).replace(hidden.slug, "absent") == words(absent)
        assert hidden.local_title not in words(reader.get("/demo/layers/"))
    assert hidden.local_title in words(client.get("/demo/layers/"))


def test_a_public_raster_is_seen_by_a_stranger_who_cannot_delete_it(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: MakeUser
) -> None:
    raster = kept(client, tif(tmp_path), access_level="public")
    address = f"/demo/rasters/{raster.slug}/"
    another = client_of(user_with_role("editor", email="another@example.org"))  # not the one who sent it
    for reader in (Client(), another):
        response = reader.get(address)
        assert response.status_code == 200
        assert "Видалити растр" not in words(response)
        assert reader.post(f"{address}delete/", {"sure": "on"}).status_code in (302, 403)
    assert Raster.objects.exists()


def test_a_raster_is_deleted_only_when_one_is_sure(client: Client, tmp_path: Path) -> None:
    raster = kept(client, tif(tmp_path))
    address = f"/demo/rasters/{raster.slug}/"
    assert client.post(f"{address}delete/").status_code == 422
    assert client.get(f"{address}delete/").status_code == 405
    assert client.post(f"{address}delete/", {"sure": "on"}).status_code == 302
    assert not Raster.objects.exists()
    done = Job.objects.get()
    assert client.get(f"/demo/jobs/{done.uuid}/").status_code == 200, "its job still has a page"


def test_nobody_imports_the_files_of_another(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: MakeUser
) -> None:
    address = given(client, tif(tmp_path))
    another = client_of(user_with_role("admin"))
    upload = address.partition("?upload=")[2]
    assert another.get(address).status_code == 404
    assert another.post("/demo/import/raster/", {"upload": upload, "title_uk": "Моє"}).status_code == 404
    assert another.post("/demo/import/start/", {"upload": upload}).status_code == 404
    assert not Job.objects.exists()


def test_a_question_is_answered_by_the_sender_alone(
    client: Client,
    tmp_path: Path,
    near: Community,
    client_of: Callable[..., Client],
    user_with_role: MakeUser,
) -> None:
    bounded(near, 24.0, 49.8)
    address = sent(client, given(client, tif(tmp_path))).headers["Location"]
    another = client_of(user_with_role("admin"))
    assert "Він справді належить туди" not in words(another.get(address))
    assert another.post(f"{address}answer/", {"elsewhere": "on"}).status_code == 404
    assert Job.objects.count() == 1


@pytest.mark.parametrize("role", ["", "viewer"])
def test_who_may_not_edit_adds_no_raster(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: MakeUser, role: str
) -> None:
    address = given(client, tif(tmp_path))
    reader = client_of(user_with_role(role))
    assert reader.get(address).status_code == 403
    assert reader.post("/demo/import/raster/", {"title_uk": "Моє"}).status_code == 403
    assert reader.post("/demo/import/start/", {}).status_code == 403
    assert Client().get(address).status_code == 302


def test_the_forms_cannot_be_sent_from_another_site(editor: User, client: Client, tmp_path: Path) -> None:
    raster = kept(client, tif(tmp_path))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(editor)
    job = Job.objects.get()
    for address in (f"/demo/rasters/{raster.slug}/delete/", "/demo/import/raster/", "/demo/import/start/",
                    f"/demo/jobs/{job.uuid}/answer/"):  # fmt: skip
        assert strict.post(address, {"sure": "on"}).status_code == 403, address
    assert Raster.objects.exists()


def test_names_and_texts_of_a_raster_stay_text(client: Client, tmp_path: Path) -> None:
    file = tif(tmp_path, "<img src=x onerror=alert(1)>.tif")
    address = given(client, file)
    pages = [client.get(address)]
    raster = kept(client, file, title_uk=HOSTILE, attribution=HOSTILE, access_level="public")
    pages += [client.get(it) for it in (f"/demo/rasters/{raster.slug}/", "/demo/layers/", "/demo/jobs/")]
    for page in pages:
        assert "<img src=x" not in page.content.decode()
        assert "<script>alert" not in page.content.decode()
    assert HOSTILE in words(pages[1])


def test_a_transform_without_a_picture_of_its_own_is_shown_in_centimetres(
    client: Client, tmp_path: Path
) -> None:
    raster = kept(client, tif(tmp_path, transform=at_ladyzhyn(0.25)))
    assert "25 см" in words(client.get(f"/demo/rasters/{raster.slug}/"))


@pytest.mark.parametrize(
    ("name", "title"),
    [("addresses_cp1251_nocpg_noldid_lcs05.zip", "Адреси"), ("parking_utf8_sk42_gk5.zip", "Паркування"),
     ("addresses_cp1251_nocpg_ldid_sk63x3.zip", "Адреси"), ("bus_routes_ucs2000_tm10.dxf", "Bus routes"),
     ("Ділянки_МСК-05.zip", "Ділянки"), ("ZemelniDilianky.shp", "Zemelni Dilianky"),
     ("Генплан 2024.gpkg", "Генплан 2024"),
     ("epsg4326.zip", "Epsg4326")],
)  # fmt: skip
def test_a_suggested_title_is_the_words_of_a_name(name: str, title: str) -> None:
    assert title_from(name) == title
