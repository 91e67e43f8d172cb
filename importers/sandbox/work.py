"""What the locked-down process can do: say what a file holds, and bring one layer of it to our form."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa

from gis_core import limits
from importers import columns, rules
from importers.detect import crs as crs_detect
from importers.detect import encoding as encoding_detect
from importers.detect.columns import hidden_samples
from importers.detect.crs import Resolved
from importers.errors import (
    EmptyLayer,
    EncodingUnknown,
    FieldNotInFile,
    LayerNotInFile,
    NoGeometry,
    NothingLeft,
    OverLimit,
    SeveralLayers,
)
from importers.fields import FieldInfo
from importers.nearby import Area
from importers.normalise import Gate, Normaliser
from importers.readers import opened
from importers.readers.vector import Batch, LayerFacts
from importers.report import CHANGED, IssueLog
from importers.sandbox import detection, survey
from importers.sandbox.handover import SCHEMA, RowWriter
from importers.sandbox.keys import KeyWatch
from importers.sandbox.protocol import FieldMapping, Request

ROWS_FILE, ISSUES_FILE = "rows.hrw", "issues.jsonl"
_SAMPLE_ROWS, _SAMPLE_TEXT = 5, 200
_CHOICES = 20

Say = Callable[[str, Any], None]


def inspect(request: Request, say: Say) -> dict[str, Any]:
    """What the datasets hold: layers with rows, and the names of empty ones."""
    found = list(_all_facts(request))
    return {
        "layers": [_described(request, layer, name) for name, layer in found if layer.rows],
        "empty": [name for name, layer in found if not layer.rows],
    }


def convert(request: Request, say: Say) -> dict[str, Any]:
    """Bring one layer to rows of EWKB and JSON; files go to the request's folder, the account is returned."""
    name, layer = _chosen(request)
    decided = detection.encoding_of(request, layer)
    codec = decided.codec
    if not codec:
        raise encoding_detect.unknown(name, decided.verdict)
    fields = _mapped(request, layer, codec, name)
    out = Path(request.out)
    issues = IssueLog(out / ISSUES_FILE, most=request.limits["max_issues"])
    if layer.dataset.index_rebuilt:
        issues.add_once("index-rebuilt", CHANGED)
    conversion = _Conversion(request, name, layer, codec, fields, issues)
    conversion.run(_rows_file(request), say)
    issues.close()
    if not conversion.converted:
        [(rule, _)] = issues.counts.most_common(1) or [("", 0)]
        raise NothingLeft(layer=name, rows=conversion.read, rule=rule, rules=dict(issues.counts))
    return conversion.account()


def _rows_file(request: Request) -> BinaryIO:
    """Where the rows go: the pipe that the launcher waits at, or a file in the request's folder."""
    if request.rows >= 0:
        return cast(BinaryIO, os.fdopen(request.rows, "wb", buffering=0))
    return cast(BinaryIO, (Path(request.out) / ROWS_FILE).open("wb", buffering=0))


# --- layers ---


def _all_facts(request: Request) -> Iterator[tuple[str, LayerFacts]]:
    """Every layer with the name by which it is chosen: its own, after its file's where that is not enough."""
    limits = {"max_fields": request.limits["max_fields"], "max_rows": request.limits["max_import_features"]}
    found: list[LayerFacts] = []
    for dataset in request.datasets:
        codec = encoding_detect.codec_of(request.encoding) if request.encoding else ""
        found += opened.facts(dataset, codec, **limits)
    _refuse_long_names(found)
    names = [layer.name for layer in found]
    for layer in found:
        several = names.count(layer.name) > 1
        yield (f"{layer.dataset.name}/{layer.name}" if several else layer.name), layer


def _refuse_long_names(layers: list[LayerFacts]) -> None:
    """Nobody could read them, and all that matches names takes as long as they are. Raises OverLimit."""
    allowed = limits.value("max_field_name")
    for layer in layers:
        longest = max(map(len, layer.names), default=0)
        if longest > allowed:
            raise OverLimit(name=layer.dataset.name, limit="max_field_name", found=longest, allowed=allowed)


