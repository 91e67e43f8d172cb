"""Reads in4, the text format in which parcels were exchanged before XML.

Blocks of lines: BR zone, BL quarter, SR parcel, CL land use, NB neighbour, each with KEY=VALUE pairs and the
nodes of its border (`N=1,NP="172",X=5539880.30,Y=4254468.52`), X being the northing. Keys with persons' data
and neighbours are passed over. Format as found in files of land surveyors; there is no published one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import shapely

from importers.codes import purpose_code
from importers.detect.encoding import Declaration, judge
from importers.errors import EmptyLayer, OverLimit, Unreadable
from importers.readers import cadastral_systems, held
from importers.readers.held import HeldLayer, HeldRow, Noted
from importers.report import REJECTED
from importers.sandbox.protocol import DatasetRequest

PERSONAL = frozenset({"NM", "AU", "KF", "PP", "VP", "GL"})
_LAYERS = {"SR": "parcels", "CL": "lands", "BL": "quarters", "BR": "zones"}
_BLOCKS = frozenset({*_LAYERS, "NB"})
_OF_A_NODE = frozenset({"N", "NP", "X", "Y", "H", "MX", "MY", "MH"})
_ITEM = re.compile(r'\s*([A-Za-z]\w{0,15})\s*(?:=\s*("[^"]*"|[^,"]*))?\s*(?:,|$)')
_LONGEST_LINE, _LONGEST_VALUE, _MOST_NODES = 64 * 1024, 2_000, 5_000_000
_AREAS = frozenset({"PS", "PL"})


@dataclass
class _Block:
    """One object: its kind, its values by key, its border as rings of (east, north)."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)
    rings: list[list[tuple[float, float]]] = field(default_factory=list)
    last_node: float = float("inf")
    node: dict[str, str] = field(default_factory=dict)


def facts(dataset: DatasetRequest, codec: str, *, max_fields: int, max_rows: int) -> Iterator[HeldLayer]:
    """A layer for each kind of object. `codec` "" where the bytes have to say. Raises Unreadable, OverLimit."""
    lines = list(_lines(Path(dataset.path), dataset))
    declaration, foreign = _encoding(lines)
    reading = codec or (declaration.codec if declaration else judge(foreign).encoding or "cp1251")
    blocks = _blocks((line.decode(reading, "replace") for line in lines), dataset)
    rows: dict[str, list[HeldRow]] = {name: [] for name in _LAYERS.values()}
    noted: dict[str, list[Noted]] = {name: [] for name in _LAYERS.values()}
    above: dict[str, str] = {}
    system: str | None = None
    for block in blocks:
        if block.kind in ("BR", "BL", "SR"):
            above |= {key: block.values[key] for key in ("DS", "SD", "SC") if key in block.values}
        if "CS" in block.values:
            system = block.values["CS"]
        if block.kind in _LAYERS and (block.rings or block.kind == "SR"):
            _add(block, above, rows[_LAYERS[block.kind]], noted[_LAYERS[block.kind]])
    if not any(rows.values()):
        raise EmptyLayer(layer=dataset.name)
    crs = _system(system or "", blocks)
    for name in (name for name in _LAYERS.values() if rows[name]):
        yield held.layer(
            dataset, name, rows[name], types={"area": "number"}, crs=crs, noted=noted[name],
            max_fields=max_fields, max_rows=max_rows, declaration=declaration, foreign=foreign,
        )  # fmt: skip


# --- text ---


def _lines(path: Path, dataset: DatasetRequest) -> Iterator[bytes]:
    """The lines that say something. Raises Unreadable where one has no end."""
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE + 1):
            if len(line) > _LONGEST_LINE:
                raise Unreadable(name=dataset.name, format=dataset.title)
            line = line.strip().removeprefix(b"\xef\xbb\xbf")
            if line and not line.startswith(b"#"):
                yield line


def _encoding(lines: list[bytes]) -> tuple[Declaration | None, list[bytes]]:
    """UTF-8 where all is that; else texts for the detective, those of persons not among them."""
    foreign: dict[bytes, None] = {}
    for line in lines:
        if not line.isascii():
            for key, value in re.findall(rb'([A-Za-z]\w*)\s*=\s*"([^"]*)"', line):
                if not value.isascii() and key.decode("ascii", "replace").upper() not in PERSONAL:
                    foreign.setdefault(value)
    try:
        b"\n".join(lines).decode("utf-8")
    except UnicodeDecodeError:
        return None, list(foreign)[:2_000]
    return Declaration("format", "utf-8"), []


def _items(line: str) -> Iterator[tuple[str, str | None, bool]]:
    """KEY, VALUE (None: the key stands alone) and whether the value is quoted, one after another."""
    place = 0
    while place < len(line):
        match = _ITEM.match(line, place)
        if match is None or match.end() == place:
            following = line.find(",", place)
            if following < 0:
                return
            place = following + 1
            continue
        value = match[2]
        quoted = value is not None and value.startswith('"')
        yield match[1].upper(), None if value is None else value.strip().strip('"')[:_LONGEST_VALUE], quoted
        place = match.end()


