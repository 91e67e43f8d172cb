"""What the reading process answers: nobody trusts it."""

import json
import random
from pathlib import Path

import pytest

from importers.errors import (
    DiskFull,
    ImportProblem,
    OverLimit,
    ReaderStopped,
)
from importers.report import RowIssue, read_issues
from importers.sandbox import convert_file, ear, launcher
from tests.importers.corpus import SQUARE, shapefile_parts, zipped_shapefile
from tests.importers.sandboxed import child_script, three_parcels


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    return three_parcels(tmp_path)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.mark.parametrize(
    "answer",
    [
        'print("x" * 100)',
        'print("{" * 100_000)',
        "print('{\"answer\": 1}')",
        'print(\'{"answer": {"layer": []}}\')',
        "print('{\"answer\": null}')",
        'print(\'{"problem": {"code": "archive-path", "params": {}}}\')',
        'print(\'{"problem": {"code": "no-such-code", "params": {"name": "x"}}}\')',
        'print(\'{"progress": [1]}\'); print("[]"); print("null")',
        'sys.stdout.buffer.write(b"\\xff" * 50_000_000)',
        'sys.stderr.write("e" * 50_000_000)',
        "import os, time; os.close(1); os.close(2); time.sleep(60)",
        "sys.exit(3)",
        "import os; os.abort()",
    ],
)
def test_an_answer_that_is_none_of_ours_is_refused(
    answer: str, sent: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "CHILD", child_script(tmp_path, answer))
    monkeypatch.setattr(ear, "_TIME_TO_END_S", 1)

    with pytest.raises(ReaderStopped) as caught:
        convert_file(sent, work=work)
    assert caught.value.params["name"] in (sent.name, "x")  # the file's, or what the answer calls it


def test_rows_beyond_the_limit_of_the_disk_are_told_as_that(
    sent: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_SANDBOX_OUTPUT_MB", "0")

    with pytest.raises(OverLimit) as caught:
        convert_file(sent, work=work)
    assert caught.value.params["limit"] == "sandbox_output_mb"


def test_a_full_disk_is_no_fault_of_the_file(
    sent: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = child_script(tmp_path, "raise OSError(28, 'No space left on device')")
    monkeypatch.setattr(launcher, "CHILD", script)

    with pytest.raises(DiskFull):
        convert_file(sent, work=work)


def test_issues_that_are_none_of_ours_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "issues.jsonl"
    good = {"row": 1, "rule": "geometry-missing", "done": "rejected", "field": "", "value": "", "params": {}}
    lines = [
        "",
        "x",
        "[]",
        "{}",
        '{"row": "a", "params": {}}',
        "[" * 10_000,
        json.dumps(good | {"params": []}),
        json.dumps(good),
    ]
    path.write_text("\n".join(lines) + "\n" + "y" * 200_000)

    assert list(read_issues(path)) == [RowIssue(1, "geometry-missing", "rejected")]


def test_an_issue_with_strange_params_still_reads_as_text() -> None:
    assert "%(found)s" in RowIssue(1, "too-many-parts", "rejected", params={}).message
    assert RowIssue(None, "no-such-rule", "kept").message == "no-such-rule"


def test_mutated_shapefiles_end_in_rows_or_in_our_failures(tmp_path: Path, work: Path) -> None:
    """A short fuzz through the whole way in: 12 files, each with the real child."""
    parts = shapefile_parts([SQUARE] * 5, cpg="1251")
    rng = random.Random(11)
    outcomes = set()
    for number in range(12):
        damaged = dict(parts)
        part = rng.choice([".shp", ".shx", ".dbf", ".prj"])
        content = bytearray(damaged[part])
        for _ in range(rng.randint(1, 5)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        damaged[part] = bytes(content)
        path = zipped_shapefile(tmp_path / f"{number}.zip", damaged)
        try:
            conversion = convert_file(path, work=work, crs="4326")
        except ImportProblem as problem:
            outcomes.add(problem.code)
            continue
        outcomes.add("rows")
        assert conversion.read == conversion.converted + conversion.rejected
    assert "rows" in outcomes
    assert not outcomes & {"sandbox-unavailable", "import-out-of-memory"}
