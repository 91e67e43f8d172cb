"""Accepting and refusing the differences of an import."""

from collections.abc import Callable

import pytest
from django.db import connection

from layers import diff_table, staging
from layers.applying import NothingToChange
from layers.diff import accept, compute_diff, diff_counts
from layers.edits import revert_changeset
from layers.models import Layer
from tests.layers.diffing import carry_out, prepared, row, seen
from tests.layers.loading import counts, load, staging_tables, whole

MakeLayer = Callable[..., Layer]


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
