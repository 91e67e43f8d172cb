"""The steps of an import over HTTP, as a program takes them."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db.models import Count
from django.test import Client

from gis_core.communities import Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import User, create_api_token
from importers.issues import keep_issues
from importers.letters import without_lookalikes
from importers.models import Import, ImportIssue, Upload
from layers.models import Feature, Layer
from tests.importers import files
from tests.importers.data import REAL, needs_real_data

MakeUser = Callable[..., User]
ClientOf = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")


@pytest.fixture
def browser(user_with_role: MakeUser, client_of: ClientOf) -> Client:
    return client_of(user_with_role("editor"))


def send(client: Client, file: Path, **fields: Any) -> Any:
    body = {"file": SimpleUploadedFile(file.name, file.read_bytes()), "community": "demo", **fields}
    return client.post("/api/imports", body)


def patch(client: Client, path: str, body: Any) -> Any:
    return client.patch(path, body, content_type="application/json")


def test_a_file_in_one_request_is_prepared_reviewed_applied_and_undone(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    answer = send(browser, files.shapefile(tmp_path, files.parcels(3)), layer="parcels")
    assert answer.status_code == 202
    address = answer["Location"].removeprefix("http://testserver")
    run_ready_jobs()
    document = browser.get(address).json()
    assert (document["status"], document["diff"]["added"], document["diff"]["accepted"]) == ("ready", 3, 3)
    rows = browser.get(f"{address}/diff?kind=added&limit=2").json()
    assert len(rows["rows"]) == 2
    assert rows["rows"][0]["after"]["cadnum"]
    rest = browser.get(f"{address}/diff?kind=added&limit=2&after={rows['next']}").json()
    assert (len(rest["rows"]), rest["next"]) == (1, None)
    shapes = browser.get(f"{address}/diff.geojson").json()
    assert len(shapes["features"]) == 3
    refused = patch(browser, f"{address}/diff", {"rows": [rows["rows"][0]["id"]], "accepted": False}).json()
    assert (refused["concerned"], refused["counts"]["accepted"]) == (1, 2)
    assert browser.post(f"{address}/apply").status_code == 202
    run_ready_jobs()
    assert browser.get(address).json()["status"] == "applied"
    assert Feature.objects.count() == 2
    assert browser.post(f"{address}/revert").status_code == 202
    run_ready_jobs()
    assert browser.get(address).json()["status"] == "reverted"
    assert not Feature.objects.exists()


def test_the_same_file_again_changes_nothing_and_says_so(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3))
    send(browser, file, layer="parcels", apply="true")
    run_ready_jobs()
    answer = send(browser, file, layer="parcels", mode="replace", apply="true")
    run_ready_jobs()
    document = browser.get(answer["Location"]).json()
    assert (document["status"], document["diff"]["unchanged"], document["changeset"]) == (
        "unchanged",
        3,
        None,
    )
    assert Layer.objects.get().revision == 1


def test_the_parts_of_a_shapefile_sent_apart_form_one_import(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    import zipfile

    zipped = files.shapefile(tmp_path, files.parcels(3))
    with zipfile.ZipFile(zipped) as archive:
        parts = [SimpleUploadedFile(Path(name).name, archive.read(name)) for name in archive.namelist()]
    body = {"file": parts, "community": "demo", "layer": "parcels", "apply": "true"}
    answer = browser.post("/api/imports", body)
    run_ready_jobs()
    document = browser.get(answer["Location"]).json()
    assert (document["status"], document["name"].endswith(".shp")) == ("applied", True)
    assert Feature.objects.count() == 3


def test_a_question_about_letters_shows_rows_and_how_sure_each_reading_is(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    table = tmp_path / "вулиці.csv"
    table.write_bytes("lat;lon;nazva\n48,68;29,24;є\n48,681;29,241;ґ\n".encode("cp1251"))
    address = send(browser, table, layer="streets")["Location"]
    run_ready_jobs()
    document = browser.get(address).json()
    assert document["question"]["code"] == "encoding-unknown"
    asked = document["question"]["params"]["options"]
    assert asked == document["inspection"]["layers"][0]["encoding_options"]
    assert asked[0]["confidence"] > 0
    assert any("є" in row.values() for option in asked for row in option["rows"])


def test_a_question_about_the_system_shows_where_each_would_put_the_data(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3), without=[".prj"])
    address = send(browser, file, layer="parcels")["Location"]
    run_ready_jobs()
    document = browser.get(address).json()
    assert document["question"]["code"] == "crs-unknown"
    asked = document["question"]["params"]["options"]
    assert asked == document["inspection"]["layers"][0]["crs_options"]
    assert asked[0]["points"]
    assert {"swapped", "score", "operation", "accuracy_m"} <= set(asked[0])


def test_polling_costs_a_304_while_nothing_changes(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    address = send(browser, files.shapefile(tmp_path, files.parcels(3)), layer="parcels")["Location"]
    first = browser.get(address)
    assert browser.get(address, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    run_ready_jobs()
    assert browser.get(address, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 200


def test_a_wrong_decision_is_a_problem_that_names_it(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    address = send(browser, files.shapefile(tmp_path, files.parcels(3)))["Location"]
    run_ready_jobs()
    assert browser.get(address).json()["question"]["code"] == "layer-needed"
    answer = patch(browser, address, {"layer": "Ділянки"})
    assert (answer.status_code, answer.json()["code"], answer.json()["choice"]) == (
        422,
        "bad-choice",
        "layer",
    )
    answer = patch(browser, address, {"layer": "parcels", "key_field": "nowhere"})
    assert (answer.status_code, answer.json()["code"]) == (400, "field-not-in-file")
    assert patch(browser, address, {"layer": "parcels"}).json()["status"] == "preparing"


def test_names_in_a_file_are_taken_with_their_blanks(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    file = files.geopackage(tmp_path, files.points(2).rename(columns={"name": "name "}), layer="Аркуш1 ")
    files.geopackage(tmp_path, files.points(1), layer="b")
    address = send(browser, file, source_layer="Аркуш1 ", layer="first", apply="true")["Location"]
    run_ready_jobs()
    assert browser.get(address).json()["status"] == "applied"
    files.geopackage(tmp_path, files.points(2), layer="c")  # else it would be known again
    address = send(browser, file)["Location"]
    run_ready_jobs()
    answer = browser.post(f"{address}/split", {"source_layers": ["Аркуш1 "]}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    run_ready_jobs()
    told = {"layer": "parcels", "mapping": [{"source": "name ", "key": "nazva"}], "key_field": "name "}
    told |= {"keep_personal": {"name ": "так"}}
    answer = patch(browser, address, told)
    assert answer.status_code == 200, answer.content.decode()
    assert answer.json()["choices"]["keep_personal"] == {"name ": "так"}
    run_ready_jobs()
    endless = patch(browser, address, {"mapping": [{"source": "x" * 1001}]})
    assert (endless.status_code, endless.json()["choice"]) == (422, "mapping[0].source")


def test_a_column_that_tells_rows_apart_is_proposed_as_the_key(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    frame = files.parcels(3).rename(columns={"CADNUM": "cad_num"})
    address = send(browser, files.shapefile(tmp_path, frame))["Location"]
    run_ready_jobs()
    document = browser.get(address).json()
    assert document["proposed_key"] == "cad_num"
    frame["cad_num"] = "0510600000:01:001:0001"
    address = send(browser, files.shapefile(tmp_path, frame, name="same"))["Location"]
    run_ready_jobs()
    assert browser.get(address).json()["proposed_key"] == ""


def test_a_token_works_without_a_session_and_a_session_needs_the_forgery_check(
    community: Community, user_with_role: MakeUser, tmp_path: Path
) -> None:
    editor = user_with_role("editor")
    file = files.shapefile(tmp_path, files.parcels(3))
    token = create_api_token(user=editor, name="program")
    program = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})
    assert send(program, file, layer="parcels").status_code == 202
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(editor)
    answer = send(forged, file, layer="parcels")
    assert (answer.status_code, answer.json()["code"]) == (403, "forgery-check-failed")
    assert Import.objects.count() == 1


@needs_real_data
@pytest.mark.parametrize("fix", [False, True])
@pytest.mark.parametrize("door", ["multipart", "choices", "command"])
def test_latin_letters_in_cyrillic_words_are_put_right_only_where_that_is_chosen(
    community: Community, browser: Client, door: str, fix: bool
) -> None:
    file = REAL / "boundaries" / "kse_hromadas_near_seas_cyrillic.zip"
    if door == "command":
        options = {"community": "demo", "layer": "hromadas", "fix_lookalikes": fix}
        call_command("import_data", str(file), verbosity=0, **options)
    elif door == "multipart":
        send(browser, file, layer="hromadas", apply="true", fix_lookalikes=fix)
    else:
        address = send(browser, file)["Location"]
        run_ready_jobs()
        patch(browser, address, {"layer": "hromadas", "fix_lookalikes": fix, "until": "apply"})
    run_ready_jobs()
    issues = Import.objects.get().issues.filter(rule="lookalike-letters", field="ADMIN_3")
    assert list(issues.values_list("done").annotate(Count("id"))) == [("changed" if fix else "kept", 69)]
    names = [row["admin_3"] for row in Feature.objects.values_list("properties", flat=True)]
    assert len(names) == 257
    assert sum(without_lookalikes(name) != name for name in names) == (0 if fix else 69)


def test_an_oversized_body_is_refused_by_its_length_alone(
    community: Community, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_UPLOAD_MB", "1")

    class Unread(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("the body was read")

    answer = browser.generic(
        "POST", "/api/imports", b"x", content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(3 * 1024 * 1024), **{"wsgi.input": Unread()},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert not Upload.objects.exists()


def test_nobody_else_finds_an_import_by_its_address(
    community: Community, browser: Client, user_with_role: MakeUser, client_of: ClientOf, tmp_path: Path
) -> None:
    address = send(browser, files.shapefile(tmp_path, files.parcels(3)), layer="parcels")["Location"]
    run_ready_jobs()
    paths = ["", "/diff", "/diff.geojson", "/issues", "/issues.csv", "/issues.geojson"]
    for reader in (client_of(None), client_of(user_with_role("viewer")), client_of(user_with_role(None))):
        for path in paths:
            absent = reader.get(f"/api/imports/00000000-0000-4000-8000-000000000000{path}")
            hidden = reader.get(f"{address}{path}")
            assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
            assert hidden.status_code == 404
        for step in ("prepare", "apply", "cancel", "retry", "revert"):
            assert reader.post(f"{address}/{step}").status_code in (403, 404)
        assert reader.delete(address).status_code in (403, 404)
        assert reader.get("/api/imports").json()["imports"] == []
    assert all(browser.get(f"{address}{path}").status_code == 200 for path in paths)
    assert Import.objects.exists()


def test_values_of_a_file_are_closed_to_editors_to_whom_a_field_of_its_layer_is(
    community: Community, user_with_role: MakeUser, client_of: ClientOf, tmp_path: Path
) -> None:
    admin, editor = client_of(user_with_role("admin")), client_of(user_with_role("editor"))
    send(admin, files.shapefile(tmp_path, files.parcels(3)), layer="parcels", apply="true")
    run_ready_jobs()
    table = tmp_path / "вулиці.csv"
    table.write_bytes("lat;lon;nazva\n48,68;29,24;є\n48,681;29,241;ґ\n".encode("cp1251"))
    addresses = [
        send(admin, files.shapefile(tmp_path, files.parcels(3)), layer="parcels", mode="replace")["Location"],
        send(admin, table, layer="parcels", mode="append")["Location"],
    ]
    run_ready_jobs()

    def told(reader: Client) -> str:
        return "".join(reader.get(address).content.decode() for address in addresses)

    assert "0510600000:01:001" in told(editor)
    layer = Layer.objects.get()
    layer.fields = [{**item, "access": "restricted"} for item in layer.fields]
    layer.save()
    values = ("0510600000:01:001", "Кам'янецька", "0.75", '"є', "48,681", "є, ґ")
    seen, hidden = told(admin), told(editor)
    assert [value for value in values if value in hidden] == []
    assert all(value in seen for value in values[:4])
    asked = Import.objects.latest("pk")
    options = cast(dict[str, Any], asked.inspection)["layers"][0]["encoding_options"]
    question = {
        "code": "encoding-unknown",
        "params": {"layer": "x", "options": options, "choices": "cp1251: є, ґ"},
    }
    Import.objects.filter(pk=asked.pk).update(question=question)
    document = editor.get(addresses[1]).json()
    assert document["question"]["params"]["options"][0]["encoding"] == "cp1251"
    assert [value for value in values if value in str(document)] == []


def test_values_of_a_file_for_a_layer_that_is_yet_to_come_are_open_to_those_who_may_steer_alone(
    community: Community, user_with_role: MakeUser, client_of: ClientOf, tmp_path: Path
) -> None:
    owner, other, admin = (client_of(user_with_role(role)) for role in ("editor", "reviewer", "admin"))
    file = files.shapefile(tmp_path, files.parcels(3))
    waiting = send(owner, file)["Location"]  # no layer is named yet
    prepared = send(owner, file, layer="parcels")["Location"]
    run_ready_jobs()
    for address in (waiting, prepared):
        told = [reader.get(address).content.decode() for reader in (owner, admin, other)]
        assert ["0510600000:01:001" in text for text in told] == [True, True, False]
        assert other.get(f"{address}/issues").status_code == 404


def test_issues_are_a_list_a_table_in_the_readers_language_and_a_map(
    community: Community, browser: Client, tmp_path: Path
) -> None:
    address = send(browser, files.shapefile(tmp_path, files.parcels(3)), layer="parcels")["Location"]
    importing = Import.objects.get()
    (tmp_path / "issues.jsonl").write_text(
        '{"row": 2, "rule": "value-not-a-number", "done": "nulled", "field": "PLOSHA", "value": "=1+1",'
        ' "params": {}, "point": [29.24, 48.68]}\n'
        '{"row": 3, "rule": "text-damaged", "done": "kept", "field": "N\\u0000\\t\\\\", "value": "a\\nb",'
        ' "params": {"x": 1.5}}\n',
        encoding="utf-8",
    )
    keep_issues(importing, tmp_path / "issues.jsonl")
    assert ImportIssue.objects.get(row=3).field == "N\t\\"
    listed = browser.get(f"{address}/issues?limit=1").json()
    assert listed["issues"][0]["row"] == 2
    assert len(browser.get(f"{address}/issues?limit=1&after={listed['next']}").json()["issues"]) == 1
    assert len(browser.get(f"{address}/issues?rule=text-damaged").json()["issues"]) == 1
    tables = {}
    token = create_api_token(user=cast(User, importing.owner), name="program")
    for language in ("uk", "en"):
        told = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        answer = Client().get(f"{address}/issues.csv", headers=told)
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        tables[language] = list(csv.reader(io.StringIO(text)))
    assert tables["uk"][1][2] == "'=1+1"
    assert "is no number" in tables["en"][1][3]
    assert tables["uk"][1][3] != tables["en"][1][3]
    places = browser.get(f"{address}/issues.geojson").json()["features"]
    assert [place["geometry"]["coordinates"] for place in places] == [[29.24, 48.68]]


def test_the_list_is_paged_newest_first_at_a_steady_cost(
    community: Community, browser: Client, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        send(browser, files.shapefile(tmp_path, files.parcels(1)), layer=f"parcels_{number}")
    with django_assert_max_num_queries(8):
        first = browser.get("/api/imports?community=demo&limit=3").json()
    assert [item["status"] for item in first["imports"]] == ["inspecting"] * 3
    rest = browser.get(f"/api/imports?community=demo&limit=3&after={first['next']}").json()
    assert (len(rest["imports"]), rest["next"]) == (2, None)
