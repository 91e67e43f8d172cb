from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

ATTACH = Path(__file__).resolve().parent.parent / "sql" / "features_attach.sql"


class Migration(migrations.Migration):
    dependencies = [("layers", "0003_draft_layers")]

    operations = [
        migrations.RunSQL(ATTACH.read_text(encoding="utf-8"), migrations.RunSQL.noop),
        migrations.AddField(
            model_name="changeset",
            name="kept_fields",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60),
                blank=True,
                default=list,
                help_text="Keys whose values staged rows leave as they are in the features that they update",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="changeset",
            name="staged_count",
            field=models.BigIntegerField(
                help_text="Staged rows when their diff was computed; null: it was not", null=True
            ),
        ),
        migrations.AlterField(
            model_name="changeset",
            name="base_revision",
            field=models.BigIntegerField(
                default=0,
                help_text="The layer's revision when this was opened, or when its diff was computed",
            ),
        ),
    ]
