"""How deep geometries stand in each other, told from their bytes: GEOS follows each level on its stack, and would fall.

Well-known binary after ISO 13249-3 and its older extended form (flags for Z, M and SRID in the kind).
"""

import struct

import numpy as np
import pyarrow as pa

DEEPEST = 32
"""More than any map needs (a collection of multi-surfaces of compound curves has four); GEOS bears thousands."""

_HEAD = 5
_POINT, _LINES, _POLYGONS = 1, frozenset({2, 8, 13}), frozenset({3, 17})
_OF_PARTS = frozenset({4, 5, 6, 7, 9, 10, 11, 12, 15, 16})
_OF_ONE_KIND = {4: 1, 5: 2, 6: 3}
_FLAG_Z, _FLAG_M, _FLAG_SRID, _KIND_BITS = 0x80000000, 0x40000000, 0x20000000, 0xFFFF
_ISO_VALUES = (2, 3, 3, 4)

WKB_OF_TOO_DEEP = struct.pack("<BII", 1, 7, 1) * (DEEPEST + 1) + struct.pack("<BII", 1, 7, 0)
"""Stands for a geometry whose text nests too deep to be followed: it ends in the same remark."""


def nested_deeper(wkb: pa.Array, most: int = DEEPEST) -> np.ndarray:
    """Which geometries hold each other more than `most` deep: a mask as long as `wkb`. Nulls and noise do not."""
    found = np.zeros(len(wkb), bool)
    for place in np.flatnonzero(_may_nest(wkb)):
        found[place] = _is_deeper(wkb[int(place)].as_buffer(), most)
    return found


def _may_nest(wkb: pa.Array) -> np.ndarray:
    """Those of parts, but for the usual one part that is simple: so that walking is for the few."""
    kinds, counts, firsts = _heads(wkb)
    simple = counts == 1
    for kind, part in _OF_ONE_KIND.items():
        simple &= (kinds != kind) | (firsts == part)
    return np.isin(kinds, list(_OF_PARTS)) & ~(simple & np.isin(kinds, list(_OF_ONE_KIND)))


def _heads(wkb: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The kind, the number of parts and the kind of the first part of each; 0 where the bytes end before."""
    wide = pa.types.is_large_binary(wkb.type)
    _, offsets, data = wkb.buffers()
    ends = np.frombuffer(offsets, np.int64 if wide else np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    starts, lengths = ends[:-1], np.diff(ends)
    codes = _numbers(content, starts, starts, lengths >= _HEAD)
    counts = _numbers(content, starts, starts + 4, lengths >= _HEAD + 4)
    counts[codes & _FLAG_SRID > 0] = 0  # what stands there is the SRID
    firsts = _numbers(content, starts + _HEAD + 4, starts + _HEAD + 4, lengths >= 2 * _HEAD + 4)
    return (codes & _KIND_BITS) % 1000, counts, (firsts & _KIND_BITS) % 1000


def _numbers(content: np.ndarray, orders: np.ndarray, places: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The number behind each place, in the byte order that stands at `orders`; 0 where it is not `there`."""
    found = np.zeros(len(places), np.uint32)
    raw = content[places[there][:, None] + np.arange(1, 5)]
    little = content[orders[there]] != 0
    found[there] = np.where(little, raw.view("<u4")[:, 0], raw.view(">u4")[:, 0])
    return found


def _is_deeper(wkb: pa.Buffer, most: int) -> bool:
    """Walks heads only, without recursion; bytes that make no sense end the walk, as they end that of GEOS."""
    content, at = memoryview(wkb), 0
    left = [1]  # parts to come, of each level that is open
    try:
        while left:
            if not left[-1]:
                left.pop()
                continue
            left[-1] -= 1
            parts, at = _passed(content, at)
            if parts:
                left.append(parts)
            if len(left) > most + 1:
                return True
    except (struct.error, ValueError, IndexError):
        return False
    return False


def _passed(content: memoryview, at: int) -> tuple[int, int]:
    """How many parts the geometry at `at` announces (0: it has none), and where what follows its head or, of a
    simple one, its coordinates begins. Raises struct.error or IndexError at the end, ValueError for an unknown kind."""
    order = "<" if content[at] else ">"
    (code,) = struct.unpack_from(order + "I", content, at + 1)
    at += _HEAD + (4 if code & _FLAG_SRID else 0)
    kind = (code & _KIND_BITS) % 1000
    values = _ISO_VALUES[min((code & _KIND_BITS) // 1000, 3)] + bool(code & _FLAG_Z) + bool(code & _FLAG_M)
    if kind == _POINT:
        return 0, at + 8 * values
    (count,) = struct.unpack_from(order + "I", content, at)
    at += 4
    if kind in _OF_PARTS:
        return count, at
    if kind in _LINES:
        return 0, at + 8 * values * count
    if kind not in _POLYGONS:
        raise ValueError(f"no kind of geometry: {kind}")
    for _ in range(count):
        (points,) = struct.unpack_from(order + "I", content, at)
        at += 4 + 8 * values * points
    return 0, at
