"""By what a file is known again that was imported before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("importers", "0005_layer_sources")]

    operations = [
        migrations.AddField(
            model_name="import",
            name="content",
            field=models.CharField(
                blank=True, default="", max_length=64, help_text="SHA-256 of what the sender handed in"
            ),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(fields=["community", "content"], name="import_by_content"),
        ),
    ]
