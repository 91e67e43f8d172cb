"""Text in two encodings is never decided alone: it is asked about, and then each row is read as what it is."""

import codecs
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from importers.detect.encoding import codec_of, decode_column
from importers.detect.verdict import CANDIDATES, judge
from importers.errors import EncodingNotKnown
from importers.sandbox import convert_file, inspect_file, read_issues, read_rows

HEADER = "адреса;назва;lat;lon"
ROWS = [f"вул. Соборна, {number};школа {number};48,6{number};29,2{number}" for number in range(10, 40)]
BOTH = "utf-8-or-cp1251"


def table(folder: Path, *parts: tuple[list[str], str]) -> Path:
    path = folder / "table.csv"
    path.write_bytes(b"".join(f"{row}\n".encode(codec) for rows, codec in parts for row in rows))
    return path


def values_of(path: Path, folder: Path, encoding: str) -> list[str]:
    conversion = convert_file(path, work=folder / "convert", encoding=encoding)
    rows = [row["properties"] for batch in read_rows(conversion.rows_file) for row in batch.to_pylist()]
    return [json.loads(row)["nazva"] for row in rows]


@pytest.mark.parametrize(
    ("first", "second", "option"),
    [("utf-8", "cp1251", BOTH), ("cp1251", "utf-8", BOTH), ("utf-8", "koi8-u", "utf-8-or-koi8-u")],
)
def test_a_table_whose_halves_are_in_two_encodings_is_asked_about_and_read_whole(
    first: str, second: str, option: str, tmp_path: Path
) -> None:
    path = table(tmp_path, ([HEADER, *ROWS[:20]], first), (ROWS[20:], second))
    [layer] = inspect_file(path, work=tmp_path / "inspect").layers
    assert (layer.encoding, layer.encoding_options[0].encoding) == ("", option)
    assert {note.code for note in layer.encoding_notes} == {"encoding-mixed", "encoding-mixed-lines"}
    assert (
        ": 22, 23, 24, 25, 26, 27, 28, 29, 30, 31." in layer.encoding_note
    )  # lines of the file, the header is one
    assert {row["назва"] for row in layer.encoding_options[0].rows} <= {row.split(";")[1] for row in ROWS}
    assert values_of(path, tmp_path, option) == [row.split(";")[1] for row in ROWS]


def test_one_foreign_row_among_thousands_is_found(tmp_path: Path) -> None:
    many = [f"вул. Миру, {number};сад № {number};48,61;29,21" for number in range(30_000)]
    path = table(tmp_path, ([HEADER, *many], "cp1251"), (ROWS[:1], "utf-8"))
    [layer] = inspect_file(path, work=tmp_path / "inspect").layers
    assert (layer.encoding, layer.encoding_options[0].encoding) == ("", BOTH)
    assert "30002" in layer.encoding_note


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "cp866", "koi8-u", "iso8859-5", "mac-cyrillic"])
def test_a_table_in_one_encoding_is_not_taken_for_two(codec: str, tmp_path: Path) -> None:
    rows = [HEADER, *ROWS, "ТРІСІРІЇ;РІСІ ЯРІС;48,6;29,2", "Ґ;Р;48,6;29,2"]
    plain = [row.encode(codec, "ignore").decode(codec) for row in rows]
    [layer] = inspect_file(table(tmp_path, (plain, codec)), work=tmp_path / "inspect").layers
    assert layer.encoding in (codec, "")  # CP866 and CP1125 share all letters that CP866 has
    assert not any(note.code.startswith("encoding-mixed") for note in layer.encoding_notes)


def test_halves_of_letters_in_utf_8_are_told_by_row_and_nothing_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, ([HEADER, *ROWS], "utf-8"))
    whole = path.read_bytes()
    name = "школа 25".encode()
    path.write_bytes(whole.replace(name, name[:9] + name[10:]))
    [layer] = inspect_file(path, work=tmp_path / "inspect").layers
    assert (layer.encoding, layer.rows) == ("utf-8", 30)
    conversion = convert_file(path, work=tmp_path / "convert")
    told = [
        (issue.row, issue.field)
        for issue in read_issues(conversion.issues_file)
        if issue.rule == "text-damaged"
    ]
    assert (conversion.converted, told) == (30, [(16, "назва")])


def test_values_of_a_dbf_are_read_one_by_one() -> None:
    texts = ["вул. Соборна", "просп. Миру", "біля школи"]
    raw = [
        texts[0].encode(),
        texts[1].encode("cp1251"),
        texts[2].encode()[:-1],
    ]  # the last is cut by its width
    verdict = judge(raw)
    assert (verdict.encoding, verdict.candidates[0].encoding) == ("", BOTH)
    assert verdict.notes[0].params["as_other"] == texts[1]
    found, damaged = decode_column(pa.array([value.decode("latin-1") for value in raw]), BOTH)
    assert found.to_pylist() == [texts[0], texts[1], texts[2][:-1]]
    assert damaged.tolist() == np.empty(0).tolist()


def test_the_mixture_has_a_name_that_programs_can_give() -> None:
    assert codec_of(" UTF-8 or CP1251 ") == BOTH
    assert "Соборна".encode("cp1251").decode(BOTH) == "Соборна"


@pytest.mark.parametrize(
    "other",
    ["hex", "zlib", "undefined", "punycode", "idna", "rot13", "utf-16", "unicode-escape", "gbk", "utf-8-or-utf-8",
     "utf-8-or-cp1251", "utf-8-or-" * 3000, "", "\0"],
)  # fmt: skip
def test_a_mixture_with_what_is_no_encoding_of_letters_is_not_known(other: str) -> None:
    with pytest.raises(EncodingNotKnown):
        codec_of(f"utf-8-or-{other}")


@pytest.mark.parametrize("name", ["hex", "zlib", "undefined", "punycode", "idna", "", "\0"])
def test_a_codec_that_reads_no_letters_is_not_known(name: str) -> None:
    with pytest.raises(EncodingNotKnown):
        codec_of(name)


@pytest.mark.parametrize("other", [*CANDIDATES, "cp1252", "latin-1", "koi8-r", "iso8859-2"])
def test_a_mixture_with_each_encoding_of_letters_is_known(other: str) -> None:
    assert "вул. Соборна 1".encode().decode(codec_of(f"utf-8-or-{other}")) == "вул. Соборна 1"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_mixture_is_read_piece_by_piece_however_its_lines_end(end: bytes) -> None:
    """What is kept for later is never more than a line: else a table would be joined anew with each block of it."""
    raw = b"".join(row.encode(codec) + end for row, codec in zip(ROWS, ["utf-8", "cp1251"] * 15, strict=True))
    decoder = codecs.getincrementaldecoder(BOTH)()
    read, waiting = [], 0
    for start in range(0, len(raw), 7):
        read.append(decoder.decode(raw[start : start + 7]))
        waiting = max(waiting, len(decoder.getstate()[0]))
    read.append(decoder.decode(b"", final=True))
    assert "".join(read) == end.decode().join([*ROWS, ""])
    assert waiting < 100
