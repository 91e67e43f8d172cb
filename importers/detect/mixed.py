"""Text in two encodings, as where two files were put together: how it is known, and how it is read.

What is UTF-8 is so by its form (RFC 3629): Cyrillic letters are pairs of bytes that no other encoding's words
make. So each line (of a table) or value (of a DBF) is read as UTF-8 where it is that, else as the other encoding:
`utf-8-or-cp1251` is a codec of Python's once this module is imported.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

PREFIX = "utf-8-or-"
DAMAGED_UTF8 = "utf-8-or-utf-8"
"""UTF-8 with letters that are none, each of which reads U+FFFD."""
# Four letters in a row: in other encodings the pair is a capital and a sign, or two letters of frames.
_LETTERS_IN_UTF8 = re.compile(rb"(?:[\xd0-\xd3][\x80-\xbf]){4}")
_FEWEST_BYTES = 3
_ASCII = bytes(range(128)) + rb"\u0041"
_BLOCK = 4 * 1024 * 1024
_SHOWN_LINES, _KEPT_LINES = 10, 1_000


@dataclass
class Halves:
    """Lines (or values) in UTF-8 and in something else: how many, the numbers of the first, some of them."""

    in_utf8: list[bytes] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    utf8_count: int = 0
    other_count: int = 0
    utf8_lines: list[int] = field(default_factory=list)
    other_lines: list[int] = field(default_factory=list)

    @property
    def are_two(self) -> bool:
        return bool(self.utf8_count and self.other_count)

    @property
    def rarer(self) -> tuple[int, list[int]]:
        """How many lines are in the encoding that fewer are in, and the numbers of the first."""
        if self.utf8_count < self.other_count:
            return self.utf8_count, self.utf8_lines
        return self.other_count, self.other_lines

    def add(self, text: bytes, line: int = 0) -> None:
        if text.isascii():
            return
        if _LETTERS_IN_UTF8.search(text):
            if is_utf8(text):  # else a letter of it is damaged
                self._count(text, line, self.in_utf8, self.utf8_lines)
                self.utf8_count += 1
        elif not is_utf8(text) and sum(byte >= 0x80 for byte in text) >= _FEWEST_BYTES:
            self._count(text, line, self.others, self.other_lines)
            self.other_count += 1

    def _count(self, text: bytes, line: int, texts: list[bytes], lines: list[int]) -> None:
        if len(texts) < _KEPT_LINES:
            texts.append(text)
        if len(lines) < _SHOWN_LINES:
            lines.append(line)


def halves_of(values: Iterable[bytes]) -> Halves:
    """The values in UTF-8, and those that are not."""
    found = Halves()
    for value in values:
        found.add(value)
    return found


def halves_of_lines(path: Path) -> Halves:
    """The lines of a file that is not all UTF-8, counted from 1. Looks at each only where any holds UTF-8's letters."""
    found = Halves()
    if not _holds_utf8(path):
        return found
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            found.add(line, number)
    return found


def _holds_utf8(path: Path) -> bool:
    with path.open("rb") as file:
        return any(_LETTERS_IN_UTF8.search(block) for block in iter(partial(file.read, _BLOCK), b""))


# --- UTF-8 by its form ---


def is_utf8(value: bytes) -> bool:
    """Valid UTF-8, or cut inside its last letter by the field's width."""
    return _fault(value) is None or is_cut(value)


def is_cut(value: bytes) -> bool:
    """UTF-8 that is cut inside its last letter."""
    error = _fault(value)
    return error is not None and error.end == len(value) and error.reason == "unexpected end of data"


def _fault(value: bytes) -> UnicodeDecodeError | None:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as error:
        return error
    return None


# --- the codec ---


def _decoded(other: str, raw: bytes, errors: str) -> str:
    """Line by line; of UTF-8 that is cut inside its last letter without that."""
    return "".join(
        line.decode("utf-8", "ignore") if _reads_as_utf8(line) else line.decode(other, errors)
        for line in raw.splitlines(keepends=True)
    )


def _reads_as_utf8(line: bytes) -> bool:
    """Half a letter alone is a whole one of the other encoding."""
    return is_utf8(line) and not (is_cut(line) and line[:-3].isascii())


class _Decoder(codecs.BufferedIncrementalDecoder):
    """Whole lines at a time, however they end. `other` is set by the subclass that `_found` makes."""

    other = ""

    def _buffer_decode(self, data: Any, errors: str, final: bool) -> tuple[str, int]:
        end = len(data) if final else max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        return _decoded(self.other, data[:end], "replace"), end  # what is lost is told row by row


def _other(name: str) -> str:
    """The encoding of that name; "" for what is none of letters of one byte that go beyond ASCII's («hex», another
    mixture), but for UTF-8."""
    if name.startswith(PREFIX):
        return ""
    try:
        found = codecs.lookup(name).name
        letters = bytes(range(256)).decode(found, "replace")
        escapes = _ASCII.decode(found)
    except (LookupError, ValueError, TypeError):
        return ""
    return found if len(letters) == 256 and escapes == _ASCII.decode("ascii") else ""


def _found(name: str) -> codecs.CodecInfo | None:
    """The codec of that name (as `codecs.lookup` writes it, with low lines), where it is one of ours."""
    plain = name.replace("_", "-")
    if not plain.startswith(PREFIX):
        return None
    other = _other(plain.removeprefix(PREFIX))
    if not other:
        return None

    def decode(raw: Any, errors: str = "strict", /) -> tuple[str, int]:
        return _decoded(other, bytes(raw), errors), len(raw)

    def encode(text: str, errors: str = "strict", /) -> tuple[bytes, int]:
        return text.encode("utf-8", errors), len(text)

    decoder: Any = type("Decoder", (_Decoder,), {"other": other})
    return codecs.CodecInfo(name=plain, encode=encode, decode=decode, incrementaldecoder=decoder)


codecs.register(_found)
