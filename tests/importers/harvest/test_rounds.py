"""Rounds of a source: fetched, imported in the layer's mode, applied below the limit, shown when not."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from gis_core.jobs.inline import run_ready_jobs
from gis_core.jobs.models import Job
from gis_core.people import Membership, User
from importers import steps, tasks
from importers.harvest import run as rounds
from importers.harvest.schedule import source_of
from importers.harvest.tasks import pause, plan_lost_rounds, plan_next
from importers.models import Import, ImportStatus, LayerSource, Upload
from importers.upkeep import tidy
from layers.models import Feature, Layer
from tests.importers.harvest.server import Answer, Asked, Site, site

pytestmark = pytest.mark.django_db

ADDRESS = "/api/collections/demo.trees/source"
FIELDS = [
    {"key": "number", "title": {"uk": "Номер"}, "type": "string"},
    {"key": "kind", "title": {"uk": "Вид"}, "type": "string"},
]


@pytest.fixture
def here(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")  # the disk of the machine is not the subject
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.VAR_DIR = tmp_path / "var"
    with site() as made:
        settings.HARVEST_ALLOW = f"127.0.0.1:{made.port}"
        yield made


@pytest.fixture
def layer(make_layer: Callable[..., Layer]) -> Layer:
    return make_layer("trees", fields=FIELDS, key_field="number", geometry_type="Point")


@pytest.fixture
def admin(user_with_role: Callable[..., User], client_of: Callable[..., Browser]) -> Browser:
    return client_of(user_with_role("admin"))


def trees(count: int, *, kind: str = "дуб", changed: int = 0) -> bytes:
    found = [
        {
            "type": "Feature", "geometry": {"type": "Point", "coordinates": [29.24 + n / 10_000, 48.68]},
            "properties": {"number": f"T-{n}", "kind": "клен" if n < changed else kind},
        }
        for n in range(count)
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": found}, ensure_ascii=False).encode()


def put(browser: Browser, here: Site, **changes: Any) -> Any:
    body = {
        "kind": "geojson",
        "url": here.url("/trees.geojson"),
        "max_changes": 20,
        "max_removed_percent": 20,
    }
    return browser.put(ADDRESS, body | changes, content_type="application/json")


def one_round() -> LayerSource:
    """Make the waiting round due and run it."""
    Job.objects.filter(state="ready").update(run_after=timezone.now() - timedelta(seconds=1))
    ended = run_ready_jobs()
    assert {job.state for job in ended} == {"done"}, [(job.error_code, job.error_text) for job in ended]
    return LayerSource.objects.get()


def kinds() -> dict[str, str]:
    return {
        item.external_key or "": item.properties["kind"]
        for item in Feature.objects.filter(layer__slug="trees")
    }


def test_a_layer_is_filled_kept_up_and_left_alone_when_nothing_is_new(
    admin: Browser, here: Site, layer: Layer
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(10), headers={"ETag": '"1"'})
    assert put(admin, here).status_code == 200

    assert one_round().outcome == "applied"
    assert len(kinds()) == 10

    def unchanged(asked: Asked) -> Answer:
        assert asked.headers["If-None-Match"] == '"1"'
        return Answer(status=304)

    here.answers["/trees.geojson"] = unchanged
    assert one_round().outcome == "unchanged"
    here.answers["/trees.geojson"] = Answer(trees(10), headers={"ETag": '"2"'})
    assert one_round().outcome == "unchanged"
    assert Import.objects.count() == Upload.objects.count() == 1

    here.answers["/trees.geojson"] = Answer(trees(11, changed=2))
    assert one_round().outcome == "applied"
    assert kinds()["T-0"] == kinds()["T-1"] == "клен"
    assert len(kinds()) == 11
    layer.refresh_from_db()
    assert layer.revision == 2


def test_more_changes_than_the_planner_allows_wait_and_are_shown(
    admin: Browser, here: Site, layer: Layer
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(21))
    put(admin, here)

    assert one_round().outcome == "waiting"

    assert kinds() == {}
    told = admin.get(ADDRESS).json()
    assert told["problem"]["code"] == "harvest-above-limit"
    assert "21" in told["problem"]["detail"]
    waiting = Import.objects.get()
    assert (waiting.status, told["import"]) == ("ready", f"/api/imports/{waiting.uuid}")

    assert one_round().outcome == "waiting"  # the same content again: still the same import
    assert Import.objects.get() == waiting


def test_a_source_that_lost_half_its_features_empties_no_layer(
    admin: Browser, here: Site, layer: Layer
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(10))
    put(admin, here, choices={"mode": "replace"})
    assert one_round().outcome == "applied"

    here.answers["/trees.geojson"] = Answer(trees(5))
    assert one_round().outcome == "waiting"
    assert len(kinds()) == 10

    here.answers["/trees.geojson"] = Answer(trees(9))  # newer content takes the place of what waited
    assert one_round().outcome == "applied"
    assert len(kinds()) == 9
    assert Import.objects.count() == 2


def test_a_source_that_fails_is_asked_less_and_less_and_then_switched_off(
    admin: Browser, here: Site, layer: Layer
) -> None:
    put(admin, here)
    pauses = []
    for number in range(1, 6):
        source = one_round()
        assert (source.outcome, source.failures) == ("failed", number)
        assert source.problem is not None
        assert source.problem["code"] == "harvest-status"
        if source.next_run_at:
            pauses.append((source.next_run_at - timezone.now()).total_seconds() / 60)

    assert [round(pause / 15) for pause in pauses] == pytest.approx([1, 2, 4, 8], abs=1)
    told = admin.get(ADDRESS).json()
    assert (told["enabled"], told["next_run_at"]) == (False, None)
    assert told["note"] != ""
    assert "404" in told["problem"]["detail"]
    assert not Job.objects.filter(state="ready").exists()

    here.answers["/trees.geojson"] = Answer(trees(3))
    assert admin.post(f"{ADDRESS}/run").status_code == 202
    assert one_round().failures == 0


def test_a_failed_round_leaves_the_layer_and_the_disk_as_they_were(
    admin: Browser, here: Site, layer: Layer, tmp_path: Path
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(3))
    put(admin, here)
    one_round()
    before = sorted((tmp_path / "media").rglob("*"))

    here.answers["/trees.geojson"] = Answer(b'{"type": "FeatureCollection", "features": [')
    source = one_round()

    assert source.outcome == "failed"
    assert len(kinds()) == 3
    assert sorted((tmp_path / "media").rglob("*")) == before
    assert Import.objects.count() == Upload.objects.count() == 1


def test_a_fault_of_the_program_is_a_failed_round_and_the_next_is_planned(
    admin: Browser, here: Site, layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(admin, here)
    monkeypatch.setattr(rounds, "_fetched", lambda *given: 1 / 0)

    source = one_round()

    assert source.problem is not None
    assert (source.outcome, source.problem["code"]) == ("failed", "job-crashed")
    assert Job.objects.filter(state="ready").count() == 1


def test_there_is_always_one_next_round(admin: Browser, here: Site, layer: Layer) -> None:
    here.answers["/trees.geojson"] = Answer(trees(3))
    for _ in range(3):
        put(admin, here)
        admin.post(f"{ADDRESS}/run")
    assert Job.objects.filter(state="ready").count() == 1

    source = one_round()

    [waiting] = Job.objects.filter(state="ready")
    assert waiting.uuid == source.job
    assert waiting.run_after - timezone.now() > timedelta(hours=20)


def test_a_void_job_does_nothing(admin: Browser, here: Site, layer: Layer) -> None:
    here.answers["/trees.geojson"] = Answer(trees(3))
    put(admin, here)
    LayerSource.objects.update(turn=99)

    one_round()

    assert here.asked == []


def test_a_source_whose_job_was_lost_is_planned_again_by_the_upkeep(
    admin: Browser, here: Site, layer: Layer
) -> None:
    put(admin, here)
    assert tidy()["sources"] == 0
    Job.objects.update(state="failed")

    assert tidy()["sources"] == 1

    [waiting] = Job.objects.filter(state="ready")
    assert waiting.uuid == LayerSource.objects.get().job


def test_what_a_planner_applied_or_discarded_does_not_wait_any_more(
    admin: Browser, here: Site, layer: Layer
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(30))
    put(admin, here)
    assert one_round().outcome == "waiting"
    steps.apply(importing=Import.objects.get(), actor=User.objects.get(email="admin@example.org"))
    run_ready_jobs()
    assert one_round().outcome == "unchanged"
    assert len(kinds()) == 30

    here.answers["/trees.geojson"] = Answer(trees(60))
    assert one_round().outcome == "waiting"
    steps.discard(importing=Import.objects.get(status="ready"), actor=None)
    source = one_round()
    assert (source.outcome, source.problem) == ("unchanged", None)
    assert len(kinds()) == 30


def test_a_round_that_finds_somebody_at_the_import_before_it_comes_back_soon(
    admin: Browser, here: Site, layer: Layer
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(30))
    put(admin, here)
    assert one_round().outcome == "waiting"
    importing = Import.objects.get()
    tasks.enqueue(importing, ImportStatus.APPLYING, None)
    Job.objects.filter(uuid=importing.job).update(state="running")
    known = LayerSource.objects.get().sha256

    here.answers["/trees.geojson"] = Answer(trees(31))
    source = one_round()

    assert (source.outcome, source.failures, source.sha256) == ("waiting", 0, known)
    assert source.problem is not None
    assert source.problem["code"] == "import-busy"
    assert source.next_run_at is not None
    assert source.next_run_at - timezone.now() < timedelta(minutes=17)


def test_an_import_that_was_cancelled_does_not_wait_any_more(
    admin: Browser, here: Site, layer: Layer
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(30))
    put(admin, here)
    assert one_round().outcome == "waiting"
    steps.cancel(importing=Import.objects.get(), actor=User.objects.get(email="admin@example.org"))

    source = one_round()
    assert (source.outcome, source.problem) == ("unchanged", None)

    here.answers["/trees.geojson"] = Answer(trees(5))
    assert one_round().outcome == "applied"
    assert [item.status for item in Import.objects.all()] == ["applied"]


@pytest.mark.django_db(transaction=True)
def test_a_source_that_is_being_fetched_can_be_neither_changed_nor_fetched_nor_taken_away(
    admin: Browser, here: Site, layer: Layer
) -> None:
    put(admin, here)
    before = LayerSource.objects.values().get()
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:  # as a round does
            cursor.execute("SELECT 1 FROM importers_layersource FOR UPDATE")
            answers = [put(admin, here), admin.post(f"{ADDRESS}/run"), admin.delete(ADDRESS)]
            with pytest.raises(CommandError, match=r"demo\.trees"):
                call_command("harvest", "demo.trees")
            assert plan_lost_rounds() == 0
    finally:
        other.close()

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "harvest-busy")] * 3
    assert LayerSource.objects.values().get() == before
    assert Job.objects.filter(state="ready").count() == 1
    assert admin.delete(ADDRESS).status_code == 204


def test_the_pause_is_the_interval_give_or_take_a_tenth(layer: Layer) -> None:
    source = LayerSource(layer=layer, every_minutes=100)

    found = {round(pause(source).total_seconds() / 60) for _ in range(200)}

    assert min(found) >= 90
    assert max(found) <= 110
    assert len(found) > 5


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "http://127.0.0.1/x"}, None), ({"url": "ftp://geo.example.org/"}, "address-refused"),
        ({"url": "http://a:b@geo.example.org/"}, "address-refused"),
        ({"url": "http://geo.example.org:22/"}, "address-refused"),
        ({"kind": "wfs"}, "bad-parameter"), ({"every_minutes": 1}, "bad-parameter"),
        ({"choices": {"nonsense": 1}}, "bad-choice"), ({"max_removed_percent": 101}, "invalid-body"),
        ({"kind": "shapefile"}, "invalid-body"),
    ],
)  # fmt: skip
def test_a_source_that_makes_no_sense_is_refused(
    changes: Any, code: str | None, admin: Browser, here: Site, layer: Layer
) -> None:
    response = put(admin, here, **changes)

    if code is None:  # its text is an address; where it leads is found out when it is fetched
        assert response.status_code == 200
        assert one_round().problem == {"code": "address-refused", "params": {"url": "http://127.0.0.1/x"}}
    else:
        assert (400 <= response.status_code < 500, response.json()["code"]) == (True, code)
        assert not LayerSource.objects.exists()


def test_only_who_manages_the_layer_sees_and_changes_its_source(
    admin: Browser,
    here: Site,
    layer: Layer,
    user_with_role: Callable[..., User],
    client_of: Callable[..., Browser],
) -> None:
    put(admin, here)
    for role in ("editor", "reviewer", "viewer", None):
        browser = client_of(user_with_role(role))
        assert browser.get(ADDRESS).status_code == 403
        assert put(browser, here).status_code == 403
        assert browser.post(f"{ADDRESS}/run").status_code == 403
        assert browser.delete(ADDRESS).status_code == 403
    assert client_of(None).get(ADDRESS).status_code == 403
    assert admin.delete(ADDRESS).status_code == 204
    assert admin.get(ADDRESS).json()["code"] == "no-source"
    assert not Job.objects.filter(state="ready").exists()


def test_a_source_of_a_layer_that_was_withdrawn_says_so(admin: Browser, here: Site, layer: Layer) -> None:
    here.answers["/trees.geojson"] = Answer(trees(3))
    put(admin, here)
    one_round()
    Layer.objects.update(is_draft=True)  # as the undoing of the import that made it leaves it
    source = one_round()
    assert source.outcome == "failed"
    assert source.problem == {"code": "source-layer-withdrawn", "params": {"layer": "demo.trees"}}
    assert len(here.asked) == 1, "nothing is fetched for it"


def test_a_source_stops_when_who_set_it_up_may_no_longer_manage(
    admin: Browser, here: Site, layer: Layer
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(3))
    put(admin, here)
    Membership.objects.update(role="viewer")

    source = one_round()

    assert source.problem == {"code": "not-allowed", "params": {}}
    assert (here.asked, kinds()) == ([], {})


def test_a_table_is_harvested_too(admin: Browser, here: Site, layer: Layer) -> None:
    rows = "".join(f"T-{n};дуб;{29.24 + n / 1000:.4f};48.68\n" for n in range(5))
    here.answers["/trees.csv"] = Answer(f"number;kind;lon;lat\n{rows}".encode())
    put(admin, here, kind="csv", url=here.url("/trees.csv"))

    source = one_round()

    assert source.outcome == "applied", source.problem
    assert len(kinds()) == 5


def test_the_command_line_fetches_at_once(
    admin: Browser, here: Site, layer: Layer, capsys: pytest.CaptureFixture[str]
) -> None:
    here.answers["/trees.geojson"] = Answer(trees(3))
    put(admin, here)

    call_command("harvest", "demo.trees")

    assert len(kinds()) == 3
    assert "demo.trees" in capsys.readouterr().out
    plan_next(source_of(layer))
    assert Job.objects.filter(state="ready").count() == 1
