"""Files that attack: each ends in its one failure, shows nothing, leaves nothing, and the program lives on."""

import json
import re
from pathlib import Path

import pytest
from django.utils import translation

from importers.errors import ImportProblem
from importers.sandbox import convert_file
from tests.importers.corpus import CANARY, HOSTILE, Hostile, secret_in

FORBIDDEN = re.compile(r"/tmp|/vsi|\bPG:|Traceback|source\.|" + CANARY)


@pytest.mark.parametrize("item", HOSTILE, ids=lambda item: item.name)
def test_a_hostile_file_is_refused_clearly_and_shows_nothing(item: Hostile, tmp_path: Path) -> None:
    sent, work = tmp_path / "sent", tmp_path / "work"
    sent.mkdir()
    work.mkdir()
    path = item.make(sent, secret_in(tmp_path))
    before = {file: file.read_bytes() for file in sent.rglob("*") if file.is_file()}

    with pytest.raises(ImportProblem) as caught:
        convert_file(path, work=work)

    assert caught.value.code == item.code
    for language in ("uk", "en"):
        with translation.override(language):
            assert not FORBIDDEN.search(str(caught.value))
    assert CANARY not in json.dumps(caught.value.params)
    assert not (work / "out").exists()
    assert {file: file.read_bytes() for file in sent.rglob("*") if file.is_file()} == before


def test_every_refusal_has_a_ukrainian_sentence(tmp_path: Path) -> None:
    from importers import errors, report

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and "message" in vars(kind)]
    templates = [kind.message for kind in kinds if issubclass(kind, ImportProblem)]
    templates += [*report.RULES.values(), *report.DONE.values()]
    assert len(templates) > 60
    with translation.override("uk"):
        assert [str(text) for text in templates if not re.search("[а-яіїєґ]", str(text))] == []
