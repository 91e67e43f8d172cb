"""Any imports one after the other, each refused in part, and undone in the opposite order: nothing is lost.

Random rows meet a real database. After every import and every undoing the layer is compared with what it was: what
differs has the next version, what does not has not; and the history tells every state that there ever was.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers.diff import KeysTaken, accept
from layers.edits import discard_changeset, revert_changeset
from layers.models import Changeset, Feature, FeatureVersion, Layer
from tests.layers.diffing import carry_out, prepared, row, seen
from tests.layers.loading import Row

MakeLayer = Callable[..., Layer]
State = dict[int, tuple[Any, ...]]
"""By id: geometry, properties, key, version."""

NOISE = st.sampled_from([0.0, 0.0, 3e-8, -2e-8])
FORMS = (
    "POINT({x} {y})",
    "LINESTRING({x} {y}, {w} {y}, {w} {n})",
    "POLYGON(({x} {y}, {w} {y}, {w} {n}, {x} {n}, {x} {y}))",
    "MULTIPOLYGON((({w} {n}, {x} {n}, {x} {y}, {w} {y}, {w} {n})))",
)
VALUES = st.fixed_dictionaries(
    {}, optional={"name": st.sampled_from(["А", "Б", "Ґ’“"]), "area_ha": st.sampled_from([0, 1, 1.0, 1.5])}
)


@st.composite
def imports(draw: st.DrawFn) -> tuple[str, list[Row], set[int]]:
    """A mode, rows in few places with few values, each key once at most, and which differences are refused."""
    rows: list[Row] = []
    for key in draw(
        st.lists(
            st.none() | st.integers(0, 4),
            min_size=1,
            max_size=6,
            unique_by=lambda k: object() if k is None else k,
        )
    ):
        x, y = 30 + draw(st.integers(0, 2)) + draw(NOISE), 50 + draw(NOISE)
        form = draw(st.sampled_from(FORMS)).format(x=x, y=y, w=x + 0.001, n=y + 0.002)
        rows.append(row(form, None if key is None else f"k{key}", **draw(VALUES)))
    mode = draw(st.sampled_from(["append", "update", "replace", "replace"]))
    return mode, rows, draw(st.sets(st.integers(0, 12), max_size=4))


def state(layer: Layer) -> State:
    found = Feature.objects.filter(layer=layer)
    return {item.pk: (item.geom.hexewkb, item.properties, item.external_key, item.version) for item in found}


def without_versions(states: State) -> State:
    return {pk: found[:3] for pk, found in states.items()}


def applied(layer: Layer, mode: str, rows: list[Row], refuse: set[int]) -> Changeset | None:
    """The import without the refused differences; None where it changes nothing, or its keys are taken."""
    try:
        changeset = prepared(layer, mode, rows)
    except KeysTaken:
        discard_changeset(changeset=layer.changesets.latest("pk"), actor=None)
        return None
    found = seen(changeset)
    refused = [item.id for number, item in enumerate(found) if number in refuse]
    accept(changeset, ids=refused, accepted=False)
    if len(refused) == len(found):
        discard_changeset(changeset=changeset, actor=None)
        return None
    return carry_out(changeset)


def check_versions(layer: Layer, before: State, after: State) -> None:
    """Whoever differs counts on from the last version that there was, and who does not stays where they are."""
    past = FeatureVersion.objects.filter(layer=layer)
    for pk, (*content, version) in after.items():
        if pk in before and list(before[pk][:3]) == content:
            assert version == before[pk][3]
        else:
            last = max(past.filter(feature_id=pk).values_list("version", flat=True), default=0)
            assert version == last + 1


def state_at(layer: Layer, revision: int) -> State:
    """What the history says the layer was."""
    was = {item.pk: item for item in Feature.objects.filter(layer=layer, revision__lte=revision)}
    past = FeatureVersion.objects.filter(layer=layer, revisions__contains=revision)
    states = {
        item.pk: (item.geom.hexewkb, item.properties, item.external_key, item.version)
        for item in was.values()
    }
    for item in past:
        assert item.feature_id not in states
        states[item.feature_id] = (item.geom.hexewkb, item.properties, item.external_key, item.version)
    return states


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(planned=st.lists(imports(), min_size=2, max_size=4), keyed=st.booleans())
def test_imports_that_are_undone_leave_every_feature_as_it_was_and_the_history_tells_all(
    make_layer: MakeLayer, planned: list[tuple[str, list[Row], set[int]]], keyed: bool
) -> None:
    layer = make_layer(f"l{Layer.objects.count()}", key_field="cad_num" if keyed else "")
    states, done = [state(layer)], []
    for mode, rows, refuse in planned:
        rows = rows if keyed else [(place, properties, None) for place, properties, _key in rows]
        if changeset := applied(layer, mode, rows, refuse):
            states.append(state(layer))
            done.append((changeset, states[-2]))
            check_versions(layer, states[-2], states[-1])
    for changeset, before in reversed(done):
        revert_changeset(changeset=changeset, actor=None)
        states.append(state(layer))
        assert without_versions(states[-1]) == without_versions(before)
        check_versions(layer, states[-2], states[-1])
    assert [state_at(layer, revision) for revision in range(len(states))] == states
    layer.refresh_from_db()
    assert (layer.revision, layer.feature_count) == (len(states) - 1, 0)
