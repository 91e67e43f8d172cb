"""What the tests of layers begin with."""

from collections.abc import Callable

import pytest

from layers.models import Layer
from tests.layers.diffing import row
from tests.layers.loading import load


@pytest.fixture
def parcels(make_layer: Callable[..., Layer]) -> Layer:
    """Three features with keys k1, k2, k3 at 30, 31, 32 degrees."""
    layer = make_layer(key_field="cad_num")
    load(layer, "append", [row(29.0 + n, f"k{n}", name=f"Ділянка {n}", area_ha=n) for n in (1, 2, 3)])
    return layer
