"""The steps of an import as plain pages: a file is given, checked, compared, applied and undone without a script."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gis_core.communities import Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.jobs.models import Job
from gis_core.people import User
from importers.models import Import, Upload
from layers import staging
from layers.models import Layer
from tests.conftest import make_community, square
from tests.frontend.html import Document
from tests.importers import files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")  # the disk of the machine is not the subject
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture
def editor(community: Community, user_with_role: Callable[..., User]) -> User:
    return user_with_role("editor")


@pytest.fixture
def client(editor: User, client_of: Callable[..., Client]) -> Client:
    return client_of(editor)


class Wizard:
    """A reader without scripts at one import: what the page says, and its forms sent as a browser would."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address

    @property
    def page(self) -> Document:
        return Document(self.client.get(self.address).content.decode())

    @property
    def words(self) -> str:
        return " ".join(self.page.words_of("main"))

    @property
    def importing(self) -> Import:
        return Import.objects.get(uuid=self.address.rstrip("/").rpartition("/")[2])

    def form(self, part: str, *, at: str = "") -> dict[str, Any]:
        """What the form of that part would send as it stands."""
        source = self.client.get(self.address + at).content.decode()
        start = source.index(f'name="part" value="{part}"')
        return {"part": part, **values(source[start : source.index("</form>", start)])}

    def choose(self, part: str, *, at: str = "", **changed: Any) -> Any:
        body = {
            name: value for name, value in {**self.form(part, at=at), **changed}.items() if value is not None
        }
        response = self.client.post(f"{self.address}choices/", body)
        run_ready_jobs()
        return response

    def act(self, action: str) -> Any:
        response = self.client.post(f"{self.address}{action}/")
        run_ready_jobs()
        return response


def values(source: str) -> dict[str, Any]:
    """Names and values of a form's controls that a browser would send."""
    sent: dict[str, Any] = {}
    name, chosen = "", None
    for tag in Document(source).tags:
        kind = tag.attributes.get("type", "")
        if tag.name == "input" and tag.attributes.get("name"):
            if kind not in ("checkbox", "radio") or "checked" in tag.attributes:
                default = "on" if kind in ("checkbox", "radio") else ""
                sent[tag.attributes["name"]] = tag.attributes.get("value", default)
        elif tag.name == "select":
            name, chosen = tag.attributes["name"], None
        elif tag.name == "option" and name and (chosen is None or "selected" in tag.attributes):
            sent[name] = chosen = tag.attributes["value"]
    return sent


def give(client: Client, *given: Path, **fields: str) -> Wizard:
    body = {"file": [SimpleUploadedFile(it.name, it.read_bytes()) for it in given], **fields}
    response = client.post("/demo/import/", body)
    assert response.status_code == 302, response.content.decode()
    run_ready_jobs()
    return Wizard(client, response.headers["Location"])


def imported(client: Client, file: Path, **fields: str) -> Wizard:
    wizard = give(client, file)
    wizard.choose("target", **fields)
    wizard.act("apply")
    return wizard


def test_a_file_goes_through_all_steps_without_a_script(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(3)))
    assert "3 рядки" in wizard.words
    assert wizard.form("target")["title_uk"], "suggested from the file's name"
    response = wizard.choose("target", title_uk="Земельні ділянки", access_level="public")
    assert response.headers["Location"] == wizard.address
    assert "Застосувати 3 зміни" in wizard.words
    assert not Layer.objects.filter(is_draft=False).exists(), "nothing is changed before it is applied"
    wizard.act("apply")
    layer = Layer.objects.get()
    assert (layer.slug, layer.local_title, layer.access_level, layer.feature_count) == (
        "zemelni_dilianky", "Земельні ділянки", "public", 3,
    )  # fmt: skip
    assert "3 об’єкти додано" in wizard.words
    assert wizard.page.links()["Показати шар"] == "/demo/layers/zemelni_dilianky/"
    wizard.act("revert")
    layer.refresh_from_db()
    assert layer.feature_count == 0
    assert "скасовано" in wizard.words


def test_the_same_file_again_changes_nothing_and_says_so(client: Client, tmp_path: Path) -> None:
    file = files.shapefile(tmp_path, files.parcels(3))
    imported(client, file, title_uk="Ділянки")
    again = give(client, file)
    layer = Layer.objects.get().slug
    again.choose("target", target="existing", layer=layer)
    assert "зіставлено" in again.words, "other fields to choose from are shown before anything is done"
    again.choose("target", mode="replace")
    assert "усе це вже є" in again.words or "Змінювати нічого" in again.words
    assert Layer.objects.get().feature_count == 3


