"""A few vertices of a layer, spread over all of it, by which its coordinate system is judged.

No file is read through for them: of formats that can jump to a row, rows from eight places are read, of
GeoJSON text, pieces from sixteen; of the rest, the first rows.
"""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import shapely

from importers.nesting import nested_deeper
from importers.readers import opened, vector
from importers.readers.vector import LayerFacts

MOST_VERTICES = 200
_PLACES, _ROWS_AT_ONCE, _FIRST_ROWS = 8, 25, 500
_JUMPS = frozenset({"shapefile", "geopackage", "geodatabase", "sqlite"})
_JSON = frozenset({"geojson", "geojsonseq"})
_JSON_PLACES, _JSON_PIECE = 16, 16 * 1024
_NUMBER = rb"(-?\d{1,9}(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_POSITION = re.compile(rb"\[\s*" + _NUMBER + rb"\s*,\s*" + _NUMBER + rb"\s*(?:,\s*-?[\d.eE+-]+\s*)?\]")


def vertices(layer: LayerFacts) -> np.ndarray:
    """Up to 200 vertices (n × 2, finite, in the layer's own coordinates); empty where it has none or they
    cannot be read."""
    if not layer.geometry_type:
        return np.empty((0, 2))
    try:
        xy = _of_json(Path(layer.dataset.path)) if layer.dataset.format in _JSON else _of_rows(layer)
    except Exception:
        return np.empty((0, 2))
    xy = xy[np.isfinite(xy).all(axis=1) & (np.abs(xy) < 1e9).all(axis=1)]
    return xy[np.linspace(0, len(xy) - 1, min(len(xy), MOST_VERTICES)).astype(int)] if len(xy) else xy


def _of_json(path: Path) -> np.ndarray:
    size = path.stat().st_size
    found = []
    with path.open("rb") as file:
        for start in np.linspace(0, max(size - _JSON_PIECE, 0), _JSON_PLACES).astype(int):
            file.seek(int(start))
            positions = [match.groups() for match in _POSITION.finditer(file.read(_JSON_PIECE))]
            step = max(1, len(positions) // 40)
            found += [(float(x), float(y)) for x, y in positions[::step]]
    return np.array(found, float).reshape(-1, 2)


def _of_rows(layer: LayerFacts) -> np.ndarray:
    if layer.dataset.driver is None:
        batch = next(iter(opened.batches(layer, layer.verdict.encoding or "latin-1")), None)
        wkb = np.array([] if batch is None or batch.wkb is None else batch.wkb.to_pylist(), object)
        wkb = wkb[np.linspace(0, len(wkb) - 1, min(len(wkb), MOST_VERTICES)).astype(int)] if len(wkb) else wkb
        return _first_vertices(wkb)
    if layer.rows <= _FIRST_ROWS or layer.dataset.format not in _JUMPS:
        return _first_vertices(_read(layer, 0, _FIRST_ROWS))
    starts = np.linspace(0, layer.rows - _ROWS_AT_ONCE, _PLACES).astype(int)
    return np.concatenate([_first_vertices(_read(layer, int(start), _ROWS_AT_ONCE)) for start in starts])


def _read(layer: LayerFacts, start: int, count: int) -> np.ndarray:
    """WKB of some rows."""
    _, _, geometry, _ = pyogrio.raw.read(
        layer.dataset.path, layer=layer.inner, columns=[], skip_features=start, max_features=count,
        force_2d=True, **vector.open_options(layer.dataset),
    )  # fmt: skip
    return np.empty(0, object) if geometry is None else geometry


def _first_vertices(wkb: np.ndarray) -> np.ndarray:
    """One vertex of each geometry; where there are few geometries, all of theirs."""
    wkb = np.array([item for item in wkb if item is not None], object)
    wkb = wkb[~nested_deeper(pa.array(wkb, pa.binary()))]
    if not len(wkb):
        return np.empty((0, 2))
    geoms = shapely.from_wkb(wkb, on_invalid="ignore")
    xy, owner = shapely.get_coordinates(geoms, return_index=True)
    if len(wkb) >= MOST_VERTICES // _PLACES:
        xy = xy[np.unique(owner, return_index=True)[1]]
    return xy
