"""Every page through axe-core, the rules of WCAG 2.1 A and AA and its advice on good practice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import Watched
from tests.browser.test_pages_reading import chromium, names, town, visitor  # noqa: F401 -- fixtures

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def violations(reader: Watched, name: str) -> list[str]:
    """What axe has against a page: rule and the first element it is about."""
    page = reader.open(name)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{name}: {item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]]


@pytest.mark.parametrize(
    ("member", "size", "scheme", "lang"),
    [
        (False, "wide", "light", "uk"),
        (False, "phone", "dark", "en"),
        (True, "wide", "dark", "en"),
        (True, "phone", "light", "uk"),
    ],
)
def test_no_page_breaks_a_rule_of_accessibility(
    visitor: Callable[..., Watched],  # noqa: F811
    member: bool,
    size: str,
    scheme: Any,
    lang: str,
) -> None:
    # The content policy is set aside for axe itself, which no page loads.
    reader = visitor(lang, size, member=member, color_scheme=scheme, bypass_csp=True)
    assert [line for name in names(member) for line in violations(reader, name)] == []