def test_differences_are_shown_before_and_after_and_taken_row_by_row(client: Client, tmp_path: Path) -> None:
    frame = files.parcels(3)
    imported(client, files.shapefile(tmp_path, frame), title_uk="Ділянки")
    frame.loc[1, "NAZVA"] = "вул. Нова, 7"
    (tmp_path / "later").mkdir()
    wizard = give(client, files.shapefile(tmp_path / "later", frame.iloc[1:]))
    wizard.choose("target", target="existing", layer=Layer.objects.get().slug)
    wizard.choose("target", mode="replace")
    assert "Застосувати 2 зміни" in wizard.words
    page = wizard.page
    assert [tag.words for tag in page.all("ins")] == ["вул. Нова, 7"]
    assert ["Кам'янецька" in tag.words for tag in page.all("del")] == [True]
    shown = [tag.attributes["value"] for tag in page.all("input") if tag.attributes.get("name") == "shown"]
    assert len(shown) == 2
    removed = Document(client.get(f"{wizard.address}?kind=removed").content.decode())
    kept = [tag.attributes["value"] for tag in removed.all("input") if tag.attributes.get("name") == "row"]
    client.post(f"{wizard.address}review/", {"do": "rows", "shown": kept})
    assert "Застосувати 1 зміну" in wizard.words
    wizard.act("apply")
    assert Layer.objects.get().feature_count == 3, "what was not taken was not deleted"
    late = client.post(f"{wizard.address}review/", {"do": "accept"})
    assert late.status_code == 409
    assert "1 змінено" in wizard.words


def test_a_column_that_the_layer_is_about_to_gain_is_among_the_differences(
    client_of: Callable[..., Client], user_with_role: Callable[..., User], tmp_path: Path
) -> None:
    client = client_of(user_with_role("admin"))  # who alone gives a layer new fields
    frame = files.parcels(2)
    imported(client, files.shapefile(tmp_path, frame), title_uk="Ділянки", key_field="cadnum")
    frame["STAN"] = ["добрий", "потребує ремонту"]
    (tmp_path / "later").mkdir()
    wizard = give(client, files.shapefile(tmp_path / "later", frame))
    wizard.choose("target", target="existing", layer=Layer.objects.get().slug)
    wizard.choose("target", mode="update")
    assert "Застосувати 2 зміни" in wizard.words
    page = wizard.page
    assert [tag.words for tag in page.all("ins")] == ["добрий", "потребує ремонту"]
    assert sum("STAN" in words for words in page.words_of("dt")) == 2


