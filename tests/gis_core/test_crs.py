"""Operations between Ukrainian coordinate systems and WGS 84."""

import numpy as np
import pytest
from pyproj import CRS, Transformer
from pyproj.transformer import TransformerGroup

from gis_core.geo.crs import UKRAINE, operation_between

ZONES = {"UCS-2000 / Ukraine TM zone 10": 6384, "МСК-05": 9832, "WGS 84 / UTM zone 36N": 32636}
TENTH_OF_A_MILLIMETRE_DEG = 1e-9


def exact(code: int) -> Transformer:
    """What PROJ itself puts first over Ukraine for systems whose datum it knows well."""
    options = {"area_of_interest": UKRAINE, "always_xy": True, "allow_ballpark": False}
    return TransformerGroup(CRS.from_epsg(code), 4326, **options).transformers[0]


@pytest.mark.parametrize("code", ZONES.values(), ids=ZONES.keys())
def test_the_quick_series_gives_the_place_of_the_exact_one_all_over_the_country(code: int) -> None:
    operation = operation_between(CRS.from_epsg(code))
    assert operation is not None
    assert operation.transformer is not None
    assert "algo=auto" in operation.transformer.definition
    random = np.random.default_rng(1)
    lon, lat = random.uniform(22.2, 40.2, 10_000), random.uniform(44.4, 52.4, 10_000)
    x, y = operation.from_lonlat(lon, lat)
    expected = exact(code).transform(x, y)
    np.testing.assert_allclose(operation.to_lonlat(x, y), expected, rtol=0, atol=TENTH_OF_A_MILLIMETRE_DEG)
