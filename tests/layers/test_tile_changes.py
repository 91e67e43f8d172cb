"""What open maps are told: which layers changed since they were drawn, and where."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gis_core.people import User
from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Layer
from layers.tiles import cache
from tests.conftest import add_features, square

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

MakeLayer = Callable[..., Layer]
PLACE, OTHER = (square(30.0, 50.0, 0.001), {}), (square(30.2, 50.2, 0.001), {})


@pytest.fixture
def anonymous() -> Client:
    return Client()


def changes(client: Client, *layers: Layer, since: str = "", **headers: str) -> dict[str, Any]:
    asked = ",".join(layer.full_name for layer in layers)
    seen = since or ",".join(str(layer.revision) for layer in layers)
    response = client.get(f"/tiles/changes?layers={asked}&since={seen}", headers=headers)
    assert response.status_code == 200, response.content
    return dict(response.json()["layers"])


def covers(box: list[float], west: float, south: float, size: float = 0.001) -> bool:
    """Whether the box is the square's, by the digits that a float of 4 bytes has."""
    wanted = [west, south, west + size, south + size]
    return all(abs(a - b) < 1e-5 for a, b in zip(box, wanted, strict=True))


def test_nothing_is_told_of_layers_that_are_as_they_were(make_layer: MakeLayer, anonymous: Client) -> None:
    assert changes(anonymous, make_layer(features=[PLACE]), make_layer("roads")) == {}


def test_a_changed_layer_is_told_with_the_old_and_the_new_place(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer, other = make_layer(features=[PLACE]), make_layer("roads", features=[OTHER])
    (feature,) = [item.pk for item in layer_features(layer)]
    draft = ChangeDraft("U", feature, 1, square(30.1, 50.1, 0.001), {})
    changeset = open_changeset(layer=layer, author=None, changes=[draft])
    apply_changeset(changeset=submit_changeset(changeset=changeset, actor=None), actor=None)
    told = changes(anonymous, layer, other)
    assert list(told) == [layer.full_name]
    assert told[layer.full_name]["revision"] == layer.revision + 1
    boxes = sorted(told[layer.full_name]["boxes"])
    assert len(boxes) == 2
    assert covers(boxes[0], 30.0, 50.0)
    assert covers(boxes[1], 30.1, 50.1)


def layer_features(layer: Layer) -> Any:
    from layers.models import Feature

    return Feature.objects.filter(layer_id=layer.pk)


def test_several_changesets_are_told_together_and_each_reader_from_where_they_are(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=[PLACE])
    for n in range(3):
        add_features(layer, [(square(30.1 + n / 10, 50.1, 0.001), {})])
    told = changes(anonymous, layer)[layer.full_name]
    assert (told["revision"], len(told["boxes"])) == (4, 3)
    told = changes(anonymous, layer, since="3")[layer.full_name]
    assert (told["revision"], len(told["boxes"])) == (4, 1)
    assert changes(anonymous, layer, since="4") == {}
    assert changes(anonymous, layer, since="99") == {}


def test_many_places_become_at_most_64_boxes_that_hold_them_all(
    make_layer: MakeLayer, anonymous: Client
) -> None:
    layer = make_layer(features=[PLACE])
    corners = [(30 + n * 7 % 31 / 100, 50 + n * 11 % 29 / 100) for n in range(300)]
    add_features(layer, [(square(west, south, 0.001), {}) for west, south in corners])
    boxes = changes(anonymous, layer)[layer.full_name]["boxes"]
    assert 1 < len(boxes) <= 64
    for west, south in corners:
        assert any(
            box[0] <= west and box[1] <= south and box[2] >= west + 0.001 and box[3] >= south + 0.001
            for box in boxes
        )


def test_where_it_is_not_known_it_may_be_anywhere(
    make_layer: MakeLayer, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer(features=[PLACE])
    add_features(layer, [OTHER])
    add_features(layer, [OTHER])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tiles.change WHERE revision = 2")
    assert changes(anonymous, layer)[layer.full_name]["boxes"] is None
    assert changes(anonymous, layer, since="2")[layer.full_name]["boxes"] is not None
    monkeypatch.setattr(cache, "MOST_TOUCHED", 0)
    add_features(layer, [OTHER])
    assert changes(anonymous, layer, since="3")[layer.full_name]["boxes"] is None


def test_nothing_is_told_of_a_layer_that_the_reader_may_not_see(
    make_layer: MakeLayer, anonymous: Client, user_with_role: Callable[..., User], client_of: Any
) -> None:
    closed, open_layer = (
        make_layer("closed", features=[PLACE], access_level="staff"),
        make_layer(features=[PLACE]),
    )
    member, stranger = client_of(user_with_role("viewer")), client_of(user_with_role(None))
    for layer in (closed, open_layer):
        add_features(layer, [OTHER])
    for _time in range(3):
        assert set(changes(member, closed, open_layer)) == {"demo.closed", "demo.parcels"}
        assert set(changes(stranger, closed, open_layer)) == {"demo.parcels"}
        assert set(changes(anonymous, closed, open_layer)) == {"demo.parcels"}


def test_asking_costs_one_statement_however_many_layers(
    make_layer: MakeLayer, anonymous: Client, user_with_role: Callable[..., User], client_of: Any
) -> None:
    layers = [make_layer(f"layer_{n}", features=[PLACE]) for n in range(4)]
    for client in (anonymous, client_of(user_with_role("viewer"))):
        for _time in range(2):
            changes(client, *layers)
        with CaptureQueriesContext(connection) as asked:
            changes(client, *layers)
        assert len(asked) == 1


def test_what_is_asked_wrongly_is_named(make_layer: MakeLayer, anonymous: Client) -> None:
    make_layer(features=[PLACE])
    wrong = {
        "": "since",
        "layers=demo.parcels": "since",
        "layers=demo.parcels&since=x": "since",
        "layers=demo.parcels&since=-1": "since",
        "layers=demo.parcels&since=1,2": "since",
        "layers=demo.parcels,demo.roads&since=1": "since",
    }
    for query, parameter in wrong.items():
        response = anonymous.get(f"/tiles/changes?{query}")
        assert (response.status_code, response.json()["parameter"]) == (400, parameter), query
    many = ",".join(["demo.parcels"] * 51)
    seen = ",".join(["1"] * 51)
    assert anonymous.get(f"/tiles/changes?layers={many}&since={seen}").status_code == 413
    for name in ("demo.absent", "%00", "demo.parcels'--", "a" * 300, "demo"):
        response = anonymous.get(f"/tiles/changes?layers={name}&since=0")
        assert (response.status_code, response.json()) == (200, {"layers": {}}), name


def test_an_answer_is_asked_for_each_time_and_told_apart_by_who_asks(
    make_layer: MakeLayer, anonymous: Client, user_with_role: Callable[..., User], client_of: Any
) -> None:
    layer = make_layer(features=[PLACE])
    path = f"/tiles/changes?layers={layer.full_name}&since=1"
    assert anonymous.get(path)["Cache-Control"] == "public, no-cache"
    assert client_of(user_with_role("viewer")).get(path)["Cache-Control"] == "private, no-cache"
    assert anonymous.get(path)["Vary"] == "Cookie, Authorization"
