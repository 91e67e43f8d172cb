"""Reads the skeleton of a TIFF without decoding a pixel: sizes, blocks, metadata, and whether it is all there.

Pure Python with bounds on everything, so that both sides may use it: the child before GDAL opens a sent file,
the trusted side on what the child wrote. After TIFF 6.0 and the BigTIFF design; tags 42112 and 42113 are GDAL's.
"""

import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

_MOST_PAGES, _MOST_TAGS = 64, 512
_MOST_VALUES, _LONGEST_TEXT = 50_000_000, 4 * 1024 * 1024
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_LETTERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}

WIDTH, HEIGHT, BITS, COMPRESSION, STRIP_OFFSETS, BANDS = 256, 257, 258, 259, 273, 277
ROWS_PER_STRIP, STRIP_COUNTS, PLANAR, TILE_WIDTH, TILE_HEIGHT = 278, 279, 284, 322, 323
TILE_OFFSETS, TILE_COUNTS, SUBFILE, GDAL_METADATA, GDAL_NODATA = 324, 325, 254, 42112, 42113
_NUMBERS = (WIDTH, HEIGHT, BITS, COMPRESSION, BANDS, ROWS_PER_STRIP, PLANAR, TILE_WIDTH, TILE_HEIGHT, SUBFILE)


class BadTiff(ValueError):
    """The file is no TIFF, or a damaged one. `missing` is the size its tables promise, where it is cut short."""

    def __init__(self, reason: str, *, missing: int = 0) -> None:
        super().__init__(reason)
        self.missing = missing


