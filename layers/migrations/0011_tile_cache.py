from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


def _script(name: str) -> str:
    return (SQL / name).read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("layers", "0010_changesets_that_make_layers"), ("gis_core", "0001_initial")]

    operations = [migrations.RunSQL(_script("tile_cache.sql"), _script("tile_cache_drop.sql"))]
