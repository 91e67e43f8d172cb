"""What lies in a community's surroundings is known of any number of geometries, and by their shape, not their box."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from importers.nearby import Area

# A hook of land: most of its box is not in it.
HOOK = shapely.Polygon([(29, 48), (30, 48), (30, 48.1), (29.1, 48.1), (29.1, 49), (29, 49)])
degrees = st.tuples(st.floats(28.5, 30.5), st.floats(47.5, 49.5))


def misses(area: Area, *geoms: shapely.Geometry) -> list[bool]:
    boxes = shapely.bounds(np.array(geoms))
    return area.misses(np.array(geoms), (boxes[:, :2] + boxes[:, 2:]) / 2).tolist()


@given(st.lists(degrees, min_size=1, max_size=50))
def test_points_are_told_as_the_polygon_itself_tells_them(places: list[tuple[float, float]]) -> None:
    points = [shapely.Point(place) for place in places]
    assert misses(Area(HOOK), *points) == [not HOOK.intersects(point) for point in points]


def test_a_place_inside_the_box_but_not_the_area_is_outside_and_what_reaches_in_is_not() -> None:
    across = shapely.LineString([(29.5, 48.6), (29.05, 48.6)])
    whole = shapely.box(20, 40, 40, 60)
    assert misses(Area(HOOK), shapely.Point(29.6, 48.6), across, whole) == [True, False, False]


@pytest.mark.parametrize("wkb", ["", shapely.LineString([(0, 0), (1, 1)]).wkb_hex])
def test_a_community_without_an_area_misses_nothing(wkb: str) -> None:
    assert Area.from_hex(wkb) is None