@dataclass(frozen=True)
class Page:
    """One image of a TIFF. Sizes in pixels; `block_bytes` is one strip or tile, decoded."""

    width: int
    height: int
    bands: int
    bits: int
    compression: int
    tile: tuple[int, int] | None
    block_bytes: int
    reduced: bool
    metadata: str = ""
    nodata: str = ""

    @property
    def decoded_bytes(self) -> int:
        return self.width * self.height * self.bands * max(1, self.bits // 8)

    @property
    def names_another_file(self) -> bool:
        """Whether GDAL would open a second file because of this one's metadata."""
        return any(word in self.metadata.upper() for word in ("OVERVIEW_FILE", "MASK_FILE", "<VRTDATASET"))


@dataclass(frozen=True)
class Tiff:
    """The pages in file order; `data_end` is the byte after the last one that any page points to."""

    pages: tuple[Page, ...]
    data_end: int = field(default=0)


def read_tiff(path: Path) -> Tiff:
    """The skeleton of the TIFF at `path`. Raises BadTiff; reads a few kilobytes a page and the block tables."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        return _Reader(file, size).read()


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._order, self._big = "<", False

    def read(self) -> Tiff:
        offset = self._header()
        pages: list[Page] = []
        seen: set[int] = set()
        end = 0
        while offset:
            if offset in seen or len(seen) >= _MOST_PAGES:
                raise BadTiff("the list of pages has no end")
            seen.add(offset)
            tags, offset = self._directory(offset)
            page, page_end = self._page(tags)
            pages.append(page)
            end = max(end, page_end)
        if not pages:
            raise BadTiff("no page")
        if end > self._size:
            raise BadTiff("cut short", missing=end)
        return Tiff(tuple(pages), end)

    def _header(self) -> int:
        head = self._bytes(0, 8)
        self._order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        if not self._order:
            raise BadTiff("no byte order")
        (magic,) = struct.unpack(self._order + "H", head[2:4])
        if magic not in (42, 43):
            raise BadTiff("no TIFF")
        self._big = magic == 43
        if self._big:
            return int(struct.unpack(self._order + "Q", self._bytes(8, 8))[0])
        return int(struct.unpack(self._order + "I", head[4:8])[0])

    def _directory(self, offset: int) -> tuple[dict[int, tuple[int, int, int]], int]:
        """Tag number to (type, count, place of the values), and the offset of the next page."""
        count_form, entry, link_form = ("Q", 20, "Q") if self._big else ("H", 12, "I")
        head = struct.calcsize(count_form)
        (count,) = struct.unpack(self._order + count_form, self._bytes(offset, head))
        if not 0 < count <= _MOST_TAGS:
            raise BadTiff("a page with an absurd number of tags")
        body = self._bytes(offset + head, count * entry)
        tags = {}
        for place in range(count):
            tag, kind = struct.unpack_from(self._order + "HH", body, place * entry)
            (number,) = struct.unpack_from(self._order + ("Q" if self._big else "I"), body, place * entry + 4)
            inline = offset + head + place * entry + (12 if self._big else 8)
            tags[tag] = (kind, number, self._place(kind, number, inline))
        link = struct.calcsize(link_form)
        (following,) = struct.unpack(
            self._order + link_form, self._bytes(offset + head + count * entry, link)
        )
        return tags, int(following)

    def _place(self, kind: int, number: int, inline: int) -> int:
        length = _SIZES.get(kind, 1) * number
        if length <= (8 if self._big else 4):
            return inline
        form = "Q" if self._big else "I"
        return int(struct.unpack(self._order + form, self._bytes(inline, 8 if self._big else 4))[0])

    def _page(self, tags: dict[int, tuple[int, int, int]]) -> tuple[Page, int]:
        numbers = {tag: self._first(tags[tag]) for tag in _NUMBERS if tag in tags}
        try:
            width, height = numbers[WIDTH], numbers[HEIGHT]
        except KeyError as error:
            raise BadTiff("a page without a size") from error
        if not width or not height:
            raise BadTiff("a page of no size")
        bands, bits = numbers.get(BANDS, 1), numbers.get(BITS, 1)
        tile = (numbers[TILE_WIDTH], numbers.get(TILE_HEIGHT, 0)) if TILE_WIDTH in numbers else None
        block = tile or (width, min(height, numbers.get(ROWS_PER_STRIP, height)))
        in_a_block = 1 if numbers.get(PLANAR, 1) == 2 else bands
        page = Page(
            width=width, height=height, bands=bands, bits=bits, compression=numbers.get(COMPRESSION, 1),
            tile=tile, block_bytes=block[0] * block[1] * in_a_block * max(1, bits // 8),
            reduced=bool(numbers.get(SUBFILE, 0) & 5), metadata=self._text(tags.get(GDAL_METADATA)),
            nodata=self._text(tags.get(GDAL_NODATA)).strip("\x00 "),
        )  # fmt: skip
        return page, self._end(tags)

    def _first(self, found: tuple[int, int, int]) -> int:
        kind, number, place = found
        letter = _LETTERS.get(kind)
        if letter is None or not number:
            raise BadTiff("a size that is no number")
        return int(struct.unpack(self._order + letter, self._bytes(place, _SIZES[kind]))[0])

    def _text(self, found: tuple[int, int, int] | None) -> str:
        if found is None or found[1] > _LONGEST_TEXT:
            return ""
        return self._bytes(found[2], found[1]).decode("utf-8", "replace")

    def _end(self, tags: dict[int, tuple[int, int, int]]) -> int:
        """The byte after the last strip or tile of the page."""
        for offsets, counts in ((STRIP_OFFSETS, STRIP_COUNTS), (TILE_OFFSETS, TILE_COUNTS)):
            if offsets in tags and counts in tags:
                pairs = zip(self._values(tags[offsets]), self._values(tags[counts]), strict=False)
                return max((at + length for at, length in pairs if length), default=0)
        return 0

    def _values(self, found: tuple[int, int, int]) -> tuple[int, ...]:
        kind, number, place = found
        letter = _LETTERS.get(kind)
        if letter is None or number > _MOST_VALUES:
            raise BadTiff("a table of blocks that is none")
        return struct.unpack(f"{self._order}{number}{letter}", self._bytes(place, number * _SIZES[kind]))

    def _bytes(self, offset: int, length: int) -> bytes:
        if offset + length > self._size:  # before anything of that length is asked of memory
            raise BadTiff("cut short", missing=offset + length)
        self._file.seek(offset)
        return self._file.read(length)
