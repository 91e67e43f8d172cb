"""What was noticed in the rows of a file, on the pages of its import."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.gis.geos import Point
from django.test import Client

from gis_core.people import User
from importers.issues import issue_of
from importers.models import Import
from layers.models import Layer
from tests.frontend.importing.wizard import give
from tests.importers import files

pytestmark = pytest.mark.django_db


def test_a_remark_that_sums_up_many_values_shows_how_many(client: Client, tmp_path: Path) -> None:
    frame = files.parcels(3)
    frame["PLOSHCHA"] = ["1,5 га", "2 га", "3,25 га"]
    wizard = give(client, files.shapefile(tmp_path, frame))
    wizard.choose("target", title_uk="Ділянки")
    importing = wizard.importing
    sums = [it for it in importing.issues.all() if it.row is None and "count" in it.params]
    assert sums, "the file was made so that there is one"
    source = client.get(wizard.address).content.decode()
    assert all(it.message in source for it in map(issue_of, sums)), (
        "the sentence counts, and nothing beside it"
    )
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
