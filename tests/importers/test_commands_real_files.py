"""`manage.py import_data` on files as communities send them: what lands, what is asked, how it ends."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry
from django.core.management import CommandError, call_command
from django.db import connection

from gis_core.communities import Community
from importers.fields import field_key
from importers.models import Import, ImportIssue
from layers.models import Change, Changeset, Feature, Layer
from tests.conftest import make_community
from tests.importers import files
from tests.importers.corpus import MIXED, SQUARE, shapefile_parts, zipped_shapefile
from tests.importers.data import REAL, needs_real_data

pytestmark = [needs_real_data, pytest.mark.django_db, pytest.mark.usefixtures("ladyzhyn")]

LADYZHYN = "UA05040130000025322"
ADDRESSES = {
    "settlement": "naspunkt",
    "street": "vulytsia",
    "street_old": "stara_nazv",
    "house_no": "budynok",
    "zip_code": "indeks",
    "cadastral_number": "kadnum",
}
"""Fields of the original and what they are called in the Shapefiles made of it."""


@pytest.fixture
def ladyzhyn(settings: Any, tmp_path: Path) -> Community:
    """The community of the files, with its boundary."""
    settings.VAR_DIR = tmp_path / "var"
    community = make_community("ladyzhyn", LADYZHYN)
    boundary = geometry_of(original("boundaries")[0])
    community.boundary = GEOSGeometry(f"SRID=4326;MULTIPOLYGON({boundary.wkt.removeprefix('POLYGON ')})")
    community.save()
    return community


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, what it printed, and what it said in the end."""

    code: int
    out: str
    said: str

    @property
    def document(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def import_data(file: Path, *options: str, community: str = LADYZHYN, layer: str = "imported") -> Ended:
    out, said = StringIO(), StringIO()
    arguments = [str(file), "--community", community, "--layer", layer, *options]
    try:
        call_command("import_data", *arguments, stdout=out, stderr=said, no_color=True)
    except CommandError as error:
        return Ended(error.returncode, out.getvalue(), f"{said.getvalue()}{error}")
    return Ended(0, out.getvalue(), said.getvalue())


def letters_of_two_encodings(folder: Path) -> Path:
    return zipped_shapefile(folder / "map.zip", shapefile_parts([SQUARE] * 2, MIXED))


@cache
def original(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((REAL / "ladyzhyn" / f"{name}.geojson").read_text())["features"]
    return found


def geometry_of(feature: dict[str, Any]) -> GEOSGeometry:
    return GEOSGeometry(json.dumps(feature["geometry"]), srid=4326)


def stored() -> list[Feature]:
    """The features of the layer in the order of the file."""
    return list(Feature.objects.filter(layer_id=Layer.objects.get(slug="imported").pk).order_by("id"))


def metres_apart(one: GEOSGeometry, other: GEOSGeometry) -> float:
    """Between two boxes, the larger of the ways along the axes; right to a percent at 48.7° N."""
    scales = (73_400, 111_200, 73_400, 111_200)
    return max(abs(a - b) * scale for a, b, scale in zip(one.extent, other.extent, scales, strict=True))


def footprint() -> dict[str, Any]:
    """Everything that an import could leave in the database or on the disk."""
    models = (Layer, Feature, Changeset, Change, Import, ImportIssue)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('features', 'staging', 'pub') AND c.relkind IN ('r', 'v') ORDER BY 1"
        )
        relations = [name for (name,) in cursor.fetchall()]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models} | {
        "relations": relations
    }


@pytest.fixture
def unchanged() -> Iterator[None]:
    """The test must leave the database as it found it."""
    before = footprint()
    yield
    assert footprint() == before


# --- files that say what they are ---


