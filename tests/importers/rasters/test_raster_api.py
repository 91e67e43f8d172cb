"""Rasters through the door that programs use: sent, imported by a job, read in parts, hidden, deleted."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from gis_core.communities import Community
from gis_core.jobs import progress
from gis_core.jobs.inline import run_ready_jobs
from gis_core.jobs.models import Job
from gis_core.journal import JournalEntry
from gis_core.people import User
from importers.models import Import, Upload
from importers.rasters.launcher import convert_raster
from importers.rasters.pipeline import RasterRequest, _facts, import_raster, outline_of
from importers.rasters.source import Sent
from importers.rasters.tasks import start_raster_import
from importers.uploads import append_upload, begin_upload, receive_upload
from layers.catalogue import LayerExists, create_layer
from layers.models import Raster
from layers.rasters import BadRaster, create_raster, sweep_raster_files
from tests.importers.data import REAL, needs_real_data
from tests.importers.rasters.odd import LADYZHYN, ramp, write

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., User]


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")  # the disk of the machine is not the subject
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def near(community: Community) -> Community:
    """The community, with a boundary round the rasters of `odd`."""
    west, south = LADYZHYN
    box = Polygon.from_bbox((west - 0.1, south - 0.1, west + 0.1, south + 0.1))
    community.boundary = MultiPolygon(box, srid=4326)
    community.save()
    return community


@pytest.fixture
def editor(user_with_role: MakeUser, client_of: Callable[..., Client], near: Community) -> Client:
    return client_of(user_with_role("editor"))


def send(client: Client, *paths: Path, **body: Any) -> Any:
    opened = [path.open("rb") for path in paths]
    try:
        return client.post("/api/rasters", {"community": "demo", "slug": "ortho", "file": opened, **body})
    finally:
        for file in opened:
            file.close()


def imported(client: Client, *paths: Path, **body: Any) -> Job:
    response = send(client, *paths, **body)
    assert response.status_code == 202, response.content
    [job] = run_ready_jobs()
    return job


def kept(tmp_path: Path) -> list[str]:
    return sorted(
        str(path.relative_to(tmp_path / "media"))
        for path in (tmp_path / "media").rglob("*")
        if path.is_file()
    )


@pytest.mark.django_db(transaction=True)
def test_a_raster_is_sent_imported_and_described(editor: Client, tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", ramp(size=700), nodata=0)

    job = imported(editor, path, title_uk="Рельєф", access_level="public")

    assert (job.state, job.result) == ("done", {"raster": "demo.ortho", "url": "/api/rasters/demo.ortho"})
    found = Client().get("/api/rasters/demo.ortho").json()
    assert (found["title"], found["width"], found["height"], found["nodata"]) == ("Рельєф", 700, 700, 0)
    assert found["crs"]["code"] == "EPSG:9832"
    assert found["resolution_m"] == pytest.approx(1, rel=0.01)
    assert found["bands"][0]["statistics"]["max"] == 200
    west, _south, _east, north = found["bbox"]
    assert abs(west - LADYZHYN[0]) < 0.02
    assert abs(north - LADYZHYN[1]) < 0.02
    assert found["footprint"]["type"] == "MultiPolygon"
    raster = Raster.objects.get()
    assert kept(tmp_path) == [f"rasters/{raster.uuid.hex}.tif"]
    assert raster.path.stat().st_mode & 0o777 == 0o600
    assert Upload.objects.count() == 0
    assert JournalEntry.objects.get(action="raster-created").subject == "demo.ortho"


def test_a_file_of_an_import_is_not_taken_for_a_raster(
    editor: Client, near: Community, tmp_path: Path
) -> None:
    owner = User.objects.get(memberships__role="editor")
    path = write(tmp_path / "dem.tif", ramp(), nodata=0)
    upload = receive_upload(community=near, owner=owner, name="dem.tif", chunks=[path.read_bytes()])
    importing = Import.objects.create(community=near, owner=owner, name="dem.tif")
    importing.uploads.add(upload)
    body = {"community": "demo", "slug": "ortho", "uploads": [str(upload.uuid)]}

    answer = editor.post("/api/rasters", body, content_type="application/json")

    assert (answer.status_code, answer.json()["parameter"]) == (400, "uploads")
    assert str(upload.uuid) in answer.json()["detail"]
    assert not Job.objects.exists()


def test_of_two_jobs_for_the_same_file_the_second_is_told_that_it_is_gone(
    editor: Client, near: Community, tmp_path: Path
) -> None:
    owner = User.objects.get(memberships__role="editor")
    path = write(tmp_path / "dem.tif", ramp(), nodata=0)
    upload = receive_upload(community=near, owner=owner, name="dem.tif", chunks=[path.read_bytes()])
    for slug in ("one", "two"):
        start_raster_import(uploads=[upload], request=RasterRequest(slug=slug), actor=owner)

    first, second = run_ready_jobs()

    assert (first.state, second.state, second.error_code) == ("done", "failed", "upload-gone")
    assert [raster.slug for raster in Raster.objects.all()] == ["one"]


def test_the_list_shows_what_the_reader_may_see_and_nothing_else(
    editor: Client, user_with_role: MakeUser, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    path = write(tmp_path / "dem.tif", ramp(), nodata=0)
    for level in ("public", "registered", "staff", "restricted"):
        imported(editor, path, slug=level, access_level=level)
    clients = {
        "anonymous": client_of(None), "stranger": client_of(user_with_role(None)),
        "viewer": client_of(user_with_role("viewer")), "admin": client_of(user_with_role("admin")),
    }  # fmt: skip
    seen = {"anonymous": 1, "stranger": 2, "viewer": 3, "admin": 4}

    for name, client in clients.items():
        listed = [item["id"] for item in client.get("/api/rasters?community=demo").json()["rasters"]]
        assert listed == [
            f"demo.{level}" for level in ("public", "registered", "staff", "restricted")[: seen[name]]
        ]
        for level in ("public", "registered", "staff", "restricted"):
            open_to = f"demo.{level}" in listed
            for way in ("", "/file"):
                response = client.get(f"/api/rasters/demo.{level}{way}")
                missing = client.get(f"/api/rasters/demo.missing{way}")
                assert response.status_code == (200 if open_to else 404)
                if not open_to:
                    assert response.json() | {"raster": "", "detail": ""} == missing.json() | {
                        "raster": "",
                        "detail": "",
                    }
                    assert response.json()["detail"].replace(level, "missing") == missing.json()["detail"]


def test_the_file_is_read_whole_in_parts_and_not_again(editor: Client, tmp_path: Path) -> None:
    imported(editor, write(tmp_path / "dem.tif", ramp(size=600), nodata=0), access_level="public")
    content = Raster.objects.get().path.read_bytes()
    reader = Client()
    address = "/api/rasters/demo.ortho/file"

    whole = reader.get(address)
    assert b"".join(whole.streaming_content) == content  # type: ignore[attr-defined]
    assert whole["Accept-Ranges"] == "bytes"
    part = reader.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, content[10:20])  # type: ignore[attr-defined]
    assert part["Content-Range"] == f"bytes 10-19/{len(content)}"
    tail = reader.get(address, headers={"Range": "bytes=-5"})
    assert b"".join(tail.streaming_content) == content[-5:]  # type: ignore[attr-defined]
    rest = reader.get(address, headers={"Range": f"bytes={len(content) - 3}-"})
    assert b"".join(rest.streaming_content) == content[-3:]  # type: ignore[attr-defined]
    assert reader.get(address, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    assert reader.get(address, headers={"Range": "bytes=0-1,4-5"}).status_code == 200
    assert reader.get(address, headers={"Range": "bytes=0-9", "If-Range": '"old"'}).status_code == 200
    assert reader.get(address, headers={"If-None-Match": whole["ETag"]}).status_code == 304
    head = reader.head(address)
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(len(content)), b"")
    assert reader.post(address).status_code == 405


def test_a_raster_of_another_place_is_asked_about_and_taken_when_confirmed(
    editor: Client, tmp_path: Path
) -> None:
    path = write(tmp_path / "far.tif", ramp(), crs="EPSG:32618", nodata=0)

    job = imported(editor, path)
    assert (job.state, job.error_code) == ("failed", "raster-elsewhere")
    assert not Raster.objects.exists()
    assert [name for name in kept(tmp_path) if name.startswith("rasters")] == []

    assert imported(editor, path, elsewhere="true").state == "done"


def test_a_raster_without_crs_is_asked_about_and_answered(
    editor: Client, near: Community, tmp_path: Path
) -> None:
    near.boundary = None
    near.save()
    path = write(tmp_path / "scan.tif", ramp(), crs=None, nodata=0)

    job = imported(editor, path)
    assert (job.state, job.error_code) == ("failed", "crs-unknown")
    assert "EPSG:9832" in job.error_params["choices"]

    assert imported(editor, path, crs="9832").state == "done"
    assert Raster.objects.get().srid == 9832


def test_a_raster_without_crs_that_fits_the_community_in_one_system_alone_needs_no_question(
    editor: Client, tmp_path: Path
) -> None:
    job = imported(editor, write(tmp_path / "scan.tif", ramp(), crs=None, nodata=0))

    assert job.state == "done"
    raster = Raster.objects.get()
    assert raster.srid == 9832
    assert [note["code"] for note in raster.notes] == ["crs-found"]


@pytest.mark.django_db(transaction=True)
def test_a_second_attempt_after_a_crash_takes_the_place_of_the_first(near: Community, tmp_path: Path) -> None:
    sent = [Sent("a.tif", write(tmp_path / "a.tif", ramp(), nodata=0))]
    request, same = RasterRequest(slug="ortho"), uuid4()

    with pytest.raises(RuntimeError), transaction.atomic():
        import_raster(sent=sent, community=near, actor=None, request=request, raster_uuid=same)
        raise RuntimeError  # killed after the file was in place and before the commit
    assert (len(kept(tmp_path)), Raster.objects.count()) == (1, 0)
    import_raster(sent=sent, community=near, actor=None, request=request, raster_uuid=same)

    assert kept(tmp_path) == [f"rasters/{same.hex}.tif"]
    assert Raster.objects.get().uuid == same


def test_a_cancelled_import_leaves_nothing(near: Community, tmp_path: Path) -> None:
    class Stop(progress.Silent):
        def report(self, fraction: float | None, code: str, params: dict[str, Any]) -> None:
            raise progress.Cancelled

    sent = [Sent("a.tif", write(tmp_path / "a.tif", ramp(), nodata=0))]
    with pytest.raises(progress.Cancelled), progress.using(Stop()):
        import_raster(sent=sent, community=near, actor=None, request=RasterRequest(slug="ortho"))

    assert kept(tmp_path) == []
    assert not list((tmp_path / "var" / "work").glob("*"))


def test_a_picture_and_its_world_file_come_apart_or_in_a_zip(editor: Client, tmp_path: Path) -> None:
    from tests.importers.rasters.odd import png_with_world

    path = png_with_world(tmp_path)
    parts = [path, path.with_suffix(".pgw"), path.with_suffix(".prj")]
    archive = tmp_path / "план.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for part in parts:
            packed.write(part, f"тека/{part.name}")

    assert imported(editor, *parts).state == "done"
    assert imported(editor, archive, slug="second").state == "done"
    first, second = Raster.objects.order_by("pk")
    assert first.footprint.equals(second.footprint)


def test_a_zip_with_two_rasters_asks_which(editor: Client, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a.tif", "b.tif"):
            archive.write(write(tmp_path / name, ramp(), nodata=0), name)
    (tmp_path / "two.zip").write_bytes(packed.getvalue())

    job = imported(editor, tmp_path / "two.zip")
    assert (job.error_code, job.error_params["choices"]) == ("several-layers", "a.tif, b.tif")
    assert imported(editor, tmp_path / "two.zip", wanted="b.tif").state == "done"


def test_a_name_that_a_layer_has_is_refused(
    editor: Client, make_layer: Callable[..., Any], tmp_path: Path
) -> None:
    make_layer("ortho")

    response = send(editor, write(tmp_path / "a.tif", ramp(), nodata=0))

    assert (response.status_code, response.json()["code"]) == (409, "raster-exists")


@pytest.mark.django_db(transaction=True)
def test_a_layer_does_not_take_the_name_of_a_raster(editor: Client, near: Community, tmp_path: Path) -> None:
    imported(editor, write(tmp_path / "a.tif", ramp(), nodata=0))
    with pytest.raises(LayerExists):
        create_layer(community=near, slug="ortho", actor=None, title={"uk": "Фото"})

    table = SimpleUploadedFile("a.csv", b"lat;lon\n48.7;29.2\n")
    answer = editor.post("/api/imports", {"community": "demo", "layer": "ortho", "file": table})
    assert (answer.status_code, answer.json()["code"]) == (409, "layer-exists")
    assert Upload.objects.count() == 0


def test_only_who_may_edit_sends_and_deletes(
    editor: Client, user_with_role: MakeUser, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    path = write(tmp_path / "a.tif", ramp(), nodata=0)
    viewer, other = (
        client_of(user_with_role("viewer")),
        client_of(user_with_role("editor", email="o@example.org")),
    )
    for client in (viewer, client_of(None)):
        assert send(client, path).status_code == 403
    imported(editor, path)
    file = Raster.objects.get().path

    for client in (viewer, other):
        assert client.delete("/api/rasters/demo.ortho").status_code == 403
    assert client_of(None).delete("/api/rasters/demo.ortho").status_code == 404
    assert file.exists()


def test_a_raster_is_looked_at_by_members_and_then_published_by_who_sent_it(
    editor: Client, user_with_role: MakeUser, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    imported(editor, write(tmp_path / "ortho.tif", ramp(), nodata=0))
    stranger, address = client_of(None), "/api/rasters/demo.ortho"
    assert stranger.get(address).status_code == 404
    told = {"access_level": "public", "title_en": "Orthophoto", "attribution": "Hromada"}

    assert stranger.patch(address, told, content_type="application/json").status_code == 404
    viewer = client_of(user_with_role("viewer"))
    assert viewer.patch(address, told, content_type="application/json").status_code == 403
    for wrong in ({"access_level": "everyone"}, {"title_uk": "x" * 300}, {"licence": ""}):
        assert editor.patch(address, wrong, content_type="application/json").status_code == 400
    answer = editor.patch(address, told, content_type="application/json")

    assert (answer.status_code, answer.json()["accessLevel"]) == (200, "public")
    assert stranger.get(address).json()["attribution"] == "Hromada"
    assert set(Raster.objects.get().title) == {"uk", "en"}


@pytest.mark.django_db(transaction=True)
def test_a_deleted_raster_takes_its_file_along(editor: Client, tmp_path: Path) -> None:
    imported(editor, write(tmp_path / "a.tif", ramp(), nodata=0))

    assert editor.delete("/api/rasters/demo.ortho").status_code == 204

    assert kept(tmp_path) == []
    assert editor.get("/api/rasters/demo.ortho").status_code == 404


def test_a_raster_that_cannot_be_saved_leaves_no_file(near: Community, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    made, file = convert_raster([Sent("a.tif", write(tmp_path / "a.tif", ramp(), nodata=0))], work=work)
    with pytest.raises(BadRaster):
        create_raster(
            community=near,
            slug="No Slug",
            actor=None,
            title={},
            file=file,
            footprint=outline_of(made, "a"),
            **_facts(made),
        )

    assert kept(tmp_path) == []


def test_a_file_that_a_killed_worker_left_is_swept(near: Community, tmp_path: Path) -> None:
    folder = tmp_path / "media" / "rasters"
    folder.mkdir(parents=True)
    (folder / "left.tif").write_bytes(b"x")

    assert sweep_raster_files(older_than_s=60) == 0
    assert sweep_raster_files(older_than_s=0) == 1
    assert kept(tmp_path) == []


def test_a_raster_may_be_larger_than_other_files_and_has_a_limit_of_its_own(
    editor: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.tif", np.random.default_rng(1).integers(0, 255, (3, 800, 800), dtype=np.uint8))
    monkeypatch.setenv("HROMADA_MAX_UPLOAD_MB", "0")
    monkeypatch.setenv("HROMADA_MAX_RASTER_UPLOAD_MB", "0")

    response = send(editor, path)

    assert (response.status_code, response.json()["code"]) == (413, "too-large")
    assert kept(tmp_path) == []
    monkeypatch.setenv("HROMADA_MAX_RASTER_UPLOAD_MB", "5")
    assert send(editor, path).status_code == 202


def test_a_session_without_its_token_sends_no_raster(
    user_with_role: MakeUser, near: Community, tmp_path: Path
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user_with_role("editor"))

    response = send(strict, write(tmp_path / "a.tif", ramp(), nodata=0))

    assert response.status_code == 403
    assert Upload.objects.count() == 0


def test_a_raster_sent_in_pieces_is_imported(editor: Client, tmp_path: Path) -> None:
    content = write(tmp_path / "a.tif", ramp(), nodata=0).read_bytes()
    owner, place = User.objects.get(email="editor@example.org"), Community.objects.get()
    upload = begin_upload(community=place, owner=owner, name="a.tif", size=len(content))
    append_upload(upload=upload, offset=0, body=io.BytesIO(content))
    body = {"community": "demo", "slug": "ortho", "uploads": [str(upload.uuid)]}

    assert editor.post("/api/rasters", body, content_type="application/json").status_code == 202

    [job] = run_ready_jobs()
    assert job.state == "done"
    missing = {**body, "slug": "second", "uploads": [str(uuid4())]}
    assert (
        editor.post("/api/rasters", missing, content_type="application/json").json()["code"]
        == "bad-parameter"
    )


@needs_real_data
def test_the_command_line_imports_a_real_raster(
    community: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command(
        "import_raster", str(REAL / "rasters" / "etopo1_dem_ukraine_0.1deg.tif"), community="demo", slug="dem"
    )

    raster = Raster.objects.get()
    assert (raster.srid, raster.width, raster.nodata) == (4326, 186, -32768)
    assert "demo.dem" in capsys.readouterr().out


def test_the_command_line_says_in_a_sentence_that_there_is_no_such_file(
    community: Community, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=r"missing\.tif") as refused:
        call_command("import_raster", str(tmp_path / "missing.tif"), community="demo", slug="dem")
    assert refused.value.returncode == 2
