"""The style editor as a plain form: every kind of drawing, who may, what is kept, what is refused."""

import json
from typing import Any

import pytest
from django.test import Client

from layers.models import Layer
from layers.styles import read_recipe
from tests.conftest import add_features, square
from tests.frontend.html import HOSTILE, Document, values
from tests.layers.recipes import op, prop
from tests.layers.tiling import tile_at

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

PAGE = "/demo/layers/parcels/style/"
AT = "/".join(map(str, tile_at(30.05, 50.001, 10)))
FIELDS = [
    {"key": "purpose_code", "title": {"uk": "Призначення"}}, {"key": "area_ha", "type": "number"},
    {"key": "own", "domain": [{"value": "200", "title": {"uk": "Комунальна", "en": "Communal"}},
                              {"value": "100", "title": {"uk": "Приватна"}}]},
]  # fmt: skip


@pytest.fixture
def layer(make_layer: Any) -> Layer:
    made: Layer = make_layer(fields=FIELDS, geometry_type="Polygon")
    rows = [{"purpose_code": f"0{n % 3 + 1}.01", "area_ha": n, "own": "100"} for n in range(10)]
    add_features(made, [(square(30 + n / 100, 50, 0.005), row) for n, row in enumerate(rows)])
    made.refresh_from_db()
    return made


@pytest.fixture
def client(layer: Layer, user_with_role: Any, client_of: Any) -> Client:
    return client_of(user_with_role("admin"))


def form(response: Any) -> dict[str, str]:
    """What the browser would send of the page's form, without a button."""
    return {name: str(value) for name, value in values(response.content.decode()).items()}


def press(client: Client, filled: dict[str, str], do: str, **changed: str) -> Any:
    return client.post(PAGE, {**filled, **changed, "do": do})


def words(response: Any) -> str:
    return " ".join(Document(response.content.decode()).words_of("main"))


def saved(layer: Layer) -> dict[str, Any]:
    layer.refresh_from_db()
    return layer.style


def test_values_of_a_field_become_classes_with_the_titles_of_its_domain(client: Client, layer: Layer) -> None:
    made = press(client, form(client.get(PAGE)), "classify", renderer="categorized", field="own")
    assert saved(layer) == {}
    assert press(client, form(made), "save").status_code == 302
    renderer = saved(layer)["renderer"]
    assert [(item["value"], item["label"]["uk"]) for item in renderer["classes"]] == [
        ("200", "Комунальна"), ("100", "Приватна"),
    ]  # fmt: skip
    assert renderer["other"]["label"]["en"] == "Other or not given"
    assert "Стиль збережено" in words(client.get(PAGE))


def test_numbers_become_ranges_and_a_break_that_is_changed_is_manual(client: Client, layer: Layer) -> None:
    made = press(
        client,
        form(client.get(PAGE)),
        "classify",
        renderer="graduated",
        field="area_ha",
        method="equal",
        count="3",
    )
    press(client, form(made), "save")
    assert (saved(layer)["renderer"]["breaks"], saved(layer)["renderer"]["method"]) == ([3, 6], "equal")
    filled = form(client.get(PAGE)) | {"c0-to": "2,5", "c0-uk": "Малі", "c1-fill": "#123456"}
    press(client, filled, "save")
    renderer = saved(layer)["renderer"]
    assert (renderer["breaks"], renderer["method"]) == ([2.5, 6], "manual")
    assert (renderer["classes"][0]["label"], renderer["classes"][1]["fill"]) == ({"uk": "Малі"}, "#123456")