def _chosen(request: Request) -> tuple[str, LayerFacts]:
    found = list(_all_facts(request))
    file_name = request.datasets[0].name
    full = [(name, layer) for name, layer in found if layer.rows]
    named = [(name, layer) for name, layer in found if name == request.layer]
    if request.layer and not named:
        raise LayerNotInFile(name=file_name, layer=request.layer, choices=_listed(name for name, _ in found))
    if not request.layer and len(full) > 1:
        raise SeveralLayers(name=file_name, choices=_listed(name for name, _ in full))
    first = next(iter(named or full or found), None)
    if first is None or not first[1].rows:
        raise EmptyLayer(layer=first[0] if first else file_name)
    return first


def _listed(names: Any) -> str:
    listed = list(names)
    return ", ".join(listed[:_CHOICES]) + (" …" if len(listed) > _CHOICES else "")


def _described(request: Request, layer: LayerFacts, name: str) -> dict[str, Any]:
    decided, crs = detection.encoding_of(request, layer), detection.crs_of(request, layer)
    likeliest = [item.encoding for item in decided.verdict.candidates]
    shown_in = decided.codec or next(iter(likeliest), "utf-8")
    try:
        samples = opened.samples(layer, shown_in, _SAMPLE_ROWS)
        fields, personal = survey.field_documents(layer, shown_in)
    except EncodingUnknown as question:
        options = [encoding_detect.Candidate(**item) for item in question.params["options"]]
        decided, samples = detection.Decided("", encoding_detect.Verdict("", 0.0, options)), []
        fields, personal = [asdict(item) for item in layer.fields(shown_in)], frozenset()
    return {
        "name": name,
        "format": layer.dataset.format,
        "driver": layer.dataset.driver or "",
        "rows": layer.rows,
        "geometry_type": layer.geometry_type,
        "fields": fields,
        "encoding_declared": layer.declaration.by if layer.declaration else "none",
        "bounds": layer.bounds,
        "samples": hidden_samples(
            [{key: _shown(value) for key, value in row.items()} for row in samples], personal
        ),
        **detection.encoding_document(layer, decided, personal),
        **detection.crs_document(crs),
    }


