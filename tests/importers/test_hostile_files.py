"""Files that attack: each ends in its one failure, shows nothing, leaves nothing, and the program lives on."""

import json
import re
from pathlib import Path

import pytest
from django.utils import translation

from importers.errors import ImportProblem
from importers.sandbox import convert_file, read_rows
from tests.importers.corpus import CANARY, HOSTILE, READ, Hostile, secret_in
from tests.importers.watched import watching

# What an entry of a zip is called may be quoted.
FORBIDDEN = re.compile(r"/tmp|/vsi(?!curl/http\.shp)|\bPG:|Traceback|source\.|" + CANARY)


def outcome(item: Hostile, path: Path, work: Path) -> str:
    """The code of the failure, told in both languages without showing anything; READ where rows came out of it."""
    problem = None
    try:
        conversion = convert_file(path, work=work, name=item.sent_as or path.name)
    except ImportProblem as error:
        problem = error
    if problem is not None:
        for language in ("uk", "en"):
            with translation.override(language):
                assert not FORBIDDEN.search(str(problem))
        assert CANARY not in json.dumps(problem.params)
        kept = problem.code == "nothing-left"  # with the issues that tell why
        assert (work / "out").exists() == kept
        return problem.code
    said = [row for batch in read_rows(conversion.rows_file) for row in batch.to_pylist()]
    assert conversion.converted == len(said) > 0
    assert CANARY not in repr((said, conversion))
    return READ


@pytest.mark.parametrize("item", HOSTILE, ids=lambda item: item.name)
def test_a_hostile_file_ends_clearly_and_shows_nothing(item: Hostile, tmp_path: Path) -> None:
    sent, work = tmp_path / "sent", tmp_path / "work"
    sent.mkdir()
    work.mkdir()
    secret = secret_in(tmp_path)
    path = item.make(sent, secret)
    before = {file: file.read_bytes() for file in sent.rglob("*") if file.is_file()}

    with watching(secret) as watch:
        assert outcome(item, path, work) == item.code
        assert watch.opened() == set(), "0 bytes are read outside of the folder"
    assert {file: file.read_bytes() for file in sent.rglob("*") if file.is_file()} == before
    assert {file.name for file in tmp_path.iterdir()} == {"sent", "work", "secret.csv"}


def test_every_kind_has_a_name_of_its_own_and_there_are_many() -> None:
    names = [item.name for item in HOSTILE]

    assert len(set(names)) == len(names) > 250


def test_every_refusal_has_a_ukrainian_sentence(tmp_path: Path) -> None:
    from importers import errors, report

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and "message" in vars(kind)]
    templates = [kind.message for kind in kinds if issubclass(kind, ImportProblem)]
    templates += [*report.RULES.values(), *report.DONE.values()]
    assert len(templates) > 60
    with translation.override("uk"):
        assert [str(text) for text in templates if not re.search("[а-яіїєґ]", str(text))] == []
