"""Names and values of fields become keys and JSON scalars; what does not fit is reported, not bent."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers import columns, fields
from importers.detect.columns import NULL_WORDS
from importers.detect.encoding import codec_of, decode_column
from importers.errors import EncodingNotKnown
from importers.fields import FieldInfo, field_key, field_keys
from importers.report import IssueLog, RowIssue, read_issues


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Кадастровий номер", "kadastrovyi_nomer"), ("Згорани", "zghorany"), ("Знам’янка", "znamianka"),
        ("Єнакієве", "yenakiieve"), ("Їжакевич", "yizhakevych"), ("Код ЄДРПОУ / назва", "kod_yedrpou_nazva"),
        ("id", "source_id"), ("GEOM_3857", "source_geom_3857"), ("2024", "field_2024"), ("№", "field"), ("", "field"),
        ("Щ" * 40, "shch" * 14 + "shc"),
    ],
)  # fmt: skip
def test_field_names_are_transliterated_by_the_official_table(name: str, key: str) -> None:
    assert field_key(name) == key


def test_reserved_words_are_those_of_the_layers_schema() -> None:
    from layers.schema import RESERVED_KEYS

    assert fields.RESERVED == RESERVED_KEYS


@given(st.lists(st.text(max_size=80), max_size=20))
def test_keys_are_always_valid_and_different(names: list[str]) -> None:
    from layers.schema import KEY_PATTERN

    keys = field_keys(names)
    assert len(set(keys)) == len(names)
    assert all(KEY_PATTERN.match(key) for key in keys)
    assert not set(keys) & fields.RESERVED


# --- values ---


def as_json(column: pa.Array, kind: str, folder: Path) -> tuple[list[Any], list[RowIssue]]:
    """The column's values after the way through JSON (absent: None), and the issues."""
    log = IssueLog(folder / "issues.jsonl", most=1000)
    rows = columns.Rows(np.arange(1, len(column) + 1), log, max_text=100)
    texts = columns.to_json([column], [FieldInfo("поле", "key", kind)], rows).to_pylist()
    log.close()
    return [json.loads(text).get("key") for text in texts], list(read_issues(folder / "issues.jsonl"))


@pytest.mark.parametrize(
    ("values", "kind", "expected", "rules"),
    [
        (["1 234,5", "7", "", None, "abc"], "number", [1234.5, 7, None, None, None], ["value-not-a-number"]),
        (["12", "+3", "1.5", "1,0", "9" * 30], "integer", [12, 3, None, 1, None], ["value-not-whole"] * 2),
        ([1.0, 2.5, None], "integer", [1, None, None], ["value-not-whole"]),
        ([1.5, float("nan"), float("inf"), None], "number", [1.5, None, None, None], ["value-not-finite"] * 2),
        (["так", "НІ", "1", "?", None], "boolean", [True, False, True, None, None], ["value-not-boolean"]),
        (["2024-03-31", "31.03.2024", "1/2"], "date", ["2024-03-31", "2024-03-31", None], ["value-not-a-date"]),
        (["2024-03-31T10:00:00Z"], "datetime", ["2024-03-31T10:00:00+00:00"], []),
        (["31.03.2024 10:00"], "datetime", ["2024-03-31T10:00:00+03:00"], []),
        ([date(2024, 2, 29)], "date", ["2024-02-29"], []),
        ([datetime(2024, 2, 29, 8, 30)], "datetime", ["2024-02-29T08:30:00"], []),
        ([True, False, None], "integer", [1, 0, None], []),
        ([1, 2], "string", ["1", "2"], []),
        (["x" * 101, "ok"], "string", [None, "ok"], ["text-too-long"]),
        (["a\x00b\x07", " c ", "\x85d"], "string", ["ab", "c", "d"], ["control-characters"]),
        ([[1, 2], None], "text", ["[1,2]", None], ["nested-value"]),
        ([b"\x00\x01"], "string", [None], ["field-dropped"]),
    ],
)  # fmt: skip
def test_values_are_taken_to_the_type_asked_for(
    values: list[Any], kind: str, expected: list[Any], rules: list[str], tmp_path: Path
) -> None:
    found, issues = as_json(pa.array(values), kind, tmp_path)

    assert found == expected
    assert [issue.rule for issue in issues] == rules


