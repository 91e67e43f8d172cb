"""What crosses between us and the process that opens a file: a request in, findings out, all plain JSON.

Answers come from a process that may have been taken over by the file: nothing in them is trusted further than
its type (`from_json` makes what it needs and ignores the rest).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from importers.detect.notes import Note, notes_from_json, text_of_notes
from importers.fields import FieldInfo, FieldRule


@dataclass(frozen=True)
class FieldMapping:
    """Store the source's field `source` under `key` as `type` (a type of `layers.schema`), by `rule`."""

    source: str
    key: str
    type: str
    rule: FieldRule | None = None

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "FieldMapping":
        rule = found.get("rule")
        return cls(**{**found, "rule": None if rule is None else FieldRule.from_json(rule)})


@dataclass(frozen=True)
class EncodingOption:
    """An encoding the text may be in, with three values and three whole rows as they would read.

    `confidence` is the share of belief from 0 to 1; readings that show the same text share one option.
    """

    encoding: str
    samples: tuple[str, ...] = ()
    confidence: float = 0.0
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class CrsInfo:
    """A coordinate system: EPSG code ("" where it has none), name, WKT, and how it is known.

    `how`: given by a person, declared by the file, parameters (only its numbers match), format (has no
    other).
    """

    code: str
    name: str
    wkt: str = ""
    how: str = "declared"


@dataclass(frozen=True)
class CrsOption:
    """A coordinate system the file may be in, and where the middle of the data would then lie.

    `swapped`: with X and Y exchanged. `score` is the share of sample vertices inside the community's
    surroundings (Ukraine where it has no boundary); `points` are up to 200 of them as lon/lat degrees.
    """

    code: str
    name: str
    lon: float | None = None
    lat: float | None = None
    swapped: bool = False
    score: float = 0.0
    points: tuple[tuple[float, float], ...] = ()
    operation: str = ""
    accuracy_m: float | None = None


@dataclass(frozen=True)
class LayerInspection:
    """One layer of a file.

    `geometry_type` is Point, LineString, Polygon, Geometry (mixed), or "" for a table. `bounds` are minx,
    miny, maxx, maxy in the source's CRS. `encoding` "" and `crs` None mean that a person must decide: the
    options then say what is possible, the likeliest first. `samples` are the first five rows. `swap_xy`
    says that X and Y stand exchanged. `crs_score` is the share of sample vertices inside the community's
    surroundings, None where it was not measured. Notes are what should be said even where nothing is asked,
    as `importers.detect.notes` writes them; the texts are in the language of the moment.
    """

    name: str
    format: str
    driver: str
    rows: int
    geometry_type: str
    fields: tuple[FieldInfo, ...]
    crs: CrsInfo | None
    encoding: str
    encoding_declared: str
    bounds: tuple[float, float, float, float] | None
    samples: tuple[dict[str, Any], ...] = ()
    crs_options: tuple[CrsOption, ...] = ()
    encoding_options: tuple[EncodingOption, ...] = ()
    encoding_confidence: float = 0.0
    encoding_note: str = ""
    encoding_notes: tuple[Note, ...] = ()
    crs_score: float | None = None
    crs_note: str = ""
    crs_notes: tuple[Note, ...] = ()
    swap_xy: bool = False


@dataclass(frozen=True)
class FileInspection:
    """What a file holds: layers that have rows, empty ones by name, and files in it that were left alone."""

    name: str
    format: str
    layers: tuple[LayerInspection, ...]
    empty_layers: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conversion:
    """A layer read, checked, repaired and brought to WGS 84.

    `rows_file` holds what `handover.read_rows` reads: `row` int64, `geom` binary (EWKB, EPSG:4326, lon/lat,
    2D; null only in tables), `properties` string (JSON object of scalars) and `external_key` string;
    `issues_file` JSON lines for `importers.report.read_issues`. Counts are rows: read = converted + rejected. `outside`
    counts converted rows that have nothing in the area that was asked about. `extent` is w, s, e, n in degrees.
    `geometry_type` is Point, LineString, Polygon, Geometry, or "" for a table.
    """

    layer: str
    fields: tuple[FieldMapping, ...]
    rows_file: Path
    issues_file: Path
    read: int
    converted: int
    repaired: int
    rejected: int
    outside: int
    geometry_type: str
    geometry_counts: dict[str, int]
    extent: tuple[float, float, float, float] | None
    crs: CrsInfo | None
    operation: str
    accuracy_m: float | None
    encoding: str
    issue_counts: dict[str, int] = field(default_factory=dict)


# --- the wire ---


@dataclass(frozen=True)
class DatasetRequest:
    """A file to open: name for people, our format name, title and driver, path below the readable folder."""

    name: str
    format: str
    title: str
    driver: str | None
    path: str
    index_rebuilt: bool = False


