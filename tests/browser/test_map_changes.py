"""The open map follows what others change: without loading the page again, and only where something changed."""

from collections.abc import Callable

import pytest

from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Feature, Layer
from tests.browser.on_map import over, paper, wait_for_colour, wait_for_tiles
from tests.browser.pages import PARCEL_FIELDS, PARCEL_STYLE, Watched
from tests.conftest import add_features, square

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

PRIVATE, COMMUNAL = (0xF0, 0xC9, 0x87), (0x8F, 0xB8, 0xC9)
CORNER = (29.2404, 48.6804)
"""In the parcel, away from its label."""
FREE = (29.2434, 48.6804)
"""Beside it, where nothing lies yet."""


@pytest.fixture
def parcels(make_layer: Callable[..., Layer]) -> Layer:
    return make_layer(
        features=[
            (square(29.24, 48.68, 0.002), {"cad_num": "0510600000:01:001:0001", "ownership": "200"}),
            (square(29.1, 48.5, 0.002), {"cad_num": "0510600000:01:001:0008"}),
            (square(29.6, 48.9, 0.002), {"cad_num": "0510600000:01:001:0009"}),
        ],
        fields=PARCEL_FIELDS, style=PARCEL_STYLE, geometry_type="Polygon", theme="land", key_field="cad_num",
    )  # fmt: skip


@pytest.fixture
def reader(window: Callable[..., Watched], parcels: Layer) -> Watched:
    """A resident's window with the map, drawn; marked, so that loading it again would show."""
    resident = window({"map": "/demo/#map=17/48.681/29.241"}, "uk")
    page = resident.open("map")
    wait_for_tiles(page)
    wait_for_colour(page, CORNER, over(paper(page), COMMUNAL))
    page.evaluate("document.body.dataset.opened = 'once'")
    return resident


def test_a_resident_sees_a_new_and_a_changed_parcel_on_the_open_map(reader: Watched, parcels: Layer) -> None:
    page = reader.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    add_features(
        parcels, [(square(29.243, 48.68, 0.002), {"cad_num": "0510600000:01:001:0002", "ownership": "100"})]
    )
    wait_for_colour(page, FREE, over(paper(page), PRIVATE))
    first = Feature.objects.earliest("pk")
    changed = ChangeDraft(
        "U", first.pk, 1, square(29.24, 48.68, 0.002), first.properties | {"ownership": "100"}
    )
    changeset = open_changeset(layer=parcels, author=None, changes=[changed])
    apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)
    wait_for_colour(page, CORNER, over(paper(page), PRIVATE))
    assert page.evaluate("document.body.dataset.opened") == "once"
    assert {address.split("?")[0].split("/tiles/")[1].split("/")[0] for address in asked} == {
        "changes", "demo.parcels"
    }  # fmt: skip


def test_a_change_elsewhere_asks_for_no_tile_again(reader: Watched, parcels: Layer) -> None:
    page = reader.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    add_features(parcels, [(square(29.59, 48.89, 0.002), {"cad_num": "0510600000:01:001:0003"})])
    with page.expect_request("**/tiles/changes?*&since=2"):  # it has been told of the change
        pass
    page.wait_for_timeout(500)
    assert [address for address in asked if ".mvt" in address] == []
