"""Looks through a DXF before GDAL draws it: how many entities its blocks come to when all are put in place.

A drawing of three kilobytes can hold blocks in blocks that come to billions. Format: AutoCAD DXF reference,
group codes 0, 2, 70, 71 of BLOCK, INSERT and ENDBLK.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gis_core import limits
from importers.errors import OverLimit, Unreadable

_DEEPEST = 16
_LONGEST_LINE = 64 * 1024


@dataclass
class _Block:
    """Entities of its own, and what it inserts: name of a block and how many times."""

    entities: int = 0
    inserts: dict[bytes, int] = field(default_factory=dict)


@dataclass
class _Insert:
    name: bytes = b""
    columns: int = 1
    rows: int = 1


def check(path: Path, name: str, title: str) -> None:
    """Raises OverLimit where the drawing comes to too many entities or nests blocks too deep."""
    blocks, drawing = _blocks(path, name, title)
    most = limits.value("max_dxf_entities")
    if _size(drawing, blocks, {}, most, 0) > most:
        raise OverLimit(name=name, limit="max_dxf_entities", found=f"> {most}", allowed=most)


def _size(block: _Block, blocks: dict[bytes, _Block], sizes: dict[bytes, int], most: int, depth: int) -> int:
    """Entities of a block with all that it inserts; more than `most` where it nests too deep or in itself."""
    if depth > _DEEPEST:
        return most + 1
    total = block.entities
    for name, times in block.inserts.items():
        if name in blocks:
            if name not in sizes:
                sizes[name] = _size(blocks[name], blocks, sizes, most, depth + 1)
            total += sizes[name] * times
            if total > most:
                return most + 1
    return total


def _blocks(path: Path, name: str, title: str) -> tuple[dict[bytes, _Block], _Block]:
    """The blocks by name, and the drawing itself."""
    blocks: dict[bytes, _Block] = {}
    drawing = current = _Block()
    kind, insert = b"", _Insert()
    for code, value in _groups(path, name, title):
        if code == b"0":
            _put(current, kind, insert)
            kind, insert = value, _Insert()
            current = (
                drawing if value in (b"ENDBLK", b"ENDSEC") else _Block() if value == b"BLOCK" else current
            )
            current.entities += value not in (b"BLOCK", b"ENDBLK", b"SECTION", b"ENDSEC", b"EOF")
        elif kind == b"BLOCK" and code == b"2":
            blocks[value.upper()] = current
        elif kind == b"INSERT" and code in (b"2", b"70", b"71"):
            _note(insert, code, value)
    _put(current, kind, insert)
    return blocks, drawing


def _put(block: _Block, kind: bytes, insert: _Insert) -> None:
    if kind == b"INSERT" and insert.name:
        times = insert.columns * insert.rows
        block.inserts[insert.name] = block.inserts.get(insert.name, 0) + times


def _note(insert: _Insert, code: bytes, value: bytes) -> None:
    if code == b"2":
        insert.name = value.upper()
    elif value.lstrip(b"+-").isdigit() and len(value) < 10:
        times = max(1, abs(int(value)))
        insert.columns, insert.rows = (times, insert.rows) if code == b"70" else (insert.columns, times)


def _groups(path: Path, name: str, title: str) -> Iterator[tuple[bytes, bytes]]:
    """Code and value of each group. Raises Unreadable where a line has no end."""
    with path.open("rb") as file:
        while code := file.readline(_LONGEST_LINE):
            value = file.readline(_LONGEST_LINE)
            if len(code) == _LONGEST_LINE or len(value) == _LONGEST_LINE:
                raise Unreadable(name=name, format=title)
            yield code.strip(), value.strip()