# --- blocks ---


def _blocks(lines: Iterator[str], dataset: DatasetRequest) -> list[_Block]:
    blocks: list[_Block] = []
    nodes = 0
    for line in lines:
        for key, value, quoted in _items(line):
            if key in _BLOCKS and (value is None or key not in (blocks[-1].values if blocks else {})):
                if blocks:
                    _end_of_node(blocks[-1])
                blocks.append(_Block(key, {} if value is None else {key: value}))
            elif blocks and key in _OF_A_NODE:
                nodes += key == "N"
                _node(blocks[-1], key, value or "")
            elif blocks and key not in PERSONAL and value:
                blocks[-1].values[key] = (purpose_code(value) or value) if quoted and _short(value) else value
        if nodes > _MOST_NODES:
            raise OverLimit(name=dataset.name, limit="max_vertices", found=nodes, allowed=_MOST_NODES)
    if blocks:
        _end_of_node(blocks[-1])
    return blocks


def _short(value: str) -> bool:
    """Whether a text looks like an unpadded code of purpose: `2.1`."""
    return bool(re.fullmatch(r"\d{1,2}\.\d{1,2}", value))


def _node(block: _Block, key: str, value: str) -> None:
    if key == "N":
        _end_of_node(block)
        block.node = {}
        number = _number(value)
        if number is None or number <= block.last_node:
            block.rings.append([])  # numbering begins anew: another ring
        block.last_node = number if number is not None else float("inf")
    block.node[key] = value


def _end_of_node(block: _Block) -> None:
    north, east = _number(block.node.get("X", "")), _number(block.node.get("Y", ""))
    if north is not None and east is not None:
        if not block.rings:
            block.rings.append([])
        block.rings[-1].append((east, north))
    block.node = {}


def _number(text: str) -> float | None:
    try:
        return float(re.sub(r"[\s\u00a0]", "", text).replace(",", "."))
    except ValueError:
        return None


def _add(block: _Block, above: dict[str, str], rows: list[HeldRow], noted: list[Noted]) -> None:
    values = {"koatuu": above.get("DS", ""), "zone": above.get("SD", "")}
    if block.kind in ("SR", "CL"):
        values = {"cad_num": _cad_num(above), **values}
    for key, value in block.values.items():
        if key not in _BLOCKS and key not in ("DS", "SD", "CS"):
            values["area" if key in _AREAS else key.lower()] = value
    geometry = _polygon(block.rings)
    if geometry is None and block.rings:
        noted.append(Noted(len(rows) + 1, "boundary-open", REJECTED, values.get("cad_num", "")))
    rows.append(HeldRow({key: value for key, value in values.items() if value}, geometry))


def _cad_num(above: dict[str, str]) -> str:
    """DS : SD : SC without its last four digits : those four."""
    code = above.get("SC", "")
    number = f"{above.get('DS', '')}:{above.get('SD', '').zfill(2)}:{code[:-4].zfill(3)}:{code[-4:]}"
    return number if re.fullmatch(r"\d{10}:\d{2}:\d{3}:\d{4}", number) else ""


def _polygon(rings: list[list[tuple[float, float]]]) -> shapely.Geometry | None:
    """The border: rings inside the first are holes of it, others are parts. None where there is none to draw."""
    try:
        whole = [shapely.Polygon(ring) for ring in rings if len(ring) >= 3]
        first, others = next(iter(whole), None), whole[1:]
        if first is None:
            return None
        holes = [ring for ring in others if first.covers(shapely.Point(ring.exterior.coords[0]))]
    except shapely.errors.GEOSException:  # coordinates that are no numbers, or too large
        return None
    parts = [ring for ring in others if not any(ring is hole for hole in holes)]
    shell = shapely.Polygon(first.exterior.coords, [hole.exterior.coords for hole in holes])
    return shapely.MultiPolygon([shell, *parts]) if parts else shell


def _system(said: str, blocks: list[_Block]) -> str | None:
    """CS: "0,-" СК-42 by six degrees; "1,30" by three, with the meridian; "2,Х" СК-63; "3,NNNN" a local one."""
    kind, _, rest = said.partition(",")
    easting = next((ring[0][0] for block in blocks for ring in block.rings if ring), None)
    if kind.strip() == "0":
        return cadastral_systems.sk42(easting)
    if kind.strip() == "1":
        return cadastral_systems.sk42_3(rest, easting)
    if kind.strip() == "2":
        return cadastral_systems.sk63(rest, easting)
    return cadastral_systems.local(rest) if kind.strip() == "3" else None
