"""Editing over HTTP: as a planner's browser or another program would."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from gis_core.people import User, create_api_token
from layers.models import Changeset, Feature, Layer
from tests.conftest import FIELDS, add_features, point, square

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
ClientOf = Callable[[User | None], Client]
URL = "/api/collections/demo.parcels/changesets"


def send(client: Client, *changes: dict[str, Any], url: str = URL, **headers: Any) -> Any:
    body = {"comment": "Уточнено межу", "changes": list(changes)}
    return client.post(url, body, content_type="application/json", headers=headers)


def create(**properties: Any) -> dict[str, Any]:
    return {"op": "C", "geometry": square(), "properties": properties}


def test_a_planner_draws_a_parcel_and_gets_its_id(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    make_layer()
    answer = send(client_of(user_with_role("editor")), create(name="Кам’янецька, 5"))
    assert answer.status_code == 201
    told = answer.json()
    assert (told["status"], told["revision"], told["created"]) == ("applied", 1, 1)
    feature = Feature.objects.get(pk=told["created_ids"][0])
    assert feature.properties == {"name": "Кам’янецька, 5"}
    assert Changeset.objects.get(pk=told["id"]).source == "edit"


def test_a_stale_edit_is_409_with_both_versions(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    (feature_id,) = add_features(make_layer(), [(square(), {"name": "було"})])
    client = client_of(user_with_role("editor"))
    mine = {
        "op": "U",
        "id": feature_id,
        "base_version": 1,
        "geometry": square(31),
        "properties": {"name": "моє"},
    }
    assert send(client, mine | {"properties": {"name": "їхнє"}}).status_code == 201
    answer = send(client, mine)
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    problem = answer.json()
    assert problem["code"] == "stale-edit"
    (conflict,) = problem["conflicts"]
    assert conflict["yours"]["properties"] == {"name": "моє"}
    assert (conflict["theirs"]["version"], conflict["theirs"]["properties"]) == (2, {"name": "їхнє"})


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"op": "X"}, "op"),
        ({"op": "U", "id": 1}, "base_version"),
        ({"op": "D", "base_version": 1}, "id"),
        ({"op": "C"}, "geometry"),
        ({"op": "C", "geometry": square(), "properties": [1]}, "properties"),
    ],
)
def test_a_malformed_change_is_400_and_names_the_part(
    make_layer: MakeLayer,
    user_with_role: MakeUser,
    client_of: ClientOf,
    change: dict[str, Any],
    parameter: str,
) -> None:
    make_layer()
    answer = send(client_of(user_with_role("editor")), change)
    assert answer.status_code == 400
    assert parameter in str(answer.json())


@pytest.mark.parametrize(
    "body", ["", "[]", "nonsense", '{"changes": "x"}', '{"changes": []}', '{"changes": [[]]}']
)
def test_a_body_that_is_no_changeset_is_400(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf, body: str
) -> None:
    make_layer()
    answer = client_of(user_with_role("editor")).post(URL, body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_values_that_do_not_fit_are_422_with_every_issue(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    make_layer()
    answer = send(client_of(user_with_role("editor")), create(area_ha="багато", name=7))
    assert answer.status_code == 422
    assert {issue["field"] for issue in answer.json()["issues"]} == {"area_ha", "name"}


def test_who_may_not_edit_is_refused_and_who_may_not_see_finds_nothing(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    make_layer()
    make_layer("secret", access_level="restricted")
    for user in (None, user_with_role(None), user_with_role("viewer")):
        assert send(client_of(user), create()).status_code == 403
    editor = client_of(user_with_role("editor"))
    hidden = send(editor, create(), url="/api/collections/demo.secret/changesets")
    absent = send(editor, create(), url="/api/collections/demo.nosuch/changesets")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert not Changeset.objects.exists()


def test_a_browser_without_the_csrf_token_is_refused(make_layer: MakeLayer, user_with_role: MakeUser) -> None:
    make_layer()
    client = Client(enforce_csrf_checks=True)
    client.force_login(user_with_role("editor"))
    assert send(client, create()).status_code == 403


def test_a_program_signs_in_by_token_and_a_wrong_one_is_401(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    make_layer()
    token = create_api_token(user=user_with_role("editor"), name="QGIS")
    answer = send(Client(enforce_csrf_checks=True), create(), authorization=f"Bearer {token}")
    assert answer.status_code == 201
    assert Changeset.objects.get().source == "api"
    assert send(Client(), create(), authorization="Bearer hgis_wrong").status_code == 401


def test_changes_of_a_reviewed_layer_wait(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    make_layer(review_required=True)
    answer = send(client_of(user_with_role("editor")), create())
    assert (answer.status_code, answer.json()["status"]) == (202, "submitted")
    assert not Feature.objects.exists()


def test_a_changeset_is_reverted_by_its_address(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    make_layer()
    client = client_of(user_with_role("editor"))
    sent = send(client, create(name="зайва")).json()
    answer = client.post(f"/api/changesets/{sent['id']}/revert", {"comment": "Помилка"}, "application/json")
    assert (answer.status_code, answer.json()["deleted"], answer.json()["reverts"]) == (201, 1, sent["id"])
    assert client.get(f"/api/changesets/{sent['id']}").json()["reverted_by"] == answer.json()["id"]
    assert not Feature.objects.exists()


def test_a_changeset_is_not_shown_to_others(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    make_layer(features=[(point(), {})])
    changeset = Changeset.objects.get()
    for user in (None, user_with_role(None), user_with_role("viewer")):
        answer = client_of(user).get(f"/api/changesets/{changeset.pk}")
        assert answer.status_code == 404
        assert answer.json()["code"] == client_of(user).get("/api/changesets/999999").json()["code"]


def test_the_history_lists_every_state_newest_first(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    (feature_id,) = add_features(make_layer(), [(square(), {"name": "1"})])
    client = client_of(user_with_role("editor"))
    send(
        client,
        {"op": "U", "id": feature_id, "base_version": 1, "geometry": square(), "properties": {"name": "2"}},
    )
    send(client, {"op": "D", "id": feature_id, "base_version": 2})
    states = client.get(f"/api/collections/demo.parcels/items/{feature_id}/history").json()
    assert [(state["version"], state["properties"]["name"], state["ended_revision"]) for state in states] == [
        (2, "2", 3), (1, "1", 2),
    ]  # fmt: skip
    assert states[0]["comment"] == "Уточнено межу"
    assert client_of(user_with_role("viewer")).get(
        f"/api/collections/demo.parcels/items/{feature_id}/history"
    ).status_code == 403  # fmt: skip


CLOSED = [*FIELDS, {"key": "owner", "title": {"uk": "Власник"}, "type": "string", "access": "restricted"}]


def test_an_edit_neither_shows_nor_erases_a_field_that_is_closed_to_its_author(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    layer = make_layer(fields=CLOSED)
    (feature_id,) = add_features(layer, [(square(), {"name": "було", "owner": "СЕКРЕТ"})])
    client = client_of(user_with_role("editor"))
    mine = {"op": "U", "id": feature_id, "geometry": square(), "properties": {"name": "стало"}}

    stale = send(client, mine | {"base_version": 7})
    assert stale.json()["conflicts"][0]["theirs"]["properties"] == {"name": "було"}
    assert send(client, mine | {"base_version": 1}).status_code == 201
    assert Feature.objects.get(pk=feature_id).properties == {"name": "стало", "owner": "СЕКРЕТ"}

    guess = send(client, mine | {"base_version": 2, "properties": {"owner": "хтось"}})
    assert (guess.status_code, guess.json()["issues"][0]["rule"]) == (422, "unknown")


def test_a_refused_changeset_leaves_nothing_behind(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf
) -> None:
    (feature_id,) = add_features(make_layer(), [(square(), {"name": "було"})])
    stale = {"op": "D", "id": feature_id, "base_version": 7}
    assert send(client_of(user_with_role("editor")), stale).status_code == 409
    assert Changeset.objects.values_list("status", flat=True).get() == "applied"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ('{"op":"D","id":1,"base_version":99999999999}', 400, "invalid-body"),
        ('{"op":"D","id":99999999999999999999999,"base_version":1}', 400, "invalid-body"),
        ('{"op":"D","id":1,"base_version":1},{"op":"D","id":1,"base_version":1}', 422, "repeated-feature"),
        ('{"op":"C","geometry":{"type":["Point"],"coordinates":[30,50]}}', 422, "bad-geometry"),
        (r'{"op":"C","geometry":%(point)s,"properties":{"name":"\ud800"}}', 400, "bad-body"),
        ('{"op":"C","geometry":%(point)s,"properties":{"area_ha":1%(zeros)s}}', 422, "bad-properties"),
        ('{"op":"C","geometry":%(point)s,"properties":{"day":"2024-W01-1"}}', 422, "bad-properties"),
        (
            '{"op":"C","geometry":%(point)s,"properties":{"at":"2024-01-01T00:00:00+23:00"}}',
            422,
            "bad-properties",
        ),
        ("[" * 5000 + "]" * 5000, 400, "bad-body"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name_and_never_a_fault(
    make_layer: MakeLayer, user_with_role: MakeUser, client_of: ClientOf, changes: str, status: int, code: str
) -> None:
    make_layer(fields=[*FIELDS, {"key": "day", "type": "date"}, {"key": "at", "type": "datetime"}])
    place = '{"type":"Point","coordinates":[30,50]}'
    filled = changes.replace("%(point)s", place).replace("%(zeros)s", "0" * 400)
    body = f'{{"changes":[{filled}]}}'
    answer = client_of(user_with_role("editor")).post(URL, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_filter_by_a_time_that_no_database_reads_is_400(make_layer: MakeLayer, client: Client) -> None:
    make_layer(fields=[{"key": "at", "type": "datetime"}])
    answer = client.get("/api/collections/demo.parcels/items?at=2024-01-01T00:00:00%2B23:00")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "at")