@pytest.mark.parametrize(
    ("name", "options", "crs", "encoding", "metres"),
    [
        ("addresses_cp1251_cpg_ucs2000_tm10", (), "EPSG:6384", "cp1251", 0.01),
        ("addresses_cp1251_nocpg_ldid_sk63x3", (), "EPSG:7827", "cp1251", 12),
        ("addresses_cp1251_nocpg_noldid_lcs05", ("--encoding", "cp1251"), "EPSG:9832", "cp1251", 0.01),
    ],
)
def test_addresses_land_in_the_hromada_with_every_letter(
    name: str, options: Sequence[str], crs: str, encoding: str, metres: float, ladyzhyn: Community
) -> None:
    ended = import_data(REAL / "encodings_crs" / f"{name}.zip", "--json", *options)
    document = ended.document
    assert (ended.code, document["status"], document["changeset_status"]) == (0, "done", "applied")
    assert [document[key] for key in ("read", "imported", "rejected", "created")] == [3443, 3443, 0, 3443]
    assert (document["crs"], document["encoding"]) == (crs, encoding)
    features = stored()
    for feature, source in zip(features, original("addresses"), strict=True):
        for key, column in ADDRESSES.items():
            assert feature.properties.get(column) == source["properties"][key], (feature.pk, column)
        assert metres_apart(feature.geom, geometry_of(source)) < metres
    inside = sum(1 for feature in features if ladyzhyn.boundary.intersects(feature.geom))
    assert inside == 3442, "one address of the original lies far off"


@pytest.mark.parametrize(
    ("name", "options", "crs", "encoding", "metres"),
    [
        ("parking_utf8_sk42_gk5", (), "EPSG:28405", "utf-8", 12),
        ("parking_iso8859_5_noprj_wgs84", ("--crs", "4326"), "EPSG:4326", "iso8859-5", 0.01),
    ],
)
def test_parking_lands_in_the_hromada_with_every_letter(
    name: str, options: Sequence[str], crs: str, encoding: str, metres: float, ladyzhyn: Community
) -> None:
    ended = import_data(REAL / "encodings_crs" / f"{name}.zip", "--json", *options)
    document = ended.document
    assert (ended.code, document["crs"], document["encoding"].lower()) == (0, crs, encoding)
    assert [document[key] for key in ("read", "imported", "repaired", "rejected")] == [235, 235, 1, 0]
    features = stored()
    for feature, source in zip(features, original("parking"), strict=True):
        assert feature.properties["type"] == source["properties"]["type"]
        assert metres_apart(feature.geom, geometry_of(source)) < metres
        assert ladyzhyn.boundary.intersects(feature.geom)


# --- files that do not: asked, and nothing changed ---


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [("uk", "не вказано кодування літер"), ("en", "does not say how its letters are encoded")],
)
@pytest.mark.usefixtures("unchanged")
def test_an_encoding_that_cannot_be_told_is_asked_for_with_the_choices(
    lang: str, sentence: str, tmp_path: Path
) -> None:
    ended = import_data(letters_of_two_encodings(tmp_path), "--json", "--lang", lang)
    assert ended.code == 2
    assert sentence in ended.said
    choices = [option["encoding"] for option in ended.document["options"]]
    assert choices[0] == "cp1251"
    assert "koi8-u" in choices
    assert "cp1251" in ended.said
    assert "вулиця Соборна" in ended.said, "words of the file show which choice is right"
    assert (ended.document["status"], ended.document["code"]) == ("refused", "encoding-unknown")
    assert ended.document["detail"] == ended.said


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [("uk", "не вказано систему координат"), ("en", "does not say in which coordinate system")],
)
@pytest.mark.usefixtures("unchanged")
def test_a_coordinate_system_that_cannot_be_told_is_asked_for_with_the_choices(
    lang: str, sentence: str, tmp_path: Path
) -> None:
    far_away = files.parcels(west=24.03, south=49.84)
    ended = import_data(files.shapefile(tmp_path, far_away, epsg=6382, without=[".prj"]), "--lang", lang)
    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.said
    assert "EPSG:6382" in ended.said


# --- whole sets ---


