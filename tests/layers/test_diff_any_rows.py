"""The differences of an import, whatever its rows: seen, refused in part, made true, undone."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers.diff import DiffRow, accept, compute_diff
from layers.edits import discard_changeset, revert_changeset
from layers.models import Feature, Layer
from tests.layers.diffing import carry_out, numbers, prepared, row, seen
from tests.layers.loading import Row, load, whole

MakeLayer = Callable[..., Layer]
MODES = ("append", "update", "replace")


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
