"""One way to read every format: which reader a dataset has, and what it is asked. Runs in the sandbox only."""

from collections.abc import Iterator

import pyarrow as pa

from importers.detect.encoding import damaged_places
from importers.readers import held, in4, kml, spreadsheets, tabular, vector, xml_cadastre
from importers.readers.held import HeldLayer
from importers.readers.vector import Batch, DamageReport, LayerFacts
from importers.report import KEPT, IssueLog
from importers.sandbox.protocol import DatasetRequest

_SHEETS = frozenset({"xlsx", "xls", "ods"})
_DECODED_HERE = frozenset({"shapefile"})
"""Their damage is told where they are decoded, with a cut letter told from a lost one."""


def facts(dataset: DatasetRequest, codec: str, *, max_fields: int, max_rows: int) -> list[LayerFacts]:
    """All layers of a dataset; `codec` "" where the file has to say. Raises ImportProblem."""
    if dataset.driver is not None:
        return vector.facts(dataset, max_fields=max_fields, max_rows=max_rows)
    if dataset.format in _SHEETS:
        return spreadsheets.facts(dataset, max_fields=max_fields, max_rows=max_rows)
    if dataset.format == "cadastre":
        return list(xml_cadastre.facts(dataset, max_fields=max_fields, max_rows=max_rows))
    if dataset.format == "kml":
        return list(kml.facts(dataset, max_fields=max_fields, max_rows=max_rows))
    if dataset.format == "in4":
        return list(in4.facts(dataset, codec, max_fields=max_fields, max_rows=max_rows))
    dataset = tabular.in_utf8(dataset)
    return [tabular.facts(dataset, _own(dataset, codec), max_fields=max_fields, max_rows=max_rows)]


def batches(
    layer: LayerFacts, codec: str, issues: IssueLog | None = None, wanted: frozenset[str] = frozenset()
) -> Iterator[Batch]:
    """All rows of a layer; what is wrong with single rows goes to `issues`, damaged text of `wanted` columns
    alone: what others hold may be personal, so nothing of it leaves."""
    damage = _Damage(issues, wanted) if issues else DamageReport()
    if isinstance(layer, HeldLayer):
        found = held.batches(layer, issues)
    elif layer.dataset.driver is None:
        found = tabular.batches(layer, _codec(layer, codec), issues)
    else:
        found = vector.batches(layer, codec, damage)
    if issues is None or layer.dataset.format in _DECODED_HERE:
        return found
    return _told(found, [layer.decoded_name(name, codec) for name in layer.names], damage)


def _told(found: Iterator[Batch], names: list[str], damage: DamageReport) -> Iterator[Batch]:
    """The batches, and of each value what was lost before the file was sent: it shows U+FFFD."""
    for batch in found:
        for name, column in zip(names, batch.columns, strict=True):
            if pa.types.is_string(column.type):
                for place in damaged_places(column):
                    damage.damaged(batch.first + int(place), name, column[int(place)].as_py())
        yield batch


def samples(layer: LayerFacts, codec: str, count: int) -> list[dict[str, object]]:
    """The first rows as dictionaries of the fields' names."""
    if isinstance(layer, HeldLayer):
        return held.samples(layer, count)
    if layer.dataset.driver is None:
        return tabular.samples(layer, _codec(layer, codec), count)
    return vector.samples(layer, codec, count)


def _codec(layer: LayerFacts, codec: str) -> str:
    """Sheets and tables in UTF-16 are copied by ourselves, whatever a person says of the letters."""
    own = _own(layer.dataset, codec)
    return tabular.readable(own, layer.foreign) if layer.dataset.format == "csv" else own


def _own(dataset: DatasetRequest, codec: str) -> str:
    ours = dataset.format in _SHEETS or dataset.path.endswith(f"/{tabular.COPIED}")
    return "utf-8" if ours else codec


class _Damage(DamageReport):
    """Reports damaged text of the wanted columns."""

    def __init__(self, issues: IssueLog, wanted: frozenset[str]) -> None:
        self._issues, self._wanted = issues, wanted

    def damaged(self, row: int, field_name: str, value: str) -> None:
        if field_name in self._wanted:
            self._issues.add(row, "text-damaged", KEPT, field=field_name, value=value)
