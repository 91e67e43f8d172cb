"""In which encoding bytes of text are: the judgement of what is declared against what the bytes look like.

Every encoding is tried on up to 600 values; the likelihoods (`likelihood`), weighed with how common an
encoding is and with what the file declares, give the confidence. What is declared is believed unless the
bytes contradict it clearly; then the bytes are, and a note says so; in between a person is asked.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from importers.detect.likelihood import cost_bits
from importers.detect.mixed import PREFIX, Halves, halves_of, is_cut
from importers.detect.mojibake import mojibake
from importers.detect.notes import Note

CANDIDATES = ("utf-8", "cp1251", "cp866", "cp1125", "koi8-u", "iso8859-5", "mac-cyrillic")
# Bits against an encoding before a byte is seen: how much rarer it is among files of communities.
_RARE = {"utf-8": 0.0, "cp1251": 0.0, "cp866": 3.0, "cp1125": 4.0, "koi8-u": 5.0, "iso8859-5": 5.0,
         "mac-cyrillic": 6.0}  # fmt: skip
_RARE_IN_NAMES = {"utf-8": 0.0, "cp866": 0.0, "cp1251": 2.0, "cp1125": 3.0, "koi8-u": 6.0}
_RARE_OTHERWISE = 8.0
_FOR_THE_DECLARED = 9.0
_SURE, _SURE_OF_FEW, _FEW_BYTES = 0.97, 0.995, 16
_INDEPENDENT = 0.5  # letters of one text depend on each other further than one apart
_CUT_LETTER, _ONLY_CUT_LETTER = 6.0, 18.0
_MOST_VALUES, _MOST_BYTES = 600, 24_000
_SERIOUS, _SAMPLES, _SAMPLE_LENGTH = 0.001, 3, 60
_FEWEST_OPTIONS = 4
# A question mark inside a word or before it; before я, ю, є, ї it may have been an apostrophe.
_LOST = re.compile(r"(?:(?<=[а-яіїєґ])|(?<![^\s\"«(.,]))\?(?=[а-зй-ьґ]{2}|[а-зй-ьґ]\b)", re.IGNORECASE)
_LOST_I_BITS, _MOST_LOST_BITS = 2.0, 12.0


@dataclass(frozen=True)
class Declaration:
    """What names the encoding (`by`: cpg, ldid, given, ascii, bom or format) and its Python codec."""

    by: str
    codec: str


@dataclass(frozen=True)
class Candidate:
    """An encoding the text may be in; `samples` are three telling values as they would read."""

    encoding: str
    confidence: float
    samples: list[str]


@dataclass(frozen=True)
class Verdict:
    """`encoding` "" means that a person must choose among `candidates`, the likeliest first.

    Encodings in which the values read the same letter by letter share one candidate.
    """

    encoding: str
    confidence: float
    candidates: list[Candidate] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass
class _Reading:
    """All values in one encoding, and what that costs in bits."""

    codec: str
    texts: list[str]
    bits: float
    share: float = 0.0


def judge(values: Iterable[bytes], declared: Declaration | str | None = None) -> Verdict:
    """The encoding of text values (those in ASCII tell nothing). About 15 ms.

    `declared` is what the file says, by a Declaration or the codec's name.
    """
    said = declared.codec if isinstance(declared, Declaration) else declared or ""
    raw = _telling(values)
    if not raw:
        return Verdict(said or "utf-8", 1.0)
    halves = halves_of(raw)
    if halves.are_two:
        return _of_two(raw, halves)
    readings = _readings(raw, CANDIDATES if said in ("", *CANDIDATES) else (*CANDIDATES, said))
    _weigh(readings, said, _RARE)
    best = readings[0]
    places = _telling_places(best.texts)
    candidates = [
        Candidate(item.codec, round(item.share, 4), [item.texts[place][:_SAMPLE_LENGTH] for place in places])
        for item in readings
    ]
    few = sum(byte >= 0x80 for value in raw for byte in value) < _FEW_BYTES
    chosen = best if best.share >= (_SURE_OF_FEW if few else _SURE) else None
    notes = _notes(readings, chosen, said)
    return Verdict(chosen.codec if chosen else "", round(best.share, 4), _serious(candidates), notes)


def _of_two(raw: list[bytes], halves: Halves) -> Verdict:
    """Some values are UTF-8 and others are not: that each be read as what it is comes first, and a person says."""
    others = judge(halves.others)
    other = others.encoding or others.candidates[0].encoding
    each, whole = f"{PREFIX}{other}", _readings(raw, CANDIDATES)
    _weigh(whole, "", _RARE)
    texts = [halves.others[0].decode(other, "replace"), halves.in_utf8[0].decode("utf-8", "replace")]
    samples = [text.strip()[:_SAMPLE_LENGTH] for text in texts]
    places = _telling_places(whole[0].texts)
    candidates = [Candidate(each, _SURE, samples)] + [
        Candidate(item.codec, 0.0, [item.texts[place][:_SAMPLE_LENGTH] for place in places])
        for item in whole[: _FEWEST_OPTIONS - 1]
    ]
    params = {"other": other, "as_other": samples[0], "as_utf8": samples[1]}
    return Verdict("", _SURE, candidates, [Note("encoding-mixed", params)])


def file_name(raw: bytes) -> str:
    """A file's name as an archive holds it, with letters; NFC. Windows packs Ukrainian names as CP866."""
    if raw.isascii():
        return raw.decode("ascii")
    readings = _readings([raw], tuple(_RARE_IN_NAMES))
    _weigh(readings, "", _RARE_IN_NAMES)
    return unicodedata.normalize("NFC", readings[0].texts[0])


