"""Which changeset made its layer, so that undoing it can take the layer back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("layers", "0009_raster_style")]

    operations = [
        migrations.AddField(
            model_name="changeset",
            name="makes_layer",
            field=models.BooleanField(
                default=False, editable=False, help_text="Its layer was a draft until this was applied"
            ),
        ),
        migrations.AlterField(
            model_name="layer",
            name="is_draft",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="Waits for the first import of it, or that one was undone; nobody sees it",
            ),
        ),
    ]
