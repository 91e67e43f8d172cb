"""Values of which the file, its author or the reader know nothing, in the differences of an import."""

from collections.abc import Callable

import pytest

from gis_core.people import User
from layers.access import editable_schema
from layers.diff import diff_features, diff_rows
from layers.models import Layer
from tests.conftest import FIELDS
from tests.layers.diffing import carry_out, numbers, prepared, row, seen
from tests.layers.loading import load, whole

MakeLayer = Callable[..., Layer]
MakeUser = Callable[..., User]


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