@given(values=st.lists(st.none() | st.text(max_size=60), min_size=1, max_size=30))
def test_any_text_comes_out_of_json_as_it_went_in(values: list[str | None], tmp_path_factory: Any) -> None:
    values = [value if value is None else value.encode("utf-8", "ignore").decode() for value in values]
    found, _ = as_json(pa.array(values, pa.string()), "string", tmp_path_factory.mktemp("text"))

    assert found == [_cleaned(value) for value in values]


def _cleaned(value: str | None) -> str | None:
    """What the writer promises: no control characters but tabs and line ends, no outer spaces, no empty text, and
    none that only says that there is nothing."""
    if value is None:
        return None
    kept = "".join(
        letter
        for letter in value
        if not ((ord(letter) < 32 and letter not in "\t\n\r") or 127 <= ord(letter) < 160)
    )
    lines = pa.scalar(kept.replace("\r\n", "\n").replace("\r", "\n"))
    text = columns.pc.utf8_trim_whitespace(lines).as_py()
    return text if text and text not in NULL_WORDS else None


@given(
    whole=st.lists(st.none() | st.integers(-(2**60), 2**60), min_size=1),
    real=st.lists(st.none() | st.floats(), min_size=1),
)
def test_numbers_come_out_of_json_as_they_went_in(
    whole: list[int | None], real: list[float | None], tmp_path_factory: Any
) -> None:
    folder = tmp_path_factory.mktemp("numbers")
    assert as_json(pa.array(whole, pa.int64()), "integer", folder)[0] == whole
    finite = [
        value if value is not None and abs(value) != float("inf") and value == value else None
        for value in real
    ]
    assert as_json(pa.array(real, pa.float64()), "number", folder)[0] == finite


# --- encodings ---


@pytest.mark.parametrize(
    ("written", "codec"),
    [
        ("1251", "cp1251"), ("CP1251", "cp1251"), ("windows-1251", "cp1251"), ("ANSI 1251", "cp1251"),
        ("OEM 866", "cp866"), ("UTF8", "utf-8"), ("utf-8-sig", "utf-8"), ("65001", "utf-8"), ("88595", "iso8859-5"),
        ("ISO_8859-5", "iso8859-5"), ("KOI8-U", "koi8-u"), ("21866", "koi8-u"),
    ],
)  # fmt: skip
def test_encodings_are_known_by_all_their_names(written: str, codec: str) -> None:
    assert codec_of(written) == codec


@pytest.mark.parametrize("written", ["", "nonsense", "cp99999", "rot13", "hex", "zip", "base64", "../../etc"])
def test_what_is_no_encoding_is_refused(written: str) -> None:
    with pytest.raises(EncodingNotKnown):
        codec_of(written)


@given(
    st.lists(st.none() | st.binary(max_size=30), min_size=1, max_size=40),
    st.sampled_from(["cp1251", "cp866", "koi8-u"]),
)
def test_columns_decode_like_single_values(values: list[bytes | None], codec: str) -> None:
    as_latin = pa.array([None if value is None else value.decode("latin-1") for value in values], pa.string())
    decoded, damaged = decode_column(as_latin, codec)

    expected = [None if value is None else value.decode(codec, "replace") for value in values]
    assert decoded.to_pylist() == expected
    assert list(damaged) == [place for place, text in enumerate(expected) if text and "\ufffd" in text]


@given(st.lists(st.none() | st.text(max_size=20), min_size=1, max_size=30), st.integers(0, 5))
def test_utf8_columns_decode_from_any_slice(values: list[str | None], start: int) -> None:
    values = [value if value is None else value.encode("utf-8", "ignore").decode() for value in values]
    as_latin = pa.array(
        [None if value is None else value.encode().decode("latin-1") for value in values], pa.string()
    )
    decoded, _ = decode_column(as_latin.slice(min(start, len(values))), "utf-8")

    wanted = [
        None if value is None else value.rstrip("\ufffd") if "\ufffd" in value else value for value in values
    ]
    assert [_bare(value) for value in decoded.to_pylist()] == [
        _bare(value) for value in wanted[min(start, len(values)) :]
    ]


def _bare(value: str | None) -> str | None:
    return value and value.rstrip("\ufffd")
