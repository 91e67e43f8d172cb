"""Changesets: the only way in, its refusals, and its undoing."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from gis_core.errors import BadParameter, NotAllowed
from gis_core.geo.geojson import BadGeometry
from gis_core.journal import JournalEntry
from gis_core.people import Membership, User
from layers.applying import DuplicateKey, NothingToChange
from layers.catalogue import update_layer
from layers.changes import OutsideYourArea, StaleEdit
from layers.edits import (
    AlreadyReverted,
    ChangeDraft,
    ReviewNeeded,
    WrongStatus,
    apply_changeset,
    discard_changeset,
    open_changeset,
    revert_changeset,
    review_changeset,
    submit_changeset,
)
from layers.models import Changeset, Feature, FeatureVersion, Layer
from layers.queries import feature_history
from layers.schema import BadProperties, BadSchema
from tests.conftest import FIELDS, add_features, point, square

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]


def change(layer: Layer, *drafts: ChangeDraft, author: User | None = None) -> Changeset:
    changeset = open_changeset(layer=layer, author=author, changes=drafts)
    changeset = submit_changeset(changeset=changeset, actor=author)
    return apply_changeset(changeset=changeset, actor=author)


def update(feature_id: int, base_version: int, geometry: Any = None, **properties: Any) -> ChangeDraft:
    return ChangeDraft("U", feature_id, base_version, geometry or square(), properties)


def contents(layer: Layer) -> list[tuple[Any, ...]]:
    rows = Feature.objects.filter(layer=layer).order_by("id")
    return [(row.pk, row.geom.wkt, row.properties, row.external_key) for row in rows]


def test_an_applied_changeset_raises_the_revision_and_counts_what_it_did(make_layer: MakeLayer) -> None:
    layer = make_layer()
    applied = change(
        layer,
        ChangeDraft("C", geometry=square(30, 50), properties={"name": "Кам'янецька, 1"}),
        ChangeDraft("C", geometry=square(31, 51), properties={"name": "Ґонти, 2"}),
    )
    layer.refresh_from_db()
    assert (applied.status, applied.revision, applied.created_count) == ("applied", 1, 2)
    assert (layer.revision, layer.feature_count) == (1, 2)
    assert layer.extent == pytest.approx([30, 50, 31.001, 51.001])
    entry = JournalEntry.objects.filter(action="changeset-applied").get()
    assert entry.details["created"] == 2


def test_an_update_keeps_the_old_state_in_the_history(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer()
    (feature_id,) = add_features(layer, [(square(), {"name": "Стара назва"})])
    change(layer, update(feature_id, 1, name="Нова назва"))
    past = FeatureVersion.objects.get(feature_id=feature_id)
    assert (past.properties, past.version) == ({"name": "Стара назва"}, 1)
    assert (past.revisions.lower, past.revisions.upper) == (1, 2)
    states = feature_history(user_with_role("viewer"), layer, feature_id)
    assert [(state["version"], state["properties"]["name"]) for state in states] == [
        (2, "Нова назва"), (1, "Стара назва"),
    ]  # fmt: skip


def test_a_stale_edit_is_refused_with_both_versions_and_changes_nothing(make_layer: MakeLayer) -> None:
    layer = make_layer()
    first, second = add_features(layer, [(square(), {"name": "А"}), (square(31), {"name": "Б"})])
    change(layer, update(first, 1, name="їхня"))
    before = contents(layer)
    with pytest.raises(StaleEdit) as refusal:
        change(layer, update(first, 1, name="моя"), update(second, 1, name="моя друга"))
    (conflict,) = refusal.value.params["conflicts"]
    assert conflict["yours"]["properties"] == {"name": "моя"}
    assert (conflict["theirs"]["version"], conflict["theirs"]["properties"]) == (2, {"name": "їхня"})
    assert contents(layer) == before


def test_an_edit_of_a_deleted_feature_is_stale_and_shows_that_theirs_is_gone(make_layer: MakeLayer) -> None:
    layer = make_layer()
    (feature_id,) = add_features(layer, [(square(), {})])
    change(layer, ChangeDraft("D", feature_id, 1))
    with pytest.raises(StaleEdit) as refusal:
        change(layer, update(feature_id, 1, name="запізно"))
    assert refusal.value.params["conflicts"][0]["theirs"] is None


def test_a_revert_restores_every_feature_id_and_attribute(make_layer: MakeLayer) -> None:
    layer = make_layer()
    kept, changed, removed = add_features(
        layer, [(square(30 + n), {"name": f"Ділянка {n}", "area_ha": n / 4}) for n in range(3)]
    )
    before = contents(layer)
    applied = change(
        layer,
        update(changed, 1, square(35), name="Інша"),
        ChangeDraft("D", removed, 1),
        ChangeDraft("C", geometry=square(36), properties={"name": "Нова"}),
    )
    assert contents(layer) != before
    undone = revert_changeset(changeset=applied, actor=None, comment="Помилка")
    assert contents(layer) == before
    assert (undone.created_count, undone.updated_count, undone.deleted_count) == (1, 1, 1)
    versions = dict(Feature.objects.filter(layer=layer).values_list("id", "version"))
    assert versions == {kept: 1, changed: 3, removed: 2}
    layer.refresh_from_db()
    assert (layer.revision, layer.feature_count) == (3, 3)


def test_a_revert_can_be_reverted_but_a_changeset_is_reverted_only_once(make_layer: MakeLayer) -> None:
    layer = make_layer()
    (feature_id,) = add_features(layer, [(square(), {"name": "було"})])
    applied = change(layer, update(feature_id, 1, name="стало"))
    after = contents(layer)
    undone = revert_changeset(changeset=applied, actor=None)
    with pytest.raises(AlreadyReverted):
        revert_changeset(changeset=applied, actor=None)
    revert_changeset(changeset=undone, actor=None)
    assert contents(layer) == after


def test_a_revert_is_refused_where_a_feature_was_changed_later(make_layer: MakeLayer) -> None:
    layer = make_layer()
    (feature_id,) = add_features(layer, [(square(), {"name": "1"})])
    second = change(layer, update(feature_id, 1, name="2"))
    change(layer, update(feature_id, 2, name="3"))
    with pytest.raises(StaleEdit) as refusal:
        revert_changeset(changeset=second, actor=None)
    assert refusal.value.params["conflicts"] == [{"id": feature_id}]


def test_a_revert_of_a_deletion_is_refused_where_the_feature_is_back_already(make_layer: MakeLayer) -> None:
    layer = make_layer()
    (feature_id,) = add_features(layer, [(square(), {"name": "1"})])
    deletion = change(layer, ChangeDraft("D", feature_id, 1))
    revert_changeset(changeset=deletion, actor=None)
    with pytest.raises(AlreadyReverted):
        revert_changeset(changeset=deletion, actor=None)


@pytest.mark.parametrize(
    ("properties", "rule"),
    [
        ({"name": 5}, "type"),
        ({"area_ha": -1}, "min"),
        ({"area_ha": float("nan")}, "type"),
        ({"нема": "x"}, "unknown"),
        ({"name": "а\x00б"}, "characters"),
        ({"name": {"nested": 1}}, "type"),
    ],
)
def test_values_that_do_not_fit_the_schema_are_refused_by_rule(
    make_layer: MakeLayer, properties: dict[str, Any], rule: str
) -> None:
    with pytest.raises(BadProperties) as refusal:
        open_changeset(
            layer=make_layer(),
            author=None,
            changes=[ChangeDraft("C", geometry=square(), properties=properties)],
        )
    assert [issue["rule"] for issue in refusal.value.params["issues"]] == [rule]
    assert not Changeset.objects.exists()


BOW_TIE = {"type": "Polygon", "coordinates": [[[30, 50], [31, 51], [31, 50], [30, 51], [30, 50]]]}


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {"type": "GeometryCollection", "geometries": []},
        point(1e200, 50),
        point(float("nan"), 50),
        point(float("inf"), 50),
        point(50, 200),
        point(30, 89.9),
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": ["30", "50"]},
        {"type": "Polygon", "coordinates": [[[30, 50], [31, 50], [31, 51]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "LineString", "coordinates": [[30, 50]]},
        {"type": "Polygon", "coordinates": [[[30, 50]] * 20_000]},
    ],
)
def test_a_geometry_that_cannot_be_stored_is_refused_before_any_library_sees_it(
    make_layer: MakeLayer, geometry: Any
) -> None:
    layer = make_layer()
    with pytest.raises(BadGeometry):
        open_changeset(layer=layer, author=None, changes=[ChangeDraft("C", geometry=geometry)])


def test_a_self_crossing_polygon_is_refused_with_the_place(make_layer: MakeLayer) -> None:
    with pytest.raises(BadGeometry, match=r"30\.5 50\.5"):
        change(make_layer(), ChangeDraft("C", geometry=BOW_TIE))


def test_a_point_does_not_fit_a_layer_of_areas_but_a_multipolygon_does(make_layer: MakeLayer) -> None:
    layer = make_layer(geometry_type="Polygon")
    with pytest.raises(BadGeometry):
        change(layer, ChangeDraft("C", geometry=point()))
    parts = {"type": "MultiPolygon", "coordinates": [square()["coordinates"], square(31)["coordinates"]]}
    assert change(layer, ChangeDraft("C", geometry=parts)).created_count == 1


def test_a_third_coordinate_is_dropped(make_layer: MakeLayer) -> None:
    layer = make_layer()
    change(layer, ChangeDraft("C", geometry={"type": "Point", "coordinates": [30, 50, 123.4]}))
    assert Feature.objects.get(layer=layer).geom.hasz is False


def test_two_features_cannot_share_a_key(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    add_features(layer, [(square(), {"cad_num": "0524184500:01:001:0001"})])
    with pytest.raises(DuplicateKey, match="0524184500:01:001:0001"):
        change(layer, ChangeDraft("C", geometry=square(31), properties={"cad_num": "0524184500:01:001:0001"}))


def test_an_empty_changeset_is_not_accepted(make_layer: MakeLayer) -> None:
    with pytest.raises(NothingToChange):
        change(make_layer())


def test_a_changeset_is_applied_only_once(make_layer: MakeLayer) -> None:
    applied = change(make_layer(), ChangeDraft("C", geometry=square()))
    with pytest.raises(WrongStatus):
        apply_changeset(changeset=applied, actor=None)


def test_a_draft_can_be_thrown_away_and_an_applied_one_cannot(make_layer: MakeLayer) -> None:
    layer = make_layer()
    draft = open_changeset(layer=layer, author=None, changes=[ChangeDraft("C", geometry=square())])
    discard_changeset(changeset=draft, actor=None)
    assert not Changeset.objects.exists()
    applied = change(layer, ChangeDraft("C", geometry=square()))
    with pytest.raises(WrongStatus):
        discard_changeset(changeset=applied, actor=None)


# --- roles and review -------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, "viewer"])
def test_a_person_without_the_role_cannot_change_anything(
    make_layer: MakeLayer, user_with_role: MakeUser, role: str | None
) -> None:
    layer = make_layer()
    with pytest.raises(NotAllowed):
        change(layer, ChangeDraft("C", geometry=square()), author=user_with_role(role))
    assert (
        change(layer, ChangeDraft("C", geometry=square()), author=user_with_role("editor")).created_count == 1
    )


def test_a_reviewed_layer_takes_changes_only_after_somebody_else_approved_them(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer(review_required=True)
    author, other = user_with_role("reviewer"), user_with_role("reviewer", email="second@example.org")
    changeset = open_changeset(layer=layer, author=author, changes=[ChangeDraft("C", geometry=square())])
    changeset = submit_changeset(changeset=changeset, actor=author)
    with pytest.raises(ReviewNeeded):
        apply_changeset(changeset=changeset, actor=author)
    with pytest.raises(NotAllowed):
        review_changeset(changeset=changeset, actor=author, verdict="approved")
    review_changeset(changeset=changeset, actor=other, verdict="approved")
    assert apply_changeset(changeset=changeset, actor=author).created_count == 1


def test_the_database_itself_refuses_an_author_as_reviewer(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer(review_required=True)
    author = user_with_role("reviewer")
    changeset = open_changeset(layer=layer, author=author, changes=[ChangeDraft("C", geometry=square())])
    with pytest.raises(IntegrityError, match="reviewer_is_not_the_author"), transaction.atomic():
        Changeset.objects.filter(pk=changeset.pk).update(reviewer=author)


def test_a_changeset_sent_back_can_be_submitted_again_and_a_rejected_one_cannot(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer(review_required=True)
    author, reviewer = user_with_role("editor"), user_with_role("reviewer")
    changeset = open_changeset(layer=layer, author=author, changes=[ChangeDraft("C", geometry=square())])
    changeset = submit_changeset(changeset=changeset, actor=author)
    changeset = review_changeset(
        changeset=changeset, actor=reviewer, verdict="needs_changes", comment="Уточніть межу"
    )
    changeset = submit_changeset(changeset=changeset, actor=author)
    changeset = review_changeset(changeset=changeset, actor=reviewer, verdict="rejected")
    with pytest.raises(WrongStatus):
        submit_changeset(changeset=changeset, actor=author)


def test_an_editor_limited_to_an_area_cannot_change_or_take_features_outside_of_it(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer()
    editor = user_with_role("editor")
    area = "SRID=4326;MULTIPOLYGON(((29.9 49.9,30.1 49.9,30.1 50.1,29.9 50.1,29.9 49.9)))"
    Membership.objects.filter(user=editor).update(area=area)
    (far,) = add_features(layer, [(square(35), {})])
    assert change(layer, ChangeDraft("C", geometry=square(30)), author=editor).created_count == 1
    for draft in (
        ChangeDraft("C", geometry=square(35)),
        update(far, 1, square(30)),
        ChangeDraft("D", far, 1),
    ):
        with pytest.raises(OutsideYourArea):
            change(layer, draft, author=editor)


def test_review_that_is_asked_for_meanwhile_holds_for_changesets_already_submitted(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer()
    changeset = open_changeset(layer=layer, author=None, changes=[ChangeDraft("C", geometry=square())])
    changeset = submit_changeset(changeset=changeset, actor=None)
    update_layer(layer=layer, actor=None, review_required=True)
    with pytest.raises(ReviewNeeded):
        apply_changeset(changeset=changeset, actor=None)


# --- the database holds the one way in --------------------------------------------------------

WRITES = [
    "INSERT INTO {table} (layer_id, geom, revision, changeset_id) "
    "VALUES ({layer}, ST_SetSRID(ST_MakePoint(30, 50), 4326), 9, 9)",
    "UPDATE {table} SET properties = '{{}}'",
    "DELETE FROM {table}",
]


@pytest.mark.parametrize("statement", WRITES)
@pytest.mark.parametrize("table", ["layers_feature", "features.layer_{layer}"])
def test_a_write_outside_a_changeset_is_refused_on_the_whole_table_and_on_a_partition(
    make_layer: MakeLayer, statement: str, table: str
) -> None:
    layer = make_layer(features=[(square(), {})])
    before = contents(layer)
    query = statement.format(table=table.format(layer=layer.pk), layer=layer.pk)
    with (
        pytest.raises(ProgrammingError, match="only through a changeset"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(query)
    assert contents(layer) == before


def test_a_write_under_an_applied_changeset_or_one_of_another_layer_is_refused(make_layer: MakeLayer) -> None:
    layer = make_layer("one", features=[(square(), {})])
    other = make_layer("two")
    applied = layer.changesets.get()
    submitted = submit_changeset(
        changeset=open_changeset(layer=other, author=None, changes=[ChangeDraft("C", geometry=square())]),
        actor=None,
    )
    for changeset, message in ((applied, "only through a changeset"), (submitted, "of another layer")):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('hromada.changeset', %s, true)", [str(changeset.pk)])
            with pytest.raises(ProgrammingError, match=message), transaction.atomic():
                cursor.execute("DELETE FROM layers_feature WHERE layer_id = %s", [layer.pk])


def test_the_journal_cannot_be_rewritten(make_layer: MakeLayer) -> None:
    make_layer()
    for write in (
        lambda: JournalEntry.objects.update(action="інше"),
        lambda: JournalEntry.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            write()


def test_no_feature_has_two_states_at_one_revision(make_layer: MakeLayer) -> None:
    layer = make_layer()
    (feature_id,) = add_features(layer, [(square(), {"name": "1"})])
    change(layer, update(feature_id, 1, name="2"))
    past = FeatureVersion.objects.get()
    past.pk = None
    with pytest.raises(IntegrityError, match="one_state_at_a_revision"), transaction.atomic():
        past.save(force_insert=True)


def test_fields_used_by_these_tests_form_a_schema(make_layer: MakeLayer) -> None:
    assert [item.key for item in make_layer().schema] == [item["key"] for item in FIELDS]


def test_a_changeset_sent_back_waits_for_a_new_verdict_after_it_is_submitted_again(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer(review_required=True)
    author, reviewer = user_with_role("editor"), user_with_role("reviewer")
    drafted = open_changeset(layer=layer, author=author, changes=[ChangeDraft("C", geometry=square())])
    changeset = submit_changeset(changeset=drafted, actor=author)
    review_changeset(changeset=changeset, actor=reviewer, verdict="needs_changes")
    changeset = submit_changeset(changeset=changeset, actor=author)
    with pytest.raises(ReviewNeeded):
        apply_changeset(changeset=changeset, actor=author)
    changeset = review_changeset(changeset=changeset, actor=reviewer, verdict="approved")
    assert apply_changeset(changeset=changeset, actor=author).status == "applied"


def test_a_verdict_that_is_none_is_refused(make_layer: MakeLayer, user_with_role: MakeUser) -> None:
    changeset = open_changeset(layer=make_layer(), author=None, changes=[ChangeDraft("C", geometry=square())])
    changeset = submit_changeset(changeset=changeset, actor=None)
    with pytest.raises(BadParameter, match="verdict"):
        review_changeset(changeset=changeset, actor=user_with_role("reviewer"), verdict="applied")


def test_applying_to_one_layer_holds_up_no_other_layer_of_the_community(
    committed: None, make_layer: MakeLayer
) -> None:
    square_here = [(square(), {})]  # both have their partitions, so that only rows are waited for
    layer, other = make_layer(features=square_here), make_layer("roads", features=square_here)
    applied: list[str] = []

    def edit_other() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '3s'")
        applied.append(change(other, ChangeDraft("C", geometry=square(31))).status)
        connection.close()

    with transaction.atomic():
        change(layer, ChangeDraft("C", geometry=square(31)))
        editor = Thread(target=edit_other)
        editor.start()
        editor.join()
    assert applied == ["applied"]


def test_fields_with_values_can_be_neither_removed_nor_retyped(make_layer: MakeLayer) -> None:
    layer = make_layer(features=[(square(), {"name": "Ґонти, 2"})])
    retyped = [{**item, "type": "integer"} if item["key"] == "name" else item for item in FIELDS]
    for fields in (FIELDS[:1], retyped):
        with pytest.raises(BadSchema, match="name"):
            update_layer(layer=layer, actor=None, fields=fields)
    update_layer(layer=layer, actor=None, fields=[*FIELDS, {"key": "floors", "type": "integer"}])


@pytest.mark.parametrize(
    ("op", "place", "extent"),
    [
        ("C", 40, [30, 50, 40, 50]),
        ("C", 31, [30, 50, 33, 50]),
        ("U", 32, [31, 50, 33, 50]),
        ("U", 25, [25, 50, 33, 50]),
        ("D", None, [31, 50, 33, 50]),
    ],
)
def test_the_extent_of_a_layer_follows_each_change_exactly(
    make_layer: MakeLayer, op: str, place: float | None, extent: list[float]
) -> None:
    layer = make_layer(features=[(point(30 + n), {}) for n in range(4)])
    west = Feature.objects.filter(layer=layer).order_by("id").first()
    assert west is not None
    geometry = None if place is None else point(place)
    change(layer, ChangeDraft(op, None if op == "C" else west.pk, None if op == "C" else 1, geometry))
    layer.refresh_from_db()
    assert layer.extent == extent


def test_an_extent_stays_where_something_inside_of_it_changes(make_layer: MakeLayer) -> None:
    layer = make_layer(features=[(square(30 + n, 50 + n), {}) for n in range(3)])
    before, middle = layer.extent, Feature.objects.filter(layer=layer).order_by("id")[1]
    change(layer, update(middle.pk, 1, square(31.5, 51.5)))
    layer.refresh_from_db()
    assert layer.extent == before
