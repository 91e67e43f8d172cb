"""What tests of pages share: rows to show, getting a page, and what it costs."""

import re
from typing import Any

from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conftest import square
from tests.frontend.html import Document

SECRET = {"key": "owner", "title": {"uk": "Власник", "en": "Owner"}, "access": "staff"}
"""A field that only members see."""


def parcels(count: int, start: int = 1) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (square(30 + number / 100), {"cad_num": f"{number:04}", "name": f"Ділянка {number}", "area_ha": 0.25})
        for number in range(start, start + count)
    ]


def get(client: Client, address: str, *, status: int = 200) -> Document:
    response = client.get(address)
    assert response.status_code == status, (address, response.content.decode()[:500])
    return Document(response.content.decode())


def queries(client: Client, address: str) -> int:
    """Queries on both aliases that one GET costs."""
    with (
        CaptureQueriesContext(connections["default"]) as own,
        CaptureQueriesContext(connections["public"]) as pub,
    ):
        get(client, address)
    sent = [item["sql"] for item in [*own.captured_queries, *pub.captured_queries]]
    return len(
        [text for text in sent if text not in ("BEGIN", "COMMIT") and not text.startswith("SET LOCAL")]
    )


def row_names(page: Document) -> list[str]:
    """What the links to single features are called, in the order of the table."""
    return [
        " ".join(tag.words.split())
        for tag in page.all("a")
        if re.fullmatch(r"/\w+/layers/\w+/\d+/", tag.attributes.get("href", ""))
    ]
