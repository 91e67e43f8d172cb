"""Who edits, in what window, and a parcel to be edited."""

from collections.abc import Callable
from typing import Any

import pytest

from gis_core.people import User
from layers.models import Layer
from tests.browser.editing import CADASTRAL, SIZE, SOUTH, WEST, MakeLayer, MakeUser, WindowOf
from tests.browser.pages import PARCEL_FIELDS, Watched
from tests.conftest import square


@pytest.fixture
def window_of(window: Callable[..., Watched]) -> WindowOf:
    """`window_of(user, "en", "phone")`: a window where `user` is signed in; other hosts cannot be reached."""

    def make(user: User | None, lang: str = "uk", size: str = "wide", **options: Any) -> Watched:
        opened = window({}, lang, size, user=user, **options)
        local = (opened.origin, "data:", "blob:")
        opened.page.context.route(lambda url: not url.startswith(local), lambda route: route.abort())
        return opened

    return make


@pytest.fixture
def planner(user_with_role: MakeUser) -> User:
    return user_with_role("editor", email="planner@example.org")


@pytest.fixture
def parcels(make_layer: MakeLayer) -> Layer:
    return make_layer(
        geometry_type="Polygon", fields=PARCEL_FIELDS, key_field="cad_num", theme="land",
        features=[(square(WEST, SOUTH, SIZE), {"cad_num": CADASTRAL, "ownership": "100"})],
    )  # fmt: skip
