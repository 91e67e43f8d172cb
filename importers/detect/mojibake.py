"""Text that was damaged before it was sent: written in one encoding, read as another and saved again."""

from collections.abc import Sequence
from dataclasses import dataclass

from importers.detect.likelihood import cost_bits

_READ_AS = ("cp1251", "latin-1", "cp1252", "cp866", "koi8-u", "mac-cyrillic")
_MEANT = ("utf-8", "cp1251", "cp866", "koi8-u")
_MOST_VALUES, _SHOWN = 60, 40
_ENOUGH, _BETTER, _SAVED_BITS = 0.7, 0.75, 20.0


@dataclass(frozen=True)
class Mojibake:
    """Text in `meant_codec` was read as `read_as`: it shows `sample` where `meant` stood."""

    meant_codec: str
    read_as: str
    sample: str
    meant: str


def mojibake(texts: Sequence[str]) -> Mojibake | None:
    """The damage that explains texts as they stand much better than chance; None: they read as they should."""
    foreign = [text for text in texts if not text.isascii() and "\ufffd" not in text]
    foreign = foreign[:: max(1, len(foreign) // _MOST_VALUES)][:_MOST_VALUES]
    if not foreign:
        return None
    best: tuple[float, Mojibake] | None = None
    for read_as in _READ_AS:
        for meant_codec in _MEANT:
            if read_as == meant_codec:
                continue
            pairs = _undone(foreign, read_as, meant_codec)
            if len(pairs) < _ENOUGH * len(foreign):
                continue
            before = cost_bits("\n".join(["", *(a for a, _ in pairs), ""]))
            after = cost_bits("\n".join(["", *(b for _, b in pairs), ""]))
            if (
                after < _BETTER * before
                and before - after > _SAVED_BITS
                and (best is None or after < best[0])
            ):
                sample, meant = pairs[0]
                best = after, Mojibake(meant_codec, read_as, sample[:_SHOWN], meant[:_SHOWN])
    return best[1] if best else None


def _undone(texts: Sequence[str], read_as: str, meant_codec: str) -> list[tuple[str, str]]:
    """The texts that the damage can explain, with what they were."""
    found = []
    for text in texts:
        try:
            found.append((text, text.encode(read_as).decode(meant_codec)))
        except UnicodeError:
            continue
    return found