def test_rules_are_made_of_lines_and_come_back_as_such(client: Client, layer: Layer) -> None:
    filled = form(press(client, form(client.get(PAGE)), "classify", renderer="rules"))
    filled |= {
        "c0-0-field": "purpose_code", "c0-0-relation": "like", "c0-0-value": "02.",
        "c0-1-field": "area_ha", "c0-1-relation": ">=", "c0-1-value": "1,5", "c0-join": "and",
    }  # fmt: skip
    filled = form(press(client, filled, "add"))
    filled |= {"c1-0-field": "own", "c1-0-relation": "in", "c1-0-value": "100; 200", "c1-1-field": ""}
    assert press(client, filled, "save").status_code == 302
    assert [item["filter"] for item in saved(layer)["renderer"]["classes"]] == [
        op("and", op("like", prop("purpose_code"), "02.%"), op(">=", prop("area_ha"), 1.5)),
        op("in", prop("own"), ["100", "200"]),
    ]
    again = form(client.get(PAGE))
    assert (again["c0-1-value"], again["c1-0-value"], again["c0-join"]) == ("1.5", "100; 200", "and")
    press(client, again, "down-0")
    assert press(client, form(press(client, again, "down-0")), "save").status_code == 302
    assert saved(layer)["renderer"]["classes"][0]["filter"] == op("in", prop("own"), ["100", "200"])


def test_a_rule_that_has_no_form_stays_as_it_is(client: Client, layer: Layer) -> None:
    deep = op(
        "or", op("and", op("isNull", prop("own")), op(">", prop("area_ha"), 1)), op("=", prop("own"), "1")
    )
    style = {"version": 1, "geometry": "polygon", "stroke": {"color": "#333333", "width": {"10": 0.5, "16": 2}},
             "renderer": {"type": "rules", "classes": [{"filter": deep, "fill": "#aa0000"}]}}  # fmt: skip
    Layer.objects.update(style=style)
    assert press(client, form(client.get(PAGE)), "save").status_code == 302
    assert read_recipe(saved(layer)) == read_recipe({**style, "opacity": 1})
    assert saved(layer)["renderer"]["classes"][0]["filter"] == deep


def test_stops_by_zoom_stay_and_change_with_the_width(client: Client, layer: Layer) -> None:
    Layer.objects.update(style={
        "version": 1, "geometry": "polygon", "renderer": {"type": "single"}, "fill": "#aa0000",
        "stroke": {"color": "#333333", "width": {"10": 0.5, "16": 2}},
    })  # fmt: skip
    press(client, form(client.get(PAGE)), "save")
    assert saved(layer)["stroke"]["width"] == {"10": 0.5, "16": 2}
    press(client, form(client.get(PAGE)) | {"width": "4"}, "save")
    assert saved(layer)["stroke"]["width"] == {"10": 1.0, "16": 4.0}


def test_a_width_for_all_is_not_set_back_by_the_classes(make_layer: Any, client: Client) -> None:
    made = make_layer("roads", fields=FIELDS, geometry_type="LineString", style={
        "version": 1, "geometry": "line", "stroke": {"color": "#333333", "width": 2},
        "renderer": {"type": "categorized", "field": "own", "classes": [{"value": "1"}, {"value": "2"}]},
    })  # fmt: skip
    page = "/demo/layers/roads/style/"
    filled = form(client.get(page)) | {"width": "5", "c1-width": "3", "c1-dash": "4 2", "do": "save"}
    assert client.post(page, filled).status_code == 302
    made.refresh_from_db()
    first, second = (item.symbol.stroke for item in read_recipe(made.style).classes)
    assert (first.width, first.dash, second.width, second.dash) == (5, (), 3, (4, 2))


def test_values_get_colours_for_kinds_and_numbers_a_ramp(client: Client, layer: Layer) -> None:
    numbers = press(client, form(client.get(PAGE)), "classify", renderer="graduated", field="area_ha")
    assert form(numbers)["c0-fill"] == "#fff3b0"
    assert "виглядають однаково" not in words(numbers)
    kinds = press(client, form(numbers), "classify", renderer="categorized", field="own")
    assert form(kinds)["c0-fill"] == "#e69f00"


