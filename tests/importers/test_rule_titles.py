"""Findings are called by names that people know, never by their codes."""

import pytest

from gis_core.jobs.messages import error_sentence
from importers.errors import NothingLeft, by_code
from importers.report import RULES
from importers.rule_titles import TITLES


def test_every_rule_has_a_name_and_every_name_a_rule() -> None:
    assert set(TITLES) == set(RULES)


@pytest.mark.parametrize(
    ("rule", "told", "advice"),
    [("code-not-found", "код, місце якого невідоме", "у якому стовпці записано коди"),
     ("geometry-missing", "немає геометрії", "координати"),
     ("coordinates-out-of-range", "координати поза межами Землі", "іншу систему координат"),
     ("text-too-long", "задовгий текст", "виправте файл")],
)  # fmt: skip
def test_where_no_row_is_left_the_sentence_says_why_and_what_fits_to_do(
    rule: str, told: str, advice: str
) -> None:
    params = {"layer": "реєстр", "rows": 12, "rule": rule, "rules": {rule: 12}}
    sentences = {str(NothingLeft(**params)), str(by_code("nothing-left", params))}
    sentences.add(error_sentence("nothing-left", params, ""))
    (sentence,) = sentences
    assert told in sentence
    assert advice in sentence
    assert rule not in sentence