def test_a_question_names_the_option_that_answers_it(tmp_path: Path) -> None:
    ended = import_data(letters_of_two_encodings(tmp_path))
    assert ended.said.rstrip().endswith("(--encoding)")


def test_letters_lost_to_a_wrong_encoding_give_exit_code_1() -> None:
    file = REAL / "encodings_crs" / "addresses_cp1251_nocpg_noldid_lcs05.zip"
    ended = import_data(file, "--encoding", "utf-8", "--lang", "en", "--json")
    assert (ended.code, ended.document["status"]) == (1, "incomplete")
    assert "values were not readable; check the encoding" in ended.said


@pytest.mark.parametrize(("verbosity", "told"), [("1", False), ("2", True)])
def test_the_log_stays_out_of_the_report_unless_asked_for(
    verbosity: str, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    file = REAL / "encodings_crs" / "addresses_cp1251_cpg_ucs2000_tm10.zip"
    ended = import_data(file, "--crs", "99999", "--verbosity", verbosity)
    assert ended.code == 2
    assert any("sandbox on" in line.getMessage() for line in caplog.records) is told


def test_the_hromadas_give_1767_features_and_two_reported_rows_and_exit_code_1() -> None:
    ended = import_data(
        REAL / "boundaries" / "cod_ab_adm3_hromadas.geojson", "--key-field", "adm3_pcode", "--accept-outside"
    )
    assert ended.code == 1
    assert "Рядків прочитано: 1769, імпортовано: 1767" in ended.out
    assert "відхилено: 2" in ended.out
    empty = [
        line for line in ended.out.splitlines() if "Рядок 105:" in line or "Рядок 241:" in line
    ]  # Мирнівська, Шкільненська
    assert len(empty) == 2
    assert all("геометрії" in line for line in empty)
    assert "2 рядки пропущено" in ended.said
    layer = Layer.objects.get()
    assert (layer.feature_count, len(stored())) == (1767, 1767)
    names = {feature.properties["adm3_pcode"]: feature.properties["adm3_ua"] for feature in stored()}
    assert names["UA0504013"] == "Ладижинська"
    assert not names.keys() & {"UA0108039", "UA0116047"}
    assert (Import.objects.get().summary or {})["rejected"] == 2


def test_the_national_roads_give_7775_lines() -> None:
    ended = import_data(
        REAL / "infrastructure" / "osm_roads_national_ua.zip",
        "--json",
        "--theme",
        "infrastructure",
        "--accept-outside",
    )
    assert ended.code == 0
    assert [ended.document[key] for key in ("read", "imported", "repaired", "rejected")] == [7775, 7775, 0, 0]
    layer = Layer.objects.get()
    assert (layer.geometry_type, layer.feature_count, layer.theme) == ("LineString", 7775, "infrastructure")
    west, south, east, north = layer.extent
    assert (22.0, 44.3) < (west, south) < (east, north) < (40.3, 52.4)


@pytest.mark.parametrize(
    ("name", "rows", "kind"),
    [
        ("addresses", 3443, "Point"), ("bicycle_parking", 22, "Point"), ("boundaries", 7, "Polygon"),
        ("bus_routes", 12, "LineString"), ("bus_stops", 59, "Point"), ("organizations", 360, "Point"),
        ("parking", 235, "Polygon"), ("picnic_places", 16, "Point"), ("recreation_areas", 20, "Polygon"),
        ("settlements", 6, "Point"), ("traffic_flows", 10, "LineString"),
    ],
)  # fmt: skip
def test_every_file_of_ladyzhyn_lands_whole(name: str, rows: int, kind: str) -> None:
    ended = import_data(REAL / "ladyzhyn" / f"{name}.geojson", "--json", "--title", "Шар громади")
    assert (ended.code, ended.document["imported"], ended.document["rejected"]) == (0, rows, 0)
    layer = Layer.objects.get()
    assert (layer.full_name, layer.geometry_type, layer.feature_count) == ("ladyzhyn.imported", kind, rows)
    assert layer.title == {"uk": "Шар громади"}
    for feature, source in zip(stored(), original(name), strict=True):
        for key, value in source["properties"].items():
            found = feature.properties.get(field_key(key), "")
            if isinstance(value, str) and isinstance(found, int | float):  # «25 537 м/кв»
                assert value.replace(" ", "").startswith(str(found))
                assert layer.schema.get(field_key(key)).unit
            elif isinstance(value, str):
                assert found == value  # no text is no value


def test_no_file_of_ladyzhyn_is_forgotten_here() -> None:
    names = {path.stem for path in (REAL / "ladyzhyn").glob("*.geojson")}
    [mark] = [
        mark for mark in test_every_file_of_ladyzhyn_lands_whole.pytestmark if mark.name == "parametrize"
    ]
    assert {name for name, _rows, _kind in mark.args[1]} == names


# --- how it tells ---


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        ("uk", ("Новий шар ladyzhyn.imported.", "Рядків прочитано: 6, імпортовано: 6", "Система координат: EPSG:4326")),
        ("en", ("New layer ladyzhyn.imported.", "Rows read: 6, imported: 6", "Coordinate system: EPSG:4326")),
    ],
)  # fmt: skip
def test_the_summary_and_the_progress_are_in_the_language_asked_for(
    lang: str, sentences: Sequence[str]
) -> None:
    ended = import_data(REAL / "ladyzhyn" / "settlements.geojson", "--lang", lang)
    assert ended.code == 0
    assert [sentence for sentence in sentences if sentence not in ended.out] == []
    progress = {"uk": "Переглядаємо файл", "en": "Looking at the file"}
    assert progress[lang] in ended.said
    assert "%" in ended.said


