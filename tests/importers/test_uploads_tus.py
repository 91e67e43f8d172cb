"""Files in pieces (tus 1.0.0): whatever breaks, what arrived is kept, and nothing else."""

import base64
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from gis_core.communities import Community
from gis_core.people import User
from importers.models import Upload
from importers.uploads import append_upload, begin_upload, discard_upload, receive_upload

MakeUser = Callable[..., User]
ClientOf = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 4096


@pytest.fixture(autouse=True)
def _folder_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


@pytest.fixture
def browser(editor: User, client_of: ClientOf) -> Client:
    return client_of(editor)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def create(client: Client, size: int = len(CONTENT), name: str = "ділянки.zip", **headers: str) -> Any:
    told = {
        "Tus-Resumable": "1.0.0", "Upload-Length": str(size),
        "Upload-Metadata": f"filename {encoded(name)},community {encoded('demo')}",
    }  # fmt: skip
    return client.post("/api/uploads", headers={**told, **headers})


def send(client: Client, address: str, offset: int, body: bytes) -> Any:
    return client.patch(
        address, body, content_type="application/offset+octet-stream",
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)},
    )  # fmt: skip


def ask(client: Client, address: str) -> Any:
    return client.head(address, headers={"Tus-Resumable": "1.0.0"})


def test_a_file_sent_in_pieces_is_whole_at_the_end(community: Community, browser: Client) -> None:
    made = create(browser)
    assert (made.status_code, made["Upload-Offset"], made["Tus-Resumable"]) == (201, "0", "1.0.0")
    assert made["Upload-Expires"].endswith("GMT")
    address, half = made["Location"], len(CONTENT) // 2
    assert send(browser, address, 0, CONTENT[:half])["Upload-Offset"] == str(half)
    standing = ask(browser, address)
    assert (standing["Upload-Offset"], standing["Upload-Length"]) == (str(half), str(len(CONTENT)))
    assert standing["Cache-Control"] == "no-store"
    assert send(browser, address, half, CONTENT[half:]).status_code == 204
    upload = Upload.objects.get()
    assert upload.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert upload.path.read_bytes() == CONTENT
    assert (upload.name, upload.is_complete) == ("ділянки.zip", True)


def test_bytes_at_a_wrong_place_are_refused_and_change_nothing(community: Community, browser: Client) -> None:
    address = create(browser)["Location"]
    send(browser, address, 0, CONTENT[:100])
    for offset in (0, 99, 101):
        answer = send(browser, address, offset, b"x")
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong-offset")
    assert Upload.objects.get().path.read_bytes() == CONTENT[:100]


def test_more_bytes_than_were_announced_are_refused(community: Community, browser: Client) -> None:
    address = create(browser, size=10)["Location"]
    assert send(browser, address, 0, b"x" * 11).status_code == 413
    assert not Upload.objects.get().is_complete


def test_a_line_that_breaks_keeps_what_arrived(community: Community, editor: User) -> None:
    upload = begin_upload(community=community, owner=editor, name="a.zip", size=len(CONTENT))

    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 256 * 1024:
                raise OSError("the line broke")
            return super().read(size)

    with pytest.raises(OSError, match="broke"):
        append_upload(upload=upload, offset=0, body=Breaking(CONTENT))
    upload = Upload.objects.get()
    assert upload.received == 256 * 1024
    upload = append_upload(upload=upload, offset=upload.received, body=io.BytesIO(CONTENT[upload.received :]))
    assert upload.path.read_bytes() == CONTENT


def test_what_a_killed_server_wrote_after_its_last_sync_does_not_count(
    community: Community, editor: User
) -> None:
    upload = begin_upload(community=community, owner=editor, name="a.zip", size=6)
    append_upload(upload=upload, offset=0, body=io.BytesIO(b"abc"))
    with upload.path.open("ab") as file:
        file.write(b"\0\0\0\0\0\0\0")
    append_upload(upload=Upload.objects.get(), offset=3, body=io.BytesIO(b"def"))
    assert Upload.objects.get().path.read_bytes() == b"abcdef"