def test_labels_scales_and_opacity_are_set(client: Client, layer: Layer) -> None:
    filled = form(client.get(PAGE)) | {
        "opacity": "60", "label-field": "own", "label-size": "12", "label-scale": "2 500", "scale-max": "50000",
    }  # fmt: skip
    assert press(client, filled, "save").status_code == 302
    style = saved(layer)
    assert (style["opacity"], style["scale"]) == (0.6, {"max": 50000})
    assert (style["label"]["field"], style["label"]["minScale"]) == ("own", 2500)
    press(client, form(client.get(PAGE)) | {"label-field": "", "scale-max": ""}, "save")
    assert "label" not in saved(layer)
    assert "scale" not in saved(layer)


def test_a_classifier_is_taken_with_one_button(client: Client, layer: Layer) -> None:
    page = client.get(PAGE)
    assert "Цільове призначення: розділи КВЦПЗ (Призначення)" in words(page)
    taken = press(client, form(page), "preset", preset="purpose:purpose_code")
    assert "02 Житлова забудова" in words(taken)
    assert press(client, form(taken), "save").status_code == 302
    drawn = read_recipe(saved(layer)).class_for({"purpose_code": "02.01"})
    assert drawn is not None
    assert drawn.label["uk"] == "02 Житлова забудова"


def test_colours_that_look_alike_are_told_and_patterns_settle_it(client: Client, layer: Layer) -> None:
    made = press(client, form(client.get(PAGE)), "classify", renderer="categorized", field="own")
    alike = press(client, form(made) | {"c0-fill": "#a3c644", "c1-fill": "#e0b040"}, "show")
    assert "виглядають однаково" in words(alike)
    apart = press(client, form(alike), "apart")
    assert "виглядають однаково" not in words(apart)
    press(client, form(apart), "save")
    assert saved(layer)["renderer"]["classes"][1]["pattern"] == "hatch45"


def test_a_pale_layer_is_warned_of(client: Client) -> None:
    pale = press(client, form(client.get(PAGE)) | {"s-fill": "#f3efe0", "width": "0"}, "show")
    assert "ледь помітний" in words(pale)


def test_what_is_wrong_is_told_with_its_class_and_not_saved(client: Client, layer: Layer) -> None:
    filled = form(press(client, form(client.get(PAGE)), "classify", renderer="rules"))
    filled |= {"c0-0-field": "area_ha", "c0-0-relation": ">", "c0-0-value": "багато"}
    refused = press(client, filled, "save")
    assert refused.status_code == 422
    assert "Клас 1" in words(refused)
    assert form(refused)["c0-0-value"] == "багато"
    assert saved(layer) == {}


def test_another_way_of_drawing_is_shown_before_it_is_saved(client: Client, layer: Layer) -> None:
    first = press(client, form(client.get(PAGE)), "save", renderer="categorized", field="own")
    assert (first.status_code, saved(layer)) == (422, {})
    assert "перегляньте їх" in words(first)
    assert press(client, form(first), "save").status_code == 302


def test_a_field_without_numbers_cannot_be_graduated(client: Client) -> None:
    refused = press(client, form(client.get(PAGE)), "classify", renderer="graduated", field="own")
    assert refused.status_code == 422
    assert "поле з числами" in words(refused)


def test_two_who_change_a_style_at_once_do_not_overwrite_each_other(client: Client, layer: Layer) -> None:
    mine, theirs = form(client.get(PAGE)), form(client.get(PAGE))
    press(client, theirs | {"s-fill": "#111111"}, "save")
    late = press(client, mine | {"s-fill": "#222222"}, "save")
    assert late.status_code == 409
    assert saved(layer)["renderer"]["fill"] == "#111111"
    assert form(late)["s-fill"] == "#222222"


@pytest.mark.parametrize(
    ("role", "status"), [("reviewer", 403), ("editor", 403), ("viewer", 403), (None, 403)]
)
def test_only_who_manages_the_layer_opens_the_editor(
    layer: Layer, user_with_role: Any, client_of: Any, role: str | None, status: int
) -> None:
    other = client_of(user_with_role(role))
    assert other.get(PAGE).status_code == other.post(PAGE, {"do": "save"}).status_code == status
    assert other.get(f"{PAGE}tiles/{AT}.mvt").status_code == status
    assert "/style/" not in other.get("/demo/layers/parcels/").content.decode()