@pytest.mark.parametrize(
    ("lang", "sentence"), [("uk", "немає громади «UA99»"), ("en", "There is no community “UA99”")]
)
@pytest.mark.usefixtures("unchanged")
def test_a_community_that_is_not_there_is_told_before_the_file_is_read(lang: str, sentence: str) -> None:
    ended = import_data(REAL / "ladyzhyn" / "settlements.geojson", "--lang", lang, community="UA99")
    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.said


@pytest.mark.parametrize("lang", ["uk", "en"])
@pytest.mark.usefixtures("unchanged")
def test_a_file_that_is_not_there_is_told_by_its_name(lang: str, tmp_path: Path) -> None:
    ended = import_data(tmp_path / "немає.zip", "--lang", lang)
    assert (ended.code, ended.out) == (2, "")
    assert "немає.zip" in ended.said


def test_a_layer_with_another_schema_is_refused_and_left_as_it_was() -> None:
    assert import_data(REAL / "ladyzhyn" / "settlements.geojson").code == 0
    before = footprint()
    told = {"uk": "уже існує з іншою схемою", "en": "exists with another schema"}
    for lang, sentence in told.items():
        ended = import_data(REAL / "ladyzhyn" / "parking.geojson", "--mode", "append", "--lang", lang)
        assert (ended.code, ended.out) == (2, "")
        assert sentence in ended.said
        assert "ladyzhyn.imported" in ended.said
        assert "source_id" in ended.said, "the fields that differ are named"
    assert footprint() == before


def test_the_slug_of_the_community_serves_as_well_as_its_code() -> None:
    assert import_data(REAL / "ladyzhyn" / "settlements.geojson", community="ladyzhyn").code == 0


def test_rows_left_out_make_the_machines_answer_incomplete_too(tmp_path: Path) -> None:
    features = [*original("settlements"), original("settlements")[0] | {"geometry": None}]
    file = tmp_path / "settlements.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    ended = import_data(file, "--json", "--lang", "en")
    assert (ended.code, ended.document["status"]) == (1, "incomplete")
    assert (ended.document["imported"], ended.document["rejected"]) == (6, 1)
    assert ended.document["first_issues"][0]["row"] == 7
    assert ended.said == "1 row was left out; the reason is above."
