"""External keys are let through once, however many batches they come in."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa

from importers.fields import FieldInfo
from importers.report import IssueLog, read_issues
from importers.sandbox.keys import KeyWatch

FIELD = FieldInfo("КН", "cad_num", "string", 20)


def test_of_equal_keys_the_first_row_keeps_it_and_the_others_are_reported(tmp_path: Path) -> None:
    issues = IssueLog(tmp_path / "issues.jsonl", most=100)
    watch = KeyWatch(issues)
    first = watch.first_of_each(pa.array(["a", "b", None, "a"]), FIELD, np.arange(1, 5))
    second = watch.first_of_each(pa.array(["c", "b", "c"]), FIELD, np.arange(5, 8))
    issues.close()

    assert first.to_pylist() == ["a", "b", None, None]
    assert second.to_pylist() == ["c", None, None]
    assert [(item.row, item.rule, item.value) for item in read_issues(tmp_path / "issues.jsonl")] == [
        (3, "key-missing", ""), (4, "key-duplicate", "a"), (6, "key-duplicate", "b"), (7, "key-duplicate", "c"),
    ]  # fmt: skip


def test_keys_of_many_batches_are_remembered(tmp_path: Path) -> None:
    rng = random.Random(3)
    keys = [str(rng.randrange(4_000)) for _ in range(10_000)]
    issues = IssueLog(tmp_path / "issues.jsonl", most=0)
    watch = KeyWatch(issues)
    found: list[str | None] = []
    while len(found) < len(keys):
        batch = keys[len(found) : len(found) + rng.randrange(1, 400)]
        found += watch.first_of_each(pa.array(batch), FIELD, np.arange(len(batch))).to_pylist()
    issues.close()

    seen: set[str] = set()
    expected = [None if key in seen else (seen.add(key) or key) for key in keys]  # type: ignore[func-returns-value]
    assert found == expected


def test_a_batch_without_rows_or_without_keys_is_no_trouble(tmp_path: Path) -> None:
    issues = IssueLog(tmp_path / "issues.jsonl", most=0)
    watch = KeyWatch(issues)
    assert watch.first_of_each(pa.array([], pa.string()), FIELD, np.arange(0)).to_pylist() == []
    assert watch.first_of_each(pa.nulls(2, pa.string()), FIELD, np.arange(2)).to_pylist() == [None, None]
    issues.close()
