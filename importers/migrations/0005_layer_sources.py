import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("importers", "0004_mapping_memory"),
        ("layers", "0005_rasters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LayerSource",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("geojson", "GeoJSON file"),
                            ("csv", "CSV table"),
                            ("ogcapi", "OGC API - Features, address of the items"),
                            ("wfs", "WFS 2.0"),
                        ],
                        max_length=10,
                    ),
                ),
                ("url", models.CharField(max_length=2000)),
                (
                    "source_layer",
                    models.CharField(blank=True, help_text="Name of the layer there (WFS)", max_length=200),
                ),
                (
                    "choices",
                    models.JSONField(
                        default=dict, help_text="importers.choices.Choices: mode, crs, mapping, …"
                    ),
                ),
                ("every_minutes", models.PositiveIntegerField(default=1440)),
                ("enabled", models.BooleanField(default=True)),
                (
                    "max_changes",
                    models.PositiveIntegerField(
                        default=1000, help_text="Most features that a round may change by itself"
                    ),
                ),
                (
                    "max_removed_percent",
                    models.PositiveSmallIntegerField(
                        default=5, help_text="Largest share of the layer that a round may remove by itself"
                    ),
                ),
                ("etag", models.CharField(blank=True, max_length=200)),
                ("last_modified", models.CharField(blank=True, max_length=100)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "turn",
                    models.PositiveIntegerField(
                        default=0, help_text="Goes up with each change; earlier jobs are void"
                    ),
                ),
                ("job", models.UUIDField(help_text="The job of the next round", null=True)),
                ("next_run_at", models.DateTimeField(null=True)),
                ("last_run_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not fetched yet"),
                            ("unchanged", "nothing new"),
                            ("applied", "applied"),
                            ("submitted", "waits for a reviewer"),
                            ("waiting", "waits for your decision"),
                            ("failed", "failed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("problem", models.JSONField(null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "last_import",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="importers.import",
                    ),
                ),
                (
                    "layer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="source", to="layers.layer"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("max_removed_percent__lte", 100)),
                        name="source_removed_is_a_share",
                    )
                ],
            },
        ),
    ]
