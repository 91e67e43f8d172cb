from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("layers", "0008_new_fields_of_a_changeset"),
    ]

    operations = [
        migrations.AddField(
            model_name="raster",
            name="style",
            field=models.JSONField(
                blank=True, default=dict, help_text="layers.styles.raster_reading; {}: the default"
            ),
        ),
        migrations.AddField(
            model_name="raster",
            name="taken_on",
            field=models.DateField(blank=True, help_text="The day that it shows", null=True),
        ),
    ]