def test_strangers_sign_in_first_and_a_hidden_layer_is_not_there(
    layer: Layer, user_with_role: Any, client_of: Any, client: Client
) -> None:
    assert client_of(None).get(PAGE)["Location"].startswith("/accounts/login/")
    assert f'href="{PAGE}"' in client.get("/demo/layers/parcels/").content.decode()
    Layer.objects.update(access_level="restricted")
    for path in (PAGE, f"{PAGE}tiles/{AT}.mvt"):
        assert client_of(user_with_role("editor") if path == PAGE else None).get(path).status_code == 404


def test_hostile_titles_values_and_fields_stay_text(client: Client, layer: Layer) -> None:
    filled = form(press(client, form(client.get(PAGE)), "classify", renderer="categorized", field="own"))
    shown = press(client, filled | {"c0-uk": HOSTILE, "c0-value": HOSTILE, "c0-en": HOSTILE}, "show")
    assert HOSTILE not in shown.content.decode()
    assert press(client, form(shown), "save").status_code == 302
    assert saved(layer)["renderer"]["classes"][0]["value"] == HOSTILE
    assert HOSTILE not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "draft",
    ["", "{", "[]", "null", "[" * 100_000, '{"renderer": 5}', '{"renderer": {"type": "rules", "classes": 5}}',
     '{"renderer": {"type": "graduated", "classes": [5], "breaks": "x"}}',
     '{"renderer": {"type": "single"}, "label": 5, "scale": "x", "sizeBy": [1], "stroke": [], "opacity": "x"}',
     '{"renderer": {"type": "graduated", "classes": [{}], "breaks": [{}]}, "stroke": [], "radius": {"x": 1}}',
     '{"renderer": {"type": "rules", "classes": [{"filter": 5, "label": 5, "stroke": 7, "fill": {}}]}, "version": 1}',
     '{"renderer": {"type": "single"}, "geometry": [], "sizeBy": {"values": [{}, []], "radii": ["", null]}}'],
)  # fmt: skip
@pytest.mark.parametrize(
    "do", ["show", "save", "preview", "add", "twin", "apart", "drop-0", "up-99999", "recolour"]
)
def test_nonsense_in_the_hidden_draft_is_no_error_of_the_server(client: Client, draft: str, do: str) -> None:
    body = {"draft": draft, "do": do, "c0-from": "0", "c0-to": "x", "width": "x", "radius": "1e999", "opacity": "-5",
            "palette": "viridis", "o-on": "1", "o-fill": "red"}  # fmt: skip
    assert client.post(PAGE, body).status_code in (200, 302, 409, 422)


def test_a_preview_answers_with_legend_warnings_and_tiles_of_the_draft(client: Client, layer: Layer) -> None:
    filled = form(press(client, form(client.get(PAGE)), "classify", renderer="categorized", field="own"))
    seen = press(client, filled | {"c1-uk": "Моя назва"}, "preview")
    answer = json.loads(seen.content)
    assert "Моя назва" in answer["html"]
    assert answer["source"]["style"][0]["type"] == "fill"
    tile = client.get(f"{PAGE}tiles/{AT}.mvt")
    assert (tile.status_code, tile["Cache-Control"]) == (200, "private, no-store")
    assert b"own" in tile.content
    assert saved(layer) == {}
    assert b"own" not in client.get(f"/tiles/demo.parcels/{AT}.mvt").content


def test_a_preview_tile_of_nonsense_is_refused_by_name(client: Client) -> None:
    client.get(PAGE)
    for path in ("99/0/0", "-1/0/0", "a/0/0", "3/9/0"):
        assert client.get(f"{PAGE}tiles/{path}.mvt").status_code in (400, 404)
