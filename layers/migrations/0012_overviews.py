from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


def _script(name: str) -> str:
    return (SQL / name).read_text(encoding="utf-8")


def refresh_publications(apps, schema_editor) -> None:  # type: ignore[no-untyped-def]
    """The views of schema pub pass on the new column; only what they are made from is read of the layers."""
    from layers.models import Layer
    from layers.publications import refresh_publication

    read = ("community__slug", "slug", "fields", "key_field", "access_level", "publish_mode", "is_draft")
    for layer in Layer.objects.select_related("community").only(*read):
        refresh_publication(layer)


class Migration(migrations.Migration):
    dependencies = [("layers", "0011_tile_cache")]

    operations = [
        migrations.AddField(
            model_name="layer",
            name="overview_made_with",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="What the rows of low zooms were made with; empty: there are none",
                max_length=24,
            ),
        ),
        migrations.RunSQL(_script("overview.sql"), _script("overview_drop.sql")),
        migrations.RunPython(refresh_publications, migrations.RunPython.noop),
    ]
