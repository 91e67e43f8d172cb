"""A sample of a layer's rows, spread over the whole of it, and what its columns look like there."""

from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from importers.detect import columns
from importers.readers import opened, vector
from importers.readers.vector import Batch, LayerFacts

_SEEK = frozenset(
    {"shapefile", "geopackage", "flatgeobuf", "geodatabase"}
)  # rows are reached without those before
_WINDOWS = 5
_TABLE_BLOCKS = 16


def field_documents(layer: LayerFacts, codec: str) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """The layer's fields with their profiles as JSON, and the names of those that hold personal data."""
    names = [layer.decoded_name(name, codec) for name in layer.names]
    sample = dict(zip(reversed(names), reversed(spread(layer, codec)), strict=False))
    documents, personal = [], set()
    for item in layer.fields(codec):
        found = columns.profile(sample[item.name], item.name, item.type) if item.name in sample else {}
        if found.get("personal"):
            personal.add(item.name)
        documents.append({**asdict(item), "profile": found})
    return documents, frozenset(personal)


def spread(layer: LayerFacts, codec: str, count: int = columns.SAMPLE_ROWS) -> list[pa.Array]:
    """At most `count` rows from the whole length of the layer, one array a column of the source."""
    if layer.dataset.driver is None:
        return _joined(_strided(islice(opened.batches(layer, codec), _TABLE_BLOCKS), layer.rows, count))
    if layer.rows > 2 * count and layer.dataset.format in _SEEK:
        window = count // _WINDOWS
        starts = [(layer.rows - window) * number // (_WINDOWS - 1) for number in range(_WINDOWS)]
        return _joined([part for start in starts for part in vector.attributes(layer, codec, start, window)])
    return _joined(_strided(vector.attributes(layer, codec, 0, layer.rows), layer.rows, count))


def _strided(batches: Any, rows: int, count: int) -> list[list[pa.Array]]:
    step, parts, before = max(1, -(-rows // count)), [], 0
    for batch in batches:
        arrays = batch.columns if isinstance(batch, Batch) else batch
        length = len(arrays[0]) if arrays else 0
        wanted = pa.array(np.arange((-before) % step, length, step))
        parts.append([array.take(wanted) for array in arrays])
        before += length
    return parts


def _joined(parts: list[list[pa.Array]]) -> list[pa.Array]:
    return [pa.concat_arrays(pieces) for pieces in zip(*parts, strict=True)]
