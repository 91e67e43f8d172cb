from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


def _script(name: str) -> str:
    # RunSQL sends text without parameters as it is, so a percent sign in it needs no doubling.
    return (SQL / name).read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("layers", "0001_initial"), ("gis_core", "0001_initial")]

    operations = [migrations.RunSQL(_script("features.sql"), _script("features_drop.sql"))]
