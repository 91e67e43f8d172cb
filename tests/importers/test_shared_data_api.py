"""Every real file goes through the wizard's own API and ends as the README of the data predicts.

The predictions, one row a layer, are `tests.importers.shared_data`.
"""

import csv
import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from gis_core.communities import AdminUnit, Community
from gis_core.jobs.inline import run_ready_jobs
from gis_core.people import Membership, User
from importers.models import Import, Upload
from importers.upkeep import tidy
from layers.models import Feature, Layer, Raster
from tests.conftest import PASSWORD, make_community
from tests.importers.data import REAL, needs_real_data
from tests.importers.originals import (
    check_place,
    features_of,
    original_of,
    outside_of_ladyzhyn,
    same_value,
    texts_of,
)
from tests.importers.shared_data import (
    BY_CODES,
    ELSEWHERE,
    FILES,
    RASTERS,
    REFUSED,
    Predicted,
)
from tests.importers.wizard import Wizard

pytestmark = [needs_real_data, pytest.mark.django_db]

LADYZHYN = "UA05040130000025322"
BY_PATH = {path: tuple(rows) for path, rows in groupby(FILES, key=lambda item: item.path)}


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
    monkeypatch.setenv("HROMADA_MIN_FREE_DISK_PERCENT", "0")  # the disk of the machine is not the subject


@pytest.fixture
def ladyzhyn(db: None) -> Community:
    """The community of most files, with its boundary."""
    community = make_community("ladyzhyn", LADYZHYN)
    [shell] = features_of("ladyzhyn/boundaries.geojson")[0]["geometry"]["coordinates"]
    community.boundary = MultiPolygon(Polygon(shell), srid=4326)
    community.save()
    return community


@pytest.fixture
def planner(ladyzhyn: Community) -> Wizard:
    user = User.objects.create_user("planner@example.org", PASSWORD)
    Membership.objects.create(user=user, community=ladyzhyn, role="editor")
    client = Client()
    client.force_login(user)
    return Wizard(client, ladyzhyn.slug)


# --- each file ---


@pytest.mark.parametrize("path", BY_PATH)
def test_each_file_is_imported_as_its_readme_predicts(path: str, planner: Wizard, tmp_path: Path) -> None:
    rows = BY_PATH[path]
    document = planner.started(*files_of(rows[0]))
    for predicted in rows:
        assert recognised(document, predicted) == (
            predicted.rows, predicted.kind, predicted.encoding, predicted.crs, predicted.crs_how,
        )  # fmt: skip
    documents = named(planner, document, rows)
    for predicted, chosen in zip(rows, documents, strict=True):
        assert chosen["question"] is None, "nothing but the layer's name was to be asked"
        ready = planner.step(chosen, "prepare")
        check_prepared(planner, ready, predicted)
        applied = planner.step(ready, "apply")
        assert (applied["status"], applied["problem"]) == ("applied", None)
        check_applied(applied, predicted, planner.issues(applied, "geometry-invalid"))
    assert left_over(tmp_path) == []


def files_of(predicted: Predicted) -> list[Path]:
    return [REAL / name for name in (predicted.path, *predicted.parts)]


def named(planner: Wizard, document: dict[str, Any], rows: Sequence[Predicted]) -> list[dict[str, Any]]:
    """The imports of the file's layers, each with a name: all that a planner has to give; a key where one is
    predicted."""
    first = rows[0]
    if len(rows) > 1:
        assert document["question"]["code"] == "several-layers"
        made = planner.split(document, [item.layer for item in rows])
        return [planner.decided(item, key_field=None) for item in made]
    assert document["question"]["code"] == "layer-needed"
    return [planner.decided(document, layer="imported", key_field=first.key or None)]


def recognised(document: dict[str, Any], predicted: Predicted) -> tuple[Any, ...]:
    """Rows, kind of geometry, encoding and system that were decided without a question, and how the last."""
    layers = document["inspection"]["layers"]
    [layer] = [item for item in layers if item["name"] == predicted.layer] if predicted.layer else layers
    crs = layer["crs"]
    return layer["rows"], layer["geometry_type"], layer["encoding"], crs["code"], crs["how"]


