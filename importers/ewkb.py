"""Geometries as little-endian EWKB in EPSG:4326, the form that PostGIS takes in by COPY.

Format: WKB of OGC 06-103r4, chapter 8.2, with PostGIS's flag 0x20000000 in the type and the SRID after it.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

SRID = 4326
_HAS_SRID = 0x2000_0000
_POINT, _LINESTRING, _POLYGON = 0, 1, 3  # as shapely counts them
_BYTES_A_VERTEX = 16
# Of a geometry that is one run of coordinates: its kind in WKB, and the counts that stand before them.
_HEADS: dict[int, tuple[int, tuple[str, ...]]] = {
    _POINT: (1, ()), _LINESTRING: (2, ("vertices",)), _POLYGON: (3, ("rings", "vertices")),
}  # fmt: skip


def ewkb(geoms: np.ndarray) -> pa.BinaryArray:
    """EWKB of valid, non-empty geometries in lon/lat, without Z and M.

    Points, lines and polygons without holes are heads and coordinates woven together by Arrow, a tenth of
    GEOS's price; the others are written by GEOS.
    """
    kinds = shapely.get_type_id(geoms)
    kinds[(kinds == _POLYGON) & (shapely.get_num_interior_rings(geoms) > 0)] = -1
    parts, places = [], []
    for kind in np.unique(kinds):
        here = np.flatnonzero(kinds == kind)
        places.append(here)
        parts.append(_woven(geoms[here], int(kind)) if kind in _HEADS else _written(geoms[here]))
    if len(parts) <= 1:
        return parts[0] if parts else pa.array([], pa.binary())
    return pa.concat_arrays(parts).take(pa.array(np.argsort(np.concatenate(places), kind="stable")))


def _woven(geoms: np.ndarray, kind: int) -> pa.BinaryArray:
    vertices = shapely.get_num_coordinates(geoms)
    wkb_kind, counts = _HEADS[kind]
    known = {"order": 1, "kind": wkb_kind | _HAS_SRID, "srid": SRID, "rings": 1, "vertices": vertices}
    heads = np.empty(len(geoms), [("order", "u1"), *((name, "<u4") for name in ("kind", "srid", *counts))])
    for name in heads.dtype.names or ():
        heads[name] = known[name]
    coordinates = _cut(np.ascontiguousarray(shapely.get_coordinates(geoms)), vertices * _BYTES_A_VERTEX)
    return pc.binary_join_element_wise(
        _cut(heads, np.full(len(geoms), heads.itemsize)),
        coordinates,
        _cut(heads[:0], np.zeros(len(geoms), int)),
    )


def _cut(content: np.ndarray, lengths: np.ndarray) -> pa.BinaryArray:
    """The bytes of an array as values of so many bytes each."""
    ends = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    return pa.Array.from_buffers(
        pa.binary(), len(lengths), [None, pa.py_buffer(ends), pa.py_buffer(content.tobytes())]
    )


def _written(geoms: np.ndarray) -> pa.BinaryArray:
    """The SRID is put into the bytes: setting it on each geometry would copy them all."""
    flag_and_srid = (_HAS_SRID >> 24).to_bytes(1, "little") + SRID.to_bytes(4, "little")
    wkb = shapely.to_wkb(geoms, output_dimension=2, byte_order=1)
    return pa.array([item[:4] + flag_and_srid + item[5:] for item in wkb], pa.binary())
