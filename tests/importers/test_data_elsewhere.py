"""Data that lie outside of the community are applied only where somebody says that they belong there."""

import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from gis_core.communities import Community
from gis_core.people import User
from importers import steps
from importers.documents import import_document
from importers.models import Import, ImportStatus
from layers.models import Feature, Layer
from tests.gis_core.job_workers import ROOT
from tests.importers import files
from tests.importers.test_import_steps import after_jobs, started

MakeUser = Callable[..., User]


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


@pytest.fixture(autouse=True)
def _bounded(community: Community) -> None:
    community.boundary = "SRID=4326;MULTIPOLYGON(((29.2 48.6,29.3 48.6,29.3 48.7,29.2 48.7,29.2 48.6)))"
    community.save()


@pytest.fixture
def editor(user_with_role: MakeUser) -> User:
    return user_with_role("editor")


def lying(folder: Path, *, here: int, away: int) -> Path:
    """Parcels in the community and in Kherson."""
    there = files.parcels(away, west=32.6, south=46.6)
    return files.shapefile(folder, gpd.GeoDataFrame(pd.concat([files.parcels(here), there]), crs=4326))


@pytest.mark.django_db
def test_an_import_that_may_go_on_by_itself_stops_before_foreign_data_are_applied(
    community: Community, editor: User, tmp_path: Path, client_of: Callable[..., Client]
) -> None:
    with lying(tmp_path, here=1, away=9).open("rb") as handle:
        sent = {"community": "demo", "layer": "parcels", "file": handle, "apply": "true"}
        answer = client_of(editor).post("/api/imports", sent)
    importing = after_jobs(Import.objects.get(uuid=answer.json()["id"]))
    document = import_document(importing, editor)
    assert document["status"] == "ready"
    assert document["question"]["code"] == "data-elsewhere"
    assert document["question"]["params"] == {"rows": 10, "outside": 9}
    assert document["can"]["apply"]
    assert not Feature.objects.exists()
    steps.decide(importing=importing, actor=editor, choices={"accept_outside": True})
    assert after_jobs(importing).status == ImportStatus.APPLIED
    assert Feature.objects.count() == 10


@pytest.mark.django_db
def test_a_person_who_saw_the_question_may_apply_all_the_same(
    community: Community, editor: User, tmp_path: Path
) -> None:
    importing = started(lying(tmp_path, here=0, away=3), community, editor, layer="parcels", until="prepare")
    assert import_document(importing, editor)["question"]["code"] == "data-elsewhere"
    steps.apply(importing=importing, actor=editor)
    assert after_jobs(importing).status == ImportStatus.APPLIED


@pytest.mark.django_db
def test_what_was_confirmed_of_one_place_holds_for_no_other(
    community: Community, editor: User, tmp_path: Path
) -> None:
    file = files.shapefile(tmp_path, files.parcels(3, west=31.0, south=50.0), epsg=4326)
    importing = started(file, community, editor, layer="parcels", accept_outside=True, until="prepare")
    assert import_document(importing, editor)["question"] is None
    elsewhere = {"crs": "EPSG:4326", "swap_xy": True, "until": "apply"}
    steps.decide(importing=importing, actor=editor, choices=elsewhere)
    importing = after_jobs(importing)
    assert importing.status == ImportStatus.READY
    assert import_document(importing, editor)["question"]["code"] == "data-elsewhere"
    assert not Feature.objects.exists()
    steps.decide(importing=importing, actor=editor, choices={"swap_xy": False, "accept_outside": True})
    assert after_jobs(importing).status == ImportStatus.APPLIED


@pytest.mark.django_db
def test_what_was_confirmed_of_one_layer_of_a_file_holds_for_no_other(
    community: Community, editor: User, tmp_path: Path
) -> None:
    file = files.geopackage(tmp_path, files.parcels(3, west=32.6, south=46.6), layer="parcels")
    files.geopackage(tmp_path, files.parcels(3, west=30.0, south=50.0), layer="others")
    importing = started(file, community, editor, source_layer="parcels", layer="parcels", accept_outside=True)
    made = steps.split(importing=importing, actor=editor, layers=["parcels", "others"])
    assert [item.choices["accept_outside"] for item in made] == [True, False]


@pytest.mark.django_db
def test_some_rows_outside_are_told_and_stop_nothing(
    community: Community, editor: User, tmp_path: Path
) -> None:
    importing = started(lying(tmp_path, here=2, away=8), community, editor, layer="parcels", until="apply")
    assert importing.status == ImportStatus.APPLIED
    assert importing.issue_counts["outside-area"] == 8


@pytest.mark.django_db
def test_the_command_line_wants_a_word_for_foreign_data(community: Community, tmp_path: Path) -> None:
    file = lying(tmp_path, here=0, away=3)
    wanted = {"community": "demo", "layer": "parcels", "lang": "en"}
    with pytest.raises(CommandError, match=r"(?s)Of 3 features 3 lie outside.*--accept-outside") as refusal:
        call_command("import_data", str(file), **wanted, stdout=StringIO())
    assert refusal.value.returncode == 2
    assert not Layer.objects.exists()
    with pytest.raises(CommandError, match="Of 3 features 3 lie outside") as remark:
        call_command("import_data", str(file), **wanted, dry_run=True, stdout=StringIO())
    assert remark.value.returncode == 1
    call_command("import_data", str(file), **wanted, accept_outside=True, stdout=StringIO())
    assert Feature.objects.count() == 3


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("trial", [[], ["--dry-run"]])
def test_a_remark_is_printed_as_it_is_and_ends_with_code_1(
    community: Community, tmp_path: Path, trial: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = files.parcels(3)
    rows.loc[1, "geometry"] = None
    ended = ordered(
        "import_data", str(files.shapefile(tmp_path, rows)), "--community=demo", "--layer=parcels",
        "--lang=en", *trial, var=tmp_path / "var",
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.splitlines()[-1] == "1 row was left out; the reason is above."
    refused = ordered("import_data", "none.zip", "--community=demo", "--layer=parcels", var=tmp_path / "var")
    assert refused.returncode == 2
    assert "CommandError" not in refused.stderr + ended.stderr


def ordered(*arguments: str, var: Path) -> "subprocess.CompletedProcess[str]":
    """The command as it is asked from a shell, on the test's database."""
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "tests.gis_core.worker_settings", "HROMADA_VAR": str(var),
        "HROMADA_TEST_DB_IN_USE": connection.settings_dict["NAME"],
    }  # fmt: skip
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