# --- weighing ---


def _telling(values: Iterable[bytes]) -> list[bytes]:
    """Different values beyond ASCII, spread over all of them, not more than are needed."""
    found = list(dict.fromkeys(value for value in values if not value.isascii()))
    step = max(1, len(found) // _MOST_VALUES)
    taken, length = [], 0
    for value in found[::step][:_MOST_VALUES]:
        taken.append(value)
        length += len(value)
        if length > _MOST_BYTES:
            break
    return taken


def _readings(raw: list[bytes], codecs: Iterable[str]) -> list[_Reading]:
    """One reading for each different text that the codecs make of the values."""
    found: dict[str, _Reading] = {}
    for codec in codecs:
        texts = [value.decode(codec, "replace") for value in raw]
        cut = 0.0
        if codec == "utf-8":
            cut = sum(_cost_of_cut(value) for value in raw if is_cut(value))
            texts = [_without_half(text, value) for text, value in zip(texts, raw, strict=True)]
        joined = "\n".join(["", *texts, ""])
        found.setdefault(joined, _Reading(codec, texts, cost_bits(joined) + cut))
    return list(found.values())


def _weigh(readings: list[_Reading], said: str, rare: dict[str, float]) -> None:
    """Put the readings in order and give each its share of belief."""
    same = next((item for item in readings if item.codec == said), None)
    if said and same is None:  # it reads like another codec, under whose name it goes
        same = next((item for item in readings if _reads_like(item, said)), None)
        if same is not None:
            same.codec = said
    weighed = {
        id(item): item.bits * _INDEPENDENT
        + rare.get(item.codec, _RARE_OTHERWISE)
        - (_FOR_THE_DECLARED if item is same else 0.0)
        - (_for_lost_letters(item) if item.codec == "cp866" else 0.0)
        for item in readings
    }
    lowest = min(weighed.values())
    total = sum(2.0 ** (lowest - bits) for bits in weighed.values())
    for item in readings:
        item.share = 2.0 ** max(lowest - weighed[id(item)], -1000.0) / total
    readings.sort(key=lambda item: weighed[id(item)])


def _for_lost_letters(reading: _Reading) -> float:
    """CP866 has no “і”: whoever saved Ukrainian in it lost that letter. CP1125 has it."""
    lost = sum(bool(_LOST.search(text)) for text in reading.texts)
    return min(_LOST_I_BITS * lost, _MOST_LOST_BITS)


def _reads_like(reading: _Reading, codec: str) -> bool:
    try:
        return all(
            text.encode(reading.codec).decode(codec) == text for text in reading.texts if not text.isascii()
        )
    except UnicodeError:
        return False


def _cost_of_cut(value: bytes) -> float:
    """Bits for a letter cut at the end; where no whole letter stands before it, it may well be none."""
    return _ONLY_CUT_LETTER if value[:-3].isascii() else _CUT_LETTER


def _without_half(text: str, value: bytes) -> str:
    return text[:-1] if text.endswith("\ufffd") and is_cut(value) else text


# --- saying ---


def _serious(candidates: list[Candidate]) -> list[Candidate]:
    """Those that may be right, and a few more for whoever wants to compare."""
    likely = sum(item.confidence >= _SERIOUS for item in candidates)
    return candidates[: max(likely, _FEWEST_OPTIONS)]


def _telling_places(texts: list[str]) -> list[int]:
    """Places of three values, those with words first; every candidate shows the same ones."""
    return sorted(range(len(texts)), key=lambda place: " " not in texts[place])[:_SAMPLES]


def _notes(readings: list[_Reading], chosen: _Reading | None, said: str) -> list[Note]:
    best = chosen or readings[0]
    notes = []
    if said and best.codec != said:
        notes.append(_contradicted(readings, best, said))
    lost = [text for text in best.texts if _LOST.search(text)]
    if lost:
        params = {"count": len(lost), "sample": lost[0][:_SAMPLE_LENGTH]}
        notes.append(Note("encoding-letters-lost", params))
    broken = mojibake(best.texts)
    if broken is not None:
        notes.append(
            Note(
                "encoding-mojibake",
                {
                    "first": broken.meant_codec,
                    "second": broken.read_as,
                    "sample": broken.sample,
                    "meant": broken.meant,
                },
            )
        )
    return notes


def _contradicted(readings: list[_Reading], best: _Reading, said: str) -> Note:
    declared = next((item for item in readings if item.codec == said), None)
    place = _most_telling(best.texts)
    return Note(
        "encoding-contradicted",
        {
            "declared": said,
            "found": best.codec,
            "as_declared": declared.texts[place][:_SAMPLE_LENGTH] if declared else "",
            "as_found": best.texts[place][:_SAMPLE_LENGTH],
        },
    )


def _most_telling(texts: list[str]) -> int:
    """Place of a value of a readable length."""
    return max(range(len(texts)), key=lambda place: min(len(texts[place]), 30))
