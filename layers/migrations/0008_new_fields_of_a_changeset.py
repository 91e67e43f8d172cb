from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("layers", "0007_cheaper_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="changeset",
            name="new_fields",
            field=models.JSONField(
                blank=True, default=list, help_text="Fields that the layer gains when this is applied"
            ),
        ),
    ]