def _shown(value: object) -> Any:
    """A sample value as JSON can carry it."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return str(value)[:_SAMPLE_TEXT]


# --- fields ---


def _mapped(request: Request, layer: LayerFacts, codec: str, name: str) -> list[tuple[int, FieldInfo]]:
    """The wanted fields with their place among the columns. Raises FieldNotInFile."""
    own = {item.name: item for item in reversed(layer.fields(codec))}
    names = [layer.decoded_name(raw, codec) for raw in layer.names]
    wanted = request.fields
    if wanted is None:
        wanted = [FieldMapping(item.name, item.key, item.type) for item in layer.fields(codec)]
    found = []
    for mapping in wanted:
        if mapping.source not in own:
            raise FieldNotInFile(layer=name, field=mapping.source, choices=_listed(own))
        info = FieldInfo(
            mapping.source, mapping.key, mapping.type, own[mapping.source].width, rule=mapping.rule
        )
        found.append((_place(names, mapping, wanted), info))
    key = request.key_field
    if key and not any(key in (item.key, item.name) for _, item in found):
        raise FieldNotInFile(layer=name, field=key, choices=_listed(item.name for _, item in found))
    return found


def _place(names: list[str], mapping: FieldMapping, wanted: Sequence[FieldMapping]) -> int:
    """Column of a mapping; of columns with the same name the first mapping takes the first."""
    places = [place for place, name in enumerate(names) if name == mapping.source]
    twins = [item for item in wanted if item.source == mapping.source]
    return places[min(twins.index(mapping), len(places) - 1)]


# --- rows ---


class _Conversion:
    """One run over a layer, and the account of it."""

    def __init__(
        self, request: Request, name: str, layer: LayerFacts, codec: str,
        fields: list[tuple[int, FieldInfo]], issues: IssueLog,
    ) -> None:  # fmt: skip
        self.request, self.name, self.layer, self.codec = request, name, layer, codec
        self.fields, self.issues = fields, issues
        self.read = self.converted = 0
        self.keys = KeyWatch(issues)
        self.crs, self.operation, self.normaliser = self._geometry()

    def _geometry(self) -> tuple[Resolved | None, Any, Normaliser | None]:
        request, layer = self.request, self.layer
        if not layer.geometry_type:
            if request.geometry_type != "Table":
                raise NoGeometry(layer=self.name)
            return None, None, None
        verdict = detection.crs_of(request, layer)
        crs = verdict.crs
        if crs is None:
            raise detection.crs_question(request, layer, self.name, verdict)
        operation = crs_detect.operation(
            crs, layer=self.name, bounds=layer.bounds, local_srid=request.local_srid
        )
        kind = request.geometry_type if request.geometry_type in ("Point", "LineString", "Polygon") else None
        limits = {
            name: request.limits[name] for name in ("max_vertices", "max_parts", "max_rings", "repair_s")
        }
        gate = Gate(kind=kind, area=Area.from_hex(request.area), **limits)
        if verdict.swapped:
            self.issues.add_once("axes-swapped", CHANGED)
        return crs, operation, Normaliser(operation, gate, self.issues, swapped=verdict.swapped)

    def run(self, file: BinaryIO, say: Say) -> None:
        with RowWriter(file) as stream:
            for batch in self._batches():
                rows = self._rows(batch)
                stream.write_batch(rows)
                self.read = batch.first - 1 + len(batch)
                self.converted += rows.num_rows
                say("progress", [self.read, self.layer.rows])

    def _batches(self) -> Iterator[Batch]:
        wanted = frozenset(item.name for _, item in self.fields)
        return opened.batches(self.layer, self.codec, self.issues, wanted)

    def _rows(self, batch: Batch) -> pa.RecordBatch:
        numbers = batch.row_numbers()
        if self.normaliser is None or batch.wkb is None:
            geom, places = pa.nulls(len(batch), pa.binary()), np.arange(len(batch))
        else:
            geom, places = self.normaliser.batch(batch.wkb, numbers)
        kept = numbers[places]
        rows = columns.Rows(kept, self.issues, max_text=self.request.limits["max_text_length"])
        taken = {place: _taken(batch.columns[place], places) for place, _ in self.fields}
        properties = columns.to_json(
            [taken[place] for place, _ in self.fields], [item for _, item in self.fields], rows
        )
        for _, item in self.fields:
            if item.rule is not None and item.rule.area_ha is not None and self.normaliser is not None:
                rules.check_areas(geom, rows.converted[item.key], item, rows)
        return pa.record_batch(
            [pa.array(kept), geom, properties, self._external_keys(taken, kept, rows)], SCHEMA
        )

    def _external_keys(self, taken: dict[int, pa.Array], kept: np.ndarray, rows: columns.Rows) -> pa.Array:
        wanted = self.request.key_field
        if not wanted:
            return pa.nulls(len(kept), pa.string())
        place, item = next((place, item) for place, item in self.fields if wanted in (item.key, item.name))
        return self.keys.first_of_each(columns.to_keys(taken[place], item, rows), item, kept)

    def account(self) -> dict[str, Any]:
        normaliser = self.normaliser
        kinds = dict(normaliser.kinds) if normaliser else {}
        return {
            "layer": self.name,
            "fields": [{"source": item.name, "key": item.key, "type": item.type} for _, item in self.fields],
            "read": self.read + self.issues.counts["row-malformed"],
            "converted": self.converted,
            "repaired": normaliser.repaired if normaliser else 0,
            "rejected": self.read + self.issues.counts["row-malformed"] - self.converted,
            "outside": normaliser.outside if normaliser else 0,
            "geometry_type": _family(kinds),
            "geometry_counts": kinds,
            "extent": [float(edge) for edge in normaliser.extent]
            if normaliser and normaliser.extent
            else None,
            "crs": asdict(self.crs) if self.crs else None,
            "operation": self.operation.name if self.operation else "",
            "accuracy_m": self.operation.accuracy_m if self.operation else None,
            "encoding": self.codec,
            "issue_counts": dict(self.issues.counts),
        }


def _taken(column: pa.Array, places: np.ndarray) -> pa.Array:
    return column if len(places) == len(column) else column.take(pa.array(places))


def _family(kinds: dict[str, int]) -> str:
    """Point, LineString or Polygon where all geometries are that or its multi-kind, else Geometry."""
    names = {"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon"}
    found = {names.get(kind.removeprefix("MULTI"), "Geometry") for kind in kinds}
    return found.pop() if len(found) == 1 else "Geometry" if found else ""