def check_prepared(planner: Wizard, ready: dict[str, Any], predicted: Predicted) -> None:
    """What the review shows: counts, where it lies, how it came to WGS 84, and what was found in the rows."""
    summary = ready["summary"]
    assert ready["status"] == "ready"
    assert [summary[name] for name in ("read", "imported", "repaired")] == [
        predicted.rows, predicted.imported, predicted.repaired,
    ]  # fmt: skip
    assert (summary["crs"], summary["encoding"]) == (predicted.crs, predicted.encoding)
    assert summary["accuracy_m"] == predicted.accuracy_m
    assert ready["diff"] == {
        "added": predicted.imported, "changed": 0, "removed": 0, "unchanged": 0,
        "invalid": predicted.rows - predicted.imported, "accepted": predicted.imported,
    }  # fmt: skip
    found = dict(ready["issue_counts"])
    outside = found.pop("outside-area", 0)
    assert summary["elsewhere"] is (outside >= 0.9 * predicted.imported)
    if predicted.lies == ELSEWHERE:
        assert outside == predicted.imported
    elif (expected := outside_of_ladyzhyn(predicted)) is not None:
        fewest, most = expected
        assert fewest <= outside <= most
    assert found.pop("geometry-invalid", 0) == predicted.repaired
    assert found == {**predicted.rejected, **predicted.issues}
    assert summary["personal"] == [], "personal columns were removed from the real files before"
    for rule, count in predicted.rejected.items():
        issues = planner.issues(ready, rule)
        assert (len(issues), {item["done"] for item in issues}) == (count, {"rejected"})


def check_applied(applied: dict[str, Any], predicted: Predicted, repaired: Sequence[dict[str, Any]]) -> None:
    """The layer holds every row, with each text and each place as in the original."""
    layer = Layer.objects.get(slug=applied["layer"]["slug"])
    stored = list(Feature.objects.filter(layer_id=layer.pk).order_by("id"))
    assert (layer.geometry_type, layer.feature_count, len(stored)) == (
        predicted.kind,
        predicted.imported,
        predicted.imported,
    )
    original = original_of(predicted)
    if original is None:
        return
    keys = {item["source"]: (item["key"], item["type"]) for item in applied["proposal"]}
    if predicted.order:
        stored.sort(key=lambda feature: feature.properties[keys[predicted.order][0]])
        original = sorted(original, key=lambda source: source["properties"][predicted.order])
    mended = {item["row"] for item in repaired}
    for number, (feature, source) in enumerate(zip(stored, original, strict=True), 1):
        for name, value in texts_of(source, predicted).items():
            key, kind = keys[name]
            assert same_value(feature.properties.get(key), value, kind), (number, name, value)
        if number not in mended:
            check_place(
                shapely.from_wkb(bytes(feature.geom.wkb)),
                shapely.geometry.shape(source["geometry"]),
                predicted,
            )


def left_over(tmp_path: Path) -> list[str]:
    """Folders of work and tables of staged rows that are still there; uploads stay as long as the limits say."""
    folders = [path.name for path in (tmp_path / "var" / "work").glob("*")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                       "WHERE n.nspname = 'staging' AND c.relkind = 'r'")  # fmt: skip
        return [*folders, *(name for (name,) in cursor.fetchall())]


# --- a second time, and undone ---


AGAIN = {
    "ladyzhyn/parking.geojson": "update",  # by a key, which one row has to go without
    "formats/parking.kml": "append",  # without a key: by place and attributes
    "encodings_crs/addresses_cp1251_nocpg_noldid_lcs05.zip": "append",
    "connectivity/uran_academic_backbone.geojson": "append",
    "formats/addresses_lonlat_utf8bom_semicolon.csv": "replace",
    "boundaries/cod_ab_adm1_oblasts.geojson": "replace",
}


