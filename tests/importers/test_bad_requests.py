"""Wrong requests to the addresses of imports and uploads: each is refused with one clear problem, none breaks the
server, and nothing of them is kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gis_core.communities import Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import Membership, User
from importers.models import Import, Upload
from importers.uploads import receive_upload
from tests.conftest import make_community
from tests.importers import files

MakeUser = Callable[..., User]
ClientOf = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db

LONG = "я" * 100_000
HUGE = 10**400
ODD: dict[str, Any] = {
    "null": None, "true": True, "a number": 5, "a negative number": -1, "a huge number": HUGE, "1e400": 1e308 * 10,
    "a list": [], "a list of lists": [[[]]], "an object": {"a": {"b": []}}, "NUL": "a\x00b", "long": LONG,
    "a lone surrogate": "\ud800", "markup": "<b>%s%(x)s</b>", "a list of objects": [{}], "a path": "../../etc/passwd",
}  # fmt: skip
CHOICES = (
    "source_layer", "layer", "title", "theme", "standard", "access_level", "crs", "swap_xy", "encoding", "mode",
    "key_field", "mapping", "unmapped", "keep_personal", "fix_lookalikes", "place_column", "accept_outside",
    "comment", "until", "nothing_such",
)  # fmt: skip
MEANT = {
    ("swap_xy", "null"), ("swap_xy", "true"), ("key_field", "null"), ("fix_lookalikes", "true"),
    ("accept_outside", "true"), ("mapping", "a list"), ("comment", "markup"), ("comment", "a path"),
    *((choice, name) for choice in ("crs", "encoding", "place_column") for name in ("markup", "a path")),
}  # fmt: skip
"""Values that mean something, or of which only the file can tell that they do not."""
PARTS = ("source", "key", "type", "title", "unit", "keep", "nothing_such")


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


@pytest.fixture
def browser(editor: User, client_of: ClientOf) -> Client:
    client = client_of(editor)
    client.raise_request_exception = False
    return client


@pytest.fixture
def upload(community: Community, editor: User, tmp_path: Path) -> Upload:
    file = files.shapefile(tmp_path, files.parcels(3))
    return receive_upload(community=community, owner=editor, name=file.name, chunks=[file.read_bytes()])


@pytest.fixture
def ready(browser: Client, upload: Upload) -> str:
    """The address of an import whose differences wait to be looked at."""
    body = {
        "community": "demo",
        "uploads": [str(upload.uuid)],
        "choices": {"layer": "parcels", "until": "prepare"},
    }
    answer = browser.post("/api/imports", body, content_type="application/json")
    run_ready_jobs()
    address: str = answer["Location"].removeprefix("http://testserver")
    assert browser.get(address).json()["status"] == "ready"
    return address


def wrong(answer: Any, *about: object) -> str:
    """The code of a refusal: one problem (RFC 9457) of the 4xx, with a sentence that is not endless."""
    assert 400 <= answer.status_code < 500, (*about, answer.status_code, answer.content[:500])
    assert answer["Content-Type"].startswith("application/problem+json"), (*about, answer["Content-Type"])
    problem = answer.json()
    assert problem["status"] == answer.status_code, about
    assert problem["code"], about
    assert 0 < len(problem["detail"]) < 2000, (*about, problem["detail"][:300])
    return str(problem["code"])


def as_json(client: Client, method: str, address: str, body: Any) -> Any:
    text = json.dumps(body) if not isinstance(body, bytes) else body
    return client.generic(method, address, text, content_type="application/json")


@pytest.mark.parametrize("name", ODD)
def test_an_import_is_begun_by_no_odd_value(name: str, browser: Client, upload: Upload) -> None:
    good: dict[str, Any] = {"community": "demo", "uploads": [str(upload.uuid)], "choices": {}}
    wrong(as_json(browser, "POST", "/api/imports", ODD[name]))
    for part in good:
        body = good | {part: ODD[name]}
        wrong(as_json(browser, "POST", "/api/imports", body), part)
    wrong(as_json(browser, "POST", "/api/imports", good | {"uploads": [ODD[name]]}))
    assert not Import.objects.exists()


@pytest.mark.parametrize("choice", CHOICES)
def test_no_choice_takes_an_odd_value(choice: str, browser: Client, upload: Upload, ready: str) -> None:
    for name, value in ODD.items():
        if (choice, name) in MEANT:
            continue
        wrong(as_json(browser, "PATCH", ready, {choice: value}), name)
        body = {"community": "demo", "uploads": [str(upload.uuid)], "choices": {choice: value}}
        started = as_json(browser, "POST", "/api/imports", body)
        if started.status_code != 202:  # what only the file can tell is asked once that was read
            wrong(started, name)
    assert browser.get(ready).json()["status"] == "ready"


@pytest.mark.parametrize("part", PARTS)
def test_no_part_of_the_choice_about_a_column_takes_an_odd_value(
    part: str, browser: Client, ready: str
) -> None:
    meant = {("keep", "true"), ("unit", "markup"), ("unit", "a path")}
    for name, value in ODD.items():
        if (part, name) not in meant:
            body = {"mapping": [{"source": "KADNUM", part: value}]}
            wrong(as_json(browser, "PATCH", ready, body), name)


NO_OBJECTS = [b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":1e999}']


@pytest.mark.parametrize(("method", "tail"), [("PATCH", ""), ("PATCH", "/diff"), ("POST", "/split")])
def test_what_is_no_object_of_json_is_refused(method: str, tail: str, browser: Client, ready: str) -> None:
    for body in NO_OBJECTS:
        wrong(as_json(browser, method, f"{ready}{tail}", body), body[:20])


def test_neither_differences_nor_layers_are_chosen_by_odd_values(browser: Client, ready: str) -> None:
    for name, value in ODD.items():
        wrong(as_json(browser, "POST", f"{ready}/split", {"source_layers": value}), name)
        wrong(as_json(browser, "POST", f"{ready}/split", {"source_layers": [value]}), name)
        wrong(as_json(browser, "PATCH", f"{ready}/diff", {"accepted": True, "kind": value}), name)
        if name != "a list":  # no row at all
            wrong(as_json(browser, "PATCH", f"{ready}/diff", {"accepted": True, "rows": value}), name)
        if name != "a number":
            wrong(as_json(browser, "PATCH", f"{ready}/diff", {"accepted": True, "rows": [value]}), name)
        if name != "true":
            wrong(as_json(browser, "PATCH", f"{ready}/diff", {"accepted": value}), name)
    assert browser.get(ready).json()["diff"]["accepted"] == 3


WORDS = [
    "",
    "x",
    "-1",
    "0x10",
    "9" * 400,
    "1e9",
    "NaN",
    "%00",
    "я" * 5000,
    "[]",
    "1,2,3",
    "0,0,0,0,0",
    "nan,nan,nan,nan",
]


@pytest.mark.parametrize("tail", ["/diff", "/diff.geojson", "/issues", "/issues.csv", "/issues.geojson"])
def test_questions_about_an_import_take_no_odd_parameters(tail: str, browser: Client, ready: str) -> None:
    wrong(browser.get(f"{ready}{tail}?nothing_such=1"))
    for name in ("kind", "limit", "after", "bbox", "rule"):
        for value in WORDS:
            answer = browser.get(f"{ready}{tail}?{name}={value}")
            if answer.status_code != 200:
                wrong(answer, name, value)
            else:  # an unknown rule has no issue, and a smaller limit is taken for one that is too large
                assert (name, value) in {("after", "")} or name in ("rule", "limit"), (tail, name, value)


def test_steps_do_not_look_at_what_is_sent_with_them(browser: Client, ready: str) -> None:
    for step in ("revert", "retry", "nothing_such", "prepare", "apply", "cancel"):
        for name, value in ODD.items():
            answer = as_json(browser, "POST", f"{ready}/{step}", value)
            if answer.status_code != 202:
                wrong(answer, step, name)


@pytest.mark.parametrize(
    "uuid", ["x", "0", "9" * 400, "%00", "../imports", "00000000-0000-4000-8000-000000000000"]
)
def test_an_import_that_is_none_is_not_found(uuid: str, community: Community, browser: Client) -> None:
    for tail in ("", "/diff", "/diff.geojson", "/issues", "/issues.csv", "/issues.geojson"):
        assert browser.get(f"/api/imports/{uuid}{tail}").status_code == 404
    for step in ("prepare", "apply", "cancel", "retry", "revert", "split"):
        assert browser.post(f"/api/imports/{uuid}/{step}").status_code == 404
    assert browser.delete(f"/api/imports/{uuid}").status_code == 404


def test_uploads_and_communities_of_others_do_not_exist(community: Community, browser: Client) -> None:
    strange, other = (
        make_community("other", "UA99000000000000002"),
        User.objects.create_user("other@example.org"),
    )
    Membership.objects.create(user=other, community=strange, role="editor")
    theirs = receive_upload(community=strange, owner=other, name="a.csv", chunks=[b"a;b\n1;2\n"])
    for where in ("demo", "other"):
        body = {"community": where, "uploads": [str(theirs.uuid)], "choices": {}}
        assert as_json(browser, "POST", "/api/imports", body).status_code == 404
    wrong(as_json(browser, "POST", "/api/imports", {"community": "demo", "uploads": [str(uuid4())]}))
    sent = SimpleUploadedFile("a.csv", b"a;b\n1;2\n")
    wrong(browser.post("/api/imports", {"community": "other", "file": sent}))
    told = {"Tus-Resumable": "1.0.0"}
    assert browser.head(f"/api/uploads/{theirs.uuid}", headers=told).status_code == 404
    assert browser.delete(f"/api/uploads/{theirs.uuid}", headers=told).status_code == 404
    assert Upload.objects.count() == 1


FORM = {
    "community": ["", "я", "\x00", LONG, "-1"],
    "layer": ["Ділянки", "a b", "\x00", LONG],
    "title_uk": [LONG], "theme": ["x", LONG], "access_level": ["x", LONG], "crs": [LONG], "encoding": [LONG],
    "mode": ["x"], "standard": [LONG], "comment": [LONG], "apply": ["x", LONG], "fix_lookalikes": ["x"],
    "mapping": ["x", "{}", "5", '"x"', "[5]", "[[]]", '[{"source": 5}]', "[" * 5000, '[{"source": "a", "key": "Я"}]'],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in FORM for value in FORM[name]])
def test_a_form_with_an_odd_field_is_refused_and_its_file_is_not_kept(
    name: str, value: str, community: Community, browser: Client, tmp_path: Path
) -> None:
    sent = SimpleUploadedFile("a.csv", b"a;b\n1;2\n")
    wrong(browser.post("/api/imports", {"community": "demo", "file": sent, name: value}))
    assert not Upload.objects.exists()
    assert not [path for path in (tmp_path / "var").rglob("*") if path.is_file()]


def test_a_form_without_a_file_or_of_another_kind_is_refused(community: Community, browser: Client) -> None:
    wrong(browser.post("/api/imports", {"community": "demo"}))
    wrong(browser.post("/api/imports", {"community": "demo", "file": "text"}))
    wrong(browser.post("/api/imports", b"--x\r\nnothing", content_type="multipart/form-data; boundary=x"))
    wrong(browser.post("/api/imports", b"", content_type="multipart/form-data"))
    wrong(browser.post("/api/imports", b"<a/>", content_type="application/xml"))


METADATA = [
    "",
    "x",
    "filename",
    "filename !!!",
    "filename /w==,community ZGVtbw==",
    "community ZGVtbw==",
    ",",
]


@pytest.mark.parametrize("length", ["", "x", "-1", "1.5", "9" * 400, "1e3", "٣"])
@pytest.mark.parametrize("metadata", [*METADATA, "filename YS5jc3Y=,community ZGVtbw=="])
def test_an_upload_of_an_odd_length_or_name_is_not_begun(
    length: str, metadata: str, community: Community, browser: Client
) -> None:
    told = {"Tus-Resumable": "1.0.0", "Upload-Length": length, "Upload-Metadata": metadata}
    wrong(browser.post("/api/uploads", headers=told, content_type="application/offset+octet-stream"))
    assert not Upload.objects.exists()


@pytest.mark.parametrize("metadata", [it for it in METADATA if it != "community ZGVtbw=="])
def test_an_upload_without_a_community_is_not_begun(
    metadata: str, community: Community, browser: Client
) -> None:
    told = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": metadata}
    wrong(browser.post("/api/uploads", headers=told, content_type="application/offset+octet-stream"))


@pytest.mark.parametrize("offset", ["", "x", "-1", "1", "9" * 400, "1.0"])
def test_bytes_at_an_odd_place_are_not_taken(offset: str, browser: Client, upload: Upload) -> None:
    told = {"Tus-Resumable": "1.0.0", "Upload-Offset": offset}
    answer = browser.patch(
        f"/api/uploads/{upload.uuid}", b"x", headers=told, content_type="application/offset+octet-stream"
    )
    wrong(answer)
    assert Upload.objects.get().received == upload.received