def test_a_file_that_is_too_large_is_refused_before_any_byte(
    community: Community, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_UPLOAD_MB", "1")
    answer = create(browser, size=1024 * 1024 + 1)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert create(browser, size=1024 * 1024).status_code == 201


def test_no_file_is_taken_when_the_disk_is_short(
    community: Community, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "100")
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_MB", str(2**40))
    answer = create(browser)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk-short")
    assert not Upload.objects.exists()


def test_a_community_has_only_so_many_unfinished_files(
    community: Community, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_UNFINISHED_UPLOADS", "2")
    addresses = [create(browser, size=3)["Location"] for _number in range(2)]
    assert create(browser, size=3).status_code == 429
    send(browser, addresses[0], 0, b"abc")
    assert create(browser, size=3).status_code == 201


def test_a_file_that_is_removed_is_gone_from_the_disk(
    community: Community, browser: Client, django_capture_on_commit_callbacks: Any
) -> None:
    address = create(browser)["Location"]
    path = Upload.objects.get().path
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.delete(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert not path.exists()
    assert ask(browser, address).status_code == 404


def test_a_file_that_is_removed_in_a_step_that_fails_is_still_there(
    community: Community, editor: User
) -> None:
    upload = receive_upload(community=community, owner=editor, name="a.zip", chunks=[b"abc"])
    with pytest.raises(RuntimeError), transaction.atomic():
        discard_upload(upload)
        raise RuntimeError
    assert Upload.objects.get().path.read_bytes() == b"abc"


def test_a_file_whose_server_was_killed_after_the_last_byte_is_complete_when_it_is_asked_for(
    community: Community, editor: User, browser: Client
) -> None:
    address = create(browser, size=3)["Location"]
    send(browser, address, 0, b"abc")
    Upload.objects.update(sha256="")  # as it is between the last sync and the sum
    standing = ask(browser, address)
    assert (standing.status_code, standing["Upload-Offset"]) == (200, "3")
    assert Upload.objects.get().sha256 == hashlib.sha256(b"abc").hexdigest()


def test_somebody_elses_file_is_not_there(
    community: Community, browser: Client, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    address = create(browser)["Location"]
    for other in (client_of(user_with_role("admin")), client_of(None)):
        assert ask(other, address).status_code == 404
        assert send(other, address, 0, b"x").status_code in (403, 404)
        assert other.delete(address, headers={"Tus-Resumable": "1.0.0"}).status_code in (403, 404)
    assert ask(browser, address)["Upload-Offset"] == "0"


def test_a_viewer_sends_no_files(community: Community, user_with_role: MakeUser, client_of: ClientOf) -> None:
    assert create(client_of(user_with_role("viewer"))).status_code == 403
    assert create(client_of(None)).status_code == 403
    assert not Upload.objects.exists()


def test_another_version_of_the_protocol_is_refused_with_ours(community: Community, browser: Client) -> None:
    answer = create(browser, **{"Tus-Resumable": "0.2.2"})
    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")
    told = browser.options("/api/uploads")
    assert (told.status_code, told["Tus-Extension"]) == (204, "creation,termination,expiration")


def test_the_largest_file_that_is_told_is_the_largest_that_is_taken(
    community: Community, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_UPLOAD_MB", "1")
    monkeypatch.setenv("HROMADA_MAX_RASTER_UPLOAD_MB", "3")
    told = int(browser.options("/api/uploads")["Tus-Max-Size"])
    assert told == 3 * 1024 * 1024
    assert create(browser, size=told, name="ortho.tif").status_code == 201
    assert create(browser, size=told, name="a.zip").status_code == 413


@pytest.mark.parametrize("metadata", ["", "filename !!!", "filename eA==", "community //79"])
def test_metadata_that_cannot_be_read_is_a_problem_that_names_it(
    community: Community, browser: Client, metadata: str
) -> None:
    answer = create(browser, **{"Upload-Metadata": metadata})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "Upload-Metadata")


def test_an_empty_file_is_complete_at_once(community: Community, browser: Client) -> None:
    create(browser, size=0)
    assert Upload.objects.get().is_complete
