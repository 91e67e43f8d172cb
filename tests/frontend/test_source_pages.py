"""The source of a layer on the layer's page: set up, looked at, fetched and taken away without a script."""

from collections.abc import Callable
from typing import Any

# ruff: noqa: F811 -- fixtures are parameters
import pytest
from django.test import Client

from gis_core.jobs.models import Job
from gis_core.people import User
from importers.models import Import, LayerSource
from layers.models import Feature, Layer
from tests.frontend.html import HOSTILE, Document
from tests.importers.harvest.server import Answer, Site
from tests.importers.harvest.test_rounds import here, layer, one_round, trees  # noqa: F401 -- fixtures

pytestmark = pytest.mark.django_db

PAGE = "/demo/layers/trees/"
SAVE, RUN, REMOVE = f"{PAGE}source/", f"{PAGE}source/run/", f"{PAGE}source/remove/"


@pytest.fixture
def admin(user_with_role: Callable[..., User]) -> User:
    return user_with_role("admin")


@pytest.fixture
def client(admin: User, layer: Layer, client_of: Callable[..., Client]) -> Client:
    return client_of(admin)


def filled(here: Site, **changed: Any) -> dict[str, Any]:
    return {
        "kind": "geojson", "url": here.url("/trees.geojson"), "every_minutes": "1440", "max_changes": "20",
        "max_removed_percent": "20", "enabled": "on", **changed,
    }  # fmt: skip


def words(response: Any) -> str:
    return " ".join(Document(response.content.decode()).words_of("main"))


def test_a_source_is_set_fetched_and_told_of(client: Client, here: Site) -> None:
    here.answers["/trees.geojson"] = Answer(trees(10))
    assert "Додати джерело" in words(client.get(PAGE))
    response = client.post(SAVE, filled(here, mode="replace", max_removed_percent="7"))
    assert (response.status_code, response.headers["Location"]) == (302, f"{PAGE}#source")
    one_round()
    told = words(client.get(PAGE))
    assert all(text in told for text in (here.url("/trees.geojson"), "щодня", "застосовано", "Наступний раз"))
    source = LayerSource.objects.get()
    assert (source.choices, source.max_changes, source.max_removed_percent) == ({"mode": "replace"}, 20, 7)
    [importing] = Import.objects.all()
    assert f"/demo/imports/{importing.uuid}/" in client.get(PAGE).content.decode()
    assert "із джерела" in words(client.get("/demo/imports/"))


def test_a_change_above_the_limit_waits_where_the_planner_looks(client: Client, here: Site) -> None:
    here.answers["/trees.geojson"] = Answer(trees(30))
    client.post(SAVE, filled(here))
    one_round()
    assert not Feature.objects.exists()
    waiting = Import.objects.get()
    page = Document(client.get(PAGE).content.decode())
    assert page.links()["Переглянути імпорт"] == f"/demo/imports/{waiting.uuid}/"
    listed = client.get("/demo/imports/")
    assert "із джерела" in words(listed)
    assert "Продовжити" in words(listed)


def test_what_another_program_chose_stays_when_the_form_is_saved(client: Client, here: Site) -> None:
    client.post(SAVE, filled(here, mode="replace"))
    LayerSource.objects.update(choices={"mode": "replace", "crs": "EPSG:9832"}, every_minutes=77)
    client.post(SAVE, filled(here, mode="", every_minutes="77"))
    source = LayerSource.objects.get()
    assert (source.choices, source.every_minutes) == ({"crs": "EPSG:9832"}, 77)


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"url": "http://example.org:22/"}, "url"), ({"url": "ftp://example.org/"}, "url"),
     ({"kind": "wfs"}, "source_layer"), ({"every_minutes": "1"}, "every_minutes"), ({"url": ""}, "url"),
     ({"max_removed_percent": "101"}, "max_removed_percent"), ({"mode": "x"}, "mode")],
)  # fmt: skip
def test_a_source_that_cannot_be_is_refused_at_its_field(
    client: Client,
    here: Site,
    changed: dict[str, str],
    field: str,
) -> None:
    response = client.post(SAVE, filled(here, **changed))
    assert response.status_code == 422
    [wrong] = [tag for tag in Document(response.content.decode()).tags if "aria-invalid" in tag.attributes]
    assert wrong.attributes["name"] == field
    assert not LayerSource.objects.exists()


def test_a_source_is_fetched_at_once_and_taken_away(client: Client, here: Site) -> None:
    client.post(SAVE, filled(here, enabled=""))
    assert not Job.objects.exists(), "switched off"
    assert client.post(RUN).status_code == 302
    assert Job.objects.count() == 1
    assert client.post(REMOVE).status_code == 302
    assert not LayerSource.objects.exists()
    assert client.post(RUN).status_code == 404


def test_a_failed_round_says_why(client: Client, here: Site) -> None:
    here.answers["/trees.geojson"] = Answer(status=403)
    client.post(SAVE, filled(here))
    one_round()
    assert "403" in words(client.get(PAGE))


# Strangers read by a connection of their own, which sees only what was committed.
@pytest.mark.django_db(transaction=True, databases=["default", "public"])
def test_only_who_manages_the_layer_sees_and_changes_its_source(
    client: Client,
    here: Site,
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
) -> None:
    client.post(SAVE, filled(here))
    for reader in (client_of(user_with_role("editor")), Client()):
        page = reader.get(PAGE)
        assert page.status_code == 200
        assert here.url("/trees.geojson") not in page.content.decode()
        assert "Джерело даних" not in words(page)
        for address in (SAVE, RUN, REMOVE):
            assert reader.post(address, filled(here, max_changes="1")).status_code in (302, 403)
    source = LayerSource.objects.get()
    assert (source.max_changes, source.turn) == (20, 1)


def test_the_source_of_a_hidden_layer_answers_as_one_of_an_absent_layer(
    client: Client,
    here: Site,
    layer: Layer,
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
) -> None:
    client.post(SAVE, filled(here))
    Layer.objects.filter(pk=layer.pk).update(access_level="restricted")
    stranger = client_of(user_with_role("editor"))
    for ending in ("source/", "source/run/", "source/remove/"):
        seen = stranger.post(f"{PAGE}{ending}", filled(here))
        absent = stranger.post(f"/demo/layers/absent/{ending}", filled(here))
        assert (seen.status_code, absent.status_code) == (404, 404)
        assert words(seen).replace("trees", "absent") == words(absent)


def test_the_forms_of_a_source_cannot_be_sent_from_another_site(
    admin: User, client: Client, here: Site
) -> None:
    client.post(SAVE, filled(here))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    for address in (SAVE, RUN, REMOVE):
        assert strict.post(address, filled(here)).status_code == 403
    assert LayerSource.objects.get().turn == 1


def test_the_address_of_a_source_stays_text(client: Client, here: Site) -> None:
    response = client.post(SAVE, filled(here, kind="wfs", source_layer=HOSTILE))
    assert response.status_code == 302
    refused = client.post(SAVE, filled(here, url=f"http://x/{HOSTILE}"))
    for page in (client.get(PAGE), refused):
        assert "<script>alert" not in page.content.decode()
    assert HOSTILE in words(client.get(PAGE))