@pytest.mark.parametrize("path", AGAIN)
def test_a_second_time_changes_nothing_and_says_so_and_undoing_empties_the_layer(
    path: str, planner: Wizard, tmp_path: Path
) -> None:
    [predicted] = BY_PATH[path]
    first = imported(planner, predicted)
    before = content_of_the_layer()

    again = planner.started(*files_of(predicted))
    assert (again["question"], again["choices"]["layer"]) == (None, "imported")
    assert again["earlier"]["same_file"]
    again = planner.step(planner.decided(again, mode=AGAIN[path]), "prepare")
    assert (again["status"], again["diff"]["unchanged"], again["changeset"]) == (
        "unchanged",
        predicted.imported,
        None,
    )
    assert content_of_the_layer() == before
    assert planner.client.post(f"{again['links']['self']}/apply").status_code == 409

    undone = planner.step(first, "revert")
    assert (undone["status"], undone["problem"]) == ("reverted", None)
    assert content_of_the_layer()["features"] == []
    assert Layer.objects.get().feature_count == 0
    assert left_over(tmp_path) == []


def test_of_seven_layers_the_chosen_ones_become_imports_that_are_undone_by_themselves(
    planner: Wizard,
) -> None:
    chosen = [item for item in BY_PATH["formats/ladyzhyn.gpkg"] if item.layer in ("parking", "bus_stops")]
    documents = named(planner, planner.started(*files_of(chosen[0])), chosen)
    assert Upload.objects.count() == 1
    applied = [planner.step(planner.step(item, "prepare"), "apply") for item in documents]
    assert planner.step(applied[0], "revert")["status"] == "reverted"
    counts = {layer.slug: layer.feature_count for layer in Layer.objects.all()}
    assert counts == {"parking": 0, "bus_stops": 59}


def imported(planner: Wizard, predicted: Predicted) -> dict[str, Any]:
    [document] = named(planner, planner.started(*files_of(predicted)), [predicted])
    applied = planner.step(planner.step(document, "prepare"), "apply")
    assert applied["status"] == "applied"
    return applied


def content_of_the_layer() -> dict[str, Any]:
    """Everything of the only layer that a second import could touch."""
    layer = Layer.objects.get()
    features = Feature.objects.filter(layer_id=layer.pk).order_by("id")
    rows = [(f.pk, f.version, f.external_key, f.properties, bytes(f.geom.ewkb)) for f in features]
    return {"revision": layer.revision, "fields": layer.fields, "features": rows}


# --- what is asked, and of whom ---


def test_a_planner_gets_through_the_undeclared_file_without_typing_a_code(planner: Wizard) -> None:
    """Neither an encoding nor a system is given: both are decided from the data, and shown to be judged."""
    [predicted] = BY_PATH["encodings_crs/addresses_cp1251_nocpg_noldid_lcs05.zip"]
    document = planner.started(*files_of(predicted))
    [layer] = document["inspection"]["layers"]
    offered = {item["encoding"]: item for item in layer["encoding_options"]}
    assert (layer["encoding_declared"], next(iter(offered))) == ("none", "cp1251")
    assert len(offered["cp1251"]["rows"]) == 3
    assert any("вул" in text for text in offered["cp1251"]["samples"])
    assert layer["crs_options"][0]["code"] == "EPSG:9832"
    assert len(layer["crs_options"][0]["points"]) == 200

    document = planner.decided(document, layer="addresses", title={"uk": "Адреси"})
    assert document["question"] is None
    assert (document["choices"]["encoding"], document["choices"]["crs"]) == ("", "")
    applied = planner.step(planner.step(document, "prepare"), "apply")
    assert (applied["status"], applied["layer"]["feature_count"]) == ("applied", 3443)


