"""By which operation coordinates come from a coordinate system to WGS 84 and back, over Ukraine.

EPSG:5840 (1 m) takes UCS-2000 to WGS 84. Pulkovo 1942 (SK-42, SK-63) is read as UCS-2000 (EPSG:5586, a
no-op of 3.5 m), because PROJ's own first choice for it was made for Russia. An operation that ignores
the datum ("ballpark") misplaces by 110 to 125 m here and is never taken. PostGIS cannot be asked: its
list of systems lacks the regional ones (МСК) on Debian 12.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.crs import GeographicCRS, ProjectedCRS
from pyproj.enums import TransformDirection
from pyproj.transformer import TransformerGroup

WGS84, UCS_2000 = 4326, 5561
UKRAINE = AreaOfInterest(22.0, 44.2, 40.3, 52.4)
_SK_TO_UCS = "Pulkovo 1942 to UCS-2000 (1)"
_SK_TO_UCS_ACCURACY_M = 3.5


@dataclass(frozen=True)
class Operation:
    """A way between a CRS (x east, y north) and WGS 84 lon/lat degrees; `transformer` None where the two
    are the same. What cannot be transformed becomes infinite."""

    name: str
    accuracy_m: float
    transformer: Transformer | None

    def to_lonlat(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Arrays of lon and lat for arrays of coordinates in the CRS."""
        return self._run(x, y, TransformDirection.FORWARD)

    def from_lonlat(self, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Arrays of x and y in the CRS: the same operation run backwards, so that a way there and back
        ends where it began."""
        return self._run(lon, lat, TransformDirection.INVERSE)

    def _run(
        self, x: np.ndarray, y: np.ndarray, direction: TransformDirection
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.transformer is None:
            return x, y
        return self.transformer.transform(x, y, direction=direction)


def operation_between(source: CRS) -> Operation | None:
    """The operation between `source` and WGS 84; None where the only ones known ignore the datum.

    Costs about 20 ms. Raises pyproj.exceptions.ProjError for a system that PROJ cannot compute.
    """
    geodetic = source.geodetic_crs
    if geodetic is None:
        return None
    if _datum_name(source) == "pulkovo1942":
        best = _best(_on_ucs_2000(source))
        if best is None:
            return None
        return Operation(
            f"{_SK_TO_UCS} + {best.name}", _SK_TO_UCS_ACCURACY_M + best.accuracy_m, best.transformer
        )
    if source.is_geographic and geodetic.to_epsg() == WGS84:
        return Operation("none", 0.0, None)
    return _best(source)


def _datum_name(source: CRS) -> str:
    """Name of the datum in one spelling. PROJ's own comparison takes any unknown datum for its equal."""
    name = source.datum.name if source.datum is not None else ""
    return re.sub(r"[^a-z0-9]", "", name.lower().removeprefix("d_"))


def _on_ucs_2000(source: CRS) -> CRS:
    """The same projection, standing on UCS-2000 instead of Pulkovo 1942 (one ellipsoid, no shift)."""
    ucs = CRS.from_epsg(UCS_2000)
    if source.is_geographic:
        return GeographicCRS(datum=ucs.datum, name=source.name)
    return ProjectedCRS(conversion=source.coordinate_operation, name=source.name, geodetic_crs=ucs)


def _best(source: CRS) -> Operation | None:
    """PROJ's best operation over Ukraine, else anywhere, that keeps the datum; None where there is none."""
    for area in (UKRAINE, None):
        options: dict[str, Any] = {"area_of_interest": area, "allow_ballpark": False, "always_xy": True}
        try:
            group = TransformerGroup(source, WGS84, **options)
        except IndexError:  # pyproj's answer to a system for which PROJ gives no operation at all
            continue
        for item in group.transformers:
            if item.accuracy >= 0 and "ballpark" not in item.description.lower():
                return Operation(_readable(item.description), item.accuracy, _quick(item))
    return None


def _quick(operation: Transformer) -> Transformer:
    """The same, with PROJ's series for transverse Mercator wherever that is good to 0.1 mm: a sixth of the time
    less (https://proj.org/en/stable/operations/projections/tmerc.html, +algo)."""
    quick = re.sub(r"\bproj=(tmerc|utm) ", r"\g<0>algo=auto ", operation.definition)
    return operation if quick == operation.definition else Transformer.from_pipeline(quick)


def _readable(description: str) -> str:
    """Steps of an operation without the swaps of axes."""
    steps = [step for step in description.split(" + ") if not step.startswith("axis order change")]
    return " + ".join(steps) or "none"