@dataclass(frozen=True)
class Request:
    """What the child is to do. `action` is inspect or convert; `limits` are the limits in force.

    `area` is where the community's data should lie: WKB in hex of a polygon in EPSG:4326, its boundary with
    5 km around; "" where it has none. `swap_xy` says whether X and Y stand exchanged; None: find out. `rows`
    is the open pipe into which the rows go; -1: a file in `out`.
    """

    action: str
    datasets: list[DatasetRequest]
    read: str
    out: str
    limits: dict[str, int]
    cpu_s: int
    parent: int
    rows: int = -1
    encoding: str = ""
    crs: str = ""
    local_srid: int | None = None
    layer: str = ""
    fields: Sequence[FieldMapping] | None = None
    key_field: str = ""
    geometry_type: str = ""
    area: str = ""
    swap_xy: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Request":
        fields = found.pop("fields")
        return cls(
            **{**found, "datasets": [DatasetRequest(**item) for item in found["datasets"]]},
            fields=None if fields is None else [FieldMapping.from_json(item) for item in fields],
        )


class BadAnswer(ValueError):
    """The child answered something that no answer of ours looks like."""


def layer_from_json(found: Any) -> LayerInspection:
    """Raises BadAnswer."""
    try:
        return LayerInspection(
            name=str(found["name"]),
            format=str(found["format"]),
            driver=str(found["driver"]),
            geometry_type=str(found["geometry_type"]),
            encoding=str(found["encoding"]),
            encoding_declared=str(found["encoding_declared"]),
            rows=int(found["rows"]),
            fields=tuple(
                FieldInfo(
                    str(item["name"]), str(item["key"]), str(item["type"]), int(item["width"]),
                    profile=dict(item.get("profile", {})),
                )
                for item in found["fields"]
            ),
            crs=crs_from_json(found["crs"]),
            bounds=_four(found["bounds"]),
            samples=tuple(dict(item) for item in found["samples"]),
            crs_options=tuple(map(crs_option_from_json, found["crs_options"])),
            encoding_options=tuple(map(encoding_option_from_json, found["encoding_options"])),
            **_detected(found),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(f"no layer: {error}") from error


def _detected(found: Any) -> dict[str, Any]:
    encoding_notes = notes_from_json(found.get("encoding_notes", ()))
    crs_notes = notes_from_json(found.get("crs_notes", ()))
    return {
        "encoding_confidence": float(found.get("encoding_confidence", 0.0)),
        "encoding_notes": encoding_notes,
        "encoding_note": text_of_notes(encoding_notes),
        "crs_score": _number(found.get("crs_score")),
        "crs_notes": crs_notes,
        "crs_note": text_of_notes(crs_notes),
        "swap_xy": bool(found.get("swap_xy", False)),
    }


def encoding_option_from_json(found: Any) -> EncodingOption:
    return EncodingOption(
        str(found["encoding"]),
        tuple(map(str, found["samples"])),
        float(found.get("confidence", 0.0)),
        tuple(dict(row) for row in found.get("rows", ())),
    )


def crs_option_from_json(found: Any) -> CrsOption:
    return CrsOption(
        str(found["code"]),
        str(found["name"]),
        _number(found["lon"]),
        _number(found["lat"]),
        bool(found.get("swapped", False)),
        float(found.get("score", 0.0)),
        tuple((float(lon), float(lat)) for lon, lat in found.get("points", ())),
        str(found.get("operation", "")),
        _number(found.get("accuracy_m")),
    )


def conversion_from_json(found: Any, *, rows_file: Path, issues_file: Path) -> Conversion:
    """Raises BadAnswer."""
    try:
        return Conversion(
            layer=str(found["layer"]),
            geometry_type=str(found["geometry_type"]),
            operation=str(found["operation"]),
            encoding=str(found["encoding"]),
            read=int(found["read"]),
            converted=int(found["converted"]),
            repaired=int(found["repaired"]),
            rejected=int(found["rejected"]),
            outside=int(found["outside"]),
            fields=tuple(
                FieldMapping(str(item["source"]), str(item["key"]), str(item["type"]))
                for item in found["fields"]
            ),
            rows_file=rows_file,
            issues_file=issues_file,
            geometry_counts={str(kind): int(count) for kind, count in found["geometry_counts"].items()},
            issue_counts={str(rule): int(count) for rule, count in found["issue_counts"].items()},
            extent=_four(found["extent"]),
            crs=crs_from_json(found["crs"]),
            accuracy_m=_number(found["accuracy_m"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"no conversion: {error}") from error


def crs_from_json(found: Any) -> CrsInfo | None:
    if found is None:
        return None
    return CrsInfo(*(str(found[name]) for name in ("code", "name", "wkt", "how")))


def _number(found: Any) -> float | None:
    return None if found is None else float(found)


def _four(found: Any) -> tuple[float, float, float, float] | None:
    if found is None:
        return None
    west, south, east, north = map(float, found)
    return west, south, east, north