def test_where_nothing_tells_the_system_one_of_those_offered_is_the_answer(
    planner: Wizard, ladyzhyn: Community
) -> None:
    """A drawing carries no system; in a community without a boundary several are possible."""
    ladyzhyn.boundary = None
    ladyzhyn.save()
    [predicted] = BY_PATH["formats/bus_routes_ucs2000_tm10.dxf"]
    document = planner.decided(planner.started(*files_of(predicted)), layer="bus_routes")
    question = document["question"]
    assert question["code"] == "crs-unknown"
    assert predicted.crs in [item["code"] for item in question["params"]["options"]]
    document = planner.decided(document, crs=predicted.crs)
    ready = planner.step(document, "prepare")
    assert (ready["status"], ready["diff"]["added"], ready["summary"]["crs"]) == ("ready", 12, "EPSG:6384")


@pytest.mark.parametrize(("path", "code"), REFUSED.items())
def test_a_file_that_is_no_map_is_refused_with_its_reason(path: str, code: str, planner: Wizard) -> None:
    document = planner.started(REAL / path)
    assert (document["status"], document["problem"]["code"], document["inspection"]) == ("failed", code, None)
    assert planner.client.delete(document["links"]["self"]).status_code == 204
    assert not Upload.objects.exists()
    assert not Layer.objects.exists()


# --- tables that hold only codes ---


def test_tables_of_codes_say_that_no_place_is_known_until_the_register_has_boundaries(
    planner: Wizard,
) -> None:
    for number, path in enumerate(BY_CODES):
        ready = planner.step(
            planner.decided(planner.started(REAL / path), layer=f"table_{number}"), "prepare"
        )
        assert (ready["status"], ready["problem"]["code"]) == ("failed", "nothing-left")
        assert "code-not-found" in json.dumps(ready["problem"]["params"])
    assert not Layer.objects.exists()


def test_tables_of_codes_are_joined_to_the_boundaries_of_the_register(
    planner: Wizard, tmp_path: Path
) -> None:
    hromadas = REAL / "boundaries" / "cod_ab_adm3_hromadas.geojson"
    with pytest.raises(CommandError) as told:  # two without an area, and the exclusion zone, which is no unit
        call_command(
            "load_admin_units", polygons=hromadas, code_field="ADM3_PCODE", prefix_match=True, verbosity=0
        )
    assert told.value.returncode == 1
    # The release of the register has no KOATUU codes; the ministry's table of them names these two cities.
    for katottg, koatuu in (("UA05020030000031457", "0510100000"), ("UA46060250000025047", "4610100000")):
        assert AdminUnit.objects.filter(katottg=katottg).update(koatuu=[koatuu]) == 1
    schools, codifier = BY_CODES

    with (REAL / schools).open(encoding="utf-8-sig") as file:
        codes = [row["Код КОАТУУ"] for row in csv.DictReader(file)]
    known = sum(code in ("0510100000", "4610100000") for code in codes)
    ready = planner.step(planner.decided(planner.started(REAL / schools), layer="schools"), "prepare")
    assert [ready["summary"][name] for name in ("read", "imported", "rejected")] == [
        2237,
        known,
        2237 - known,
    ]
    assert ready["issue_counts"]["code-not-found"] == 2237 - known
    assert planner.step(ready, "apply")["layer"]["feature_count"] == known

    settlements = [{"source": name, "keep": False} for name in ("Четвертий рівень", "Додатковий рівень")]
    document = planner.decided(planner.started(REAL / codifier), layer="units", mapping=settlements)
    ready = planner.step(document, "prepare")
    # Of 31,744 codes 163 name no hromada (oblasts, raions, two cities), 41 one that COD-AB has no area of, and
    # Prypiat and Chornobyl name the oblast instead: COD-AB's exclusion zone is no unit of the register.
    assert [ready["summary"][name] for name in ("read", "imported", "rejected")] == [31744, 31538, 206]
    rejected = {rule: ready["issue_counts"][rule] for rule in ("code-missing", "code-no-geometry")}
    assert rejected == {"code-missing": 163, "code-no-geometry": 41 + 2}
    assert planner.step(ready, "apply")["layer"]["feature_count"] == 31538
    assert left_over(tmp_path) == []


# --- rasters ---


