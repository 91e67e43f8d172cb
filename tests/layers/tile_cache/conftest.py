"""A process that has just started, and the tiles that it makes."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from layers.tiles import bodies, cache, prepared


@pytest.fixture
def _nothing_remembered() -> None:
    """A process that has just started: no bodies, no credentials; and tables without leftovers."""
    bodies.memory.clear()
    prepared._known._proofs.clear()
    with connection.cursor() as cursor:
        for number in range(bodies.RING):
            cursor.execute(f"TRUNCATE tiles.body_{number}")
        cursor.execute("UPDATE tiles.turn SET number = 0")


@pytest.fixture
def anonymous() -> Client:
    return Client()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses of the tiles that were made, in order."""
    addresses: list[Any] = []
    make = cache.make

    def counting(asked: Any, address: Any) -> Any:
        addresses.append(address)
        return make(asked, address)

    monkeypatch.setattr(cache, "make", counting)
    return addresses