def test_while_it_is_applied_the_page_does_not_look_at_the_differences(
    client: Client, tmp_path: Path
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    wizard.choose("target", title_uk="Ділянки")
    client.post(f"{wizard.address}apply/")
    changeset = wizard.importing.changeset
    assert changeset is not None
    staging.drop_staging(changeset)  # as the job does, before it is committed that it was applied
    assert "Застосовуємо зміни" in wizard.words
    document = client.get(f"/api/imports/{wizard.importing.uuid}").json()
    assert (document["status"], document["diff"]["added"]) == ("applying", 2)


def test_asking_how_far_it_is_costs_few_queries_and_no_look_at_the_differences(
    client: Client, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    wizard.choose("target", title_uk="Ділянки")
    with django_assert_num_queries(4) as asked:  # the session, its user, the import and its job
        told = client.get(f"{wizard.address}state/").json()
    assert (told["status"], told["working"], told["progress"]) == ("ready", False, None)
    assert not any("diff" in query["sql"].lower() for query in asked.captured_queries)


@pytest.mark.parametrize("rows", ["9" * 25, "1" * 19])
def test_a_row_of_no_table_is_a_wrong_parameter(client: Client, tmp_path: Path, rows: str) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    wizard.choose("target", title_uk="Ділянки")
    for name in ("shown", "row"):
        refused = client.post(f"{wizard.address}review/", {"do": "rows", name: rows})
        assert refused.status_code == 400
    many = client.post(f"{wizard.address}review/", {"do": "rows", "shown": [*map(str, range(10_001))]})
    assert many.status_code == 400


def test_a_comment_goes_with_the_import(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    Import.objects.update(choices={**wizard.importing.choices, "comment": "з оцифрування"})
    assert wizard.form("target")["comment"] == "з оцифрування"
    wizard.choose("target", title_uk="Ділянки")
    assert wizard.importing.choices["comment"] == "з оцифрування"


def test_who_may_only_look_at_an_import_is_offered_nothing_to_do(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    other = client_of(user_with_role("editor", email="other@example.org"))

    def forms() -> list[str]:
        page = Document(other.get(wizard.address).content.decode())
        return [
            tag.attributes["action"]
            for tag in page.all("form")
            if "/imports/" in tag.attributes.get("action", "")
        ]

    assert forms() == [], "the check"
    wizard.choose("target", title_uk="Ділянки")
    assert "Рядок за рядком" in Wizard(other, wizard.address).words
    assert forms() == [], "the differences"
    assert len(wizard.page.all("form")) > 2, "its owner is offered them"


def test_all_or_a_kind_is_taken_or_left_with_one_button(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(3)))
    wizard.choose("target", title_uk="Ділянки")
    client.post(f"{wizard.address}review/", {"do": "refuse", "kind": "added"})
    assert "Застосувати 0 змін" in wizard.words
    client.post(f"{wizard.address}review/", {"do": "accept", "kind": ""})
    assert "Застосувати 3 зміни" in wizard.words


def test_a_planner_can_go_back_and_leave_a_column_out(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    wizard.choose("target", title_uk="Ділянки")
    sources = [name for name in wizard.form("target", at="?step=check") if name.endswith("-source")]
    wizard.choose("target", at="?step=check", **{sources[0].replace("-source", "-keep"): None})
    wizard.act("apply")
    assert len(Layer.objects.get().fields) == len(sources) - 1


def test_the_target_is_chosen_before_the_file_is_given(
    client: Client, make_layer: Callable[..., Layer], tmp_path: Path
) -> None:
    make_layer("parcels", features=[(square(), {"name": "була"})])
    page = Document(client.get("/demo/import/?layer=parcels").content.decode())
    assert any("Шар parcels" in text for text in page.words_of("p"))
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)), layer="parcels")
    assert wizard.form("target")["layer"] == "parcels"


def test_parts_of_a_shapefile_are_given_together(client: Client, tmp_path: Path) -> None:
    archive = files.shapefile(tmp_path, files.parcels(2))
    (tmp_path / "parts").mkdir()
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "parts")
    wizard = give(client, *sorted((tmp_path / "parts").iterdir()))
    assert "2 рядки" in wizard.words
    assert Import.objects.count() == 1


HOSTILE = "<script>alert(1)</script>\"'><b>"


def test_names_and_values_of_a_file_stay_text(client: Client, tmp_path: Path) -> None:
    frame = files.parcels(2)
    frame["NAZVA"] = HOSTILE
    file = files.shapefile(tmp_path, frame)
    hostile = tmp_path / "<img src=x onerror=alert(1)>.zip"
    hostile.write_bytes(file.read_bytes())
    wizard = give(client, hostile)
    pages = [client.get(wizard.address).content.decode()]
    wizard.choose("target", title_uk=HOSTILE)
    pages.append(client.get(wizard.address).content.decode())
    wizard.act("apply")
    pages += [client.get(it).content.decode() for it in (wizard.address, "/demo/imports/")]
    for source in pages:
        assert "<img src=x" not in source
        assert "<script>alert" not in source
    assert HOSTILE in wizard.words


def test_a_file_that_cannot_be_read_says_why_and_leads_on(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "plan.dwg"
    file.write_bytes(b"AC1032" + bytes(100))
    wizard = give(client, file)
    assert "Імпорт не вдався" in wizard.words
    assert "DXF" in wizard.words
    assert wizard.page.links()["Імпортувати інший файл"] == "/demo/import/"
    wizard.act("discard")
    assert not Import.objects.exists()


def test_an_import_is_stopped_and_started_again(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    wizard.act("cancel")
    assert "зупинено" in wizard.words
    wizard.act("retry")
    assert "Показати відмінності" in client.get(wizard.address).content.decode()


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"title_uk": ""}, "Дайте новому шару назву"),
     ({"slug": "Має-бути-латиною"}, "Коротка назва"),
     ({"slug": "taken"}, "Шар із такою короткою назвою вже є"),
     ({"theme": "nonsense"}, "Тема"),
     ({"target": "existing", "layer": "closed"}, "Шар"),
     ({"target": "existing"}, "Виберіть шар, до якого належить файл")],
)  # fmt: skip
def test_a_form_that_does_not_hold_together_is_shown_again_with_its_errors(
    client: Client, make_layer: Callable[..., Layer], tmp_path: Path, fields: dict[str, str], told: str
) -> None:
    make_layer("taken")
    make_layer("closed", access_level="restricted")
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    response = wizard.choose("target", **fields)
    assert response.status_code == 422
    assert any(told in text for text in Document(response.content.decode()).words_of("li"))
    assert wizard.importing.status == "waiting"


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
        assert "1 MB" in response.content.decode()
    assert not Upload.objects.exists()