@pytest.mark.parametrize("name", RASTERS)
def test_each_raster_is_taken_or_asked_about_as_its_place_and_georeference_say(
    name: str, planner: Wizard, tmp_path: Path
) -> None:
    predicted = RASTERS[name]
    file = REAL / "rasters" / f"{name}.tif"
    body: dict[str, Any] = {"community": "ladyzhyn", "uploads": [planner.sent(file)], "slug": "raster"}
    if predicted.lies == ELSEWHERE:
        planner.client.post("/api/rasters", body, content_type="application/json")
        [job] = run_ready_jobs()
        assert (job.state, job.error_code) == ("failed", "raster-elsewhere")
        body |= {"elsewhere": True, "uploads": [planner.sent(file)]}
    answer = planner.client.post("/api/rasters", body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    [job] = run_ready_jobs()
    assert (job.state, job.error_code) == ("done", "")
    found = planner.client.get("/api/rasters/ladyzhyn.raster").json()
    assert (found["width"], found["height"], len(found["bands"])) == predicted.size
    assert (found["crs"]["code"], found["nodata"]) == (predicted.crs, predicted.nodata)
    lowest = min(band["statistics"]["min"] for band in found["bands"])
    highest = max(band["statistics"]["max"] for band in found["bands"])
    assert predicted.values[0] <= lowest <= highest <= predicted.values[1]
    assert (Raster.objects.count(), left_over(tmp_path)) == (1, [])


# --- the table and the manifest ---


def test_the_table_names_every_file_of_the_manifest_with_its_numbers() -> None:
    with (REAL / "manifest.tsv").open(encoding="utf-8") as file:
        measured = {row["path"]: row for row in csv.DictReader(file, delimiter="\t")}
    readable = {path for path, row in measured.items() if row["opens"] == "True" and row["kind"] == "vector"}
    assert readable == {*BY_PATH, *BY_CODES}
    refused = {path for path, row in measured.items() if row["opens"] == "False"}
    assert refused == set(REFUSED)
    assert {path for path, row in measured.items() if row["kind"] == "raster"} == {
        f"rasters/{name}.tif" for name in RASTERS
    }
    parts = {part for item in FILES for part in item.parts}
    assert parts == {path for path in measured if path.startswith("formats/")} - set(BY_PATH)
    for path, rows in BY_PATH.items():
        told, header = measured[path], 1 if path == "nature/PGO/xlsx/fiz-geo-vinnytska.xlsx" else 0
        assert rows[0].rows + header == int(told["features_or_size"]), path
        assert rows[0].repaired == ("invalid geom" in told["note"]), path
        assert told["crs"] in ("none", rows[0].crs), path
        kind = told["geom_or_nodata"].removeprefix("Multi")
        assert kind in (rows[0].kind, "Unknown", "None"), path
        if path.endswith(".gpkg"):
            assert len(rows) == int(told["layers"])


def test_what_the_readme_counts_by_name_is_in_the_original() -> None:
    addresses = [item["properties"] for item in features_of("ladyzhyn/addresses.geojson")]
    assert sum(bool(item["cadastral_number"]) for item in addresses) == 1804
    assert sum(item["id"] == 11 for item in addresses) == 2
    stations = [item["properties"] for item in features_of("air_quality/openaq_latest_pm25_de_2019.geojson")]
    assert sum("\ufffd" in item["location"] for item in stations) == 61


# --- what stays behind ---


def test_files_of_imports_go_when_their_time_is_over(
    planner: Wizard, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    imported(planner, BY_PATH["ladyzhyn/settlements.geojson"][0])
    planner.started(REAL / "ladyzhyn" / "picnic_places.geojson")  # nobody goes on with it
    uploads = tmp_path / "var" / "uploads"
    assert len(list(uploads.glob("*"))) == Upload.objects.count() == 2

    long_ago = timezone.now() - timedelta(days=400)
    Upload.objects.update(created_at=long_ago)
    Import.objects.update(updated_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        tidy()
    assert ([path.name for path in uploads.glob("*")], Upload.objects.count()) == ([], 0)
    assert [item.status for item in Import.objects.all()] == ["applied"]
    assert left_over(tmp_path) == []
