"""Migrations run forward and back, and leave nothing of the features behind."""

import pytest
from django.core.management import call_command
from django.db import connection


def schemas() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname IN ('features', 'staging', 'pub')")
        return {name for (name,) in cursor.fetchall()}


def functions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'features\\_%'")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_migrations_of_layers_go_back_to_nothing_and_forward_again(committed: None) -> None:
    before = functions()
    try:
        call_command("migrate", "layers", "zero", verbosity=0)
        assert (schemas(), functions()) == (set(), 0)
    finally:
        call_command("migrate", verbosity=0)
    assert (schemas(), functions()) == ({"features", "staging", "pub"}, before)


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