def test_the_form_cannot_be_sent_from_another_site(editor: User, tmp_path: Path) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    file = files.shapefile(tmp_path, files.parcels(1))
    response = client.post("/demo/import/", {"file": SimpleUploadedFile(file.name, file.read_bytes())})
    assert response.status_code == 403
    assert not Upload.objects.exists()


def test_the_state_is_told_once_and_not_sent_again(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    first = client.get(f"{wizard.address}state/")
    assert first.json()["status"] == "waiting"
    again = client.get(f"{wizard.address}state/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


ADDRESSES = ("", "state/", "?step=check")
ACTIONS = ("choices/", "review/", "apply/", "cancel/", "retry/", "discard/", "revert/")


@pytest.mark.parametrize("role", ["viewer", None])
def test_others_do_not_learn_that_there_is_an_import(
    client: Client,
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
    tmp_path: Path,
    role: Any,
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    other = client_of(user_with_role(role))
    absent = "/demo/imports/00000000-0000-4000-8000-000000000000/"
    for rest in ADDRESSES:
        assert other.get(wizard.address + rest).status_code == other.get(absent + rest).status_code == 404
        assert client.get(wizard.address + rest).status_code == 200, "the same request, allowed"
    for rest in ACTIONS:
        assert other.post(wizard.address + rest).status_code == 404, rest
    assert other.get("/demo/imports/").status_code == other.get("/demo/import/").status_code == 403
    assert Import.objects.get().status == "waiting"


def test_strangers_sign_in_first(client: Client, client_of: Callable[..., Client], tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    stranger = client_of(None)
    for address in (wizard.address, "/demo/imports/", "/demo/import/"):
        assert stranger.get(address).headers["Location"].startswith("/accounts/login/")
    for rest in ACTIONS:
        assert stranger.post(wizard.address + rest).headers["Location"].startswith("/accounts/login/"), rest
    assert stranger.get(f"{wizard.address}state/").status_code == 404


def test_an_import_is_not_found_under_another_community(client: Client, editor: User, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    make_community("other", "UA99000000000000002")
    assert client.get(wizard.address.replace("/demo/", "/other/")).status_code == 404


def test_a_job_of_an_import_leads_to_the_import(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    response = client.get(f"/demo/jobs/{wizard.importing.job}/")
    assert response.headers["Location"] == wizard.address


def test_a_system_that_the_file_does_not_say_is_chosen_among_cards(client: Client, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2), without=(".prj",)))
    assert "Потрібне ваше рішення" in wizard.words
    assert "Показати відмінності" not in wizard.words, "first things first"
    offered = [
        it.attributes["value"] for it in wizard.page.all("input") if it.attributes.get("name") == "crs"
    ]
    assert 1 <= len(offered) <= 3
    assert client.post(f"{wizard.address}choices/", {"part": "reading"}).status_code == 422, (
        "nothing was answered"
    )
    wizard.choose("reading", crs="EPSG:9832")
    assert "МСК-05, Вінницька область" in wizard.words
    wizard.choose("target", title_uk="Ділянки")
    wizard.act("apply")
    extent = Layer.objects.get().extent
    assert extent is not None
    assert extent[:2] == pytest.approx([29.24, 48.68], abs=1e-5)


def test_of_several_layers_each_chosen_one_becomes_an_import(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "plan.gpkg"
    for name in ("one", "two", "three"):
        files.parcels(2).to_file(file, layer=name, driver="GPKG")
    wizard = give(client, file)
    assert "Які шари файлу?" in wizard.words
    refused = client.post(f"{wizard.address}choices/", {"part": "layers"})
    assert refused.status_code == 422
    wizard.choose("layers", source_layer=["one", "three"])
    assert sorted(it.choices["source_layer"] for it in Import.objects.all()) == ["one", "three"]
    assert Upload.objects.count() == 1, "the same file for both"
    assert {it.status for it in Import.objects.all()} == {"waiting"}, "each is checked before it is compared"
    assert Job.objects.count() == 1, "the file is read once"
    for importing in Import.objects.all():
        title = f"Шар {importing.choices['source_layer']}"
        Wizard(client, f"/demo/imports/{importing.uuid}/").choose("target", title_uk=title)
    assert {it.status for it in Import.objects.all()} == {"ready"}


def test_who_manages_the_community_chooses_layers_of_a_file_that_somebody_else_sent(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    file = tmp_path / "plan.gpkg"
    for name in ("one", "two"):
        files.parcels(1).to_file(file, layer=name, driver="GPKG")
    wizard = give(client, file)
    Wizard(client_of(user_with_role("admin")), wizard.address).choose("layers", source_layer=["one", "two"])
    assert sorted(it.choices["source_layer"] for it in Import.objects.all()) == ["one", "two"]


def test_a_remark_that_sums_up_many_values_shows_how_many(client: Client, tmp_path: Path) -> None:
    frame = files.parcels(3)
    frame["PLOSHCHA"] = ["1,5 га", "2 га", "3,25 га"]
    wizard = give(client, files.shapefile(tmp_path, frame))
    wizard.choose("target", title_uk="Ділянки")
    importing = wizard.importing
    sums = [it for it in importing.issues.all() if it.row is None and "count" in it.params]
    assert sums, "the file was made so that there is one"
    source = client.get(wizard.address).content.decode()
    assert all(f'<span class="figure-number">{it.params["count"]}</span>' in source for it in sums)
    assert 'href="#issues-title"' in source


def test_letters_that_look_alike_are_put_right_when_somebody_says_so(client: Client, tmp_path: Path) -> None:
    frame = files.parcels(1)
    frame["NAZVA"] = "Цeнтральна"  # with a Latin e
    wizard = give(client, files.shapefile(tmp_path, frame))
    assert "Виправити латинські" not in wizard.words, "asked only where there is something to put right"
    wizard.choose("target", title_uk="Ділянки")
    assert wizard.page.links()["Виправити літери"].endswith("?step=check#letters")
    wizard.choose("target", at="?step=check", fix_lookalikes="on")
    assert wizard.importing.choices["fix_lookalikes"] is True
    assert "Центральна" in wizard.words
    assert "Виправити літери" not in wizard.page.links()
    assert wizard.form("target", at="?step=check")["fix_lookalikes"] == "on"


def test_places_of_remarks_are_shown_on_a_map_also_where_nothing_came_of_the_import(
    client: Client, tmp_path: Path
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    issue = wizard.importing.issues.create(
        rule="invalid-geometry", done="rejected", row=1, point=Point(29.2, 48.7)
    )
    Import.objects.update(status="failed", question=None, issue_counts={"invalid-geometry": 1})
    (shown,) = wizard.page.all("import-diff-map")
    assert shown.attributes["data-issues"].endswith("/issues.geojson")
    assert any(tag.attributes.get("id") == "import-map-config" for tag in wizard.page.all("script"))
    assert [
        tag.attributes["data-point"] for tag in wizard.page.all("tr") if "data-point" in tag.attributes
    ] == ["29.2,48.7"]
    issue.delete()
    assert wizard.page.all("import-diff-map") == []


def test_remarks_quote_values_only_to_who_may_read_them(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: Callable[..., User],
    make_layer: Callable[..., Layer],
) -> None:  # fmt: skip
    fields = [{"key": "nazva", "title": {"uk": "Назва"}, "type": "string", "access": "restricted"}]
    make_layer("names", fields=fields)
    frame = files.parcels(1)
    frame["NAZVA"] = "Цeнтральна"
    wizard = give(client, files.shapefile(tmp_path, frame), layer="names")
    Import.objects.update(owner=user_with_role("admin"))
    wizard.importing.issues.create(
        rule="lookalike-letters", done="kept", field="nazva", value="таємниця", params={"corrected": "?"}
    )
    Import.objects.update(status="failed", question=None, issue_counts={"lookalike-letters": 1})
    assert "таємниця" not in client.get(wizard.address).content.decode()
    assert (
        "таємниця"
        in client_of(User.objects.get(email="admin@example.org")).get(wizard.address).content.decode()
    )
