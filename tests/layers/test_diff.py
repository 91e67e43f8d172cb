"""The diff of an import: what it would add, change and remove, seen, refused in part, and made true."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_core.people import User
from layers import diff_table, staging
from layers.access import editable_schema
from layers.diff import (
    ContentIsFixed,
    DiffCounts,
    DiffRow,
    KeysTaken,
    NoDiff,
    RepeatedKeys,
    accept,
    compute_diff,
    diff_counts,
    diff_extent,
    diff_features,
    diff_rows,
)
from layers.edits import (
    ChangeDraft,
    NothingToChange,
    apply_changeset,
    discard_changeset,
    open_changeset,
    revert_changeset,
    review_changeset,
    submit_changeset,
)
from layers.loads import LayerMovedOn
from layers.models import Changeset, Feature, Layer
from tests.conftest import FIELDS, add_features, point
from tests.layers.test_loads import Row, binary_copy, counts, load, staging_tables, whole

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]
MODES = ("append", "update", "replace")


def prepared(
    layer: Layer, mode: str, rows: Sequence[Row], *, keep: Sequence[str] = (), author: User | None = None
) -> Changeset:
    """An import whose differences are known and which waits for their review."""
    changeset = open_changeset(layer=layer, author=author, source="import", staging_mode=mode)
    staging.copy_binary(changeset, binary_copy(rows))
    staging.keep_values(changeset, keep)
    compute_diff(changeset)
    return changeset


def carry_out(changeset: Changeset) -> Changeset:
    author = changeset.author
    return apply_changeset(changeset=submit_changeset(changeset=changeset, actor=author), actor=author)


def seen(changeset: Changeset, kind: str | None = None) -> list[DiffRow]:
    return diff_rows(changeset, kind=kind, limit=1000, fields=changeset.layer.schema)


def told(changeset: Changeset) -> list[tuple[Any, ...]]:
    """Each difference in short: kind, before, after, changed keys, whether it moved."""
    return [(row.kind, row.before, row.after, row.changed, row.geometry_changed) for row in seen(changeset)]


def numbers(changeset: Changeset) -> tuple[int, int, int, int]:
    found = diff_counts(changeset)
    return found.added, found.changed, found.removed, found.unchanged


def row(longitude: float, key: str | None = None, **properties: Any) -> Row:
    return longitude, ({"cad_num": key} if key else {}) | properties, key


# --- by key -----------------------------------------------------------------------------------


@pytest.fixture
def parcels(make_layer: MakeLayer) -> Layer:
    """Three features with keys k1, k2, k3 at 30, 31, 32 degrees."""
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(29.0 + n, f"k{n}", name=f"Ділянка {n}", area_ha=n) for n in (1, 2, 3)])
    return layer


def test_each_difference_by_key_is_told_attribute_by_attribute(parcels: Layer) -> None:
    rows = [row(30, "k1", name="Інша", area_ha=1), row(35, "k2", name="Ділянка 2", area_ha=2), row(36, "k4")]
    changeset = prepared(parcels, "replace", rows)
    assert told(changeset) == [
        ("removed", {"cad_num": "k3", "name": "Ділянка 3", "area_ha": 3}, None, (), False),
        ("changed", {"cad_num": "k1", "name": "Ділянка 1", "area_ha": 1},
         {"cad_num": "k1", "name": "Інша", "area_ha": 1}, ("name",), False),
        ("changed", {"cad_num": "k2", "name": "Ділянка 2", "area_ha": 2},
         {"cad_num": "k2", "name": "Ділянка 2", "area_ha": 2}, (), True),
        ("added", None, {"cad_num": "k4"}, (), False),
    ]  # fmt: skip
    assert [found.key for found in seen(changeset)] == ["k3", "k1", "k2", "k4"]
    assert diff_counts(changeset) == DiffCounts(added=1, changed=2, removed=1, unchanged=0, accepted=4)


def test_updating_removes_nothing_and_leaves_the_rest_alone(parcels: Layer) -> None:
    changeset = prepared(parcels, "update", [row(30, "k1", name="Інша"), row(36, "k4")])
    assert numbers(changeset) == (1, 1, 0, 0)
    assert counts(carry_out(changeset)) == (1, 1, 0)


def test_the_same_place_with_another_key_is_another_feature(parcels: Layer) -> None:
    changeset = prepared(parcels, "replace", [row(29.0 + n, f"n{n}", name=f"Ділянка {n}") for n in (1, 2, 3)])
    assert numbers(changeset) == (3, 0, 3, 0)


def test_a_feature_without_a_key_is_given_that_of_the_row_that_lies_there(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(30, None, name="Без номера")])
    (before,) = whole(layer)
    carry_out(prepared(layer, "update", [row(30, "k1", name="Без номера")]))
    (after,) = whole(layer)
    assert (after[0], after[3]) == (before[0], "k1")


def test_a_row_without_a_key_comes_before_one_with_a_new_key_where_both_could_be_the_feature(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(30, None, name="А")])
    changeset = prepared(layer, "replace", [row(30, "k1", name="А"), row(30, None, name="А")])
    assert [(found.kind, found.key) for found in seen(changeset)] == [("added", "k1")]


def test_replacing_by_a_row_without_a_key_takes_the_key_away(parcels: Layer) -> None:
    carry_out(prepared(parcels, "replace", [row(30, None, name="Ділянка 1", area_ha=1)]))
    ((_id, _geometry, properties, key),) = whole(parcels)
    assert (properties, key) == ({"name": "Ділянка 1", "area_ha": 1}, None)


def test_adding_leaves_out_what_is_there_and_refuses_another_feature_with_a_key_that_is_taken(
    parcels: Layer,
) -> None:
    same = row(30, "k1", name="Ділянка 1", area_ha=1)
    assert numbers(prepared(parcels, "append", [same, row(36, "k4")])) == (1, 0, 0, 1)
    with pytest.raises(KeysTaken, match="k2"):
        prepared(parcels, "append", [same, row(36, "k2")])


def test_adding_leaves_a_feature_without_a_key_as_it_is(make_layer: MakeLayer) -> None:
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(30, name="Без номера")])
    before = whole(layer)
    changeset = prepared(layer, "append", [row(30, "k1", name="Без номера"), row(31, "k2")])
    assert numbers(changeset) == (1, 0, 0, 1)
    assert counts(carry_out(changeset)) == (1, 0, 0)
    assert whole(layer)[0] == before[0]


def test_rows_that_share_a_key_have_no_diff(parcels: Layer) -> None:
    with pytest.raises(RepeatedKeys, match="k7"):
        prepared(parcels, "update", [row(30, "k7"), row(31, "k7")])


# --- without a key ----------------------------------------------------------------------------


def test_without_keys_a_row_is_the_feature_in_its_place_else_the_one_with_its_attributes(
    make_layer: MakeLayer,
) -> None:
    layer = make_layer()
    load(layer, "append", [row(30, name="Школа"), row(31, name="Садок"), row(32, name="Аптека"), row(33)])
    ids = {found.properties.get("name"): found.pk for found in Feature.objects.all()}
    rows = [row(30, name="Ліцей"), row(35, name="Садок"), row(32, name="Аптека"), row(36, name="Музей")]
    changeset = prepared(layer, "replace", rows)
    assert told(changeset) == [
        ("removed", {}, None, (), False),
        ("changed", {"name": "Школа"}, {"name": "Ліцей"}, ("name",), False),
        ("changed", {"name": "Садок"}, {"name": "Садок"}, (), True),
        ("added", None, {"name": "Музей"}, (), False),
    ]
    assert numbers(changeset) == (1, 2, 1, 1)
    carry_out(changeset)
    after = {found.properties["name"]: found.pk for found in Feature.objects.all()}
    assert (after["Ліцей"], after["Садок"], after["Аптека"]) == (ids["Школа"], ids["Садок"], ids["Аптека"])


def test_equal_rows_meet_equal_features_one_by_one(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [row(30, name="Дерево")] * 3)
    assert numbers(prepared(layer, "replace", [row(30, name="Дерево")] * 2)) == (0, 0, 1, 2)
    assert numbers(prepared(layer, "append", [row(30, name="Дерево")] * 5)) == (2, 0, 0, 3)


@pytest.mark.parametrize("twice", ["rows", "features"])
def test_what_is_not_unique_in_its_place_is_not_guessed(make_layer: MakeLayer, twice: str) -> None:
    layer = make_layer()
    one, two = [row(30, name="А")], [row(30, name="Б"), row(30, name="В")]
    load(layer, "append", two if twice == "features" else one)
    changeset = prepared(layer, "replace", one if twice == "features" else two)
    assert numbers(changeset) == ((1, 0, 2, 0) if twice == "features" else (2, 0, 1, 0))


def test_features_without_attributes_are_not_taken_for_one_another(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [row(30)])
    assert numbers(prepared(layer, "replace", [row(31)])) == (1, 0, 1, 0)


def test_a_number_written_another_way_is_the_same_number(make_layer: MakeLayer) -> None:
    layer = make_layer()
    load(layer, "append", [row(30, area_ha=2)])
    assert numbers(prepared(layer, "replace", [row(30, area_ha=2.0)])) == (0, 0, 0, 1)


# --- values that are kept ---------------------------------------------------------------------


@pytest.mark.parametrize("key_field", ["cad_num", ""])
def test_values_of_which_the_file_knows_nothing_are_kept(make_layer: MakeLayer, key_field: str) -> None:
    layer = make_layer(key_field=key_field)
    key = "k1" if key_field else None
    load(layer, "append", [row(30, key, name="Назва", area_ha=5)])
    same = prepared(layer, "update", [row(30, key, name="Назва")], keep=["area_ha"])
    assert numbers(same) == (0, 0, 0, 1)
    changed = prepared(layer, "update", [row(30, key, name="Нова")], keep=["area_ha"])
    assert seen(changed)[0].changed == ("name",)
    carry_out(changed)
    ((_id, _geometry, properties, _key),) = whole(layer)
    assert (properties["name"], properties["area_ha"]) == ("Нова", 5)


CLOSED = [*FIELDS[:2], {**FIELDS[2], "access": "restricted"}]


def test_a_field_hidden_from_the_author_is_neither_compared_nor_erased_nor_shown(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    editor = user_with_role("editor")
    layer = make_layer(key_field="cad_num", fields=CLOSED)
    load(layer, "append", [row(30, "k1", name="А", area_ha=5), row(31, "k2", name="Б", area_ha=6)])
    rows = [row(30, "k1", name="А"), row(31, "k2", name="Інша")]
    changeset = prepared(layer, "replace", rows, author=editor)
    assert numbers(changeset) == (0, 1, 0, 1)
    (found,) = diff_rows(changeset, limit=10, fields=editable_schema(editor, layer))
    assert (found.before, found.after, found.changed) == (
        {"cad_num": "k2", "name": "Б"}, {"cad_num": "k2", "name": "Інша"}, ("name",),
    )  # fmt: skip
    carry_out(changeset)
    assert [properties["area_ha"] for _id, _geometry, properties, _key in whole(layer)] == [5, 6]


def test_a_reader_sees_neither_the_key_nor_the_change_of_a_field_that_is_closed_to_them(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    closed = [{**FIELDS[0], "access": "restricted"}, FIELDS[1], {**FIELDS[2], "access": "restricted"}]
    layer = make_layer(key_field="cad_num", fields=closed)
    load(layer, "append", [row(30, "k1", name="А", area_ha=5)])
    changeset = prepared(layer, "replace", [row(30, "k1", name="А", area_ha=6)])
    (found,) = diff_rows(changeset, limit=10, fields=editable_schema(user_with_role("reviewer"), layer))
    assert (found.key, found.before, found.after, found.changed) == (None, {"name": "А"}, {"name": "А"}, ())
    assert "k1" not in diff_features(changeset, limit=10)
    assert seen(changeset)[0].changed == ("area_ha",)


def test_an_author_who_does_not_see_the_key_field_leaves_the_keys(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer(key_field="cad_num", fields=[{**FIELDS[0], "access": "restricted"}, *FIELDS[1:]])
    load(layer, "append", [row(30, "k1", name="А")])
    carry_out(prepared(layer, "replace", [row(30, name="Б")], author=user_with_role("editor")))
    ((_id, _geometry, properties, key),) = whole(layer)
    assert (properties, key) == ({"cad_num": "k1", "name": "Б"}, "k1")


# --- accepting and refusing -------------------------------------------------------------------


def test_what_is_refused_by_kind_or_by_row_changes_nothing(parcels: Layer) -> None:
    rows = [row(30, "k1", name="Інша"), row(31, "k2", name="Друга"), row(36, "k4"), row(37, "k5")]
    changeset = prepared(parcels, "replace", rows)
    assert accept(changeset, kind="removed", accepted=False) == 1
    by_key = {found.key: found.id for found in seen(changeset)}
    assert accept(changeset, ids=[by_key["k1"], by_key["k5"]], accepted=False) == 2
    assert diff_counts(changeset).accepted == 2
    assert [found.key for found in seen(changeset) if not found.accepted] == ["k3", "k1", "k5"]
    assert counts(carry_out(changeset)) == (1, 1, 0)
    names = {key: properties.get("name") for _id, _geometry, properties, key in whole(parcels)}
    assert names == {"k1": "Ділянка 1", "k2": "Друга", "k3": "Ділянка 3", "k4": None}


def test_nothing_accepted_is_nothing_to_change(parcels: Layer) -> None:
    changeset = prepared(parcels, "replace", [row(36, "k4")])
    accept(changeset, accepted=False)
    with pytest.raises(NothingToChange):
        carry_out(changeset)
    parcels.refresh_from_db()
    assert parcels.revision == 1


@pytest.mark.parametrize("emptied", [False, True])
def test_rows_of_a_first_load_can_be_refused_one_by_one(make_layer: MakeLayer, emptied: bool) -> None:
    layer = make_layer()
    if emptied:
        revert_changeset(changeset=load(layer, "append", [row(40)]), actor=None)
    changeset = prepared(layer, "append", [row(30, name="А"), row(31, name="Б"), row(32, name="В")])
    first, second, third = seen(changeset)
    accept(changeset, ids=[second.id], accepted=False)
    assert [(found.id, found.accepted) for found in seen(changeset)] == [
        (first.id, True), (second.id, False), (third.id, True),
    ]  # fmt: skip
    carry_out(changeset)
    assert [properties["name"] for _id, _geometry, properties, _key in whole(layer)] == ["А", "В"]
    assert staging_tables() == 0


def test_a_first_load_all_of_whose_rows_are_refused_is_nothing_to_change(make_layer: MakeLayer) -> None:
    layer = make_layer()
    changeset = prepared(layer, "append", [row(30)])
    accept(changeset, kind="added", accepted=False)
    with pytest.raises(NothingToChange):
        carry_out(changeset)


def test_what_was_refused_stays_refused_when_the_differences_are_found_again(parcels: Layer) -> None:
    changeset = prepared(parcels, "update", [row(30, "k1", name="Інша"), row(36, "k4")])
    refused = seen(changeset, "changed")
    accept(changeset, ids=[found.id for found in refused], accepted=False)
    compute_diff(changeset)
    assert [found.accepted for found in seen(changeset)] == [False, True]


def test_a_refused_row_of_a_first_load_stays_refused_when_it_is_compared_again(make_layer: MakeLayer) -> None:
    changeset = prepared(make_layer(), "append", [row(30), row(31)])
    accept(changeset, ids=[seen(changeset)[0].id], accepted=False)
    compute_diff(changeset)
    assert [found.accepted for found in seen(changeset)] == [False, True]


@pytest.mark.parametrize("many", [0, 20_000])
def test_a_verdict_leaves_others_as_they_are_however_it_is_written(
    parcels: Layer, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(diff_table, "_MANY", many)
    rows = [row(30, "k1", name="Інша"), row(31, "k2", name="Друга"), row(36, "k4"), row(37, "k5")]
    changeset = prepared(parcels, "replace", rows)
    before = [(found.kind, found.key, found.before, found.after) for found in seen(changeset)]
    assert accept(changeset, kind="removed", accepted=False) == 1
    assert accept(changeset, kind="changed", accepted=False) == 2
    assert accept(changeset, kind="changed", accepted=False) == 2
    assert [(found.kind, found.key, found.before, found.after) for found in seen(changeset)] == before
    assert [found.key for found in seen(changeset) if not found.accepted] == ["k3", "k1", "k2"]
    assert accept(changeset, accepted=True) == 5
    assert accept(changeset, kind="changed", accepted=False) == 2
    assert counts(carry_out(changeset)) == (2, 0, 1)
    assert staging_tables() == 0


def test_a_verdict_about_all_of_many_rows_enters_no_row_twice(
    make_layer: MakeLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diff_table, "_MANY", 3)
    changeset = prepared(make_layer(), "append", [row(30), row(31), row(32)])
    for accepted in (False, True, True, False):
        accept(changeset, kind="added", accepted=accepted)
        with connection.cursor() as cursor:  # a row that an UPDATE writes lies behind the former one
            cursor.execute(f'SELECT max(ctid)::text FROM staging."{staging.diff_name(changeset)}"')
            assert cursor.fetchone() == ("(0,3)",)
        assert diff_counts(changeset).accepted == 3 * accepted


# --- between the diff and the commit ----------------------------------------------------------


def edit(layer: Layer, feature_id: int, **properties: Any) -> None:
    version = Feature.objects.get(pk=feature_id).version
    draft = ChangeDraft("U", feature_id, version, point(30), properties)
    carry_out(open_changeset(layer=layer, author=None, changes=[draft]))


def test_a_feature_changed_since_the_diff_stops_the_import_until_it_is_looked_at_again(
    parcels: Layer,
) -> None:
    changeset = prepared(parcels, "update", [row(30, "k1", name="З файлу")])
    edit(parcels, seen(changeset)[0].feature_id or 0, cad_num="k1", name="Виправлено")
    submitted = submit_changeset(changeset=changeset, actor=None)
    with pytest.raises(LayerMovedOn):
        apply_changeset(changeset=submitted, actor=None)
    compute_diff(submitted)
    assert seen(submitted)[0].before == {"cad_num": "k1", "name": "Виправлено"}
    assert counts(apply_changeset(changeset=submitted, actor=None)) == (0, 1, 0)


def test_an_update_goes_on_where_only_other_features_were_changed_and_a_replacement_does_not(
    parcels: Layer,
) -> None:
    updating = prepared(parcels, "update", [row(30, "k1", name="З файлу")])
    same = [row(29.0 + n, f"k{n}", name=f"Ділянка {n}", area_ha=n) for n in (2, 3)]
    replacing = prepared(parcels, "replace", [row(30, "k1", name="З файлу"), *same])
    assert numbers(replacing) == (0, 1, 0, 2)
    edit(parcels, Feature.objects.get(external_key="k3").pk, cad_num="k3", name="Виправлено")
    with pytest.raises(LayerMovedOn):
        carry_out(replacing)
    assert counts(carry_out(updating)) == (0, 1, 0)


def test_a_key_that_was_taken_since_the_diff_stops_the_import(parcels: Layer) -> None:
    changeset = prepared(parcels, "update", [row(36, "k4")])
    add_features(parcels, [(point(33), {"cad_num": "k4"})])
    with pytest.raises(LayerMovedOn):
        carry_out(changeset)


def test_a_reviewer_who_approved_one_diff_is_asked_again_about_another(
    make_layer: MakeLayer, user_with_role: MakeUser
) -> None:
    layer = make_layer(review_required=True)
    changeset = submit_changeset(changeset=prepared(layer, "append", [row(30)]), actor=None)
    changeset = review_changeset(changeset=changeset, actor=user_with_role("reviewer"), verdict="approved")
    compute_diff(changeset)
    changeset.refresh_from_db()
    assert changeset.reviewer is None


def test_there_is_no_diff_before_it_is_computed_nor_after_the_changeset_was_applied(parcels: Layer) -> None:
    draft = open_changeset(layer=parcels, author=None, source="import", staging_mode="update")
    for ask in (diff_counts, seen, diff_extent):
        with pytest.raises(NoDiff):
            ask(draft)
    applied = carry_out(prepared(parcels, "update", [row(36, "k4")]))
    with pytest.raises(ContentIsFixed):
        compute_diff(applied)
    with pytest.raises(NoDiff):
        seen(applied)


@pytest.mark.parametrize("end", ["applied", "rejected", "discarded"])
def test_nothing_stays_in_the_staging_area(parcels: Layer, user_with_role: MakeUser, end: str) -> None:
    changeset = prepared(parcels, "update", [row(36, "k4")])
    assert staging_tables() == 2
    if end == "applied":
        carry_out(changeset)
    elif end == "discarded":
        discard_changeset(changeset=changeset, actor=None)
    else:
        changeset = submit_changeset(changeset=changeset, actor=None)
        review_changeset(changeset=changeset, actor=user_with_role("reviewer"), verdict="rejected")
    assert staging_tables() == 0


# --- the map and the pages --------------------------------------------------------------------


def sides(text: str) -> list[tuple[str, str, list[float]]]:
    return [
        (found["properties"]["kind"], found["properties"]["side"], found["geometry"]["coordinates"])
        for found in json.loads(text)["features"]
    ]


def test_the_map_shows_what_was_and_what_will_be(parcels: Layer) -> None:
    rows = [row(35, "k1", name="Ділянка 1", area_ha=1), row(31, "k2", name="Інша"), row(36, "k4")]
    changeset = prepared(parcels, "replace", rows)
    text = diff_features(changeset, limit=10)
    assert sides(text) == [
        ("removed", "before", [32, 50]), ("changed", "before", [30, 50]), ("changed", "after", [35, 50]),
        ("changed", "after", [31, 50]), ("added", "after", [36, 50]),
    ]  # fmt: skip
    assert json.loads(text)["truncated"] is False
    assert sides(diff_features(changeset, kinds=["added"], limit=10)) == [("added", "after", [36, 50])]
    assert {
        kind for kind, _side, _at in sides(diff_features(changeset, bbox=(29.5, 49, 30.5, 51), limit=10))
    } == {"changed"}
    assert json.loads(diff_features(changeset, limit=2))["truncated"] is True
    assert diff_extent(changeset) == [30, 50, 36, 50]


def test_the_map_of_a_first_load_shows_the_rows_in_its_frame(make_layer: MakeLayer) -> None:
    changeset = prepared(make_layer(), "append", [row(30), row(31), row(32)])
    for refused in (False, True):
        text = diff_features(changeset, bbox=(30.5, 49, 31.5, 51), limit=10)
        assert sides(text) == [("added", "after", [31, 50])]
        assert json.loads(text)["features"][0]["properties"]["accepted"] is not refused
        accept(changeset, kind="added", accepted=False)
    assert diff_extent(changeset) == [30, 50, 32, 50]


def test_the_map_of_nothing_is_an_empty_collection(parcels: Layer) -> None:
    changeset = prepared(parcels, "update", [row(30, "k1", name="Ділянка 1", area_ha=1)])
    assert sides(diff_features(changeset, limit=10)) == []
    assert diff_extent(changeset) is None


def test_pages_of_differences_hold_each_once_and_in_order(parcels: Layer) -> None:
    changeset = prepared(parcels, "replace", [row(40 + n, f"n{n}") for n in range(7)])
    everything, page = [found.id for found in seen(changeset)], []
    while part := diff_rows(changeset, limit=3, after=page[-1] if page else 0, fields=()):
        page += [found.id for found in part]
    assert (len(page), page) == (10, everything)
    assert [found.kind for found in diff_rows(changeset, kind="removed", limit=9, fields=())] == [
        "removed"
    ] * 3


# --- whatever the rows ------------------------------------------------------------------------

some_rows = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.fixed_dictionaries({}, optional={"name": st.sampled_from("АБВ"), "area_ha": st.integers(0, 2)}),
        st.none() | st.integers(0, 6),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


def as_rows(drawn: Sequence[tuple[int, dict[str, Any], int | None]], *, keyed: bool) -> list[Row]:
    """Rows in a few places with a few values; each key at most once."""
    rows, used = [], set()
    for place, properties, number in drawn:
        key = None if not keyed or number is None or number in used else f"k{number}"
        used.add(number)
        rows.append(row(30.0 + place, key, **properties))
    return rows


def content(rows: Sequence[Row]) -> Counter[tuple[float, str, str | None]]:
    return Counter((at, json.dumps(properties, sort_keys=True), key) for at, properties, key in rows)


def held(layer: Layer) -> Counter[tuple[float, str, str | None]]:
    found = Feature.objects.filter(layer=layer)
    return content([(item.geom.x, item.properties, item.external_key) for item in found])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=some_rows, after=some_rows, keyed=st.booleans(), refuse=st.sets(st.integers(0, 15)))
def test_a_replaced_layer_equals_the_file_is_restored_by_the_revert_and_heeds_refusals(
    make_layer: MakeLayer,
    before: list[Any],
    after: list[Any],
    keyed: bool,
    refuse: set[int],
) -> None:
    layer = make_layer(f"l{Layer.objects.count()}", key_field="cad_num" if keyed else "")
    load(layer, "append", as_rows(before, keyed=keyed))
    rows, old = as_rows(after, keyed=keyed), whole(layer)
    for ids in ((), refuse):
        changeset = prepared(layer, "replace", rows)
        found = seen(changeset)
        refused = [item for number, item in enumerate(found) if number in ids]
        accept(changeset, ids=[item.id for item in refused], accepted=False)
        if len(refused) == len(found):
            assert ids or held(layer) == content(rows)
            discard_changeset(changeset=changeset, actor=None)
            continue
        applied = carry_out(changeset)
        if not ids:
            assert held(layer) == content(rows)
        check_refused(layer, refused, old)
        revert_changeset(changeset=applied, actor=None)
        assert whole(layer) == old


def check_refused(layer: Layer, refused: Sequence[DiffRow], old: Sequence[tuple[Any, ...]]) -> None:
    """Refused features are as they were, and refused rows are not there."""
    now = {found[0]: found for found in whole(layer)}
    was = {found[0]: found for found in old}
    for item in refused:
        if item.feature_id is None:
            assert item.id not in now
        else:
            assert now[item.feature_id] == was[item.feature_id]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=some_rows, keyed=st.booleans(), mode=st.sampled_from(MODES))
def test_whatever_was_imported_is_unchanged_when_it_comes_again(
    make_layer: MakeLayer, drawn: list[Any], keyed: bool, mode: str
) -> None:
    layer = make_layer(f"l{Layer.objects.count()}", key_field="cad_num" if keyed else "")
    rows = as_rows(drawn, keyed=keyed)
    load(layer, "append", rows)
    assert numbers(prepared(layer, mode, rows)) == (0, 0, 0, len(rows))


def test_comparing_leaves_no_temporary_table_behind(parcels: Layer) -> None:
    changeset = prepared(parcels, "replace", [row(36, "k4")])
    compute_diff(changeset)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'pg_temp%'")
        assert cursor.fetchone() == (0,)
