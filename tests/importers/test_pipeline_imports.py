"""From a file to features: what arrives, what is refused, and that a refusal leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from gis_core.communities import Community
from gis_core.errors import HromadaError, NotAllowed
from gis_core.people import User
from importers.errors import CrsUnknown, EncodingUnknown, NotSpatial, SeveralLayers
from importers.management.commands.import_data import report_of
from importers.models import Import, ImportIssue
from importers.pipeline import import_file
from importers.plan import ImportRequest, ModeNeeded, SchemaDiffers
from importers.summary import ImportSummary
from layers.access import visible_layers
from layers.edits import revert_changeset
from layers.models import Changeset, Feature, Layer
from tests.importers import files
from tests.importers.corpus import MIXED, SQUARE, shapefile_parts, zipped_shapefile

MakeUser = Callable[..., User]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _work_in_a_folder_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"


def bring_in(file: Path, community: Community, actor: User | None = None, **decisions: Any) -> ImportSummary:
    request = ImportRequest(**({"slug": "parcels"} | decisions))
    return import_file(file=file, name=file.name, community=community, actor=actor, request=request)


def assert_nothing_is_left() -> None:
    assert not Layer.objects.exists()
    assert not Changeset.objects.exists()
    assert not Import.objects.exists()
    assert not list((settings.VAR_DIR / "work").glob("*"))


def test_a_zipped_shapefile_in_the_local_system_lands_where_it_belongs(
    community: Community, tmp_path: Path
) -> None:
    summary = bring_in(files.shapefile(tmp_path, files.parcels(3)), community, title={"uk": "Ділянки"})
    assert (summary.read, summary.imported, summary.rejected, summary.created) == (3, 3, 0, 3)
    assert (summary.crs, summary.encoding, summary.accuracy_m) == ("EPSG:9832", "cp1251", 1.0)
    layer = Layer.objects.get()
    assert (layer.geometry_type, layer.feature_count, layer.revision) == ("Polygon", 3, 1)
    assert layer.extent == pytest.approx([29.24, 48.68, 29.243, 48.681], abs=1e-7)
    first = Feature.objects.order_by("id").first()
    assert first is not None
    assert first.properties["nazva"] == "вул. Кам'янецька, 1 ґ є і ї"
    assert first.properties["plosha"] == 0.25


def test_a_new_layer_is_for_members_until_somebody_opens_it(community: Community, tmp_path: Path) -> None:
    file = files.shapefile(tmp_path, files.parcels())
    bring_in(file, community)
    bring_in(file, community, slug="open", access_level="public")
    assert [layer.slug for layer in visible_layers(AnonymousUser())] == ["open"]


def test_importing_by_key_again_changes_nothing_and_says_so(community: Community, tmp_path: Path) -> None:
    file = files.shapefile(tmp_path, files.parcels(3))
    bring_in(file, community, key_field="cadnum")
    again = bring_in(file, community, mode="update")
    assert (again.created, again.updated, again.deleted) == (0, 0, 0)


def test_a_changed_file_updates_by_key_and_the_import_can_be_undone(
    community: Community, tmp_path: Path
) -> None:
    bring_in(files.shapefile(tmp_path, files.parcels(3)), community, key_field="cadnum")
    before = list(Feature.objects.order_by("id").values_list("id", "geom", "properties"))
    frame = files.parcels(4).drop(index=0)
    frame.loc[1, "NAZVA"] = "Нова назва"
    again = bring_in(files.shapefile(tmp_path, frame, name="again"), community, mode="replace")
    assert (again.created, again.updated, again.deleted) == (1, 1, 1)
    revert_changeset(changeset=Changeset.objects.get(pk=again.changeset), actor=None)
    assert list(Feature.objects.order_by("id").values_list("id", "geom", "properties")) == before


def test_a_layer_with_features_asks_what_to_do_with_them(community: Community, tmp_path: Path) -> None:
    file = files.shapefile(tmp_path, files.parcels())
    bring_in(file, community)
    with pytest.raises(ModeNeeded, match=r"demo\.parcels"):
        bring_in(files.shapefile(tmp_path, files.parcels(4), name="others"), community)
    assert Feature.objects.count() == 3


def test_a_layer_with_another_schema_is_refused_by_name_of_the_difference(
    community: Community, tmp_path: Path
) -> None:
    bring_in(files.shapefile(tmp_path, files.parcels()), community)
    with pytest.raises(SchemaDiffers, match="name"):
        bring_in(files.geopackage(tmp_path, files.points()), community, mode="append")
    assert Feature.objects.count() == 3


def test_a_file_without_coordinate_system_asks_and_offers_the_communitys_own(
    community: Community, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(), without=[".prj"])
    with pytest.raises(CrsUnknown) as question:
        bring_in(file, community)
    assert question.value.params["options"][0]["code"] == "EPSG:9832"
    assert_nothing_is_left()
    assert bring_in(file, community, crs="9832").crs == "EPSG:9832"


def test_a_file_without_encoding_is_known_by_its_letters(community: Community, tmp_path: Path) -> None:
    file = files.shapefile(tmp_path, files.parcels(), without=[".cpg"])
    assert bring_in(file, community).encoding == "cp1251"


def test_letters_of_two_encodings_are_asked_about_with_samples(community: Community, tmp_path: Path) -> None:
    file = zipped_shapefile(tmp_path / "map.zip", shapefile_parts([SQUARE] * 2, MIXED))
    with pytest.raises(EncodingUnknown, match=r"cp1251.*вулиця Соборна"):
        bring_in(file, community)
    assert_nothing_is_left()
    assert bring_in(file, community, encoding="cp1251").encoding == "cp1251"


def test_a_geopackage_with_two_layers_asks_which(community: Community, tmp_path: Path) -> None:
    file = files.geopackage(tmp_path, files.parcels(), layer="ділянки")
    files.geopackage(tmp_path, files.points(), layer="точки")
    with pytest.raises(SeveralLayers, match=r"ділянки.*точки"):
        bring_in(file, community)
    assert bring_in(file, community, source_layer="точки").imported == 3


@pytest.mark.parametrize("name", ["note.txt", "song.mp3", "parcels.shp"])
def test_what_is_no_spatial_file_is_refused_and_nothing_is_stored(
    community: Community, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes("це не карта".encode())
    with pytest.raises(HromadaError) as refusal:
        bring_in(tmp_path / name, community)
    assert Path(name).stem in str(refusal.value)
    assert_nothing_is_left()


def test_a_refusal_reads_in_both_languages(community: Community, tmp_path: Path) -> None:
    from django.utils.translation import override

    (tmp_path / "song.mp3").write_text("не карта", encoding="utf-8")
    with pytest.raises(NotSpatial) as refusal:
        bring_in(tmp_path / "song.mp3", community)
    with override("uk"):
        ukrainian = str(refusal.value)
    with override("en"):
        english = str(refusal.value)
    assert "song.mp3" in ukrainian
    assert "song.mp3" in english
    assert ukrainian != english


def test_an_invalid_geometry_is_repaired_and_reported_with_its_row(
    community: Community, tmp_path: Path
) -> None:
    from shapely import Polygon

    frame = files.parcels(2)
    west, south = files.LADYZHYN
    frame.loc[1, "geometry"] = Polygon(
        [(west, south), (west + 0.001, south + 0.001), (west + 0.001, south), (west, south + 0.001)]
    )
    summary = bring_in(files.geopackage(tmp_path, frame), community)
    assert (summary.imported, summary.repaired) == (2, 1)
    issue = ImportIssue.objects.get()
    assert (issue.row, issue.rule) == (2, "geometry-invalid")


def test_a_viewer_cannot_import(community: Community, user_with_role: MakeUser, tmp_path: Path) -> None:
    file = files.shapefile(tmp_path, files.parcels())
    for role in (None, "viewer"):
        with pytest.raises(NotAllowed):
            bring_in(file, community, user_with_role(role))
    assert bring_in(file, community, user_with_role("editor")).imported == 3


def test_an_editor_cannot_import_into_a_layer_they_do_not_see(
    community: Community, user_with_role: MakeUser, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels())
    bring_in(file, community, access_level="restricted")
    with pytest.raises(NotAllowed):
        bring_in(file, community, user_with_role("editor"), mode="append")


def test_a_standard_layer_takes_its_schema_and_style_from_the_definition(
    community: Community, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels())
    bring_in(
        file, community, slug="parcels", standard="parcels",
        field_map={"CADNUM": "cad_num", "PLOSHA": "area_doc_ha"},
    )  # fmt: skip
    layer = Layer.objects.get()
    assert layer.schema.get("cad_num") is not None
    assert Feature.objects.order_by("id").values_list("properties", flat=True)[0] == {
        "cad_num": "0510600000:01:001:0001", "area_doc_ha": 0.25,
    }  # fmt: skip


@pytest.mark.parametrize("level", ["staff", "restricted", "public"])
def test_a_standard_layer_is_as_open_as_was_decided_whatever_its_definition_says(
    community: Community, tmp_path: Path, level: str
) -> None:
    file = files.geopackage(tmp_path, files.points())
    decided = {} if level == "staff" else {"access_level": level}
    bring_in(file, community, slug="shelters", standard="shelters", unmapped="keep", **decided)
    assert Layer.objects.get().access_level == level


def test_an_update_keeps_the_values_that_the_file_has_no_column_for(
    community: Community, tmp_path: Path
) -> None:
    bring_in(files.shapefile(tmp_path, files.parcels(2)), community, key_field="cadnum")
    fewer = files.parcels(2).drop(columns="PLOSHA").assign(NAZVA="Нова назва")
    summary = bring_in(files.shapefile(tmp_path, fewer, name="fewer"), community, mode="update")
    assert summary.updated == 2
    first = Feature.objects.order_by("id").values_list("properties", flat=True)[0]
    assert (first["nazva"], first["plosha"]) == ("Нова назва", 0.25)


@pytest.mark.parametrize("mode", ["update", "replace"])
def test_an_import_neither_erases_nor_writes_a_field_that_its_author_does_not_see(
    community: Community, user_with_role: MakeUser, tmp_path: Path, mode: str
) -> None:
    file = files.shapefile(tmp_path, files.parcels(2))
    bring_in(file, community, key_field="cadnum")
    layer = Layer.objects.get()
    layer.fields = [
        item | {"access": "restricted"} if item["key"] == "plosha" else item for item in layer.fields
    ]
    layer.save()
    editor = user_with_role("editor")
    with pytest.raises(SchemaDiffers, match="plosha"):
        bring_in(file, community, editor, mode=mode)
    fewer = files.parcels(2).drop(columns="PLOSHA").assign(NAZVA="Нова назва")
    bring_in(files.shapefile(tmp_path, fewer, name="fewer"), community, editor, mode=mode)
    areas = [row["plosha"] for row in Feature.objects.order_by("id").values_list("properties", flat=True)]
    assert areas == [0.25, 0.5]


def test_features_that_lie_elsewhere_are_counted_and_the_command_says_so(
    community: Community, tmp_path: Path
) -> None:
    community.boundary = "SRID=4326;MULTIPOLYGON(((29.2 48.6,29.3 48.6,29.3 48.7,29.2 48.7,29.2 48.6)))"
    community.save()
    here = bring_in(files.shapefile(tmp_path, files.parcels(2)), community, slug="here")
    assert here.outside == 0
    file = files.shapefile(tmp_path, files.parcels(2, west=35.0), name="far")
    far = bring_in(file, community, slug="far", accept_outside=True)
    assert (far.imported, far.outside, far.elsewhere) == (2, 2, True)
    assert report_of(here).left_out == ""
    assert report_of(far).left_out
