"""Who may read and change the style of a layer, what is refused, and what follows a change."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from gis_core.errors import NotAllowed
from gis_core.models import JournalEntry
from gis_core.people import User
from layers.access import read_source
from layers.models import Layer
from layers.styles import InvalidRecipe
from layers.styles.maplibre import CLASS
from layers.styling import StyleMovedOn, restyle_layer, style_tag
from layers.tiles.address import TileAddress
from layers.tiles.render import render
from tests.conftest import add_features, square
from tests.layers.recipes import RULES, op, prop
from tests.layers.tiling import decoded, tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

STYLE = "/api/collections/demo.parcels/style"
FIELDS = [
    {"key": "use"}, {"key": "area_ha", "type": "number"}, {"key": "secret", "access": "staff"},
]  # fmt: skip
PLAIN: dict[str, Any] = {
    "version": 1, "geometry": "polygon", "renderer": {"type": "single"}, "fill": "#aa0000", "stroke": "#333333",
}  # fmt: skip


def by_rules(key: str, start: str) -> dict[str, Any]:
    classes = [{"filter": op("like", prop(key), start), "fill": "#0000aa"}]
    return {**PLAIN, "renderer": {"type": "rules", "classes": classes, "other": {"fill": "#eeeeee"}}}


@pytest.fixture
def layer(make_layer: Callable[..., Layer]) -> Layer:
    return make_layer(fields=FIELDS, geometry_type="Polygon")


def put(client: Client, style: Any, **headers: str) -> Any:
    return client.put(STYLE, json.dumps({"style": style}), content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("role", "status"), [("admin", 200), ("reviewer", 403), ("editor", 403), ("viewer", 403), (None, 403)]
)
def test_only_who_manages_the_layer_changes_its_style(
    layer: Layer, user_with_role: Any, client_of: Any, role: str | None, status: int
) -> None:
    response = put(client_of(user_with_role(role)), PLAIN)
    assert response.status_code == status, response.content
    layer.refresh_from_db()
    assert layer.style == (PLAIN if status == 200 else {})


def test_who_is_not_signed_in_changes_nothing_and_a_hidden_layer_is_not_there(
    layer: Layer, client_of: Any, user_with_role: Any
) -> None:
    assert put(client_of(None), PLAIN).status_code in (401, 403)
    Layer.objects.update(access_level="staff")
    stranger = client_of(user_with_role(None))
    answers = [put(stranger, PLAIN), stranger.get(STYLE), stranger.get(f"{STYLE}.sld")]
    assert [answer.status_code for answer in answers] == [404] * 3


def test_a_change_of_style_is_in_the_journal_and_told_with_its_tag(
    layer: Layer, user_with_role: Any, client_of: Any
) -> None:
    response = put(client_of(user_with_role("admin")), by_rules("use", "02.%"))
    assert JournalEntry.objects.filter(action="layer-updated", subject="demo.parcels").exists()
    layer.refresh_from_db()
    assert response["ETag"] == f'"{style_tag(layer)}"'
    assert response.json()["fields"] == ["use"]
    assert [row["fill"] for row in response.json()["legend"]] == ["#0000aa", "#eeeeee"]


def test_a_style_that_somebody_else_has_changed_is_not_overwritten(
    layer: Layer, user_with_role: Any, client_of: Any
) -> None:
    client = client_of(user_with_role("admin"))
    seen = client.get(STYLE)["ETag"]
    assert put(client, PLAIN, **{"If-Match": seen}).status_code == 200
    late = put(client, by_rules("use", "02.%"), **{"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (409, "style-moved-on")
    layer.refresh_from_db()
    assert layer.style == PLAIN
    with pytest.raises(StyleMovedOn):
        restyle_layer(layer=layer, actor=None, style={}, was="other")


@pytest.mark.parametrize(
    ("style", "place"),
    [
        ({**PLAIN, "renderer": {"type": "heatmap"}}, "renderer.type"),
        ({**PLAIN, "shader": "x"}, "shader"),
        ({**PLAIN, "geometry": "line"}, "geometry"),
        (by_rules("nothing", "02.%"), "renderer.classes[0].filter.args[0].property"),
        (by_rules("area_ha", "02.%"), "renderer.classes[0].filter.args[1]"),
        ({**PLAIN, "label": {"field": "use'; DROP TABLE x; --"}}, "label.field"),
        ([], None), ("x", None), (None, None),
    ],
)  # fmt: skip
def test_an_unknown_construct_is_refused_with_its_place(
    layer: Layer, user_with_role: Any, client_of: Any, style: Any, place: str | None
) -> None:
    response = put(client_of(user_with_role("admin")), style)
    assert response.status_code == 400
    if place:
        assert place in response.json()["detail"]
    layer.refresh_from_db()
    assert layer.style == {}


def test_text_that_cannot_be_stored_is_refused(layer: Layer) -> None:
    for text in ("\x00", "\ud800"):
        with pytest.raises(InvalidRecipe):
            restyle_layer(
                layer=layer, actor=None, style={**PLAIN, "renderer": {"type": "single", "label": text}}
            )


def test_the_function_itself_asks_who_may(layer: Layer, user_with_role: Any) -> None:
    with pytest.raises(NotAllowed):
        restyle_layer(layer=layer, actor=user_with_role("editor"), style=PLAIN)


def test_the_empty_style_is_the_default_one(layer: Layer, user_with_role: Any, client_of: Any) -> None:
    client = client_of(user_with_role("admin"))
    assert put(client, PLAIN).status_code == 200
    assert put(client, {}).json()["style"] == client.get(STYLE).json()["style"] != PLAIN


def test_a_style_by_a_closed_field_is_told_to_those_alone_who_see_the_field(
    layer: Layer, user_with_role: Any, client_of: Any
) -> None:
    style = by_rules("secret", "known-only-here%")
    restyle_layer(layer=layer, actor=None, style=style)
    member = client_of(user_with_role("viewer"))
    for path in (STYLE, f"{STYLE}.sld", f"{STYLE}?patterns=true"):
        assert "known-only-here" not in client_of(None).get(path).content.decode()
        assert "known-only-here" in member.get(path).content.decode()


def test_a_closed_field_of_a_rule_does_not_show_in_the_tiles_of_others(
    layer: Layer, user_with_role: Callable[..., User]
) -> None:
    restyle_layer(layer=layer, actor=None, style=by_rules("secret", "a%"))
    layer.refresh_from_db()
    small, large = 0.0002, 0.05
    add_features(layer, [(square(30 + n / 500, 50, small), {"secret": "ab"}) for n in range(8)])
    add_features(layer, [(square(30.2, 50, large), {"secret": "ab"})])
    layer.refresh_from_db()
    member, stranger = user_with_role("viewer"), AnonymousUser()
    at = TileAddress(*tile_at(30.01, 50.0001, 10))
    drawn, _count = decoded(render(read_source(member, layer), at).body)
    assert {item["properties"][CLASS] for item in drawn if CLASS in item["properties"]} == {0}
    body = render(read_source(stranger, layer), at).body
    shown, _count = decoded(body)
    assert {item["properties"].get(CLASS, -1) for item in shown} == {-1}
    assert b"secret" not in body


def test_gathered_and_single_features_have_the_class_of_their_rule(layer: Layer) -> None:
    restyle_layer(layer=layer, actor=None, style=by_rules("use", "02.%"))
    layer.refresh_from_db()
    rows = [(square(30 + n / 100, 50, 0.0002), {"use": "02.01" if n < 5 else "03.01"}) for n in range(10)]
    add_features(layer, [*rows, (square(30.2, 50, 0.05), {"use": "02.03"})])
    layer.refresh_from_db()
    drawn, _count = decoded(
        render(read_source(AnonymousUser(), layer), TileAddress(*tile_at(30.1, 50.0001, 10))).body
    )
    found = [item["properties"] for item in drawn]
    assert {item[CLASS] for item in found if CLASS in item} == {0, -1}
    assert [item["use"] for item in found if "use" in item] == ["02.03"]


def test_fields_that_are_called_like_columns_of_the_query_give_right_tiles(
    make_layer: Callable[..., Layer],
) -> None:
    names = [
        "own",
        "n",
        "rank",
        "line",
        "place",
        "class",
        "row",
        "tile",
        "single",
        "every",
        "select",
        "field_0",
    ]
    made = make_layer("odd", fields=[{"key": name} for name in names], geometry_type="Polygon")
    rows = [(square(30 + n / 100, 50, 0.0002), dict.fromkeys(names, "02")) for n in range(3)]
    add_features(made, [*rows, (square(30.2, 50, 0.05), dict.fromkeys(names, "02"))])
    for name in names:
        Layer.objects.filter(pk=made.pk).update(style=by_rules(name, "02%"))
        made = Layer.objects.select_related("community").get(pk=made.pk)
        for zoom in (10, 14, 16):
            body = render(
                read_source(AnonymousUser(), made), TileAddress(*tile_at(30.2001, 50.0001, zoom))
            ).body
            assert any(item["properties"].get(name) == "02" for item in decoded(body)[0]), (name, zoom)


def classified(client: Client, **body: Any) -> Any:
    return client.post(f"{STYLE}/classify", json.dumps(body), content_type="application/json")


@pytest.fixture
def filled(layer: Layer) -> Layer:
    rows = [{"area_ha": n, "use": "a" if n < 7 else "b", "secret": "x"} for n in range(10)]
    add_features(
        layer, [(square(30 + n / 100, 50, 0.001), row) for n, row in enumerate([*rows, {}, {"use": ""}])]
    )
    layer.refresh_from_db()
    return layer


def test_classes_are_made_from_the_values_of_the_layer(
    filled: Layer, user_with_role: Any, client_of: Any
) -> None:
    client = client_of(user_with_role("admin"))
    found = classified(client, field="area_ha", method="quantile", classes=2).json()
    assert (found["breaks"], found["counts"], found["missing"], found["total"]) == ([4.5], [5, 5], 2, 12)
    assert classified(client, field="area_ha", method="manual", breaks=[8, 2]).json()["counts"] == [2, 6, 2]
    kinds = classified(client, field="use", method="unique").json()
    assert (kinds["values"], kinds["counts"], kinds["missing"], kinds["others"]) == (["a", "b"], [7, 3], 2, 0)


def test_a_large_layer_is_sampled(
    filled: Layer, user_with_role: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_STYLE_SAMPLE", "4")
    found = classified(client_of(user_with_role("admin")), field="area_ha", method="jenks", classes=2).json()
    assert (found["looked_at"], found["total"]) == (4, 12)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"field": "nothing", "method": "jenks"}, "field"), ({"field": "use", "method": "jenks"}, "field"),
        ({"field": "area_ha", "method": "magic"}, "method"), ({"field": ["x"], "method": "jenks"}, "field"),
        ({"field": "area_ha", "method": "jenks", "classes": 99}, "classes"),
        ({"field": "area_ha", "method": "jenks", "classes": True}, "classes"),
        ({"field": "area_ha", "method": "manual", "breaks": ["1"]}, "breaks"),
        ({"field": "area_ha", "method": "jenks", "sql": "1"}, "sql"),
    ],
)  # fmt: skip
def test_a_wrong_wish_for_classes_names_what_is_wrong(
    layer: Layer, user_with_role: Any, client_of: Any, body: dict[str, Any], parameter: str
) -> None:
    response = classified(client_of(user_with_role("admin")), **body)
    assert response.status_code == 400
    assert parameter in response.json()["detail"]


def test_only_who_manages_the_layer_asks_for_classes(
    layer: Layer, user_with_role: Any, client_of: Any
) -> None:
    for user in (user_with_role("editor"), None):
        assert classified(client_of(user), field="area_ha", method="jenks").status_code in (401, 403)


def test_the_sld_is_downloaded_under_the_name_of_the_layer(layer: Layer, client_of: Any) -> None:
    restyle_layer(layer=layer, actor=None, style={**RULES, "renderer": {"type": "single"}})
    response = client_of(None).get(f"{STYLE}.sld")
    assert response["Content-Disposition"] == 'attachment; filename="demo.parcels.sld"'
    assert b"<se:PolygonSymbolizer>" in response.content
