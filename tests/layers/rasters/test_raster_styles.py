"""Styles of rasters: what is right, what is refused and where, and what is taken where nothing was said."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.styles import InvalidRecipe
from layers.styles.raster_reading import Bands, default_raster_style, read_raster_style
from layers.styles.raster_recipe import RAMPS


def bands(*colors: str, dtype: str = "float32") -> Bands:
    statistics = {"min": 0.0, "max": 100.0, "percentiles": {"2": 5.0, "98": 90.0}}
    return Bands([{"dtype": dtype, "color": color} for color in colors], [statistics for _color in colors])


HEIGHTS = bands("gray")
PHOTO = bands("red", "green", "blue", dtype="uint8")
PLAN = bands("palette", dtype="uint8")


def style(**renderer: Any) -> dict[str, Any]:
    return {"version": 1, "renderer": renderer}


@pytest.mark.parametrize(
    ("known", "given_style", "place"),
    [
        (HEIGHTS, None, "style"),
        (HEIGHTS, [], "style"),
        (HEIGHTS, {}, "version"),
        (HEIGHTS, {"version": 2, "renderer": {"type": "ramp"}}, "version"),
        (HEIGHTS, {**style(type="ramp"), "colour": 1}, "colour"),
        (HEIGHTS, {**style(type="ramp"), "opacity": 2}, "opacity"),
        (HEIGHTS, style(type="contours"), "renderer.type"),
        (HEIGHTS, style(type="ramp", azimuth=3), "renderer.azimuth"),
        (HEIGHTS, style(type="ramp", band=2), "renderer.band"),
        (HEIGHTS, style(type="ramp", band=True), "renderer.band"),
        (HEIGHTS, style(type="ramp", ramp="rainbow"), "renderer.ramp"),
        (HEIGHTS, style(type="ramp", range=[5, 5]), "renderer.range"),
        (HEIGHTS, style(type="ramp", range=[1, float("nan")]), "renderer.range[1]"),
        (HEIGHTS, style(type="ramp", range=[1, 10**400]), "renderer.range[1]"),
        (HEIGHTS, style(type="ramp", stops=[[1, "#fff"]]), "renderer.stops"),
        (HEIGHTS, style(type="ramp", stops=[[1, "#fff"], [1, "#000"]]), "renderer.stops"),
        (HEIGHTS, style(type="ramp", stops=[[1, "#fff"], [2, "red"]]), "renderer.stops[1][1]"),
        (HEIGHTS, style(type="ramp", stops=[[1, "#fff"], [2, "#000"]], ramp="grey"), "renderer.ramp"),
        (HEIGHTS, style(type="ramp", stops=[[n, "#fff"] for n in range(1000)]), "renderer.stops"),
        (HEIGHTS, style(type="classes"), "renderer.classes"),
        (
            HEIGHTS,
            style(type="classes", classes=[{"value": "a", "color": "#fff"}]),
            "renderer.classes[0].value",
        ),
        (HEIGHTS, style(type="classes", classes=[{"value": 1}]), "renderer.classes[0].color"),
        (
            HEIGHTS,
            style(type="classes", classes=2 * [{"value": 1, "color": "#fff"}]),
            "renderer.classes[1].value",
        ),
        (
            HEIGHTS,
            style(type="classes", classes=[{"value": 1, "color": "#fff", "label": "a\x00"}]),
            "renderer.classes[0].label",
        ),
        (HEIGHTS, style(type="hillshade", altitude=0), "renderer.altitude"),
        (HEIGHTS, style(type="palette"), "renderer.type"),
        (HEIGHTS, style(type="rgb"), "renderer.bands[1]"),
        (PHOTO, style(type="rgb", bands=[1, 2]), "renderer.bands"),
        (PHOTO, style(type="rgb", rescale=[[0, 1]]), "renderer.rescale"),
        (PHOTO, style(type="hillshade"), "renderer.band"),
        (PLAN, style(type="slope"), "renderer.band"),
    ],
)
def test_what_is_wrong_with_a_style_is_named_with_its_place(
    known: Bands, given_style: Any, place: str
) -> None:
    with pytest.raises(InvalidRecipe) as refused:
        read_raster_style(given_style, known)
    assert refused.value.params["place"] == place
    assert place in str(refused.value)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(InvalidRecipe) as refused:
        read_raster_style(
            {"version": 3, "opacity": -1, "renderer": {"type": "slope", "ramp": 5, "x": 1}}, HEIGHTS
        )
    places = [problem["place"] for problem in refused.value.params["problems"]]
    assert places == ["version", "opacity", "renderer.x", "renderer.ramp"]


@pytest.mark.parametrize(
    ("known", "kind", "chosen"), [(HEIGHTS, "ramp", (1,)), (PHOTO, "rgb", (1, 2, 3)), (PLAN, "palette", (1,)),
                                  (bands("blue", "green", "red"), "rgb", (3, 2, 1))],
)  # fmt: skip
def test_without_a_style_a_raster_is_drawn_by_what_its_bands_are(
    known: Bands, kind: str, chosen: tuple[int, ...]
) -> None:
    found = default_raster_style(known)
    assert (found.kind, found.bands) == (kind, chosen)


def test_what_is_left_out_is_taken_from_the_statistics() -> None:
    found = read_raster_style(style(type="ramp", ramp="grey"), HEIGHTS)
    assert found.stops == ((5.0, "#000000"), (90.0, "#ffffff"))
    assert read_raster_style(style(type="slope"), HEIGHTS).stops[-1][0] == 45
    assert read_raster_style(style(type="rgb"), PHOTO).ranges == ()


def test_a_raster_of_one_value_has_a_range_all_the_same() -> None:
    flat = Bands(
        [{"dtype": "float32", "color": "gray"}],
        [{"min": 7.0, "max": 7.0, "percentiles": {"2": 7.0, "98": 7.0}}],
    )
    low, high = flat.range_of(1)
    assert low < 7 < high


def test_a_ramp_can_be_turned_round() -> None:
    found = read_raster_style(style(type="ramp", ramp="viridis", reverse=True), HEIGHTS)
    assert [color for _value, color in found.stops] == list(RAMPS["viridis"][::-1])


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(["ramp", "#fff"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "band", "bands", "stops", "range", "classes", "value", "color", "label", "other"]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(renderer=_JSON, kind=st.sampled_from(["rgb", "ramp", "classes", "palette", "hillshade", "slope"]))
def test_whatever_is_sent_as_a_style_is_read_or_refused(renderer: Any, kind: str) -> None:
    sent = {**renderer, "type": kind} if isinstance(renderer, dict) else renderer
    for known in (HEIGHTS, PHOTO, PLAN):
        with suppress(InvalidRecipe):
            read_raster_style({"version": 1, "renderer": sent}, known)
